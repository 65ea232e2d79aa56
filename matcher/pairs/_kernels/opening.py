"""Offers that are open to one newcomer, a word of bits at once: all rules but for the way there."""

from __future__ import annotations

import numpy as np

from matcher._compiled import inlined
from matcher.pairs._kernels.hours import WORD_BITS, find_runs, half_hours_of
from matcher.pairs._kernels.masks import Masks, at_step, first_bit
from matcher.pairs._kernels.packing import ASSOCIATION, Array, Marks, PackedNewcomers


@inlined
def _join(bits: Array, others: Array) -> None:
    for word in range(len(bits)):
        bits[word] |= others[word]


@inlined
def _join_all(bits: Array, masks: Array, chosen: Array, first: int, last: int) -> None:
    """Join those of many masks whose bit is set."""
    for word in range(len(chosen)):
        left = chosen[word]
        while left != np.uint64(0):
            _join(bits, masks[word * WORD_BITS + first_bit(left), first:last])
            left &= left - np.uint64(1)


@inlined
def _meet_hours(
    newcomers: PackedNewcomers, masks: Masks, run: int, i: int, kind: int,
    at_hours: Array, runs: Array, first: int, last: int,
) -> None:  # fmt: skip
    """Offers of a kind with a session, or a common hour, in somebody's free hours, as far as bits tell."""
    at_hours[:] = np.uint64(0)
    _join(at_hours, masks.any_time[first:last])
    if kind == ASSOCIATION:
        _join_all(at_hours, masks.at_session, newcomers.attendable[i], first, last)
    else:
        find_runs(newcomers.free.some[i], runs, half_hours_of(run))
        _join_all(at_hours, masks.at_run, runs, first, last)


@inlined
def find_open(
    newcomers: PackedNewcomers, masks: Masks, marks: Marks, run: int, i: int, kind: int,
    is_open: Array, at_hours: Array, runs: Array, first: int, last: int,
) -> bool:  # fmt: skip
    """Which offers of a kind are open to what a newcomer is and asks for, a word of bits at once.

    They lie in the words from `first` to `last`, of which `is_open` and `at_hours` have one each. Returns
    whether there are any.
    """
    youngest = at_step(masks.age_min, newcomers.old_enough[i])
    oldest = at_step(masks.age_max, -newcomers.young_enough[i])
    if youngest < 0 or oldest < 0:
        return False
    is_open[:] = np.uint64(0)
    _join(is_open, masks.easy[first:last])
    for a in range(len(masks.asked)):
        level = newcomers.levels[i, masks.asked[a]]
        if level >= 0:
            _join(is_open, masks.asking[a, level, first:last])
    _join_all(is_open, masks.speaking, newcomers.spoken[i], first, last)
    above, below = masks.age_min.offers[youngest, first:last], masks.age_max.offers[oldest, first:last]
    for word in range(len(is_open)):
        is_open[word] &= above[word] & below[word]
    claims = newcomers.claims[i]
    while claims != np.uint64(0):
        denying = masks.denying[first_bit(claims), first:last]
        claims &= claims - np.uint64(1)
        for word in range(len(is_open)):
            is_open[word] &= ~denying[word]
    if newcomers.group[i] >= 0 and len(masks.mixed) > 0:
        mixed = masks.mixed[newcomers.group[i], first:last]
        for word in range(len(is_open)):
            is_open[word] &= ~mixed[word]
    for t in range(marks.start[i], marks.start[i + 1]):
        word = marks.at[t] // WORD_BITS
        if first <= word < last:
            is_open[word - first] &= ~(np.uint64(1) << np.uint64(marks.at[t] % WORD_BITS))
    found = np.uint64(0)
    for word in range(len(is_open)):
        found |= is_open[word]
    if found == np.uint64(0):
        return False
    if newcomers.says_hours[i]:
        _meet_hours(newcomers, masks, run, i, kind, at_hours, runs, first, last)
        for word in range(len(is_open)):
            is_open[word] &= at_hours[word]
    return True
