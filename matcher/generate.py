"""Synthetic towns: newcomers and offers that resemble real ones and are nobody. Writes no files.

What is drawn from stands in ``data/seed/distributions.toml`` and ``data/seed/associations.toml``.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from bisect import bisect
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cache
from itertools import accumulate, count, pairwise
from typing import Any

import numpy as np

from matcher.exceptions import InvalidProblemError
from matcher.people import Newcomer, Offer
from matcher.vocabulary import (
    KINDS,
    LEVELS,
    MINUTES_A_DAY,
    WEEKDAYS,
    Hours,
    level_rank,
    load_taxonomy,
    open_seed,
    read_seed_table,
)

_FOUNDING_YEARS = (*range(1899, 1930), *range(1949, 1995))
_LETTERS = str.maketrans(
    {"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "ı": "i", "ə": "e", "đ": "d", "ł": "l", "č": "c"}
)


def generate_town(
    town: str,
    n_newcomers: int,
    n_offers: int,
    rng: np.random.Generator,
    today: date,
    split: Mapping[str, float] | None = None,
) -> tuple[list[Newcomer], list[Offer]]:
    """Draw a town: people who look for company, and associations, mentors and neighbours who have places.

    Parameters
    ----------
    town : {"muenster", "enschede"}
        A town of ``data/seed/towns.csv`` that ``distributions.toml`` knows.
    n_newcomers, n_offers : int
        How many of each, 0 or more. One activity of an association is one offer.
    rng : numpy.random.Generator
        The source of chance; it is used up in whole blocks.
    today : date
        The day that ages, waiting times and dates of screenings are counted from.
    split : mapping of str to float, optional
        Share of each kind in the offers; by default about 46 % activities, 31 % mentors, 23 % households.
        Shares are scaled to one; a kind left out gets none.

    Returns
    -------
    newcomers : list of Newcomer
    offers : list of Offer
        Activities first, then mentors, then neighbour households.

    Raises
    ------
    InvalidProblemError
        With all that is wrong with the arguments.

    Notes
    -----
    O(n + m). The same generator state and arguments give the same people; another number of newcomers gives
    other offers too, since the free places of activities follow the wishes for them. What is not promised:
    the same people after a change of the distributions.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> newcomers, offers = generate_town("muenster", 40, 20, rng, date(2026, 11, 16))
    >>> len(newcomers), len(offers), newcomers[0].id, offers[0].id
    (40, 20, 'mn-0001', 'ma-0001')
    """
    shares = _shares_of_kinds(split)
    _check(town, n_newcomers, n_offers, shares)
    dice = _Dice(rng)
    place = _load_town(town)
    newcomers = _draw_newcomers(place, n_newcomers, dice, today)
    n_activities, n_mentors, n_neighbours = _split(n_offers, shares)
    ready = [newcomer for newcomer in newcomers if newcomer.status == "ready"]
    wishes = sum(newcomer.wants.get("association", 0) for newcomer in ready)
    offers = [
        *_draw_activities(place, n_activities, wishes, dice, today),
        *_draw_mentors(place, n_mentors, dice, today),
        *_draw_neighbours(place, n_neighbours, dice, today),
    ]
    return newcomers, offers


# Chance ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Table:
    """Values with weights, ready to draw from."""

    values: tuple[str, ...]
    cumulative: tuple[float, ...]

    @classmethod
    def of(cls, weights: Mapping[str, float], without: Collection[str] = ()) -> _Table:
        kept = {value: weight for value, weight in weights.items() if value not in without}
        return cls(tuple(kept), tuple(accumulate(kept.values())))


class _Dice:
    """Single draws out of blocks of uniform numbers: as quick as a loop over people needs it."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng
        self._block: Iterator[float] = iter(())

    def roll(self) -> float:
        for value in self._block:
            return value
        self._block = iter(self._rng.random(8192).tolist())
        return next(self._block)

    def chance(self, share: float) -> bool:
        return self.roll() < share

    def integer(self, low: int, high: int) -> int:
        """A whole number from `low` to `high`, both included."""
        return low + int(self.roll() * (high - low + 1))

    def choice(self, values: Sequence[Any]) -> Any:
        return values[int(self.roll() * len(values))]

    def pick(self, table: _Table) -> str:
        return table.values[bisect(table.cumulative, self.roll() * table.cumulative[-1])]

    def several(self, table: _Table, n: int) -> tuple[str, ...]:
        """`n` different values, in the order drawn."""
        drawn: dict[str, None] = {}
        while len(drawn) < min(n, len(table.values)):
            drawn[self.pick(table)] = None
        return tuple(drawn)

    def around(self, spread: float) -> float:
        """A number between -spread and spread, small ones likelier."""
        return (self.roll() + self.roll() - 1) * spread


# Distributions ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Place:
    """A point of a town that somebody lives or meets at."""

    address: str
    postcode: str
    district: str
    lat: float
    lon: float


