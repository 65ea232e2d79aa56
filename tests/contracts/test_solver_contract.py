"""What every method of `solve` promises: one table of cases, one assertion, random cases, properties."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import chain, combinations
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import block_diag, csr_array, vstack

from matcher.assignment import AssignmentProblem, AssignmentResult, certify, solve
from matcher.assignment._methods.registry import METHODS
from matcher.exceptions import InvalidProblemError

# What a method may refuse, and then must: everything else it solves.
ONE_COLUMN_A_ROW = {"hungarian"}


def pairs_to_scores(entries: dict[tuple[int, int], float], shape: tuple[int, int]) -> csr_array:
    """A csr_array with exactly these stored entries, zeros too."""
    rows, columns = zip(*entries, strict=True) if entries else ((), ())
    index = (np.array(rows, dtype=np.int64), np.array(columns, dtype=np.int64))
    return csr_array((np.array(list(entries.values()), dtype=float), index), shape=shape)


def must_refuse(method: str, problem: AssignmentProblem) -> bool:
    too_much = problem.demand.max(initial=0) > 1 or problem.group_capacity is not None
    return method in ONE_COLUMN_A_ROW and bool(too_much)


def assert_keeps_contract(method: str, problem: AssignmentProblem, optimum: float) -> AssignmentResult | None:
    """Refused where the method must, else optimal, proven, and within every limit."""
    if must_refuse(method, problem):
        with pytest.raises(InvalidProblemError, match="use method 'auction'"):
            solve(problem, method)
        return None
    result = solve(problem, method)
    n_pairs = len(result.pairs)
    top = max(
        problem.scores.data.max(initial=0),
        0 if problem.row_bonus is None else problem.row_bonus.max(initial=0),
    )
    # Scores are whole numbers of at least 26 binary digits, but for those below 2**-996.
    tolerance = (2.0**-26 * top + 2.0**-996) * (n_pairs + 1)
    assert result.objective == pytest.approx(optimum, rel=1e-12, abs=tolerance)
    assert result.objective <= result.bound <= result.objective + 1e-6 * max(1, n_pairs)
    assert (result.status, result.method) == ("optimal", method)
    assert_limits_are_kept(problem, result)
    # A place more lets one more pair in, at most.
    most = top + (0 if problem.row_bonus is None else problem.row_bonus.max(initial=0))
    slot_prices = np.zeros(0) if result.slot_prices is None else result.slot_prices.data
    for prices in (result.row_prices, result.column_prices, slot_prices):
        assert ((prices >= 0) & (prices <= most * (1 + 2.0**-24))).all()
    assert certify(problem, result).violations == ()
    return result


def assert_limits_are_kept(problem: AssignmentProblem, result: AssignmentResult) -> None:
    """By counting, with nothing of the certificate."""
    allowed = {
        (row, column): score
        for row, column, score in zip(problem.rows, problem.columns, problem.scores.data, strict=True)
    }
    pairs = [tuple(pair) for pair in result.pairs.tolist()]
    assert pairs == sorted(set(pairs))
    assert all(allowed[pair] >= 0 for pair in pairs)
    assert result.score_sum == pytest.approx(sum(allowed[pair] for pair in pairs))
    counter = Counter(problem)
    for pair in pairs:
        assert counter.fits(*pair), pair
        counter.add(*pair, 1)


class Counter:
    """Counts pairs against the limits, one at a time."""

    def __init__(self, problem: AssignmentProblem) -> None:
        self.problem = problem
        self.counts: dict[tuple[Any, ...], int] = {}

    def limits(self, row: int, column: int) -> list[tuple[tuple[Any, ...], int]]:
        p = self.problem
        limits = [(("row", row), int(p.demand[row])), (("column", column), int(p.capacity[column]))]
        if p.kinds is not None:
            kind = int(p.kinds[column])
            limits.append((("kind", row, kind), int(p.kind_demand[row, kind])))
        if p.groups is not None:
            group = int(p.groups[row])
            limits.append((("group", column, group), int(p.group_capacity[column, group])))
        if p.slots is not None and p.slots[column] >= 0:
            limits.append((("slot", row, int(p.slots[column])), 1))
        return limits

    def fits(self, row: int, column: int) -> bool:
        return all(limit == -1 or self.counts.get(key, 0) < limit for key, limit in self.limits(row, column))

    def add(self, row: int, column: int, by: int) -> None:
        for key, _ in self.limits(row, column):
            self.counts[key] = self.counts.get(key, 0) + by


def best_by_trying_everything(problem: AssignmentProblem) -> float:
    """The optimum over all subsets of the pairs whose score is not negative."""
    pairs = [
        (int(row), int(column), float(score))
        for row, column, score in zip(problem.rows, problem.columns, problem.scores.data, strict=True)
        if score >= 0
    ]
    counter = Counter(problem)

    def best(start: int) -> float:
        if start == len(pairs):
            if problem.row_bonus is None:
                return 0.0
            return sum(b for i, b in enumerate(problem.row_bonus) if counter.counts.get(("row", i), 0))
        row, column, score = pairs[start]
        value = best(start + 1)
        if counter.fits(row, column):
            counter.add(row, column, 1)
            value = max(value, score + best(start + 1))
            counter.add(row, column, -1)
        return value

    return best(0)


def best_row_by_row(problem: AssignmentProblem) -> float:
    """The optimum over all that each row may take, by what each way of using up the places is worth.

    An array has the best value of the rows so far for every number of places left: an axis for each column,
    and one for each column's share of the group whose turn it is.
    """
    m = problem.n_columns
    groups = np.zeros(problem.n_rows, int) if problem.groups is None else problem.groups
    most = [min(int(places), problem.n_rows) for places in problem.capacity]
    values = np.zeros([places + 1 for places in most])
    for group in np.unique(groups):
        shares = list(most)
        if problem.group_capacity is not None:
            shares = [
                places if share == -1 else min(places, int(share))
                for places, share in zip(most, problem.group_capacity[:, group], strict=True)
            ]
        # A share that is no smaller than the places needs no axis of its own.
        own = [m + sum(s < p for s, p in zip(shares[:j], most[:j], strict=True)) for j in range(m)]
        axes = [[j, own[j]] if shares[j] < most[j] else [j] for j in range(m)]
        extra = [shares[j] + 1 for j in range(m) if shares[j] < most[j]]
        shape = values.shape + tuple(extra)
        values = np.broadcast_to(values.reshape(values.shape + (1,) * len(extra)), shape)
        for row in np.flatnonzero(groups == group):
            better = values.copy()
            for columns, worth in _ways(problem, int(row)):
                left, right = [slice(None)] * len(shape), [slice(None)] * len(shape)
                for axis in chain.from_iterable(axes[column] for column in columns):
                    left[axis], right[axis] = slice(1, None), slice(None, -1)
                there = better[tuple(left)]
                np.maximum(there, values[tuple(right)] + worth, out=there)
            values = better
        values = values[(...,) + (-1,) * len(extra)]
    return float(values[(-1,) * m])


def _ways(problem: AssignmentProblem, row: int) -> list[tuple[tuple[int, ...], float]]:
    """Every set of columns that a row may take, by its own limits, and what that is worth."""
    here = slice(problem.scores.indptr[row], problem.scores.indptr[row + 1])
    scores = dict(zip(problem.columns[here].tolist(), problem.scores.data[here].tolist(), strict=True))
    good = [column for column, score in scores.items() if score >= 0]
    ways = []
    for size in range(1, min(int(problem.demand[row]), len(good)) + 1):
        for columns in combinations(good, size):
            counter = Counter(problem)
            for column in columns:
                if not counter.fits(row, column):
                    break
                counter.add(row, column, 1)
            else:
                bonus = 0.0 if problem.row_bonus is None else float(problem.row_bonus[row])
                ways.append((columns, bonus + sum(scores[column] for column in columns)))
    return ways


def best_by_mixed_integer_programming(problem: AssignmentProblem) -> float:
    """The optimum by HiGHS: a variable for each pair and one for each row's bonus."""
    nnz, n = problem.scores.nnz, problem.n_rows
    counts = [
        (csr_array((np.ones(nnz), (problem.rows, np.arange(nnz))), shape=(n, nnz)), problem.demand),
        (
            csr_array((np.ones(nnz), (problem.columns, np.arange(nnz))), shape=(problem.n_columns, nnz)),
            problem.capacity,
        ),
    ]
    if problem.kinds is not None:
        place = problem.rows * problem.kind_demand.shape[1] + problem.kinds[problem.columns]
        limits = problem.kind_demand.ravel()
        counts.append((csr_array((np.ones(nnz), (place, np.arange(nnz))), shape=(len(limits), nnz)), limits))
    if problem.groups is not None:
        place = problem.columns * problem.group_capacity.shape[1] + problem.groups[problem.rows]
        limits = problem.group_capacity.ravel()
        counts.append((csr_array((np.ones(nnz), (place, np.arange(nnz))), shape=(len(limits), nnz)), limits))
    if problem.slots is not None:
        entries = np.flatnonzero(problem.slots[problem.columns] >= 0)
        n_slots = int(problem.slots.max(initial=-1)) + 1
        place = problem.rows[entries] * n_slots + problem.slots[problem.columns[entries]]
        limits = np.ones(n * n_slots)
        counts.append(
            (csr_array((np.ones(len(entries)), (place, entries)), shape=(len(limits), nnz)), limits)
        )
    matrix = vstack([block for block, _ in counts]).tocsr()
    matrix.resize(matrix.shape[0], nnz + n)
    limits = np.concatenate([limit for _, limit in counts]).astype(float)
    limits[limits < 0] = np.inf
    served = vstack([-counts[0][0].T, csr_array(np.eye(n))]).T.tocsr()
    bonus = np.zeros(n) if problem.row_bonus is None else problem.row_bonus
    answer = milp(
        -np.concatenate([problem.scores.data, bonus]),
        constraints=[LinearConstraint(matrix, ub=limits), LinearConstraint(served, ub=0)],
        bounds=Bounds(0, np.concatenate([problem.scores.data >= 0, np.ones(n)]).astype(float)),
        integrality=1,
        options={"mip_rel_gap": 0},
    )
    assert answer.success
    return float(-answer.fun)


