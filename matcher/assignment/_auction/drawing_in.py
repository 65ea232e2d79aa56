"""Units are drawn into columns that have room and yet a price, or the price falls to nothing."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from matcher._compiled import inlined, kernel
from matcher.assignment._auction.books import Books, give_up, holder_of_slot, take
from matcher.assignment._auction.market import Ints, Market
from matcher.assignment._auction.search import (
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

LOW_HALF = 2**32 - 1


class Entrances(NamedTuple):
    """Edges of a market by node: those there were at first sorted, later ones in linked lists."""

    start: Ints  # (N + 1,) int64
    edge_and_row: Ints  # (E,) int64: 2**32 times the edge, and its row
    later: Ints  # (N,) int64: the edge that came last, or -1
    earlier: Ints  # (E + later ones,) int64: the one that came before it, or -1; or empty
    later_row: Ints  # (E + later ones,) int32; or empty
    worst: Ints  # (n,) int64: what the unit of a row that gains least gains from what it holds, or less


def find_entrances(market: Market, books: Books, is_asked: Ints) -> Entrances:
    """The edges into the nodes asked for, and what rows gain from what they hold; O(edges + nodes)."""
    start = np.zeros(len(market.capacity) + 1, np.int64)
    np.cumsum(np.where(is_asked, market.degree, 0), out=start[1:])
    entrances = Entrances(
        start=start,
        edge_and_row=np.empty(start[-1], np.int64),
        later=np.full(len(market.capacity), -1, np.int64),
        earlier=np.zeros(0, np.int64),
        later_row=np.zeros(0, np.int32),
        worst=np.zeros(len(market.bonus), np.int64),
    )
    _sort_by_node(market, is_asked, start[:-1].copy(), entrances.edge_and_row)
    appraise_holdings(market, books, entrances.worst, 0, len(market.bonus))
    return entrances


@kernel
def _sort_by_node(market: Market, is_asked: Ints, place: Ints, edge_and_row: Ints) -> None:
    for i in range(len(market.bonus)):
        for e in range(market.edge_start[i * market.n_kinds], market.edge_start[(i + 1) * market.n_kinds]):
            node = market.node[e]
            if is_asked[node]:
                edge_and_row[place[node]] = (e << 32) + i
                place[node] += 1


@kernel
def appraise_holdings(market: Market, books: Books, worst: Ints, first_row: int, last_row: int) -> None:
    """Find what the unit of each row that gains least gains; a free one gains nothing. O(units).

    It only rises while prices fall: then what was found once stays a lower bound.
    """
    for row in range(first_row, last_row):
        least, n_held = FAR, 0
        for unit in range(market.unit_start[row], market.unit_start[row + 1]):
            edge = books.unit_edge[unit]
            if edge >= 0:
                n_held += 1
                least = min(least, market.weight[edge] - books.price[market.node[edge]])
            else:
                least = min(least, 0)
        worst[row] = least if n_held else -market.bonus[row]


@kernel
def draw_in(market: Market, books: Books, search: Search, entrances: Entrances, sources: Ints) -> None:
    """Draw units into columns that have room and yet a price, or let the price fall to nothing.

    As the price of such a column falls, somebody will leave another place for it, whose price falls in turn,
    until a unit that held nothing comes in, or some price is nothing: there a place may stay empty. This is
    the search of `make_room`, with all ways turned round.

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
        while books.load[source] < market.capacity[source] and books.price[source] > 0:
            begin(search, source, books.price[source])
            node = next_node(search)
            while node >= 0:
                _draw_through_groups(market, books, search, node)
                search.figures[2] += entrances.start[node + 1] - entrances.start[node]
                here = search.distance[node] + books.price[node]
                for at in range(entrances.start[node], entrances.start[node + 1]):
                    edge, row = entrances.edge_and_row[at] >> 32, entrances.edge_and_row[at] & LOW_HALF
                    nearest = search.now[NEAREST]
                    if here - market.weight[edge] + entrances.worst[row] < nearest and books.held[edge] == 0:
                        _call(market, books, search, node, edge, row)
                edge = entrances.later[node]
                while edge >= 0:
                    if books.held[edge] == 0:
                        _call(market, books, search, node, edge, entrances.later_row[edge])
                    edge = entrances.earlier[edge]
                queue_fresh(search)
                node = next_node(search)
            shift_prices(search, books.price, -1)
            _move(market, books, search, source)
            clean(market, search)


@inlined
def _draw_through_groups(market: Market, books: Books, search: Search, node: int) -> None:
    """A column may end one short where its price falls to nothing; it draws through groups with room.

    The node of a group that draws may draw on its column's other ways in instead.
    """
    here, column = search.distance[node], market.column[node]
    if node == column:
        if here + books.price[node] < search.now[NEAREST]:
            end_at(search, here + books.price[node], node, -1, -1)
        for group in range(market.group_start[node], market.group_start[node + 1]):
            if books.load[group] < market.capacity[group] and here < search.distance[group]:
                reach(search, group, here, -1, -1, node)
    else:
        distance = here + books.price[node] - books.price[column]
        if books.load[node] > 0 and distance < search.now[NEAREST] and distance < search.distance[column]:
            reach(search, column, distance, -1, -1, node)


@inlined
def _call(market: Market, books: Books, search: Search, node: int, edge: int, row: int) -> None:
    """What a row could give up for an edge to a node that gets cheaper: see `making_room._send_on`."""
    offer = search.distance[node] - market.weight[edge] + books.price[node]
    first, own = row * market.n_kinds, row * market.n_kinds + market.kind[node]
    first_unit, last_unit = market.unit_start[row], market.unit_start[row + 1]
    through_kind, through_row = True, books.kind_room[own] > 0
    is_single = last_unit - first_unit == 1
    blocking = holder_of_slot(market, books, row, edge)
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
            given = books.unit_edge[unit]
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
            distance = offer + market.weight[given] - books.price[to]
            if distance < search.now[NEAREST] and distance < search.distance[to]:
                reach(search, to, distance, unit, edge, -1)
        if through_row and free >= 0:
            distance = offer if n_held > 0 else offer - market.bonus[row]
            if distance < search.now[NEAREST]:
                end_at(search, distance, node, free, edge)


@inlined
def _move(market: Market, books: Books, search: Search, source: int) -> None:
    """Move the units of the shortest path, from its end to its source."""
    node = search.now[END]
    if search.now[END_UNIT] >= 0:
        take(market, books, search.now[END_UNIT], search.now[END_EDGE])
    while node != source:
        unit = search.by_unit[node]
        if unit < 0:
            node = search.by_node[node]
            continue
        edge = search.by_edge[node]
        give_up(market, books, unit)
        take(market, books, unit, edge)
        node = market.node[edge]
