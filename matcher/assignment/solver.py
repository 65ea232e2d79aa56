"""`solve`: chooses the way, checks the arguments. How a method works is in its own file."""

from __future__ import annotations

from matcher.assignment._clock import Clock
from matcher.assignment._methods.registry import check_method, solve_as_flow
from matcher.assignment.problem import AssignmentProblem
from matcher.assignment.repair import same_slots, solve_without_clashes
from matcher.assignment.result import AssignmentResult
from matcher.exceptions import InvalidProblemError


def solve(
    problem: AssignmentProblem,
    method: str = "auto",
    warm_start: AssignmentResult | None = None,
    time_limit: float | None = None,
) -> AssignmentResult:
    """Choose the pairs that are worth most, and prove it.

    Parameters
    ----------
    problem : AssignmentProblem
    method : {"auto", "auction", "flow", "hungarian"}
        "auction" and "flow" solve everything; "flow" needs OR-Tools (``pip install koppel[flow]``).
        "hungarian" is the reference for small problems with one column a row. "auto" is "auction": the
        result says so.
    warm_start : AssignmentResult, optional
        An earlier result for rows, columns, kinds and groups of the same number; of other numbers,
        `carry_over` makes one. "auction" begins with its prices, and keeps its pairs where these are still
        as good as any. With the other methods it comes back, its figures brought up to date, where it is
        still proven optimal, and is nothing to them where it is not.
    time_limit : float, optional
        Seconds after which "auction" stops, with the best choice it has and the bound that it can prove.
        What has to be done all the same (reading, one last pass, the proof) takes about as long as a few
        passes over the allowed pairs. The other methods cannot be interrupted and refuse a limit.

    Returns
    -------
    AssignmentResult
        Also for problems without rows, columns or allowed pairs. A problem that cannot serve everybody
        is no error.

    Raises
    ------
    InvalidProblemError
        For an unknown method, a problem or time limit the method cannot take (the message names one that
        can), or a warm start of another shape.

    Notes
    -----
    The same input gives the same output. Another order of rows or columns gives the same objective
    (to the status's tolerance), though maybe other pairs where several choices are worth the same.
    A pair with a negative score is never chosen, not for a bonus either; one with 0 may be.

    The status is "optimal" only when the prices prove it: without any gap for scores rounded to whole
    numbers, which leaves at most 1e-6 of a score unit a chosen pair.

    Slots of one kind are limits like any other. Where columns of several kinds have slots, the problem is no
    flow: it is solved as by `solve_without_clashes`.

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
    check_method(method)
    if time_limit is not None and not time_limit >= 0:
        raise InvalidProblemError(f"time_limit: expected seconds, 0 or more, got {time_limit!r}")
    clock = Clock(time_limit)
    if problem.slots is not None and not problem.slots_are_laminar:
        whole = problem.without_slots()
        return solve_without_clashes(
            whole, same_slots(problem.slots), method, warm_start=warm_start, clock=clock
        )
    return solve_as_flow(problem, method, warm_start, clock)