def random_problem(
    rng: np.random.Generator, n: int, m: int, density: float, *, most_demand: int = 1, limits: str = ""
) -> AssignmentProblem:
    """`limits`: any of the letters k (kinds), g (groups), b (bonus) and s (slots of one kind)."""
    mask = rng.random((n, m)) < density
    rows, columns = np.nonzero(mask)
    # Few different scores make ties; some are 0, some negative.
    values = rng.choice([rng.random(len(rows)), rng.integers(-1, 5, len(rows)) / 4])
    arguments: dict[str, Any] = {"demand": rng.integers(0, most_demand + 1, n)}
    if "k" in limits:
        arguments["kinds"] = rng.integers(0, 2, m)
        arguments["kind_demand"] = rng.integers(-1, most_demand + 1, (n, 2))
    if "g" in limits:
        arguments["groups"] = rng.integers(0, 2, n)
        arguments["group_capacity"] = rng.integers(-1, 3, (m, 2))
    if "b" in limits:
        arguments["row_bonus"] = rng.integers(0, 4, n) / 3
    if "s" in limits:
        arguments["slots"] = rng.integers(-1, 3, m)
        if "k" in limits:
            arguments["slots"][arguments["kinds"] == 1] = -1
    scores = csr_array((values, (rows, columns)), shape=(n, m))
    return AssignmentProblem(scores, rng.integers(0, 3, m), **arguments)


