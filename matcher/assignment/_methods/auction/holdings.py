"""Who holds what at which price, and how one unit takes or gives up an edge. Not who should."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from matcher._compiled import inlined
from matcher.assignment._methods.auction.market import Ints, Market


class Holdings(NamedTuple):
    """The changing side of a market.

    A unit of a row holds one edge or none. The units at a node are a linked list. A unit counts at the node
    of its edge; at a group's node that is no fuller than it may be, it counts in the column as well: what is
    too much for the group never gets as far as the column.
    """

    unit_edge: Ints  # (U,) int64, -1 holds none
    held: Ints  # (E,) uint8
    kind_room: Ints  # (n K,) int32: how many more each row may hold of each kind
    head: Ints  # (N,) int32: a unit at each node, -1 is none
    after: Ints  # (U,) int32
    before: Ints  # (U,) int32
    load: Ints  # (N,) int64: how many units count at each node
    price: Ints  # (N,) int64: of a group's node together with its column's


def empty_holdings(market: Market) -> Holdings:
    """Nobody holds anything, and nothing costs anything but places that there are not."""
    n_units, n_nodes = len(market.unit_row), len(market.capacity)
    holdings = Holdings(
        unit_edge=np.full(n_units, -1, np.int64),
        held=np.zeros(len(market.node), np.uint8),
        kind_room=market.kind_limit.copy(),
        head=np.full(n_nodes, -1, np.int32),
        after=np.full(n_units, -1, np.int32),
        before=np.full(n_units, -1, np.int32),
        load=np.zeros(n_nodes, np.int64),
        price=np.zeros(n_nodes, np.int64),
    )
    holdings.price[is_closed(market)] = market.closed_price
    return holdings


def clear(market: Market, holdings: Holdings) -> None:
    """Nobody holds anything any more; prices stay."""
    holdings.unit_edge[:] = -1
    holdings.held[:] = 0
    holdings.kind_room[:] = market.kind_limit
    holdings.head[:] = -1
    holdings.load[:] = 0


def is_closed(market: Market) -> Ints:
    """Which nodes nobody can be in."""
    return (market.capacity == 0) | (market.capacity[market.column] == 0)


@inlined
def take(market: Market, holdings: Holdings, unit: int, edge: int) -> None:
    """A free unit takes an edge; O(1)."""
    node = market.node[edge]
    holdings.unit_edge[unit] = edge
    holdings.held[edge] = 1
    holdings.kind_room[market.unit_row[unit] * market.n_kinds + market.kind[node]] -= 1
    first = holdings.head[node]
    holdings.after[unit] = first
    holdings.before[unit] = -1
    if first >= 0:
        holdings.before[first] = unit
    holdings.head[node] = unit
    holdings.load[node] += 1
    column = market.column[node]
    if column != node and holdings.load[node] <= market.capacity[node]:
        holdings.load[column] += 1


@inlined
def give_up(market: Market, holdings: Holdings, unit: int) -> None:
    """A unit gives up the edge it holds; O(1)."""
    edge = holdings.unit_edge[unit]
    node = market.node[edge]
    holdings.unit_edge[unit] = -1
    holdings.held[edge] = 0
    holdings.kind_room[market.unit_row[unit] * market.n_kinds + market.kind[node]] += 1
    before, after = holdings.before[unit], holdings.after[unit]
    if before >= 0:
        holdings.after[before] = after
    else:
        holdings.head[node] = after
    if after >= 0:
        holdings.before[after] = before
    column = market.column[node]
    if column != node and holdings.load[node] <= market.capacity[node]:
        holdings.load[column] -= 1
    holdings.load[node] -= 1


@inlined
def appraise(market: Market, unit_edge: Ints, price: Ints, row: int, values: Ints, never: int) -> int:
    """What every edge of a row is worth to it at these prices; `never` for those it holds or may not add.

    Returns how many units of the row hold one. O(edges of the row).
    """
    start = market.edge_start[row * market.n_kinds]
    for t in range(market.edge_start[(row + 1) * market.n_kinds] - start):
        values[t] = market.weight[start + t] - price[market.node[start + t]]
    n_held = 0
    for unit in range(market.unit_start[row], market.unit_start[row + 1]):
        edge = unit_edge[unit]
        if edge >= 0:
            n_held += 1
            values[edge - start] = never
            close_slot(market, row, edge, values, never)
    return n_held


@inlined
def close_slot(market: Market, row: int, edge: int, values: Ints, never: int) -> None:
    """`never` for the edges of a row at the same hours as this one."""
    if len(market.slot) and market.slot[edge] >= 0:
        start = market.edge_start[row * market.n_kinds]
        for t in range(market.edge_start[(row + 1) * market.n_kinds] - start):
            if market.slot[start + t] == market.slot[edge]:
                values[t] = never


@inlined
def largest(values: Ints, first: int, last: int, floor: int) -> int:
    """The largest of ``values[first:last]`` and `floor`; nothing but a maximum, so that it runs in lanes."""
    best = values.dtype.type(floor)
    for t in range(first, last):
        best = max(best, values[t])
    return best


@inlined
def best_edge(market: Market, kind_room: Ints, row: int, values: Ints, floor: int) -> int:
    """Where in `values` the best edge of a kind with room stands, the first of equals; -1 if none exceeds
    `floor`. O(edges of the row).
    """
    n_kinds, first = market.n_kinds, market.edge_start[row * market.n_kinds]
    best, found = floor, -1
    for at in range(row * n_kinds, (row + 1) * n_kinds):
        if kind_room[at] > 0:
            low, high = market.edge_start[at] - first, market.edge_start[at + 1] - first
            top = largest(values, low, high, best)
            if top > best:
                best, found = top, low
    if found >= 0:
        while values[found] != best:
            found += 1
    return found


@inlined
def same_slot(market: Market, one: int, other: int) -> bool:
    """Whether two edges are at the same hours."""
    return market.slot[one] >= 0 and market.slot[one] == market.slot[other]


@inlined
def holder_of_slot(market: Market, holdings: Holdings, row: int, edge: int) -> int:
    """The unit of a row that holds an edge at the same hours, or -1."""
    holder = -1
    if len(market.slot) and market.slot[edge] >= 0:
        for unit in range(market.unit_start[row], market.unit_start[row + 1]):
            held = holdings.unit_edge[unit]
            if held >= 0 and market.slot[held] == market.slot[edge]:
                holder = unit
    return holder