@dataclass(frozen=True)
class _Town:
    """What is particular to one town."""

    key: str
    language: str
    phone: str
    streets: tuple[str, ...]
    mail_domains: tuple[str, ...]
    rare_languages: tuple[str, ...]
    far_out_postcode: str
    districts: Mapping[str, Mapping[str, str]]
    districts_of: Mapping[str, Sequence[str]]
    newcomers_at: _Table
    hosts_at: _Table
    arrivals: _Table
    earlier_newcomers: _Table

    def id(self, kind: str, number: int, total: int) -> str:
        """Such as ``mn-0042``: town, kind, number."""
        return f"{self.key[0]}{kind}-{number:0{max(4, len(str(total)))}d}"


def _shares() -> Any:
    return _read_toml("distributions.toml")


@cache
def _read_toml(name: str) -> Any:
    with open_seed(name).open("rb") as stream:
        return tomllib.load(stream)


@cache
def _load_town(town: str) -> _Town:
    source = _shares()["towns"][town]
    language = next(row["language"] for row in read_seed_table("towns.csv") if row["town"] == town)
    return _Town(
        key=town,
        language=language,
        phone=source["phone"],
        streets=tuple(head + tail for head in source["street_heads"] for tail in source["street_tails"]),
        mail_domains=tuple(source["mail_domains"]),
        rare_languages=tuple(source["rare_languages"]),
        far_out_postcode=source["far_out_postcode"],
        districts={row["district"]: row for row in read_seed_table("districts.csv") if row["town"] == town},
        districts_of=source["districts_of"],
        newcomers_at=_Table.of(source["newcomers_at"]),
        hosts_at=_Table.of(source["hosts_at"]),
        arrivals=_Table.of(source["arrivals"]),
        earlier_newcomers=_Table.of(_shares()["earlier_newcomers"][town]),
    )


@cache
def _table(*path: str) -> _Table:
    """The weights that stand at this place of the distributions."""
    weights = _shares()
    for key in path:
        weights = weights[key]
    return _Table.of(weights)


@cache
def _interests_of(band: str, gender: str) -> _Table:
    """What people of one band of life are interested in: the taxonomy, weighted."""
    source = _shares()
    never = {*source["bands"][band]["never"], *(source["men"]["never"] if gender == "m" else ())}
    more = source["bands"][band]["more"]
    weights = {
        term: source["popularity"].get(term, 1.0) * (2.5 if term in more else 1.0)
        for term in load_taxonomy().terms
    }
    return _Table.of(weights, without=never)


def _shares_of_kinds(split: Mapping[str, float] | None) -> Mapping[str, float]:
    given: Mapping[str, float] = _shares()["split"] if split is None else split
    return given


def _check(town: str, n_newcomers: int, n_offers: int, split: Mapping[str, float]) -> None:
    towns = sorted(_shares()["towns"])
    problems = []
    if town not in towns:
        problems.append(f"town: expected one of {', '.join(towns)}, got {town!r}")
    problems += [
        f"{name}: expected 0 or more, got {number}"
        for name, number in (("n_newcomers", n_newcomers), ("n_offers", n_offers))
        if number < 0
    ]
    unknown = sorted(set(split) - set(KINDS))
    if unknown:
        problems.append(f"split: expected shares of {', '.join(KINDS)}, got {', '.join(unknown)}")
    if any(share < 0 for share in split.values()) or sum(split.values()) <= 0:
        problems.append(f"split: expected shares of 0 or more, not all 0, got {dict(split)}")
    if problems:
        raise InvalidProblemError(problems)


def _split(n_offers: int, split: Mapping[str, float]) -> list[int]:
    """How many offers of each kind; they add up."""
    shares = [split.get(kind, 0.0) for kind in KINDS]
    ends = [round(n_offers * end / sum(shares)) for end in accumulate(shares, initial=0.0)]
    return [end - start for start, end in pairwise(ends)]


# Places, names, hours --------------------------------------------------------------------------------


def _draw_place(town: _Town, postcode: str, dice: _Dice) -> _Place:
    """A point within some 700 metres of the middle of a quarter that the postcode reaches into."""
    district = town.districts[dice.choice(town.districts_of[postcode])]
    return _Place(
        address=f"{dice.choice(town.streets)} {dice.integer(1, 96)}",
        postcode=postcode,
        district=district["name"],
        lat=round(float(district["lat"]) + dice.around(0.0065), 4),
        lon=round(float(district["lon"]) + dice.around(0.0100), 4),
    )


def _draw_family_name(language: str, dice: _Dice) -> str:
    """A family name, with both its forms where there are two."""
    name: str = dice.choice(_shares()["names"][language]["family"])
    return name


def _draw_name(language: str, gender: str, family_name: str, dice: _Dice) -> str:
    given = dice.choice(_shares()["names"][language]["m" if gender == "m" else "f"])
    forms = family_name.split("|")
    return f"{given} {forms[0] if gender == 'm' else forms[-1]}"


def _slug(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text.lower().translate(_LETTERS)).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")


class _Mail:
    """Addresses at domains that cannot exist, each given once."""

    def __init__(self, town: _Town, dice: _Dice) -> None:
        self._town, self._dice = town, dice
        self._given: dict[str, int] = {}

    def for_person(self, name: str) -> str:
        return self._once(_slug(name).replace("-", "."), self._dice.choice(self._town.mail_domains))

    def _once(self, user: str, domain: str) -> str:
        times = self._given[user] = self._given.get(user, 0) + 1
        return f"{user}{times if times > 1 else ''}@{domain}"


