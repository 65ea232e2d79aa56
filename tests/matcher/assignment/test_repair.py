"""Columns that exclude each other for one row: never chosen together, and the loss is bounded."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from scipy.sparse import csr_array

from matcher.assignment import (
    AssignmentProblem,
    AssignmentResult,
    certify,
    repair,
    solve,
    solve_without_clashes,
)
from matcher.assignment._arrays.entries import entries_of
from matcher.assignment._arrays.residual import ResidualCapacity
from matcher.assignment._clashes import Clashes
from matcher.assignment._clock import Clock
from matcher.exceptions import InvalidProblemError


@pytest.fixture(params=[repair.MANY_PAIRS, 0], ids=["few pairs", "many pairs"])
def many_pairs(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Whether small problems are repaired like large ones."""
    monkeypatch.setattr(repair, "MANY_PAIRS", request.param)
    return request.param == 0


def relation(m: int, *clashing: tuple[int, int]) -> csr_array:
    matrix = np.zeros((m, m), dtype=bool)
    for one, other in clashing:
        matrix[one, other] = matrix[other, one] = True
    return csr_array(matrix)


def same_slot(slots: np.ndarray) -> csr_array:
    return csr_array(slots[:, None] == slots[None, :])


def problem(scores: list[list[float]], **limits: Any) -> AssignmentProblem:
    matrix = csr_array(np.array(scores))
    return AssignmentProblem(matrix, **{"capacity": np.ones(matrix.shape[1], int), **limits})


def assert_clean(result: AssignmentResult, clashes: csr_array) -> None:
    for (row, column), (other_row, other) in combinations(result.pairs.tolist(), 2):
        assert row != other_row or not clashes[column, other]


def best_without_clashes(problem: AssignmentProblem, clashes: csr_array) -> float:
    """Over all choices of columns for each row, one row after the other."""
    m = problem.n_columns
    dense = np.full((problem.n_rows, m), -1.0)
    dense[problem.rows, problem.columns] = problem.scores.data
    bonus = np.zeros(problem.n_rows) if problem.row_bonus is None else problem.row_bonus
    clash = clashes.toarray()

    def best(row: int, left: tuple[int, ...]) -> float:
        if row == problem.n_rows:
            return 0.0
        free = [column for column in range(m) if left[column] and dense[row, column] >= 0]
        value = 0.0
        for size in range(problem.demand[row] + 1):
            for taken in combinations(free, size):
                if not any(clash[one, other] for one, other in combinations(taken, 2)):
                    after = tuple(places - (column in taken) for column, places in enumerate(left))
                    worth = sum(dense[row, column] for column in taken) + (bonus[row] if taken else 0)
                    value = max(value, worth + best(row + 1, after))
        return value

    return best(0, tuple(problem.capacity.tolist()))


def test_without_clashes_nothing_is_lost() -> None:
    asked = problem([[0.75, 0.5, 0.25]], demand=[2])
    result = solve_without_clashes(asked, relation(3))
    assert_array_equal(result.pairs, solve(asked).pairs)
    assert result.status == "optimal"


def test_of_two_columns_that_clash_the_weaker_one_goes() -> None:
    result = solve_without_clashes(problem([[0.75, 0.5, 0.25]], demand=[2]), relation(3, (0, 1)))
    assert result.pairs.tolist() == [[0, 0], [0, 2]]
    assert (result.objective, result.bound, result.status) == (1.0, 1.25, "feasible")


def test_two_rows_may_have_one_each_of_two_columns_that_clash() -> None:
    result = solve_without_clashes(problem([[0.75, 0.5], [0.75, 0.5]]), relation(2, (0, 1)))
    assert (result.objective, result.status) == (1.25, "optimal")


def test_a_column_does_not_clash_with_itself() -> None:
    result = solve_without_clashes(problem([[0.5]]), csr_array(np.array([[True]])))
    assert (result.objective, result.status) == (0.5, "optimal")


def test_a_stored_false_is_no_clash() -> None:
    clashes = csr_array((np.zeros(2, bool), (np.array([0, 1]), np.array([1, 0]))), shape=(2, 2))
    assert solve_without_clashes(problem([[0.5, 0.5]], demand=[2]), clashes).objective == 1.0


def test_an_exchange_between_rows_that_costs_nothing_is_found_and_proven_optimal() -> None:
    # Both may have any two of the columns; at first somebody gets both of a clash.
    asked = problem([[0.5, 0.5, 0.5, 0.5], [0.5, 0.5, 0.5, 0.5]], demand=[2, 2])
    result = solve_without_clashes(asked, relation(4, (0, 1), (2, 3)))
    assert (result.objective, result.status) == (2.0, "optimal")


def test_a_row_whose_columns_all_clash_gets_one() -> None:
    asked = problem([[0.25, 0.5, 0.75, 0.5]], demand=[4])
    result = solve_without_clashes(asked, same_slot(np.zeros(4)))
    assert result.pairs.tolist() == [[0, 2]]


