"""Hard rules of one pair, cheapest first: those of `matcher.eligibility`, for machine code."""

from __future__ import annotations

import numpy as np

from matcher._compiled import inlined
from matcher._sieve.packing import ASSOCIATION, RULE, Array, PackedNewcomers, PackedOffers

AGE, MIX, LANGUAGE = 1 << RULE["age"], 1 << RULE["mixing_limit"], 1 << RULE["language"]
TRAVEL, HOURS = 1 << RULE["travel"], 1 << RULE["hours"]
WORD_BITS = 64


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
    for mode in range(len(minutes_a_km)):
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
def breaks_age(newcomers: PackedNewcomers, offers: PackedOffers, i: int, j: int) -> bool:
    """See `eligibility.age_fits`; an age that is not known fits no limit."""
    low, high = offers.age_min[j], offers.age_max[j]
    age = newcomers.age[i]
    return (not np.isnan(low) and not age >= low) or (not np.isnan(high) and not age - 1 <= high)


@inlined
def breaks_mix(newcomers: PackedNewcomers, offers: PackedOffers, i: int, j: int) -> bool:
    """See `eligibility.keeps_the_mix`."""
    group = newcomers.group[i]
    return offers.group_places.shape[1] > 0 and group >= 0 and offers.group_places[j, group] == 0


@inlined
def breaks_language(newcomers: PackedNewcomers, offers: PackedOffers, i: int, j: int) -> bool:
    """See `eligibility.languages_meet`."""
    asked = offers.min_level[j]
    meets = offers.kind[j] == ASSOCIATION
    if asked >= 0:
        meets = newcomers.levels[i, offers.town_language[j]] >= asked
    else:
        for word in range(offers.spoken.shape[1]):
            meets |= (newcomers.spoken[i, word] & offers.spoken[j, word]) != np.uint64(0)
    return not meets


@inlined
def n_sessions_fit(newcomers: PackedNewcomers, offers: PackedOffers, i: int, j: int) -> int:
    """How many sessions of an activity lie in free hours."""
    n_fit = 0
    for t in range(offers.sessions.start[j], offers.sessions.start[j + 1]):
        session = offers.sessions.item[t]
        word = newcomers.attendable[i, session // WORD_BITS]
        n_fit += (word >> np.uint64(session % WORD_BITS)) & np.uint64(1) != np.uint64(0)
    return n_fit


@inlined
def meet_steps(newcomers: PackedNewcomers, offers: PackedOffers, i: int, j: int, common: Array) -> int:
    """Put the steps that are free on both sides into `common`; returns how many words have any."""
    n_words = 0
    for word in range(len(common)):
        common[word] = newcomers.free_steps[i, word] & offers.free_steps[j, word]
        n_words += common[word] != np.uint64(0)
    return n_words


@inlined
def has_run(common: Array, shifted: Array, length: int) -> bool:
    """Whether so many steps in a row are free: see `eligibility.hours_meet`."""
    reached = 1
    for word in range(len(common)):
        shifted[word] = common[word]
    while reached < length:
        step = min(reached, length - reached, WORD_BITS - 1)
        for word in range(len(shifted)):
            carried = np.uint64(0)
            if word + 1 < len(shifted):
                carried = shifted[word + 1] << np.uint64(WORD_BITS - step)
            shifted[word] &= (shifted[word] >> np.uint64(step)) | carried
        reached += step
    found = np.uint64(0)
    for word in range(len(shifted)):
        found |= shifted[word]
    return found != np.uint64(0)


@inlined
def breaks_hours(
    newcomers: PackedNewcomers, offers: PackedOffers, i: int, j: int, steps: Array, run: int
) -> bool:
    """See `eligibility.hours_meet`; `steps` is scratch, shape (2, F)."""
    meets = True
    if newcomers.says_hours[i] and offers.says_hours[j]:
        if offers.kind[j] == ASSOCIATION:
            meets = n_sessions_fit(newcomers, offers, i, j) > 0
        else:
            meets = meet_steps(newcomers, offers, i, j, steps[0]) > 0 and has_run(steps[0], steps[1], run)
    return not meets
