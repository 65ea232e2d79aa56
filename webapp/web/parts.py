"""Pages made of parts: whether a part alone is asked for, and slots that rooms further up fill.

The page of a lower room says ``{{ slot("newcomer", newcomer=newcomer) }}`` where others may add something,
and knows no more; a room further up says with `fill_slot` which part of its own stands there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from flask import Blueprint, Flask, current_app, render_template, request
from flask.blueprints import BlueprintSetupState
from markupsafe import Markup

_SLOTS = "koppel_slots"


class _Filling(NamedTuple):
    template: str
    about: Callable[..., Mapping[str, Any]]


def is_part_asked() -> bool:
    """Whether a part of the page asks, not the browser itself."""
    return "HX-Request" in request.headers


def fill_slot(bp: Blueprint, name: str, template: str, about: Callable[..., Mapping[str, Any]]) -> None:
    """Let a part of this room stand in a slot; `about` makes its values of those the page hands over."""

    def fill(setup: BlueprintSetupState) -> None:
        setup.app.extensions[_SLOTS].setdefault(name, []).append(_Filling(template, about))

    bp.record_once(fill)


def init_parts(app: Flask) -> None:
    """Let pages have slots; before the rooms are mounted, which fill them."""
    app.extensions[_SLOTS] = {}
    app.add_template_global(slot)


def slot(name: str, /, **given: Any) -> Markup:
    """What rooms further up put here; nothing, where none does."""
    fillings: list[_Filling] = current_app.extensions[_SLOTS].get(name, [])
    rendered = (render_template(one.template, **{**given, **one.about(**given)}) for one in fillings)
    return Markup("").join(Markup(text) for text in rendered)  # noqa: S704 -- templates of ours, escaped there
