"""Assignment where columns exclude each other for the same row: solve, ban, solve again. No new method."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from scipy.sparse import csr_array

from matcher.assignment._arrays.entries import entries_of, pairs_of
from matcher.assignment._arrays.prices import Prices, reduced_at
from matcher.assignment._arrays.residual import ResidualCapacity
from matcher.assignment._clashes import Clashes
from matcher.assignment._clock import Clock
from matcher.assignment._methods.registry import certified, solve_as_flow
from matcher.assignment.certificate import value_of
from matcher.assignment.incremental import AssignmentSession
from matcher.assignment.problem import NO_SLOT, AssignmentProblem, BoolArray, FloatArray, IntArray
from matcher.assignment.result import AssignmentResult

MOST_ROUNDS = 30
MOST_EXCHANGES = 12
# Exchanges that promise, or the last of which brought, less than this share are not worth another solve.
WORTH_TRYING = 1e-4
# Of so many stored pairs every solve takes seconds. Then all that clashes with what is kept is banned at
# once, in every row, and nothing is given back: half the time, for two or three parts in ten thousand.
MANY_PAIRS = 2_000_000


def solve_without_clashes(
    problem: AssignmentProblem,
    clashes: csr_array[Any],
    method: str = "auto",
    incumbent: IntArray | None = None,
    warm_start: AssignmentResult | None = None,
    clock: Clock | None = None,
    classes: IntArray | None = None,
) -> AssignmentResult:
    r"""Choose good pairs so that no row has two columns that clash, such as sessions at the same hours.

    The problem of `solve` with :math:`x_{ij} + x_{ij'} \le 1` wherever `clashes` has (j, j'). That is
    not a flow any more, and finding the optimum is NP-hard. So: solve without this limit; where a row has
    columns that clash, keep the pair with the larger reduced value, ban the row from all columns that
    clash with it, and solve again until no row has any. Then give banned pairs back, in exchange for
    what they clash with, where that improves the value.

    Parameters
    ----------
    problem : AssignmentProblem
    clashes : scipy.sparse array of bool, shape (m, m)
        Symmetric; stored and not zero where one row may not have both columns. The diagonal is ignored.
    method : {"auto", "auction", "flow", "hungarian"}
        As for `solve`; it runs at every round, and "auction" goes on from the round before.
    incumbent : int array, shape (p, 2), optional
        An earlier choice, of stored pairs that do not clash. Where nothing clashing with it in its rows is
        allowed and it is still the best then, it is kept, so that solving again changes nothing.
    warm_start : AssignmentResult, optional
        As for `solve`.
    clock : Clock, optional
        When it runs out, no more exchanges are tried.
    classes : int array, shape (m,), optional
        Where many columns clash with the same: the class of each, -1 for those that clash with none.
        `clashes` is then about classes, of shape (c, c), and its diagonal counts.

    Returns
    -------
    AssignmentResult
        Its pairs never clash. Prices and bound are those of the first solve, without the limit, which
        no choice that keeps it can exceed: the status is "optimal" when nothing was lost, else
        "feasible", and ``bound - objective`` is the most that was lost.

    Raises
    ------
    InvalidProblemError
        For clashes of another shape or that are not symmetric, and as `solve`.

    Notes
    -----
    Of more than two million stored pairs nothing is given back, and all that clashes with what is kept is
    banned at once: that loses two or three parts in ten thousand of the value, and saves half the time.

    Ends always: after 31 solves at most, and as many for each of up to 12 exchanges; five to twenty-five
    in all are usual, and a few more that make the choice steady: solved again with the incumbent worth a
    little more, it is kept. A row that still clashes in the last round loses its weaker pairs. Of pairs
    with equal reduced value the one with the larger score is kept, then the one further left. The same
    input gives the same output. The order of rows and columns may change the value, unlike with `solve`,
    and the value is not promised to be the optimum.

    Examples
    --------
    >>> import numpy as np
    >>> from scipy.sparse import csr_array
    >>> from matcher.assignment import AssignmentProblem, solve_without_clashes
    >>> problem = AssignmentProblem(csr_array(np.array([[0.75, 0.5, 0.25]])), capacity=[1, 1, 1], demand=[2])
    >>> same_hours = csr_array(np.array([[0, 1, 0], [1, 0, 0], [0, 0, 0]], dtype=bool))
    >>> result = solve_without_clashes(problem, same_hours)
    >>> result.pairs.tolist(), result.objective, result.bound, result.status
    ([[0, 0], [0, 2]], 1.0, 1.25, 'feasible')
    """
    relaxed = solve_as_flow(problem, method, warm_start, clock)
    return keep_apart(problem, relaxed, clashes, classes, incumbent, clock)


def keep_apart(
    problem: AssignmentProblem,
    relaxed: AssignmentResult,
    clashes: csr_array[Any],
    classes: IntArray | None = None,
    incumbent: IntArray | None = None,
    clock: Clock | None = None,
) -> AssignmentResult:
    """Give up what clashes in a problem that is solved already without regard to that.

    Parameters
    ----------
    problem : AssignmentProblem
    relaxed : AssignmentResult
        The result of `solve` for this problem; its method is used again.
    clashes, classes, incumbent, clock
        As for `solve_without_clashes`.

    Returns
    -------
    AssignmentResult
        As of `solve_without_clashes`; `relaxed` itself where nothing clashes.

    Raises
    ------
    InvalidProblemError
        As `solve_without_clashes`.
    """
    search = _Repair(problem, Clashes(clashes, problem, classes), clock or Clock(), relaxed)
    entries = entries_of(problem, relaxed.pairs)
    if not search.clashes.within_rows(entries, entries)[0].size:
        return relaxed
    kept = None if incumbent is None else search.around(entries_of(problem, incumbent))
    if kept is None or kept.is_new:
        if problem.scores.nnz > MANY_PAIRS:
            best = search.settle(search.in_the_way())
        else:
            best = search.exchange(search.settle(np.zeros(problem.scores.nnz, dtype=np.bool_)))
        if kept is not None and kept.objective >= best.objective:
            best = kept
        best = search.steady(best)
    else:
        best = kept
    pairs = pairs_of(problem, best.entries)
    return certified(problem, pairs, Prices.of(relaxed), relaxed.method, relaxed.reason)


@dataclass(frozen=True, eq=False)
class _Settled:
    """A choice without clashes, and which stored pairs were banned for it."""

    entries: IntArray
    banned: BoolArray
    objective: float
    is_new: bool = True


def same_slots(slots: IntArray) -> csr_array[Any]:
    """Which columns have the same slot, as a relation for `solve_without_clashes`."""
    has_slot = np.flatnonzero(slots != NO_SLOT)
    shape = (len(slots), int(slots.max(initial=0)) + 1)
    member: Any = csr_array((np.ones(len(has_slot)), (has_slot, slots[has_slot])), shape=shape)
    return csr_array(member @ member.T)


class _SolveAnew:
    """What a session is asked here, by solving anew: for methods that have no session."""

    def __init__(self, problem: AssignmentProblem, relaxed: AssignmentResult, clock: Clock) -> None:
        self._problem, self._relaxed, self._clock = problem, relaxed, clock
        self._result = relaxed

    def restrict(self, banned: BoolArray) -> None:
        allowed = _without(self._problem, banned)
        self._result = solve_as_flow(allowed, self._relaxed.method, self._relaxed, self._clock)

    @property
    def pairs(self) -> IntArray:
        return self._result.pairs

    def prices(self, rows: IntArray | None = None) -> Prices:
        return Prices.of(self._result)


@dataclass(frozen=True, eq=False)
class _Repair:
    """The search for a choice without clashes."""

    problem: AssignmentProblem
    clashes: Clashes
    clock: Clock
    relaxed: AssignmentResult  # the result without the limit: where every solve begins

    @cached_property
    def session(self) -> AssignmentSession | _SolveAnew:
        """What takes bans in and out; without solving anew, where the method has that."""
        if self.relaxed.method == "auction":
            return AssignmentSession(self.problem, self.relaxed)
        return _SolveAnew(self.problem, self.relaxed, self.clock)

    def around(self, entries: IntArray) -> _Settled:
        """The best choice when nothing may clash with the given one; `is_new` tells whether it is another."""
        found = self.settle(self.clashes.hit(entries))
        return replace(found, is_new=not np.array_equal(found.entries, np.sort(entries)))

    def steady(self, best: _Settled) -> _Settled:
        """Improve a choice until it is the best around itself: solved again, it would be kept."""
        for _ in range(MOST_ROUNDS):
            if self.clock.is_over:
                break
            around = self.around(best.entries)
            if not around.is_new or around.objective <= best.objective:
                break
            best = around
        return best

    def in_the_way(self) -> BoolArray:
        """Stored pairs that clash with the stronger ones of the choice without the limit."""
        entries = entries_of(self.problem, self.relaxed.pairs)
        clashing = self.clashes.within_rows(entries, entries)
        values = reduced_at(self.problem, Prices.of(self.relaxed), np.unique(clashing[0]))
        return self.clashes.hit(
            np.setdiff1d(entries, _weaker(self.problem, clashing, values), assume_unique=True)
        )

    def settle(self, banned: BoolArray) -> _Settled:
        """Ban and solve until nothing clashes."""
        problem, banned = self.problem, banned.copy()
        for n_rounds in range(MOST_ROUNDS + 1):
            self.session.restrict(banned)
            entries = entries_of(problem, self.session.pairs)
            weaker = self._weaker(entries)
            entries = np.setdiff1d(entries, weaker, assume_unique=True)
            if weaker.size == 0 or n_rounds == MOST_ROUNDS or self.clock.is_over:
                break
            # Not only the weaker pair, or the row takes the next rival of what it keeps, one a round.
            gave_way = np.zeros(problem.n_rows, np.bool_)
            gave_way[problem.rows[weaker]] = True
            banned |= self.clashes.hit(entries[gave_way[problem.rows[entries]]])
        entries = _fill(problem, self.clashes, entries)
        return _Settled(entries, banned, value_of(problem, pairs_of(problem, entries))[1])

    def _weaker(self, entries: IntArray) -> IntArray:
        """Entries that give way to another of their row."""
        clashing = self.clashes.within_rows(entries, entries)
        among = np.unique(clashing[0])
        if not among.size:
            return among
        prices = self.session.prices(np.unique(self.problem.rows[among]))
        return _weaker(self.problem, clashing, reduced_at(self.problem, prices, among))

    def exchange(self, best: _Settled) -> _Settled:
        """Give banned pairs back for what they clash with: many at once, then fewer, then one by one."""
        problem, clashes = self.problem, self.clashes
        prices = self.session.prices()
        failed = np.zeros(problem.scores.nnz, dtype=np.bool_)
        n_moves = problem.scores.nnz
        for _ in range(MOST_EXCHANGES):
            moves, gains = _promising(problem, clashes, best, prices, failed)
            moves = moves[:n_moves]
            if self.clock.is_over or gains[:n_moves].sum() <= WORTH_TRYING * best.objective:
                break
            banned = best.banned.copy()
            banned[moves] = False
            banned[clashes.within_rows(best.entries, np.sort(moves))[0]] = True
            trial = self.settle(banned)
            improvement = trial.objective - best.objective
            if improvement > 0:
                best, prices, n_moves = trial, self.session.prices(), problem.scores.nnz
                if improvement <= WORTH_TRYING * best.objective:
                    break
            elif len(moves) > 1:
                n_moves = len(moves) // 2
            else:
                failed[moves] = True
        return best


def _promising(
    problem: AssignmentProblem, clashes: Clashes, settled: _Settled, prices: Prices, failed: BoolArray
) -> tuple[IntArray, FloatArray]:
    """Banned pairs worth more at these prices than what they clash with, and by how much.

    One a row, best first.
    """
    possible = np.flatnonzero(settled.banned & ~failed)
    possible = possible[problem.scores.data[possible] >= 0]
    pair, rival = clashes.within_rows(possible, settled.entries)
    at, lost = np.searchsorted(possible, pair), reduced_at(problem, prices, rival)
    gain = reduced_at(problem, prices, possible) - np.bincount(at, lost, minlength=possible.size)
    possible, gain = possible[gain > 0], gain[gain > 0]
    best_first = np.lexsort([possible, -gain])
    _, first_of_row = np.unique(problem.rows[possible[best_first]], return_index=True)
    best_first = best_first[np.sort(first_of_row)]
    return possible[best_first], gain[best_first]


def _weaker(problem: AssignmentProblem, clashing: tuple[IntArray, IntArray], values: FloatArray) -> IntArray:
    """Entries that clash with a stronger one of their row, unless that one gives way itself.

    `clashing`: both entries of each clash, both ways; `values`: of these entries, ascending.
    """
    rival, other = clashing
    among = np.unique(rival)
    rank = np.empty(among.size, np.int64)
    rank[np.lexsort([among, -problem.scores.data[among], -values])] = np.arange(among.size)
    weak_at, strong_at = rank[np.searchsorted(among, rival)], rank[np.searchsorted(among, other)]
    weaker: set[int] = set()
    # In this order it is settled whether the stronger stays before anything has to give way to it.
    for clash in np.argsort(weak_at, kind="stable").tolist():
        if strong_at[clash] < weak_at[clash] and int(other[clash]) not in weaker:
            weaker.add(int(rival[clash]))
    return np.array(sorted(weaker), dtype=np.int64)


def _fill(problem: AssignmentProblem, clashes: Clashes, entries: IntArray) -> IntArray:
    """`entries` and whatever still fits beside them without a clash, best first."""
    room = ResidualCapacity(problem, entries)
    candidates = np.setdiff1d(room.open_entries(), entries, assume_unique=True)
    candidates = candidates[problem.scores.data[candidates] >= 0]
    gain = problem.scores.data[candidates]
    if problem.row_bonus is not None:
        unserved = np.ones(problem.n_rows, np.bool_)
        unserved[problem.rows[entries]] = False
        gain = gain + (problem.row_bonus * unserved)[problem.rows[candidates]]
    candidates, gain = candidates[gain > 0], gain[gain > 0]
    for entry in candidates[np.argsort(-gain, kind="stable")].tolist():
        one, of_row = np.array([entry]), problem.scores.indptr[problem.rows[entry] : problem.rows[entry] + 2]
        own = entries[slice(*np.searchsorted(entries, of_row))]
        if room.fits(entry) and not clashes.within_rows(one, own)[0].size:
            room.take(entry)
            entries = np.union1d(entries, one)
    return entries


def _without(problem: AssignmentProblem, banned: BoolArray) -> AssignmentProblem:
    """The same problem with fewer allowed pairs."""
    kept = ~banned
    starts = np.concatenate([[0], np.cumsum(np.bincount(problem.rows[kept], minlength=problem.n_rows))])
    return problem.with_scores(
        csr_array((problem.scores.data[kept], problem.columns[kept], starts), shape=problem.scores.shape)
    )
