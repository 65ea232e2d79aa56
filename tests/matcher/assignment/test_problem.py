"""What a problem accepts, what it refuses, and what it makes of it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from scipy.sparse import coo_array, csc_array, csr_array, csr_matrix

from matcher.assignment import AssignmentProblem
from matcher.exceptions import InvalidProblemError

NOT_SPARSE = "scores: expected a scipy.sparse.csr_array (n, m), in which an allowed pair is a stored entry"
LARGEST = 2**63 - 1
SCORES = csr_array(np.array([[0.5, 0.25, 0.0], [0.0, 1.0, 0.75]]))


def stored(data: list[float], indices: list[int], indptr: list[int], shape: tuple[int, int]) -> csr_array:
    return csr_array((np.array(data), np.array(indices), np.array(indptr)), shape=shape)


def refusals(**arguments: Any) -> tuple[str, ...]:
    with pytest.raises(InvalidProblemError) as caught:
        AssignmentProblem(**{"scores": SCORES, "capacity": [1, 1, 1], **arguments})
    return caught.value.problems


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (
            {"scores": [[0.5]]},
            f"{NOT_SPARSE}, got list",
        ),
        (
            {"scores": coo_array(SCORES)},
            f"{NOT_SPARSE}, got coo_array",
        ),
        ({"scores": csr_array(np.ones(3))}, "scores: expected 2 dimensions, got 1"),
        ({"scores": SCORES.astype(complex)}, "scores: expected real numbers, got dtype complex128"),
        ({"scores": SCORES * np.nan}, "scores: expected finite values, got nan at index 0, 0, 4 such in all"),
        ({"scores": SCORES * np.inf}, "scores: expected finite values, got inf at index 0, 0, 4 such in all"),
        (
            {"scores": SCORES * 2e6},
            "scores: expected values of at most 1e+06 in size, got 2000000.0 at index 1, 1, 2 such in all",
        ),
        (
            {"scores": SCORES * -2e6},
            "scores: expected values of at most 1e+06 in size, got -2000000.0 at index 1, 1, 2 such in all",
        ),
        (
            {"scores": stored([1, 2, 3], [2, 0, 2], [0, 3, 3], (2, 3))},
            "scores: expected each pair at most once, got 1 duplicates, the first at (0, 2)",
        ),
        ({"capacity": [1, 1]}, "capacity: expected shape (3,), got (2,)"),
        ({"capacity": 1}, "capacity: expected shape (3,), got ()"),
        ({"capacity": [1.0, 1.0, 1.0]}, "capacity: expected integers, got dtype float64"),
        (
            {"capacity": [1, -2, -1]},
            f"capacity: expected integers from 0 to {LARGEST}, got -2 at index 1, 2 such in all",
        ),
        (
            {"capacity": np.array([1, 1, 2**63], dtype=np.uint64)},
            f"capacity: expected integers from 0 to {LARGEST}, got {LARGEST + 1} at index 2, 1 such in all",
        ),
        ({"capacity": [1, None, 1]}, "capacity: expected integers, got dtype object"),
        ({"demand": [1]}, "demand: expected shape (2,), got (1,)"),
        (
            {"demand": [-1, 1]},
            f"demand: expected integers from 0 to {LARGEST}, got -1 at index 0, 1 such in all",
        ),
        ({"demand": [[1], [1, 2]]}, "demand: expected an array of numbers, got something else"),
        ({"kinds": [0, 0, 0]}, "kinds: expected together with kind_demand, got it alone"),
        ({"kind_demand": [[1], [1]]}, "kind_demand: expected together with kinds, got it alone"),
        (
            {"kinds": [0, 2, 0], "kind_demand": [[1, 1], [1, 1]]},
            "kinds: expected integers from 0 to 1, got 2 at index 1, 1 such in all",
        ),
        ({"kinds": [0, 0, 0], "kind_demand": [1, 1]}, "kind_demand: expected shape (2, any), got (2,)"),
        (
            {"kinds": [0, 0, 0], "kind_demand": [[1], [-2]]},
            f"kind_demand: expected integers from -1 to {LARGEST}, got -2 at index 1, 0, 1 such in all",
        ),
        ({"groups": [0, 0]}, "groups: expected together with group_capacity, got it alone"),
        (
            {"groups": [0, 1], "group_capacity": [[1], [1], [1]]},
            "groups: expected integers from 0 to 0, got 1 at index 1, 1 such in all",
        ),
        (
            {"groups": [0, 0], "group_capacity": [[1], [1]]},
            "group_capacity: expected shape (3, any), got (2, 1)",
        ),
        ({"row_bonus": [1.0]}, "row_bonus: expected shape (2,), got (1,)"),
        (
            {"row_bonus": [-0.5, 1]},
            "row_bonus: expected values of 0 or more, got -0.5 at index 0, 1 such in all",
        ),
        ({"row_bonus": [np.nan, 1]}, "row_bonus: expected finite values, got nan at index 0, 1 such in all"),
        ({"row_bonus": ["a", "b"]}, "row_bonus: expected real numbers, got dtype <U1"),
        (
            {"row_bonus": [2e6, 1]},
            "row_bonus: expected values of at most 1e+06 in size, got 2000000.0 at index 0, 1 such in all",
        ),
    ],
)
def test_a_wrong_argument_is_named_with_what_was_expected_and_what_arrived(
    arguments: dict[str, Any], sentence: str
) -> None:
    (only,) = refusals(**arguments)
    assert only.startswith(sentence)


def test_a_sparse_array_that_points_outside_itself_is_refused() -> None:
    broken = SCORES.copy()
    broken.indices[0] = 7
    (only,) = refusals(scores=broken)
    assert only.startswith("scores: expected a well-formed sparse array, got one where ")


def test_all_that_is_wrong_is_listed_at_once() -> None:
    names = [
        sentence.split(":")[0]
        for sentence in refusals(
            scores=SCORES * np.nan,
            capacity=[1],
            demand=[1.5, 2.5],
            kinds=[0, 0, 9],
            kind_demand=[[1], [1]],
            group_capacity=[[1]],
            row_bonus=[-1, 1],
        )
    ]
    assert names == ["scores", "capacity", "demand", "kinds", "group_capacity", "group_capacity", "row_bonus"]


def test_limits_are_checked_even_when_the_scores_cannot_be_read() -> None:
    assert len(refusals(scores=None, capacity=[-1, 1])) == 2


def test_a_stored_zero_is_an_allowed_pair() -> None:
    problem = AssignmentProblem(stored([0.0, 0.5], [0, 1], [0, 2], (1, 2)), [1, 1])
    assert (problem.rows.tolist(), problem.columns.tolist()) == ([0, 0], [0, 1])


@pytest.mark.parametrize("convert", [csr_array, csr_matrix, csc_array, csc_array.tocsr])
def test_compressed_formats_are_read_with_their_stored_zeros(convert: Any) -> None:
    scores = csc_array((np.array([0.0, 0.5, 0.0]), (np.array([1, 0, 0]), np.array([0, 0, 2]))), shape=(2, 3))
    problem = AssignmentProblem(convert(scores), [1, 1, 1])
    assert isinstance(problem.scores, csr_array)
    assert problem.scores.data.tolist() == [0.5, 0.0, 0.0]
    assert problem.columns.tolist() == [0, 2, 0]


def test_indices_in_any_order_are_read_in_lexicographic_order() -> None:
    problem = AssignmentProblem(stored([0.75, 0.25], [2, 0], [0, 2], (1, 3)), [1, 1, 1])
    assert (problem.columns.tolist(), problem.scores.data.tolist()) == ([0, 2], [0.25, 0.75])


def test_arguments_can_be_changed_afterwards_without_changing_the_problem() -> None:
    scores, capacity = SCORES.copy(), np.array([1, 1, 1])
    problem = AssignmentProblem(scores, capacity, demand=capacity[:2])
    scores.data[:] = np.nan
    capacity[:] = -1
    assert np.isfinite(problem.scores.data).all()
    assert_array_equal(problem.capacity, [1, 1, 1])
    assert_array_equal(problem.demand, [1, 1])


def test_arguments_are_not_changed() -> None:
    scores = stored([0.75, 0.25], [2, 0], [0, 2], (1, 3))
    AssignmentProblem(scores, [1, 1, 1])
    assert scores.indices.tolist() == [2, 0]
    scores.data[0] = 0.5


@pytest.mark.parametrize(
    "name", ["capacity", "demand", "kinds", "kind_demand", "groups", "group_capacity", "row_bonus", "rows"]
)
def test_the_arrays_of_a_problem_are_read_only(name: str) -> None:
    problem = AssignmentProblem(
        SCORES, [1, 1, 1], [1, 1], [0, 0, 0], [[1], [1]], [0, 0], [[1], [1], [1]], [1, 1]
    )
    with pytest.raises(ValueError, match="read-only"):
        getattr(problem, name)[0] = 0
    with pytest.raises(ValueError, match="read-only"):
        problem.scores.data[0] = 0


def test_a_row_wants_one_column_unless_it_says_otherwise() -> None:
    assert AssignmentProblem(SCORES, [1, 1, 1]).demand.tolist() == [1, 1]


def test_demand_is_the_sum_over_kinds_and_unlimited_where_one_kind_is() -> None:
    problem = AssignmentProblem(SCORES, [1, 1, 1], kinds=[0, 1, 1], kind_demand=[[1, 1], [2, -1]])
    assert problem.demand.tolist() == [2, 3]


def test_the_sum_over_kinds_does_not_overflow() -> None:
    problem = AssignmentProblem(SCORES, [1, 1, 1], kinds=[0, 1, 1], kind_demand=np.full((2, 2), 2**63 - 1))
    assert (problem.demand >= 3).all()


def test_small_and_unsigned_integers_become_int64() -> None:
    problem = AssignmentProblem(SCORES.astype(np.float32), np.ones(3, np.uint8), np.ones(2, np.int16))
    assert problem.capacity.dtype == problem.demand.dtype == np.int64
    assert problem.scores.dtype == np.float64


def test_empty_lists_are_empty_integer_arrays() -> None:
    problem = AssignmentProblem(
        csr_array((0, 0)), [], [], [], np.zeros((0, 1), int), [], np.zeros((0, 2), int), []
    )
    assert problem.capacity.dtype == np.int64
    assert (problem.n_rows, problem.n_columns) == (0, 0)
