"""Offers that are open to one newcomer, a word of bits at once: all rules but for the way there."""

from __future__ import annotations

import numpy as np

from matcher._compiled import inlined
from matcher._sieve.hours import HALF_HOUR, HALF_HOUR_WORDS, WORD_BITS, find_runs
from matcher._sieve.masks import Masks, at_step, first_bit
from matcher._sieve.packing import ASSOCIATION, Array, Marks, PackedNewcomers


@inlined
def _join(bits: Array, others: Array) -> None:
    for word in range(len(bits)):
        bits[word] |= others[word]


@inlined
def _meet_hours(
    newcomers: PackedNewcomers, masks: Masks, run: int, i: int, kind: int,
    at_hours: Array, runs: Array, first: int, last: int,
) -> None:  # fmt: skip
    """Offers of a kind with a session, or a common hour, in somebody's free hours, as far as bits tell."""
    at_hours[:] = np.uint64(0)
    _join(at_hours, masks.any_time[first:last])
    if kind == ASSOCIATION:
        for s in range(newcomers.attendable.shape[1]):
            sessions = newcomers.attendable[i, s]
            while sessions != np.uint64(0):
                _join(at_hours, masks.at_session[s * WORD_BITS + first_bit(sessions), first:last])
                sessions &= sessions - np.uint64(1)
    else:
        find_runs(newcomers.free.some[i], runs, -(-run // HALF_HOUR))
        for s in range(HALF_HOUR_WORDS):
            half_hours = runs[s]
            while half_hours != np.uint64(0):
                _join(at_hours, masks.at_run[s * WORD_BITS + first_bit(half_hours), first:last])
                half_hours &= half_hours - np.uint64(1)


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
    for s in range(newcomers.spoken.shape[1]):
        languages = newcomers.spoken[i, s]
        while languages != np.uint64(0):
            _join(is_open, masks.speaking[s * WORD_BITS + first_bit(languages), first:last])
            languages &= languages - np.uint64(1)
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
