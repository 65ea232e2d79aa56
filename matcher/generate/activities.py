"""Associations and their activities: one activity is one offer."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from itertools import count

from matcher.generate.chance import Dice, Table
from matcher.generate.distributions import TownProfile, associations, distributions, table
from matcher.generate.hosts import draw_confirmed_at, draw_host_languages
from matcher.generate.traits import DrawnPlace, draw_family_name, draw_name, draw_place, minute_of_day, slug
from matcher.records.people import Offer
from matcher.records.vocabulary import MINUTES_A_DAY, WEEKDAYS, Hours

_FOUNDING_YEARS = (*range(1899, 1930), *range(1949, 1995))


@dataclass(frozen=True)
class _Association:
    """What the activities of one association have in common."""

    name: str
    contact_name: str
    contact_email: str
    languages: Mapping[str, str]
    seeks: Sequence[str]
    place: DrawnPlace


@cache
def _activities_of(kind: str, language: str) -> Table:
    """What associations of this type do in towns of this language."""
    source = associations()
    return Table.of(
        {
            key: source["activities"][key].get("weight", 1.0)
            for key in source["types"][kind]["activities"]
            if language in source["activities"][key]
        }
    )


@cache
def _association_types() -> Table:
    types = associations()["types"]
    return Table.of({kind: source["weight"] for kind, source in types.items()})


def draw_activities(town: TownProfile, n: int, wishes: int, dice: Dice, today: date) -> list[Offer]:
    """Activities of associations, with about as many free places in all as there are wishes for one."""
    shares = distributions()["activities"]
    free_places = shares["free_places_per_wish"] * wishes / max(1, n) if wishes else 3.0
    names: set[str] = set()
    offers: list[Offer] = []
    while len(offers) < n:
        kind = dice.pick(_association_types())
        n_activities = min(n - len(offers), int(dice.pick(table("activities", "per_association"))))
        keys = dice.several(_activities_of(kind, town.language), n_activities)
        association = _draw_association(town, kind, keys, names, dice)
        for key in keys:
            offer_id = town.id("a", len(offers) + 1, n)
            offers.append(_draw_activity(town, offer_id, key, association, free_places, dice, today))
    return offers


def _draw_association(
    town: TownProfile, kind: str, keys: Iterable[str], names: set[str], dice: Dice
) -> _Association:
    """An association; where women meet among themselves, a woman answers."""
    place = draw_place(town, dice.pick(town.hosts_at), dice)
    name = _draw_association_name(town, kind, place.district, names, dice)
    names |= {name, *(core for core in _cores(town, kind) if core in name)}
    source = associations()
    for_women = any(source["activities"][key].get("group") == "women_only" for key in keys)
    gender = "f" if for_women or dice.chance(0.5) else "m"
    contact = draw_name(town.language, gender, draw_family_name(town.language, dice), dice)
    user = "kontakt" if town.language == "de" else "info"
    languages = draw_host_languages(town, town.language, 0.55, dice)
    seeks = tuple(source["types"][kind]["seeks"])
    return _Association(name, contact, f"{user}@{slug(name)}.example", languages, seeks, place)


def _cores(town: TownProfile, kind: str) -> Sequence[str]:
    cores: Sequence[str] = associations()["types"][kind][f"cores_{town.language}"]
    return cores


def _draw_association_name(
    town: TownProfile, kind: str, district: str, taken: Collection[str], dice: Dice
) -> str:
    """A name nobody has: with a word of its own, then with its district, at last with a number."""
    source = associations()["types"][kind]
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
    town: TownProfile,
    offer_id: str,
    key: str,
    association: _Association,
    free_places: float,
    dice: Dice,
    today: date,
) -> Offer:
    shares = distributions()["activities"]
    activity = associations()["activities"][key]
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
        contact_phone=town.number_of(association.contact_name),
        about=town.said_by("association", association.name),
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
        confirmed_at=draw_confirmed_at(shares, dice, today),
        status=dice.pick(table("activities", "status")),
    )


def _draw_sessions(pattern: str, dice: Dice) -> tuple[Hours, ...]:
    source = distributions()["sessions"][pattern]
    two = len(source["days"]) > 1 and dice.chance(distributions()["activities"]["two_sessions"])
    start, length = minute_of_day(dice.choice(source["starts"])), dice.choice(source["minutes"])
    return tuple(
        Hours(midnight + start, midnight + start + length)
        for day in dice.several(table("sessions", pattern, "days"), 2 if two else 1)
        for midnight in (WEEKDAYS.index(day) * MINUTES_A_DAY,)
    )


def _draw_places(size: Sequence[int], free_places: float, dice: Dice) -> tuple[int, int]:
    """Places in all and places taken; a group with free places is at least two fifths full."""
    shares = distributions()["activities"]
    capacity = dice.integer(size[0], size[1])
    roll = dice.roll()
    if roll < shares["overbooked"]:
        return capacity, capacity + dice.integer(1, 2)
    if roll < shares["full"]:
        return capacity, capacity
    free = max(1, round(free_places / (1 - shares["full"]) * (0.3 + 1.4 * dice.roll())))
    capacity = max(capacity, round(free / 0.6))
    return capacity, capacity - free


def _draw_some(values: Sequence[str], share: float, dice: Dice) -> tuple[str, ...]:
    """One or two of them, or, for lack of a wish, none."""
    return (
        dice.several(Table.of(dict.fromkeys(values, 1.0)), dice.integer(1, 2)) if dice.chance(share) else ()
    )


def _draw_cost(fee: Sequence[int], dice: Dice) -> float | None:
    """Euros a month, in halves; None: not said."""
    if dice.chance(distributions()["activities"]["cost_not_said"]):
        return None
    return round(2 * (fee[0] + (fee[1] - fee[0]) * dice.roll())) / 2
