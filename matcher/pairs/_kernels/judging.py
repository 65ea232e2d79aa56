"""Hard rules of one pair, cheapest first: those of `matcher.pairs.eligibility`, for machine code."""

from __future__ import annotations

import numpy as np

from matcher._compiled import inlined
from matcher.pairs._kernels.packing import (
    N_MODES,
    RULE,
    Array,
    Doors,
    PackedNewcomers,
    PackedOffers,
    check_written_out,
)

CODED = ("age", "mixing_limit", "language", "travel", "hours")
"""The rules that are written out here, and in `weighing` where a criterion goes with them."""
check_written_out(CODED)
AGE, MIX, LANGUAGE, TRAVEL, HOURS = (1 << RULE[name] for name in CODED)


@inlined
def distance_km(newcomers: PackedNewcomers, offers: PackedOffers, i: int, j: int) -> float:
    """As the crow flies; NaN where a point is not known."""
    x = newcomers.points_km[i, 0] - offers.points_km[j, 0]
    y = newcomers.points_km[i, 1] - offers.points_km[j, 1]
    z = newcomers.points_km[i, 2] - offers.points_km[j, 2]
    return np.sqrt(x * x + y * y + z * z)


@inlined
def minutes_of(newcomers: PackedNewcomers, minutes_a_km: Array, i: int, distance: float) -> float:
    """By the quickest own means of transport; NaN where the distance is."""
    least = np.inf
    for mode in range(N_MODES):
        least = min(least, newcomers.fixed_minutes[i, mode] + minutes_a_km[mode] * distance)
    return np.nan if np.isnan(distance) else least


@inlined
def broken_bits(claims: int, denials: int, rule_of_bit: Array) -> int:
    """The rules that a word of claims and one of denials break, as bits."""
    rules = 0
    meeting = claims & denials
    if meeting != 0:
        for bit in range(len(rule_of_bit)):
            if (meeting >> np.uint64(bit)) & np.uint64(1) != np.uint64(0):
                rules |= 1 << rule_of_bit[bit]
    return rules


@inlined
def breaks_age(newcomers: PackedNewcomers, doors: Doors, i: int, door: int) -> bool:
    """See `eligibility.age_fits`; an age that is not known fits no limit."""
    return (newcomers.old_enough[i] < doors.age_min[door]) | (newcomers.young_enough[i] > doors.age_max[door])


@inlined
def breaks_language(newcomers: PackedNewcomers, doors: Doors, i: int, door: int) -> bool:
    """See `eligibility.languages_meet`."""
    asked = doors.min_level[door]
    in_common = np.uint64(0)
    for word in range(doors.spoken.shape[1]):
        in_common |= newcomers.spoken[i, word] & doors.spoken[door, word]
    is_enough = doors.needs_no_language[door] | (in_common != np.uint64(0))
    has_level = newcomers.levels[i, doors.town_language[door]] >= asked
    return not ((asked >= 0) & has_level | (asked < 0) & is_enough)


@inlined
def breaks_mix(newcomers: PackedNewcomers, offers: PackedOffers, i: int, j: int) -> bool:
    """See `eligibility.keeps_the_mix`."""
    group = newcomers.group[i]
    return offers.group_places.shape[1] > 0 and group >= 0 and offers.group_places[j, group] == 0
