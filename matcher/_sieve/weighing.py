"""Soft criteria of one pair in one pass: those of `matcher.criteria`, for machine code."""

from __future__ import annotations

from typing import Any

import numpy as np

from matcher._compiled import inlined
from matcher._sieve.judging import meet_steps, n_sessions_fit
from matcher._sieve.packing import ASSOCIATION, Array, Lists, PackedNewcomers, PackedOffers
from matcher.criteria import (
    CHILDREN_APART_YEARS,
    CRITERIA,
    FAR_MINUTES,
    NEUTRAL,
    PLENTY_OF_HOURS,
    SAME_PHASE_YEARS,
)
from matcher.encoding import STEP_MINUTES
from matcher.vocabulary import level_rank

N_CRITERIA = len(CRITERIA)
INTERESTS, LANGUAGE, TRAVEL, HOURS, GOALS, LIFE_PHASE, RECIPROCITY, FRESHNESS = (
    [criterion.name for criterion in CRITERIA].index(name)
    for name in (
        "interests",
        "language",
        "travel",
        "hours",
        "goals",
        "life_phase",
        "reciprocity",
        "freshness",
    )
)
C1, C2 = level_rank("C1"), level_rank("C2")
STEPS_A_WEEK_OF_PLENTY = PLENTY_OF_HOURS * 60 / STEP_MINUTES


@inlined
def spread(lists: Lists, i: int, values: Array) -> float:
    """Lay the list of one person out by item; returns its squared norm."""
    norm = 0.0
    for t in range(lists.start[i], lists.start[i + 1]):
        values[lists.item[t]] = lists.weight[t]
        norm += lists.weight[t] * lists.weight[t]
    return norm


@inlined
def sweep(lists: Lists, i: int, values: Array) -> None:
    """Take it away again."""
    for t in range(lists.start[i], lists.start[i + 1]):
        values[lists.item[t]] = 0.0


@inlined
def dot(values: Array, lists: Lists, j: int) -> float:
    """What is laid out, times a list."""
    total = 0.0
    for t in range(lists.start[j], lists.start[j + 1]):
        total += values[lists.item[t]] * lists.weight[t]
    return total


@inlined
def squared_norm(lists: Lists, j: int) -> float:
    """Of one list."""
    norm = 0.0
    for t in range(lists.start[j], lists.start[j + 1]):
        norm += lists.weight[t] * lists.weight[t]
    return norm


@inlined
def overlap(values: Array, norm: float, lists: Lists, j: int) -> float:
    """See `criteria._overlap`."""
    smaller = min(norm, squared_norm(lists, j))
    return min(1.0, dot(values, lists, j) / smaller) if smaller > 0 else NEUTRAL


@inlined
def shared_interests(
    likes: Array, named: Array, against: Array, norms: Array, offers: PackedOffers, j: int
) -> float:
    """See `criteria.shared_interests`; what one newcomer likes, named and dislikes is laid out by term."""
    value = overlap(likes, norms[0], offers.interests, j)
    if norms[3] > 0:
        whole = squared_norm(offers.terms, j)
        if whole > 0:
            value -= dot(against, offers.terms, j) / whole
    if norms[1] > 0:
        value -= dot(named, offers.dislikes, j) / norms[1]
    return min(max(value, 0.0), 1.0)


@inlined
def language_comfort(newcomers: PackedNewcomers, offers: PackedOffers, i: int, j: int) -> float:
    """See `criteria.language_comfort`."""
    first, last = offers.languages.start[j], offers.languages.start[j + 1]
    value = NEUTRAL
    if last > first and newcomers.says_languages[i]:
        best = 0.0
        for t in range(first, last):
            own = newcomers.levels[i, offers.languages.item[t]]
            best = max(best, min(float(own), offers.languages.weight[t]))
        practice = NEUTRAL
        if newcomers.levels[i, offers.town_language[j]] < C1:
            practice = 1.0 if offers.speaks_town_language[j] else 0.0
        value = (min(best / C2, 1.0) + practice) / 2
    return value


@inlined
def short_way(minutes: float) -> float:
    """See `criteria.short_way`."""
    return NEUTRAL if np.isnan(minutes) else min(max(1.0 - minutes / FAR_MINUTES, 0.0), 1.0)


@inlined
def common_hours(newcomers: PackedNewcomers, offers: PackedOffers, i: int, j: int, common: Array) -> float:
    """See `criteria.common_hours`; `common` is scratch."""
    value = NEUTRAL
    if newcomers.says_hours[i] and offers.says_hours[j]:
        if offers.kind[j] == ASSOCIATION:
            n_sessions = offers.sessions.start[j + 1] - offers.sessions.start[j]
            value = n_sessions_fit(newcomers, offers, i, j) / max(1, n_sessions)
        else:
            meet_steps(newcomers, offers, i, j, common)
            n_steps = 0
            for word in range(len(common)):
                n_steps += ones_in(common[word])
            value = min(1.0, n_steps / STEPS_A_WEEK_OF_PLENTY)
    return value


@inlined
def ones_in(word: Any) -> Any:
    """How many bits of a word are set, added up side by side in ever wider fields."""
    word = word - ((word >> np.uint64(1)) & np.uint64(0x5555555555555555))
    word = (word & np.uint64(0x3333333333333333)) + ((word >> np.uint64(2)) & np.uint64(0x3333333333333333))
    word = (word + (word >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return np.int64((word * np.uint64(0x0101010101010101)) >> np.uint64(56))


@inlined
def same_life_phase(newcomers: PackedNewcomers, offers: PackedOffers, i: int, j: int) -> float:
    """See `criteria.same_life_phase`."""
    total, n_known = 0.0, 0
    gap = abs(newcomers.age[i] - offers.age[j])
    if not np.isnan(gap):
        total += min(max(1.0 - gap / SAME_PHASE_YEARS, 0.0), 1.0)
        n_known += 1
    apart = np.inf
    for s in range(newcomers.children.start[i], newcomers.children.start[i + 1]):
        for t in range(offers.children.start[j], offers.children.start[j + 1]):
            apart = min(apart, abs(float(newcomers.children.item[s]) - offers.children.item[t]))
    if apart < np.inf:
        total += min(max(1.0 - apart / CHILDREN_APART_YEARS, 0.0), 1.0)
        n_known += 1
    return total / n_known if n_known > 0 else NEUTRAL
