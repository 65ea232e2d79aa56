"""Which pairs are possible: everybody within reach, less what a rule forbids. Gives no score."""

from __future__ import annotations

import numpy as np
from scipy.spatial import cKDTree

from matcher.eligibility import Pairs, Situation, allowed
from matcher.encoding import FloatArray, IntArray
from matcher.geography import reach_km

_ROWS_AT_ONCE = 2_000
_CLOSE_ENOUGH_KM = 1e-6


def find_candidates(situation: Situation) -> Pairs:
    """Every pair that all hard rules allow.

    Parameters
    ----------
    situation : Situation

    Returns
    -------
    Pairs
        Sorted by row, then column.

    Notes
    -----
    People and offers who are out of the question whatever the other side (no consent, no free place, ...)
    are left out first; a k-d tree then gives the offers within each person's reach; the rules judge the rest,
    in blocks of rows so that memory stays bounded. Somebody without a point is within everybody's reach.
    """
    rows, columns = _open_rows(situation), _open_columns(situation)
    blocks = [
        allowed(_within_reach(situation, rows[start : start + _ROWS_AT_ONCE], columns))
        for start in range(0, rows.size, _ROWS_AT_ONCE)
    ]
    found = Pairs(
        situation,
        np.concatenate([np.empty(0, np.int64), *(block.rows for block in blocks)]),
        np.concatenate([np.empty(0, np.int64), *(block.columns for block in blocks)]),
    )
    order = np.lexsort((found.columns, found.rows))
    return Pairs(situation, found.rows[order], found.columns[order])


def all_pairs(situation: Situation, rows: IntArray, columns: IntArray) -> Pairs:
    """Every row with every column, possible or not.

    Parameters
    ----------
    situation : Situation
    rows, columns : ndarray of int64
    """
    return Pairs(situation, np.repeat(rows, columns.size), np.tile(columns, rows.size))


def keep_best(pairs: Pairs, scores: FloatArray, n_best: int) -> np.ndarray:
    """Which pairs are among the best of their newcomer and kind.

    Parameters
    ----------
    pairs : Pairs
    scores : ndarray of float64, shape (p,)
    n_best : int
        How many a newcomer keeps of each kind; ties go to the offer that comes first.

    Returns
    -------
    ndarray of bool, shape (p,)
    """
    kind = pairs.offers.kind[pairs.columns]
    order = np.lexsort((pairs.columns, -scores, kind, pairs.rows))
    sorted_rows, sorted_kinds = pairs.rows[order], kind[order]
    starts_anew = np.ones(order.size, np.bool_)
    starts_anew[1:] = (sorted_rows[1:] != sorted_rows[:-1]) | (sorted_kinds[1:] != sorted_kinds[:-1])
    start = np.maximum.accumulate(np.where(starts_anew, np.arange(order.size), 0))
    keep = np.empty(order.size, np.bool_)
    keep[order] = np.arange(order.size) - start < n_best
    return keep


def _open_rows(situation: Situation) -> IntArray:
    newcomers = situation.town.newcomers
    return np.flatnonzero(newcomers.is_ready & newcomers.has_consent & (situation.open_total > 0))


def _open_columns(situation: Situation) -> IntArray:
    return np.flatnonzero(situation.town.offers.is_active & (situation.free_places > 0))


def _within_reach(situation: Situation, rows: IntArray, columns: IntArray) -> Pairs:
    newcomers, offers = situation.town.newcomers, situation.town.offers
    row_known = np.isfinite(newcomers.points_km[rows]).all(axis=1)
    column_known = np.isfinite(offers.points_km[columns]).all(axis=1)
    near_rows, near_columns = rows[row_known], columns[column_known]
    parts = [
        all_pairs(situation, rows[~row_known], columns),
        all_pairs(situation, near_rows, columns[~column_known]),
    ]
    if near_rows.size and near_columns.size:
        reach = reach_km(newcomers.max_minutes, newcomers.modes, situation.policy.travel)[near_rows]
        tree = cKDTree(offers.points_km[near_columns])
        hits = tree.query_ball_point(newcomers.points_km[near_rows], reach + _CLOSE_ENOUGH_KM)
        lengths = np.array([len(hit) for hit in hits], np.int64)
        flat = np.fromiter((column for hit in hits for column in hit), np.int64, count=lengths.sum())
        parts.append(Pairs(situation, np.repeat(near_rows, lengths), near_columns[flat]))
    return Pairs(
        situation,
        np.concatenate([part.rows for part in parts]),
        np.concatenate([part.columns for part in parts]),
    )
