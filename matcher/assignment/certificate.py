"""The proof of a result: limits, value and bound from the problem and the result alone. No solving."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from matcher.assignment._prices import Prices, reduced_at
from matcher.assignment.problem import NO_LIMIT, AssignmentProblem, FloatArray, IntArray
from matcher.assignment.result import AssignmentResult
from matcher.exceptions import InvalidProblemError

TOLERANCE_A_PAIR = 1e-6
# Sums of many floats by two ways differ by this share at most; more is a mistake.
ROUNDING = 1e-9


@dataclass(frozen=True)
class Certificate:
    """What a result is worth, what any result could be worth at most, and what is wrong with it.

    Attributes
    ----------
    objective : float
        Value of the pairs, recomputed; nan where they are not allowed pairs.
    bound : float
        No choice of pairs is worth more, recomputed from the prices; inf where they are no prices.
    gap : float
        ``bound - objective``.
    feasible : bool
        Whether the pairs are allowed, not negative, sorted, taken once, and keep every limit.
    is_optimal : bool
        Feasible, with nothing wrong, and a gap of at most 1e-6 a chosen pair.
    violations : tuple of str
        A sentence for each thing that is wrong: pairs, prices, and figures stated but not found.
    """

    objective: float
    bound: float
    gap: float
    feasible: bool
    is_optimal: bool
    violations: tuple[str, ...] = ()


def certify(problem: AssignmentProblem, result: AssignmentResult) -> Certificate:
    r"""Check a result of any method against its problem, without trusting the method.

    .. math::

        \sum_i d_i u_i + \sum_{ik} d_{ik} v_{ik} + \sum_j c_j p_j + \sum_{jg} c_{jg} w_{jg}
        + \sum_{ij} \max(0, r_{ij}) + \sum_i (b_i - \beta_i), \quad
        r_{ij} = s_{ij} + \beta_i - u_i - v_{i k(j)} - p_j - w_{j g(i)}

    is an upper bound on every choice of pairs for any prices of 0 or more and any shares
    :math:`0 \le \beta_i \le b_i`: prices that are wrong make it looser, never invalid.

    Parameters
    ----------
    problem : AssignmentProblem
    result : AssignmentResult
        Of any method; also one of another problem of the same shape.

    Returns
    -------
    Certificate

    Raises
    ------
    InvalidProblemError
        Where pairs or prices do not have the shape the problem asks for; lists all of them. Prices
        of kinds, groups and bonuses may be None: they are 0 then.

    Notes
    -----
    O(nnz + n K + m G + p log nnz). Uses the limits as given and exactly rounded sums, so neither the
    order of rows nor of columns matters. Pairs with a negative score are no part of the problem.

    References
    ----------
    .. [1] Ahuja, R. K., Magnanti, T. L., Orlin, J. B. (1993). Network Flows, chapters 9 and 10.
       Prentice Hall.
    .. [2] Bertsekas, D. P. (1992). Auction algorithms for network flow problems: a tutorial
       introduction. Computational Optimization and Applications 1, 7-66. doi:10.1007/BF00247653

    Examples
    --------
    >>> import numpy as np
    >>> from dataclasses import replace
    >>> from scipy.sparse import csr_array
    >>> from matcher.assignment import AssignmentProblem, certify, solve
    >>> problem = AssignmentProblem(csr_array(np.array([[0.75, 0.5], [0.5, 0.125]])), capacity=[1, 1])
    >>> result = solve(problem)
    >>> certify(problem, result).is_optimal
    True
    >>> certify(problem, replace(result, pairs=result.pairs[:1])).violations
    ('objective: expected 0.5, the value of the pairs, got 1.0', 'score_sum: expected 0.5, got 1.0')
    """
    _check_shapes(problem, result)
    prices = Prices.of(result)
    wrong_pairs = list(_pair_violations(problem, result.pairs))
    wrong_prices = list(_price_violations(problem, prices))
    known = _are_stored(problem, result.pairs).all()
    score_sum, objective = value_of(problem, result.pairs) if known else (math.nan, math.nan)
    bound = math.inf if wrong_prices else bound_of(problem, prices)
    # Two ways of summing may differ in the last digit; a bound is never below a feasible value.
    if not wrong_pairs and objective - ROUNDING * max(1.0, abs(objective)) <= bound < objective:
        bound = objective
    stated = list(_stated_violations(result, score_sum, objective, bound)) if known else []
    violations = (*wrong_pairs, *wrong_prices, *stated)
    gap = bound - objective
    is_optimal = not violations and abs(gap) <= TOLERANCE_A_PAIR * max(1, len(result.pairs))
    return Certificate(objective, bound, gap, not wrong_pairs, is_optimal, violations)


def value_of(problem: AssignmentProblem, pairs: IntArray) -> tuple[float, float]:
    """Sum of the scores of `pairs`, and the same with the bonuses of the rows they serve."""
    entries = entries_of(problem, pairs)
    score_sum = math.fsum(problem.scores.data[entries].tolist())
    if problem.row_bonus is None:
        return score_sum, score_sum
    bonuses = problem.row_bonus[np.unique(pairs[:, 0])]
    return score_sum, math.fsum([*problem.scores.data[entries].tolist(), *bonuses.tolist()])


def bound_of(problem: AssignmentProblem, prices: Prices) -> float:
    """The value of the dual: see `certify` for the formula."""
    reduced = reduced_at(problem, prices)[problem.scores.data >= 0]
    terms = [problem.demand * prices.rows, problem.capacity * prices.columns, reduced[reduced > 0]]
    # A row takes no more than all columns and a column no more than all rows: that is what -1 means.
    if prices.kinds is not None and problem.kind_demand is not None:
        terms.append(_limits(problem.kind_demand, problem.n_columns) * prices.kinds)
    if prices.groups is not None and problem.group_capacity is not None:
        terms.append(_limits(problem.group_capacity, problem.n_rows) * prices.groups)
    if problem.row_bonus is not None:
        terms.append(problem.row_bonus - (0.0 if prices.bonus_shares is None else prices.bonus_shares))
    return math.fsum(np.concatenate([term.ravel() for term in terms]).tolist())


def entries_of(problem: AssignmentProblem, pairs: IntArray) -> IntArray:
    """Positions of `pairs` in ``problem.scores.data``; of a pair not stored, where it would stand."""
    keys = problem.rows * problem.n_columns + problem.columns
    return np.searchsorted(keys, pairs[:, 0] * problem.n_columns + pairs[:, 1]).astype(np.int64)


def _limits(limits: IntArray, whole: int) -> IntArray:
    return np.where(limits == NO_LIMIT, whole, limits)


def _are_stored(problem: AssignmentProblem, pairs: IntArray) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    entries = entries_of(problem, pairs)
    found = entries < problem.scores.nnz
    at = entries[found]
    found[found] = (problem.rows[at] == pairs[found, 0]) & (problem.columns[at] == pairs[found, 1])
    return found


def _pair_violations(problem: AssignmentProblem, pairs: IntArray) -> Iterator[str]:
    stored = _are_stored(problem, pairs)
    if not stored.all():
        bad = pairs[~stored][0]
        yield f"pairs: expected allowed pairs, got {(~stored).sum()} others, the first ({bad[0]}, {bad[1]})"
        return
    entries = entries_of(problem, pairs)
    if (np.diff(entries) <= 0).any():
        yield "pairs: expected lexicographic order and no pair twice, got another order or a pair twice"
    negative = problem.scores.data[entries] < 0
    if negative.any():
        bad = pairs[negative][0]
        yield f"pairs: expected no negative scores, got {negative.sum()}, the first at ({bad[0]}, {bad[1]})"
    rows, columns = pairs[:, 0], pairs[:, 1]
    yield from _over("demand", problem.demand, rows)
    yield from _over("capacity", problem.capacity, columns)
    if problem.kinds is not None and problem.kind_demand is not None:
        yield from _over("kind_demand", problem.kind_demand, rows, problem.kinds[columns])
    if problem.groups is not None and problem.group_capacity is not None:
        yield from _over("group_capacity", problem.group_capacity, columns, problem.groups[rows])


def _over(name: str, limits: IntArray, *index: IntArray) -> Iterator[str]:
    taken = np.zeros(limits.shape, dtype=np.int64)
    np.add.at(taken, index, 1)
    over = (limits != NO_LIMIT) & (taken > limits)
    if over.any():
        at = tuple(int(place) for place in np.argwhere(over)[0])
        yield (
            f"{name}: expected at most {limits[at]} pairs at index {', '.join(map(str, at))}, "
            f"got {taken[at]}, {over.sum()} such in all"
        )


def _price_violations(problem: AssignmentProblem, prices: Prices) -> Iterator[str]:
    for name, values in _named(prices):
        # not >=: nan must fail too
        bad = ~((values >= 0) & np.isfinite(values))
        if bad.any():
            yield f"{name}: expected finite values from 0, got {values[bad][0]}, {bad.sum()} such in all"
    if prices.bonus_shares is not None and problem.row_bonus is not None:
        over = prices.bonus_shares > problem.row_bonus
        if over.any():
            yield f"bonus_shares: expected at most the bonus, got more in {over.sum()} rows"


def _stated_violations(
    result: AssignmentResult, score_sum: float, objective: float, bound: float
) -> Iterator[str]:
    if not math.isclose(result.objective, objective, rel_tol=ROUNDING, abs_tol=ROUNDING):
        yield f"objective: expected {objective}, the value of the pairs, got {result.objective}"
    if not math.isclose(result.score_sum, score_sum, rel_tol=ROUNDING, abs_tol=ROUNDING):
        yield f"score_sum: expected {score_sum}, got {result.score_sum}"
    if math.isfinite(bound) and not result.bound >= bound - ROUNDING * max(1.0, abs(bound)):
        yield f"bound: expected {bound} or more, which is all that the prices prove, got {result.bound}"


def _check_shapes(problem: AssignmentProblem, result: AssignmentResult) -> None:
    wrong = []
    shapes: dict[str, tuple[int, ...] | None] = {
        "row_prices": problem.demand.shape,
        "column_prices": problem.capacity.shape,
        "kind_prices": None if problem.kind_demand is None else problem.kind_demand.shape,
        "group_prices": None if problem.group_capacity is None else problem.group_capacity.shape,
        "bonus_shares": None if problem.row_bonus is None else problem.row_bonus.shape,
    }
    for name, values in _named(Prices.of(result)):
        if shapes[name] is None:
            wrong.append(f"{name}: expected None for a problem without this limit, got shape {values.shape}")
        elif values.shape != shapes[name]:
            wrong.append(f"{name}: expected shape {shapes[name]}, got {values.shape}")
    pairs = result.pairs
    if pairs.ndim != 2 or pairs.shape[1] != 2 or pairs.dtype.kind not in "iu":
        wrong.append(f"pairs: expected integers of shape (p, 2), got {pairs.dtype} of shape {pairs.shape}")
    if wrong:
        raise InvalidProblemError(wrong)


def _named(prices: Prices) -> Iterator[tuple[str, FloatArray]]:
    for name, values in (
        ("row_prices", prices.rows),
        ("column_prices", prices.columns),
        ("kind_prices", prices.kinds),
        ("group_prices", prices.groups),
        ("bonus_shares", prices.bonus_shares),
    ):
        if values is not None:
            yield name, values
