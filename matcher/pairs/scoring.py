"""The score of a pair: a weighted mean of the soft criteria, and its parts. No rules, no assignment."""

from __future__ import annotations

import numpy as np

from matcher._compiled import inlined, kernel
from matcher.pairs.criteria import CRITERIA
from matcher.pairs.encoding import BoolArray, FloatArray, IntArray
from matcher.pairs.situation import Pairs, Situation
from matcher.records.sections import PolicyLike


def score_parts(pairs: Pairs) -> FloatArray:
    """What each criterion adds to the score of each pair.

    part = weight x value / sum of weights, so that a pair's parts sum to its score.

    Parameters
    ----------
    pairs : Pairs

    Returns
    -------
    ndarray of float64, shape (p, number of criteria)
        In the order of `matcher.pairs.criteria.CRITERIA`; each row sums to a number from 0 to 1.
    """
    values = [criterion.measure(pairs) for criterion in CRITERIA]
    return np.column_stack(values) * shares(pairs.policy)


def shares(policy: PolicyLike) -> FloatArray:
    """The share of each criterion in the score, summing to 1: shape (number of criteria,)."""
    weights = np.array([getattr(policy.weights, criterion.name) for criterion in CRITERIA])
    return np.asarray(weights / weights.sum())


def row_bonus(situation: Situation) -> FloatArray:
    """What serving each newcomer at all is worth: base, need and waiting time.

    Somebody who has a confirmed placement is served: their bonus is 0.

    Returns
    -------
    ndarray of float64, shape (n,)
    """
    bonus, newcomers = situation.policy.bonus, situation.town.newcomers
    need = (newcomers.need_level - 1) / 3
    waited = np.minimum(1.0, newcomers.waiting_weeks / bonus.waiting_weeks_full)
    worth = bonus.base + bonus.need * need + bonus.waiting * waited
    is_served = np.asarray(situation.fixed.sum(axis=1), np.float64) > 0
    return np.where(is_served, 0.0, worth)


def kept_back(pairs: Pairs, scores: FloatArray, values: FloatArray) -> FloatArray:
    """What of a pair's score does not count, because its place is expected to be worth more to others later.

    The value of the place; but no more than the score where the score and the bonus for serving the person
    at all exceed it: then the pair is worth making, and a pair below 0 would never be. Nothing for people who
    have waited as long as the policy allows.

    Parameters
    ----------
    pairs : Pairs
    scores : ndarray of float64, shape (p,)
    values : ndarray of float64, shape (m,)
        What a place is expected to be worth to people who have not arrived yet.

    Returns
    -------
    ndarray of float64, shape (p,)
    """
    costs = np.zeros(scores.size)
    bonuses, may_wait = row_bonus(pairs.situation), can_wait(pairs.situation)
    _keep_back(pairs.rows, pairs.columns, scores, values, bonuses, may_wait, costs)
    return costs


def can_wait(situation: Situation) -> BoolArray:
    """Newcomers from whom places may be kept back: who has not waited as long as the policy allows."""
    return situation.town.newcomers.waiting_weeks < situation.policy.lookahead.longest_wait_weeks


@inlined
def cost_of(score: float, value: float, bonus: float) -> float:
    """What of one score does not count where a place is worth `value` to others later; see `kept_back`."""
    return min(value, max(score, 0.0)) if score + bonus > value else value


@kernel
def _keep_back(
    rows: IntArray, columns: IntArray, scores: FloatArray, values: FloatArray,
    bonuses: FloatArray, may_wait: BoolArray, costs: FloatArray,
) -> None:  # fmt: skip
    for p in range(len(rows)):
        if may_wait[rows[p]]:
            costs[p] = cost_of(scores[p], values[columns[p]], bonuses[rows[p]])