@dataclass(frozen=True)
class Case:
    """A problem with its optimum, known by thinking."""

    name: str
    entries: dict[tuple[int, int], float]
    shape: tuple[int, int]
    capacity: list[int]
    optimum: float
    limits: dict[str, Any] = field(default_factory=dict)

    def problem(self) -> AssignmentProblem:
        return AssignmentProblem(pairs_to_scores(self.entries, self.shape), self.capacity, **self.limits)


def everyone_wants(n: int, score: float) -> dict[tuple[int, int], float]:
    return {(row, 0): score for row in range(n)}


FULL_2x2 = {(0, 0): 0.75, (0, 1): 0.5, (1, 0): 0.5, (1, 1): 0.125}

CASES = [
    Case("no rows", {}, (0, 3), [1, 1, 1], 0.0),
    Case("no columns", {}, (3, 0), [], 0.0),
    Case("neither rows nor columns", {}, (0, 0), [], 0.0),
    Case("no allowed pairs", {}, (2, 3), [1, 1, 1], 0.0),
    Case(
        "no allowed pairs but all limits",
        {},
        (2, 1),
        [1],
        0.0,
        {
            "kinds": [0],
            "kind_demand": [[1], [1]],
            "groups": [0, 0],
            "group_capacity": [[1]],
            "row_bonus": [1.0, 2.0],
        },
    ),
    Case(
        "no rows but all limits",
        {},
        (0, 1),
        [1],
        0.0,
        {
            "kinds": [0],
            "kind_demand": np.zeros((0, 2), int),
            "groups": [],
            "group_capacity": [[1]],
            "row_bonus": [],
        },
    ),
    Case("the best pair is not part of the best choice", FULL_2x2, (2, 2), [1, 1], 1.0),
    Case(
        "a stored zero is an allowed pair that is worth its bonus",
        {(0, 0): 0.0},
        (1, 1),
        [1],
        2.0,
        {"row_bonus": [2.0]},
    ),
    Case(
        "a pair not stored is not allowed, whatever the bonus",
        {(0, 1): 0.5},
        (1, 2),
        [5, 0],
        0.0,
        {"row_bonus": [9.0]},
    ),
    Case("all scores zero", {(0, 0): 0.0, (1, 1): 0.0}, (2, 2), [1, 1], 0.0),
    Case("a negative score is never chosen", {(0, 0): -0.5, (1, 0): 0.25}, (2, 1), [2], 0.25),
    Case("a bonus does not buy a negative score", {(0, 0): -0.5}, (1, 1), [1], 0.0, {"row_bonus": [5.0]}),
    Case("only negative scores", {(0, 0): -1.0, (0, 1): -2.0}, (1, 2), [1, 1], 0.0),
    Case("one offer everybody wants", everyone_wants(50, 0.5), (50, 1), [1], 0.5),
    Case("one offer with a place less than people", everyone_wants(50, 0.5), (50, 1), [49], 24.5),
    Case("one offer with a place for each", everyone_wants(50, 0.5), (50, 1), [50], 25.0),
    Case("a column without places", FULL_2x2, (2, 2), [0, 1], 0.5),
    Case("all columns without places", FULL_2x2, (2, 2), [0, 0], 0.0),
    Case("a row without demand", FULL_2x2, (2, 2), [1, 1], 0.5, {"demand": [0, 1]}),
    Case(
        "a row without demand gets no bonus",
        FULL_2x2,
        (2, 2),
        [1, 1],
        3.5,
        {"demand": [0, 1], "row_bonus": [7.0, 3.0]},
    ),
    Case(
        "rows nobody can serve keep their bonus", {(0, 0): 0.5}, (2, 1), [1], 1.5, {"row_bonus": [1.0, 9.0]}
    ),
    Case(
        "the bonus decides who is served",
        {(0, 0): 0.75, (1, 0): 0.5},
        (2, 1),
        [1],
        1.5,
        {"row_bonus": [0.0, 1.0]},
    ),
    Case(
        "the bonus is paid once a row",
        FULL_2x2,
        (2, 2),
        [2, 2],
        5.875,
        {"demand": [2, 2], "row_bonus": [1.0, 3.0]},
    ),
    Case(
        "a first column for one row is worth more than a second for another",
        {(0, 0): 0.75, (0, 1): 0.75, (1, 0): 0.25},
        (2, 2),
        [1, 1],
        3.0,
        {"demand": [2, 1], "row_bonus": [1.0, 1.0]},
    ),
    Case("nobody gets one column twice", {(0, 0): 1.0, (0, 1): 0.5}, (1, 2), [5, 5], 1.5, {"demand": [5]}),
    Case(
        "an unlimited demand",
        {(0, 0): 1.0, (0, 1): 0.5},
        (1, 2),
        [1, 1],
        1.5,
        {"kinds": [0, 0], "kind_demand": [[-1]]},
    ),
    Case(
        "one of each kind although two of the first score more",
        {(0, 0): 0.75, (0, 1): 0.5, (0, 2): 0.25},
        (1, 3),
        [1, 1, 1],
        1.0,
        {"kinds": [0, 0, 1], "kind_demand": [[1, 1]]},
    ),
    Case(
        "demand below the sum of the kinds",
        {(0, 0): 0.75, (0, 1): 0.5, (0, 2): 0.25},
        (1, 3),
        [1, 1, 1],
        0.75,
        {"kinds": [0, 0, 1], "kind_demand": [[1, 1]], "demand": [1]},
    ),
    Case(
        "a kind nobody asked for",
        {(0, 0): 0.75, (1, 0): 0.5},
        (2, 1),
        [2],
        0.5,
        {"kinds": [0], "kind_demand": [[0], [1]]},
    ),
    Case(
        "a group keeps to its share of the places",
        {(0, 0): 1.0, (1, 0): 0.75, (2, 0): 0.25},
        (3, 1),
        [2],
        1.25,
        {"groups": [0, 0, 1], "group_capacity": [[1, -1]]},
    ),
    Case(
        "a group without places",
        {(0, 0): 1.0, (1, 0): 0.25},
        (2, 1),
        [2],
        0.25,
        {"groups": [0, 1], "group_capacity": [[0, 5]]},
    ),
    Case(
        "limits of kinds without a kind and of groups without a group",
        {},
        (1, 0),
        [],
        0.0,
        {"kinds": [], "kind_demand": [[]], "groups": [0], "group_capacity": np.zeros((0, 1), int)},
    ),
    Case(
        "disconnected parts", {(0, 0): 0.5, (1, 0): 0.25, (2, 1): 1.0, (3, 2): 0.0}, (4, 4), [1, 1, 1, 1], 1.5
    ),
    Case(
        "ties everywhere",
        {(row, column): 0.25 for row in range(12) for column in range(9)},
        (12, 9),
        [1] * 9,
        2.25,
    ),
    Case(
        "of two columns at the same hours the better one",
        {(0, 0): 0.75, (0, 1): 0.5},
        (1, 2),
        [1, 1],
        0.75,
        {"demand": [2], "slots": [0, 0]},
    ),
    Case(
        "two columns at different hours",
        {(0, 0): 0.75, (0, 1): 0.5},
        (1, 2),
        [1, 1],
        1.25,
        {"demand": [2], "slots": [1, 0]},
    ),
    Case(
        "columns without hours exclude nothing",
        {(0, 0): 0.75, (0, 1): 0.5, (0, 2): 0.25},
        (1, 3),
        [1, 1, 1],
        1.5,
        {"demand": [3], "slots": [-1, -1, 0]},
    ),
    Case(
        "the same hours are no limit for different rows",
        {(0, 0): 0.75, (1, 1): 0.5},
        (2, 2),
        [1, 1],
        1.25,
        {"slots": [0, 0]},
    ),
    Case(
        "hours of one kind leave the other kind alone",
        {(0, 0): 0.75, (0, 1): 0.5, (0, 2): 0.25, (0, 3): 0.125},
        (1, 4),
        [1, 1, 1, 1],
        1.125,
        {"kinds": [0, 0, 1, 1], "kind_demand": [[2, 2]], "slots": [3, 3, -1, -1]},
    ),
    Case(
        "where the better one at the same hours is full the other one is taken",
        {(0, 0): 0.75, (0, 1): 0.5, (0, 2): 0.25, (1, 0): 1.0},
        (2, 3),
        [1, 1, 1],
        1.75,
        {"demand": [2, 1], "slots": [0, 0, 1]},
    ),
    Case(
        "somebody changes at the same hours so that another row comes in",
        {(0, 0): 0.75, (0, 1): 0.5, (0, 2): 0.25, (1, 0): 0.5},
        (2, 3),
        [1, 1, 1],
        1.25,
        {"demand": [3, 1], "slots": [0, 0, 1]},
    ),
    Case(
        "demand below the number of different hours",
        {(0, 0): 0.75, (0, 1): 0.5, (0, 2): 0.25},
        (1, 3),
        [1, 1, 1],
        1.25,
        {"demand": [2], "slots": [0, 1, 2]},
    ),
    Case(
        "hours with all other limits",
        {(0, 0): 0.75, (0, 1): 0.5, (1, 0): 0.5, (1, 1): 0.25, (1, 2): 0.125},
        (2, 3),
        [2, 2, 2],
        3.875,
        {
            "kinds": [0, 0, 1],
            "kind_demand": [[2, 0], [-1, 1]],
            "slots": [0, 0, -1],
            "groups": [0, 0],
            "group_capacity": [[1, 0], [-1, 2], [1, 1]],
            "row_bonus": [1.75, 1.0],
        },
    ),
    Case("no columns but hours", {}, (2, 0), [], 0.0, {"slots": []}),
    Case("no allowed pairs but hours", {}, (2, 2), [1, 1], 0.0, {"slots": [0, 0], "demand": [2, 2]}),
    Case("scores at the largest size", {(0, 0): 1e6, (1, 0): 999_999.5, (1, 1): 1e6}, (2, 2), [1, 1], 2e6),
    Case(
        "a bonus that lies between two whole numbers beside a large score that nobody may have",
        {(0, 0): 500_000.0},
        (1, 1),
        [0],
        0.0,
        {"demand": [0], "row_bonus": [0.03472422436843936]},
    ),
    Case("scores far apart", {(0, 0): 1e6, (1, 0): 1e6, (1, 1): 1e-6}, (2, 2), [1, 1], 1e6 + 1e-6),
    Case("very small scores", {(0, 0): 3e-300, (1, 0): 2e-300, (1, 1): 2e-300}, (2, 2), [1, 1], 5e-300),
    Case("capacities at the largest int64", FULL_2x2, (2, 2), [2**63 - 1, 2**63 - 1], 1.25),
    Case(
        "demands and limits at the largest int64",
        FULL_2x2,
        (2, 2),
        [2**63 - 1, 1],
        1.75,
        {
            "kinds": [0, 1],
            "kind_demand": np.full((2, 2), 2**63 - 1),
            "groups": [0, 1],
            "group_capacity": np.full((2, 2), 2**63 - 1),
        },
    ),
]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_method_solves_or_refuses_the_case(case: Case, method: str) -> None:
    assert_keeps_contract(method, case.problem(), case.optimum)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_stated_optimum_of_the_case_is_right(case: Case) -> None:
    if len(case.entries) < 10:
        assert best_by_trying_everything(case.problem()) == pytest.approx(case.optimum)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("limits", ["", "b", "k", "g", "kg", "kb", "gb", "kgb", "s", "ks", "gs", "kgbs"])
