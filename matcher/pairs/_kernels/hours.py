"""Free hours of two people: whether they meet, and for how long. By half hours first, then by steps."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from matcher._compiled import inlined, kernel
from matcher.pairs.encoding import STEP_MINUTES

Array = NDArray[Any]
WORD_BITS = 64
HALF_HOUR = 30 // STEP_MINUTES  # in steps
HALF_HOURS = 7 * 24 * 2  # a week
HALF_HOUR_WORDS = -(-HALF_HOURS // WORD_BITS)


class PackedHours(NamedTuple):
    """Free steps of a week as bits, and a coarse view: half hours with any of their steps, and with all."""

    steps: Array  # (n, F) uint64
    some: Array  # (n, HALF_HOUR_WORDS) uint64
    whole: Array  # (n, HALF_HOUR_WORDS) uint64
    is_plain: Array  # (n,) bool: whether both are the same


def hours_of(steps: Array) -> PackedHours:
    """Free steps with their coarse view."""
    shape = len(steps), HALF_HOUR_WORDS
    hours = PackedHours(
        steps, np.zeros(shape, np.uint64), np.zeros(shape, np.uint64), np.ones(len(steps), np.bool_)
    )
    _look_closer(hours)
    return hours._replace(is_plain=(hours.some == hours.whole).all(axis=1))


@kernel
def _look_closer(hours: PackedHours) -> None:
    """Fill in the coarse view."""
    all_steps = (np.uint64(1) << np.uint64(HALF_HOUR)) - np.uint64(1)
    for person in range(len(hours.steps)):
        for half_hour in range(HALF_HOURS):
            word, first = divmod(half_hour * HALF_HOUR, WORD_BITS)
            steps = hours.steps[person, word] >> np.uint64(first)
            if first + HALF_HOUR > WORD_BITS:
                steps |= hours.steps[person, word + 1] << np.uint64(WORD_BITS - first)
            steps &= all_steps
            bit = np.uint64(1) << np.uint64(half_hour % WORD_BITS)
            if steps != np.uint64(0):
                hours.some[person, half_hour // WORD_BITS] |= bit
            if steps == all_steps:
                hours.whole[person, half_hour // WORD_BITS] |= bit


def runs_of(hours: PackedHours, run: int) -> Array:
    """Half hours of each person from which so many steps in a row may be free, as words of bits."""
    found = np.zeros_like(hours.some)
    _find_all_runs(hours.some, found, run)
    return found


@kernel
def _find_all_runs(half_hours: Array, found: Array, run: int) -> None:
    length = half_hours_of(run)
    for person in range(len(found)):
        find_runs(half_hours[person], found[person], length)


@inlined
def half_hours_of(run: int) -> int:
    """How many half hours so many steps in a row touch at least."""
    return -(-run // HALF_HOUR)


@inlined
def n_common_steps(
    newcomers: PackedHours,
    offers: PackedHours,
    i: int,
    j: int,
    run: int,
    scratch: Array,
    is_prefiltered: bool,
) -> tuple[int, bool]:
    """How many steps two people have in common, and whether there are `run` in a row.

    Where no half hour is free in part on both sides, half hours are enough to tell; pairs that passed them
    have enough of those in a row. `scratch` has shape (2, F).
    """
    in_part, n_steps = np.uint64(0), 0
    for word in range(HALF_HOUR_WORDS):
        some = newcomers.some[i, word] & offers.some[j, word]
        n_steps += HALF_HOUR * ones_in(some)
    if not (newcomers.is_plain[i] and offers.is_plain[j]):
        for word in range(HALF_HOUR_WORDS):
            some = newcomers.some[i, word] & offers.some[j, word]
            in_part |= some ^ (newcomers.whole[i, word] & offers.whole[j, word])
    if in_part == np.uint64(0) and is_prefiltered:
        return n_steps, True
    n_words, length = HALF_HOUR_WORDS, half_hours_of(run)
    if in_part != np.uint64(0):
        n_steps, n_words, length = 0, scratch.shape[1], run
        for word in range(n_words):
            scratch[0, word] = newcomers.steps[i, word] & offers.steps[j, word]
            n_steps += ones_in(scratch[0, word])
    else:
        for word in range(n_words):
            scratch[0, word] = newcomers.some[i, word] & offers.some[j, word]
    return n_steps, n_steps > 0 and _has_run(scratch[0, :n_words], scratch[1, :n_words], length)


@inlined
def _has_run(common: Array, shifted: Array, length: int) -> bool:
    """Whether so many steps in a row are free: see `eligibility.hours_meet`."""
    find_runs(common, shifted, length)
    found = np.uint64(0)
    for word in range(len(shifted)):
        found |= shifted[word]
    return found != np.uint64(0)


@inlined
def find_runs(common: Array, shifted: Array, length: int) -> None:
    """Fill `shifted` with the steps from which so many in a row are free."""
    reached = 1
    for word in range(len(shifted)):
        shifted[word] = common[word]
    while reached < length:
        step = min(reached, length - reached, WORD_BITS - 1)
        for word in range(len(shifted)):
            carried = np.uint64(0)
            if word + 1 < len(shifted):
                carried = shifted[word + 1] << np.uint64(WORD_BITS - step)
            shifted[word] &= (shifted[word] >> np.uint64(step)) | carried
        reached += step


@inlined
def ones_in(word: Any) -> Any:
    """How many bits of a word are set, added up side by side in ever wider fields."""
    word = word - ((word >> np.uint64(1)) & np.uint64(0x5555555555555555))
    word = (word & np.uint64(0x3333333333333333)) + ((word >> np.uint64(2)) & np.uint64(0x3333333333333333))
    word = (word + (word >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return np.int64((word * np.uint64(0x0101010101010101)) >> np.uint64(56))
