"""One newcomer, one offer: frozen records with the fields of the files. No arrays, no reading or writing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from textwrap import shorten
from types import MappingProxyType
from typing import Any, TypeVar

from matcher.exceptions import FieldProblem, InvalidRecordError
from matcher.records.fields import MISSING, NEWCOMER, OFFER, RecordFields
from matcher.records.kinds import is_said
from matcher.records.vocabulary import Hours

_MOST_SHOWN = 80


@dataclass(frozen=True, kw_only=True)
class Newcomer:
    """A person who has newly come to live in the town.

    Every field has the name and the meaning of the column in the newcomers file. An empty value means
    "not said": it forbids nothing, except under a protective rule. None and NaN are not said, either.

    A value of another type is read as the cell of a file with its text: numbers, dates, hours and lists may
    be text, lists may be lists, sets or arrays, ids may be numbers.

    Parameters
    ----------
    id : str
    languages : mapping of str to str
        BCP 47 code to level (``A0`` ... ``C2``, ``native``), in the order given.
    availability : tuple of Hours
        Free hours of the week.
    wants : mapping of str to int
        How many offers of each kind; empty: one association.
    max_placements : int or None
        How many in all; None: no further limit.
    consent : bool
        Agreed to take part; False unless said.

    Raises
    ------
    InvalidRecordError
        With every field that has an impossible value.
    """

    id: str
    town: str = ""
    name: str = ""
    email: str = ""
    phone: str = ""
    contact_language: str = ""
    languages: Mapping[str, str] = field(default_factory=dict)
    interests: tuple[str, ...] = ()
    dislikes: tuple[str, ...] = ()
    goals: tuple[str, ...] = ()
    can_offer: tuple[str, ...] = ()
    address: str = ""
    postcode: str = ""
    lat: float | None = None
    lon: float | None = None
    birth_year: int | None = None
    gender: str = ""
    prefers_gender: str = ""
    household_id: str = ""
    children_birth_years: tuple[int, ...] = ()
    guardian_consent: bool = False
    availability: tuple[Hours, ...] = ()
    mobility: tuple[str, ...] = ()
    max_minutes: int | None = None
    needs: tuple[str, ...] = ()
    wants: Mapping[str, int] = field(default_factory=dict)
    max_placements: int | None = None
    need_level: int | None = None
    waiting_since: date | None = None
    consent: bool = False
    status: str = "ready"

    def __post_init__(self) -> None:
        _settle_and_check(self, NEWCOMER)

    def __hash__(self) -> int:
        return hash(self.id)

    def __reduce__(self) -> tuple[Any, ...]:
        return _unpacked, (type(self), _packed(self))


@dataclass(frozen=True, kw_only=True)
class Offer:
    """An association's activity, a mentor or a neighbour household: something of a kind with free places.

    Every field has the name and the meaning of the column in the offers file. Values of other types are read
    as those of `Newcomer`.

    Parameters
    ----------
    id : str
    kind : {"association", "mentor", "neighbour"}
    capacity, taken : int
        Places in all, and places taken by people who are not among the fixed pairs of a run. More taken
        than there are places is possible in real life and leaves none free.
    times : tuple of Hours
        Weekly sessions of an association, free hours of a person.
    language_share_max : float or None
        The largest share of the places, 0..1, that people with one first native language may take.
    screening_valid_until, confirmed_at : date or None

    Raises
    ------
    InvalidRecordError
        With every field that has an impossible value.
    """

    id: str
    kind: str
    town: str = ""
    name: str = ""
    contact_name: str = ""
    contact_email: str = ""
    contact_phone: str = ""
    about: str = ""
    languages: Mapping[str, str] = field(default_factory=dict)
    min_level: str = ""
    interests: tuple[str, ...] = ()
    dislikes: tuple[str, ...] = ()
    goals: tuple[str, ...] = ()
    seeks: tuple[str, ...] = ()
    address: str = ""
    postcode: str = ""
    lat: float | None = None
    lon: float | None = None
    times: tuple[Hours, ...] = ()
    capacity: int
    taken: int = 0
    age_min: int | None = None
    age_max: int | None = None
    accepts_minors: bool = False
    gender_group: str = "mixed"
    gender: str = ""
    birth_year: int | None = None
    prefers_gender: str = ""
    children_birth_years: tuple[int, ...] = ()
    access: tuple[str, ...] = ()
    cost_eur_month: float | None = None
    cost_support: bool = False
    language_share_max: float | None = None
    screening_valid_until: date | None = None
    confirmed_at: date | None = None
    status: str = "active"

    def __post_init__(self) -> None:
        _settle_and_check(self, OFFER)

    def __hash__(self) -> int:
        return hash(self.id)

    def __reduce__(self) -> tuple[Any, ...]:
        return _unpacked, (type(self), _packed(self))


Person = TypeVar("Person", Newcomer, Offer)


def first_native_language(newcomer: Newcomer) -> str:
    """The language group of the mixing limit: the first native language said, else an empty string."""
    return first_native(newcomer.languages)


def first_native(languages: Mapping[str, str]) -> str:
    """The first language spoken as a native, else an empty string."""
    return next((code for code, level in languages.items() if level == "native"), "")


def checked_record(record: type[Person], values: dict[str, Any]) -> Person:
    """A record of values of all its fields, taken, kept and checked already as its `RecordFields` say."""
    made = object.__new__(record)
    object.__setattr__(made, "__dict__", values)
    return made


def _packed(person: Newcomer | Offer) -> dict[str, Any]:
    """Values that can be sent to another process."""
    return {
        name: dict(value) if isinstance(value, MappingProxyType) else value
        for name, value in vars(person).items()
    }


def _unpacked(record: type[Person], values: dict[str, Any]) -> Person:
    kept = {
        name: MappingProxyType(value) if isinstance(value, dict) else value for name, value in values.items()
    }
    return checked_record(record, kept)


# Making a record -------------------------------------------------------------------------------------


def _settle_and_check(person: Newcomer | Offer, fields: RecordFields) -> None:
    """Take every value, keep it in its form, and check it; raises with all that is wrong."""
    values = vars(person)
    problems = _take(values, fields)
    wrong = {problem.field for problem in problems}
    for kept in fields.kept:
        if not wrong or wrong.isdisjoint(kept.fields):
            values[kept.name] = kept.keep(*[values[name] for name in kept.fields])
    for check in fields.checks:
        if not wrong or wrong.isdisjoint(check.fields):
            problems += check.problems(*[values[name] for name in check.fields])
    if problems:
        raise InvalidRecordError(problems)


def _take(values: dict[str, Any], fields: RecordFields) -> list[FieldProblem]:
    """Put what is taken of each value in its place; what cannot be taken is a problem."""
    problems = []
    for name, default, is_kept in fields.looks:
        said = values[name]
        if said is default or is_kept(said):
            continue
        kind = fields.by_name[name].kind
        try:
            if is_said(said):
                values[name] = kind.take(said)
            elif default is MISSING:
                problems.append(FieldProblem(name, "", kind.expected))
            else:
                values[name] = default
        except ValueError as error:
            problems.append(FieldProblem(name, shown(said), str(error)))
    return problems


def shown(said: object) -> str:
    """A value as an error names it."""
    if isinstance(said, str):
        return said
    return shorten(repr(said), _MOST_SHOWN) if is_said(said) else ""