@pytest.mark.parametrize("most_demand", [1, 3])
def test_tiny_random_problems_are_solved_as_by_trying_everything(
    method: str, limits: str, most_demand: int
) -> None:
    rng = np.random.default_rng([len(limits), most_demand])
    for _ in range(12):
        n, m = rng.integers(1, 5, 2)
        problem = random_problem(rng, n, m, 0.7, most_demand=most_demand, limits=limits)
        assert_keeps_contract(method, problem, best_by_trying_everything(problem))


EVERY_LIMIT_AND_NONE = ["".join(letters) for size in range(5) for letters in combinations("kgbs", size)]


@pytest.mark.parametrize("limits", EVERY_LIMIT_AND_NONE)
@pytest.mark.parametrize("most_demand", [1, 3])
def test_both_ways_of_trying_everything_agree(limits: str, most_demand: int) -> None:
    rng = np.random.default_rng([13, len(limits), most_demand])
    for _ in range(6):
        n, m = rng.integers(1, 4, 2)
        problem = random_problem(rng, n, m, 0.8, most_demand=most_demand, limits=limits)
        assert best_row_by_row(problem) == pytest.approx(best_by_trying_everything(problem))


@pytest.mark.parametrize("most_demand", [1, 2, 3, 4])
@pytest.mark.parametrize("limits", EVERY_LIMIT_AND_NONE)
def test_ten_thousand_tiny_problems_are_solved_as_by_trying_everything(limits: str, most_demand: int) -> None:
    rng = np.random.default_rng([17, *map(ord, limits), most_demand])
    for _ in range(160):
        n, m = rng.integers(1, 6, 2)
        density = rng.choice([0.3, 0.6, 1.0])
        problem = random_problem(rng, n, m, density, most_demand=most_demand, limits=limits)
        assert_keeps_contract("auction", problem, best_row_by_row(problem))


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("limits", ["", "b", "k", "kg", "kgb", "s", "kgbs"])
@pytest.mark.parametrize("most_demand", [1, 2])
def test_mid_size_random_problems_are_solved_as_by_mixed_integer_programming(
    method: str, limits: str, most_demand: int
) -> None:
    rng = np.random.default_rng([7, len(limits), most_demand])
    problem = random_problem(rng, 70, 35, 0.15, most_demand=most_demand, limits=limits)
    assert_keeps_contract(method, problem, best_by_mixed_integer_programming(problem))


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("slack", [-2, -1, 0, 1, 2])
def test_nearly_critical_capacity_is_solved_as_by_mixed_integer_programming(method: str, slack: int) -> None:
    rng = np.random.default_rng(40 + slack)
    n, m = 60, 12
    capacity = np.bincount(rng.integers(0, m, n + slack), minlength=m)
    columns = rng.permuted(np.tile(np.arange(m), (n, 1)), axis=1)[:, :5].ravel()
    scores = csr_array((rng.random(5 * n), (np.repeat(np.arange(n), 5), columns)), shape=(n, m))
    problem = AssignmentProblem(scores, capacity)
    assert_keeps_contract(method, problem, best_by_mixed_integer_programming(problem))


