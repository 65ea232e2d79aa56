"""Soft criteria: how well a possible pair fits, each from 0 to 1. No weights, no rules.

What cannot be judged, because one side did not say it, takes the neutral value. Origin, nationality,
religion, ethnicity, residence status and health are not read here, and nowhere else.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from matcher.pairs.encoding import STEP_MINUTES, FloatArray, IntArray
from matcher.pairs.packed import CriterionPacking, OfOffer, Overlap, WrittenOut
from matcher.pairs.situation import Pairs, Situation, by_kind
from matcher.records.vocabulary import level_rank

NEUTRAL = 0.5
FAR_MINUTES = 60.0
PLENTY_OF_HOURS = 4.0
SAME_PHASE_YEARS = 15.0
CHILDREN_APART_YEARS = 6.0
_CHUNK = 200_000


@dataclass(frozen=True)
class Criterion:
    """A soft criterion, declared once: weights, scores, the compiled pass and explanations follow from it.

    Parameters
    ----------
    name : str
        Also that of its weight in the policy.
    text : str
        What people read beside its part of a score.
    measure : callable
        ``measure(pairs)`` gives a float from 0 to 1 a pair.
    weight : float
        What it counts where a policy says nothing.
    packed : OfOffer, Overlap, Table or WrittenOut
        How it lies for the pass over everybody.
    reason : str
        The few words of a list where it speaks strongly for a pair; empty where a number stands there anyway.
    facts : str
        Which facts of a pair its explanation names (`matcher.questions.facts.PairFacts`); empty for none.
    """

    name: str
    text: str
    measure: Callable[[Pairs], FloatArray]
    weight: float
    packed: CriterionPacking
    reason: str = ""
    facts: str = ""


def _(text: str) -> str:
    """Mark a text for translation."""
    return text


def shared_interests(pairs: Pairs) -> FloatArray:
    """Overlap of interests, less the share of what either side dislikes.

    overlap = a.b / min(a.a, b.b) of the interest vectors: 1 where everything the less demanding side named
    is shared, 0.36 for two different interests of one broader kind.
    """
    newcomers, offers = pairs.newcomers, pairs.offers
    overlap = _overlap(pairs, newcomers.interests, offers.interests)
    against = _share(pairs, newcomers.dislikes, offers.interest_terms, of_newcomer=False)
    against += _share(pairs, newcomers.interest_terms, offers.dislikes, of_newcomer=True)
    return np.clip(overlap - against, 0.0, 1.0)


def language_comfort(pairs: Pairs) -> FloatArray:
    """Half for the best language both speak, half for practice in the town's language.

    Comfort is the lower of both levels in the best common language, C2 and native counting 1. Practice is 1
    with somebody who speaks the town's language well (C1) and a newcomer who does not yet, neutral for a
    newcomer who does. An offer that names no language is neutral.
    """
    rows, columns = pairs.rows, pairs.columns
    both = np.minimum(pairs.newcomers.levels[rows], pairs.offers.levels[columns])
    comfort = np.clip(both.max(axis=1, initial=0), 0, level_rank("C2")) / level_rank("C2")
    town_language = pairs.offers.town_language[columns]
    learns = pairs.newcomers.levels[rows, town_language] < level_rank("C1")
    spoken_here = pairs.offers.levels[columns, town_language] >= level_rank("C1")
    practice = np.where(learns, spoken_here, NEUTRAL)
    said = (pairs.offers.levels[columns] >= 0).any(axis=1) & (pairs.newcomers.levels[rows] >= 0).any(axis=1)
    return np.where(said, (comfort + practice) / 2, NEUTRAL)


def short_way(pairs: Pairs) -> FloatArray:
    """1 next door, 0 at an hour's travel."""
    return _or_neutral(np.clip(1.0 - pairs.minutes / FAR_MINUTES, 0.0, 1.0))


def common_hours(pairs: Pairs) -> FloatArray:
    """The share of an activity's sessions that fit; with a person, common hours a week, four being 1."""
    said = pairs.newcomers.says_hours[pairs.rows] & pairs.offers.says_hours[pairs.columns]
    return np.where(said, by_kind(pairs, _share_of_sessions, _share_of_plenty), NEUTRAL)


def goals_served(pairs: Pairs) -> FloatArray:
    """Overlap of the newcomer's goals with those the offer serves."""
    return _overlap(pairs, pairs.newcomers.goals, pairs.offers.goals)


def same_life_phase(pairs: Pairs) -> FloatArray:
    """Children of about the same age, or people of about the same age: the mean of what is known.

    Children: 1 for the same year of birth, 0 from six years apart. A mentor's age: 1 - |difference| / 15.
    """
    age_gap = np.abs(pairs.newcomers.age[pairs.rows] - pairs.offers.age[pairs.columns])
    age = np.clip(1.0 - age_gap / SAME_PHASE_YEARS, 0.0, 1.0)
    children = np.clip(1.0 - _children_apart(pairs) / CHILDREN_APART_YEARS, 0.0, 1.0)
    known = np.stack([age, children])
    n_known = (~np.isnan(known)).sum(axis=0)
    return np.where(n_known > 0, np.nansum(known, axis=0) / np.maximum(1, n_known), NEUTRAL)


def gives_and_takes(pairs: Pairs) -> FloatArray:
    """Overlap of what the newcomer can offer with what the other side seeks."""
    return _overlap(pairs, pairs.newcomers.can_offer, pairs.offers.seeks)


def places_confirmed(pairs: Pairs) -> FloatArray:
    """1 where the free places were confirmed today, 0 from the policy's number of days on."""
    return _fresh(pairs.situation)[pairs.columns]


