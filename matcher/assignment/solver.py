"""`solve`: picks the method, runs it and has its result certified. How a method works is in its own file."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from matcher.assignment._flow import solve_by_flow
from matcher.assignment._hungarian import solve_by_hungarian
from matcher.assignment._prices import Prices
from matcher.assignment._solution import Solution
from matcher.assignment.certificate import Certificate, certify, value_of
from matcher.assignment.problem import AssignmentProblem, IntArray
from matcher.assignment.result import AssignmentResult
from matcher.exceptions import InvalidProblemError

METHODS: dict[str, Callable[[AssignmentProblem], Solution]] = {
    "hungarian": solve_by_hungarian,
    "flow": solve_by_flow,
}
AUTOMATIC = "flow"


def solve(
    problem: AssignmentProblem, method: str = "auto", warm_start: AssignmentResult | None = None
) -> AssignmentResult:
    """Choose the pairs that are worth most, and prove it.

    Parameters
    ----------
    problem : AssignmentProblem
    method : {"auto", "flow", "hungarian"}
        "flow" solves everything. "hungarian" is the reference for small problems with one column a
        row. "auto" is "flow".
    warm_start : AssignmentResult, optional
        An earlier result for rows, columns, kinds and groups of the same number. Where its pairs still
        keep all limits and its prices prove them optimal here too, it comes back with its figures
        brought up to date and nothing is solved; otherwise it plays no part.

    Returns
    -------
    AssignmentResult
        Also for problems without rows, columns or allowed pairs. A problem that cannot serve everybody
        is no error.

    Raises
    ------
    InvalidProblemError
        For an unknown method, a problem the method cannot take (the message names one that can), or
        a warm start of another shape.

    Notes
    -----
    The same input gives the same output. Another order of rows or columns gives the same objective
    (to the status's tolerance), though maybe other pairs where several choices are worth the same.
    A pair with a negative score is never chosen, not for a bonus either; one with 0 may be.

    The status is "optimal" only when the prices prove it to 1e-6 of a score unit a chosen pair.

    Examples
    --------
    >>> import numpy as np
    >>> from scipy.sparse import csr_array
    >>> from matcher.assignment import AssignmentProblem, solve
    >>> scores = csr_array(np.array([[0.75, 0.5], [0.5, 0.125]]))
    >>> result = solve(AssignmentProblem(scores, capacity=[1, 1]))
    >>> result.pairs.tolist(), result.objective, result.status
    ([[0, 1], [1, 0]], 1.0, 'optimal')
    """
    if method != "auto" and method not in METHODS:
        names = ", ".join(repr(name) for name in ("auto", *sorted(METHODS)))
        raise InvalidProblemError(f"method: expected one of {names}, got {method!r}")
    if warm_start is not None:
        renewed, certificate = _renew(problem, warm_start)
        if certificate.is_optimal:
            return renewed
    name = AUTOMATIC if method == "auto" else method
    solution = METHODS[name](problem)
    pairs = np.column_stack([problem.rows[solution.entries], problem.columns[solution.entries]])
    return certified(problem, pairs, solution.prices, name)[0]


def certified(
    problem: AssignmentProblem, pairs: IntArray, prices: Prices, method: str
) -> tuple[AssignmentResult, Certificate]:
    """The result of choosing `pairs`, with value, bound and status as far as `prices` prove them."""
    score_sum, objective = value_of(problem, pairs)
    result = AssignmentResult(
        pairs=pairs,
        objective=objective,
        score_sum=score_sum,
        bound=math.inf,
        status="feasible",
        method=method,
        row_prices=prices.rows,
        column_prices=prices.columns,
        kind_prices=prices.kinds,
        group_prices=prices.groups,
        bonus_shares=prices.bonus_shares,
    )
    certificate = certify(problem, result)
    proven = replace(
        result, bound=certificate.bound, status="optimal" if certificate.is_optimal else "feasible"
    )
    return proven, certificate


def _renew(problem: AssignmentProblem, earlier: AssignmentResult) -> tuple[AssignmentResult, Certificate]:
    """An earlier result with its figures for `problem`; as it is where its pairs are not allowed any more."""
    certificate = certify(problem, earlier)
    if not certificate.feasible:
        return earlier, certificate
    return certified(problem, earlier.pairs, Prices.of(earlier), earlier.method)