def _minutes(clock: str) -> int:
    hour, minute = clock.split(":")
    return int(hour) * 60 + int(minute)


def _draw_free_hours(life: str, dice: _Dice) -> tuple[Hours, ...]:
    """Free hours of a week, at least one stretch."""
    patterns = _shares()["free_hours"][life]
    hours: list[Hours] = []
    while not hours:
        for day in range(len(WEEKDAYS)):
            for start, end, share in patterns["weekday" if day < 5 else "weekend"]:
                if dice.chance(share):
                    late = dice.choice((0, 0, 0, 30))
                    midnight = day * MINUTES_A_DAY
                    hours.append(Hours(midnight + _minutes(start) + late, midnight + _minutes(end)))
    return tuple(hours)


def _draw_sessions(pattern: str, dice: _Dice) -> tuple[Hours, ...]:
    source = _shares()["sessions"][pattern]
    two = len(source["days"]) > 1 and dice.chance(_shares()["activities"]["two_sessions"])
    start, length = _minutes(dice.choice(source["starts"])), dice.choice(source["minutes"])
    return tuple(
        Hours(midnight + start, midnight + start + length)
        for day in dice.several(_table("sessions", pattern, "days"), 2 if two else 1)
        for midnight in (WEEKDAYS.index(day) * MINUTES_A_DAY,)
    )


# Newcomers -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Household:
    """What the newcomers of one household have in common."""

    language: str
    family_name: str
    place: _Place
    waiting_days: int
    weeks_here: float
    children_ages: tuple[int, ...]


@dataclass(frozen=True)
class _Member:
    """One newcomer of a household, before anything is asked."""

    gender: str
    age: int
    is_parent: bool


_BANDS_BY_AGE = ((18, "teen"), (28, "young"), (60, "adult"))


def _draw_newcomers(town: _Town, n: int, dice: _Dice, today: date) -> list[Newcomer]:
    mail = _Mail(town, dice)
    newcomers: list[Newcomer] = []
    n_households = 0
    while len(newcomers) < n:
        household, members = _draw_household(town, dice)
        members = members[: n - len(newcomers)]
        if len(members) > 1:
            n_households += 1
        for member in members:
            number = len(newcomers) + 1
            newcomer = _draw_newcomer(town, town.id("n", number, n), household, member, mail, dice, today)
            if len(members) > 1:
                household_id = town.id("f", n_households, n)
                newcomer = replace(newcomer, household_id=household_id)
            else:
                newcomer = _maybe_hard_to_serve(town, newcomer, dice)
            newcomers.append(newcomer)
    return newcomers


def _draw_household(town: _Town, dice: _Dice) -> tuple[_Household, list[_Member]]:
    shares = _shares()["newcomers"]
    kind = dice.pick(_table("households"))
    adult_age = _draw_adult_age(kind, shares, dice)
    gender = _draw_gender(shares, dice)
    children: list[int] = []
    members: list[_Member] = []
    may_have_children = 24 <= adult_age <= 52 and kind in ("single", "couple")
    if may_have_children and dice.chance(
        shares["parent"] * (0.35 if gender == "m" and kind == "single" else 1)
    ):
        oldest = min(16, adult_age - 20)
        children = sorted({dice.integer(0, oldest) for _ in range(dice.integer(1, 3))}, reverse=True)
    if kind.endswith("with_teenager"):
        teen_age = dice.integer(10, 17)
        adult_age = teen_age + dice.integer(20, 34)
        children = sorted({teen_age, *(dice.integer(0, 12) for _ in range(dice.integer(0, 2)))}, reverse=True)
        if kind == "parent_with_teenager":
            gender = "f" if dice.chance(0.75) else "m"
    is_parent = bool(children)
    members.append(_Member(gender, adult_age, is_parent))
    if kind.startswith("couple"):
        other = "m" if gender == "f" else "f"
        members.append(_Member(other, max(19, adult_age + dice.integer(-5, 5)), is_parent))
    if kind == "siblings":
        members.append(_Member(_draw_gender(shares, dice), adult_age - dice.integer(1, 6), False))
    if kind.endswith("with_teenager"):
        members.append(_Member("f" if dice.chance(0.5) else "m", teen_age, False))
    return _settle(town, tuple(children), dice), members


def _settle(town: _Town, children_ages: tuple[int, ...], dice: _Dice) -> _Household:
    """Where a household lives, what it speaks and how long it waits."""
    shares = _shares()["newcomers"]
    language = dice.pick(town.arrivals)
    waiting = -shares["wait_mean_days"] * float(np.log1p(-dice.roll()))
    waiting_days = int(min(waiting, shares["wait_max_days"] * (0.9 + 0.1 * dice.roll())))
    return _Household(
        language=language,
        family_name=_draw_family_name(language, dice),
        place=_draw_place(town, dice.pick(town.newcomers_at), dice),
        waiting_days=waiting_days,
        weeks_here=waiting_days / 7 + dice.integer(2, 60),
        children_ages=children_ages,
    )


