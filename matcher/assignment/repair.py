"""Assignment where columns exclude each other for the same row: solve, ban, solve again. No new method."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.sparse import csr_array

from matcher.assignment._clashes import Clashes
from matcher.assignment._prices import Prices, reduced_values
from matcher.assignment._room import Room
from matcher.assignment.certificate import entries_of, value_of
from matcher.assignment.problem import AssignmentProblem, BoolArray, FloatArray, IntArray
from matcher.assignment.result import AssignmentResult
from matcher.assignment.solver import certified, solve

# After so many rounds a row that still clashes may not come back to any rival of what it keeps.
PATIENT_ROUNDS = 3
MOST_ROUNDS = 30
MOST_RETURNS = 5


def solve_without_clashes(
    problem: AssignmentProblem, clashes: csr_array[Any], method: str = "auto"
) -> AssignmentResult:
    r"""Choose good pairs so that no row has two columns that clash, such as sessions at the same hours.

    The problem of `solve` with :math:`x_{ij} + x_{ij'} \le 1` wherever `clashes` has (j, j'). That is
    not a flow any more, and finding the optimum is NP-hard. So: solve without this limit; where a row
    has columns that clash, ban the weaker pair, by its reduced value, and solve again until no
    row has any; then give banned pairs back that clash no longer, if that improves the value.

    Parameters
    ----------
    problem : AssignmentProblem
    clashes : scipy.sparse array of bool, shape (m, m)
        Symmetric; stored and not zero where one row may not have both columns. The diagonal is ignored.
    method : {"auto", "flow", "hungarian"}
        As for `solve`; it runs at every round.

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
    Ends always, after 30 rounds, and up to 5 times as many for giving back, at most; a few are usual.
    A row that still clashes in the last round loses its weaker pairs. Of equal pairs the one with the
    smaller score is banned, then the one further right. The same input gives the same output; the
    order of rows and columns may change the value, unlike with `solve`.

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
    relation = Clashes(clashes, problem)
    relaxed = solve(problem, method)
    entries = entries_of(problem, relaxed.pairs)
    if not relation.within_rows(entries, entries)[0].size:
        return relaxed
    banned = np.zeros(problem.scores.nnz, dtype=np.bool_)
    entries = _settle(problem, relation, method, banned, relaxed)
    for _ in range(MOST_RETURNS):
        fewer_banned = banned & relation.hit(entries)
        if (fewer_banned == banned).all():
            break
        trial = _settle(problem, relation, method, fewer_banned)
        if _value(problem, trial) <= _value(problem, entries):
            break
        banned, entries = fewer_banned, trial
    return certified(problem, _pairs(problem, entries), Prices.of(relaxed), relaxed.method)[0]


def _settle(
    problem: AssignmentProblem,
    clashes: Clashes,
    method: str,
    banned: BoolArray,
    solved: AssignmentResult | None = None,
) -> IntArray:
    """Entries without clashes; adds to `banned` what it had to ban. `solved`: a result to start from."""
    entries = np.zeros(0, dtype=np.int64)
    for n_rounds in range(MOST_ROUNDS):
        result = solved if solved is not None and n_rounds == 0 else solve(_without(problem, banned), method)
        entries = entries_of(problem, result.pairs)
        weaker = _weaker(problem, clashes, entries, reduced_values(problem, result))
        if weaker.size == 0:
            break
        entries = np.setdiff1d(entries, weaker)
        banned[weaker] = True
        if n_rounds >= PATIENT_ROUNDS:
            banned |= np.isin(problem.rows, problem.rows[weaker]) & clashes.hit(entries)
    return _fill(problem, clashes, entries)


def _weaker(problem: AssignmentProblem, clashes: Clashes, entries: IntArray, values: FloatArray) -> IntArray:
    """Entries that clash with a stronger one of their row, unless that one gives way itself."""
    rival, other = clashes.within_rows(entries, entries)
    strongest_first = np.lexsort([entries, -problem.scores.data[entries], -values[entries]])
    rank = np.zeros(problem.scores.nnz, dtype=np.int64)
    rank[entries[strongest_first]] = np.arange(len(entries))
    order = np.argsort(rank[rival], kind="stable")
    weaker: set[int] = set()
    # In this order it is settled whether `strong` stays before anything has to give way to it.
    for weak, strong in zip(rival[order].tolist(), other[order].tolist(), strict=True):
        if rank[strong] < rank[weak] and strong not in weaker:
            weaker.add(weak)
    return np.array(sorted(weaker), dtype=np.int64)


def _fill(problem: AssignmentProblem, clashes: Clashes, entries: IntArray) -> IntArray:
    """`entries` and whatever still fits beside them without a clash, best first."""
    gain = problem.scores.data
    if problem.row_bonus is not None:
        served = np.isin(problem.rows, problem.rows[entries])
        gain = gain + np.where(served, 0.0, problem.row_bonus[problem.rows])
    room = Room(problem, entries)
    possible = room.open_entries() & (problem.scores.data >= 0) & (gain > 0)
    possible[entries] = False
    candidates = np.flatnonzero(possible)
    for entry in candidates[np.argsort(-gain[candidates], kind="stable")].tolist():
        one = np.array([entry])
        if room.fits(entry) and not clashes.within_rows(one, entries)[0].size:
            room.take(entry)
            entries = np.union1d(entries, one)
    return entries


def _without(problem: AssignmentProblem, banned: BoolArray) -> AssignmentProblem:
    """The same problem with fewer allowed pairs."""
    kept = ~banned
    starts = np.concatenate([[0], np.cumsum(np.bincount(problem.rows[kept], minlength=problem.n_rows))])
    scores = csr_array((problem.scores.data[kept], problem.columns[kept], starts), shape=problem.scores.shape)
    return AssignmentProblem(
        scores,
        problem.capacity,
        problem.demand,
        problem.kinds,
        problem.kind_demand,
        problem.groups,
        problem.group_capacity,
        problem.row_bonus,
    )


def _pairs(problem: AssignmentProblem, entries: IntArray) -> IntArray:
    return np.column_stack([problem.rows[entries], problem.columns[entries]])


def _value(problem: AssignmentProblem, entries: IntArray) -> float:
    return value_of(problem, _pairs(problem, entries))[1]
