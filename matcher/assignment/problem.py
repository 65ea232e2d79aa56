"""What an assignment problem is: its arrays, checked and made uniform. No solving, no prices."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse import csr_array

from matcher.assignment._arguments import NO_LIMIT, NO_SLOT, Arguments, BoolArray, FloatArray, IntArray
from matcher.exceptions import InvalidProblemError

__all__ = ["NO_LIMIT", "NO_SLOT", "AssignmentProblem", "BoolArray", "FloatArray", "IntArray"]


@dataclass(frozen=True, eq=False, init=False, repr=False)
class AssignmentProblem:
    r"""Who may be coupled with what, how good each pair is, and every limit.

    .. math::

        \max_x \; & \sum_{(i,j) \in E} s_{ij} x_{ij} + \sum_i b_i \min(1, \sum_j x_{ij}) \\
        & \sum_{j : k(j) = k} x_{ij} \le d_{ik}, \quad \sum_j x_{ij} \le d_i, \quad
          \sum_i x_{ij} \le c_j, \quad \sum_{i : g(i) = g} x_{ij} \le c_{jg}, \\
        & \sum_{j : t(j) = t} x_{ij} \le 1, \quad x_{ij} \in \{0, 1\}

    In array words: choose stored entries of `scores`, each at most once, so that no row, column,
    kind of a row, group of a column or slot of a row has more of them than its limit, and the chosen
    scores, plus the bonus of every row that has at least one, sum to as much as possible.

    Parameters
    ----------
    scores : scipy.sparse.csr_array of float, shape (n, m)
        An allowed pair is a stored entry, a stored 0.0 too. Finite, at most 1e6 in size, no
        duplicates; the order of the indices is free. A pair with a negative score is allowed but
        never chosen. ``csr_matrix``, ``csc_array`` and ``csc_matrix`` are converted (this keeps stored
        zeros); other formats are refused, because some of them cannot hold a stored zero.
    capacity : int array, shape (m,)
        Places of each column, 0 or more.
    demand : int array, shape (n,), optional
        How many columns each row may take altogether, 0 or more. Default: the row sum of
        `kind_demand`, without a limit where the row has a -1; without `kind_demand`, 1.
    kinds : int array, shape (m,), optional
        Kind of each column, 0 to K - 1. Comes with `kind_demand`.
    kind_demand : int array, shape (n, K), optional
        How many columns of each kind each row may take; -1 is no limit.
    groups : int array, shape (n,), optional
        Group of each row, 0 to G - 1. Comes with `group_capacity`.
    group_capacity : int array, shape (m, G), optional
        How many rows of each group each column may take; -1 is no limit.
    row_bonus : float array, shape (n,), optional
        What serving the row at all is worth, paid once a row; 0 or more, at most 1e6.
    slots : int array, shape (m,), optional
        Weekly slot of each column, -1 for none. No row gets two columns with the same slot.

    Attributes
    ----------
    n_rows, n_columns : int
    rows, columns : int array, shape (nnz,)
        Row and column of every stored entry, in lexicographic order: the order of ``scores.data``.

    Raises
    ------
    InvalidProblemError
        Lists all that is wrong with the arguments, not only the first thing found.

    Notes
    -----
    The arguments are copied: changing them afterwards changes nothing here. The arrays kept are
    int64 and float64 (the indices of the scores as given), sorted within each row, and read-only. "No limit"
    for the demand of a row is kept as m, the number of columns.

    Examples
    --------
    >>> import numpy as np
    >>> from scipy.sparse import csr_array
    >>> problem = AssignmentProblem(csr_array(np.array([[0.9, 0.4], [0.8, 0.0]])), capacity=[1, 1])
    >>> problem
    AssignmentProblem(2 rows, 2 columns, 3 allowed pairs)
    >>> problem.demand
    array([1, 1])
    >>> AssignmentProblem(csr_array((2, 2)), capacity=[1, -1, 3])
    Traceback (most recent call last):
    ...
    matcher.exceptions.InvalidProblemError: capacity: expected shape (2,), got (3,)
    """

    scores: csr_array[np.float64]
    capacity: IntArray
    demand: IntArray
    kinds: IntArray | None
    kind_demand: IntArray | None
    groups: IntArray | None
    group_capacity: IntArray | None
    row_bonus: FloatArray | None
    slots: IntArray | None

    def __init__(
        self,
        scores: Any,
        capacity: ArrayLike,
        demand: ArrayLike | None = None,
        kinds: ArrayLike | None = None,
        kind_demand: ArrayLike | None = None,
        groups: ArrayLike | None = None,
        group_capacity: ArrayLike | None = None,
        row_bonus: ArrayLike | None = None,
        slots: ArrayLike | None = None,
    ) -> None:
        check = Arguments()
        matrix = check.scores(scores)
        n, m = matrix.shape if matrix is not None else (None, None)
        limits = {
            "capacity": check.integers("capacity", capacity, (m,), least=0),
            "demand": None if demand is None else check.integers("demand", demand, (n,), least=0),
            **check.classes("kinds", kinds, m, "kind_demand", kind_demand, n),
            **check.classes("groups", groups, n, "group_capacity", group_capacity, m),
            "slots": None if slots is None else check.integers("slots", slots, (m,), least=NO_SLOT),
        }
        bonus = None if row_bonus is None else check.bonus("row_bonus", row_bonus, n)
        if check.wrong or matrix is None:
            raise InvalidProblemError(check.wrong)
        if limits["demand"] is None:
            limits["demand"] = _default_demand(matrix, limits["kind_demand"])
        for name, value in {"scores": matrix, **limits, "row_bonus": bonus}.items():
            _freeze(value)
            object.__setattr__(self, name, value)

    def __repr__(self) -> str:
        size = f"{self.n_rows} rows, {self.n_columns} columns, {self.scores.nnz} allowed pairs"
        return f"AssignmentProblem({size})"

    @property
    def n_rows(self) -> int:
        """Number of rows, n."""
        return int(self.scores.shape[0])

    @property
    def n_columns(self) -> int:
        """Number of columns, m."""
        return int(self.scores.shape[1])

    @cached_property
    def slots_are_laminar(self) -> bool:
        """Whether at most one kind has slots: then they are limits within it, and the problem is a flow."""
        if self.slots is None or self.kinds is None:
            return True
        return len(np.unique(self.kinds[self.slots != NO_SLOT])) <= 1

    @cached_property
    def lowest_score(self) -> float:
        """The lowest score, or 0 where that is lower."""
        return float(self.scores.data.min(initial=0.0))

    @cached_property
    def highest_score(self) -> float:
        """The highest score, or 0 where that is higher."""
        return float(self.scores.data.max(initial=0.0))

    def without_slots(self) -> AssignmentProblem:
        """The same problem, but for the slots."""
        return self.with_scores(self.scores, slots=False)

    def with_scores(self, scores: csr_array[np.float64], slots: bool = True) -> AssignmentProblem:
        """The same limits and bonuses for other scores."""
        return AssignmentProblem(
            scores,
            self.capacity,
            self.demand,
            self.kinds,
            self.kind_demand,
            self.groups,
            self.group_capacity,
            self.row_bonus,
            self.slots if slots else None,
        )

    @cached_property
    def rows(self) -> IntArray:
        """Row of every stored entry, shape (nnz,)."""
        rows = np.repeat(np.arange(self.n_rows, dtype=np.int64), np.diff(self.scores.indptr))
        rows.flags.writeable = False
        return rows

    @cached_property
    def columns(self) -> IntArray:
        """Column of every stored entry, shape (nnz,)."""
        columns = self.scores.indices.astype(np.int64)
        columns.flags.writeable = False
        return columns


def _default_demand(scores: csr_array[np.float64], kind_demand: IntArray | None) -> IntArray:
    n, m = scores.shape
    if kind_demand is None:
        return np.ones(n, dtype=np.int64)
    # No row can take more than m: without this a sum of large limits would overflow.
    total = np.minimum(kind_demand, m).sum(axis=1)
    unlimited = (kind_demand == NO_LIMIT).any(axis=1)
    return np.where(unlimited, m, total).astype(np.int64)


def _freeze(value: Any) -> None:
    if value is None:
        return
    for array in (value.data, value.indices, value.indptr) if isinstance(value, csr_array) else (value,):
        array.flags.writeable = False
