"""Mentors and neighbour households."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

from matcher.generate.chance import Dice
from matcher.generate.distributions import TownProfile, distributions, table
from matcher.generate.hosts import draw_confirmed_at, draw_host_languages
from matcher.generate.traits import (
    Mail,
    draw_dislikes,
    draw_family_name,
    draw_free_hours,
    draw_name,
    draw_place,
    draw_preference,
    draw_skills,
)
from matcher.records.people import Offer


def draw_mentors(town: TownProfile, n: int, dice: Dice, today: date) -> list[Offer]:
    mail = Mail(town, dice)
    return [_draw_mentor(town, town.id("m", number, n), mail, dice, today) for number in range(1, n + 1)]


def _draw_mentor(town: TownProfile, offer_id: str, mail: Mail, dice: Dice, today: date) -> Offer:
    shares = distributions()["mentors"]
    native = dice.pick(town.earlier_newcomers) if dice.chance(shares["earlier_newcomer"]) else town.language
    is_retired = native == town.language and dice.chance(shares["retired"])
    age = dice.integer(62, 76) if is_retired else dice.integer(22, 61)
    gender = "f" if dice.chance(shares["women"]) else "m"
    name = draw_name(native, gender, draw_family_name(native, dice), dice)
    interests = dice.several(table("mentor_interests"), dice.choice((2, 3, 3, 4, 5)))
    place = draw_place(town, dice.pick(town.hosts_at), dice)
    capacity, taken = _draw_few_places(shares, dice)
    return Offer(
        id=offer_id,
        kind="mentor",
        town=town.key,
        name=name,
        contact_name=name,
        contact_email=mail.for_person(name),
        contact_phone=town.number_of(name),
        about=town.said_by("mentor", name),
        languages=draw_host_languages(town, native, 1.0, dice),
        min_level=dice.choice(("A1", "A2", "A2", "B1")) if dice.chance(shares["min_level"]) else "",
        interests=interests,
        dislikes=draw_dislikes(interests, 0.22, dice),
        goals=dice.several(table("goals", "mentors"), dice.choice((1, 2, 2, 3))),
        seeks=draw_skills(shares["seeks"], dice),
        address=place.address,
        postcode=place.postcode,
        lat=place.lat,
        lon=place.lon,
        times=draw_free_hours("retired" if is_retired else "work", dice) if dice.chance(0.95) else (),
        capacity=capacity,
        taken=taken,
        accepts_minors=dice.chance(shares["accepts_minors"]),
        gender=gender,
        birth_year=None if dice.chance(shares["birth_year_not_said"]) else today.year - age,
        prefers_gender=draw_preference(gender, shares["prefers_gender"], dice),
        children_birth_years=_draw_children(age, 0.3, dice, today),
        access=("step_free",) if dice.chance(shares["step_free"]) else (),
        screening_valid_until=_draw_screening(shares, dice, today),
        confirmed_at=draw_confirmed_at(shares, dice, today),
        status=dice.pick(table("mentors", "status")),
    )


def draw_neighbours(town: TownProfile, n: int, dice: Dice, today: date) -> list[Offer]:
    mail = Mail(town, dice)
    return [_draw_neighbour(town, town.id("h", number, n), mail, dice, today) for number in range(1, n + 1)]


def _draw_neighbour(town: TownProfile, offer_id: str, mail: Mail, dice: Dice, today: date) -> Offer:
    shares = distributions()["neighbours"]
    native = dice.pick(town.earlier_newcomers) if dice.chance(shares["earlier_newcomer"]) else town.language
    is_retired = dice.chance(shares["retired"])
    age = dice.integer(62, 80) if is_retired else dice.integer(27, 56)
    children = () if is_retired else _draw_children(age, shares["with_children"] / 0.7, dice, today)
    is_family = bool(children) or dice.chance(0.45)
    gender = "f" if dice.chance(0.6) else "m"
    family_name = draw_family_name(native, dice)
    contact = draw_name(native, gender, family_name, dice)
    surname = family_name.split("|")[0]
    interests = dice.several(table("neighbour_interests"), dice.choice((2, 2, 3, 3, 4)))
    if any(today.year - year <= 10 for year in children) and "playground_meeting" not in interests:
        interests = (*interests, "playground_meeting")
    place = draw_place(town, dice.pick(town.hosts_at), dice)
    capacity, taken = _draw_few_places(shares, dice)
    life = "retired" if is_retired else dice.choice(("work", "work", "open"))
    return Offer(
        id=offer_id,
        kind="neighbour",
        town=town.key,
        name=f"Familie {surname[0].upper()}{surname[1:]}" if is_family else contact,
        contact_name=contact,
        contact_email=mail.for_person(contact),
        contact_phone=town.number_of(contact),
        about=town.said_by("neighbour", contact),
        languages=draw_host_languages(town, native, 0.85, dice),
        interests=interests,
        dislikes=draw_dislikes(interests, 0.2, dice),
        goals=dice.several(table("goals", "neighbours"), dice.choice((1, 1, 2, 3))),
        seeks=draw_skills(shares["seeks"], dice),
        address=place.address,
        postcode=place.postcode,
        lat=place.lat,
        lon=place.lon,
        times=draw_free_hours(life, dice) if dice.chance(0.93) else (),
        capacity=capacity,
        taken=taken,
        accepts_minors=dice.chance(shares["accepts_minors"]),
        gender="" if is_family else gender,
        birth_year=None if is_family or dice.chance(0.1) else today.year - age,
        prefers_gender=draw_preference(gender, shares["prefers_gender"], dice),
        children_birth_years=children,
        access=("step_free",) if dice.chance(shares["step_free"]) else (),
        screening_valid_until=_draw_screening(shares, dice, today),
        confirmed_at=draw_confirmed_at(shares, dice, today),
        status=dice.pick(table("neighbours", "status")),
    )


def _draw_children(age: int, share: float, dice: Dice, today: date) -> tuple[int, ...]:
    """Birth years of the children who live at home."""
    if not 27 <= age <= 56 or not dice.chance(share):
        return ()
    ages = {dice.integer(max(0, age - 42), min(16, age - 25)) for _ in range(dice.integer(1, 3))}
    return tuple(today.year - child for child in sorted(ages, reverse=True))


def _draw_screening(shares: Mapping[str, float], dice: Dice, today: date) -> date | None:
    roll = dice.roll()
    if roll < shares["screening_not_said"]:
        return None
    if roll < shares["screening_not_said"] + shares["screening_expired"]:
        return today - timedelta(days=dice.integer(3, 300))
    return today + timedelta(days=dice.integer(14, 1780))


def _draw_few_places(shares: Mapping[str, float], dice: Dice) -> tuple[int, int]:
    capacity = 2 if dice.chance(shares["two_places"]) else 1
    if dice.chance(shares["full"]):
        return capacity, capacity
    return capacity, capacity - dice.integer(1, capacity)
