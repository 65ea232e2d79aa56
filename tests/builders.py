"""People for tests: a newcomer and an offer that fit each other unless a test says otherwise."""

from __future__ import annotations

from datetime import date
from typing import Any

from matcher.records.people import Newcomer, Offer
from matcher.records.vocabulary import parse_hours

TODAY = date(2026, 3, 2)
EVENING = parse_hours("tue 18:00-20:00")


def hours(*texts: str) -> tuple[Any, ...]:
    return tuple(parse_hours(text) for text in texts)


def a_newcomer(newcomer_id: str = "n", **fields: Any) -> Newcomer:
    defaults: dict[str, Any] = {
        "languages": {"uk": "native", "de": "A2"},
        "town": "muenster",
        "birth_year": 1990,
        "gender": "f",
        "lat": 51.96,
        "lon": 7.63,
        "wants": {"association": 1, "mentor": 1, "neighbour": 1},
        "availability": hours("tue 17:00-21:00", "sat 09:00-13:00"),
        "consent": True,
    }
    return Newcomer(id=newcomer_id, **(defaults | fields))


def an_offer(offer_id: str = "o", kind: str = "association", **fields: Any) -> Offer:
    defaults: dict[str, Any] = {
        "languages": {"de": "native"},
        "town": "muenster",
        "lat": 51.961,
        "lon": 7.631,
        "times": (EVENING,),
        "capacity": 3,
    }
    if kind != "association":
        defaults |= {"gender": "f", "screening_valid_until": date(2027, 1, 1)}
    return Offer(id=offer_id, kind=kind, **(defaults | fields))
