"""The blueprint of this room's pages, and the words their templates share."""

from __future__ import annotations

from typing import Any

from flask import Blueprint

from webapp.matching import fit, labels, sentences

bp = Blueprint("matching", __name__)


@bp.context_processor
def names() -> dict[str, Any]:
    """What templates call things with."""
    return {"labels": labels, "fit": fit, "say": sentences}
