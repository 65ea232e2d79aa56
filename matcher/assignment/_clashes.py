"""Which columns one row may not have both: read, and asked about many pairs at once. It bans nothing."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.sparse import issparse

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
        rows_first = matrix.tocsr(copy=True)
        rows_first.sum_duplicates()  # and sorts: the keys ascend
        stored = rows_first.tocoo()
        apart = (stored.row != stored.col) & (stored.data != 0)
        one, other = stored.row[apart].astype(np.int64), stored.col[apart].astype(np.int64)
        self._keys: IntArray = one * width + other
        turned = other * width + one
        if not np.array_equal(self._keys, np.sort(turned)):
            lonely = np.setxor1d(self._keys, turned)
            row, column = divmod(int(lonely[0]), width)
            raise InvalidProblemError(
                f"clashes: expected a symmetric array, got only one of ({row}, {column}) and back"
            )

    def within_rows(self, among: IntArray, entries: IntArray) -> tuple[IntArray, IntArray]:
        """All clashes between stored pairs `among` and `entries`, ascending, of the same row.

        Returns two arrays of equal length: the pair of `among`, and the one of `entries` it clashes with.
        """
        rows, columns = self._problem.rows, self._problem.columns
        counts = np.bincount(rows[entries], minlength=self._problem.n_rows)
        first = np.cumsum(counts) - counts
        repeats = counts[rows[among]]
        ends = np.cumsum(repeats)
        position = np.arange(repeats.sum()) + np.repeat(first[rows[among]] - (ends - repeats), repeats)
        left, right = np.repeat(among, repeats), entries[position]
        clash = self._between(columns[left], columns[right])
        return left[clash], right[clash]

    def hit(self, entries: IntArray) -> BoolArray:
        """Which of all stored pairs clash with one of `entries`, ascending, in their row; shape (nnz,)."""
        hit = np.zeros(self._problem.scores.nnz, dtype=np.bool_)
        hit[self.within_rows(np.arange(len(hit)), entries)[0]] = True
        return hit

    def _between(self, one: IntArray, other: IntArray) -> BoolArray:
        if self._keys.size == 0:
            return np.zeros(len(one), dtype=np.bool_)
        keys = one * self._width + other
        at = np.minimum(np.searchsorted(self._keys, keys), len(self._keys) - 1)
        return np.asarray(self._keys[at] == keys)
