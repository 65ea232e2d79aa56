"""Rows bid for places until prices are nearly right. What comes out is prices, not yet a choice."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from matcher._compiled import inlined, kernel
from matcher.assignment._clock import Clock
from matcher.assignment._methods.auction.holdings import Holdings, appraise, close_slot, is_closed, largest
from matcher.assignment._methods.auction.market import Ints, Market

# The least raise of a bid in each phase, as a share of the largest score; and by how many raises of the last
# phase the prices fall before the next, so that few places stay dearer than anybody would pay. Chosen by
# measuring: see benchmarks/.
LADDER = (1 / 20, 1 / 500, 1 / 10_000)
FALL = 3
ROWS_AT_ONCE = 20_000


class Auction(NamedTuple):
    """What an auction needs while it lasts. The heaps of accepted bids of all nodes lie end to end."""

    room: Ints  # (N,) int64: places of each node; one more than anybody can fill where it cannot become full
    heap_start: Ints  # (N + 1,) int64
    bids: Ints  # as the weights
    units: Ints  # int32: whose bid it is
    filled: Ints  # (N,) int64: accepted bids
    price: Ints  # (N,) as the weights
    unit_edge: Ints  # (U,) int64: the edge each unit has won, or -1
    kind_room: Ints  # (n K,) int32
    # Scratch: the edges of one row, and rows that have been sent away.
    values: Ints
    chosen: Ints
    worth: Ints
    best_of: Ints  # of each kind
    waiting: Ints


def find_prices(market: Market, holdings: Holdings, clock: Clock) -> Ints:
    """Set prices at which almost everybody could have what they want.

    Returns
    -------
    ndarray of int64, shape (U,)
        The edge that each unit won in the last phase, or -1.
    """
    auction = begin_auction(market)
    bid = _kernel_for(market)
    top, fall, n_rows = int(market.weight.max(initial=0)), 0, len(market.bonus)
    for share in LADDER:
        step = max(1, int(top * share))
        begin_phase(market, auction, fall)
        for first in range(0, n_rows, ROWS_AT_ONCE):
            if clock.is_over:
                break
            bid(market, auction, step, first, min(n_rows, first + ROWS_AT_ONCE))
        fall = FALL * step
    holdings.price[:] = auction.price
    return auction.unit_edge


def begin_phase(market: Market, auction: Auction, fall: int) -> None:
    """All bids are dropped, and prices fall, but for places that there are not."""
    np.maximum(auction.price - fall, 0, out=auction.price)
    auction.price[is_closed(market)] = market.closed_price
    auction.filled[:] = 0
    auction.unit_edge[:] = -1
    auction.kind_room[:] = market.kind_limit


def _kernel_for(market: Market) -> Callable[[Market, Auction, int, int, int], int]:
    """The simplest way of bidding that the rows' limits allow."""
    if market.n_kinds > 1 or len(market.slot):
        return bid_for_kinds
    return bid_singly if np.diff(market.unit_start).max(initial=0) <= 1 else bid_plainly


def begin_auction(market: Market) -> Auction:
    n_nodes, n_columns = len(market.capacity), len(market.group_start) - 1
    short = market.weight.dtype
    most = market.degree.copy()  # that can be in a column, the nodes of its groups included
    np.add.at(most, market.column[n_columns:], market.degree[n_columns:])
    room = np.where(market.capacity <= most, market.capacity, most + 1)
    heap_start = np.zeros(n_nodes + 1, np.int64)
    np.cumsum(np.minimum(room, market.degree), out=heap_start[1:])
    return Auction(
        room=room.astype(np.int64),
        heap_start=heap_start,
        bids=np.empty(heap_start[-1], short),
        units=np.empty(heap_start[-1], np.int32),
        filled=np.zeros(n_nodes, np.int64),
        price=np.zeros(n_nodes, short),
        unit_edge=np.full(len(market.unit_row), -1, np.int64),
        kind_room=market.kind_limit.copy(),
        values=np.empty(market.most_edges, short),
        chosen=np.empty(market.most_edges, np.int64),
        worth=np.empty(market.most_edges, np.int64),
        best_of=np.empty(market.n_kinds, np.int64),
        waiting=np.empty(len(market.unit_row) + 1, np.int32),
    )


@inlined
def _sift_down(bids: Ints, units: Ints, start: int, size: int, bid: int, unit: int) -> None:
    """Put a bid in the place of the lowest of a heap."""
    at = 0
    while True:
        child = 2 * at + 1
        if child >= size:
            break
        if child + 1 < size and bids[start + child + 1] < bids[start + child]:
            child += 1
        if bids[start + child] >= bid:
            break
        bids[start + at] = bids[start + child]
        units[start + at] = units[start + child]
        at = child
    bids[start + at] = bid
    units[start + at] = unit


@inlined
def _sift_up(bids: Ints, units: Ints, start: int, size: int, bid: int, unit: int) -> None:
    """Add a bid to a heap of this size."""
    at = size
    while at > 0:
        above = (at - 1) >> 1
        if bids[start + above] <= bid:
            break
        bids[start + at] = bids[start + above]
        units[start + at] = units[start + above]
        at = above
    bids[start + at] = bid
    units[start + at] = unit


