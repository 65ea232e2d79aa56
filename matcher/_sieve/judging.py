"""Hard rules of one pair, cheapest first: those of `matcher.eligibility`, for machine code."""

from __future__ import annotations

import numpy as np

from matcher._compiled import inlined
from matcher._sieve.hours import WORD_BITS, n_common_steps
from matcher._sieve.packing import (
    ASSOCIATION,
    N_MODES,
    RULE,
    Array,
    Doors,
    Lists,
    PackedNewcomers,
    PackedOffers,
)
from matcher.criteria import NEUTRAL, PLENTY_OF_HOURS
from matcher.encoding import STEP_MINUTES

STEPS_A_WEEK_OF_PLENTY = PLENTY_OF_HOURS * 60 / STEP_MINUTES
AGE, MIX, LANGUAGE = 1 << RULE["age"], 1 << RULE["mixing_limit"], 1 << RULE["language"]
TRAVEL, HOURS = 1 << RULE["travel"], 1 << RULE["hours"]


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


@inlined
def share_of_sessions(newcomers: PackedNewcomers, sessions: Lists, i: int, timetable: int) -> float:
    """Of the sessions of a timetable, those that lie in free hours."""
    first, last, n_fit = sessions.start[timetable], sessions.start[timetable + 1], 0
    for t in range(first, last):
        session = sessions.item[t]
        word = newcomers.attendable[i, session // WORD_BITS]
        n_fit += (word >> np.uint64(session % WORD_BITS)) & np.uint64(1) != np.uint64(0)
    return n_fit / max(1, last - first)


@inlined
def common_hours(
    newcomers: PackedNewcomers, offers: PackedOffers, attends: Array,
    i: int, j: int, kind: int, run: int, steps: Array,
) -> tuple[float, bool]:  # fmt: skip
    """See `criteria.common_hours`, and whether `eligibility.hours_meet`.

    `attends` has the share of sessions of each timetable that fit; `steps` is scratch, shape (2, F).
    """
    value, meets = NEUTRAL, True
    if newcomers.says_hours[i] and offers.says_hours[j]:
        if kind == ASSOCIATION:
            value = attends[offers.timetable[j]]
            meets = value > 0
        else:
            n_steps, meets = n_common_steps(newcomers.free, offers.free, i, j, run, steps)
            value = min(1.0, n_steps / STEPS_A_WEEK_OF_PLENTY)
    return value, meets
