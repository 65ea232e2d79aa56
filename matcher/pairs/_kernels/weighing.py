"""Soft criteria of one pair, those of `pairs.criteria`, for machine code; with hours goes their rule."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from matcher._compiled import inlined
from matcher.pairs._kernels.hours import WORD_BITS, n_common_steps
from matcher.pairs._kernels.packing import (
    ASSOCIATION,
    FIRST_CODED,
    Array,
    Lists,
    PackedNewcomers,
    PackedOffers,
    Profiles,
    Speakers,
    declared_criteria,
)
from matcher.pairs.criteria import (
    CHILDREN_APART_YEARS,
    FAR_MINUTES,
    NEUTRAL,
    PLENTY_OF_HOURS,
    SAME_PHASE_YEARS,
)
from matcher.pairs.encoding import STEP_MINUTES
from matcher.records.vocabulary import level_rank

CODED = ("interests", "language", "travel", "hours", "life_phase")
"""The criteria that are written out here; all others lie in a form of `matcher.pairs.packed`."""
DECLARED = declared_criteria(CODED)
INTERESTS, LANGUAGE, TRAVEL, HOURS, LIFE_PHASE = range(FIRST_CODED, FIRST_CODED + len(CODED))
C1, C2 = level_rank("C1"), level_rank("C2")
STEPS_A_WEEK_OF_PLENTY = PLENTY_OF_HOURS * 60 / STEP_MINUTES


class Shared(NamedTuple):
    """What one newcomer shares with each profile of the offers."""

    likes: Array  # (D,) float64: interests of both, broader ones too; one array for each attribute
    against: Array  # what the newcomer dislikes and the offer is about
    unwelcome: Array  # what the newcomer named and the offer dislikes
    overlaps: tuple[Array, ...]  # for each criterion that is an overlap, 0..1
    level: Array  # (D,) int8: of the language that both speak best
    comfort: Array  # as the criterion, 0..1
    children_apart: Array  # years; inf without children on both sides


@inlined
def add_up(lists: Lists, i: int, profiles: Profiles, shared: Array) -> None:
    """The product of one list with every profile; O(profiles that have one of its items)."""
    for t in range(lists.start[i], lists.start[i + 1]):
        weight = lists.weight[t]
        for p in range(profiles.start[lists.item[t]], profiles.start[lists.item[t] + 1]):
            shared[profiles.profile[p]] += weight * profiles.weight[p]


@inlined
def years_apart(newcomers: PackedNewcomers, offers: PackedOffers, i: int, shared: Array) -> None:
    """Between the children of both who are closest in age."""
    shared[:] = np.inf
    for s in range(newcomers.children.start[i], newcomers.children.start[i + 1]):
        born = newcomers.children.item[s]
        for family in range(len(shared)):
            for t in range(offers.children.start[family], offers.children.start[family + 1]):
                shared[family] = min(shared[family], abs(float(born - offers.children.item[t])))


@inlined
def overlap(shared: float, norm: float, other: float) -> float:
    """See `criteria._overlap`: of a product and the squared norms."""
    smaller = min(norm, other)
    return min(1.0, shared / smaller) if smaller > 0 else NEUTRAL


@inlined
def overlaps(norm: float, profiles: Profiles, shared: Array) -> None:
    """Turn products into overlaps."""
    for profile in range(len(shared)):
        shared[profile] = overlap(shared[profile], norm, profiles.norm[profile])


@inlined
def language_comfort(newcomers: PackedNewcomers, speakers: Speakers, i: int, shared: Shared) -> None:
    """See `criteria.language_comfort`; of all speakers."""
    level, zero = shared.level, shared.level.dtype.type(0)
    level[:] = zero
    for language in range(newcomers.levels.shape[1]):
        own, spoken = newcomers.levels[i, language], speakers.levels[language]
        if own > zero:
            for speaker in range(len(level)):
                level[speaker] = max(level[speaker], min(own, spoken[speaker]))
    for town in range(len(speakers.town_language)):
        own = newcomers.levels[i, speakers.town_language[town]]
        first, last = speakers.start[town], speakers.start[town + 1]
        in_common, comfort = level[first:last], shared.comfort[first:last]
        practice, says = speakers.practice[first:last], speakers.says[first:last]
        for speaker in range(len(comfort)):
            value = min(in_common[speaker] / C2, 1.0) + (NEUTRAL if own >= C1 else practice[speaker])
            comfort[speaker] = value / 2 if newcomers.says_languages[i] & says[speaker] else NEUTRAL


@inlined
def hold_against_all(newcomers: PackedNewcomers, offers: PackedOffers, i: int, shared: Shared) -> None:
    """What a newcomer shares with every profile."""
    shared.likes[:] = 0.0
    add_up(newcomers.interests, i, offers.interests, shared.likes)
    if newcomers.dislikes.norm[i] > 0:
        shared.against[:] = 0.0
        add_up(newcomers.dislikes, i, offers.terms, shared.against)
    if newcomers.terms.norm[i] > 0:
        shared.unwelcome[:] = 0.0
        add_up(newcomers.terms, i, offers.dislikes, shared.unwelcome)
    for number in range(len(shared.overlaps)):
        values = shared.overlaps[number]
        values[:] = 0.0
        add_up(newcomers.overlaps[number], i, offers.overlaps[number], values)
        overlaps(newcomers.overlaps[number].norm[i], offers.overlaps[number], values)
    language_comfort(newcomers, offers.speakers, i, shared)
    years_apart(newcomers, offers, i, shared.children_apart)


@inlined
def shared_interests(
    newcomers: PackedNewcomers, offers: PackedOffers, shared: Shared, i: int, j: int
) -> float:
    """See `criteria.shared_interests`."""
    profile = offers.interests.of[j]
    value = overlap(shared.likes[profile], newcomers.interests.norm[i], offers.interests.norm[profile])
    if newcomers.dislikes.norm[i] > 0:
        about = offers.terms.of[j]
        if offers.terms.norm[about] > 0:
            value -= shared.against[about] / offers.terms.norm[about]
    if newcomers.terms.norm[i] > 0:
        value -= shared.unwelcome[offers.dislikes.of[j]] / newcomers.terms.norm[i]
    return min(max(value, 0.0), 1.0)


@inlined
def short_way(minutes: float) -> float:
    """See `criteria.short_way`."""
    return NEUTRAL if np.isnan(minutes) else min(max(1.0 - minutes / FAR_MINUTES, 0.0), 1.0)


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
    i: int, j: int, kind: int, run: int, steps: Array, is_prefiltered: bool,
) -> tuple[float, bool]:  # fmt: skip
    """See `criteria.common_hours`, and whether `eligibility.hours_meet`.

    `attends` has the share of sessions of each timetable that fit; `steps` is scratch, shape (2, F); pairs
    that passed the half hours meet as far as half hours tell.
    """
    value, meets = NEUTRAL, True
    if newcomers.says_hours[i] and offers.says_hours[j]:
        if kind == ASSOCIATION:
            value = attends[offers.timetable[j]]
            meets = value > 0
        else:
            n_steps, meets = n_common_steps(newcomers.free, offers.free, i, j, run, steps, is_prefiltered)
            value = min(1.0, n_steps / STEPS_A_WEEK_OF_PLENTY)
    return value, meets


@inlined
def same_life_phase(
    newcomers: PackedNewcomers, offers: PackedOffers, shared: Shared, i: int, j: int
) -> float:
    """See `criteria.same_life_phase`."""
    total, n_known = 0.0, 0
    gap = abs(newcomers.age[i] - offers.age[j])
    if not np.isnan(gap):
        total += min(max(1.0 - gap / SAME_PHASE_YEARS, 0.0), 1.0)
        n_known += 1
    apart = shared.children_apart[offers.family[j]]
    if apart < np.inf:
        total += min(max(1.0 - apart / CHILDREN_APART_YEARS, 0.0), 1.0)
        n_known += 1
    return total / n_known if n_known > 0 else NEUTRAL
