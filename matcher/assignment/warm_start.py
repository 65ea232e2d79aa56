"""An earlier result put into the rows and columns of another problem, to begin with. It solves nothing."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse import csr_array

from matcher.assignment._arrays.entries import entries_of
from matcher.assignment.problem import AssignmentProblem, IntArray
from matcher.assignment.result import AssignmentResult
from matcher.exceptions import InvalidProblemError


def carry_over(
    earlier: AssignmentResult, problem: AssignmentProblem, rows: ArrayLike, columns: ArrayLike
) -> AssignmentResult:
    """The pairs and prices of an earlier result, for a problem with other rows and columns.

    Parameters
    ----------
    earlier : AssignmentResult
    problem : AssignmentProblem
        Whose rows and columns may have come, gone or been put in another order.
    rows : int array, shape (n,)
        Where each row of `problem` stood in the earlier one; -1 for a new one.
    columns : int array, shape (m,)
        The same of the columns.

    Returns
    -------
    AssignmentResult
        For `warm_start`: "feasible", without a bound. Pairs that are not allowed any more are left out, new
        columns cost nothing, and prices of rows, kinds and slots are found again by whoever solves.

    Raises
    ------
    InvalidProblemError
        For positions of another number than rows or columns, or outside the earlier problem.

    Examples
    --------
    >>> import numpy as np
    >>> from scipy.sparse import csr_array
    >>> from matcher.assignment import AssignmentProblem, carry_over, solve
    >>> before = solve(AssignmentProblem(csr_array(np.array([[0.75, 0.5]])), capacity=[1, 1]))
    >>> now = AssignmentProblem(csr_array(np.array([[0.5, 0.75], [0.25, 0.5]])), capacity=[1, 1])
    >>> solve(now, warm_start=carry_over(before, now, rows=[0, -1], columns=[1, 0])).pairs.tolist()
    [[0, 1], [1, 0]]
    """
    row_at = _positions("rows", rows, problem.n_rows, len(earlier.row_prices))
    column_at = _positions("columns", columns, problem.n_columns, len(earlier.column_prices))
    new_row, new_column = (
        _numbers(at, size)
        for at, size in ((row_at, len(earlier.row_prices)), (column_at, len(earlier.column_prices)))
    )
    pairs = np.column_stack([new_row[earlier.pairs[:, 0]], new_column[earlier.pairs[:, 1]]])
    pairs = pairs[(pairs >= 0).all(axis=1)]
    pairs = pairs[np.lexsort([pairs[:, 1], pairs[:, 0]])]
    pairs = pairs[entries_of(problem, pairs) >= 0]
    groups: Any = None
    if problem.group_capacity is not None:
        groups = np.zeros(problem.group_capacity.shape)
        if earlier.group_prices is not None and earlier.group_prices.shape[1] == groups.shape[1]:
            groups[column_at >= 0] = earlier.group_prices[column_at[column_at >= 0]]
    column_prices = np.zeros(problem.n_columns)
    column_prices[column_at >= 0] = earlier.column_prices[column_at[column_at >= 0]]
    n_slots = None if problem.slots is None else int(problem.slots.max(initial=-1)) + 1
    return AssignmentResult(
        pairs=pairs,
        objective=math.nan,
        score_sum=math.nan,
        bound=math.inf,
        status="feasible",
        method=earlier.method,
        reason=earlier.reason,
        row_prices=np.zeros(problem.n_rows),
        column_prices=column_prices,
        kind_prices=None if problem.kind_demand is None else np.zeros(problem.kind_demand.shape),
        group_prices=groups,
        bonus_shares=None if problem.row_bonus is None else np.zeros(problem.n_rows),
        slot_prices=None if n_slots is None else _nothing(problem.n_rows, n_slots),
    )


def _nothing(n_rows: int, n_slots: int) -> Any:
    none = np.zeros(0, np.int64)
    return csr_array((np.zeros(0), (none, none)), shape=(n_rows, n_slots))


def _positions(name: str, given: ArrayLike, n: int, n_earlier: int) -> IntArray:
    at = np.asarray(given)
    if at.size == 0:
        at = at.astype(np.int64)
    if at.shape != (n,) or at.dtype.kind not in "iu":
        raise InvalidProblemError(f"{name}: expected integers of shape ({n},), got {at.dtype} of {at.shape}")
    if ((at < -1) | (at >= n_earlier)).any():
        raise InvalidProblemError(f"{name}: expected positions from -1 to {n_earlier - 1}, got others")
    return at.astype(np.int64)


def _numbers(at: IntArray, size: int) -> IntArray:
    """Where each earlier position stands now, or -1."""
    numbers = np.full(size, -1, np.int64)
    numbers[at[at >= 0]] = np.flatnonzero(at >= 0)
    return numbers