def test_what_a_ban_leaves_free_goes_to_somebody_else() -> None:
    asked = problem([[0.75, 0.5], [0.0, 0.25]], demand=[2, 1])
    result = solve_without_clashes(asked, relation(2, (0, 1)))
    assert result.pairs.tolist() == [[0, 0], [1, 1]]


def test_empty_problems_have_no_clashes() -> None:
    for shape in [(0, 0), (0, 2), (2, 0), (2, 2)]:
        empty = AssignmentProblem(csr_array(shape), np.ones(shape[1], int))
        result = solve_without_clashes(empty, same_slot(np.zeros(shape[1])))
        assert (result.objective, result.status) == (0.0, "optimal")


def random_case(seed: int) -> tuple[AssignmentProblem, csr_array]:
    rng = np.random.default_rng(seed)
    n, m = rng.integers(1, 4), rng.integers(2, 6)
    scores = np.where(rng.random((n, m)) < 0.8, rng.integers(-1, 9, (n, m)) / 8, 0)
    bonus = {"row_bonus": rng.random(n)} if seed % 2 else {}
    asked = AssignmentProblem(csr_array(scores), rng.integers(1, 3, m), rng.integers(1, 4, n), **bonus)
    return asked, same_slot(rng.integers(0, 3, m))


def test_random_problems_are_clean_within_the_bound_and_mostly_optimal(many_pairs: bool) -> None:
    n_best = 0
    for seed in range(200):
        asked, clashes = random_case(seed)
        result = solve_without_clashes(asked, clashes)
        best = best_without_clashes(asked, clashes)
        assert_clean(result, clashes)
        certificate = certify(asked, result)
        assert certificate.violations == ()
        assert result.objective <= best + 1e-9
        assert best <= result.bound + 1e-9
        assert result.status == ("optimal" if certificate.is_optimal else "feasible")
        n_best += result.objective >= best - 1e-9
    assert n_best >= (180 if many_pairs else 199)


def test_a_choice_cut_short_is_still_clean_and_leaves_nothing_free(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repair, "MOST_ROUNDS", 0)
    monkeypatch.setattr(repair, "MOST_EXCHANGES", 0)
    asked, clashes = mid_size_case(3)
    result = solve_without_clashes(asked, clashes)
    assert_clean(result, clashes)
    assert certify(asked, result).violations == ()
    entries = entries_of(asked, result.pairs)
    taken = Clashes(clashes, asked).hit(entries)
    taken[entries] = True
    free = ResidualCapacity(asked, entries).open_entries()
    assert not ((asked.scores.data > 0) & ~taken)[free].any()


def test_a_pair_gives_way_to_a_stronger_one_only_if_that_one_stays() -> None:
    asked = problem([[0.75, 0.5, 0.25]], demand=[3])
    clashing = Clashes(relation(3, (0, 1), (1, 2)), asked).within_rows(np.arange(3), np.arange(3))
    assert repair._weaker(asked, clashing, np.array([0.25, 0.5, 0.125])).tolist() == [0, 2]
    assert repair._weaker(asked, clashing, np.array([0.5, 0.25, 0.125])).tolist() == [1]


def test_of_pairs_with_equal_reduced_value_the_larger_score_stays_then_the_one_further_left() -> None:
    asked = problem([[0.5, 0.75, 0.75]], demand=[3])
    all_clash = Clashes(relation(3, (0, 1), (1, 2), (0, 2)), asked)
    clashing = all_clash.within_rows(np.arange(3), np.arange(3))
    assert repair._weaker(asked, clashing, np.zeros(3)).tolist() == [0, 2]


def test_the_room_left_is_every_limit_less_what_is_taken() -> None:
    limits = {"kinds": [0, 1, 1], "kind_demand": [[-1, 1], [0, 2]]}
    groups = {"groups": [0, 1], "group_capacity": [[1, -1], [1, 1], [-1, -1]]}
    asked = problem([[1.0, 1.0, 1.0], [1.0, 1.0, 1.0]], demand=[2, 2], capacity=[9, 2, 1], **limits, **groups)
    room = ResidualCapacity(asked, np.array([1]))
    assert room.open_entries().tolist() == [0, 4, 5]
    room.take(4)
    assert room.open_entries().tolist() == [0, 5]
    assert [room.fits(entry) for entry in range(6)] == [True, False, False, False, False, True]


def mid_size_case(n_slots: int) -> tuple[AssignmentProblem, csr_array]:
    rng = np.random.default_rng(n_slots)
    n, m = 120, 40
    mask = rng.random((n, m)) < 0.3
    scores = csr_array((rng.random(mask.sum()), np.nonzero(mask)), shape=(n, m))
    asked = AssignmentProblem(
        scores,
        rng.integers(1, 9, m),
        kinds=rng.integers(0, 2, m),
        kind_demand=rng.integers(0, 3, (n, 2)),
        groups=rng.integers(0, 2, n),
        group_capacity=rng.integers(-1, 5, (m, 2)),
        row_bonus=rng.random(n),
    )
    return asked, same_slot(rng.integers(0, n_slots, m))


