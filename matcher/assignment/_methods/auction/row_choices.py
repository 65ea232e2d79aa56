"""Every row takes what is best for it at the prices there are, whether there is room or not."""

from __future__ import annotations

import numpy as np

from matcher._compiled import kernel
from matcher.assignment._methods.auction.holdings import (
    Holdings,
    appraise,
    best_edge,
    clear,
    close_slot,
    give_up,
    take,
)
from matcher.assignment._methods.auction.market import Ints, Market


def choose_all(market: Market, holdings: Holdings, preferred: Ints) -> None:
    """Every row takes its best edges at the prices there are, which fall where a group has room to spare.

    Invariant: afterwards no row is better off with other edges, and the node of a group that is not full is
    no dearer than its column.
    """
    values = np.empty(market.most_edges, np.int64)
    is_cheaper = np.zeros(len(market.capacity), np.bool_)
    clear(market, holdings)
    choose_best(market, holdings, preferred, values, 0, len(market.bonus))
    while lower_group_prices(market, holdings, is_cheaper):
        _choose_anew(market, holdings, preferred, values, is_cheaper)


def keep_within_limits(market: Market, holdings: Holdings) -> None:
    """Give up what is too much, the least worth first, and fill what is left: for a search cut short."""
    for node in np.flatnonzero(holdings.load > market.capacity)[::-1].tolist():
        last = int(market.group_start[node + 1]) if node < len(market.group_start) - 1 else 0
        first = int(market.group_start[node]) if last else 0
        at = np.concatenate([_units_at(holdings, part) for part in (node, *range(first, last))])
        excess = int(holdings.load[node] - market.capacity[node])
        least_first = np.argsort(market.weight[holdings.unit_edge[at]], kind="stable")
        _give_up_all(market, holdings, at[least_first[:excess]])
    _fill(market, holdings, np.empty(market.most_edges, np.int64))


def _units_at(holdings: Holdings, node: int) -> Ints:
    units = []
    unit = int(holdings.head[node])
    while unit >= 0:
        units.append(unit)
        unit = int(holdings.after[unit])
    return np.array(units, np.int64)


@kernel
def _give_up_all(market: Market, holdings: Holdings, units: Ints) -> None:
    for u in range(len(units)):
        give_up(market, holdings, units[u])


@kernel
def _fill(market: Market, holdings: Holdings, values: Ints) -> None:
    """Rows with room take what has room, best first; whoever comes first is served first."""
    n_kinds, never = market.n_kinds, -4 * market.closed_price
    for row in range(len(market.bonus)):
        start = market.edge_start[row * n_kinds]
        for unit in range(market.unit_start[row], market.unit_start[row + 1]):
            if holdings.unit_edge[unit] < 0:
                appraise(market, holdings.unit_edge, holdings.price, row, values, never)
                for t in range(market.edge_start[(row + 1) * n_kinds] - start):
                    node = market.node[start + t]
                    column = market.column[node]
                    has_room = holdings.load[node] < market.capacity[node]
                    if column != node and holdings.load[column] >= market.capacity[column]:
                        has_room = False
                    if values[t] != never:
                        values[t] = market.weight[start + t] if has_room else never
                t = best_edge(market, holdings.kind_room, row, values, -1)
                if t < 0:
                    break
                take(market, holdings, unit, start + t)


@kernel
def choose_best(
    market: Market, holdings: Holdings, preferred: Ints, values: Ints, first_row: int, last_row: int
) -> None:
    """Rows that hold nothing take their best edges at the prices there are.

    Taking the best edge that the limits of the row still allow, again and again, is best for the row,
    because its limits are laminar: slots within kinds within the row. The bonus goes to the first.

    Invariant: afterwards no row is better off with other edges at these prices. Among equals it keeps what
    `preferred` has (an edge for each unit, or -1), then takes the edge further left.

    Complexity: O(units of the row + 1) passes over its edges.

    References
    ----------
    Edmonds, J. (1971). Matroids and the greedy algorithm. Mathematical Programming 1, 127-136.
    doi:10.1007/BF01584082
    """
    n_kinds, never = market.n_kinds, -4 * market.closed_price
    for row in range(first_row, last_row):
        start = market.edge_start[row * n_kinds]
        appraise(market, holdings.unit_edge, holdings.price, row, values, never)
        # Twice the value, and one more for what is preferred: a preference breaks ties and does no more.
        for t in range(market.edge_start[(row + 1) * n_kinds] - start):
            values[t] *= 2
        for unit in range(market.unit_start[row], market.unit_start[row + 1]):
            if preferred[unit] >= 0:
                values[preferred[unit] - start] += 1
        floor = -2 * market.bonus[row]
        for unit in range(market.unit_start[row], market.unit_start[row + 1]):
            t = best_edge(market, holdings.kind_room, row, values, floor)
            if t < 0:
                break
            take(market, holdings, unit, start + t)
            values[t] = never
            close_slot(market, row, start + t, values, never)
            floor = 0


@kernel
def _choose_anew(market: Market, holdings: Holdings, preferred: Ints, values: Ints, is_cheaper: Ints) -> None:
    """Rows with an edge to a node that has become cheaper choose again; O(edges)."""
    for row in range(len(market.bonus)):
        is_concerned = False
        for edge in range(
            market.edge_start[row * market.n_kinds], market.edge_start[(row + 1) * market.n_kinds]
        ):
            is_concerned |= is_cheaper[market.node[edge]]
        if is_concerned:
            for unit in range(market.unit_start[row], market.unit_start[row + 1]):
                if holdings.unit_edge[unit] >= 0:
                    give_up(market, holdings, unit)
            choose_best(market, holdings, preferred, values, row, row + 1)


@kernel
def lower_group_prices(market: Market, holdings: Holdings, is_cheaper: Ints) -> int:
    """Make nodes of groups that are dearer than their column without being full as cheap as the column.

    Says which in `is_cheaper`, and returns how many. Rows with an edge there have to choose again.
    """
    n_changed = 0
    is_cheaper[:] = False
    for node in range(len(market.group_start) - 1, len(market.capacity)):
        column = market.column[node]
        if holdings.load[node] < market.capacity[node] and holdings.price[node] > holdings.price[column]:
            holdings.price[node] = holdings.price[column]
            is_cheaper[node] = True
            n_changed += 1
    return n_changed