def _draw_adult_age(kind: str, shares: Mapping[str, float], dice: _Dice) -> int:
    if kind == "siblings":
        return dice.integer(22, 32)
    roll = dice.roll()
    if kind == "single" and roll < shares["unaccompanied_minor"]:
        return dice.integer(15, 17)
    if roll > 1 - shares["senior"]:
        return dice.integer(60, 78)
    if roll > 1 - shares["senior"] - shares["young_adult"] and kind == "single":
        return dice.integer(18, 27)
    return 26 + int(34 * dice.roll() ** 1.4)


def _draw_gender(shares: Mapping[str, float], dice: _Dice) -> str:
    roll = dice.roll()
    if roll < shares["gender_diverse"]:
        return "d"
    if roll < shares["gender_diverse"] + shares["gender_not_said"]:
        return ""
    return "f" if dice.chance(shares["women"]) else "m"


def _draw_newcomer(
    town: _Town,
    newcomer_id: str,
    household: _Household,
    member: _Member,
    mail: _Mail,
    dice: _Dice,
    today: date,
) -> Newcomer:
    shares = _shares()["newcomers"]
    band = _band(member, household.children_ages)
    is_minor = band == "teen"
    name = _draw_name(household.language, member.gender, household.family_name, dice)
    languages = _draw_newcomer_languages(town, household, is_minor, dice)
    interests = _draw_interests(band, member.gender, dice)
    needs = _draw_needs(member, band, household.children_ages, dice)
    status = _draw_newcomer_status(household.waiting_days, dice)
    wants = _draw_wants(band, languages.get(town.language, ""), dice)
    place = household.place
    has_point = dice.chance(shares["point"])
    has_postcode = has_point or dice.chance(0.7)
    return Newcomer(
        id=newcomer_id,
        town=town.key,
        name=name,
        email=mail.for_person(name) if dice.chance(shares["email"]) else "",
        phone=f"{town.phone} {dice.integer(1000, 9999)}" if dice.chance(shares["phone"]) else "",
        contact_language=_draw_contact_language(town, languages, dice),
        languages=languages,
        interests=interests,
        dislikes=_draw_dislikes(interests, shares["dislikes"], dice),
        goals=_draw_newcomer_goals(
            band, languages.get(town.language, ""), bool(household.children_ages), dice
        ),
        can_offer=_draw_skills(0.25 if is_minor else shares["can_offer"], dice),
        address=place.address if dice.chance(shares["address"]) else "",
        postcode=place.postcode if has_postcode else "",
        lat=place.lat if has_point else None,
        lon=place.lon if has_point else None,
        birth_year=None if dice.chance(shares["birth_year_not_said"]) else today.year - member.age,
        gender=member.gender,
        prefers_gender=_draw_preference(member.gender, shares["prefers_gender"], dice),
        children_birth_years=(
            tuple(today.year - age for age in household.children_ages) if member.is_parent else ()
        ),
        guardian_consent=is_minor and dice.chance(shares["guardian_consent"]),
        availability=_draw_availability(band, dice),
        mobility=_draw_mobility(band, "step_free" in needs, dice),
        max_minutes=(
            dice.choice((10, 15, 15, 20, 20, 20, 25, 30, 30, 45))
            if dice.chance(shares["max_minutes"])
            else None
        ),
        needs=needs,
        wants=wants,
        max_placements=(
            dice.integer(1, max(1, sum(wants.values()))) if dice.chance(shares["max_placements"]) else None
        ),
        need_level=(
            int(dice.pick(_table("newcomers", "need_levels")))
            if dice.chance(shares["need_level"] if status != "new" else 0.4)
            else None
        ),
        waiting_since=today - timedelta(days=household.waiting_days),
        consent=dice.chance(shares["consent"]),
        status=status,
    )


def _band(member: _Member, children_ages: Collection[int]) -> str:
    if member.is_parent and min(children_ages) <= 10 and member.age >= 18:
        return "parent"
    return next((band for limit, band in _BANDS_BY_AGE if member.age < limit), "senior")


def _draw_newcomer_languages(
    town: _Town, household: _Household, is_minor: bool, dice: _Dice
) -> dict[str, str]:
    """First language first; the town's language last, better the longer somebody is here."""
    languages = {household.language: "native"}
    for code, share, levels in _shares()["second_languages"][household.language]:
        if dice.chance(share * (0.6 if is_minor else 1.0)):
            languages[code] = dice.choice(levels)
    progress = household.weeks_here / 30 + dice.around(1.3) + (0.8 if is_minor else 0.2)
    if not dice.chance(0.03):
        languages[town.language] = LEVELS[max(0, min(level_rank("B2"), int(progress)))]
    return languages


def _draw_contact_language(town: _Town, languages: Mapping[str, str], dice: _Dice) -> str:
    level = languages.get(town.language, "A0")
    if level_rank(level) >= level_rank("B1") and dice.chance(0.4):
        return town.language
    if level_rank(languages.get("en", "A0")) >= level_rank("B2") and dice.chance(0.3):
        return "en"
    return "" if dice.chance(0.02) else next(iter(languages))


