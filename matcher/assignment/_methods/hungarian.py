"""Assignment by scipy's Hungarian method, a column for each place: the reference for small problems."""

from __future__ import annotations

import numpy as np
import scipy

from matcher.assignment._arrays.scaling import whole_numbers, whole_scale
from matcher.assignment._clock import Clock
from matcher.assignment._methods.network import build_network, usable_entries
from matcher.assignment._methods.potentials import prices_of
from matcher.assignment._methods.solution import Solution, Start
from matcher.assignment.problem import AssignmentProblem, IntArray
from matcher.exceptions import InvalidProblemError

MOST_CELLS = 4_000_000


def solve_by_hungarian(problem: AssignmentProblem, start: Start | None, clock: Clock) -> Solution:
    """Solve a small assignment problem in which each row takes one column at most.

    Parameters
    ----------
    problem : AssignmentProblem
        Demands of 0 or 1; no groups. Kinds, slots and bonuses are fine.
    start : Start, optional
        Plays no part.
    clock : Clock
        Must not be limited.

    Returns
    -------
    Solution

    Raises
    ------
    InvalidProblemError
        When a row may take more than one column, when groups have limits, when there is a time limit, or when
        rows times places (counting no more places at a column than it has pairs) exceed 4,000,000 cells.

    Notes
    -----
    Shortest augmenting paths [1]_ on a dense matrix: O(rows**2 * places) time, a float a cell. A row
    without a pair gets a cell worth 0, and so does a pair with score and bonus 0: which of these is
    chosen is not promised. The same input gives the same output.

    References
    ----------
    .. [1] Crouse, D. F. (2016). On implementing 2D rectangular assignment algorithms. IEEE Transactions
       on Aerospace and Electronic Systems 52(4), 1679-1696. doi:10.1109/TAES.2016.140952
    """
    usable = usable_entries(problem)
    places = np.minimum(problem.capacity, np.bincount(problem.columns[usable], minlength=problem.n_columns))
    _refuse_what_is_too_much(problem, places, clock)
    scale = whole_scale(problem)
    network = build_network(problem, scale)
    chosen = np.zeros(len(usable), dtype=np.bool_)
    chosen[_best_cells(-network.costs[: len(usable)], problem, usable, places, scale)] = True
    return Solution(usable[chosen], prices_of(network, chosen))


def _best_cells(
    values: IntArray, problem: AssignmentProblem, usable: IntArray, places: IntArray, scale: int
) -> IntArray:
    """Positions in `usable` of the pairs chosen."""
    rows, columns = problem.rows[usable], problem.columns[usable]
    if problem.row_bonus is not None:
        values = values + whole_numbers(problem.row_bonus, scale)[rows]
    number = np.full((problem.n_rows, problem.n_columns), -1, dtype=np.int64)
    number[rows, columns] = np.arange(len(usable))
    worth = np.zeros((problem.n_rows, problem.n_columns))
    worth[rows, columns] = values
    column_of_place = np.repeat(np.arange(problem.n_columns), places)
    row, place = scipy.optimize.linear_sum_assignment(worth[:, column_of_place], maximize=True)
    taken = number[row, column_of_place[place]]
    return taken[taken >= 0]


def _refuse_what_is_too_much(problem: AssignmentProblem, places: IntArray, clock: Clock) -> None:
    wrong = []
    if clock.is_limited:
        wrong.append("time_limit: method 'hungarian' expects None; use method 'auction'")
    largest = int(problem.demand.max(initial=0))
    if largest > 1:
        wrong.append(
            f"demand: method 'hungarian' expects at most 1 a row, got {largest}; use method 'auction'"
        )
    if problem.group_capacity is not None:
        wrong.append("group_capacity: method 'hungarian' expects None, got limits; use method 'auction'")
    n_cells = problem.n_rows * max(int(places.sum()), problem.n_columns)
    if n_cells > MOST_CELLS:
        wrong.append(
            f"scores: method 'hungarian' expects at most {MOST_CELLS:,} cells (rows times places), "
            f"got {n_cells:,}; use method 'auction'"
        )
    if wrong:
        raise InvalidProblemError(wrong)
