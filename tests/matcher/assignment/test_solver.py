"""The door: which method runs, when an earlier result will do, and what a method refuses."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from scipy.sparse import csr_array

from matcher.assignment import AssignmentProblem, certify, solve
from matcher.assignment._arrays.scaling import whole_scale
from matcher.assignment._methods import flow
from matcher.assignment._methods.network import build_network
from matcher.assignment._methods.potentials import _has_cycle, prices_of
from matcher.assignment._methods.registry import certified
from matcher.exceptions import InvalidProblemError

SCORES = np.array([[0.75, 0.5], [0.5, 0.125]])


def problem(
    scores: np.ndarray = SCORES, capacity: tuple[int, ...] = (1, 1), **limits: object
) -> AssignmentProblem:
    return AssignmentProblem(csr_array(scores), list(capacity), **limits)


def test_an_unknown_method_is_refused_with_the_valid_ones() -> None:
    with pytest.raises(
        InvalidProblemError,
        match="method: expected one of 'auto', 'auction', 'flow', 'hungarian', got 'magic'",
    ):
        solve(problem(), "magic")


def test_the_result_says_which_method_ran_and_why() -> None:
    chosen, asked = solve(problem()), solve(problem(), "flow")
    assert (chosen.method, chosen.reason) == ("auction", "auto: the fastest that takes every problem")
    assert (asked.method, asked.reason) == ("flow", "asked for")


def test_an_earlier_result_that_is_still_optimal_comes_back_as_it_is() -> None:
    earlier = solve(problem(), "hungarian")
    again = solve(problem(), "flow", warm_start=earlier)
    assert again.method == "hungarian"
    assert again.pairs is earlier.pairs
    assert (again.objective, again.bound, again.status) == (earlier.objective, earlier.bound, "optimal")


def test_an_earlier_result_comes_back_with_the_figures_of_the_new_problem() -> None:
    earlier = solve(problem(), "hungarian")
    # A pair that was not chosen becomes worse: the old prices still prove the old pairs.
    worse = SCORES.copy()
    worse[1, 1] -= 0.0625
    stale = replace(earlier, objective=9.0, score_sum=9.0, bound=9.0, status="feasible")
    again = solve(problem(worse), "flow", warm_start=stale)
    assert again.method == "hungarian"
    assert (again.objective, again.score_sum, again.bound, again.status) == (1.0, 1.0, 1.0, "optimal")


@pytest.mark.parametrize(
    "changed",
    [
        problem(capacity=(2, 1)),
        problem(capacity=(1, 0)),
        problem(SCORES * [[1.5, 1], [1, 1]]),
        problem(SCORES * [[1, 0], [1, 1]]),
        problem(row_bonus=[0.0, 0.5], demand=[1, 0]),
    ],
    ids=["more places", "fewer places", "a better pair", "a pair gone", "a row gone"],
)
def test_an_earlier_result_that_is_not_optimal_any_more_plays_no_part(changed: AssignmentProblem) -> None:
    again = solve(changed, "flow", warm_start=solve(problem(), "hungarian"))
    afresh = solve(changed, "flow")
    assert again.method == "flow"
    assert_array_equal(again.pairs, afresh.pairs)
    assert again.objective == afresh.objective


def test_an_earlier_result_of_another_shape_is_refused() -> None:
    with pytest.raises(InvalidProblemError, match=r"column_prices: expected shape \(2,\), got \(1,\)"):
        solve(problem(), warm_start=solve(problem(SCORES[:, :1], (1,))))


def test_the_reference_refuses_more_than_it_can_take_and_names_what_can() -> None:
    with pytest.raises(InvalidProblemError) as caught:
        solve(problem(demand=[2, 1], groups=[0, 0], group_capacity=[[1], [1]]), "hungarian")
    assert caught.value.problems == (
        "demand: method 'hungarian' expects at most 1 a row, got 2; use method 'auction'",
        "group_capacity: method 'hungarian' expects None, got limits; use method 'auction'",
    )


def test_the_reference_refuses_too_many_cells_before_it_makes_them() -> None:
    n = 2001
    large = AssignmentProblem(csr_array((np.ones(n), (np.arange(n), np.arange(n)))), np.ones(n, int))
    with pytest.raises(
        InvalidProblemError, match=r"at most 4,000,000 cells .* got 4,004,001; use method 'auction'"
    ):
        solve(large, "hungarian")
    assert solve(large).objective == n


def test_a_large_capacity_is_no_large_expansion() -> None:
    assert solve(problem(capacity=(2**62, 2**62)), "hungarian").objective == 1.25


@pytest.mark.parametrize("top", [1e-6, 1.0, 1e6])
def test_many_rows_with_scores_of_any_size_are_solved_to_a_millionth_of_the_unit(top: float) -> None:
    rng = np.random.default_rng(5)
    n, m, k = 3000, 300, 6
    columns = rng.integers(0, m, (n, 1)) + np.arange(0, 7 * k, 7)
    scores = csr_array(
        (rng.random(n * k) * top, (np.repeat(np.arange(n), k), columns.ravel() % m)), shape=(n, m)
    )
    result = solve(AssignmentProblem(scores, np.full(m, 9)))
    assert result.status == "optimal"
    assert result.bound - result.objective <= 1e-6 * len(result.pairs)


def test_scores_too_fine_for_the_solver_are_made_coarser(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flow, "whole_scale", lambda problem: 62)
    crowd = AssignmentProblem(csr_array(np.random.default_rng(4).random((20, 20))), np.ones(20, int))
    assert flow._minimum_cost_flow(build_network(crowd, 62)) is None
    result = solve(crowd, "flow")
    assert result.objective == pytest.approx(solve(crowd, "hungarian").objective, abs=1e-6)
    assert result.bound - result.objective <= 1e-6 * len(result.pairs)


def test_scores_made_too_coarse_are_feasible_within_an_honest_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    crowd = AssignmentProblem(csr_array(np.random.default_rng(4).random((20, 20))), np.ones(20, int))
    optimum = solve(crowd).objective
    monkeypatch.setattr(flow, "whole_scale", lambda problem: 3)
    result = solve(crowd, "flow")
    assert result.status == "feasible"
    assert result.objective < optimum <= result.bound


@pytest.mark.parametrize(
    ("parent", "has_cycle"), [([0], False), ([0, 0, 1, 2], False), ([0, 2, 1, 0], True), ([1, 0], True)]
)
def test_a_walk_to_the_ground_has_a_cycle_or_not(parent: list[int], has_cycle: bool) -> None:
    assert _has_cycle(np.array(parent)) == has_cycle


@pytest.mark.parametrize("method", ["auction", "flow"])
def test_demands_of_zero_are_priced_at_the_most_that_a_first_unit_could_bring(method: str) -> None:
    closed = problem(demand=[0, 1], row_bonus=[0.25, 0.0])
    result = solve(closed, method)
    assert result.row_prices[0] == (SCORES[0] - result.column_prices).max() + 0.25
    limits = {"kinds": [0, 1], "kind_demand": [[1, 0], [1, 1]], "demand": [2, 2]}
    assert solve(problem(capacity=(2, 2), **limits), method).kind_prices[0, 1] == 0.5


@pytest.mark.parametrize("step", [1, 7])
def test_prices_of_a_choice_that_is_not_optimal_are_a_loose_bound_and_the_search_ends(step: int) -> None:
    n = 150
    crowd = AssignmentProblem(csr_array(np.random.default_rng(2).random((n, n)) + 0.5), np.ones(n, int))
    network = build_network(crowd, whole_scale(crowd))
    chosen = (crowd.rows * step) % n == crowd.columns
    pairs = np.argwhere(chosen.reshape(n, n))
    result = certified(crowd, pairs, prices_of(network, chosen), "by hand", "a test")
    assert certify(crowd, result).feasible
    assert result.status == "feasible"
    assert result.bound >= solve(crowd).objective > result.objective