def _draw_interests(band: str, gender: str, dice: _Dice) -> tuple[str, ...]:
    """Up to five, drawn from what people of this band of life name."""
    if dice.chance(_shares()["newcomers"]["interests_not_said"]):
        return ()
    return dice.several(_interests_of(band, gender), dice.choice((1, 2, 2, 3, 3, 3, 4, 4, 5)))


def _draw_dislikes(interests: Iterable[str], share: float, dice: _Dice) -> tuple[str, ...]:
    """One or two things, none of which is an interest or the broader or narrower one of an interest."""
    if not dice.chance(share):
        return ()
    taxonomy = load_taxonomy()
    named = {*interests, *(taxonomy.broader(term) for term in interests)}
    drawn = dice.several(_table("dislikes"), dice.choice((1, 1, 2)))
    return tuple(term for term in drawn if term not in named and taxonomy.broader(term) not in named)


def _draw_skills(share: float, dice: _Dice) -> tuple[str, ...]:
    return dice.several(_table("skills"), dice.choice((1, 1, 2, 2, 3))) if dice.chance(share) else ()


def _draw_newcomer_goals(band: str, level: str, has_children: bool, dice: _Dice) -> tuple[str, ...]:
    group = {"teen": "teenagers", "senior": "seniors"}.get(band, "newcomers")
    if dice.chance(0.05):
        return ()
    goals = dice.several(_table("goals", group), dice.choice((1, 2, 2, 3, 3)))
    if level in ("", "A0", "A1") and "language" not in goals and dice.chance(0.5):
        goals = ("language", *goals)
    if has_children and band == "parent" and "help_children" not in goals and dice.chance(0.4):
        goals = (*goals, "help_children")
    return goals


def _draw_availability(band: str, dice: _Dice) -> tuple[Hours, ...]:
    if not dice.chance(_shares()["newcomers"]["availability"]):
        return ()
    return _draw_free_hours(dice.pick(_table("life", band)), dice)


def _draw_needs(member: _Member, band: str, children_ages: Sequence[int], dice: _Dice) -> tuple[str, ...]:
    shares = _shares()["newcomers"]
    small_children = band == "parent" and min(children_ages) < 6
    needed = {
        "women_only": member.gender == "f" and band != "teen" and dice.chance(shares["women_only"]),
        "step_free": dice.chance(shares["step_free_senior" if band == "senior" else "step_free"]),
        "childcare": small_children and member.gender != "m" and dice.chance(shares["childcare"]),
        "low_cost": dice.chance(shares["low_cost"]),
    }
    return tuple(need for need, is_needed in needed.items() if is_needed)


def _draw_preference(gender: str, share: float, dice: _Dice) -> str:
    """Somebody of the same gender, if any wish; women wish for it more often."""
    return gender if gender in ("f", "m") and dice.chance(share * (1.5 if gender == "f" else 0.5)) else ""


def _draw_mobility(band: str, needs_step_free: bool, dice: _Dice) -> tuple[str, ...]:
    if not dice.chance(_shares()["newcomers"]["mobility"]):
        return ()
    bike = 0.0 if needs_step_free else {"teen": 0.8, "senior": 0.3}.get(band, 0.62)
    car = {"teen": 0.0, "senior": 0.12, "parent": 0.26}.get(band, 0.16)
    shares = {"walk": 0.93, "bike": bike, "transit": 0.72, "car": car}
    modes = tuple(mode for mode, share in shares.items() if dice.chance(share))
    return modes or ("walk",)


def _draw_wants(band: str, level: str, dice: _Dice) -> dict[str, int]:
    """How many of each kind; minors only groups."""
    if band == "teen":
        return {"association": dice.choice((1, 1, 2))}
    shares = _shares()["newcomers"]
    alone = band in ("senior", "parent")
    wants = {
        "association": dice.choice((1, 1, 1, 1, 2, 2, 2)),
        "mentor": int(dice.chance(shares["mentor_wish"] + (0.1 if level in ("", "A0", "A1") else -0.06))),
        "neighbour": int(dice.chance(shares["neighbour_wish"] + (0.12 if alone else -0.04))),
    }
    if wants["mentor"] + wants["neighbour"] > 0 and dice.chance(shares["no_association_wish"]):
        wants["association"] = 0
    return {kind: number for kind, number in wants.items() if number}


def _draw_newcomer_status(waiting_days: int, dice: _Dice) -> str:
    if waiting_days <= 14 and dice.chance(0.55):
        return "new"
    return dice.pick(_table("newcomers", "status"))


