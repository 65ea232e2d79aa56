"""The auction alone: cut short, taken apart, compiled once. What all methods promise is in the contract."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy.sparse import csr_array

from matcher.assignment import AssignmentProblem, AssignmentResult, certify, solve
from matcher.assignment._methods.auction import balancing, method, row_choices, row_prices
from matcher.exceptions import InvalidProblemError
from tests.contracts.test_solver_contract import (
    assert_limits_are_kept,
    best_by_mixed_integer_programming,
    random_problem,
)

TWO = AssignmentProblem(csr_array(np.array([[0.75, 0.5], [0.5, 0.125]])), [1, 1])


def crowd(n: int, m: int, k: int, limits: str = "") -> AssignmentProblem:
    """`n` rows that want `k` of `m` columns each, with fewer places than rows."""
    rng = np.random.default_rng([n, len(limits)])
    step = 2 * rng.integers(0, m // (2 * k), n) + 1
    columns = (rng.integers(0, m, (n, 1)) + step[:, None] * np.arange(k)) % m
    # What everybody likes is what everybody wants.
    scores = rng.random((n, k)) * 0.5 + rng.random(m)[columns] * 0.5
    arguments: dict[str, Any] = {}
    if "k" in limits:
        arguments |= {"kinds": rng.integers(0, 2, m), "kind_demand": rng.integers(0, 3, (n, 2))}
    if "g" in limits:
        arguments |= {"groups": rng.integers(0, 3, n), "group_capacity": rng.integers(-1, 5, (m, 3))}
    if "b" in limits:
        arguments["row_bonus"] = rng.random(n)
    if "s" in limits:
        arguments["slots"] = rng.integers(-1, m // 10, m)
        if "k" in limits:
            arguments["slots"][arguments["kinds"] == 1] = -1
    matrix = csr_array((scores.ravel(), (np.repeat(np.arange(n), k), columns.ravel())), shape=(n, m))
    return AssignmentProblem(matrix, rng.integers(0, 2 * n // m, m), **arguments)


def is_red(problem: AssignmentProblem, result: AssignmentResult) -> bool:
    return result.status != "optimal" and not certify(problem, result).is_optimal


# What the certificate is for ------------------------------------------------------------------------


def begin_with_prices(monkeypatch: pytest.MonkeyPatch, of_columns: float, of_groups: float) -> None:
    """Instead of the auction: prices in shares of the largest score, and nobody has won anything."""

    def find_prices(market: Any, holdings: Any, *others: Any) -> np.ndarray:
        n_columns, top = len(market.group_start) - 1, int(market.weight.max())
        is_open = holdings.price < market.closed_price
        holdings.price[is_open] = int(of_columns * top)
        is_open[:n_columns] = False
        holdings.price[is_open] = int(of_groups * top)
        return np.full(len(market.unit_row), -1)

    monkeypatch.setattr(method, "find_prices", find_prices)


@pytest.mark.parametrize("limits", ["", "k", "g", "b", "s", "kgbs"])
def test_the_certificate_goes_red_when_excess_stays_where_it_is(
    monkeypatch: pytest.MonkeyPatch, limits: str
) -> None:
    problem = crowd(300, 40, 6, limits)
    begin_with_prices(monkeypatch, 0, 0)
    assert solve(problem).status == "optimal"
    monkeypatch.setattr(balancing, "route_excess", lambda *arguments: None)
    with pytest.raises(RuntimeError, match=r"'auction' broke a limit: capacity: expected at most"):
        solve(problem)


@pytest.mark.parametrize("limits", ["", "k", "g", "b", "s", "kgbs"])
def test_the_certificate_goes_red_when_a_vacancy_stays_dear_and_empty(
    monkeypatch: pytest.MonkeyPatch, limits: str
) -> None:
    problem = crowd(300, 40, 6, limits)
    begin_with_prices(monkeypatch, 0.75, 0.75)
    assert solve(problem).status == "optimal"
    monkeypatch.setattr(balancing, "fill_vacancies", lambda *arguments: None)
    result = solve(problem)
    assert is_red(problem, result)
    assert result.objective <= solve(problem, "flow").objective + 1e-6 <= result.bound + 2e-6
    assert result.bound - result.objective > 1e-3


def test_the_certificate_goes_red_when_rows_choose_without_looking_at_prices(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    whole = row_choices.choose_best

    def for_nothing(market: Any, holdings: Any, preferred: Any, *others: Any) -> None:
        free = holdings._replace(price=np.zeros_like(holdings.price))
        whole(market, free, np.full_like(preferred, -1), *others)

    monkeypatch.setattr(row_choices, "choose_best", for_nothing)
    # Shortest paths need prices that fit what is held, or may go round for ever.
    monkeypatch.setattr(method, "balance", lambda *arguments: True)
    with pytest.raises(RuntimeError, match="'auction' broke a limit: capacity: expected at most"):
        solve(crowd(300, 40, 6))


def test_the_certificate_goes_red_when_one_row_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = row_choices.choose_best

    def but_for_the_first(*arguments: Any) -> None:
        *before, first_row, last_row = arguments
        whole(*before, first_row + 1, last_row)

    monkeypatch.setattr(row_choices, "choose_best", but_for_the_first)
    problem = AssignmentProblem(TWO.scores, [5, 5])
    result = solve(problem)
    assert is_red(problem, result)
    assert (result.objective, result.bound) == (0.5, 1.25)


@pytest.mark.parametrize("limits", ["g", "kg", "kgbs"])
def test_the_certificate_goes_red_when_groups_with_room_stay_dear(
    monkeypatch: pytest.MonkeyPatch, limits: str
) -> None:
    problem = crowd(300, 40, 6, limits)
    begin_with_prices(monkeypatch, 0.25, 0.75)
    assert solve(problem).status == "optimal"
    monkeypatch.setattr(row_choices, "lower_group_prices", lambda *arguments: 0)
    assert is_red(problem, solve(problem))


@pytest.mark.parametrize("limits", ["", "k", "b", "s"])
def test_the_certificate_goes_red_when_rows_have_no_prices(
    monkeypatch: pytest.MonkeyPatch, limits: str
) -> None:
    monkeypatch.setattr(row_prices, "_price_rows", lambda *arguments: None)
    problem = crowd(300, 40, 6, limits)
    result = solve(problem)
    assert is_red(problem, result)
    assert result.objective == pytest.approx(solve(problem, "flow").objective, abs=1e-4)


@pytest.mark.parametrize("limits", ["", "k", "g", "b", "s", "kgbs"])
@pytest.mark.parametrize("share", [0, 0.25, 0.75, 1, 2])
def test_whatever_prices_the_auction_finds_the_choice_becomes_optimal(
    monkeypatch: pytest.MonkeyPatch, share: float, limits: str
) -> None:
    problem = crowd(300, 40, 6, limits)
    optimum = solve(problem).objective
    begin_with_prices(monkeypatch, share, 2 * share)
    result = solve(problem)
    assert (result.status, result.objective) == ("optimal", pytest.approx(optimum, abs=1e-6))


# Slots of several kinds -----------------------------------------------------------------------------


def with_slots_of_two_kinds(seed: int, n: int, m: int) -> AssignmentProblem:
    rng = np.random.default_rng(seed)
    limits = ["k", "kb", "kg", "kgb"][seed % 4]
    problem = random_problem(rng, n, m, 0.8, most_demand=3, limits=limits)
    kinds, slots = np.arange(m) % 2, rng.integers(-1, 2, m)
    slots[:2] = 0
    return AssignmentProblem(
        problem.scores, problem.capacity + 1, problem.demand, kinds, problem.kind_demand, problem.groups,
        problem.group_capacity, problem.row_bonus, slots,
    )  # fmt: skip


@pytest.mark.parametrize("seed", range(40))
def test_slots_of_several_kinds_are_kept_and_the_bound_holds(seed: int) -> None:
    problem = with_slots_of_two_kinds(seed, 6, 6)
    assert not problem.slots_are_laminar
    result = solve(problem)
    assert_limits_are_kept(problem, result)
    assert certify(problem, result).violations == ()
    optimum = best_by_mixed_integer_programming(problem)
    assert result.objective <= optimum + 1e-9
    assert optimum <= result.bound + 1e-9


def test_slots_of_several_kinds_exclude_each_other_across_kinds() -> None:
    problem = AssignmentProblem(
        csr_array(np.array([[0.75, 0.5]])), [1, 1], kinds=[0, 1], kind_demand=[[1, 1]], slots=[0, 0]
    )
    result = solve(problem)
    assert (result.pairs.tolist(), result.bound, result.status) == ([[0, 0]], 1.25, "feasible")


def test_slots_of_several_kinds_that_never_meet_are_proven_optimal() -> None:
    problem = AssignmentProblem(
        csr_array(np.array([[0.75, 0.5]])), [1, 1], kinds=[0, 1], kind_demand=[[1, 1]], slots=[0, 1]
    )
    result = solve(problem)
    assert (result.objective, result.status) == (1.25, "optimal")


# Cut short ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("limits", ["", "k", "g", "b", "s", "kgbs"])
def test_without_any_time_the_choice_keeps_all_limits_and_says_how_much_better_it_could_be(
    limits: str,
) -> None:
    problem = crowd(20_000, 2_000, 20, limits)
    hurried, whole = solve(problem, time_limit=0), solve(problem)
    assert (hurried.status, hurried.method, whole.status) == ("feasible", "auction", "optimal")
    assert certify(problem, hurried).violations == ()
    assert 0 < hurried.objective < whole.objective
    assert whole.objective <= hurried.bound < np.inf


@pytest.mark.parametrize("limits", ["", "kgbs"])
def test_the_choice_of_a_search_cut_short_leaves_no_place_to_somebody_who_could_have_it(limits: str) -> None:
    problem = crowd(400, 40, 6, limits)
    hurried = solve(problem, time_limit=0)
    assert_limits_are_kept(problem, hurried)
    chosen = {tuple(pair) for pair in hurried.pairs.tolist()}
    for row, column in zip(problem.rows.tolist(), problem.columns.tolist(), strict=True):
        if (row, column) not in chosen:
            more = np.array(sorted({*chosen, (row, column)}))
            assert not certify(problem, replace(hurried, pairs=more)).feasible, (row, column)


@pytest.mark.parametrize("limits", ["", "kgbs"])
@pytest.mark.parametrize("seconds", [3600, 1e9, float("inf")])
def test_with_time_to_spare_the_choice_is_the_same_as_without_a_limit(seconds: float, limits: str) -> None:
    problem = crowd(400, 40, 6, limits)
    hurried, whole = solve(problem, time_limit=seconds), solve(problem)
    assert hurried.status == "optimal"
    assert hurried.pairs.tolist() == whole.pairs.tolist()


def test_without_any_time_slots_of_several_kinds_are_kept_all_the_same() -> None:
    problem = with_slots_of_two_kinds(3, 300, 30)
    hurried, whole = solve(problem, time_limit=0), solve(problem)
    assert hurried.status == "feasible"
    assert_limits_are_kept(problem, hurried)
    assert certify(problem, hurried).violations == ()
    assert hurried.objective <= whole.bound
    assert whole.objective <= hurried.bound


def test_a_problem_without_any_choice_needs_no_time() -> None:
    for shape in [(0, 0), (0, 2), (2, 0), (2, 2)]:
        result = solve(AssignmentProblem(csr_array(shape), np.ones(shape[1], int)), time_limit=0)
        assert (result.objective, result.status) == (0.0, "optimal")


@pytest.mark.parametrize("name", ["flow", "hungarian"])
def test_methods_that_cannot_be_interrupted_refuse_a_time_limit(name: str) -> None:
    with pytest.raises(InvalidProblemError) as caught:
        solve(TWO, name, time_limit=60)
    assert caught.value.problems == (f"time_limit: method '{name}' expects None; use method 'auction'",)


@pytest.mark.parametrize("seconds", [-1, -1e-9, float("nan"), -float("inf")])
def test_a_time_limit_that_is_no_time_is_refused(seconds: float) -> None:
    with pytest.raises(InvalidProblemError) as caught:
        solve(TWO, time_limit=seconds)
    assert caught.value.problems == (f"time_limit: expected seconds, 0 or more, got {seconds!r}",)


# Warm starts ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("edges_a_move", [0, method.EDGES_A_MOVE_AND_UNIT], ids=["anew", "one-by-one"])
@pytest.mark.parametrize("limits", ["", "k", "g", "b", "s", "kgbs"])
def test_beginning_with_any_earlier_result_leads_to_the_same_value(
    limits: str, edges_a_move: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(method, "EDGES_A_MOVE_AND_UNIT", edges_a_move)
    problem, other = crowd(300, 40, 6, limits), crowd(300, 40, 5, limits)
    optimum = solve(problem).objective
    for earlier in (solve(problem), solve(problem, time_limit=0), solve(problem, "flow"), solve(other)):
        again = solve(problem, warm_start=earlier)
        assert (again.status, again.method) == ("optimal", "auction")
        assert again.objective == pytest.approx(optimum, abs=1e-6)


@pytest.mark.parametrize("limits", ["", "k", "g", "b", "s", "kgbs"])
def test_beginning_with_the_optimum_changes_nothing(limits: str) -> None:
    problem = crowd(300, 40, 6, limits)
    first = solve(problem)
    assert solve(problem, warm_start=first).pairs.tolist() == first.pairs.tolist()


@pytest.mark.parametrize(("n", "m", "n_groups"), [(60, 8, 4), (200, 20, 3), (500, 30, 5)])
def test_full_groups_at_full_columns_are_put_right_from_any_beginning(n: int, m: int, n_groups: int) -> None:
    """Everybody likes the same columns, and these have fewer places than their groups together."""
    rng = np.random.default_rng([43, n])
    for _ in range(15):
        rows, columns = np.nonzero(rng.random((n, m)) < 0.4)
        values = 0.3 * rng.random(len(rows)) + 0.7 * rng.random(m)[columns]
        problem = AssignmentProblem(
            csr_array((values, (rows, columns)), shape=(n, m)),
            rng.integers(1, 2 * n // m, m),
            rng.integers(1, 3, n),
            groups=rng.integers(0, n_groups, n),
            group_capacity=rng.integers(0, max(2, n // m // 2), (m, n_groups)),
        )
        optimum = solve(problem, "flow").objective
        for earlier in (None, solve(problem, time_limit=0)):
            result = solve(problem, warm_start=earlier)
            assert (result.status, result.objective) == ("optimal", pytest.approx(optimum, abs=1e-4))


# What a result says, and what is missing ------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "reason"), [("auto", "auto: the fastest that takes every problem"), ("auction", "asked for")]
)
def test_the_result_says_that_the_auction_ran_and_why(name: str, reason: str) -> None:
    for problem in (TWO, with_slots_of_two_kinds(0, 6, 6)):
        result = solve(problem, name)
        assert (result.method, result.reason) == ("auction", reason)


def test_flow_without_or_tools_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.split(".")[0] == "ortools"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "ortools", None)
    with pytest.raises(InvalidProblemError, match=r"pip install 'koppel\[flow\]', or use method 'auction'"):
        solve(TWO, "flow")
    assert solve(TWO).objective == 1.0
