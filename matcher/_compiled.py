"""`kernel` turns a function over arrays into machine code and keeps it; `inlined` makes a part of kernels."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import numba
from numba.core import event

FIRST_USE = (
    "Preparing the solver for this machine: this takes about half a minute, once. It is kept beside the "
    "installed files, or where NUMBA_CACHE_DIR says."
)
Function = TypeVar("Function", bound=Callable[..., Any])

# numba's own annotations know neither `_nrt` nor a decorator that keeps the type of a function.
_njit: Any = numba.njit


# What kernels are made of, and the files whose constants are compiled into them.
_MADE_OF = ("_compiled.py", "assignment/**/*.py", "pairs/_kernels/*.py")
_CONSTANTS = (
    "records/vocabulary.py",
    "pairs/encoding.py",
    "pairs/eligibility.py",
    "pairs/criteria.py",
    "pairs/scoring.py",
)


def _sources() -> str:
    """A digest of all these files."""
    digest = hashlib.sha256()
    for part in (*_MADE_OF, *_CONSTANTS):
        for path in sorted(Path(__file__).parent.glob(part)):
            digest.update(path.read_bytes())
    return digest.hexdigest()


_SOURCES = _sources()


def kernel(function: Function) -> Function:
    """The same function, compiled at its first call for the types it is called with; kept on disk.

    It makes no arrays: what it needs is handed in. So it counts no references, which would cost more than
    all the rest where small functions share many arrays.
    """
    compiled: Any = _njit(cache=True, nogil=True, error_model="numpy", _nrt=False)(function)
    if hasattr(compiled, "_cache"):  # not with NUMBA_DISABLE_JIT, for debugging
        # What is kept is looked up by the age of the function's own file; its inlined parts stand in others.
        kept = compiled._cache._cache_file
        kept._source_stamp = (kept._source_stamp, _SOURCES)
    typed: Function = compiled
    return typed


def inlined(function: Function) -> Function:
    """A part of kernels, compiled into each of them: called often, it must not cost a call."""
    compiled: Function = _njit(inline="always", nogil=True, error_model="numpy", _nrt=False)(function)
    return compiled


class _Announcement(event.Listener):
    """Says once a process, and only when nothing was kept from an earlier one, that it will take a while."""

    def __init__(self) -> None:
        self.made = False

    def on_start(self, event: Any) -> None:
        module = event.data["dispatcher"].py_func.__module__
        if not self.made and module.startswith("matcher."):
            self.made = True
            logging.getLogger("matcher").warning(FIRST_USE)

    def on_end(self, event: Any) -> None:
        """Nothing to say."""


_register: Any = event.register
_register("numba:compile", _Announcement())
