"""One newcomer, one offer: frozen records with the fields of the files. No arrays, no reading or writing."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from datetime import date
from types import MappingProxyType

from matcher.exceptions import FieldProblem, InvalidRecordError
from matcher.vocabulary import (
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
        object.__setattr__(self, "availability", merge_hours(self.availability))
        object.__setattr__(self, "languages", MappingProxyType(dict(self.languages)))
        object.__setattr__(self, "wants", MappingProxyType(dict(self.wants) or {"association": 1}))
        problems = [
            *_common_problems(self),
            *_choice_problems("needs", self.needs, NEEDS),
            *_choice_problems("mobility", self.mobility, MODES),
            *_word_problems("status", self.status, NEWCOMER_STATUSES),
            *_choice_problems("wants", self.wants, KINDS),
            *_range_problems("wants", self.wants.values(), 0, 20),
            *_range_problems("max_minutes", (self.max_minutes,), 0, 600),
            *_range_problems("max_placements", (self.max_placements,), 0, 60),
            *_range_problems("need_level", (self.need_level,), 1, 4),
        ]
        if problems:
            raise InvalidRecordError(problems)


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
        times = self.times if self.kind == "association" else merge_hours(self.times)
        object.__setattr__(self, "times", tuple(sorted(set(times))))
        object.__setattr__(self, "languages", MappingProxyType(dict(self.languages)))
        problems = [
            *_common_problems(self),
            *_choice_problems("kind", (self.kind,), KINDS),
            *_choice_problems("access", self.access, ACCESS),
            *_word_problems("min_level", self.min_level, LEVELS),
            *_word_problems("gender_group", self.gender_group, GENDER_GROUPS),
            *_word_problems("status", self.status, OFFER_STATUSES),
            *_range_problems("capacity", (self.capacity,), 0, 100_000),
            *_range_problems("taken", (self.taken,), 0, 100_000),
            *_range_problems("age_min", (self.age_min,), 0, 120),
            *_range_problems("age_max", (self.age_max,), 0, 120),
            *_range_problems("cost_eur_month", (self.cost_eur_month,), 0, 10_000),
            *_range_problems("language_share_max", (self.language_share_max,), 0, 1),
        ]
        if self.age_min is not None and self.age_max is not None and self.age_min > self.age_max:
            problems.append(FieldProblem("age_max", str(self.age_max), f"at least age_min ({self.age_min})"))
        if problems:
            raise InvalidRecordError(problems)


NEWCOMER_FIELDS = tuple(f.name for f in fields(Newcomer))
OFFER_FIELDS = tuple(f.name for f in fields(Offer))


def first_native_language(newcomer: Newcomer) -> str:
    """The language group of the mixing limit: the first native language said, else an empty string."""
    return next((code for code, level in newcomer.languages.items() if level == "native"), "")


def _common_problems(person: Newcomer | Offer) -> Iterator[FieldProblem]:
    if not person.id.strip():
        yield FieldProblem("id", person.id, "an id")
    for code, level in person.languages.items():
        if not _LANGUAGE_CODE.fullmatch(code):
            yield FieldProblem("languages", code, "a language code such as 'de', 'uk' or 'ar'")
        if level not in LEVELS:
            yield FieldProblem("languages", f"{code}:{level}", f"a level out of {', '.join(LEVELS)}")
    yield from _choice_problems("goals", person.goals, GOALS)
    yield from _word_problems("gender", person.gender, GENDERS)
    yield from _word_problems("prefers_gender", person.prefers_gender, GENDERS)
    yield from _range_problems("lat", (person.lat,), -90, 90)
    yield from _range_problems("lon", (person.lon,), -180, 180)
    if (person.lat is None) != (person.lon is None):
        missing = "lat" if person.lat is None else "lon"
        yield FieldProblem(missing, "", "both lat and lon, or neither")
    yield from _range_problems("birth_year", (person.birth_year,), 1900, 2100)
    yield from _range_problems("children_birth_years", person.children_birth_years, 1900, 2100)


def _word_problems(name: str, value: str, choices: tuple[str, ...]) -> Iterator[FieldProblem]:
    """One word out of some, or nothing said."""
    return _choice_problems(name, (value,) if value else (), choices)


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
