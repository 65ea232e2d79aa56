"""What public functions are given: taken as a file's cell would be, or refused by name. Knows no people.

Every function says in its error which argument it was, what was expected and what arrived.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from numbers import Integral, Real
from typing import Any, TypeVar

from matcher.exceptions import InvalidProblemError
from matcher.records.kinds import Day, Identifier, Kind, is_said
from matcher.records.people import shown

IdPair = tuple[str, str]
Wanted = TypeVar("Wanted")

_ID, _DAY = Identifier(1), Day()
_A_PAIR = "a pair of a newcomer's id and an offer's id"


def refused(name: str, expected: str, said: object) -> InvalidProblemError:
    """The error for an argument that cannot be taken."""
    return InvalidProblemError(f"{name}: expected {expected}, got {shown(said) or repr(said)}")


def a_mapping(name: str, said: Any, expected: str) -> Mapping[Any, Any]:
    """A mapping; raises InvalidProblemError for anything else."""
    if not isinstance(said, Mapping):
        raise refused(name, expected, said)
    return said


def an_instance(name: str, said: object, wanted: type[Wanted], expected: str) -> Wanted:
    """An argument of one type; raises InvalidProblemError for any other."""
    if not isinstance(said, wanted):
        raise refused(name, expected, said)
    return said


def a_day(name: str, said: Any) -> date:
    """A day: a date, a moment (its day counts), or its text; raises InvalidProblemError."""
    day: date = said.date() if isinstance(said, datetime) else _taken(name, _DAY, said)
    return day


def an_id(name: str, said: Any) -> str:
    """An id: text, or a number that is one; raises InvalidProblemError."""
    id_: str = _taken(name, _ID, said)
    return id_


def _taken(name: str, kind: Kind, said: Any) -> Any:
    """What a cell of this kind would be; raises InvalidProblemError where there is no such thing."""
    try:
        if is_said(said):
            return kind.take(said)
    except ValueError:
        pass
    raise refused(name, kind.expected, said)


def id_pairs(name: str, said: Any) -> list[IdPair]:
    """Pairs of ids; each as two values, or as something that has a `newcomer_id` and an `offer_id`.

    Raises InvalidProblemError.
    """
    return [_id_pair(name, one) for one in listed(name, said, "pairs of ids")]


def listed(name: str, said: Any, expected: str) -> list[Any]:
    """What is in an argument of several; raises InvalidProblemError for text and for what is no list."""
    if isinstance(said, str | bytes | Mapping) or not isinstance(said, Iterable):
        raise refused(name, expected, said)
    return list(said)


def _id_pair(name: str, said: Any) -> IdPair:
    if hasattr(said, "newcomer_id") and hasattr(said, "offer_id"):
        said = said.newcomer_id, said.offer_id
    if isinstance(said, str | bytes | Mapping) or not isinstance(said, Iterable):
        raise refused(name, _A_PAIR, said)
    both = tuple(said)
    if len(both) != 2:
        raise refused(name, _A_PAIR, said)
    return an_id(name, both[0]), an_id(name, both[1])


def a_number(name: str, said: Any) -> float:
    """A finite number; raises InvalidProblemError."""
    if isinstance(said, bool) or not isinstance(said, Real) or not math.isfinite(said):
        raise refused(name, "a number", said)
    return float(said)


def a_whole_number(name: str, said: Any, least: int = 0) -> int:
    """A whole number from `least` on; raises InvalidProblemError."""
    if isinstance(said, bool) or not isinstance(said, Integral) or said < least:
        raise refused(name, f"a whole number from {least} on", said)
    return int(said)


def yes_or_no(name: str, said: Any) -> bool:
    """True or False, of Python or of numpy; raises InvalidProblemError."""
    if type(said).__name__ in {"bool", "bool_"}:
        return bool(said)
    raise refused(name, "True or False", said)
