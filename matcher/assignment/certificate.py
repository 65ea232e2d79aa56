"""The proof of a result: limits, value and bound from the problem and the result alone. No solving."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from matcher._compiled import inlined, kernel
from matcher.assignment._arrays.entries import entries_of
from matcher.assignment._arrays.prices import Charges, Prices, charge, charges_of, slot_charge
from matcher.assignment._arrays.scaling import whole_scale
from matcher.assignment.problem import NO_LIMIT, NO_SLOT, AssignmentProblem, FloatArray, IntArray
from matcher.assignment.result import AssignmentResult
from matcher.exceptions import InvalidProblemError

TOLERANCE_A_PAIR = 1e-6
# Sums of many floats by two ways differ by this share at most; more is a mistake.
ROUNDING = 1e-9
# What a pass over the pairs sums up, by its place in an array.
LEFT, LEFT_WHOLE, PAID_FOR_SLOTS, LOST = range(4)


@dataclass(frozen=True)
class Certificate:
    """What a result is worth, what any result could be worth at most, and what is wrong with it.

    Attributes
    ----------
    objective : float
        Value of the pairs, recomputed; nan where they are not allowed pairs.
    score_sum : float
        The same without bonuses.
    bound : float
        No choice of pairs is worth more, recomputed from the prices; inf where they are no prices.
    gap : float
        ``bound - objective``.
    whole_gap : float
        The gap when scores, bonuses and prices are rounded to whole numbers over ``2**whole_scale``, as the
        methods do: in units of these, and 0 only when it is exactly 0.
    feasible : bool
        Whether the pairs are allowed, not negative, sorted, taken once, and keep every limit.
    is_optimal : bool
        Feasible, with nothing wrong, no whole gap, and a gap of at most 1e-6 a chosen pair.
    violations : tuple of str
        A sentence for each thing that is wrong: pairs, prices, and figures stated but not found.
    """

    objective: float
    score_sum: float
    bound: float
    gap: float
    whole_gap: float
    feasible: bool
    is_optimal: bool
    violations: tuple[str, ...] = ()


def certify(problem: AssignmentProblem, result: AssignmentResult) -> Certificate:
    r"""Check a result of any method against its problem, without trusting the method.

    .. math::

        \sum_i d_i u_i + \sum_{ik} d_{ik} v_{ik} + \sum_{it} q_{it} + \sum_j c_j p_j + \sum_{jg} c_{jg} w_{jg}
        + \sum_{ij} \max(0, r_{ij}) + \sum_i (b_i - \beta_i), \quad
        r_{ij} = s_{ij} + \beta_i - u_i - v_{i k(j)} - q_{i t(j)} - p_j - w_{j g(i)}

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
    O(nnz + n K + m G). The gap is a sum of parts that are never negative: the price of every limit times
    what is left of it, and what each pair is worth beyond or below its prices. So it can be 0 only if all of
    them are. Pairs with a negative score are no part of the problem.

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
    >>> certify(problem, replace(result, pairs=result.pairs[:1])).violations[0]
    'objective: expected 0.5, the value of the pairs, got 1.0'
    """
    check_shapes(problem, result)
    proof = prove(problem, result.pairs, Prices.of(result))
    stated = [] if math.isnan(proof.objective) else list(_stated_violations(result, proof))
    if not stated:
        return proof
    return replace(proof, is_optimal=False, violations=(*proof.violations, *stated))


def prove(problem: AssignmentProblem, pairs: IntArray, prices: Prices) -> Certificate:
    """What pairs and prices of the right shapes prove, whatever anybody states; see `certify`."""
    entries = entries_of(problem, pairs)
    wrong_pairs = list(_pair_violations(problem, pairs, entries))
    wrong_prices = list(_price_violations(problem, prices))
    known = bool((entries >= 0).all())
    score_sum, objective = _value_of_entries(problem, pairs, entries) if known else (math.nan, math.nan)
    if wrong_prices:
        bound, whole_gap = math.inf, math.inf
    elif wrong_pairs:
        bound, whole_gap = _gaps(problem, prices, pairs[:0], entries[:0])
    else:
        gap, whole_gap = _gaps(problem, prices, pairs, entries)
        bound = objective + gap
    gap = bound - objective
    violations = (*wrong_pairs, *wrong_prices)
    within = abs(gap) <= TOLERANCE_A_PAIR * max(1, len(pairs))
    is_optimal = not violations and whole_gap == 0 and within
    return Certificate(objective, score_sum, bound, gap, whole_gap, not wrong_pairs, is_optimal, violations)


def value_of(problem: AssignmentProblem, pairs: IntArray) -> tuple[float, float]:
    """Sum of the scores of `pairs`, which are allowed ones, and the same with the bonuses of their rows."""
    return _value_of_entries(problem, pairs, entries_of(problem, pairs))


def _value_of_entries(problem: AssignmentProblem, pairs: IntArray, entries: IntArray) -> tuple[float, float]:
    score_sum = _sum(problem.scores.data[entries])
    if problem.row_bonus is None:
        return score_sum, score_sum
    served = np.zeros(problem.n_rows, np.bool_)
    served[pairs[:, 0]] = True
    return score_sum, _sum(np.concatenate([problem.scores.data[entries], problem.row_bonus[served]]))


@kernel
def _sum(values: FloatArray) -> float:
    """The sum, with what rounding loses of each addition summed up beside it (Neumaier); O(values)."""
    total, lost = 0.0, 0.0
    for value in values:
        new = total + value
        larger, smaller = (total, value) if abs(total) >= abs(value) else (value, total)
        lost += (larger - new) + smaller
        total = new
    return total + lost


def _gaps(
    problem: AssignmentProblem, prices: Prices, pairs: IntArray, entries: IntArray
) -> tuple[float, float]:
    """How far the value of allowed pairs is below what the prices prove, in scores and in whole numbers.

    Without pairs this is the value of the dual itself.
    """
    scale = whole_scale(problem)
    rounded = prices.rounded(scale)
    gap, whole_gap = _gap(problem, prices, pairs, entries, scale)
    if rounded is not prices:
        whole_gap = _gap(problem, rounded, pairs, entries, scale)[1]
    return gap, whole_gap


def _gap(
    problem: AssignmentProblem, prices: Prices, pairs: IntArray, entries: IntArray, scale: int
) -> tuple[float, float]:
    n, m = problem.n_rows, problem.n_columns
    rows, columns = np.ascontiguousarray(pairs.T, dtype=np.int64)
    parts = [
        _left_over(problem.demand, prices.rows, rows),
        _left_over(problem.capacity, prices.columns, columns),
    ]
    own = prices.rows
    # A row takes no more than all columns and a column no more than all rows: that is what -1 means.
    if prices.kinds is not None and problem.kind_demand is not None and problem.kinds is not None:
        limits = np.where(problem.kind_demand == NO_LIMIT, m, problem.kind_demand)
        at = rows * limits.shape[1] + problem.kinds[columns]
        parts.append(_left_over(limits.ravel(), prices.kinds.ravel(), at))
    if prices.groups is not None and problem.group_capacity is not None and problem.groups is not None:
        limits = np.where(problem.group_capacity == NO_LIMIT, n, problem.group_capacity)
        at = columns * limits.shape[1] + problem.groups[rows]
        parts.append(_left_over(limits.ravel(), prices.groups.ravel(), at))
    if problem.row_bonus is not None:
        n_taken = np.bincount(rows, minlength=n)
        share = np.zeros(n) if prices.bonus_shares is None else prices.bonus_shares
        parts.append(np.where(n_taken == 0, problem.row_bonus - share, share * (n_taken - 1)))
        own = own - share
    if problem.slots is not None and prices.slots is not None:
        parts.append(prices.slots.data)
    left = np.zeros(4)
    _left_at_pairs(
        problem.scores.indptr, problem.scores.indices, problem.scores.data, entries, own, prices.columns,
        charges_of(problem, prices), 2.0**scale,
        np.empty(int(np.diff(problem.scores.indptr).max(initial=0))), left,
    )  # fmt: skip
    paid_for_slots = float(left[PAID_FOR_SLOTS])
    gap = float(left[LEFT]) + math.fsum(float(part.sum()) for part in parts) - paid_for_slots
    whole = sum(float(np.rint(np.ldexp(part, scale)).sum()) for part in parts)
    return gap, float(left[LEFT_WHOLE]) + whole - math.ldexp(paid_for_slots, scale)


def _left_over(limits: IntArray, prices: FloatArray, taken: NDArray[Any]) -> FloatArray:
    """What is left of each limit, at its price; `taken` has the limit of every pair."""
    left: FloatArray = prices * (limits - np.bincount(taken, minlength=len(limits)))
    return left


@kernel
def _left_at_pairs(
    indptr: NDArray[Any], indices: NDArray[Any], scores: FloatArray, chosen: IntArray,
    row_prices: FloatArray, column_prices: FloatArray, charges: Charges, factor: float,
    worths: FloatArray, left: FloatArray,
) -> None:  # fmt: skip
    """What pairs are worth beyond their prices, and chosen ones below; in whole numbers; slots paid for.

    `chosen` ascends. All pairs of a row are appraised in one go, into `worths`, before any is looked at.

    Complexity: O(nnz), and for each pair with a slot the priced slots of its row.
    """
    least = -1 / factor  # what rounding cannot lift above 0
    first = 0
    for row in range(len(row_prices)):
        start, width = indptr[row], indptr[row + 1] - indptr[row]
        for t in range(width):
            worths[t] = scores[start + t] - (row_prices[row] + column_prices[indices[start + t]])
        if len(charges.kinds) or len(charges.groups):
            for t in range(width):
                worths[t] -= charge(charges, row, indices[start + t])
        while first < len(chosen) and chosen[first] < start + width:
            e = chosen[first]
            price = row_prices[row] + column_prices[indices[e]] + charge(charges, row, indices[e])
            slot_price = slot_charge(charges, row, indices[e])
            price += slot_price
            left[PAID_FOR_SLOTS] += slot_price
            _add(left, price - scores[e], np.rint(price * factor) - np.rint(scores[e] * factor))
            worths[e - start] = -np.inf
            first += 1
        n_worth = 0
        for t in range(width):
            n_worth += worths[t] > least
        t = 0
        while n_worth > 0:
            if worths[t] > least:
                n_worth -= 1
                e = start + t
                if scores[e] >= 0:
                    price = row_prices[row] + column_prices[indices[e]] + charge(charges, row, indices[e])
                    price += slot_charge(charges, row, indices[e])
                    _add(left, scores[e] - price, np.rint(scores[e] * factor) - np.rint(price * factor))
            t += 1


@inlined
def _add(left: FloatArray, worth: float, whole: float) -> None:
    """Add what is more than nothing, and keep what rounding loses of the sum."""
    left[LEFT_WHOLE] += max(0.0, whole)
    more = max(0.0, worth) - left[LOST]
    total = left[LEFT] + more
    left[LOST] = (total - left[LEFT]) - more
    left[LEFT] = total


def _pair_violations(problem: AssignmentProblem, pairs: IntArray, entries: IntArray) -> Iterator[str]:
    stored = entries >= 0
    if not stored.all():
        bad = pairs[~stored][0]
        yield f"pairs: expected allowed pairs, got {(~stored).sum()} others, the first ({bad[0]}, {bad[1]})"
        return
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
    if problem.slots is not None:
        slots = problem.slots[columns]
        taken = np.column_stack([rows, slots])[slots != NO_SLOT]
        twice, counts = np.unique(taken, axis=0, return_counts=True)
        if (counts > 1).any():
            row, slot = twice[counts > 1][0]
            yield (
                f"slots: expected at most 1 pair of row {row} in slot {slot}, got {counts.max()}, "
                f"{(counts > 1).sum()} such in all"
            )


def _over(name: str, limits: IntArray, *index: IntArray) -> Iterator[str]:
    taken = np.bincount(np.ravel_multi_index(index, limits.shape), minlength=limits.size).reshape(
        limits.shape
    )
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
        stored = values.data if name == "slot_prices" else values
        bad = ~((stored >= 0) & np.isfinite(stored))
        if bad.any():
            yield f"{name}: expected finite values from 0, got {stored[bad][0]}, {bad.sum()} such in all"
    if prices.bonus_shares is not None and problem.row_bonus is not None:
        over = prices.bonus_shares > problem.row_bonus
        if over.any():
            yield f"bonus_shares: expected at most the bonus, got more in {over.sum()} rows"


def _stated_violations(result: AssignmentResult, proof: Certificate) -> Iterator[str]:
    if not math.isclose(result.objective, proof.objective, rel_tol=ROUNDING, abs_tol=ROUNDING):
        yield f"objective: expected {proof.objective}, the value of the pairs, got {result.objective}"
    if not math.isclose(result.score_sum, proof.score_sum, rel_tol=ROUNDING, abs_tol=ROUNDING):
        yield f"score_sum: expected {proof.score_sum}, got {result.score_sum}"
    if math.isfinite(proof.bound) and not result.bound >= proof.bound - ROUNDING * max(1.0, abs(proof.bound)):
        yield f"bound: expected {proof.bound} or more, which is all that the prices prove, got {result.bound}"
    if result.status == "optimal" and not proof.is_optimal:
        yield f"status: expected 'feasible', as the prices leave a gap of {proof.gap}, got 'optimal'"


def check_shapes(problem: AssignmentProblem, result: AssignmentResult) -> None:
    """Raise InvalidProblemError where pairs or prices do not have the shape the problem asks for."""
    wrong = []
    shapes: dict[str, tuple[int, ...] | None] = {
        "row_prices": problem.demand.shape,
        "column_prices": problem.capacity.shape,
        "kind_prices": None if problem.kind_demand is None else problem.kind_demand.shape,
        "group_prices": None if problem.group_capacity is None else problem.group_capacity.shape,
        "bonus_shares": None if problem.row_bonus is None else problem.row_bonus.shape,
        "slot_prices": (
            None if problem.slots is None else (problem.n_rows, int(problem.slots.max(initial=-1)) + 1)
        ),
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


def _named(prices: Prices) -> Iterator[tuple[str, Any]]:
    for name, values in (
        ("row_prices", prices.rows),
        ("column_prices", prices.columns),
        ("kind_prices", prices.kinds),
        ("group_prices", prices.groups),
        ("bonus_shares", prices.bonus_shares),
        ("slot_prices", prices.slots),
    ):
        if values is not None:
            yield name, values