@pytest.mark.usefixtures("many_pairs")
@pytest.mark.parametrize("n_slots", [1, 3, 12])
def test_mid_size_problems_with_all_limits_are_clean_and_repeatable(n_slots: int) -> None:
    asked, clashes = mid_size_case(n_slots)
    first, second = solve_without_clashes(asked, clashes), solve_without_clashes(asked, clashes)
    assert_clean(first, clashes)
    certificate = certify(asked, first)
    assert certificate.feasible
    assert certificate.violations == ()
    assert first.bound == pytest.approx(solve(asked).bound)
    assert_array_equal(first.pairs, second.pairs)


@pytest.mark.parametrize(
    ("clashes", "sentence"),
    [
        (np.zeros((2, 2), bool), r"clashes: expected a scipy.sparse array, got ndarray"),
        (relation(3), r"clashes: expected shape \(2, 2\), got \(3, 3\)"),
        (
            csr_array(np.array([[0, 1], [0, 0]])),
            r"clashes: expected a symmetric array, got only one of \(0, 1\)",
        ),
    ],
)
def test_clashes_that_cannot_be_read_are_refused(clashes: Any, sentence: str) -> None:
    with pytest.raises(InvalidProblemError, match=sentence):
        solve_without_clashes(problem([[0.5, 0.5]]), clashes)


@pytest.mark.parametrize("seed", range(20))
def test_columns_that_clash_alike_can_be_named_once(seed: int) -> None:
    rng = np.random.default_rng(seed)
    asked = problem((rng.random((20, 12)) * (rng.random((20, 12)) < 0.7)).tolist(), demand=[3] * 20)
    some = rng.random((5, 5)) < 0.3
    between = some | some.T
    classes = rng.integers(-1, 5, 12)
    one_by_one = between[classes][:, classes] & (classes >= 0) & (classes >= 0)[:, None]
    expected = solve_without_clashes(asked, csr_array(one_by_one))
    result = solve_without_clashes(asked, csr_array(between), classes=classes)
    assert_array_equal(result.pairs, expected.pairs)


@pytest.mark.parametrize("classes", [[0, 2], [-2, 0], [0]])
def test_classes_there_are_not_are_refused(classes: list[int]) -> None:
    with pytest.raises(InvalidProblemError, match="classes: expected 2 numbers from -1 to 1, one a column"):
        solve_without_clashes(problem([[0.5, 0.5]]), relation(2, (0, 1)), classes=np.array(classes))


def test_of_many_pairs_what_clashes_with_what_is_kept_is_banned_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    values = {}
    for many in (repair.MANY_PAIRS, 0):
        monkeypatch.setattr(repair, "MANY_PAIRS", many)
        results = [solve_without_clashes(*mid_size_case(n_slots)) for n_slots in range(2, 12)]
        values[many] = [result.objective for result in results]
    exchanged, banned_at_once = values.values()
    assert exchanged != banned_at_once
    assert sum(banned_at_once) == pytest.approx(sum(exchanged), rel=0.01)


def test_what_is_kept_of_many_pairs_does_not_hang_on_an_incumbent_that_was_tried_before() -> None:
    asked, clashes = mid_size_case(3)
    search = repair._Repair(asked, Clashes(clashes, asked), Clock(), solve(asked))
    before = search.in_the_way()
    search.around(entries_of(asked, solve(asked).pairs[::2]))
    assert search.session.pairs.shape != search.relaxed.pairs.shape
    assert_array_equal(search.in_the_way(), before)
    assert 0 < before.sum() < before.size


def test_the_method_is_handed_on() -> None:
    asked = problem([[0.75, 0.5], [0.75, 0.5]])
    assert solve_without_clashes(asked, relation(2, (0, 1)), method="hungarian").method == "hungarian"
    with pytest.raises(InvalidProblemError, match="method: expected one of"):
        solve_without_clashes(asked, relation(2), method="magic")


@pytest.mark.usefixtures("many_pairs")
@pytest.mark.parametrize("seed", range(12))
def test_solved_again_with_what_was_chosen_worth_a_little_more_nothing_changes(seed: int) -> None:
    rng = np.random.default_rng(seed)
    scores = rng.random((25, 12)).round(3) * (rng.random((25, 12)) < 0.6)
    clashes = same_slot(rng.integers(0, 4, 12))
    limits = {
        "capacity": rng.integers(1, 4, 12),
        "demand": rng.integers(1, 4, 25),
        "row_bonus": rng.random(25),
    }
    first = solve_without_clashes(problem(scores.tolist(), **limits), clashes)
    favoured = scores.copy()
    favoured[tuple(first.pairs.T)] += 0.02
    again = solve_without_clashes(problem(favoured.tolist(), **limits), clashes, incumbent=first.pairs)
    assert_array_equal(again.pairs, first.pairs)
