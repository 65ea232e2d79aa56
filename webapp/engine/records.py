"""Rows to the engine's records and back: newcomers, offers, their places, their ids."""

from __future__ import annotations

import math
import uuid
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from matcher.pairs.situation import mixing_limit
from matcher.records.geography import Place, find_place
from matcher.records.people import Newcomer, Offer, first_native_language
from matcher.records.vocabulary import KINDS, parse_hours, primary_language

__all__ = [
    "find_place",
    "group_limit",
    "id_pairs",
    "language_group",
    "newcomer_columns",
    "offer_columns",
    "to_newcomer",
    "to_offer",
    "to_uuid",
]

_SAME_NAME_NEWCOMER = (
    *("name", "email", "phone", "contact_language", "address", "postcode", "lat", "lon", "birth_year"),
    *("gender", "prefers_gender", "household_id", "guardian_consent", "max_minutes", "max_placements"),
    *("need_level", "waiting_since", "consent", "status"),
)
_SAME_NAME_OFFER = (
    *("kind", "name", "contact_name", "contact_email", "min_level", "address", "postcode", "lat", "lon"),
    *("age_min", "age_max", "accepts_minors", "gender_group", "gender", "birth_year", "prefers_gender"),
    *("cost_eur_month", "cost_support", "language_share_max", "screening_valid_until", "confirmed_at"),
    *("status", "capacity"),
)
_LISTS_NEWCOMER = ("interests", "dislikes", "goals", "can_offer", "children_birth_years", "mobility", "needs")
_LISTS_OFFER = ("interests", "dislikes", "goals", "seeks", "children_birth_years", "access")


def to_newcomer(row: Any, town_slug: str) -> Newcomer:
    """The engine's record of a row of the newcomers' table; its id is the row's.

    Raises
    ------
    InvalidRecordError
        When the row holds a value that cannot be.
    """
    values: dict[str, Any] = {name: getattr(row, name) for name in _SAME_NAME_NEWCOMER}
    values |= {name: tuple(getattr(row, name)) for name in _LISTS_NEWCOMER}
    return Newcomer(
        id=str(row.id),
        town=town_slug,
        languages={item["code"]: item["level"] for item in row.languages},
        availability=tuple(parse_hours(text) for text in row.availability),
        wants={kind: getattr(row, f"wants_{kind}") for kind in KINDS},
        **values,
    )


def to_offer(row: Any, town_slug: str, *, others: int | None = None) -> Offer:
    """The engine's record of a row of the offers' table.

    Its `taken` counts people who are not among the fixed pairs of the question: `others`, or everybody but
    the confirmed placements.

    Raises
    ------
    InvalidRecordError
        When the row holds a value that cannot be.
    """
    values: dict[str, Any] = {name: getattr(row, name) for name in _SAME_NAME_OFFER}
    values |= {name: tuple(getattr(row, name)) for name in _LISTS_OFFER}
    return Offer(
        id=str(row.id),
        town=town_slug,
        taken=row.taken - row.placed if others is None else others,
        languages={item["code"]: item["level"] for item in row.languages},
        times=tuple(parse_hours(text) for text in row.times),
        **values,
    )


def newcomer_columns(person: Newcomer) -> dict[str, Any]:
    """The columns of the newcomers' table for a record read from a file."""
    place = _place_of(person)
    return {
        **{name: getattr(person, name) for name in _SAME_NAME_NEWCOMER},
        **{name: list(getattr(person, name)) for name in _LISTS_NEWCOMER},
        **{f"wants_{kind}": person.wants.get(kind, 0) for kind in KINDS},
        "external_id": person.id,
        "languages": _language_list(person.languages),
        "availability": [str(hours) for hours in person.availability],
        "lat": _coordinate(place.lat),
        "lon": _coordinate(place.lon),
        "place_precision": place.precision,
    }


def offer_columns(offer: Offer) -> dict[str, Any]:
    """The columns of the offers' table for a record read from a file; at most as many taken as places."""
    place = _place_of(offer)
    return {
        **{name: getattr(offer, name) for name in _SAME_NAME_OFFER},
        **{name: list(getattr(offer, name)) for name in _LISTS_OFFER},
        "external_id": offer.id,
        "taken": min(offer.taken, offer.capacity),
        "languages": _language_list(offer.languages),
        "times": [str(hours) for hours in offer.times],
        "lat": _coordinate(place.lat),
        "lon": _coordinate(place.lon),
        "place_precision": place.precision,
    }


def _place_of(person: Newcomer | Offer) -> Place:
    if person.lat is not None and person.lon is not None:
        return Place(person.lat, person.lon, "exact")
    return find_place(person.address, person.postcode, person.town)


def _coordinate(value: float) -> float | None:
    return None if math.isnan(value) else value


def _language_list(languages: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"code": code, "level": level} for code, level in languages.items()]


def language_group(row: Any) -> str:
    """The language group a newcomer counts for under a mixing limit; empty: none."""
    levels = {item["code"]: item["level"] for item in row.languages}
    native = first_native_language(Newcomer(id="-", languages=levels))
    return primary_language(native) if native else ""


def group_limit(capacity: int, language_share_max: float | None) -> int | None:
    """How many of one language group an activity takes; None: no limit."""
    share = np.nan if language_share_max is None else language_share_max
    limit = int(mixing_limit(np.array([capacity]), np.array([share]))[0])
    return None if limit < 0 else limit


def id_pairs(rows: Iterable[Any]) -> list[tuple[str, str]]:
    """The pairs of some proposals, placements or bans, as the engine names them."""
    return [(str(row.newcomer_id), str(row.offer_id)) for row in rows]


def to_uuid(record_id: str) -> uuid.UUID:
    """The row's id of a record's id."""
    return uuid.UUID(record_id)
