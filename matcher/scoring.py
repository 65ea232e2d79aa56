"""The score of a pair: a weighted mean of the soft criteria, and its parts. No rules, no assignment."""

from __future__ import annotations

import numpy as np

from matcher.criteria import CRITERIA
from matcher.eligibility import Pairs, Situation
from matcher.encoding import FloatArray
from matcher.policy import Policy


def score_parts(pairs: Pairs) -> FloatArray:
    """What each criterion adds to the score of each pair.

    part = weight x value / sum of weights, so that a pair's parts sum to its score.

    Parameters
    ----------
    pairs : Pairs

    Returns
    -------
    ndarray of float64, shape (p, number of criteria)
        In the order of `matcher.criteria.CRITERIA`; each row sums to a number from 0 to 1.
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
