"""The methods by name, and what is done with what they hand back. `solve` for users is in solver.py."""

from __future__ import annotations

from collections.abc import Callable

from matcher.assignment._arrays.entries import pairs_of
from matcher.assignment._arrays.prices import Prices
from matcher.assignment._clock import Clock
from matcher.assignment._methods.auction.method import solve_by_auction
from matcher.assignment._methods.flow import solve_by_flow
from matcher.assignment._methods.hungarian import solve_by_hungarian
from matcher.assignment._methods.solution import Solution, Start
from matcher.assignment.certificate import prove
from matcher.assignment.problem import AssignmentProblem, IntArray
from matcher.assignment.result import AssignmentResult
from matcher.exceptions import InvalidProblemError

METHODS: dict[str, Callable[[AssignmentProblem, Start | None, Clock], Solution]] = {
    "auction": solve_by_auction,
    "flow": solve_by_flow,
    "hungarian": solve_by_hungarian,
}
AUTOMATIC = "auction"
WHY = {True: "auto: the fastest that takes every problem", False: "asked for"}


def check_method(method: str) -> None:
    """Raise InvalidProblemError for a name that is no method."""
    if not isinstance(method, str) or (method != "auto" and method not in METHODS):
        names = ", ".join(repr(name) for name in ("auto", *sorted(METHODS)))
        raise InvalidProblemError(f"method: expected one of {names}, got {method!r}")


def solve_as_flow(
    problem: AssignmentProblem,
    method: str = "auto",
    warm_start: AssignmentResult | None = None,
    clock: Clock | None = None,
) -> AssignmentResult:
    """Solve a problem whose slots, if any, are all of one kind; see `solve` for the rest."""
    check_method(method)
    name = AUTOMATIC if method == "auto" else method
    start = None
    if warm_start is not None:
        start = Start.of(problem, warm_start)
        if name != "auction" and prove(problem, warm_start.pairs, Prices.of(warm_start)).is_optimal:
            return certified(
                problem, warm_start.pairs, Prices.of(warm_start), warm_start.method, warm_start.reason
            )
    return run(problem, name, WHY[method == "auto"], start, clock or Clock())


def run(
    problem: AssignmentProblem, name: str, reason: str, start: Start | None, clock: Clock
) -> AssignmentResult:
    """Run one method and have what it hands back certified."""
    solution = METHODS[name](problem, start, clock)
    return certified(problem, pairs_of(problem, solution.entries), solution.prices, name, reason)


def certified(
    problem: AssignmentProblem, pairs: IntArray, prices: Prices, method: str, reason: str
) -> AssignmentResult:
    """The result of choosing `pairs`, with value, bound and status as far as `prices` prove them.

    Raises RuntimeError where the pairs break a limit.
    """
    proof = prove(problem, pairs, prices)
    if not proof.feasible:
        # A mistake in a method. Nobody may ever see such pairs as proposals.
        raise RuntimeError(f"method {method!r} broke a limit: {'; '.join(proof.violations)}")
    return AssignmentResult(
        pairs=pairs,
        objective=proof.objective,
        score_sum=proof.score_sum,
        bound=proof.bound,
        status="optimal" if proof.is_optimal else "feasible",
        method=method,
        row_prices=prices.rows,
        column_prices=prices.columns,
        kind_prices=prices.kinds,
        group_prices=prices.groups,
        bonus_shares=prices.bonus_shares,
        slot_prices=prices.slots,
        reason=reason,
    )
