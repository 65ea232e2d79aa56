"""An assignment problem as arrays of whole numbers, in the order kernels read them. Nothing changes here."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from matcher._compiled import kernel
from matcher.assignment._arrays.scaling import whole_numbers, whole_scale
from matcher.assignment.problem import NO_LIMIT, AssignmentProblem

Ints = NDArray[Any]

# The price of a node without places: above everything anybody could pay, small enough for 32 bits.
CLOSED_FACTOR = 8
# More than rows can be numbered.
MOST_PLACES = 2**31


class Market(NamedTuple):
    """Rows want units of nodes; an edge says what a unit of a node is worth to a row.

    Nodes 0 to m - 1 are the columns. A limit of a group at a column that can bite is a node of its own,
    after them: a unit in it also counts in its column. The edges of a row stand together, and within the row
    those of one kind.
    """

    edge_start: Ints  # (n K + 1,) int64: where the edges of each row and kind start
    node: Ints  # (E,) int32
    weight: Ints  # (E,) int32, or int64 where the scores are too far apart for that
    slot: Ints  # (E,) int32, -1 is none; or empty
    bonus: Ints  # (n,) int64
    unit_start: Ints  # (n + 1,) int64: the units each row may hold
    unit_row: Ints  # (U,) int32
    kind_limit: Ints  # (n K,) int32
    kind: Ints  # (N,) int32
    degree: Ints  # (N,) int64: edges into each node
    capacity: Ints  # (N,) int64
    column: Ints  # (N,) int32
    group_start: Ints  # (m + 1,) int64: the nodes of each column's groups
    n_kinds: int
    most_edges: int  # of any row
    closed_price: int


class BuiltMarket(NamedTuple):
    """A market and how to get back from it to the problem."""

    market: Market
    scale: int
    entry: Ints | None  # (E,) stored entry of each edge; None: the same
    group_position: Ints  # (N - m,) flat position in group_capacity of each node of a group
    is_complete: bool  # whether every stored entry that is not negative has an edge


def build_market(
    problem: AssignmentProblem, every_limit: bool = False, scale: int | None = None
) -> BuiltMarket:
    """Read a problem into a market; O(nnz + n K + m G).

    With `every_limit`, limits of groups have a node even where the column has fewer places anyway. `scale` is
    that of another market, to which these rows are to be added.
    """
    n, m = problem.n_rows, problem.n_columns
    scale = whole_scale(problem) if scale is None else scale
    scores = problem.scores
    indptr, indices = scores.indptr.astype(np.int64), scores.indices
    bonus = np.zeros(n, np.int64) if problem.row_bonus is None else whole_numbers(problem.row_bonus, scale)
    n_kinds = 1 if problem.kind_demand is None else max(1, problem.kind_demand.shape[1])
    kinds = np.zeros(m, np.int32) if problem.kinds is None else problem.kinds.astype(np.int32)
    limit = np.full((n, n_kinds), NO_LIMIT) if problem.kind_demand is None else problem.kind_demand
    limit = limit.reshape(n, n_kinds) if limit.size else np.full((n, n_kinds), NO_LIMIT)

    node_of, column, position, capacity = _nodes(problem, every_limit)
    degree = np.zeros(n * n_kinds, np.int64)
    is_plain = n_kinds == 1 and problem.kind_demand is None and problem.lowest_score >= 0
    is_plain = is_plain and bool((problem.demand > 0).all())
    if is_plain:
        np.subtract(indptr[1:], indptr[:-1], out=degree)
    else:
        _count_edges(indptr, indices, scores.data, kinds, problem.demand, limit.ravel(), degree)
    edge_start = np.zeros(n * n_kinds + 1, np.int64)
    np.cumsum(degree, out=edge_start[1:])
    n_edges = int(edge_start[-1])
    top = max(problem.highest_score, 0.0)
    is_short = np.ldexp(max(top, float(bonus.max(initial=0)) * 2.0**-scale), scale) <= 2**27
    weight = np.empty(n_edges, np.int32 if is_short else np.int64)
    width = np.int32 if n_edges < 2**31 else np.int64
    if is_plain:
        entry = None
        _scale_weights(scores.data, 2.0**scale, weight)
    else:
        entry = np.empty(n_edges, width)
        _place_edges(
            indptr, indices, scores.data, kinds, problem.demand, limit.ravel(), edge_start[:-1].copy(),
            2.0**scale, entry, weight,
        )  # fmt: skip
    at = slice(None) if entry is None else entry
    if problem.groups is None or problem.group_capacity is None or not len(position):
        node = indices if entry is None else indices[at]
    else:
        node = np.empty(n_edges, np.int32)
        n_groups = problem.group_capacity.shape[1]
        _place_nodes(edge_start, n_kinds, indices[at], problem.groups, n_groups, node_of, node)
    node = node.astype(np.int32)  # a copy: kernels know one type of array, not read-only ones too
    into = np.zeros(len(capacity), np.int64)
    _count_incoming(node, into)
    slot = np.zeros(0, np.int32) if problem.slots is None else problem.slots.astype(np.int32)[indices[at]]

    kind_limit = np.where(limit.ravel() == NO_LIMIT, degree, np.minimum(limit.ravel(), degree))
    per_row = kind_limit.reshape(n, n_kinds).sum(axis=1)
    n_units = np.minimum(problem.demand, per_row)
    unit_start = np.zeros(n + 1, np.int64)
    np.cumsum(n_units, out=unit_start[1:])
    group_start = m + np.searchsorted(column[m:], np.arange(m + 1))
    market = Market(
        edge_start=edge_start,
        node=node,
        weight=weight,
        slot=slot,
        bonus=bonus,
        unit_start=unit_start,
        unit_row=np.repeat(np.arange(n, dtype=np.int32), n_units),
        kind_limit=kind_limit.astype(np.int32),
        kind=kinds[column] if m else np.zeros(0, np.int32),
        degree=into,
        capacity=np.minimum(capacity, MOST_PLACES),
        column=column,
        group_start=group_start.astype(np.int64),
        n_kinds=n_kinds,
        most_edges=int(degree.reshape(n, n_kinds).sum(axis=1).max(initial=0)) + 1,
        closed_price=CLOSED_FACTOR * 2**27 if is_short else 2**50,
    )
    n_wanted = len(scores.data) if problem.lowest_score >= 0 else int((scores.data >= 0).sum())
    return BuiltMarket(market, scale, entry, position, n_edges == n_wanted)


def edge_of_entry(problem: AssignmentProblem, built: BuiltMarket) -> Ints:
    """The edge of every stored entry of a problem, -1 where it has none."""
    n_entries, n_edges = problem.scores.nnz, len(built.market.node)
    if built.entry is None:
        return np.arange(n_entries)
    edges = np.full(n_entries, -1)
    edges[built.entry] = np.arange(n_edges)
    return edges


def _nodes(problem: AssignmentProblem, every_limit: bool) -> tuple[Ints, Ints, Ints, Ints]:
    """Node of each (column, group); column of each node; position of each group's node; places of each."""
    m = problem.n_columns
    columns = np.arange(m, dtype=np.int32)
    if problem.group_capacity is None:
        return columns, columns, np.zeros(0, np.int64), problem.capacity
    limits = problem.group_capacity
    bites = limits != NO_LIMIT
    if not every_limit:
        bites &= limits < problem.capacity[:, None]
    position = np.flatnonzero(bites)
    node_of = np.repeat(columns, limits.shape[1])
    node_of[position] = m + np.arange(len(position))
    column = np.concatenate([columns, (position // max(1, limits.shape[1])).astype(np.int32)])
    return node_of, column, position, np.concatenate([problem.capacity, limits.ravel()[position]])


@kernel
def _scale_weights(scores: Ints, factor: float, weight: Ints) -> None:
    for e in range(len(scores)):
        weight[e] = np.rint(scores[e] * factor)


@kernel
def _count_incoming(node: Ints, degree: Ints) -> None:
    for e in range(len(node)):
        degree[node[e]] += 1


@kernel
def _count_edges(
    indptr: Ints, indices: Ints, scores: Ints, kinds: Ints, demand: Ints, limit: Ints, degree: Ints
) -> None:
    """Usable entries of each row and kind: not negative, of a row and kind with any demand."""
    n_kinds = len(limit) // max(1, len(demand))
    for i in range(len(demand)):
        if demand[i] > 0:
            for e in range(indptr[i], indptr[i + 1]):
                at = i * n_kinds + kinds[indices[e]]
                if scores[e] >= 0 and limit[at] != 0:
                    degree[at] += 1


@kernel
def _place_edges(
    indptr: Ints, indices: Ints, scores: Ints, kinds: Ints, demand: Ints, limit: Ints,
    place: Ints, factor: float, entry: Ints, weight: Ints,
) -> None:  # fmt: skip
    """The same entries, sorted by row, kind and column."""
    n_kinds = len(limit) // max(1, len(demand))
    for i in range(len(demand)):
        if demand[i] > 0:
            for e in range(indptr[i], indptr[i + 1]):
                at = i * n_kinds + kinds[indices[e]]
                if scores[e] >= 0 and limit[at] != 0:
                    entry[place[at]] = e
                    weight[place[at]] = np.rint(scores[e] * factor)
                    place[at] += 1


@kernel
def _place_nodes(
    start: Ints, n_kinds: int, columns: Ints, groups: Ints, n_groups: int, node_of: Ints, node: Ints
) -> None:
    for i in range(len(groups)):
        for e in range(start[i * n_kinds], start[(i + 1) * n_kinds]):
            node[e] = node_of[columns[e] * n_groups + groups[i]]
