"""Vacancies, places that are empty and yet have a price, are filled, or the price falls to nothing."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from matcher._compiled import inlined, kernel
from matcher.assignment._methods.auction.dijkstra import (
    END,
    END_EDGE,
    END_UNIT,
    FAR,
    NEAREST,
    Search,
    begin,
    clean,
    end_at,
    label_row,
    next_node,
    queue_fresh,
    reach,
    shift_prices,
)
from matcher.assignment._methods.auction.holdings import Holdings, give_up, holder_of_slot, take
from matcher.assignment._methods.auction.market import Ints, Market

LOW_HALF = 2**32 - 1


class IncomingEdges(NamedTuple):
    """Edges of a market by node: those there were at first sorted, later ones in linked lists."""

    start: Ints  # (N + 1,) int64
    edge_and_row: Ints  # (E,) int64: 2**32 times the edge, and its row
    later: Ints  # (N,) int64: the edge that came last, or -1
    earlier: Ints  # (E + later ones,) int64: the one that came before it, or -1; or empty
    later_row: Ints  # (E + later ones,) int32; or empty
    worst: Ints  # (n,) int64: what the unit of a row that gains least gains from what it holds, or less


def find_incoming_edges(market: Market, holdings: Holdings, is_asked: Ints) -> IncomingEdges:
    """The edges into the nodes asked for, and what rows gain from what they hold; O(edges + nodes)."""
    start = np.zeros(len(market.capacity) + 1, np.int64)
    np.cumsum(np.where(is_asked, market.degree, 0), out=start[1:])
    incoming = IncomingEdges(
        start=start,
        edge_and_row=np.empty(start[-1], np.int64),
        later=np.full(len(market.capacity), -1, np.int64),
        earlier=np.zeros(0, np.int64),
        later_row=np.zeros(0, np.int32),
        worst=np.zeros(len(market.bonus), np.int64),
    )
    _sort_by_node(market, is_asked, start[:-1].copy(), incoming.edge_and_row)
    appraise_holdings(market, holdings, incoming.worst, 0, len(market.bonus))
    return incoming


@kernel
def _sort_by_node(market: Market, is_asked: Ints, place: Ints, edge_and_row: Ints) -> None:
    for i in range(len(market.bonus)):
        for e in range(market.edge_start[i * market.n_kinds], market.edge_start[(i + 1) * market.n_kinds]):
            node = market.node[e]
            if is_asked[node]:
                edge_and_row[place[node]] = (e << 32) + i
                place[node] += 1


@kernel
def appraise_holdings(market: Market, holdings: Holdings, worst: Ints, first_row: int, last_row: int) -> None:
    """Find what the unit of each row that gains least gains; a free one gains nothing. O(units).

    It only rises while prices fall: then what was found once stays a lower bound.
    """
    for row in range(first_row, last_row):
        least, n_held = FAR, 0
        for unit in range(market.unit_start[row], market.unit_start[row + 1]):
            edge = holdings.unit_edge[unit]
            if edge >= 0:
                n_held += 1
                least = min(least, market.weight[edge] - holdings.price[market.node[edge]])
            else:
                least = min(least, 0)
        worst[row] = least if n_held else -market.bonus[row]


@kernel
def fill_vacancies(
    market: Market, holdings: Holdings, search: Search, incoming: IncomingEdges, sources: Ints
) -> None:
    """Fill columns that have room and yet a price, or let the price fall to nothing.

    At an optimum whatever has room is free: complementary slackness.

    As the price of such a column falls, somebody will leave another place for it, whose price falls in turn,
    until a unit that held nothing comes in, or some price is nothing: there a place may stay empty. This is
    the search of `route_excess`, with all ways turned round.

    Invariant: no row is better off with other edges at the prices, before and after each path; no node holds
    too many; the node of a group that is not full is as dear as its column.

    Complexity: a path reads the edges into the nodes it visits, and the units of their rows; one path a place
    that is empty and has a price.

    References
    ----------
    Bertsekas, D. P., Castanon, D. A. (1992). A forward/reverse auction algorithm for asymmetric assignment
    problems. Computational Optimization and Applications 1, 277-297. doi:10.1007/BF00249638 (for the need to
    let prices fall)
    """
    for s in range(len(sources)):
        source = sources[s]
        while holdings.load[source] < market.capacity[source] and holdings.price[source] > 0:
            begin(search, source, holdings.price[source])
            node = next_node(search)
            while node >= 0:
                _pull_through_groups(market, holdings, search, node)
                search.figures[2] += incoming.start[node + 1] - incoming.start[node]
                here = search.distance[node] + holdings.price[node]
                for at in range(incoming.start[node], incoming.start[node + 1]):
                    edge, row = incoming.edge_and_row[at] >> 32, incoming.edge_and_row[at] & LOW_HALF
                    nearest = search.now[NEAREST]
                    if (
                        here - market.weight[edge] + incoming.worst[row] < nearest
                        and holdings.held[edge] == 0
                    ):
                        _ask_row(market, holdings, search, node, edge, row)
                edge = incoming.later[node]
                while edge >= 0:
                    if holdings.held[edge] == 0:
                        _ask_row(market, holdings, search, node, edge, incoming.later_row[edge])
                    edge = incoming.earlier[edge]
                queue_fresh(search)
                node = next_node(search)
            shift_prices(search, holdings.price, -1)
            _move(market, holdings, search, source)
            clean(market, search)


@inlined
def _pull_through_groups(market: Market, holdings: Holdings, search: Search, node: int) -> None:
    """A column may end one short where its price falls to nothing; it pulls through groups with room.

    The node of a group that pulls may use its column's other ways in instead.
    """
    here, column = search.distance[node], market.column[node]
    if node == column:
        if here + holdings.price[node] < search.now[NEAREST]:
            end_at(search, here + holdings.price[node], node, -1, -1)
        for group in range(market.group_start[node], market.group_start[node + 1]):
            if holdings.load[group] < market.capacity[group] and here < search.distance[group]:
                reach(search, group, here, -1, -1, node)
    else:
        distance = here + holdings.price[node] - holdings.price[column]
        if holdings.load[node] > 0 and distance < search.now[NEAREST] and distance < search.distance[column]:
            reach(search, column, distance, -1, -1, node)


@inlined
def _ask_row(market: Market, holdings: Holdings, search: Search, node: int, edge: int, row: int) -> None:
    """What a row could give up for an edge to a node that gets cheaper: see `excess._send_on`."""
    offer = search.distance[node] - market.weight[edge] + holdings.price[node]
    first, own = row * market.n_kinds, row * market.n_kinds + market.kind[node]
    first_unit, last_unit = market.unit_start[row], market.unit_start[row + 1]
    through_kind, through_row = True, holdings.kind_room[own] > 0
    is_single = last_unit - first_unit == 1
    blocking = holder_of_slot(market, holdings, row, edge)
    if blocking >= 0:  # whoever is at the same hours makes way; no other limit is met
        first_unit, last_unit, through_row = blocking, blocking + 1, True
    elif not is_single:
        through_kind = offer < search.kind_label[own]
        through_row = through_row and offer < search.row_label[row]
        if (through_kind or through_row) and search.row_label[row] == FAR and search.kind_label[own] == FAR:
            label_row(search, row)
        if through_kind:
            search.kind_label[own] = offer
        if through_row:
            search.row_label[row] = offer
    if through_kind or through_row:
        n_held, free = 0, -1
        for unit in range(first_unit, last_unit):
            given = holdings.unit_edge[unit]
            if given < 0:
                free = unit
                continue
            n_held += 1
            to = market.node[given]
            if not through_row and market.kind[to] != market.kind[node]:
                continue
            if through_row and blocking < 0 and not is_single:
                leaving = first + market.kind[to]
                search.kind_label[leaving] = min(search.kind_label[leaving], offer)
            distance = offer + market.weight[given] - holdings.price[to]
            if distance < search.now[NEAREST] and distance < search.distance[to]:
                reach(search, to, distance, unit, edge, -1)
        if through_row and free >= 0:
            distance = offer if n_held > 0 else offer - market.bonus[row]
            if distance < search.now[NEAREST]:
                end_at(search, distance, node, free, edge)


@inlined
def _move(market: Market, holdings: Holdings, search: Search, source: int) -> None:
    """Move the units of the shortest path, from its end to its source."""
    node = search.now[END]
    if search.now[END_UNIT] >= 0:
        take(market, holdings, search.now[END_UNIT], search.now[END_EDGE])
    while node != source:
        unit = search.by_unit[node]
        if unit < 0:
            node = search.by_node[node]
            continue
        edge = search.by_edge[node]
        give_up(market, holdings, unit)
        take(market, holdings, unit, edge)
        node = market.node[edge]
