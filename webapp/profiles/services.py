"""What newcomers and offers have in common as rows: a short id, a point on the map, what a form changes."""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from webapp.engine.records import find_place
from webapp.storage.database import Model, db
from webapp.towns.models import Town

# Without 0, 1, I, L, O and U: read out on the telephone, none is taken for another.
_ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"

# Lists whose order says nothing.
_UNORDERED = {
    *("interests", "dislikes", "goals", "can_offer", "seeks", "needs", "mobility", "access"),
    *("availability", "times"),
}


def short_id(model: Any, town_id: uuid.UUID, letter: str) -> str:
    """An id for people to say, such as ``N-7F3K2A``, that nobody has in this town."""
    while True:
        candidate = f"{letter}-{''.join(secrets.choice(_ALPHABET) for _ in range(6))}"
        taken = select(model.id).where(model.town_id == town_id, model.external_id == candidate)
        if db.session.scalar(taken) is None:
            return candidate


def place_columns(values: Mapping[str, Any], town: Town, before: Model | None = None) -> dict[str, Any]:
    """`lat`, `lon` and `place_precision` for new values of a row; looked up only when they have to be.

    A point that was given stays; a changed address without one is looked up.
    """

    def old(name: str) -> Any:
        return getattr(before, name, None)

    def new(name: str) -> Any:
        return values[name] if name in values else old(name)

    point = (new("lat"), new("lon"))
    is_new_point = None not in point and point != (old("lat"), old("lon"))
    if is_new_point:
        return {"lat": point[0], "lon": point[1], "place_precision": "exact"}
    is_same_address = (new("address"), new("postcode")) == (old("address"), old("postcode"))
    if before is not None and is_same_address and None not in point:
        return {}
    place = find_place(new("address") or "", new("postcode") or "", town.slug)
    is_found = place.precision != "none"
    return {
        "lat": place.lat if is_found else None,
        "lon": place.lon if is_found else None,
        "place_precision": place.precision,
    }


def changed_columns(row: Model, values: Mapping[str, Any]) -> list[str]:
    """The columns that `values` would change; forms send ticked boxes and hours in an order of their own."""
    return sorted(name for name, value in values.items() if not _is_same(name, getattr(row, name), value))


def _is_same(name: str, old: Any, new: Any) -> bool:
    return set(old) == set(new) if name in _UNORDERED else bool(old == new)
