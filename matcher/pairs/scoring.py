"""The score of a pair: a weighted mean of the soft criteria, and its parts. No rules, no assignment."""

from __future__ import annotations

import numpy as np

from matcher.pairs.criteria import CRITERIA
from matcher.pairs.eligibility import Pairs, Situation
from matcher.pairs.encoding import FloatArray
from matcher.records.policy import Policy


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


def shares(policy: Policy) -> FloatArray:
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
    value, bonus = values[pairs.columns], row_bonus(pairs.situation)[pairs.rows]
    cost = np.where(scores + bonus > value, np.minimum(value, np.maximum(scores, 0.0)), value)
    can_wait = pairs.newcomers.waiting_weeks < pairs.policy.lookahead.longest_wait_weeks
    return np.where(can_wait[pairs.rows], cost, 0.0)
