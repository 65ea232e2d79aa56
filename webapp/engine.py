"""The only file that imports the matcher: rows to records, questions to the engine, words for people."""

from __future__ import annotations

import math
import tomllib
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from matcher.cli import STAGE_TEXTS, a_day, clear_errors, print_summary, progress_bar
from matcher.exceptions import InvalidFileError, InvalidPolicyError, InvalidRecordError
from matcher.pairs.criteria import CRITERIA
from matcher.pairs.eligibility import RULES
from matcher.pairs.policy import Policy
from matcher.pairs.scoring import shares
from matcher.planning.plan import make_plan
from matcher.planning.single import STAGES, Plan, Proposal, summary
from matcher.planning.unmatched import REASONS, Unmatched
from matcher.questions.answers import about_pair, about_person, about_town
from matcher.questions.explanation import CHANGE_REASONS, Explanation, ProposalChange, compare, examine
from matcher.questions.fairness import NOT_SAID
from matcher.questions.learning import Lesson, learn, recall
from matcher.records.files import read_newcomers, read_offers
from matcher.records.geography import Place, find_place, load_districts, load_towns
from matcher.records.people import Newcomer, Offer, first_native_language
from matcher.records.vocabulary import (
    ACCESS,
    GENDER_GROUPS,
    GENDERS,
    GOALS,
    KINDS,
    LANGUAGES,
    LEVELS,
    MODES,
    NEEDS,
    WEEKDAYS,
    Hours,
    load_languages,
    load_taxonomy,
    open_seed,
    parse_hours,
    primary_language,
    read_seed_table,
)

