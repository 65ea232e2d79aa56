"""Pairs as positions of stored entries, and back. It looks up; what a pair is worth is not its business."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from matcher._compiled import kernel
from matcher.assignment.problem import AssignmentProblem, IntArray

# So many entries are looked through faster than they are halved.
COUNTED = 64


def entries_of(problem: AssignmentProblem, pairs: IntArray) -> IntArray:
    """Positions of `pairs` in ``problem.scores.data``; -1 for a pair that is not stored."""
    entries = np.full(len(pairs), -1, np.int64)
    _find_entries(
        problem.scores.indptr, problem.scores.indices, pairs.astype(np.int64), problem.n_columns, entries
    )
    return entries


def pairs_of(problem: AssignmentProblem, entries: IntArray) -> IntArray:
    """Row and column of stored entries, which ascend; shape (p, 2)."""
    pairs = np.empty((len(entries), 2), np.int64)
    _find_pairs(problem.scores.indptr, problem.scores.indices, entries, pairs)
    return pairs


@kernel
def _find_entries(
    indptr: NDArray[Any], indices: NDArray[Any], pairs: IntArray, width: int, entries: IntArray
) -> None:
    """Binary search in each row, and the last few are counted; O(pairs log (entries of a row))."""
    for p in range(len(pairs)):
        row, column = pairs[p, 0], pairs[p, 1]
        if 0 <= row < len(indptr) - 1 and 0 <= column < width:
            low, high = indptr[row], indptr[row + 1]
            while high - low > COUNTED:
                middle = (low + high) >> 1
                if indices[middle] < column:
                    low = middle + 1
                else:
                    high = middle
            n_before = 0
            for e in range(low, high):
                n_before += indices[e] < column
            low += n_before
            if low < indptr[row + 1] and indices[low] == column:
                entries[p] = low


@kernel
def _find_pairs(indptr: NDArray[Any], indices: NDArray[Any], entries: IntArray, pairs: IntArray) -> None:
    """One pass over both; O(rows + entries)."""
    row = 0
    for p in range(len(entries)):
        while indptr[row + 1] <= entries[p]:
            row += 1
        pairs[p, 0], pairs[p, 1] = row, indices[entries[p]]
