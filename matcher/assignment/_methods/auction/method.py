"""Assignment by an auction and shortest paths: the files of this folder, one after the other."""

from __future__ import annotations

import numpy as np

from matcher._compiled import kernel
from matcher.assignment._arrays.scaling import whole_numbers
from matcher.assignment._clock import Clock
from matcher.assignment._methods.auction.balancing import balance
from matcher.assignment._methods.auction.bidding import find_prices
from matcher.assignment._methods.auction.holdings import Holdings, empty_holdings, is_closed
from matcher.assignment._methods.auction.market import BuiltMarket, Ints, Market, build_market, edge_of_entry
from matcher.assignment._methods.auction.row_choices import choose_all, keep_within_limits
from matcher.assignment._methods.auction.row_prices import price_rows, prices_of
from matcher.assignment._methods.solution import Solution, Start
from matcher.assignment.problem import AssignmentProblem

# To move one unit takes as long as there are units, to begin anew as long as there are edges; measured.
EDGES_A_MOVE_AND_UNIT = 125


def solve_by_auction(problem: AssignmentProblem, start: Start | None, clock: Clock) -> Solution:
    """Solve any assignment problem, with all its limits and bonuses.

    Parameters
    ----------
    problem : AssignmentProblem
        Slots of one kind at most.
    start : Start, optional
        Pairs and prices to begin with instead of the auction. Any will do; the nearer to the optimum, the
        less is left to mend.
    clock : Clock
        When it runs out, the pairs are those of the best choice found that keeps all limits.

    Returns
    -------
    Solution

    Notes
    -----
    An auction of similar objects [1]_ with ever smaller raises finds prices; every row takes its best edges
    at these; shortest paths [2]_ put right which nodes are then too full, or empty and yet not free. Scores
    are whole numbers all the way, so that the result is exact for them: see `whole_scale`.

    The same input gives the same output. O(passes E) for the auction, where the number of passes over the
    edges E grows slowly (5 to 20 are usual); each path costs the edges of the rows it visits.

    References
    ----------
    .. [1] Bertsekas, D. P., Castanon, D. A. (1989). The auction algorithm for the transportation problem.
       Annals of Operations Research 20, 67-96. doi:10.1007/BF02216923
    .. [2] Jonker, R., Volgenant, A. (1987). A shortest augmenting path algorithm for dense and sparse linear
       assignment problems. Computing 38, 325-340. doi:10.1007/BF02278710
    """
    built = build_market(problem)
    market, holdings = built.market, empty_holdings(built.market)
    is_done = fill_holdings(problem, built, holdings, start, clock)
    prices = prices_of(problem, built, holdings, price_rows(market, holdings))
    if not is_done:
        keep_within_limits(market, holdings)
    return Solution(_entries(built, holdings), prices)


def fill_holdings(
    problem: AssignmentProblem, built: BuiltMarket, holdings: Holdings, start: Start | None, clock: Clock
) -> bool:
    """Find an optimal choice and its prices; whether there was time to."""
    market = built.market
    if start is None:
        return fill_anew(market, holdings, clock)
    choose_all(market, holdings, _begin_with(start, problem, built, holdings))
    n_too_many = int(np.maximum(0, holdings.load - market.capacity).sum())
    return (fill_anew if are_many(market, n_too_many) else balance)(market, holdings, clock)


def fill_anew(market: Market, holdings: Holdings, clock: Clock) -> bool:
    """The same, whatever is held now; whether there was time to."""
    choose_all(market, holdings, find_prices(market, holdings, clock))
    return balance(market, holdings, clock)


def are_many(market: Market, n_moving: int) -> bool:
    """Whether so many units have to move that it is faster to begin anew."""
    return n_moving * len(market.unit_row) > EDGES_A_MOVE_AND_UNIT * len(market.node)


def _entries(built: BuiltMarket, holdings: Holdings) -> Ints:
    edges = holdings.unit_edge[holdings.unit_edge >= 0]
    return np.sort(edges if built.entry is None else built.entry[edges]).astype(np.int64)


def _begin_with(start: Start, problem: AssignmentProblem, built: BuiltMarket, holdings: Holdings) -> Ints:
    """Take over earlier prices; returns the edges that units held then."""
    market, n_columns = built.market, problem.n_columns
    is_open = ~is_closed(market)
    whole = whole_numbers(start.column_prices, built.scale)[market.column]
    if start.group_prices is not None and len(built.group_position):
        position = built.group_position
        whole[n_columns:] += whole_numbers(start.group_prices.ravel()[position], built.scale)
    holdings.price[is_open] = np.minimum(whole[is_open], market.closed_price)
    edges = start.entries
    if built.entry is not None:
        edges = edge_of_entry(problem, built)[edges]
        edges = np.sort(edges[edges >= 0])
    preferred = np.full(len(market.unit_row), -1, np.int64)
    _prefer(market, edges, preferred)
    return preferred


@kernel
def _prefer(market: Market, edges: Ints, preferred: Ints) -> None:
    """The first few edges of each row, as many as it has units, of some that ascend; O(rows + edges)."""
    row, n_taken = 0, 0
    for edge in edges:
        while market.edge_start[(row + 1) * market.n_kinds] <= edge:
            row, n_taken = row + 1, 0
        unit = market.unit_start[row] + n_taken
        if unit < market.unit_start[row + 1]:
            preferred[unit] = edge
            n_taken += 1