__all__ = [
    "ACCESS",
    "CHANGE_REASONS",
    "CRITERIA",
    "GENDERS",
    "GENDER_GROUPS",
    "GOALS",
    "KINDS",
    "LANGUAGES",
    "LEVELS",
    "MODES",
    "NEEDS",
    "NOT_SAID",
    "REASONS",
    "RULES",
    "STAGES",
    "STAGE_TEXTS",
    "WEEKDAYS",
    "Explanation",
    "Hours",
    "InvalidFileError",
    "InvalidPolicyError",
    "InvalidRecordError",
    "Lesson",
    "Place",
    "Plan",
    "Policy",
    "Proposal",
    "ProposalChange",
    "Unmatched",
    "a_day",
    "about_pair",
    "about_person",
    "about_town",
    "clear_errors",
    "compare",
    "district_options",
    "examine",
    "find_place",
    "interest_groups",
    "interest_options",
    "language_options",
    "learn",
    "load_towns",
    "make_plan",
    "parse_hours",
    "primary_language",
    "print_summary",
    "progress_bar",
    "read_policy",
    "read_seed_table",
    "recall",
    "shares",
    "summary",
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


# Rows and records ------------------------------------------------------------------------------------


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
    if language_share_max is None:
        return None
    return max(1, int(language_share_max * capacity + 1e-9))


# People from files -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class TownFiles:
    """The people of one town as read from two files."""

    newcomers: list[Newcomer]
    offers: list[Offer]


def read_town_folder(folder: Path) -> TownFiles:
    """Read ``newcomers.csv`` and ``offers.csv`` of a folder.

    Raises
    ------
    InvalidFileError
        With every row of both files that cannot be read.
    """
    problems: list[Any] = []
    read: dict[str, list[Any]] = {}
    readers: dict[str, Callable[[Path], Sequence[Any]]] = {"newcomers": read_newcomers, "offers": read_offers}
    for name, reader in readers.items():
        try:
            read[name] = list(reader(folder / f"{name}.csv"))
        except InvalidFileError as error:
            problems += error.problems
    if problems:
        raise InvalidFileError(problems)
    return TownFiles(read["newcomers"], read["offers"])


def seed_folder(town_slug: str) -> Path:
    """The folder of a seeded town's people."""
    return Path(str(open_seed(town_slug)))


def days_since_seed(today: date) -> timedelta:
    """By how much seeded dates are shifted, in whole weeks, so that the demo never grows old."""
    reference = tomllib.loads(open_seed("seed.toml").read_text(encoding="utf-8"))["reference_date"]
    return timedelta(weeks=(today - reference).days // 7)


# Policies --------------------------------------------------------------------------------------------


def read_policy(text: str) -> Policy:
    """A town's policy from its TOML text; an empty text is the default.

    Raises
    ------
    InvalidPolicyError
    """
    return Policy.from_toml(text)


def policy_of(plain: Mapping[str, Any]) -> Policy:
    """The policy that a run kept with its result."""
    return Policy.from_dict(plain)


def part_limits(policy: Policy) -> dict[str, float]:
    """The most each part of a score can be under a policy, by criterion; they sum to 1."""
    return {criterion.name: float(share) for criterion, share in zip(CRITERIA, shares(policy), strict=True)}


# Words -----------------------------------------------------------------------------------------------


def why(reason: str) -> str:
    """The text of a rule, of a reason for an open wish, or of a reason for a change."""
    return CHANGE_REASONS.get(reason) or REASONS.get(reason, reason)


RULE_TEXTS: Mapping[str, str] = {rule.name: rule.text for rule in RULES}
PROTECTIVE_RULES = frozenset(rule.name for rule in RULES if rule.is_protective)
CRITERION_TEXTS: Mapping[str, str] = {criterion.name: criterion.text for criterion in CRITERIA}


def interest_options(language: str) -> list[tuple[str, str, str]]:
    """Interests as (id, name, name of the broader interest), by broader interest, then name."""
    terms = load_taxonomy().terms
    options = [
        (term.id, term.name(language), terms[term.parent].name(language))
        for term in terms.values()
        if term.parent
    ]
    return sorted(options, key=lambda option: (option[2].casefold(), option[1].casefold()))


def interest_groups(language: str) -> list[tuple[str, str, list[tuple[str, str]]]]:
    """Broader interests as (id, name, [(id, name) of the interests in it]), in the order of the taxonomy."""
    terms = load_taxonomy().terms.values()
    return [
        (
            broad.id,
            broad.name(language),
            [(term.id, term.name(language)) for term in terms if term.parent == broad.id],
        )
        for broad in terms
        if not broad.parent
    ]


def interest_name(term_id: str, language: str) -> str:
    """The name of an interest; one outside the taxonomy is its own name."""
    term = load_taxonomy().terms.get(term_id)
    return term.name(language) if term else term_id


def are_close(one: str, other: str) -> bool:
    """Whether two interests are the same, or one is the broader of the other."""
    terms = load_taxonomy()
    return one == other or terms.broader(one) == other or terms.broader(other) == one


def language_options(language: str) -> list[tuple[str, str]]:
    """Languages as (code, name), by name."""
    options = [(code, names.get(language) or names["en"]) for code, names in load_languages().items()]
    return sorted(options, key=lambda option: option[1].casefold())


def language_name(code: str, language: str) -> str:
    """The name of a language; an unknown code is its own name."""
    names = load_languages().get(code) or load_languages().get(primary_language(code))
    return (names.get(language) or names["en"]) if names else code


def district_options(town_slug: str) -> list[tuple[str, str]]:
    """Districts of a town as (id, name), by name."""
    options = [(d.district, d.name) for d in load_districts().values() if d.town == town_slug]
    return sorted(options, key=lambda option: option[1].casefold())


def id_pairs(rows: Iterable[Any]) -> list[tuple[str, str]]:
    """The pairs of some proposals, placements or bans, as the engine names them."""
    return [(str(row.newcomer_id), str(row.offer_id)) for row in rows]


def to_uuid(record_id: str) -> uuid.UUID:
    """The row's id of a record's id."""
    return uuid.UUID(record_id)
