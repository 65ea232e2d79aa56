"""Who lives together, where, and since when. Asks nobody what they want."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from matcher.generate.chance import Dice
from matcher.generate.distributions import TownProfile, distributions, table
from matcher.generate.traits import DrawnPlace, draw_family_name, draw_place


@dataclass(frozen=True)
class Household:
    """What the newcomers of one household have in common."""

    language: str
    family_name: str
    place: DrawnPlace
    waiting_days: int
    weeks_here: float
    children_ages: tuple[int, ...]


@dataclass(frozen=True)
class Member:
    """One newcomer of a household, before anything is asked."""

    gender: str
    age: int
    is_parent: bool


def draw_household(town: TownProfile, dice: Dice) -> tuple[Household, list[Member]]:
    shares = distributions()["newcomers"]
    kind = dice.pick(table("households"))
    adult_age = _draw_adult_age(kind, shares, dice)
    gender = _draw_gender(shares, dice)
    children: list[int] = []
    members: list[Member] = []
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
    members.append(Member(gender, adult_age, is_parent))
    if kind.startswith("couple"):
        other = "m" if gender == "f" else "f"
        members.append(Member(other, max(19, adult_age + dice.integer(-5, 5)), is_parent))
    if kind == "siblings":
        members.append(Member(_draw_gender(shares, dice), adult_age - dice.integer(1, 6), False))
    if kind.endswith("with_teenager"):
        members.append(Member("f" if dice.chance(0.5) else "m", teen_age, False))
    return _settle(town, tuple(children), dice), members


def _settle(town: TownProfile, children_ages: tuple[int, ...], dice: Dice) -> Household:
    """Where a household lives, what it speaks and how long it waits."""
    shares = distributions()["newcomers"]
    language = dice.pick(town.arrivals)
    waiting = -shares["wait_mean_days"] * float(np.log1p(-dice.roll()))
    waiting_days = int(min(waiting, shares["wait_max_days"] * (0.9 + 0.1 * dice.roll())))
    return Household(
        language=language,
        family_name=draw_family_name(language, dice),
        place=draw_place(town, dice.pick(town.newcomers_at), dice),
        waiting_days=waiting_days,
        weeks_here=waiting_days / 7 + dice.integer(2, 60),
        children_ages=children_ages,
    )


def _draw_adult_age(kind: str, shares: Mapping[str, float], dice: Dice) -> int:
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


def _draw_gender(shares: Mapping[str, float], dice: Dice) -> str:
    roll = dice.roll()
    if roll < shares["gender_diverse"]:
        return "d"
    if roll < shares["gender_diverse"] + shares["gender_not_said"]:
        return ""
    return "f" if dice.chance(shares["women"]) else "m"
