"""The prices of all limits and the reduced value they leave every pair. Not how prices are found."""

from __future__ import annotations

from dataclasses import dataclass

from matcher.assignment.problem import AssignmentProblem, FloatArray
from matcher.assignment.result import AssignmentResult


@dataclass(frozen=True, eq=False)
class Prices:
    """One array a limit; None where the problem has no such limit. Shapes as in `AssignmentResult`."""

    rows: FloatArray
    columns: FloatArray
    kinds: FloatArray | None = None
    groups: FloatArray | None = None
    bonus_shares: FloatArray | None = None

    @classmethod
    def of(cls, result: AssignmentResult) -> Prices:
        return cls(
            result.row_prices,
            result.column_prices,
            result.kind_prices,
            result.group_prices,
            result.bonus_shares,
        )


def reduced_at(problem: AssignmentProblem, prices: Prices) -> FloatArray:
    """Score plus bonus share less all prices, for every stored entry, shape (nnz,)."""
    rows, columns = problem.rows, problem.columns
    values: FloatArray = problem.scores.data - prices.rows[rows] - prices.columns[columns]
    if prices.bonus_shares is not None:
        values = values + prices.bonus_shares[rows]
    if prices.kinds is not None and problem.kinds is not None:
        values = values - prices.kinds[rows, problem.kinds[columns]]
    if prices.groups is not None and problem.groups is not None:
        values = values - prices.groups[columns, problem.groups[rows]]
    return values


def reduced_values(problem: AssignmentProblem, result: AssignmentResult) -> FloatArray:
    r"""What every allowed pair is worth beyond the prices of the limits it uses.

    .. math:: r_{ij} = s_{ij} + \beta_i - u_i - v_{i k(j)} - p_j - w_{j g(i)}

    Parameters
    ----------
    problem : AssignmentProblem
    result : AssignmentResult
        Its prices must have the shapes of `problem`; see `certify` for a checked way.

    Returns
    -------
    float array, shape (nnz,)
        In the order of ``problem.scores.data``.

    Raises
    ------
    IndexError, ValueError
        Where the shapes do not fit.

    Notes
    -----
    Of an optimal result, a chosen pair has a value of 0 or more and a pair that was not chosen 0 or
    less. Insisting on a pair that was not chosen costs at least ``max(0, -value)``: a bound, not the
    exact loss. For pairs with a negative score, which are never chosen, the value says nothing.

    Examples
    --------
    >>> import numpy as np
    >>> from scipy.sparse import csr_array
    >>> from matcher.assignment import AssignmentProblem, solve
    >>> problem = AssignmentProblem(csr_array(np.array([[0.75], [0.5]])), capacity=[1])
    >>> bool(reduced_values(problem, solve(problem))[1] <= 0)
    True
    """
    return reduced_at(problem, Prices.of(result))
