"""`kernel` turns a function over arrays into machine code and keeps it; `inlined` makes a part of kernels.

What is used of numba beyond its documented interface is used in this file alone. Where a release is without
it, the import says so; tests/matcher/test_compiled.py says which part has changed.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

import numba
from numba.core import event

FIRST_USE = (
    "Preparing the solver for this machine: this takes about half a minute, once. It is kept beside the "
    "installed files, or where NUMBA_CACHE_DIR says."
)
EVERY_USE = (
    "Preparing the solver for this machine: this takes about half a minute, and will again next time, as it "
    "can be kept nowhere. Set NUMBA_CACHE_DIR to a folder that can be written to."
)
Function = TypeVar("Function", bound=Callable[..., Any])

# numba's own annotations know neither `_nrt` nor a decorator that keeps the type of a function.
_njit: Any = numba.njit


# What kernels are made of, and the files whose constants are compiled into them.
_MADE_OF = ("_compiled.py", "assignment/**/*.py", "pairs/_kernels/*.py", "pairs/scoring.py")
_CONSTANTS = (
    "records/vocabulary.py",
    "pairs/encoding.py",
    "pairs/eligibility.py",
    "pairs/criteria.py",
)


def _digest(folder: Path, patterns: Iterable[str]) -> str:
    """A digest of all files that the patterns name; one that names none is out of date, and raises."""
    digest, empty = hashlib.sha256(), []
    for pattern in patterns:
        paths = sorted(folder.glob(pattern))
        if not paths:
            empty.append(pattern)
        for path in paths:
            digest.update(path.read_bytes())
    if empty:
        raise RuntimeError(
            f"_MADE_OF and _CONSTANTS in {__file__}: expected patterns of files in {folder}, got "
            f"{', '.join(map(repr, empty))}, which match no file. Kernels would not be compiled anew when "
            "these files change: say where they are now"
        )
    return digest.hexdigest()


_SOURCES = _digest(Path(__file__).parent, (*_MADE_OF, *_CONSTANTS))


def kernel(function: Function) -> Function:
    """The same function, compiled at its first call for the types it is called with; kept on disk.

    It makes no arrays: what it needs is handed in. So it counts no references, which would cost more than
    all the rest where small functions share many arrays.
    """
    compiled: Any = _njit(nogil=True, error_model="numpy", _nrt=False)(function)
    if compiled is not function:  # not with NUMBA_DISABLE_JIT, for debugging
        _check_options(compiled)
        _keep(compiled)
    typed: Function = compiled
    return typed


def inlined(function: Function) -> Function:
    """A part of kernels, compiled into each of them: called often, it must not cost a call.

    Kernels alone may call it: called from Python it would be compiled by itself, in every process.
    """
    compiled: Function = _njit(inline="always", nogil=True, error_model="numpy", _nrt=False)(function)
    return compiled


def _check_options(compiled: Any) -> None:
    """Numba would refuse an option that it does not know, but only at the first call."""
    if not hasattr(compiled.targetdescr.options, "_nrt"):
        raise RuntimeError(_changed("the option `_nrt` of `numba.njit`"))


def _keep(compiled: Any) -> None:
    """Keep what is compiled on disk; where no folder can be written to, in memory alone."""
    try:
        compiled.enable_caching()
    except RuntimeError as error:
        if "no locator available" not in str(error):
            raise
        _announcement.text = EVERY_USE
        return
    # What is kept is looked up by the age of the function's own file; its inlined parts stand in others. The
    # version is read before the rest, which may name types that are gone.
    kept: Any = getattr(compiled._cache, "_cache_file", None)
    if not hasattr(kept, "_version"):
        raise RuntimeError(_changed("`_cache._cache_file._version` of a compiled function"))
    kept._version = f"{kept._version} {_SOURCES}"


def _changed(part: str) -> str:
    return (
        f"numba: expected a release with {part}, got {numba.__version__}, which is without it. Install one "
        "that Koppel's requirements allow, or bring matcher/_compiled.py up to date"
    )


class _Announcement(event.Listener):
    """Says once a process, and only when nothing was kept from an earlier one, that it will take a while."""

    def __init__(self) -> None:
        self.text, self.made = FIRST_USE, False

    def on_start(self, event: Any) -> None:
        # Where numba names what it compiles otherwise, nothing is said: no reason not to solve.
        function = getattr(event.data.get("dispatcher"), "py_func", None)
        if not self.made and getattr(function, "__module__", "").startswith("matcher."):
            self.made = True
            logging.getLogger("matcher").warning(self.text)

    def on_end(self, event: Any) -> None:
        """Nothing to say."""


_announcement = _Announcement()
_register: Any = event.register
_register("numba:compile", _announcement)