def _maybe_hard_to_serve(town: _Town, newcomer: Newcomer, dice: _Dice) -> Newcomer:
    """Now and then somebody whom no offer fits: the plan has to say so."""
    shares = _shares()["newcomers"]["hard_to_serve"]
    roll = dice.roll()
    if newcomer.guardian_consent or roll > sum(shares.values()):
        return newcomer
    if roll < shares["mentor_in_a_rare_language"]:
        language = dice.choice(town.rare_languages)
        gender = newcomer.gender
        return replace(
            newcomer,
            name=_draw_name(language, gender, _draw_family_name(language, dice), dice),
            email="",
            languages={language: "native", town.language: "A0"},
            contact_language=language,
            wants={"mentor": 1},
            max_placements=None,
            status="ready",
            consent=True,
        )
    place = _draw_place(town, town.far_out_postcode, dice)
    language = next(iter(newcomer.languages))
    return replace(
        newcomer,
        name=_draw_name(language, "f", _draw_family_name(language, dice), dice),
        email="",
        gender="f",
        address=place.address,
        postcode=place.postcode,
        lat=place.lat,
        lon=place.lon,
        needs=("women_only", *(need for need in newcomer.needs if need != "women_only")),
        availability=(_hours("fri", "20:00", "22:00"), _hours("sun", "19:00", "21:30")),
        mobility=("walk",),
        max_minutes=15,
        wants={"association": 1},
        max_placements=None,
        status="ready",
        consent=True,
    )


def _hours(day: str, start: str, end: str) -> Hours:
    midnight = WEEKDAYS.index(day) * MINUTES_A_DAY
    return Hours(midnight + _minutes(start), midnight + _minutes(end))


# Associations ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Association:
    """What the activities of one association have in common."""

    name: str
    contact_name: str
    contact_email: str
    languages: Mapping[str, str]
    seeks: Sequence[str]
    place: _Place


@cache
def _activities_of(kind: str, language: str) -> _Table:
    """What associations of this type do in towns of this language."""
    source = _read_toml("associations.toml")
    return _Table.of(
        {
            key: source["activities"][key].get("weight", 1.0)
            for key in source["types"][kind]["activities"]
            if language in source["activities"][key]
        }
    )


@cache
def _association_types() -> _Table:
    types = _read_toml("associations.toml")["types"]
    return _Table.of({kind: source["weight"] for kind, source in types.items()})


def _draw_activities(town: _Town, n: int, wishes: int, dice: _Dice, today: date) -> list[Offer]:
    """Activities of associations, with about as many free places in all as there are wishes for one."""
    shares = _shares()["activities"]
    free_places = shares["free_places_per_wish"] * wishes / max(1, n) if wishes else 3.0
    names: set[str] = set()
    offers: list[Offer] = []
    while len(offers) < n:
        kind = dice.pick(_association_types())
        n_activities = min(n - len(offers), int(dice.pick(_table("activities", "per_association"))))
        keys = dice.several(_activities_of(kind, town.language), n_activities)
        association = _draw_association(town, kind, keys, names, dice)
        for key in keys:
            offer_id = town.id("a", len(offers) + 1, n)
            offers.append(_draw_activity(town, offer_id, key, association, free_places, dice, today))
    return offers


def _draw_association(
    town: _Town, kind: str, keys: Iterable[str], names: set[str], dice: _Dice
) -> _Association:
    """An association; where women meet among themselves, a woman answers."""
    place = _draw_place(town, dice.pick(town.hosts_at), dice)
    name = _draw_association_name(town, kind, place.district, names, dice)
    names |= {name, *(core for core in _cores(town, kind) if core in name)}
    source = _read_toml("associations.toml")
    for_women = any(source["activities"][key].get("group") == "women_only" for key in keys)
    gender = "f" if for_women or dice.chance(0.5) else "m"
    contact = _draw_name(town.language, gender, _draw_family_name(town.language, dice), dice)
    user = "kontakt" if town.language == "de" else "info"
    languages = _draw_host_languages(town, town.language, 0.55, dice)
    seeks = tuple(source["types"][kind]["seeks"])
    return _Association(name, contact, f"{user}@{_slug(name)}.example", languages, seeks, place)


def _cores(town: _Town, kind: str) -> Sequence[str]:
    cores: Sequence[str] = _read_toml("associations.toml")["types"][kind][f"cores_{town.language}"]
    return cores


def _draw_association_name(town: _Town, kind: str, district: str, taken: Collection[str], dice: _Dice) -> str:
    """A name nobody has: with a word of its own, then with its district, at last with a number."""
    source = _read_toml("associations.toml")["types"][kind]
    for attempt in count():
        core = dice.choice(_cores(town, kind))
        year = dice.choice(_FOUNDING_YEARS)
        pattern = dice.choice(source[town.language])
        name: str = pattern.format(core=core, district=district, year=year, yy=f"{year % 100:02d}")
        if attempt >= 30 and district not in name:
            name = f"{name} {district}"
        if attempt >= 40:
            name = f"{name} {attempt // 20}"
        if name not in taken and (core not in taken or attempt >= 20):
            break
    return name


