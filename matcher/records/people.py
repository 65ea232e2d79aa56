"""One newcomer, one offer: frozen records with the fields of the files. No arrays, no reading or writing."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import MISSING, dataclass, field, fields
from datetime import date
from itertools import pairwise
from types import MappingProxyType
from typing import Any, TypeVar

from matcher.exceptions import FieldProblem, InvalidRecordError
from matcher.records.vocabulary import (
    ACCESS,
    GENDER_GROUPS,
    GENDERS,
    GOALS,
    KINDS,
    LEVELS,
    MODES,
    NEEDS,
    NEWCOMER_STATUSES,
    OFFER_STATUSES,
    Hours,
    merge_hours,
)

_LANGUAGE_CODE = re.compile(r"[A-Za-z]{2,3}([-_][A-Za-z0-9]{1,8})*")


@dataclass(frozen=True, kw_only=True)
class Newcomer:
    """A person who has newly come to live in the town.

    Every field has the name and the meaning of the column in the newcomers file. An empty value means
    "not said": it forbids nothing, except under a protective rule.

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
        _settle_and_check(self, NEWCOMER_RULES)


@dataclass(frozen=True, kw_only=True)
class Offer:
    """An association's activity, a mentor or a neighbour household: something of a kind with free places.

    Every field has the name and the meaning of the column in the offers file.

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
        _settle_and_check(self, OFFER_RULES)


Person = TypeVar("Person", Newcomer, Offer)

NEWCOMER_FIELDS = tuple(f.name for f in fields(Newcomer))
OFFER_FIELDS = tuple(f.name for f in fields(Offer))


def first_native_language(newcomer: Newcomer) -> str:
    """The language group of the mixing limit: the first native language said, else an empty string."""
    return first_native(newcomer.languages)


def first_native(languages: Mapping[str, str]) -> str:
    """The first language spoken as a native, else an empty string."""
    return next((code for code, level in languages.items() if level == "native"), "")


def checked_record(record: type[Person], values: dict[str, Any]) -> Person:
    """A record of values that went through the forms and checks of its `Rules` already, all of its fields."""
    made = object.__new__(record)
    object.__setattr__(made, "__dict__", values)
    return made


# What a record keeps, and what must hold of it -----------------------------------------------------------


@dataclass(frozen=True)
class Form:
    """How a record keeps one of its fields: `kept` of the values of `fields`."""

    name: str
    fields: tuple[str, ...]
    kept: Callable[..., Any]


@dataclass(frozen=True)
class Check:
    """What must hold of one field, or of two together: `problems` of the values of `fields`."""

    fields: tuple[str, ...]
    problems: Callable[..., Iterable[FieldProblem]]


@dataclass(frozen=True)
class Rules:
    """Forms and checks of a kind of record, so that each can be asked of many records' values at once.

    Parameters
    ----------
    defaults : mapping of str to object
        By field; those without a default are missing.
    forms : tuple of Form
        Each needs fields as they were given, but for those of forms before it.
    checks : tuple of Check
        In the order in which their problems are told; they see the values as they are kept.
    """

    defaults: Mapping[str, Any]
    forms: tuple[Form, ...]
    checks: tuple[Check, ...]


def _settle_and_check(person: Newcomer | Offer, rules: Rules) -> None:
    for form in rules.forms:
        kept = form.kept(*(getattr(person, name) for name in form.fields))
        object.__setattr__(person, form.name, kept)
    problems = [
        problem
        for check in rules.checks
        for problem in check.problems(*(getattr(person, name) for name in check.fields))
    ]
    if problems:
        raise InvalidRecordError(problems)


def _defaults(record: type[Newcomer] | type[Offer]) -> dict[str, Any]:
    factories = {f.name: f.default_factory() for f in fields(record) if f.default_factory is not MISSING}
    return {f.name: f.default for f in fields(record) if f.default is not MISSING} | factories


def _kept_mapping(said: Mapping[str, Any]) -> Mapping[str, Any]:
    return MappingProxyType(dict(said))


def _kept_wants(wants: Mapping[str, int]) -> Mapping[str, int]:
    return MappingProxyType(dict(wants) or {"association": 1})


def _kept_hours(hours: Iterable[Hours]) -> tuple[Hours, ...]:
    hours = tuple(hours)
    in_order = all(type(one) is Hours for one in hours) and all(a.end < b.start for a, b in pairwise(hours))
    return hours if in_order else merge_hours(hours)


def _kept_times(times: Iterable[Hours], kind: str) -> tuple[Hours, ...]:
    """Sessions of an association stay apart where they touch; free hours of a person are joined."""
    return tuple(sorted(set(times))) if kind == "association" else _kept_hours(times)


def _id_problems(said: str) -> Iterator[FieldProblem]:
    if not said.strip():
        yield FieldProblem("id", said, "an id")


def _language_problems(languages: Mapping[str, str]) -> Iterator[FieldProblem]:
    for code, level in languages.items():
        if not _LANGUAGE_CODE.fullmatch(code):
            yield FieldProblem("languages", code, "a language code such as 'de', 'uk' or 'ar'")
        if level not in LEVELS:
            yield FieldProblem("languages", f"{code}:{level}", f"a level out of {', '.join(LEVELS)}")


def _point_problems(lat: float | None, lon: float | None) -> Iterator[FieldProblem]:
    if (lat is None) != (lon is None):
        missing = "lat" if lat is None else "lon"
        yield FieldProblem(missing, "", "both lat and lon, or neither")


def _age_order_problems(age_min: int | None, age_max: int | None) -> Iterator[FieldProblem]:
    if age_min is not None and age_max is not None and age_min > age_max:
        yield FieldProblem("age_max", str(age_max), f"at least age_min ({age_min})")


def _word(name: str, choices: tuple[str, ...]) -> Check:
    """One word out of some, or nothing said."""
    return Check((name,), lambda word: _choice_problems(name, (word,) if word else (), choices))


def _choice(name: str, choices: tuple[str, ...]) -> Check:
    """One word out of some."""
    return Check((name,), lambda word: _choice_problems(name, (word,), choices))


def _choices(name: str, choices: tuple[str, ...]) -> Check:
    """Any number of words out of some."""
    return Check((name,), lambda words: _choice_problems(name, words, choices))


def _range(name: str, low: float, high: float) -> Check:
    """A number between two others, or nothing said."""
    return Check((name,), lambda number: _range_problems(name, (number,), low, high))


def _choice_problems(name: str, values: Iterable[str], choices: tuple[str, ...]) -> Iterator[FieldProblem]:
    for value in values:
        if value not in choices:
            yield FieldProblem(name, str(value), f"one of {', '.join(choices)}")


def _range_problems(
    name: str, values: Iterable[float | None], low: float, high: float
) -> Iterator[FieldProblem]:
    for value in values:
        if value is not None and not low <= value <= high:
            yield FieldProblem(name, str(value), f"a number from {low} to {high}")


_COMMON_CHECKS = (
    Check(("id",), _id_problems),
    Check(("languages",), _language_problems),
    _choices("goals", GOALS),
    _word("gender", GENDERS),
    _word("prefers_gender", GENDERS),
    _range("lat", -90, 90),
    _range("lon", -180, 180),
    Check(("lat", "lon"), _point_problems),
    _range("birth_year", 1900, 2100),
    Check(
        ("children_birth_years",),
        lambda years: _range_problems("children_birth_years", years, 1900, 2100),
    ),
)

NEWCOMER_RULES = Rules(
    _defaults(Newcomer),
    (
        Form("availability", ("availability",), _kept_hours),
        Form("languages", ("languages",), _kept_mapping),
        Form("wants", ("wants",), _kept_wants),
    ),
    (
        *_COMMON_CHECKS,
        _choices("needs", NEEDS),
        _choices("mobility", MODES),
        _word("status", NEWCOMER_STATUSES),
        _choices("wants", KINDS),
        Check(("wants",), lambda wants: _range_problems("wants", wants.values(), 0, 20)),
        _range("max_minutes", 0, 600),
        _range("max_placements", 0, 60),
        _range("need_level", 1, 4),
    ),
)
OFFER_RULES = Rules(
    _defaults(Offer),
    (
        Form("times", ("times", "kind"), _kept_times),
        Form("languages", ("languages",), _kept_mapping),
    ),
    (
        *_COMMON_CHECKS,
        _choice("kind", KINDS),
        _choices("access", ACCESS),
        _word("min_level", LEVELS),
        _word("gender_group", GENDER_GROUPS),
        _word("status", OFFER_STATUSES),
        _range("capacity", 0, 100_000),
        _range("taken", 0, 100_000),
        _range("age_min", 0, 120),
        _range("age_max", 0, 120),
        _range("cost_eur_month", 0, 10_000),
        _range("language_share_max", 0, 1),
        Check(("age_min", "age_max"), _age_order_problems),
    ),
)
