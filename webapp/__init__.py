"""The product: Flask rooms, one per subject. The web stack loads on first use, not with the package."""

from __future__ import annotations

from importlib import import_module
from typing import Any

__all__ = ["create_app"]


def __getattr__(name: str) -> Any:
    # `koppel match` passes through this package and must not pay a second for Flask.
    if name in __all__:
        return getattr(import_module("webapp.application"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
