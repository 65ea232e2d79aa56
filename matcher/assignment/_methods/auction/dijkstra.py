"""Labels and heap of Dijkstra's search over the nodes of a market. Not where paths may lead."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from matcher._compiled import inlined
from matcher.assignment._methods.auction.market import Ints, Market

FAR = 2**60

# Where `Search.now` keeps what.
NEAREST, END, END_UNIT, END_EDGE, N_TOUCHED, N_ROWS, N_OPEN, N_FRESH = range(8)


class Search(NamedTuple):
    """The state of Dijkstra's search; between searches all distances and labels are `FAR`.

    A node is reached by a unit that moves there over an edge, or from another node, where a column and the
    node of one of its groups meet. `now` has the distance of the nearest end of a path so far, its node and
    the unit and edge that end it there, and how many nodes are touched, rows labelled, nodes in the heap, and
    nodes reached from the one being visited.
    """

    distance: Ints  # (N,) int64
    by_unit: Ints  # (N,) int32, -1 is none
    by_edge: Ints  # (N,) int64: the edge that unit takes
    by_node: Ints  # (N,) int32: the node before, where no unit moves
    heap: Ints  # (N,) int32: nodes to be visited, the nearest first
    place: Ints  # (N,) int32: of each node in the heap, -1 is nowhere
    key: Ints  # (N,) int64: its distance when it was last put there
    is_fresh: Ints  # (N,) uint8
    fresh: Ints  # (N,) int32: nodes reached from the one being visited
    touched: Ints  # (N,) int32
    row_label: Ints  # (n,) int64: the best offer that a row with several units has had
    kind_label: Ints  # (n K,) int64: and each of its kinds
    rows: Ints  # (n K,) int32: rows with labels, some more than once
    now: Ints  # (8,) int64
    figures: Ints  # (3,) int64: paths, nodes visited, edges read


def new_search(market: Market) -> Search:
    """Clean labels for a market."""
    n_nodes, n_rows = len(market.capacity), len(market.bonus)
    return Search(
        distance=np.full(n_nodes, FAR, np.int64),
        by_unit=np.empty(n_nodes, np.int32),
        by_edge=np.empty(n_nodes, np.int64),
        by_node=np.empty(n_nodes, np.int32),
        heap=np.empty(n_nodes, np.int32),
        place=np.full(n_nodes, -1, np.int32),
        key=np.empty(n_nodes, np.int64),
        is_fresh=np.zeros(n_nodes, np.uint8),
        fresh=np.empty(n_nodes, np.int32),
        touched=np.empty(n_nodes, np.int32),
        row_label=np.full(n_rows, FAR, np.int64),
        kind_label=np.full(n_rows * market.n_kinds, FAR, np.int64),
        rows=np.empty(n_rows * market.n_kinds, np.int32),
        now=np.zeros(8, np.int64),
        figures=np.zeros(3, np.int64),
    )


@inlined
def begin(search: Search, source: int, nearest: int) -> None:
    """A search from a node; `nearest` is the distance at which it ends there without any path."""
    search.now[:] = 0
    search.now[NEAREST], search.now[END], search.now[END_UNIT] = nearest, source, -1
    reach(search, source, 0, -1, -1, -1)
    queue_fresh(search)


@inlined
def reach(search: Search, node: int, distance: int, unit: int, edge: int, before: int) -> None:
    """A shorter way to a node, which will be visited."""
    label(search, node, distance, unit, edge, before)
    if search.is_fresh[node] == 0:
        search.is_fresh[node] = 1
        search.fresh[search.now[N_FRESH]] = node
        search.now[N_FRESH] += 1


@inlined
def label(search: Search, node: int, distance: int, unit: int, edge: int, before: int) -> None:
    """A shorter way to a node."""
    if search.distance[node] == FAR:
        search.touched[search.now[N_TOUCHED]] = node
        search.now[N_TOUCHED] += 1
    search.distance[node] = distance
    search.by_unit[node] = unit
    search.by_edge[node] = edge
    search.by_node[node] = before


@inlined
def end_at(search: Search, distance: int, node: int, unit: int, edge: int) -> None:
    """A path ends here, nearer than any before."""
    search.now[NEAREST], search.now[END] = distance, node
    search.now[END_UNIT], search.now[END_EDGE] = unit, edge


@inlined
def label_row(search: Search, row: int) -> None:
    """A row that gets its first label."""
    search.rows[search.now[N_ROWS]] = row
    search.now[N_ROWS] += 1


@inlined
def queue_fresh(search: Search) -> None:
    """Put the nodes just reached into the heap: late, when the nearest end is known better."""
    size = search.now[N_OPEN]
    for t in range(search.now[N_FRESH]):
        node = search.fresh[t]
        search.is_fresh[node] = 0
        if search.distance[node] < search.now[NEAREST]:
            size = _push(search, size, node)
    search.now[N_OPEN] = size
    search.now[N_FRESH] = 0


@inlined
def next_node(search: Search) -> int:
    """Take the nearest node from the heap; -1 where none is nearer than the nearest end. O(log nodes)."""
    size = search.now[N_OPEN]
    node = -1
    if size > 0 and search.distance[search.heap[0]] < search.now[NEAREST]:
        node = search.heap[0]
        search.now[N_OPEN] = _pop(search, size)
        search.figures[1] += 1
    return node


@inlined
def _push(search: Search, size: int, node: int) -> int:
    """Add a node to the heap, or move it up where its distance has become less."""
    heap, place, key = search.heap, search.place, search.key
    at = place[node]
    key[node] = search.distance[node]
    if at < 0:
        at = size
        size += 1
    while at > 0:
        above = (at - 1) >> 1
        if key[heap[above]] <= key[node]:
            break
        heap[at] = heap[above]
        place[heap[at]] = at
        at = above
    heap[at] = node
    place[node] = at
    return size


@inlined
def _pop(search: Search, size: int) -> int:
    """Remove the nearest node, ``heap[0]``, from the heap."""
    heap, place, key = search.heap, search.place, search.key
    place[heap[0]] = -1
    size -= 1
    if size > 0:
        node = heap[size]
        at = 0
        while True:
            child = 2 * at + 1
            if child >= size:
                break
            if child + 1 < size and key[heap[child + 1]] < key[heap[child]]:
                child += 1
            if key[heap[child]] >= key[node]:
                break
            heap[at] = heap[child]
            place[heap[at]] = at
            at = child
        heap[at] = node
        place[node] = at
    return size


@inlined
def shift_prices(search: Search, price: Ints, sign: int) -> None:
    """Prices of all nodes nearer than the end rise (or fall) by the difference."""
    for t in range(search.now[N_TOUCHED]):
        node = search.touched[t]
        if search.distance[node] < search.now[NEAREST]:
            price[node] += sign * (search.now[NEAREST] - search.distance[node])


@inlined
def clean(market: Market, search: Search) -> None:
    """Make labels `FAR` again, of what was touched alone."""
    search.figures[0] += 1
    for t in range(search.now[N_TOUCHED]):
        search.distance[search.touched[t]] = FAR
        search.place[search.touched[t]] = -1
    for r in range(search.now[N_ROWS]):
        row = search.rows[r]
        search.row_label[row] = FAR
        for at in range(row * market.n_kinds, (row + 1) * market.n_kinds):
            search.kind_label[at] = FAR
