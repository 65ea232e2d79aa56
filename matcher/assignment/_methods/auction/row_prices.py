"""Prices of the rows' own limits, from the prices of the places and what each row holds."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from scipy.sparse import csr_array

from matcher._compiled import kernel
from matcher.assignment._arrays.prices import Prices, charge_closed_limits
from matcher.assignment._methods.auction.holdings import Holdings, appraise, largest
from matcher.assignment._methods.auction.market import BuiltMarket, Ints, Market
from matcher.assignment.problem import AssignmentProblem


class RowPrices(NamedTuple):
    """What one more unit of each limit of the rows is worth, in whole numbers."""

    row: Ints  # (n,) int64
    kind: Ints  # (n K,) int64
    slot: Ints  # (U,) int64: of the hours at which each unit holds an edge
    bonus_share: Ints  # (n,) int64


def price_rows(market: Market, holdings: Holdings, rows: Ints | None = None) -> RowPrices:
    """The lowest prices of the rows' limits that fit the prices of the places; O(edges).

    Of some rows only, if they are given: the others, and places that nobody can have, stay as they are.
    """
    n_rows = len(market.bonus)
    prices = RowPrices(
        row=np.zeros(n_rows, np.int64),
        kind=np.zeros(n_rows * market.n_kinds, np.int64),
        slot=np.zeros(len(market.unit_row), np.int64),
        bonus_share=np.zeros(n_rows, np.int64),
    )
    scratch = np.empty(market.n_kinds, np.int64), np.empty(market.most_edges, np.int64)
    _price_rows(market, holdings, np.arange(n_rows) if rows is None else rows, prices, *scratch)
    if rows is None and (market.capacity == 0).any():
        _price_closed(market, holdings, prices)
    return prices


def prices_of(problem: AssignmentProblem, built: BuiltMarket, holdings: Holdings, rows: RowPrices) -> Prices:
    """All prices in units of score, in the shapes of the problem."""
    market, n, m = built.market, problem.n_rows, problem.n_columns

    def in_scores(whole: Ints) -> Ints:
        return np.ldexp(whole.astype(np.float64), -built.scale)

    kinds: Ints | None = None
    groups: Ints | None = None
    shares: Ints | None = None
    slots: Any = None
    if problem.kind_demand is not None:
        kinds = in_scores(rows.kind).reshape(n, market.n_kinds)[:, : problem.kind_demand.shape[1]].copy()
    if problem.group_capacity is not None:
        groups = np.zeros(problem.group_capacity.size)
        groups[built.group_position] = in_scores(holdings.price[m:] - holdings.price[market.column[m:]])
        groups = groups.reshape(problem.group_capacity.shape)
    if problem.row_bonus is not None:
        # Rounding must not lift a share above its bonus.
        shares = np.minimum(in_scores(rows.bonus_share), problem.row_bonus)
    if problem.slots is not None:
        units = np.flatnonzero(rows.slot)
        at = market.unit_row[units], market.slot[holdings.unit_edge[units]]
        n_slots = int(problem.slots.max(initial=-1)) + 1
        slots = csr_array((in_scores(rows.slot[units]), at), shape=(n, n_slots))
    prices = Prices(
        rows=in_scores(rows.row),
        columns=in_scores(holdings.price[:m]),
        kinds=kinds,
        groups=groups,
        bonus_shares=shares,
        slots=slots,
    )
    if not built.is_complete:
        charge_closed_limits(problem, prices, built.scale)
    return prices


@kernel
def _price_rows(
    market: Market, holdings: Holdings, rows: Ints, prices: RowPrices, outside: Ints, values: Ints
) -> None:
    """Limits that are exhausted cost what the best edge they keep out would bring.

    Invariant, if no row is better off with other edges: an edge that is held is worth its prices at least,
    one that is not at most; and a limit that is not exhausted costs nothing.
    """
    n_kinds = market.n_kinds
    never = -8 * market.closed_price
    for row in rows:
        first_unit, last_unit = market.unit_start[row], market.unit_start[row + 1]
        start = market.edge_start[row * n_kinds]
        n_held = appraise(market, holdings.unit_edge, holdings.price, row, values, never)
        level = 0 if n_held > 1 else -market.bonus[row]
        for k in range(n_kinds):
            at = row * n_kinds + k
            best = largest(values, market.edge_start[at] - start, market.edge_start[at + 1] - start, never)
            outside[k] = best
            if holdings.kind_room[at] > 0:
                level = max(level, best)
        if n_held == 0:
            # Nothing is worth its price even with the bonus: the whole bonus is a share nobody claims.
            level = max(level, -market.bonus[row])
        prices.row[row] = max(level, 0)
        prices.bonus_share[row] = prices.row[row] - level
        for k in range(n_kinds):
            if holdings.kind_room[row * n_kinds + k] <= 0:
                prices.kind[row * n_kinds + k] = max(0, outside[k] - level)
        if len(market.slot):
            for unit in range(first_unit, last_unit):
                held = holdings.unit_edge[unit]
                if held >= 0 and market.slot[held] >= 0:
                    at = row * n_kinds + market.kind[market.node[held]]
                    for edge in range(market.edge_start[at], market.edge_start[at + 1]):
                        if holdings.held[edge] == 0 and market.slot[edge] == market.slot[held]:
                            gain = market.weight[edge] - holdings.price[market.node[edge]]
                            prices.slot[unit] = max(prices.slot[unit], gain - level - prices.kind[at])


@kernel
def _price_closed(market: Market, holdings: Holdings, prices: RowPrices) -> None:
    """Nodes without places cost no more than the best that a first place would bring."""
    n_kinds = market.n_kinds
    for node in range(len(market.capacity)):
        column = market.column[node]
        if market.capacity[column] == 0:
            holdings.price[node] = 0
        elif market.capacity[node] == 0:
            holdings.price[node] = holdings.price[column]
    for row in range(len(market.bonus)):
        level = prices.row[row] - prices.bonus_share[row]
        for at in range(row * n_kinds, (row + 1) * n_kinds):
            for edge in range(market.edge_start[at], market.edge_start[at + 1]):
                node = market.node[edge]
                column = market.column[node]
                if market.capacity[column] == 0:
                    node = column
                if market.capacity[node] == 0:
                    gain = market.weight[edge] - level - prices.kind[at]
                    if len(market.slot) and market.slot[edge] >= 0:
                        for unit in range(market.unit_start[row], market.unit_start[row + 1]):
                            held = holdings.unit_edge[unit]
                            if held >= 0 and market.slot[held] == market.slot[edge]:
                                gain -= prices.slot[unit]
                    holdings.price[node] = max(holdings.price[node], gain)
    for node in range(len(market.capacity)):
        if market.capacity[market.column[node]] == 0:
            holdings.price[node] = holdings.price[market.column[node]]
