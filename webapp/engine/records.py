"""Rows to the engine's records and back: newcomers, offers, their places, their ids."""

from __future__ import annotations

import math
import uuid
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from matcher.pairs.situation import mixing_limit
from matcher.records.fields import NEWCOMER, OFFER, RecordFields
from matcher.records.geography import Place, find_place
from matcher.records.kinds import FreeHours, Kind, Languages, Stored
from matcher.records.people import Newcomer, Offer, first_native_language
from matcher.records.vocabulary import KINDS, parse_hours, primary_language

__all__ = [
    "find_place",
    "group_limit",
    "id_pairs",
    "language_group",
    "newcomer_columns",
    "offer_columns",
    "replace",
    "sessions_clash",
    "stand_ins",
    "to_newcomer",
    "to_offer",
    "to_uuid",
]

# What a row keeps in another way than its record: told apart by its town, places and wishes as counters.
_OTHERWISE = {"id", "town", "taken", "wants"}
# What no rule and no criterion reads: who it is, and what people wrote about them.
_BESIDE_THE_MATCH = {
    "name",
    "contact_name",
    "contact_email",
    "contact_phone",
    "about",
    "screening_checked_by",
    "notes",
}


def to_newcomer(row: Any, town_slug: str) -> Newcomer:
    """The engine's record of a row of the newcomers' table; its id is the row's.

    Raises
    ------
    InvalidRecordError
        When the row holds a value that cannot be.
    """
    return Newcomer(
        id=str(row.id),
        town=town_slug,
        wants={kind: getattr(row, f"wants_{kind}") for kind in KINDS},
        **_from_row(NEWCOMER, row),
    )


def to_offer(
    row: Any, town_slug: str, *, others: int | None = None, is_for_matching_only: bool = False
) -> Offer:
    """The engine's record of a row of the offers' table.

    Its `taken` counts people who are not among the fixed pairs of the question: `others`, or everybody but
    the confirmed placements.

    Raises
    ------
    InvalidRecordError
        When the row holds a value that cannot be.
    """
    left_out = _OTHERWISE | _BESIDE_THE_MATCH if is_for_matching_only else _OTHERWISE
    return Offer(
        id=str(row.id),
        town=town_slug,
        taken=row.taken - row.placed + row.excess if others is None else others,
        **_from_row(OFFER, row, left_out),
    )


def newcomer_columns(person: Newcomer) -> dict[str, Any]:
    """The columns of the newcomers' table for a record read from a file."""
    return {
        **_to_row(NEWCOMER, person),
        **{f"wants_{kind}": person.wants.get(kind, 0) for kind in KINDS},
        "external_id": person.id,
    }


def offer_columns(offer: Offer) -> dict[str, Any]:
    """The columns of the offers' table for a record read from a file."""
    return {
        **_to_row(OFFER, offer),
        "external_id": offer.id,
        "taken": min(offer.taken, offer.capacity),
        "excess": max(0, offer.taken - offer.capacity),
    }


def _from_row(
    fields: RecordFields, row: Any, left_out: Collection[str] = frozenset(_OTHERWISE)
) -> dict[str, Any]:
    """The declared fields of a record from the columns of their names."""
    return {
        field.name: _of_column(field.kind, getattr(row, field.name))
        for field in fields
        if field.name not in left_out
    }


def _to_row(fields: RecordFields, person: Newcomer | Offer) -> dict[str, Any]:
    """The columns of a record's declared fields, with the point that its address has."""
    place = _place_of(person)
    columns = {
        field.name: _as_column(field.kind, getattr(person, field.name))
        for field in fields
        if field.name not in _OTHERWISE
    }
    point = {"lat": _coordinate(place.lat), "lon": _coordinate(place.lon)}
    return {**columns, **point, "place_precision": place.precision}


def _of_column(kind: Kind, stored: Any) -> Any:
    if isinstance(kind, Languages):
        return {item["code"]: item["level"] for item in stored}
    if isinstance(kind, FreeHours):
        return tuple(parse_hours(text) for text in stored)
    return tuple(stored) if kind.stored is Stored.LIST else stored


def _as_column(kind: Kind, value: Any) -> Any:
    if isinstance(kind, Languages):
        return [{"code": code, "level": level} for code, level in value.items()]
    if isinstance(kind, FreeHours):
        return [str(hours) for hours in value]
    return list(value) if kind.stored is Stored.LIST else value


def _place_of(person: Newcomer | Offer) -> Place:
    if person.lat is not None and person.lon is not None:
        return Place(person.lat, person.lon, "exact")
    return find_place(person.address, person.postcode, person.town)


def _coordinate(value: float) -> float | None:
    return None if math.isnan(value) else value


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


def sessions_clash(times: Iterable[str], others: Iterable[str]) -> bool:
    """Whether two offers, each given by its hours as its row has them, have sessions at the same time."""
    sessions = [parse_hours(text) for text in others]
    return any(parse_hours(text).overlaps(session) for text in times for session in sessions)


def stand_ins(group: str, full: Mapping[str, int]) -> tuple[list[Newcomer], list[tuple[str, str]]]:
    """People without a name who fill offers for a language group, and the pairs that they are.

    Parameters
    ----------
    group : str
        A primary language.
    full : mapping of str to int
        By offer, how many of the group it has.
    """
    people = [
        Newcomer(id=f"stand-in {number}", languages={group: "native"})
        for number in range(max(full.values(), default=0))
    ]
    pairs = [(people[number].id, offer) for offer, n in full.items() for number in range(n)]
    return people, pairs


def id_pairs(rows: Iterable[Any]) -> list[tuple[str, str]]:
    """The pairs of some proposals, placements or bans, as the engine names them."""
    return [(str(row.newcomer_id), str(row.offer_id)) for row in rows]


def to_uuid(record_id: str) -> uuid.UUID:
    """The row's id of a record's id."""
    return uuid.UUID(record_id)
