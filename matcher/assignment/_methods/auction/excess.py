"""Excess, the units at a node beyond its places, leaves it one unit at a time, the way that costs least."""

from __future__ import annotations

from matcher._compiled import inlined, kernel
from matcher.assignment._methods.auction.dijkstra import (
    END,
    END_UNIT,
    FAR,
    N_TOUCHED,
    NEAREST,
    Search,
    begin,
    clean,
    end_at,
    label,
    label_row,
    next_node,
    queue_fresh,
    reach,
    shift_prices,
)
from matcher.assignment._methods.auction.holdings import Holdings, give_up, holder_of_slot, same_slot, take
from matcher.assignment._methods.auction.market import Ints, Market


@kernel
def route_excess(market: Market, holdings: Holdings, search: Search, sources: Ints) -> None:
    """Send units away from nodes that hold too many, each the way that costs least.

    From a full node any of its holders may be sent on: to another edge of its row, or to nothing, as the
    limits of the row allow. The search (Dijkstra's, over the nodes; rows are passed through) ends at a node
    with room or with a row that makes do with less. The prices of all nodes nearer than the end rise by the
    difference.

    Invariant: no row is better off with other edges at the prices, before and after each path; only nodes in
    `sources` hold too many; the node of a group that is not full is as dear as its column.

    Complexity: a path reads the edges of the rows at the nodes it visits, plus O(nodes visited log) for the
    heap; one path a unit too many.

    References
    ----------
    Edmonds, J., Karp, R. M. (1972). Theoretical improvements in algorithmic efficiency for network flow
    problems. Journal of the ACM 19, 248-264. doi:10.1145/321694.321699
    Jonker, R., Volgenant, A. (1987). A shortest augmenting path algorithm for dense and sparse linear
    assignment problems. Computing 38, 325-340. doi:10.1007/BF02278710
    """
    for s in range(len(sources)):
        source = sources[s]
        while holdings.load[source] > market.capacity[source]:
            begin(search, source, FAR)
            node = next_node(search)
            while node >= 0:
                _go_through_groups(market, holdings, search, node)
                unit = holdings.head[node]
                while unit >= 0:
                    _send_on(market, holdings, search, node, unit)
                    unit = holdings.after[unit]
                queue_fresh(search)
                node = next_node(search)
            shift_prices(search, holdings.price, 1)
            _raise_groups(market, holdings, search)
            _move(market, holdings, search, source)
            clean(market, search)


@inlined
def _go_through_groups(market: Market, holdings: Holdings, search: Search, node: int) -> None:
    """Whoever is in a column through the node of a group may leave it as well."""
    if node == market.column[node]:
        for group in range(market.group_start[node], market.group_start[node + 1]):
            distance = search.distance[node] + holdings.price[group] - holdings.price[node]
            if (
                holdings.load[group] > 0
                and distance < search.now[NEAREST]
                and distance < search.distance[group]
            ):
                reach(search, group, distance, -1, -1, node)


@inlined
def _send_on(market: Market, holdings: Holdings, search: Search, node: int, unit: int) -> None:
    """What a unit at a node could hold instead.

    Within its kind, or where another kind has room; at its own hours, or at free ones. A row with several
    units is entered only where the way there is shorter than any before, and so are its kinds: so a path
    passes each limit of a row once.
    """
    given, row = holdings.unit_edge[unit], market.unit_row[unit]
    offer = search.distance[node] + market.weight[given] - holdings.price[node]
    first, last = row * market.n_kinds, (row + 1) * market.n_kinds
    own = first + market.kind[node]
    through_kind, through_row, is_last = True, True, True
    if market.unit_start[row + 1] - market.unit_start[row] > 1:
        through_row = offer < search.row_label[row]
        through_kind = offer < search.kind_label[own]
        if search.row_label[row] == FAR:
            label_row(search, row)
        if through_kind:
            search.kind_label[own] = offer
        if through_row:
            search.row_label[row] = offer
            for at in range(first, last):
                if holdings.kind_room[at] > 0:
                    search.kind_label[at] = min(search.kind_label[at], offer)
        for other in range(market.unit_start[row], market.unit_start[row + 1]):
            if other != unit and holdings.unit_edge[other] >= 0:
                is_last = False
    if through_row:
        distance = offer + market.bonus[row] if is_last else offer
        if distance < search.now[NEAREST]:
            end_at(search, distance, node, unit, -1)
    has_slot = len(market.slot) > 0 and market.slot[given] >= 0
    for at in range(first, last):
        if (at == own and (through_kind or has_slot)) or (
            at != own and through_row and holdings.kind_room[at] > 0
        ):
            _try_edges(market, holdings, search, row, at, unit, offer, through_kind or at != own)


@inlined
def _try_edges(
    market: Market,
    holdings: Holdings,
    search: Search,
    row: int,
    at: int,
    unit: int,
    offer: int,
    at_any_hours: bool,
) -> None:
    """Reach the nodes of the edges of one row and kind from a unit of the row; O(edges)."""
    first, last = market.edge_start[at], market.edge_start[at + 1]
    nearest = search.now[NEAREST]
    search.figures[2] += last - first
    for edge in range(first, last):
        node = market.node[edge]
        distance = offer - market.weight[edge] + holdings.price[node]
        if distance < nearest and distance < search.distance[node] and holdings.held[edge] == 0:
            if (
                len(market.slot)
                and not same_slot(market, edge, holdings.unit_edge[unit])
                and (not at_any_hours or holder_of_slot(market, holdings, row, edge) >= 0)
            ):
                continue
            column = market.column[node]
            if holdings.load[node] < market.capacity[node]:
                if column == node or holdings.load[column] < market.capacity[column]:
                    nearest = distance
                    label(search, node, distance, unit, edge, -1)
                    end_at(search, distance, node, -1, -1)
                    continue
                if distance < search.distance[column]:
                    reach(search, column, distance, -1, -1, node)
            reach(search, node, distance, unit, edge, -1)


@inlined
def _raise_groups(market: Market, holdings: Holdings, search: Search) -> None:
    """Nodes of groups that nobody is in are never cheaper than their column."""
    if len(market.group_start) <= len(market.capacity):
        for t in range(search.now[N_TOUCHED]):
            column = search.touched[t]
            if column == market.column[column]:
                for group in range(market.group_start[column], market.group_start[column + 1]):
                    holdings.price[group] = max(holdings.price[group], holdings.price[column])


@inlined
def _move(market: Market, holdings: Holdings, search: Search, source: int) -> None:
    """Move the units of the shortest path, from its end to its source."""
    node = search.now[END]
    if search.now[END_UNIT] >= 0:
        give_up(market, holdings, search.now[END_UNIT])
    while node != source:
        unit = search.by_unit[node]
        if unit < 0:
            node = search.by_node[node]
            continue
        edge = search.by_edge[node]
        node = market.node[holdings.unit_edge[unit]]
        give_up(market, holdings, unit)
        take(market, holdings, unit, edge)
