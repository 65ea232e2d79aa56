"""The certificate: it goes red for every pair, price and figure that is not right."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy.sparse import csr_array

from matcher.assignment import AssignmentProblem, certify, reduced_values, solve
from matcher.exceptions import InvalidProblemError


def problem_with_all_limits() -> AssignmentProblem:
    rng = np.random.default_rng(8)
    n, m = 40, 12
    mask = rng.random((n, m)) < 0.5
    values = rng.random((n, m)) - 0.05
    return AssignmentProblem(
        csr_array((values[mask], np.nonzero(mask)), shape=(n, m)),
        rng.integers(1, 5, m),
        kinds=rng.integers(0, 2, m),
        kind_demand=rng.integers(0, 3, (n, 2)),
        demand=rng.integers(0, 3, n),
        groups=rng.integers(0, 3, n),
        group_capacity=rng.integers(0, 3, (m, 3)),
        row_bonus=rng.random(n),
    )


PROBLEM = problem_with_all_limits()
RESULT = solve(PROBLEM)
TWO = AssignmentProblem(csr_array(np.array([[0.75, 0.5], [0.5, 0.125]])), [1, 1])
TWO_RESULT = solve(TWO)


def test_a_right_result_is_certified() -> None:
    certificate = certify(PROBLEM, RESULT)
    assert certificate.is_optimal
    assert certificate.feasible
    assert certificate.violations == ()
    assert certificate.objective == RESULT.objective
    assert certificate.bound == RESULT.bound
    assert certificate.whole_gap == 0
    assert 0 <= certificate.gap < 1e-6


def test_every_price_that_matters_opens_the_gap_when_it_is_raised_or_lowered() -> None:
    names = ["row_prices", "column_prices", "kind_prices", "group_prices", "bonus_shares"]
    for name in names:
        prices = getattr(RESULT, name)
        assert (prices > 0).any(), name
        at = np.unravel_index(np.argmax(prices), prices.shape)
        for corrupt in (
            prices * 0,
            prices + np.where(np.arange(prices.size).reshape(prices.shape) % 2, 0.25, 0.0),
        ):
            certificate = certify(PROBLEM, replace(RESULT, **{name: corrupt}))
            assert not certificate.is_optimal, (name, at)
            # Still a bound: wrong prices are loose, or named as no prices at all.
            assert certificate.bound >= RESULT.objective


@pytest.mark.parametrize("bad", [-0.25, math.nan, math.inf])
@pytest.mark.parametrize(
    "name", ["row_prices", "column_prices", "kind_prices", "group_prices", "bonus_shares"]
)
def test_what_is_no_price_proves_nothing(name: str, bad: float) -> None:
    prices = getattr(RESULT, name).copy()
    prices[0] = bad
    certificate = certify(PROBLEM, replace(RESULT, **{name: prices}))
    assert certificate.bound == math.inf
    assert not certificate.is_optimal
    assert certificate.feasible
    assert certificate.violations[0].startswith(f"{name}: expected finite values from 0, got {bad}")


def test_a_share_above_the_bonus_proves_nothing() -> None:
    certificate = certify(PROBLEM, replace(RESULT, bonus_shares=PROBLEM.row_bonus + 0.5))
    assert certificate.bound == math.inf
    assert certificate.violations[0] == "bonus_shares: expected at most the bonus, got more in 40 rows"


def test_a_price_where_there_is_no_limit_is_a_loose_bound_not_an_invalid_one() -> None:
    limits = {"kinds": [0, 0], "kind_demand": [[-1], [-1]], "groups": [0, 0], "group_capacity": [[-1], [-1]]}
    problem = AssignmentProblem(csr_array(np.ones((2, 2))), [2, 2], **limits)
    result = solve(problem)
    for name in ("kind_prices", "group_prices"):
        priced = replace(result, **{name: np.full((2, 1), 0.5), "row_prices": np.zeros(2)})
        assert result.objective <= certify(problem, priced).bound < math.inf


def test_rounding_never_puts_the_bound_below_the_value() -> None:
    problem = AssignmentProblem(csr_array([[0.9]]), [1])
    prices = {"row_prices": np.array([0.2]), "column_prices": np.array([0.7])}
    assert 0.2 + 0.7 < 0.9
    certificate = certify(problem, replace(solve(problem), **prices))
    assert certificate.feasible
    assert certificate.gap == 0.0


def test_prices_left_out_count_as_zero() -> None:
    certificate = certify(PROBLEM, replace(RESULT, kind_prices=None, group_prices=None, bonus_shares=None))
    assert RESULT.objective < certificate.bound < math.inf
    assert not certificate.is_optimal


def test_a_pair_left_out_opens_the_gap() -> None:
    certificate = certify(PROBLEM, replace(RESULT, pairs=RESULT.pairs[1:]))
    assert certificate.feasible
    assert certificate.gap > 1e-3
    assert not certificate.is_optimal


@pytest.mark.parametrize(
    ("pairs", "sentence"),
    [
        ([[0, 0], [0, 1]], "demand: expected at most 1 pairs at index 0, got 2, 1 such in all"),
        ([[0, 0], [1, 0]], "capacity: expected at most 1 pairs at index 0, got 2, 1 such in all"),
        ([[0, 2]], "pairs: expected allowed pairs, got 1 others, the first (0, 2)"),
        ([[0, 0], [2, 0]], "pairs: expected allowed pairs, got 1 others, the first (2, 0)"),
        ([[-1, 0]], "pairs: expected allowed pairs, got 1 others, the first (-1, 0)"),
        ([[0, -1]], "pairs: expected allowed pairs, got 1 others, the first (0, -1)"),
        (
            [[1, 0], [0, 1]],
            "pairs: expected lexicographic order and no pair twice, got another order or a pair twice",
        ),
        (
            [[0, 1], [0, 1]],
            "pairs: expected lexicographic order and no pair twice, got another order or a pair twice",
        ),
    ],
)
def test_pairs_that_break_a_limit_are_named(pairs: list[list[int]], sentence: str) -> None:
    certificate = certify(TWO, replace(TWO_RESULT, pairs=np.array(pairs)))
    assert certificate.violations[0] == sentence
    assert not certificate.feasible
    assert not certificate.is_optimal


def test_a_pair_of_the_bounding_box_that_is_not_stored_is_named() -> None:
    problem = AssignmentProblem(csr_array(np.array([[0.75, 0.0], [0.5, 0.125]])), [1, 1])
    certificate = certify(problem, replace(TWO_RESULT, pairs=np.array([[0, 1]])))
    assert certificate.violations[0] == "pairs: expected allowed pairs, got 1 others, the first (0, 1)"
    assert math.isnan(certificate.objective)
    assert not certificate.is_optimal


def test_a_chosen_pair_with_a_negative_score_is_named() -> None:
    problem = AssignmentProblem(csr_array(np.array([[-0.75, 0.5], [0.5, 0.125]])), [1, 1])
    certificate = certify(problem, replace(TWO_RESULT, pairs=np.array([[0, 0]])))
    assert certificate.violations[0] == "pairs: expected no negative scores, got 1, the first at (0, 0)"


def test_too_many_of_a_kind_or_group_are_named() -> None:
    scores = csr_array(np.ones((2, 2)))
    limits = {"kinds": [0, 0], "kind_demand": [[1], [-1]], "groups": [0, 0], "group_capacity": [[1], [-1]]}
    problem = AssignmentProblem(scores, [2, 2], demand=[2, 2], **limits)
    certificate = certify(problem, replace(TWO_RESULT, pairs=np.argwhere(np.ones((2, 2)))))
    assert certificate.violations[:2] == (
        "kind_demand: expected at most 1 pairs at index 0, 0, got 2, 1 such in all",
        "group_capacity: expected at most 1 pairs at index 0, 0, got 2, 1 such in all",
    )


@pytest.mark.parametrize("name", ["objective", "score_sum", "bound"])
def test_a_stated_figure_that_cannot_be_found_again_is_named(name: str) -> None:
    wrong = getattr(TWO_RESULT, name) - 0.125
    certificate = certify(TWO, replace(TWO_RESULT, **{name: wrong}))
    assert [violation.split(":")[0] for violation in certificate.violations] == [name]
    assert not certificate.is_optimal


def test_arrays_of_another_shape_are_all_named() -> None:
    with pytest.raises(InvalidProblemError) as caught:
        certify(PROBLEM, replace(TWO_RESULT, kind_prices=np.zeros(3), pairs=np.zeros((2, 3))))
    names = [sentence.split(":")[0] for sentence in caught.value.problems]
    assert names == ["row_prices", "column_prices", "kind_prices", "pairs"]
    with pytest.raises(InvalidProblemError, match="kind_prices: expected None"):
        certify(TWO, replace(TWO_RESULT, kind_prices=np.zeros((2, 1))))


def test_chosen_pairs_are_worth_their_prices_and_the_others_no_more() -> None:
    values = reduced_values(PROBLEM, RESULT)
    keys = PROBLEM.rows * PROBLEM.n_columns + PROBLEM.columns
    chosen = np.isin(keys, RESULT.pairs @ [PROBLEM.n_columns, 1])
    possible = PROBLEM.scores.data >= 0
    assert (values[chosen] >= -1e-7).all()
    assert (values[~chosen & possible] <= 1e-7).all()


def test_the_certificate_does_not_depend_on_the_method() -> None:
    by_flow, by_hungarian = solve(TWO, "flow"), solve(TWO, "hungarian")
    assert certify(TWO, by_flow).is_optimal
    assert certify(TWO, by_hungarian).is_optimal
    assert certify(TWO, by_flow).objective == certify(TWO, by_hungarian).objective