@pytest.mark.parametrize("limits", ["", "b", "k", "g", "s", "kgbs"])
@pytest.mark.parametrize("slack", [-1, 0, 1])
def test_nearly_critical_capacity_with_any_limit_is_solved_as_by_mixed_integer_programming(
    slack: int, limits: str
) -> None:
    rng = np.random.default_rng([41, slack + 1, len(limits)])
    n, m = 90, 15
    loose = random_problem(rng, n, m, 0.3, most_demand=3, limits=limits)
    n_places = int(loose.demand.sum()) + slack
    capacity = np.bincount(rng.integers(0, m, n_places), minlength=m)
    problem = AssignmentProblem(
        loose.scores, capacity, loose.demand, loose.kinds, loose.kind_demand, loose.groups,
        loose.group_capacity, loose.row_bonus, loose.slots,
    )  # fmt: skip
    assert_keeps_contract("auction", problem, best_by_mixed_integer_programming(problem))


@pytest.mark.parametrize("slack", [-1, 0, 1])
@pytest.mark.parametrize("distinct", [0, 3, 10**6])
def test_nearly_critical_capacity_of_many_rows_is_solved_as_by_the_flow(slack: int, distinct: int) -> None:
    """With one score for all, few scores, and nearly as many scores as pairs."""
    rng = np.random.default_rng([42, slack + 1, distinct % 7])
    n, m, k = 2000, 100, 8
    columns = (rng.integers(0, m, (n, 1)) + np.arange(0, 11 * k, 11)) % m
    values = (1 + rng.integers(0, distinct + 1, n * k)) / (distinct + 1)
    scores = csr_array((values, (np.repeat(np.arange(n), k), columns.ravel())), shape=(n, m))
    capacity = np.bincount(rng.integers(0, m, n + slack), minlength=m)
    problem = AssignmentProblem(scores, capacity)
    assert_keeps_contract("auction", problem, solve(problem, "flow").objective)


