"""An earlier result in the rows and columns of another problem."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_array

from matcher.assignment import AssignmentProblem, carry_over, certify, solve
from matcher.exceptions import InvalidProblemError

RNG = np.random.default_rng(8)
N, M = 300, 40
SCORES = np.round(RNG.random((N, M)), 3) * (RNG.random((N, M)) < 0.3)


def problem_of(rows: np.ndarray, columns: np.ndarray) -> AssignmentProblem:
    """The rows and columns of one large town, in any order, with all limits."""
    rng = np.random.default_rng(1)
    demand, places = rng.integers(1, 3, (N, 2)), rng.integers(1, 9, M)
    kinds, groups, bonus = np.arange(M) % 2, np.arange(N) % 3, rng.random(N)
    mixing = np.maximum(1, places // 2)[:, None].repeat(3, axis=1)
    slots = np.where(kinds == 0, np.arange(M) % 5, -1)
    return AssignmentProblem(
        csr_array(SCORES[np.ix_(rows, columns)]),
        places[columns],
        kinds=kinds[columns],
        kind_demand=demand[rows],
        groups=groups[rows],
        group_capacity=mixing[columns],
        row_bonus=bonus[rows],
        slots=slots[columns],
    )


@pytest.mark.parametrize("method", ["auction", "flow"])
def test_rows_and_columns_may_come_go_and_change_places(method: str) -> None:
    rng = np.random.default_rng(4)
    old_rows, old_columns = rng.permutation(N)[:250], rng.permutation(M)[:33]
    new_rows, new_columns = rng.permutation(N)[:260], rng.permutation(M)[:35]
    earlier = solve(problem_of(old_rows, old_columns))
    now = problem_of(new_rows, new_columns)
    at_row = np.array([*np.where(new_rows[:, None] == old_rows, np.arange(250), -1).max(axis=1)])
    at_column = np.where(new_columns[:, None] == old_columns, np.arange(33), -1).max(axis=1)
    begun = solve(now, method, warm_start=carry_over(earlier, now, at_row, at_column))
    assert begun.status == "optimal"
    assert certify(now, begun).violations == ()
    assert begun.objective == pytest.approx(solve(now, "flow").objective, abs=1e-5)


def test_what_stayed_the_same_keeps_its_pairs() -> None:
    rows, columns = np.arange(N), np.arange(M)
    problem = problem_of(rows, columns)
    earlier = solve(problem)
    backwards = problem_of(rows[::-1], columns[::-1])
    begun = solve(backwards, warm_start=carry_over(earlier, backwards, rows[::-1], columns[::-1]))
    there = {(N - 1 - row, M - 1 - column) for row, column in begun.pairs.tolist()}
    assert there == set(map(tuple, earlier.pairs.tolist()))


def test_an_empty_problem_is_carried_over() -> None:
    empty = AssignmentProblem(csr_array((0, 0)), [])
    problem = problem_of(np.arange(9), np.arange(5))
    begun = carry_over(solve(empty), problem, [-1] * 9, [-1] * 5)
    assert solve(problem, warm_start=begun).status == "optimal"
    assert carry_over(solve(problem), empty, [], []).pairs.shape == (0, 2)


@pytest.mark.parametrize(
    ("rows", "columns", "message"),
    [
        ([0] * 8, [0] * 5, r"rows: expected integers of shape \(9,\)"),
        ([0] * 9, [0.5] * 5, r"columns: expected integers of shape \(5,\), got float64"),
        ([9] * 9, [0] * 5, "rows: expected positions from -1 to 8"),
        ([0] * 9, [-2] * 5, "columns: expected positions from -1 to 4"),
    ],
)
def test_positions_that_cannot_be_are_refused(rows: list[int], columns: list[float], message: str) -> None:
    problem = problem_of(np.arange(9), np.arange(5))
    with pytest.raises(InvalidProblemError, match=message):
        carry_over(solve(problem), problem, rows, columns)