def _draw_activity(
    town: _Town,
    offer_id: str,
    key: str,
    association: _Association,
    free_places: float,
    dice: _Dice,
    today: date,
) -> Offer:
    shares = _shares()["activities"]
    activity = _read_toml("associations.toml")["activities"][key]
    capacity, taken = _draw_places(activity["size"], free_places, dice)
    cost = _draw_cost(activity["fee"], dice)
    ages = [*activity.get("ages", ()), None, None]
    matters = ages[1] is not None or ages[0] is None or not 16 <= ages[0] <= 18
    access = {
        "step_free": activity.get("step_free", shares["step_free"]),
        "childcare": activity.get("childcare", 0.03),
    }
    place = association.place
    mixing = shares[
        "language_share_max_where_people_talk" if activity.get("mixing") else "language_share_max"
    ]
    return Offer(
        id=offer_id,
        kind="association",
        town=town.key,
        name=f"{association.name} – {activity[town.language]}",
        contact_name=association.contact_name,
        contact_email=association.contact_email,
        languages=association.languages if dice.chance(shares["languages"]) else {},
        min_level=activity.get("level", "") if dice.chance(0.85) else "",
        interests=tuple(activity["interests"]),
        goals=tuple(activity["goals"]),
        seeks=_draw_some(association.seeks, shares["seeks"], dice),
        address=place.address,
        postcode=place.postcode,
        lat=place.lat,
        lon=place.lon,
        times=_draw_sessions(activity["session"], dice) if dice.chance(shares["times"]) else (),
        capacity=capacity,
        taken=taken,
        age_min=ages[0] if matters or dice.chance(0.75) else None,
        age_max=ages[1],
        accepts_minors=activity.get("minors", False),
        gender_group=activity.get("group", "mixed"),
        access=tuple(kind for kind, share in access.items() if dice.chance(share)),
        cost_eur_month=cost,
        cost_support=bool(cost) and dice.chance(shares["cost_support"]),
        language_share_max=dice.choice((0.25, 0.3, 0.35, 0.4, 0.5)) if dice.chance(mixing) else None,
        confirmed_at=_draw_confirmed_at(shares, dice, today),
        status=dice.pick(_table("activities", "status")),
    )


def _draw_places(size: Sequence[int], free_places: float, dice: _Dice) -> tuple[int, int]:
    """Places in all and places taken; a group with free places is at least two fifths full."""
    shares = _shares()["activities"]
    capacity = dice.integer(size[0], size[1])
    roll = dice.roll()
    if roll < shares["overbooked"]:
        return capacity, capacity + dice.integer(1, 2)
    if roll < shares["full"]:
        return capacity, capacity
    free = max(1, round(free_places / (1 - shares["full"]) * (0.3 + 1.4 * dice.roll())))
    capacity = max(capacity, round(free / 0.6))
    return capacity, capacity - free


def _draw_some(values: Sequence[str], share: float, dice: _Dice) -> tuple[str, ...]:
    """One or two of them, or, for lack of a wish, none."""
    return (
        dice.several(_Table.of(dict.fromkeys(values, 1.0)), dice.integer(1, 2)) if dice.chance(share) else ()
    )


def _draw_cost(fee: Sequence[int], dice: _Dice) -> float | None:
    """Euros a month, in halves; None: not said."""
    if dice.chance(_shares()["activities"]["cost_not_said"]):
        return None
    return round(2 * (fee[0] + (fee[1] - fee[0]) * dice.roll())) / 2


def _draw_confirmed_at(shares: Mapping[str, float], dice: _Dice, today: date) -> date | None:
    roll = dice.roll()
    if roll < shares["confirmed_not_said"]:
        return None
    is_stale = roll < shares["confirmed_not_said"] + shares["confirmed_stale"]
    return today - timedelta(days=dice.integer(190, 520) if is_stale else dice.integer(1, 120))


# Mentors and neighbours ------------------------------------------------------------------------------


def _draw_host_languages(town: _Town, native: str, more: float, dice: _Dice) -> dict[str, str]:
    """First language, the town's language, and others that hosts of this town speak."""
    languages = {native: "native"}
    if native != town.language:
        languages[town.language] = dice.choice(("B2", "C1", "C1", "C2"))
        for code, share, levels in _shares()["second_languages"].get(native, ()):
            if code != town.language and dice.chance(share):
                languages[code] = dice.choice(levels)
    for code, share in _shares()["host_languages"][town.language].items():
        if code not in languages and dice.chance(share * more):
            languages[code] = dice.pick(_table("host_levels"))
    return languages


def _draw_screening(shares: Mapping[str, float], dice: _Dice, today: date) -> date | None:
    roll = dice.roll()
    if roll < shares["screening_not_said"]:
        return None
    if roll < shares["screening_not_said"] + shares["screening_expired"]:
        return today - timedelta(days=dice.integer(3, 300))
    return today + timedelta(days=dice.integer(14, 1780))


def _draw_few_places(shares: Mapping[str, float], dice: _Dice) -> tuple[int, int]:
    capacity = 2 if dice.chance(shares["two_places"]) else 1
    if dice.chance(shares["full"]):
        return capacity, capacity
    return capacity, capacity - dice.integer(1, capacity)


def _draw_mentors(town: _Town, n: int, dice: _Dice, today: date) -> list[Offer]:
    mail = _Mail(town, dice)
    return [_draw_mentor(town, town.id("m", number, n), mail, dice, today) for number in range(1, n + 1)]


