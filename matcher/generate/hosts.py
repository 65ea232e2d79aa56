"""What every host has, association or volunteer: languages, and the day its places were confirmed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

from matcher.generate.chance import Dice
from matcher.generate.distributions import TownProfile, distributions, table


def draw_host_languages(town: TownProfile, native: str, more: float, dice: Dice) -> dict[str, str]:
    """First language, the town's language, and others that hosts of this town speak."""
    languages = {native: "native"}
    if native != town.language:
        languages[town.language] = dice.choice(("B2", "C1", "C1", "C2"))
        for code, share, levels in distributions()["second_languages"].get(native, ()):
            if code != town.language and dice.chance(share):
                languages[code] = dice.choice(levels)
    for code, share in distributions()["host_languages"][town.language].items():
        if code not in languages and dice.chance(share * more):
            languages[code] = dice.pick(table("host_levels"))
    return languages


def draw_confirmed_at(shares: Mapping[str, float], dice: Dice, today: date) -> date | None:
    roll = dice.roll()
    if roll < shares["confirmed_not_said"]:
        return None
    is_stale = roll < shares["confirmed_not_said"] + shares["confirmed_stale"]
    return today - timedelta(days=dice.integer(190, 520) if is_stale else dice.integer(1, 120))