@pytest.mark.parametrize("method", ["auction", "flow"])
@pytest.mark.parametrize("places", [1, 700, 4999, 5000, 5001])
@pytest.mark.parametrize("tied", [True, False])
def test_one_offer_that_five_thousand_want_goes_to_the_best(method: str, places: int, tied: bool) -> None:
    n = 5000
    scores = np.full(n, 0.5) if tied else np.random.default_rng(6).permutation(n) / n
    problem = AssignmentProblem(csr_array((scores, (np.arange(n), np.zeros(n, int))), shape=(n, 1)), [places])
    assert_keeps_contract(method, problem, float(np.sort(scores)[::-1][:places].sum()))


@pytest.mark.parametrize("limits", ["", "kgbs"])
def test_disconnected_parts_are_solved_as_each_alone(limits: str) -> None:
    rng = np.random.default_rng([19, len(limits)])
    parts = [
        random_problem(rng, n, m, 0.6, most_demand=2, limits=limits) for n, m in [(9, 4), (1, 1), (6, 8)]
    ]

    def joined(name: str) -> np.ndarray | None:
        arrays = [getattr(part, name) for part in parts]
        return None if arrays[0] is None else np.concatenate(arrays)

    together = AssignmentProblem(
        csr_array(block_diag([part.scores for part in parts])),
        *(joined(name) for name in ("capacity", "demand", "kinds", "kind_demand", "groups")),
        *(joined(name) for name in ("group_capacity", "row_bonus", "slots")),
    )
    assert together.scores.nnz == sum(part.scores.nnz for part in parts)
    optimum = sum(solve(part, "auction").objective for part in parts)
    assert_keeps_contract("auction", together, optimum)