def _draw_mentor(town: _Town, offer_id: str, mail: _Mail, dice: _Dice, today: date) -> Offer:
    shares = _shares()["mentors"]
    native = dice.pick(town.earlier_newcomers) if dice.chance(shares["earlier_newcomer"]) else town.language
    is_retired = native == town.language and dice.chance(shares["retired"])
    age = dice.integer(62, 76) if is_retired else dice.integer(22, 61)
    gender = "f" if dice.chance(shares["women"]) else "m"
    name = _draw_name(native, gender, _draw_family_name(native, dice), dice)
    interests = dice.several(_table("mentor_interests"), dice.choice((2, 3, 3, 4, 5)))
    place = _draw_place(town, dice.pick(town.hosts_at), dice)
    capacity, taken = _draw_few_places(shares, dice)
    return Offer(
        id=offer_id,
        kind="mentor",
        town=town.key,
        name=name,
        contact_name=name,
        contact_email=mail.for_person(name),
        languages=_draw_host_languages(town, native, 1.0, dice),
        min_level=dice.choice(("A1", "A2", "A2", "B1")) if dice.chance(shares["min_level"]) else "",
        interests=interests,
        dislikes=_draw_dislikes(interests, 0.22, dice),
        goals=dice.several(_table("goals", "mentors"), dice.choice((1, 2, 2, 3))),
        seeks=_draw_skills(shares["seeks"], dice),
        address=place.address,
        postcode=place.postcode,
        lat=place.lat,
        lon=place.lon,
        times=_draw_free_hours("retired" if is_retired else "work", dice) if dice.chance(0.95) else (),
        capacity=capacity,
        taken=taken,
        accepts_minors=dice.chance(shares["accepts_minors"]),
        gender=gender,
        birth_year=None if dice.chance(shares["birth_year_not_said"]) else today.year - age,
        prefers_gender=_draw_preference(gender, shares["prefers_gender"], dice),
        children_birth_years=_draw_children(age, 0.3, dice, today),
        access=("step_free",) if dice.chance(shares["step_free"]) else (),
        screening_valid_until=_draw_screening(shares, dice, today),
        confirmed_at=_draw_confirmed_at(shares, dice, today),
        status=dice.pick(_table("mentors", "status")),
    )


def _draw_children(age: int, share: float, dice: _Dice, today: date) -> tuple[int, ...]:
    """Birth years of the children who live at home."""
    if not 27 <= age <= 56 or not dice.chance(share):
        return ()
    ages = {dice.integer(max(0, age - 42), min(16, age - 25)) for _ in range(dice.integer(1, 3))}
    return tuple(today.year - child for child in sorted(ages, reverse=True))


def _draw_neighbours(town: _Town, n: int, dice: _Dice, today: date) -> list[Offer]:
    mail = _Mail(town, dice)
    return [_draw_neighbour(town, town.id("h", number, n), mail, dice, today) for number in range(1, n + 1)]


def _draw_neighbour(town: _Town, offer_id: str, mail: _Mail, dice: _Dice, today: date) -> Offer:
    shares = _shares()["neighbours"]
    native = dice.pick(town.earlier_newcomers) if dice.chance(shares["earlier_newcomer"]) else town.language
    is_retired = dice.chance(shares["retired"])
    age = dice.integer(62, 80) if is_retired else dice.integer(27, 56)
    children = () if is_retired else _draw_children(age, shares["with_children"] / 0.7, dice, today)
    is_family = bool(children) or dice.chance(0.45)
    gender = "f" if dice.chance(0.6) else "m"
    family_name = _draw_family_name(native, dice)
    contact = _draw_name(native, gender, family_name, dice)
    surname = family_name.split("|")[0]
    interests = dice.several(_table("neighbour_interests"), dice.choice((2, 2, 3, 3, 4)))
    if any(today.year - year <= 10 for year in children) and "playground_meeting" not in interests:
        interests = (*interests, "playground_meeting")
    place = _draw_place(town, dice.pick(town.hosts_at), dice)
    capacity, taken = _draw_few_places(shares, dice)
    life = "retired" if is_retired else dice.choice(("work", "work", "open"))
    return Offer(
        id=offer_id,
        kind="neighbour",
        town=town.key,
        name=f"Familie {surname[0].upper()}{surname[1:]}" if is_family else contact,
        contact_name=contact,
        contact_email=mail.for_person(contact),
        languages=_draw_host_languages(town, native, 0.85, dice),
        interests=interests,
        dislikes=_draw_dislikes(interests, 0.2, dice),
        goals=dice.several(_table("goals", "neighbours"), dice.choice((1, 1, 2, 3))),
        seeks=_draw_skills(shares["seeks"], dice),
        address=place.address,
        postcode=place.postcode,
        lat=place.lat,
        lon=place.lon,
        times=_draw_free_hours(life, dice) if dice.chance(0.93) else (),
        capacity=capacity,
        taken=taken,
        accepts_minors=dice.chance(shares["accepts_minors"]),
        gender="" if is_family else gender,
        birth_year=None if is_family or dice.chance(0.1) else today.year - age,
        prefers_gender=_draw_preference(gender, shares["prefers_gender"], dice),
        children_birth_years=children,
        access=("step_free",) if dice.chance(shares["step_free"]) else (),
        screening_valid_until=_draw_screening(shares, dice, today),
        confirmed_at=_draw_confirmed_at(shares, dice, today),
        status=dice.pick(_table("neighbours", "status")),
    )