@inlined
def _accept(market: Market, auction: Auction, node: int, bid: int, unit: int) -> int:
    """A node takes a bid, and gives up its lowest where it is full; returns the unit sent away, or -1.

    Keeps: the price of a full node is its lowest accepted bid, and no price falls. O(log places), and for a
    column with limits of groups O(groups).
    """
    room, heap_start, bids, units = auction.room, auction.heap_start, auction.bids, auction.units
    filled, price = auction.filled, auction.price
    start, size = heap_start[node], filled[node]
    if len(market.group_start) > len(market.capacity):  # no limits of groups: a column is all there is
        if size < room[node]:
            _sift_up(bids, units, start, size, bid, unit)
            filled[node] = size + 1
            if size + 1 == room[node]:
                price[node] = max(price[node], bids[start])
            return -1
        gone = units[start]
        _sift_down(bids, units, start, size, bid, unit)
        price[node] = bids[start]
        return gone
    column = market.column[node]
    first, last = market.group_start[column], market.group_start[column + 1]
    in_column = filled[column]
    for other in range(first, last):
        in_column += filled[other]
    gone = -1
    if size == room[node]:
        gone = units[start]
        _sift_down(bids, units, start, size, bid, unit)
    else:
        if in_column == room[column]:
            lowest = node if size > 0 else -1
            for t in range(first - 1, last):
                other = column if t < first else t
                if filled[other] > 0 and (lowest < 0 or bids[heap_start[other]] < bids[heap_start[lowest]]):
                    lowest = other
            at = heap_start[lowest]
            gone = units[at]
            filled[lowest] -= 1
            _sift_down(bids, units, at, filled[lowest], bids[at + filled[lowest]], units[at + filled[lowest]])
            in_column -= 1
        _sift_up(bids, units, start, filled[node], bid, unit)
        filled[node] += 1
        in_column += 1
    if in_column == room[column]:
        lowest_bid = bid
        for t in range(first - 1, last):
            other = column if t < first else t
            if filled[other] > 0:
                lowest_bid = min(lowest_bid, bids[heap_start[other]])
        price[column] = max(price[column], lowest_bid)
    for other in range(first, last):
        if filled[other] == room[other] and filled[other] > 0:
            price[other] = max(price[other], bids[heap_start[other]])
        price[other] = max(price[other], price[column])
    return gone


@kernel
def bid_singly(market: Market, auction: Auction, step: int, first_row: int, last_row: int) -> int:
    """`bid_for_kinds` where every row has one unit at most, of one kind, and there are no slots."""
    never, values, price, unit_edge = -market.closed_price, auction.values, auction.price, auction.unit_edge
    n_read = 0
    for next_row in range(first_row, last_row):
        row = next_row if market.unit_start[next_row] < market.unit_start[next_row + 1] else -1
        while row >= 0:  # whoever is sent away bids next, near by
            start = market.edge_start[row]
            degree = market.edge_start[row + 1] - start
            n_read += degree
            outside = values.dtype.type(-market.bonus[row])
            best = outside
            for t in range(degree):
                value = values.dtype.type(market.weight[start + t] - price[market.node[start + t]])
                values[t] = value
                best = max(best, value)
            if best <= outside:
                break
            at = 0
            while values[at] != best:
                at += 1
            values[at] = never
            rival = largest(values, 0, degree, outside)
            unit, node = market.unit_start[row], market.node[start + at]
            unit_edge[unit] = start + at
            gone = _accept(market, auction, node, price[node] + (best - rival) + step, unit)
            if gone < 0:
                break
            unit_edge[gone] = -1
            row = market.unit_row[gone]
    return n_read


@kernel
def bid_plainly(market: Market, auction: Auction, step: int, first_row: int, last_row: int) -> int:
    """`bid_for_kinds` where there is one kind and there are no slots."""
    never, values, price, unit_edge = -market.closed_price, auction.values, auction.price, auction.unit_edge
    chosen, worth, waiting = auction.chosen, auction.worth, auction.waiting
    n_read = 0
    for next_row in range(first_row, last_row):
        waiting[0] = next_row
        n_waiting = 1
        while n_waiting > 0:  # depth first: whoever is sent away bids next, near by
            n_waiting -= 1
            row = waiting[n_waiting]
            start = market.edge_start[row]
            degree = market.edge_start[row + 1] - start
            n_read += degree
            best = values.dtype.type(never)
            for t in range(degree):
                value = values.dtype.type(market.weight[start + t] - price[market.node[start + t]])
                values[t] = value
                best = max(best, value)
            unit, last_unit = market.unit_start[row], market.unit_start[row + 1]
            n_free = last_unit - unit
            if n_free > 1:
                for other in range(unit, last_unit):
                    if unit_edge[other] >= 0:
                        values[unit_edge[other] - start] = never
                        n_free -= 1
                best = largest(values, 0, degree, never)
            elif n_free == 0 or unit_edge[unit] >= 0:
                continue
            outside = values.dtype.type(0 if n_free < last_unit - unit else -market.bonus[row])
            n_chosen = 0
            while n_chosen < n_free and best > outside:
                at = 0
                while values[at] != best:
                    at += 1
                values[at] = never
                chosen[n_chosen] = start + at
                worth[n_chosen] = best
                n_chosen += 1
                outside = values.dtype.type(0)
                if n_chosen < n_free:
                    best = largest(values, 0, degree, never)
            if n_chosen == 0:
                continue
            if last_unit - unit - n_free + n_chosen == 1:
                outside = values.dtype.type(-market.bonus[row])
            rival = largest(values, 0, degree, outside)
            for c in range(n_chosen):
                node = market.node[chosen[c]]
                bid = price[node] + (worth[c] - rival) + step
                while unit_edge[unit] >= 0:
                    unit += 1
                unit_edge[unit] = chosen[c]
                gone = _accept(market, auction, node, bid, unit)
                if gone >= 0:
                    unit_edge[gone] = -1
                    waiting[n_waiting] = market.unit_row[gone]
                    n_waiting += 1
    return n_read


