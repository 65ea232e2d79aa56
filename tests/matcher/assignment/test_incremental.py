"""A session: after every change it is worth what solving the changed problem anew is worth, and proves it."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, field, replace
from itertools import combinations
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from scipy.sparse import csr_array

from matcher.assignment import AssignmentChange, AssignmentProblem, AssignmentSession, certify, solve
from matcher.assignment._methods.auction import method
from matcher.assignment._methods.auction.vacancies import appraise_holdings
from matcher.assignment.certificate import prove
from matcher.exceptions import InvalidProblemError
from tests.contracts.test_solver_contract import assert_limits_are_kept, pairs_to_scores, random_problem

Pair = tuple[int, int]
LIMITS = ["".join(letters) for size in range(5) for letters in combinations("kgbs", size)]
# More than any pair could be worth otherwise: what must be chosen then is, if it can be.
INSISTING = 100.0
FULL_2x2 = {(0, 0): 0.75, (0, 1): 0.5, (1, 0): 0.5, (1, 1): 0.125}


def two(capacity: tuple[int, ...] = (1, 1), **limits: Any) -> AssignmentProblem:
    return AssignmentProblem(pairs_to_scores(FULL_2x2, (2, 2)), list(capacity), **limits)


@dataclass
class Ledger:
    """The problem as the changes should have made it, kept without a session."""

    start: AssignmentProblem
    entries: dict[Pair, float]
    capacity: np.ndarray
    per_row: dict[str, np.ndarray]
    banned: set[Pair] = field(default_factory=set)
    forced: set[Pair] = field(default_factory=set)

    @classmethod
    def of(cls, problem: AssignmentProblem) -> Ledger:
        names = ("demand", "kind_demand", "groups", "row_bonus")
        per_row = {name: getattr(problem, name) for name in names if getattr(problem, name) is not None}
        return cls(problem, entries_of(problem, 0), problem.capacity.copy(), per_row)

    def after(self, changes: dict[str, Any]) -> Ledger:
        """The ledger after what is passed to `AssignmentSession.change`."""
        new = deepcopy(self)
        for column, places in changes.get("capacity", {}).items():
            new.capacity[column] = places
        new.banned = (self.banned | {*changes.get("ban", ())}) - {*changes.get("allow", ())}
        new.forced = (self.forced | {*changes.get("force", ())}) - {*changes.get("release", ())}
        new.per_row["demand"] = self.per_row["demand"].copy()
        new.per_row["demand"][list(changes.get("remove", ()))] = 0
        if "add" in changes:
            more = changes["add"]
            new.entries |= entries_of(more, len(self.per_row["demand"]))
            new.per_row = {
                name: np.concatenate([values, getattr(more, name)]) for name, values in new.per_row.items()
            }
        return new

    def problem(self, insisting: float = 0.0) -> AssignmentProblem:
        entries = {
            pair: score + insisting * (pair in self.forced)
            for pair, score in self.entries.items()
            if pair not in self.banned
        }
        shape = (len(self.per_row["demand"]), self.start.n_columns)
        return AssignmentProblem(
            pairs_to_scores(entries, shape), self.capacity, kinds=self.start.kinds, slots=self.start.slots,
            group_capacity=self.start.group_capacity, **self.per_row,
        )  # fmt: skip

    def optimum(self) -> float | None:
        """By another method; None where the limits do not allow what is forced."""
        insisting = INSISTING if self.forced else 0.0
        result = solve(self.problem(insisting), "flow")
        chosen = {tuple(pair) for pair in result.pairs.tolist()}
        return result.objective - insisting * len(self.forced) if self.forced <= chosen else None

    def usable(self) -> list[Pair]:
        """Pairs that could ever be chosen, whether banned or not."""
        demand, kind_demand = self.start.demand, self.per_row.get("kind_demand")
        asked = [int(demand[i]) if i < len(demand) else 1 for i in range(len(self.per_row["demand"]))]
        return [
            (i, j)
            for (i, j), score in self.entries.items()
            if score >= 0
            and asked[i]
            and self.per_row["demand"][i]
            and (kind_demand is None or kind_demand[i, self.start.kinds[j]])
        ]


def entries_of(problem: AssignmentProblem, first_row: int) -> dict[Pair, float]:
    rows, columns = (problem.rows + first_row).tolist(), problem.columns.tolist()
    return dict(zip(zip(rows, columns, strict=True), problem.scores.data.tolist(), strict=True))


def state(session: AssignmentSession) -> tuple[Any, ...]:
    problem = session.problem()
    scores = problem.scores
    arrays = [session.pairs, scores.indptr, scores.indices, scores.data, problem.capacity, problem.demand]
    return session.objective, session.n_rows, *(array.tolist() for array in arrays)


def chosen(session: AssignmentSession) -> set[Pair]:
    return {tuple(pair) for pair in session.pairs.tolist()}


def assert_is_optimal(session: AssignmentSession, ledger: Ledger) -> None:
    """Worth what another method finds for the problem as it should be, within all limits, and proven."""
    expected, actual = ledger.problem(), session.problem()
    for name in (
        "capacity",
        "demand",
        "kinds",
        "kind_demand",
        "groups",
        "group_capacity",
        "row_bonus",
        "slots",
    ):
        assert (getattr(expected, name) is None) == (getattr(actual, name) is None)
        if getattr(expected, name) is not None:
            assert_array_equal(getattr(actual, name), getattr(expected, name), err_msg=name)
    assert_array_equal(actual.scores.indptr, expected.scores.indptr)
    assert_array_equal(actual.scores.indices, expected.scores.indices)
    assert_array_equal(actual.scores.data, expected.scores.data)
    assert_no_row_is_thought_better_off_than_it_is(session)
    tolerance = 1e-6 * (1 + len(session.pairs))
    assert session.objective == pytest.approx(ledger.optimum(), abs=tolerance)
    assert ledger.forced <= chosen(session)
    if ledger.forced:
        with pytest.raises(InvalidProblemError, match="force: expected no forced pairs, got"):
            session.result()
        return
    result = session.result()
    assert (result.status, result.method) == ("optimal", "auction")
    assert certify(expected, result).is_optimal
    assert_limits_are_kept(expected, result)
    assert_limits_are_kept(
        expected, replace(result, pairs=session.pairs, score_sum=score_sum(session, ledger))
    )
    assert result.objective == pytest.approx(session.objective, abs=tolerance)


def assert_no_row_is_thought_better_off_than_it_is(session: AssignmentSession) -> None:
    """Searches pass over rows that gain too much from what they hold to be worth asking."""
    dynamic, stay = session._dynamic, np.ones(session.n_rows, np.bool_)
    stay[list(session._left)] = False
    gains = np.zeros(session.n_rows, np.int64)
    appraise_holdings(dynamic.market, dynamic.holdings, gains, 0, session.n_rows)
    assert (dynamic.incoming.worst[stay] <= gains[stay]).all()


def score_sum(session: AssignmentSession, ledger: Ledger) -> float:
    return sum(ledger.entries[pair] for pair in chosen(session))


def assert_says_what_changed(
    change: AssignmentChange, before: tuple[float, set[Pair]], after: tuple[float, set[Pair]]
) -> None:
    (objective_before, pairs_before), (objective_after, pairs_after) = before, after
    assert change.objective == objective_after
    assert change.gain == pytest.approx(objective_after - objective_before, abs=1e-12)
    assert [tuple(pair) for pair in change.added.tolist()] == sorted(pairs_after - pairs_before)
    assert [tuple(pair) for pair in change.dropped.tolist()] == sorted(pairs_before - pairs_after)
    assert change.added.shape[1] == change.dropped.shape[1] == 2


def change_both(session: AssignmentSession, ledger: Ledger, changes: dict[str, Any]) -> Ledger:
    """Change the session, hold it against the ledger; what cannot be forced must be refused by both."""
    new = ledger.after(changes)
    n_rows, before, earlier = session.n_rows, (session.objective, chosen(session)), state(session)
    if new.optimum() is None:
        with pytest.raises(InvalidProblemError, match="force: expected pairs that the limits allow together"):
            session.change(**changes)
        assert state(session) == earlier
        return ledger
    change = session.change(**changes)
    assert_says_what_changed(change, before, (session.objective, chosen(session)))
    assert change.rows.tolist() == list(range(n_rows, len(new.per_row["demand"])))
    assert_is_optimal(session, new)
    return new


def rows_that_come(
    rng: np.random.Generator, session: AssignmentSession, ledger: Ledger, n: int = 3, top: float = 1.0
) -> AssignmentProblem:
    scores = random_problem(rng, n, ledger.start.n_columns, 0.5).scores
    limits: dict[str, Any] = {"demand": rng.integers(0, 3, n)}
    if "kind_demand" in ledger.per_row:
        limits["kind_demand"] = rng.integers(-1, 3, (n, 2))
    if "groups" in ledger.per_row:
        limits["groups"] = rng.integers(0, 2, n)
    if "row_bonus" in ledger.per_row:
        limits["row_bonus"] = rng.random(n)
    return session.rows(scores * top, **limits)


def random_change(
    rng: np.random.Generator, kind: str, session: AssignmentSession, ledger: Ledger
) -> dict[str, Any]:
    """One change of a kind; of all kinds at once for "everything"."""
    some = kind == "everything"
    usable, m, n_rows = ledger.usable(), ledger.start.n_columns, session.n_rows

    def few(pairs: list[Pair], most: int = 2) -> list[Pair]:
        return [pairs[at] for at in rng.integers(0, len(pairs), most)] if pairs else []

    changes: dict[str, Any] = {}
    if kind == "capacity" or some:
        changes["capacity"] = {int(j): int(rng.integers(0, 4)) for j in rng.integers(0, m, 3)}
    if kind == "add" or some:
        changes["add"] = rows_that_come(rng, session, ledger)
    if kind == "remove" or some:
        changes["remove"] = rng.integers(0, n_rows, 2).tolist()
    if kind in {"ban", "allow"} or some:
        changes["ban"] = few(usable, 3 if kind == "allow" else 2)
    if kind == "allow" or some:
        changes["allow"] = few(sorted(ledger.banned))
    if kind in {"force", "release"} or some:
        changes["force"] = few(usable, 1)
    if kind == "release" or some:
        changes["release"] = few(sorted(ledger.forced))
    if some:  # a part of it, or nearly nothing could ever be forced
        gone = rng.choice(sorted(changes), 4, replace=False)
        changes = {name: given for name, given in changes.items() if name not in gone}
    return changes


def random_session(rng: np.random.Generator, limits: str) -> tuple[AssignmentSession, Ledger]:
    n, m = rng.integers(2, 25, 2)
    density, most_demand = rng.choice([0.2, 0.5, 0.9]), int(rng.integers(1, 4))
    problem = random_problem(rng, n, m, density, most_demand=most_demand, limits=limits)
    return AssignmentSession(problem), Ledger.of(problem)


def test_a_ban_of_somebody_who_left_is_no_ban_of_others_when_everything_is_begun_anew() -> None:
    session = AssignmentSession(two())
    session.change(ban=[(0, 1)], remove=[0])
    session.change(add=session.rows(csr_array(np.array([[400.0, 300.0]]))))
    assert chosen(session) == {(1, 1), (2, 0)}
    session.change(ban=[(2, 0)])
    assert chosen(session) == {(1, 0), (2, 1)}


# Random changes -------------------------------------------------------------------------------------


@pytest.mark.parametrize("limits", LIMITS)
@pytest.mark.parametrize(
    "kind", ["capacity", "add", "remove", "ban", "allow", "force", "release", "everything"]
)
def test_after_every_change_the_value_is_that_of_solving_anew(kind: str, limits: str) -> None:
    rng = np.random.default_rng([5, *kind.encode(), *limits.encode()])
    for _ in range(4 if kind == "everything" else 2):
        session, ledger = random_session(rng, limits)
        assert_is_optimal(session, ledger)
        for _ in range(6):
            ledger = change_both(session, ledger, random_change(rng, kind, session, ledger))


@pytest.mark.parametrize("limits", LIMITS)
def test_asking_what_if_tells_the_exact_gain_and_leaves_everything_as_it_was(limits: str) -> None:
    rng = np.random.default_rng([6, *limits.encode()])
    kinds = ["capacity", "remove", "ban", "allow", "force", "release", "everything"]
    for _ in range(2):
        session, ledger = random_session(rng, limits)
        for kind in rng.permutation(kinds):
            asked = random_change(rng, str(kind), session, ledger)
            asked.pop("add", None)
            earlier, there, now = state(session), ledger.after(asked).optimum(), ledger.optimum()
            if there is None:
                with pytest.raises(InvalidProblemError, match="force: expected pairs that the limits allow"):
                    session.what_if(**asked)
            else:
                answer = session.what_if(**asked)
                assert answer.objective == pytest.approx(there, abs=1e-5)
                assert answer.gain == pytest.approx(there - now, abs=1e-5)
                assert answer.rows.size == 0
                pairs = (chosen(session) | {*map(tuple, answer.added.tolist())}) - {
                    *map(tuple, answer.dropped.tolist())
                }
                assert ledger.after(asked).forced <= pairs
            assert state(session) == earlier
            # A later change is as right as if nobody had asked.
            ledger = change_both(session, ledger, random_change(rng, "everything", session, ledger))


@pytest.mark.parametrize("edges_a_move", [0, method.EDGES_A_MOVE_AND_UNIT], ids=["anew", "one-by-one"])
@pytest.mark.parametrize("limits", LIMITS)
def test_restricting_a_session_is_solving_without_those_pairs(
    limits: str, edges_a_move: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(method, "EDGES_A_MOVE_AND_UNIT", edges_a_move)
    rng = np.random.default_rng([9, *limits.encode()])
    problem = random_problem(rng, 20, 12, 0.5, most_demand=2, limits=limits)
    session = AssignmentSession(problem)
    for share in (0.3, 0.0, 0.9, 0.5, 1.0, 0.2):
        banned = rng.random(problem.scores.nnz) < share
        left = ~banned
        starts = np.concatenate([[0], np.cumsum(np.bincount(problem.rows[left], minlength=problem.n_rows))])
        matrix = csr_array(
            (problem.scores.data[left], problem.columns[left], starts), shape=problem.scores.shape
        )
        allowed = problem.with_scores(matrix)
        session.restrict(banned)
        assert session.objective == pytest.approx(solve(allowed).objective, abs=1e-5)
        proof = prove(allowed, session.pairs, session.prices())
        assert proof.feasible
        assert proof.gap == pytest.approx(0, abs=1e-4)


def test_a_session_that_was_begun_anew_changes_like_any_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(method, "EDGES_A_MOVE_AND_UNIT", 0)
    rng = np.random.default_rng(12)
    problem = random_problem(rng, 30, 15, 0.5, most_demand=2, limits=LIMITS[-1])
    session = AssignmentSession(problem)
    session.restrict(rng.random(problem.scores.nnz) < 0.4)
    session.restrict(np.zeros(problem.scores.nnz, np.bool_))
    capacity = {column: int(rng.integers(0, 4)) for column in range(15)}
    session.change(capacity=capacity, remove=[3, 4])
    assert session.objective == pytest.approx(solve(session.problem()).objective, abs=1e-5)
    assert session.result().status == "optimal"


def test_only_a_session_as_it_was_opened_can_be_restricted() -> None:
    banned = np.zeros(4, np.bool_)
    with pytest.raises(InvalidProblemError, match=r"banned: expected shape \(4,\), got \(3,\)"):
        AssignmentSession(two()).restrict(banned[:3])
    for change in ({"ban": [(0, 0)]}, {"force": [(0, 1)]}):
        session = AssignmentSession(two())
        session.change(**change)
        with pytest.raises(InvalidProblemError, match="restrict: expected a session that nothing joined"):
            session.restrict(banned)


@pytest.mark.parametrize("limits", LIMITS)
def test_what_if_and_change_say_the_same(limits: str) -> None:
    rng = np.random.default_rng([7, *limits.encode()])
    session, ledger = random_session(rng, limits)
    for kind in ["capacity", "remove", "ban", "capacity", "ban"]:
        changes = random_change(rng, kind, session, ledger)
        asked, made = session.what_if(**changes), session.change(**changes)
        assert (asked.objective, asked.gain) == (made.objective, made.gain)
        assert_array_equal(asked.added, made.added)
        assert_array_equal(asked.dropped, made.dropped)
        ledger = ledger.after(changes)


@pytest.mark.parametrize("limits", LIMITS)
def test_insisting_on_any_pair_costs_what_solving_with_it_costs(limits: str) -> None:
    rng = np.random.default_rng([8, *limits.encode()])
    session, ledger = random_session(rng, limits)
    now = ledger.optimum()
    for pair in ledger.usable()[:40]:
        there = ledger.after({"force": [pair]}).optimum()
        if there is None:
            with pytest.raises(InvalidProblemError, match=r"force: expected .*, got \[\("):
                session.what_if(force=[pair])
        else:
            answer = session.what_if(force=[pair])
            assert answer.gain == pytest.approx(there - now, abs=1e-5)
            assert answer.gain <= 1e-9
    assert_is_optimal(session, ledger)


def test_a_session_of_many_rows_stays_optimal() -> None:
    rng = np.random.default_rng(9)
    n, m, k = 3000, 200, 8
    columns = (rng.integers(0, m, (n, 1)) + np.arange(0, 13 * k, 13)) % m
    scores = csr_array((rng.random(n * k), (np.repeat(np.arange(n), k), columns.ravel())), shape=(n, m))
    problem = AssignmentProblem(scores, rng.integers(5, 25, m))
    session, ledger = AssignmentSession(problem), Ledger.of(problem)
    for kind in ["capacity", "add", "ban", "remove", "force", "everything"]:
        ledger = change_both(session, ledger, random_change(rng, kind, session, ledger))


# Single changes, known by thinking -------------------------------------------------------------------


def test_a_place_more_lets_both_have_what_they_like_best() -> None:
    session = AssignmentSession(two())
    change = session.change(capacity={0: 2})
    assert (change.objective, change.gain) == (1.25, 0.25)
    assert (change.added.tolist(), change.dropped.tolist()) == ([[0, 0]], [[0, 1]])


def test_changing_nothing_changes_nothing() -> None:
    session = AssignmentSession(two())
    change = session.change()
    assert (change.gain, change.added.size, change.dropped.size, change.rows.size) == (0.0, 0, 0, 0)


def test_a_row_that_leaves_frees_its_place_and_keeps_its_number() -> None:
    session = AssignmentSession(two())
    change = session.change(remove=[1])
    assert (change.gain, change.added.tolist(), change.dropped.tolist()) == (
        -0.25,
        [[0, 0]],
        [[0, 1], [1, 0]],
    )
    assert session.n_rows == 2
    assert session.problem().demand.tolist() == [1, 0]
    assert session.change(add=session.rows(csr_array(np.array([[0.25, 0.25]])))).rows.tolist() == [2]


def test_what_is_banned_and_allowed_again_is_chosen_again() -> None:
    session = AssignmentSession(two())
    assert session.change(ban=[(0, 1)]).gain == pytest.approx(-0.125)
    assert session.problem().scores.nnz == 3
    assert session.change(allow=[(0, 1)]).gain == pytest.approx(0.125)
    assert session.problem().scores.nnz == 4


def test_what_is_forced_stays_until_it_is_released() -> None:
    session = AssignmentSession(two())
    session.change(force=[(1, 1)])
    assert session.pairs.tolist() == [[0, 0], [1, 1]]
    session.change(capacity={0: 9})
    assert session.pairs.tolist() == [[0, 0], [1, 1]]
    assert session.change(release=[(1, 1)]).objective == 1.25


def test_insisting_on_what_is_chosen_anyway_costs_nothing() -> None:
    session = AssignmentSession(two())
    answer = session.what_if(force=[(0, 1), (1, 0)])
    assert (answer.gain, answer.added.size, answer.dropped.size) == (0.0, 0, 0)


def test_a_session_that_begins_with_an_earlier_result_is_as_right() -> None:
    rng = np.random.default_rng(10)
    problem = random_problem(rng, 30, 12, 0.5, most_demand=2, limits="kgbs")
    earlier = solve(problem, "flow")
    session, ledger = AssignmentSession(problem, warm_start=earlier), Ledger.of(problem)
    assert_is_optimal(session, ledger)
    assert session.objective == pytest.approx(earlier.objective)
    change_both(session, ledger, random_change(rng, "everything", session, ledger))


@pytest.mark.parametrize("limits", ["", "kgbs"])
@pytest.mark.parametrize("shape", [(0, 0), (0, 3), (3, 0), (3, 3)])
def test_a_session_about_nothing_can_be_changed(shape: tuple[int, int], limits: str) -> None:
    problem = random_problem(np.random.default_rng(1), *shape, 0.0, limits=limits)
    session, ledger = AssignmentSession(problem), Ledger.of(problem)
    assert (session.objective, session.pairs.shape) == (0.0, (0, 2))
    everywhere = {"capacity": dict.fromkeys(range(shape[1]), 2), "remove": range(shape[0])}
    ledger = change_both(session, ledger, everywhere)
    nobody = session.rows(
        csr_array((0, shape[1])),
        kind_demand=np.zeros((0, 2), int) if limits else None,
        groups=[] if limits else None,
        row_bonus=[] if limits else None,
    )
    change_both(session, ledger, {"add": nobody})


# Rows of another size --------------------------------------------------------------------------------


@pytest.mark.parametrize("limits", LIMITS)
@pytest.mark.parametrize(("first", "later"), [(1, 1000), (1000, 1), (100, 1e5), (100, 1e6 / 2), (1e-3, 1)])
def test_rows_with_scores_of_another_size_are_taken_in(first: float, later: float, limits: str) -> None:
    rng = np.random.default_rng([11, *limits.encode()])
    problem = random_problem(rng, 12, 6, 0.6, most_demand=2, limits=limits)
    problem = problem.with_scores(problem.scores * first)
    session, ledger = AssignmentSession(problem), Ledger.of(problem)
    ledger = change_both(session, ledger, {"add": rows_that_come(rng, session, ledger, 4, later)})
    for kind in ["capacity", "ban", "remove", "capacity"]:
        ledger = change_both(session, ledger, random_change(rng, kind, session, ledger))


@pytest.mark.parametrize("limits", ["", "kgbs"])
def test_rows_with_much_larger_scores_come_after_many_changes(limits: str) -> None:
    rng = np.random.default_rng([12, *limits.encode()])
    problem = random_problem(rng, 12, 6, 0.6, most_demand=2, limits=limits)
    session, ledger = AssignmentSession(problem), Ledger.of(problem)
    for kind in ["capacity", "ban", "remove"]:
        ledger = change_both(session, ledger, random_change(rng, kind, session, ledger))
    ledger = change_both(session, ledger, {"add": rows_that_come(rng, session, ledger, 4, 1000)})
    ledger = change_both(session, ledger, {"allow": sorted(ledger.banned)})
    for kind in ["ban", "allow", "add", "remove", "capacity"]:
        ledger = change_both(session, ledger, random_change(rng, kind, session, ledger))


def test_what_was_banned_before_larger_scores_came_can_be_allowed_again() -> None:
    session = AssignmentSession(two())
    session.change(ban=[(0, 1)])
    session.change(add=session.rows(csr_array(np.array([[0.0, 1000.0]]))))
    assert session.problem().scores.nnz == 4
    session.change(capacity={1: 2}, allow=[(0, 1)])
    assert session.objective == 1001.0


def test_who_left_before_larger_scores_came_is_not_said_to_have_changed() -> None:
    session = AssignmentSession(two((2, 2)))
    session.change(remove=[0])
    change = session.change(add=session.rows(csr_array(np.array([[1000.0, 500.0]]))))
    assert (change.added.tolist(), change.dropped.tolist(), change.gain) == ([[2, 0]], [], 1000.0)


def test_what_was_forced_before_larger_scores_came_stays_forced() -> None:
    session = AssignmentSession(two((1, 2)))
    session.change(force=[(1, 1)])
    change = session.change(add=session.rows(csr_array(np.array([[1000.0, 0.0]]))))
    assert session.pairs.tolist() == [[0, 1], [1, 1], [2, 0]]
    assert change.objective == 1000.625


@pytest.mark.parametrize("first", [1.0, 100.0, 1000.0])
def test_beside_much_larger_scores_a_small_pair_can_still_be_forced(first: float) -> None:
    problem = two()
    session = AssignmentSession(problem.with_scores(problem.scores * first))
    session.change(add=session.rows(csr_array(np.array([[5e5, 4e5]]))))
    answer = session.what_if(force=[(0, 0)])
    assert answer.objective == pytest.approx(4e5 + 0.75 * first)
    assert session.change(force=[(0, 0), (1, 1)]).objective == pytest.approx(0.875 * first)
    assert session.change(release=[(0, 0), (1, 1)]).objective == pytest.approx(5e5 + 0.5 * first)


@pytest.mark.parametrize("first", [1.0, 100.0, 1000.0])
def test_much_larger_scores_get_no_place_where_there_is_none(first: float) -> None:
    problem = two((0, 1))
    session = AssignmentSession(problem.with_scores(problem.scores * first))
    session.change(add=session.rows(csr_array(np.array([[1e6, 1.0]]))))
    assert session.objective == pytest.approx(max(1.0, 0.5 * first))
    assert session.result().status == "optimal"
    assert session.what_if(capacity={0: 1}).objective == pytest.approx(1e6 + 0.5 * first)


def test_rows_can_come_to_a_session_that_had_no_scores() -> None:
    session = AssignmentSession(AssignmentProblem(csr_array((0, 2)), [1, 1]))
    session.change(add=session.rows(pairs_to_scores(FULL_2x2, (2, 2))))
    assert session.objective == 1.0
    assert session.pairs.tolist() == [[0, 1], [1, 0]]
    assert session.result().status == "optimal"


def test_rows_can_come_to_a_session_whose_scores_were_all_zero() -> None:
    session = AssignmentSession(AssignmentProblem(pairs_to_scores({(0, 0): 0.0}, (1, 2)), [1, 1]))
    session.change(add=session.rows(pairs_to_scores(FULL_2x2, (2, 2))))
    assert session.objective == 1.0


def test_a_bonus_may_be_larger_than_any_before() -> None:
    session = AssignmentSession(two(row_bonus=[0.5, 0.5]))
    session.change(add=session.rows(csr_array(np.array([[0.25, 0.25]])), row_bonus=[1000.0]))
    assert session.objective == pytest.approx(solve(session.problem(), "flow").objective)
    assert 2 in session.pairs[:, 0]


# Refusals -------------------------------------------------------------------------------------------


def refused(session: AssignmentSession, **changes: Any) -> tuple[str, ...]:
    """What is wrong, each with what was expected and what came; and nothing has changed."""
    earlier = state(session)
    with pytest.raises(InvalidProblemError) as caught:
        session.change(**changes)
    assert state(session) == earlier
    assert session.change().gain == 0.0
    if "add" not in changes:
        with pytest.raises(InvalidProblemError):
            session.what_if(**changes)
        assert state(session) == earlier
    for sentence in caught.value.problems:
        assert ": expected " in sentence
        assert ", got " in sentence
    return caught.value.problems


@pytest.mark.parametrize("bad", [-1, 2, 99])
def test_rows_that_there_are_not_are_refused(bad: int) -> None:
    assert refused(AssignmentSession(two()), remove=[0, bad]) == (f"remove: expected rows 0 to 1, got {bad}",)


@pytest.mark.parametrize(("column", "places"), [(-1, 1), (2, 1), (0, -1), (1, -(2**63))])
def test_columns_that_there_are_not_and_negative_places_are_refused(column: int, places: int) -> None:
    sentence = f"capacity: expected columns 0 to 1 with places from 0, got {column}: {places}"
    assert refused(AssignmentSession(two()), capacity={1: 5, column: places}) == (sentence,)


@pytest.mark.parametrize("name", ["ban", "allow", "force", "release"])
@pytest.mark.parametrize("pair", [(0, 2), (2, 0), (-1, 0), (0, -1), (1, 1), (1, 0)])
def test_pairs_that_are_not_stored_or_are_negative_are_refused(name: str, pair: Pair) -> None:
    scores = pairs_to_scores({(0, 0): 0.75, (0, 1): 0.5, (1, 0): -0.5}, (2, 2))
    session = AssignmentSession(AssignmentProblem(scores, [1, 1]))
    assert refused(session, **{name: [(0, 0), pair]}) == (f"pairs: expected allowed pairs, got {pair}",)


def test_all_that_is_wrong_is_named_at_once() -> None:
    wrong = refused(AssignmentSession(two()), remove=[7, 8], capacity={5: 1}, ban=[(0, 9)], force=[(9, 0)])
    assert [sentence.split(":")[0] for sentence in wrong] == [
        "capacity",
        "remove",
        "remove",
        "pairs",
        "pairs",
    ]


IMPOSSIBLE = "force: expected pairs that the limits allow together, got "


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"force": [(0, 0), (1, 0)]}, None),
        ({"force": [(0, 0), (0, 1)]}, None),
        ({"force": [(0, 0)], "capacity": {0: 0}}, "[(0, 0)]"),
        ({"force": [(0, 0)], "ban": [(0, 0)]}, "[(0, 0)]"),
        ({"force": [(0, 0)], "remove": [0]}, "[(0, 0)]"),
    ],
    ids=["one place", "one demand", "no places", "banned", "gone"],
)
def test_pairs_that_cannot_be_forced_are_refused_with_those_that_had_to_give_way(
    changes: dict[str, Any], named: str | None
) -> None:
    (sentence,) = refused(AssignmentSession(two()), **changes)
    names = [named] if named else [f"[{pair}]" for pair in changes["force"]]
    assert sentence in {IMPOSSIBLE + name for name in names}


@pytest.mark.parametrize(
    "limits",
    [
        {"kinds": [0, 0], "kind_demand": [[1], [1]], "demand": [2, 2]},
        {"demand": [2, 2], "slots": [0, 0]},
    ],
    ids=["kind", "slot"],
)
def test_two_pairs_of_one_row_that_its_limits_exclude_are_refused(limits: dict[str, Any]) -> None:
    (sentence,) = refused(AssignmentSession(two(**limits)), force=[(0, 0), (0, 1)])
    assert sentence.startswith(IMPOSSIBLE)


def test_pairs_of_a_full_group_are_refused_together() -> None:
    session = AssignmentSession(two((2, 2), groups=[0, 0], group_capacity=[[1], [1]]))
    (sentence,) = refused(session, force=[(0, 0), (1, 0)])
    assert sentence.startswith(IMPOSSIBLE)


@pytest.mark.parametrize("changes", [{"capacity": {1: 0}}, {"remove": [1]}, {"ban": [(1, 1)]}])
def test_changes_that_a_forced_pair_forbids_are_refused(changes: dict[str, Any]) -> None:
    session = AssignmentSession(two())
    session.change(force=[(1, 1)])
    assert refused(session, **changes) == (f"{IMPOSSIBLE}[(1, 1)]",)
    assert session.pairs.tolist() == [[0, 0], [1, 1]]


@pytest.mark.parametrize("top", [0.5, 1000.0])
def test_rows_that_come_with_something_impossible_do_not_stay(top: float) -> None:
    session = AssignmentSession(two())
    rows = session.rows(csr_array(np.array([[top, top]])))
    (sentence,) = refused(session, add=rows, force=[(0, 0), (1, 0)])
    assert sentence.startswith(IMPOSSIBLE)
    assert session.change(add=rows).rows.tolist() == [2]
    assert session.objective == pytest.approx(solve(session.problem(), "flow").objective)


def test_rows_are_added_for_good_and_not_by_what_if() -> None:
    session = AssignmentSession(two())
    rows, earlier = session.rows(csr_array(np.array([[1.0, 1.0]]))), state(session)
    with pytest.raises(InvalidProblemError, match="add: expected in `change`, got it in `what_if`"):
        session.what_if(add=rows)
    assert state(session) == earlier


KINDS = {"kinds": [0, 1], "kind_demand": [[1, 1], [1, 1]]}
GROUPS = {"groups": [0, 0], "group_capacity": [[1], [1]]}


@pytest.mark.parametrize(
    ("limits", "others"),
    [
        ({}, {"scores": csr_array((1, 3)), "capacity": [1, 1, 1]}),
        ({}, {"row_bonus": [1.0]}),
        ({"row_bonus": [1.0, 1.0]}, {}),
        ({}, {"slots": [0, 0]}),
        ({"slots": [0, 0]}, {}),
        ({"slots": [0, 0]}, {"slots": [0, 1]}),
        ({}, {"kinds": [0, 0], "kind_demand": [[1]]}),
        (KINDS, {}),
        (KINDS, {"kinds": [1, 0], "kind_demand": [[1, 1]]}),
        (KINDS, {"kinds": [0, 1], "kind_demand": [[1, 1, 1]]}),
        ({}, {"groups": [0], "group_capacity": [[1], [1]]}),
        (GROUPS, {}),
        (GROUPS, {"groups": [1], "group_capacity": [[1, 1], [1, 1]]}),
        (GROUPS, {"groups": [0], "group_capacity": [[-1], [1]]}),
    ],
    ids=[
        "columns", "a bonus more", "no bonus", "slots more", "no slots", "other slots", "kinds more",
        "no kinds", "other kinds", "more kinds", "groups more", "no groups", "more groups",
        "other places of groups",
    ],
)  # fmt: skip
def test_rows_over_other_columns_or_limits_are_refused(
    limits: dict[str, Any], others: dict[str, Any]
) -> None:
    session = AssignmentSession(two(**limits))
    rows = AssignmentProblem(**{"scores": csr_array(np.array([[0.5, 0.5]])), "capacity": [1, 1], **others})
    (sentence,) = refused(session, add=rows)
    assert sentence.startswith("add: expected rows over the columns and limits of this session")


def test_rows_are_read_as_those_of_a_problem_are() -> None:
    with pytest.raises(InvalidProblemError, match=r"demand: expected shape \(1,\), got \(2,\)"):
        AssignmentSession(two()).rows(csr_array(np.array([[0.5, 0.5]])), demand=[1, 1])


def test_slots_of_several_kinds_are_refused_from_the_first() -> None:
    with pytest.raises(
        InvalidProblemError, match="slots: expected columns of one kind with slots, got several"
    ):
        AssignmentSession(two(**KINDS, slots=[0, 0]))


def test_an_earlier_result_of_another_shape_is_refused() -> None:
    other = solve(AssignmentProblem(csr_array(np.array([[0.5, 0.5, 0.5]])), [1, 1, 1]))
    with pytest.raises(InvalidProblemError, match=r"column_prices: expected shape \(2,\), got \(3,\)"):
        AssignmentSession(two(), warm_start=other)


def test_nothing_is_proven_while_pairs_are_forced() -> None:
    session = AssignmentSession(two())
    session.change(force=[(0, 1)])
    with pytest.raises(InvalidProblemError, match="force: expected no forced pairs, got"):
        session.result()
    session.change(release=[(0, 1)])
    assert session.result().status == "optimal"