def _fresh(situation: Situation) -> FloatArray:
    days = situation.town.offers.confirmed_days
    return _or_neutral(np.clip(1.0 - days / situation.policy.limits.freshness_days, 0.0, 1.0))


CRITERIA = (
    Criterion(
        "interests",
        _("shared interests"),
        shared_interests,
        weight=3.0,
        packed=WrittenOut(),
        reason=_("shared interests"),
        facts="interests",
    ),
    Criterion(
        "language",
        _("language: understanding and practice"),
        language_comfort,
        weight=2.0,
        packed=WrittenOut(),
        reason=_("they understand each other"),
        facts="languages",
    ),
    Criterion("travel", _("short way"), short_way, weight=2.0, packed=WrittenOut(), facts="way"),
    Criterion(
        "hours",
        _("matching free hours"),
        common_hours,
        weight=1.5,
        packed=WrittenOut(),
        reason=_("hours match"),
        facts="meeting",
    ),
    Criterion(
        "goals",
        _("goals supported"),
        goals_served,
        weight=1.5,
        packed=Overlap("goals", "goals"),
        reason=_("goals match"),
    ),
    Criterion(
        "life_phase",
        _("similar phase of life"),
        same_life_phase,
        weight=1.0,
        packed=WrittenOut(),
        reason=_("similar phase of life"),
    ),
    Criterion(
        "reciprocity",
        _("give and take"),
        gives_and_takes,
        weight=0.5,
        packed=Overlap("can_offer", "seeks"),
        reason=_("give and take"),
        facts="reciprocity",
    ),
    Criterion(
        "freshness",
        _("free places confirmed recently"),
        places_confirmed,
        weight=0.5,
        packed=OfOffer(_fresh),
        facts="freshness",
    ),
)
"""Every soft criterion, in the order in which people read them; each has a weight of its name."""


# Measures --------------------------------------------------------------------------------------------


def _or_neutral(values: FloatArray) -> FloatArray:
    return np.where(np.isnan(values), NEUTRAL, values)


def _dot(pairs: Pairs, left: sparse.csr_array, right: sparse.csr_array) -> FloatArray:
    """left[row] . right[column] of every pair, in chunks that fit in memory."""
    dots = np.empty(pairs.rows.size)
    for start in range(0, dots.size, _CHUNK):
        part = slice(start, start + _CHUNK)
        dots[part] = left[pairs.rows[part]].multiply(right[pairs.columns[part]]).sum(axis=1)
    return dots


def _overlap(pairs: Pairs, left: sparse.csr_array, right: sparse.csr_array) -> FloatArray:
    """Overlap coefficient of two sets with weights; neutral where one is empty."""
    smaller = np.minimum(_squared_norm(left)[pairs.rows], _squared_norm(right)[pairs.columns])
    overlap = _dot(pairs, left, right) / np.where(smaller > 0, smaller, 1.0)
    return np.where(smaller > 0, np.minimum(1.0, overlap), NEUTRAL)


def _share(pairs: Pairs, left: sparse.csr_array, right: sparse.csr_array, *, of_newcomer: bool) -> FloatArray:
    """Which share of one side's set is in the other's; 0 where it is empty."""
    whole = _squared_norm(left)[pairs.rows] if of_newcomer else _squared_norm(right)[pairs.columns]
    return np.where(whole > 0, _dot(pairs, left, right) / np.where(whole > 0, whole, 1.0), 0.0)


def _squared_norm(matrix: sparse.csr_array) -> FloatArray:
    return np.asarray(matrix.multiply(matrix).sum(axis=1), np.float64)


def _share_of_sessions(pairs: Pairs) -> FloatArray:
    both = pairs.newcomers.attendable[pairs.rows] & pairs.offers.sessions[pairs.columns]
    return np.bitwise_count(both).sum(axis=1) / np.maximum(1, pairs.offers.n_sessions[pairs.columns])


def _share_of_plenty(pairs: Pairs) -> FloatArray:
    both = pairs.newcomers.free_steps[pairs.rows] & pairs.offers.free_steps[pairs.columns]
    hours = np.bitwise_count(both).sum(axis=1) * STEP_MINUTES / 60
    return np.minimum(1.0, hours / PLENTY_OF_HOURS)


def _children_apart(pairs: Pairs) -> FloatArray:
    """Smallest difference in years between a child here and a child there; NaN where one has none."""
    here = {row: pairs.newcomers.children_years[row] for row in np.unique(pairs.rows).tolist()}
    there = {column: pairs.offers.children_years[column] for column in np.unique(pairs.columns).tolist()}
    distinct_here, index_here = _distinct(here, pairs.rows)
    distinct_there, index_there = _distinct(there, pairs.columns)
    years = [year for family in (*distinct_here, *distinct_there) for year in family]
    first, last = min(years, default=0), max(years, default=0)
    span = np.arange(first, last + 1)
    # How far the nearest child there is from each year of birth, then from each child here.
    near = np.full((span.size, len(distinct_there)), np.nan)
    for column, there_years in enumerate(distinct_there):
        if there_years:
            near[:, column] = np.abs(span[:, None] - np.array(there_years)).min(axis=1)
    table = np.full((len(distinct_here), len(distinct_there)), np.nan)
    for row, here_years in enumerate(distinct_here):
        if here_years:
            table[row] = near[np.array(here_years) - first].min(axis=0)
    return table[index_here, index_there]


def _distinct(
    children: dict[int, tuple[int, ...]], indices: IntArray
) -> tuple[list[tuple[int, ...]], IntArray]:
    """The different families among those asked for, and which of them each index has."""
    position = {years: number for number, years in enumerate(dict.fromkeys(children.values()))}
    numbers = np.array([position[years] for years in children.values()], np.int64)
    return list(position), numbers[np.searchsorted(np.array(list(children), np.int64), indices)]
