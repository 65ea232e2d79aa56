"""Newcomers: what the members of a household speak, like, need and wish for."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta

from matcher.generate.chance import Dice
from matcher.generate.distributions import TownProfile, distributions, interests_of, table
from matcher.generate.households import Household, Member, draw_household
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
from matcher.records.people import Newcomer
from matcher.records.vocabulary import LEVELS, Hours, level_rank, parse_hours

_BANDS_BY_AGE = ((18, "teen"), (28, "young"), (60, "adult"))


def draw_newcomers(town: TownProfile, n: int, dice: Dice, today: date) -> list[Newcomer]:
    mail = Mail(town, dice)
    newcomers: list[Newcomer] = []
    n_households = 0
    while len(newcomers) < n:
        household, members = draw_household(town, dice)
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


def _draw_newcomer(
    town: TownProfile,
    newcomer_id: str,
    household: Household,
    member: Member,
    mail: Mail,
    dice: Dice,
    today: date,
) -> Newcomer:
    shares = distributions()["newcomers"]
    band = _band(member, household.children_ages)
    is_minor = band == "teen"
    name = draw_name(household.language, member.gender, household.family_name, dice)
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
        dislikes=draw_dislikes(interests, shares["dislikes"], dice),
        goals=_draw_newcomer_goals(
            band, languages.get(town.language, ""), bool(household.children_ages), dice
        ),
        can_offer=draw_skills(0.25 if is_minor else shares["can_offer"], dice),
        address=place.address if dice.chance(shares["address"]) else "",
        postcode=place.postcode if has_postcode else "",
        lat=place.lat if has_point else None,
        lon=place.lon if has_point else None,
        birth_year=None if dice.chance(shares["birth_year_not_said"]) else today.year - member.age,
        gender=member.gender,
        prefers_gender=draw_preference(member.gender, shares["prefers_gender"], dice),
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
            int(dice.pick(table("newcomers", "need_levels")))
            if dice.chance(shares["need_level"] if status != "new" else 0.4)
            else None
        ),
        waiting_since=today - timedelta(days=household.waiting_days),
        consent=dice.chance(shares["consent"]),
        status=status,
    )


def _band(member: Member, children_ages: Collection[int]) -> str:
    if member.is_parent and min(children_ages) <= 10 and member.age >= 18:
        return "parent"
    return next((band for limit, band in _BANDS_BY_AGE if member.age < limit), "senior")


def _draw_newcomer_languages(
    town: TownProfile, household: Household, is_minor: bool, dice: Dice
) -> dict[str, str]:
    """First language first; the town's language last, better the longer somebody is here."""
    languages = {household.language: "native"}
    for code, share, levels in distributions()["second_languages"][household.language]:
        if dice.chance(share * (0.6 if is_minor else 1.0)):
            languages[code] = dice.choice(levels)
    progress = household.weeks_here / 30 + dice.around(1.3) + (0.8 if is_minor else 0.2)
    if not dice.chance(0.03):
        languages[town.language] = LEVELS[max(0, min(level_rank("B2"), int(progress)))]
    return languages


def _draw_contact_language(town: TownProfile, languages: Mapping[str, str], dice: Dice) -> str:
    level = languages.get(town.language, "A0")
    if level_rank(level) >= level_rank("B1") and dice.chance(0.4):
        return town.language
    if level_rank(languages.get("en", "A0")) >= level_rank("B2") and dice.chance(0.3):
        return "en"
    return "" if dice.chance(0.02) else next(iter(languages))


def _draw_interests(band: str, gender: str, dice: Dice) -> tuple[str, ...]:
    """Up to five, drawn from what people of this band of life name."""
    if dice.chance(distributions()["newcomers"]["interests_not_said"]):
        return ()
    return dice.several(interests_of(band, gender), dice.choice((1, 2, 2, 3, 3, 3, 4, 4, 5)))


def _draw_newcomer_goals(band: str, level: str, has_children: bool, dice: Dice) -> tuple[str, ...]:
    group = {"teen": "teenagers", "senior": "seniors"}.get(band, "newcomers")
    if dice.chance(0.05):
        return ()
    goals = dice.several(table("goals", group), dice.choice((1, 2, 2, 3, 3)))
    if level in ("", "A0", "A1") and "language" not in goals and dice.chance(0.5):
        goals = ("language", *goals)
    if has_children and band == "parent" and "help_children" not in goals and dice.chance(0.4):
        goals = (*goals, "help_children")
    return goals