@pytest.mark.parametrize("limits", EVERY_LIMIT_AND_NONE)
@pytest.mark.parametrize("shape", [(0, 0), (0, 3), (3, 0), (3, 3)])
@pytest.mark.parametrize("method", METHODS)
def test_nothing_to_choose_from_is_solved_with_any_limit(
    method: str, shape: tuple[int, int], limits: str
) -> None:
    problem = random_problem(np.random.default_rng(1), *shape, 0.0, most_demand=1, limits=limits)
    assert_keeps_contract(method, problem, 0.0)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("value", [0.0, -0.0, -0.25, -1e6])
def test_pairs_worth_nothing_or_less_bring_no_more_than_their_bonus(method: str, value: float) -> None:
    entries = {(row, column): value for row in range(4) for column in range(3)}
    problem = AssignmentProblem(pairs_to_scores(entries, (4, 3)), [1, 0, 1], row_bonus=[1.0, 0.5, 0.25, 0.0])
    assert problem.scores.nnz == 12
    assert_keeps_contract(method, problem, 1.5 if value == 0 else 0.0)


@pytest.mark.parametrize("limits", ["", "k", "g", "b", "kgbs"])
@pytest.mark.parametrize("most", [3, 2**31 - 1, 2**31, 2**63 - 1])
def test_the_largest_scores_with_any_number_of_places_are_solved_or_refused(limits: str, most: int) -> None:
    rng = np.random.default_rng([23, len(limits), most % 97])
    small = random_problem(rng, 40, 20, 0.4, most_demand=3, limits=limits)
    values = np.where(rng.random(small.scores.nnz) < 0.5, 1e6, rng.random(small.scores.nnz) * 1e6)
    scores = csr_array((values, small.scores.indices, small.scores.indptr), shape=small.scores.shape)
    huge = (
        None
        if small.group_capacity is None
        else np.where(small.group_capacity == 2, most, small.group_capacity)
    )
    problem = AssignmentProblem(
        scores, np.where(small.capacity == 2, most, small.capacity), small.demand, small.kinds,
        small.kind_demand, small.groups, huge, None if small.row_bonus is None else small.row_bonus * 1e6,
        small.slots,
    )  # fmt: skip
    optimum = best_by_mixed_integer_programming(problem)
    try:
        result = solve(problem, "auction")
    except InvalidProblemError:
        return
    assert (result.status, certify(problem, result).violations) == ("optimal", ())
    assert_limits_are_kept(problem, result)
    assert result.objective == pytest.approx(optimum, rel=1e-9)


@pytest.mark.parametrize("limits", ["", "kg"])
def test_the_largest_scores_of_many_rows_are_solved_or_refused(limits: str) -> None:
    rng = np.random.default_rng(29)
    n, m, k = 30_000, 3_000, 4
    columns = (rng.integers(0, m, (n, 1)) + np.arange(0, 13 * k, 13)) % m
    values = np.where(rng.random(n * k) < 0.3, 1e6, rng.random(n * k) * 1e6)
    scores = csr_array((values, (np.repeat(np.arange(n), k), columns.ravel())), shape=(n, m))
    arguments: dict[str, Any] = {}
    if limits:
        arguments = {"kinds": rng.integers(0, 2, m), "kind_demand": rng.integers(0, 2, (n, 2))}
        arguments |= {"groups": rng.integers(0, 3, n), "group_capacity": rng.integers(-1, 6, (m, 3))}
    problem = AssignmentProblem(scores, rng.integers(0, 19, m), **arguments)
    try:
        result = solve(problem, "auction")
    except InvalidProblemError:
        return
    assert (result.status, certify(problem, result).violations) == ("optimal", ())
    assert result.objective == pytest.approx(solve(problem, "flow").objective, rel=1e-9)


@pytest.mark.parametrize("method", METHODS)
def test_a_chain_that_one_more_person_shifts_from_end_to_end_is_solved(method: str) -> None:
    # Everybody but the last likes the place to the left a little less; the last has only one.
    n = 300
    entries = {(row, row): 1.0 for row in range(n)} | {(row, row - 1): 0.995 for row in range(1, n)}
    entries[n, n - 1] = 1.0
    problem = AssignmentProblem(pairs_to_scores(entries, (n + 1, n)), np.ones(n, int))
    assert_keeps_contract(method, problem, float(n))


