"""Which columns one row may not have both: read, and asked about many pairs at once. It bans nothing."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from scipy.sparse import issparse

from matcher._compiled import inlined, kernel
from matcher.assignment.problem import AssignmentProblem, BoolArray, IntArray
from matcher.exceptions import InvalidProblemError


class Clashes:
    """A symmetric relation between the columns of a problem, or between classes of them.

    Parameters
    ----------
    given : scipy.sparse array of bool, shape (m, m), or (c, c) with `classes`
        Stored and not zero where two columns clash. Of columns the diagonal is ignored; of classes it says
        whether two columns of one class clash.
    problem : AssignmentProblem
    classes : int array, shape (m,), optional
        The class of each column: all of a class clash with the same. -1 for columns that clash with none.

    Raises
    ------
    InvalidProblemError
        Where `given` is not sparse, has another shape or is not symmetric, and for classes that it has not.
    """

    def __init__(self, given: Any, problem: AssignmentProblem, classes: IntArray | None = None) -> None:
        self._problem = problem
        if not issparse(given):
            raise InvalidProblemError(f"clashes: expected a scipy.sparse array, got {type(given).__name__}")
        matrix: Any = given
        width = problem.n_columns if classes is None else matrix.shape[0]
        if matrix.shape != (width, width):
            raise InvalidProblemError(f"clashes: expected shape ({width}, {width}), got {matrix.shape}")
        if classes is not None:
            _check_classes(classes, width, problem.n_columns)
        there = matrix.tocsr(copy=True)
        if classes is None:
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
        self._relation = Relation(
            np.arange(width) if classes is None else classes.astype(np.int64),
            there.indptr.astype(np.int64),
            there.indices.astype(np.int64),
        )

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
        mark = np.full(len(self._relation.start), -1, np.int64)
        _hit_rows(scores.indptr, scores.indices, self._relation, entries, mark, hit)
        return hit

    def _walk(self, among: IntArray, entries: IntArray, pair: IntArray, rival: IntArray) -> int:
        scores = self._problem.scores
        return _walk_rows(scores.indptr, scores.indices, self._relation, among, entries, pair, rival)


class Relation(NamedTuple):
    """Which classes clash, as in a csr_array with sorted indices, and the class of each column."""

    of_column: IntArray  # -1 without a class
    start: IntArray
    clashing: IntArray


def _check_classes(classes: IntArray, width: int, n_columns: int) -> None:
    """Raise InvalidProblemError unless there is a class for each column, of so many, or -1."""
    least, most = classes.min(initial=-1), classes.max(initial=-1)
    if classes.shape != (n_columns,) or least < -1 or most >= width:
        raise InvalidProblemError(
            f"classes: expected {n_columns} numbers from -1 to {width - 1}, one a column, "
            f"got {classes.size} from {least} to {most}"
        )


@inlined
def _do_clash(relation: Relation, column: int, other: int) -> bool:
    """Whether two columns do; by halving."""
    one, two = relation.of_column[column], relation.of_column[other]
    found = False
    if one >= 0 and two >= 0 and column != other:
        low, last = relation.start[one], relation.start[one + 1]
        high = last
        while low < high:
            middle = (low + high) >> 1
            if relation.clashing[middle] < two:
                low = middle + 1
            else:
                high = middle
        found = low < last and relation.clashing[low] == two
    return found


@kernel
def _walk_rows(
    indptr: Any, indices: Any, relation: Relation, among: IntArray, entries: IntArray,
    pair: IntArray, rival: IntArray,
) -> int:  # fmt: skip
    """Hold each entry against the pairs of its row; returns how many clash.

    They are written down where there is room for them. O(entries of a row times pairs of the row).
    """
    n_found, row, first = 0, 0, 0
    for entry in entries:
        while indptr[row + 1] <= entry:
            row += 1
        while first < len(among) and among[first] < indptr[row]:
            first += 1
        a = first
        while a < len(among) and among[a] < indptr[row + 1]:
            if _do_clash(relation, indices[entry], indices[among[a]]):
                if n_found < len(pair):
                    pair[n_found], rival[n_found] = among[a], entry
                n_found += 1
            a += 1
    return n_found


@kernel
def _hit_rows(
    indptr: Any, indices: Any, relation: Relation, entries: IntArray, mark: IntArray, hit: BoolArray
) -> None:
    """Mark what clashes with each entry, and look which stored pairs of its row are marked.

    O(classes that clash with entries + entries of a row times stored pairs of the row).
    """
    row = 0
    for entry in entries:
        while indptr[row + 1] <= entry:
            row += 1
        own = relation.of_column[indices[entry]]
        if own >= 0 and relation.start[own] < relation.start[own + 1]:
            for c in range(relation.start[own], relation.start[own + 1]):
                mark[relation.clashing[c]] = entry
            for e in range(indptr[row], indptr[row + 1]):
                of_column = relation.of_column[indices[e]]
                hit[e] |= of_column >= 0 and mark[of_column] == entry and e != entry