@kernel
def bid_for_kinds(market: Market, auction: Auction, step: int, first_row: int, last_row: int) -> int:
    """Rows bid until each holds what it wants at these prices, or wants nothing more.

    A row values its edges at the prices, takes the best as far as its limits allow, and bids for each what
    leaves it no better off than the best it does not take, and `step` more. A full node keeps its highest
    bids; whoever is sent away bids again.

    Invariant: at the end no row gains more than `step` a unit by holding others, but for limits of kinds and
    slots, where the invariant is only nearly kept: what follows mends it. Prices do not fall.

    Complexity: at most (largest value / step) bids a node and place; each bid reads the edges of one row.

    Parameters
    ----------
    market : Market
    auction : Auction
        Changed.
    step : int
        Least raise of a bid.
    first_row, last_row : int
        Rows whose turn it is; others bid again where these send them away.

    Returns
    -------
    int
        How many edges were read.

    References
    ----------
    Bertsekas, D. P., Castanon, D. A. (1989). The auction algorithm for the transportation problem. Annals of
    Operations Research 20, 67-96. doi:10.1007/BF02216923 (section 4: similar objects)
    """
    n_kinds, never = market.n_kinds, -market.closed_price
    values, chosen, worth, waiting = auction.values, auction.chosen, auction.worth, auction.waiting
    best_of = auction.best_of
    price, unit_edge, kind_room = auction.price, auction.unit_edge, auction.kind_room
    n_read = 0
    for next_row in range(first_row, last_row):
        waiting[0] = next_row
        n_waiting = 1
        while n_waiting > 0:  # depth first: whoever is sent away bids next, near by
            n_waiting -= 1
            row = waiting[n_waiting]
            start = market.edge_start[row * n_kinds]
            degree = market.edge_start[(row + 1) * n_kinds] - start
            n_held = appraise(market, unit_edge, price, row, values, never)
            n_read += degree
            n_free = market.unit_start[row + 1] - market.unit_start[row] - n_held
            if n_free == 0:
                continue
            first = row * n_kinds
            for k in range(n_kinds):
                low, high = market.edge_start[first + k] - start, market.edge_start[first + k + 1] - start
                best_of[k] = largest(values, low, high, never)
            n_chosen = 0
            outside = -market.bonus[row] if n_held == 0 else 0
            while n_chosen < n_free:
                best, of = outside, -1
                for k in range(n_kinds):
                    if kind_room[first + k] > 0 and best_of[k] > best:
                        best, of = best_of[k], k
                if of < 0:
                    break
                low, high = market.edge_start[first + of] - start, market.edge_start[first + of + 1] - start
                t = low
                while values[t] != best:
                    t += 1
                chosen[n_chosen] = start + t
                worth[n_chosen] = best
                n_chosen += 1
                kind_room[first + of] -= 1
                values[t] = never
                close_slot(market, row, start + t, values, never)
                best_of[of] = largest(values, low, high, never)
                outside = 0
            anywhere = 0 if n_held + n_chosen > 1 else -market.bonus[row]
            for k in range(n_kinds):
                if kind_room[first + k] > 0:
                    anywhere = max(anywhere, best_of[k])
            unit = market.unit_start[row]
            for c in range(n_chosen):
                edge = chosen[c]
                node = market.node[edge]
                rival = max(anywhere, best_of[market.kind[node]])
                if len(market.slot) and market.slot[edge] >= 0:
                    for e in range(start, start + degree):
                        if market.slot[e] == market.slot[edge] and e != edge:
                            rival = max(rival, market.weight[e] - price[market.node[e]])
                bid = price[node] + max(0, worth[c] - rival) + step
                while unit_edge[unit] >= 0:
                    unit += 1
                unit_edge[unit] = edge
                gone = _accept(market, auction, node, bid, unit)
                if gone >= 0:
                    lost = market.node[unit_edge[gone]]
                    unit_edge[gone] = -1
                    loser = market.unit_row[gone]
                    kind_room[loser * n_kinds + market.kind[lost]] += 1
                    waiting[n_waiting] = loser
                    n_waiting += 1
    return n_read
