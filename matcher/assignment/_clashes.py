"""Which columns one row may not have both: read, and asked about many pairs at once. It bans nothing."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.sparse import issparse

from matcher._compiled import kernel
from matcher.assignment.problem import AssignmentProblem, BoolArray, IntArray
from matcher.exceptions import InvalidProblemError


class Clashes:
    """A symmetric relation between the columns of a problem.

    Parameters
    ----------
    given : scipy.sparse array of bool, shape (m, m)
        Stored and not zero where two columns clash. The diagonal is ignored.
    problem : AssignmentProblem

    Raises
    ------
    InvalidProblemError
        Where `given` is not sparse, has another shape or is not symmetric.
    """

    def __init__(self, given: Any, problem: AssignmentProblem) -> None:
        self._problem = problem
        self._width = width = problem.n_columns
        if not issparse(given):
            raise InvalidProblemError(
                f"clashes: expected a scipy.sparse array ({width}, {width}), got {type(given).__name__}"
            )
        matrix: Any = given
        if matrix.shape != (width, width):
            raise InvalidProblemError(f"clashes: expected shape ({width}, {width}), got {matrix.shape}")
        there = matrix.tocsr(copy=True)
        there.setdiag(0)
        there.eliminate_zeros()
        there.sum_duplicates()
        back = there.T.tocsr()
        back.sort_indices()
        if not (np.array_equal(there.indptr, back.indptr) and np.array_equal(there.indices, back.indices)):
            lonely = ((there != 0) != (back != 0)).tocoo()
            first = np.lexsort([lonely.col, lonely.row])[0]
            row, column = int(lonely.row[first]), int(lonely.col[first])
            raise InvalidProblemError(
                f"clashes: expected a symmetric array, got only one of ({row}, {column}) and back"
            )

        self._start: IntArray = there.indptr.astype(np.int64)
        self._with: IntArray = there.indices.astype(np.int64)

    def within_rows(self, among: IntArray, entries: IntArray) -> tuple[IntArray, IntArray]:
        """All clashes between stored pairs `among` and `entries`, both ascending, of the same row.

        Returns two arrays of equal length: the pair of `among`, and the one of `entries` it clashes with.
        """
        none = np.empty(0, np.int64)
        n_clashes = self._walk(among, entries, none, none)
        pair, rival = np.empty(n_clashes, np.int64), np.empty(n_clashes, np.int64)
        self._walk(among, entries, pair, rival)
        return pair, rival

    def hit(self, entries: IntArray) -> BoolArray:
        """Which of all stored pairs clash with one of `entries`, ascending, in their row; shape (nnz,)."""
        hit = np.zeros(self._problem.scores.nnz, dtype=np.bool_)
        scores = self._problem.scores
        mark = np.full(self._width, -1, np.int64)
        _hit_rows(scores.indptr, scores.indices, self._start, self._with, entries, mark, hit)
        return hit

    def _walk(self, among: IntArray, entries: IntArray, pair: IntArray, rival: IntArray) -> int:
        scores = self._problem.scores
        mark = np.full(self._width, -1, np.int64)
        return _walk_rows(
            scores.indptr, scores.indices, self._start, self._with, among, entries, mark, pair, rival
        )


@kernel
def _walk_rows(
    indptr: Any, indices: Any, start: IntArray, clashing: IntArray,
    among: IntArray, entries: IntArray, mark: IntArray, pair: IntArray, rival: IntArray,
) -> int:  # fmt: skip
    """Mark what clashes with each entry, and look which pairs of its row are marked; returns how many are.

    They are written down where there is room for them. O(columns that clash with entries + entries of a row
    times pairs of the row).
    """
    n_found, row, first = 0, 0, 0
    for t in range(len(entries)):
        entry = entries[t]
        while indptr[row + 1] <= entry:
            row += 1
        while first < len(among) and among[first] < indptr[row]:
            first += 1
        column = indices[entry]
        is_asked = first < len(among) and among[first] < indptr[row + 1]
        if not is_asked or start[column] == start[column + 1]:
            continue
        for c in range(start[column], start[column + 1]):
            mark[clashing[c]] = entry
        a = first
        while a < len(among) and among[a] < indptr[row + 1]:
            if mark[indices[among[a]]] == entry:
                if n_found < len(pair):
                    pair[n_found], rival[n_found] = among[a], entry
                n_found += 1
            a += 1
    return n_found


@kernel
def _hit_rows(
    indptr: Any, indices: Any, start: IntArray, clashing: IntArray,
    entries: IntArray, mark: IntArray, hit: BoolArray,
) -> None:  # fmt: skip
    """The same for all stored pairs of the rows of entries, and only whether."""
    row = 0
    for entry in entries:
        while indptr[row + 1] <= entry:
            row += 1
        column = indices[entry]
        if start[column] < start[column + 1]:
            for c in range(start[column], start[column + 1]):
                mark[clashing[c]] = entry
            for e in range(indptr[row], indptr[row + 1]):
                hit[e] |= mark[indices[e]] == entry