@st.composite
def problems(draw: st.DrawFn) -> AssignmentProblem:
    n, m, n_kinds, n_groups = (draw(st.integers(0, most)) for most in (5, 5, 3, 3))
    pair = st.tuples(st.integers(0, max(0, n - 1)), st.integers(0, max(0, m - 1)))
    values = st.integers(-4, 16).map(lambda number: number / 16) | st.floats(0, 1e6)
    entries = draw(st.dictionaries(pair, values, max_size=12)) if n and m else {}

    def limits(rows: int, columns: int, most: int) -> st.SearchStrategy[np.ndarray]:
        numbers = st.lists(st.integers(-1, most), min_size=rows * columns, max_size=rows * columns)
        return numbers.map(lambda given: np.array(given, dtype=np.int64).reshape(rows, columns))

    def ones(count: int, below: int) -> st.SearchStrategy[list[int]]:
        return st.lists(st.integers(0, below - 1), min_size=count, max_size=count)

    most_demand = draw(st.integers(1, 3))
    arguments: dict[str, Any] = {}
    if draw(st.booleans()):
        arguments["demand"] = draw(ones(n, most_demand + 1))
    if n_kinds and draw(st.booleans()):
        arguments |= {
            "kinds": draw(ones(m, n_kinds)),
            "kind_demand": draw(limits(n, n_kinds, most_demand)),
        }
    if n_groups and draw(st.booleans()):
        arguments |= {"groups": draw(ones(n, n_groups)), "group_capacity": draw(limits(m, n_groups, 3))}
    if draw(st.booleans()):
        arguments["row_bonus"] = draw(st.lists(st.floats(0, 2), min_size=n, max_size=n))
    if draw(st.booleans()):
        slots = np.array(draw(st.lists(st.integers(-1, 2), min_size=m, max_size=m)), dtype=np.int64)
        if "kinds" in arguments:
            slots[np.array(arguments["kinds"], dtype=np.int64) != 0] = -1
        arguments["slots"] = slots
    return AssignmentProblem(pairs_to_scores(entries, (n, m)), draw(ones(m, 4)), **arguments)


def reordered(problem: AssignmentProblem, rows: list[int], columns: list[int]) -> AssignmentProblem:
    to_row, to_column = np.argsort(rows), np.argsort(columns)
    entries = zip(to_row[problem.rows], to_column[problem.columns], problem.scores.data, strict=True)
    return AssignmentProblem(
        pairs_to_scores({(int(i), int(j)): s for i, j, s in entries}, problem.scores.shape),
        problem.capacity[columns],
        problem.demand[rows],
        None if problem.kinds is None else problem.kinds[columns],
        None if problem.kind_demand is None else problem.kind_demand[rows],
        None if problem.groups is None else problem.groups[rows],
        None if problem.group_capacity is None else problem.group_capacity[columns],
        None if problem.row_bonus is None else problem.row_bonus[rows],
        None if problem.slots is None else problem.slots[columns],
    )


@pytest.mark.parametrize("method", METHODS)
@settings(max_examples=250, deadline=None, derandomize=True)
@given(problem=problems())
def test_any_problem_is_solved_as_by_trying_everything(method: str, problem: AssignmentProblem) -> None:
    assert_keeps_contract(method, problem, best_by_trying_everything(problem))


@pytest.mark.parametrize("method", METHODS)
@settings(max_examples=120, deadline=None, derandomize=True)
@given(problem=problems(), drawn=st.data())
def test_the_order_of_rows_and_columns_does_not_change_the_value(
    method: str, problem: AssignmentProblem, drawn: st.DataObject
) -> None:
    if must_refuse(method, problem):
        return
    rows = drawn.draw(st.permutations(range(problem.n_rows)))
    columns = drawn.draw(st.permutations(range(problem.n_columns)))
    there = solve(reordered(problem, rows, columns), method)
    assert there.objective == pytest.approx(solve(problem, method).objective, abs=1e-6)


@pytest.mark.parametrize("method", METHODS)
def test_the_same_problem_has_the_same_result_every_time(method: str) -> None:
    problem = random_problem(np.random.default_rng(3), 60, 30, 0.3)
    first, second = solve(problem, method), solve(problem, method)
    assert_array_equal(first.pairs, second.pairs)
    assert_array_equal(first.row_prices, second.row_prices)
    assert_array_equal(first.column_prices, second.column_prices)


@pytest.mark.parametrize("method", METHODS)
def test_the_arrays_of_a_result_have_the_shapes_and_types_of_the_contract(method: str) -> None:
    plain = solve(AssignmentProblem(pairs_to_scores(FULL_2x2, (2, 2)), [1, 1]), method)
    assert (plain.pairs.shape, plain.pairs.dtype) == ((2, 2), np.int64)
    assert plain.row_prices.dtype == plain.column_prices.dtype == np.float64
    assert (plain.row_prices.shape, plain.column_prices.shape) == ((2,), (2,))
    assert plain.kind_prices is plain.group_prices is plain.bonus_shares is None
    empty = solve(AssignmentProblem(csr_array((4, 3)), [1, 1, 1]), method)
    assert (empty.pairs.shape, empty.pairs.dtype) == ((0, 2), np.int64)


@pytest.mark.parametrize("method", METHODS)
def test_a_place_more_raises_the_optimum_by_no_more_than_its_price(method: str) -> None:
    rng = np.random.default_rng(11)
    problem = random_problem(rng, 25, 8, 0.5)
    result = solve(problem, method)
    for column in range(problem.n_columns):
        more = problem.capacity.copy()
        more[column] += 1
        gain = (
            solve(AssignmentProblem(problem.scores, more, problem.demand), method).objective
            - result.objective
        )
        assert gain <= result.column_prices[column] + 1e-6