def _draw_availability(band: str, dice: Dice) -> tuple[Hours, ...]:
    if not dice.chance(distributions()["newcomers"]["availability"]):
        return ()
    return draw_free_hours(dice.pick(table("life", band)), dice)


def _draw_needs(member: Member, band: str, children_ages: Sequence[int], dice: Dice) -> tuple[str, ...]:
    shares = distributions()["newcomers"]
    small_children = band == "parent" and min(children_ages) < 6
    needed = {
        "women_only": member.gender == "f" and band != "teen" and dice.chance(shares["women_only"]),
        "step_free": dice.chance(shares["step_free_senior" if band == "senior" else "step_free"]),
        "childcare": small_children and member.gender != "m" and dice.chance(shares["childcare"]),
        "low_cost": dice.chance(shares["low_cost"]),
    }
    return tuple(need for need, is_needed in needed.items() if is_needed)


def _draw_mobility(band: str, needs_step_free: bool, dice: Dice) -> tuple[str, ...]:
    if not dice.chance(distributions()["newcomers"]["mobility"]):
        return ()
    bike = 0.0 if needs_step_free else {"teen": 0.8, "senior": 0.3}.get(band, 0.62)
    car = {"teen": 0.0, "senior": 0.12, "parent": 0.26}.get(band, 0.16)
    shares = {"walk": 0.93, "bike": bike, "transit": 0.72, "car": car}
    modes = tuple(mode for mode, share in shares.items() if dice.chance(share))
    return modes or ("walk",)


def _draw_wants(band: str, level: str, dice: Dice) -> dict[str, int]:
    """How many of each kind; minors only groups."""
    if band == "teen":
        return {"association": dice.choice((1, 1, 2))}
    shares = distributions()["newcomers"]
    alone = band in ("senior", "parent")
    wants = {
        "association": dice.choice((1, 1, 1, 1, 2, 2, 2)),
        "mentor": int(dice.chance(shares["mentor_wish"] + (0.1 if level in ("", "A0", "A1") else -0.06))),
        "neighbour": int(dice.chance(shares["neighbour_wish"] + (0.12 if alone else -0.04))),
    }
    if wants["mentor"] + wants["neighbour"] > 0 and dice.chance(shares["no_association_wish"]):
        wants["association"] = 0
    return {kind: number for kind, number in wants.items() if number}


def _draw_newcomer_status(waiting_days: int, dice: Dice) -> str:
    if waiting_days <= 14 and dice.chance(0.55):
        return "new"
    return dice.pick(table("newcomers", "status"))


def _maybe_hard_to_serve(town: TownProfile, newcomer: Newcomer, dice: Dice) -> Newcomer:
    """Now and then somebody whom no offer fits: the plan has to say so."""
    shares = distributions()["newcomers"]["hard_to_serve"]
    roll = dice.roll()
    if newcomer.guardian_consent or roll > sum(shares.values()):
        return newcomer
    if roll < shares["mentor_in_a_rare_language"]:
        language = dice.choice(town.rare_languages)
        gender = newcomer.gender
        return replace(
            newcomer,
            name=draw_name(language, gender, draw_family_name(language, dice), dice),
            email="",
            languages={language: "native", town.language: "A0"},
            contact_language=language,
            wants={"mentor": 1},
            max_placements=None,
            status="ready",
            consent=True,
        )
    place = draw_place(town, town.far_out_postcode, dice)
    language = next(iter(newcomer.languages))
    return replace(
        newcomer,
        name=draw_name(language, "f", draw_family_name(language, dice), dice),
        email="",
        gender="f",
        address=place.address,
        postcode=place.postcode,
        lat=place.lat,
        lon=place.lon,
        needs=("women_only", *(need for need in newcomer.needs if need != "women_only")),
        availability=(parse_hours("fri 20:00-22:00"), parse_hours("sun 19:00-21:30")),
        mobility=("walk",),
        max_minutes=15,
        wants={"association": 1},
        max_placements=None,
        status="ready",
        consent=True,
    )
