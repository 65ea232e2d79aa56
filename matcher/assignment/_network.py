"""An assignment problem as a network with whole-number costs. Built here, solved and priced elsewhere."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from matcher.assignment.problem import NO_LIMIT, AssignmentProblem, BoolArray, FloatArray, IntArray

# Whole numbers up to here become floats and come back unchanged, with room to add a few.
FINEST = 2**50
# No path of a network may cost more: int64 with room for what the solvers add.
LONGEST_PATH = 2**60


@dataclass(frozen=True, eq=False)
class Network:
    """Nodes: 0 the ground, then the rows, the columns, the limits of kinds, the limits of groups.

    A unit of flow leaves the ground for a row, goes on (through the row's node for the kind) over the
    arc of a pair (through the column's node for the group) to a column, and back to the ground. A
    bonus is a second arc from the ground to the row, one unit wide. A limit on a kind or group that
    cannot bite, because the whole row or column has a tighter one, has no node.

    The arcs stand in six blocks: pairs, rows, bonuses (n, or none at all), kinds, groups, columns.
    """

    problem: AssignmentProblem
    scale: int  # costs are -scores * 2**scale, rounded
    usable: IntArray  # stored entries that have an arc, ascending
    n_nodes: int
    tails: IntArray
    heads: IntArray
    capacities: IntArray
    costs: IntArray
    bonus_capacity: IntArray  # (n,) 0 or 1, or empty
    bonuses: IntArray  # (n,) in whole numbers, or empty
    kind_limits: IntArray  # flat positions in (n, K), one a node
    kind_owners: IntArray  # their rows
    group_limits: IntArray  # flat positions in (m, G), one a node
    group_owners: IntArray  # their columns
    first_kind: int
    first_group: int

    def flow(self, chosen: BoolArray) -> IntArray:
        """Flow on every arc when the pairs of `chosen`, a mask over `usable`, are taken."""
        n, m = self.problem.n_rows, self.problem.n_columns
        tails, heads = self.tails[: len(chosen)][chosen], self.heads[: len(chosen)][chosen]
        entries = self.usable[chosen]
        rows = np.bincount(self.problem.rows[entries], minlength=n)
        bonuses = np.minimum(rows[: len(self.bonus_capacity)], self.bonus_capacity)
        blocks = [
            chosen,
            rows - bonuses if len(bonuses) else rows,
            bonuses,
            np.bincount(tails, minlength=self.n_nodes)[self.first_kind : self.first_group],
            np.bincount(heads, minlength=self.n_nodes)[self.first_group :],
            np.bincount(self.problem.columns[entries], minlength=m),
        ]
        return np.concatenate(blocks).astype(np.int64)


def finest_scale(problem: AssignmentProblem, finest: int = FINEST) -> int:
    """Power of two to multiply scores by: the largest where none exceeds `finest` and no path overflows."""
    tops = [problem.scores.data] + ([] if problem.row_bonus is None else [problem.row_bonus])
    top = max((float(values.max(initial=0.0)) for values in tops), default=0.0)
    if top <= 0.0:
        return 0
    limits = (problem.kind_demand, problem.group_capacity)
    n_limits = sum(0 if limit is None else min(limit.size, problem.scores.nnz) for limit in limits)
    n_nodes = 1 + problem.n_rows + problem.n_columns + n_limits
    largest = min(finest, LONGEST_PATH // n_nodes)
    # frexp: top < 2**exponent, so top * 2**(bits - exponent) < 2**bits <= largest.
    return int(largest).bit_length() - 1 - int(np.frexp(top)[1])


def whole_numbers(values: FloatArray, scale: int) -> IntArray:
    """`values` times ``2**scale``, to the nearest whole number."""
    return np.rint(np.ldexp(values, scale)).astype(np.int64)


def usable_entries(problem: AssignmentProblem) -> IntArray:
    """Stored entries that a solution may contain as far as their row goes, ascending.

    Columns without places stay: their price says what a first place would be worth.
    """
    usable = (problem.scores.data >= 0) & (problem.demand[problem.rows] > 0)
    if problem.kind_demand is not None and problem.kinds is not None:
        usable &= problem.kind_demand[problem.rows, problem.kinds[problem.columns]] != 0
    return np.flatnonzero(usable).astype(np.int64)


def build_network(problem: AssignmentProblem, scale: int) -> Network:
    """The network of `problem` with scores times ``2**scale``; O(nnz + n K + m G)."""
    n, m = problem.n_rows, problem.n_columns
    usable = usable_entries(problem)
    rows, columns = problem.rows[usable], problem.columns[usable]
    first_kind = 1 + n + m
    kind_limits, tails = _limit_nodes(
        problem.kind_demand, problem.demand, rows, problem.kinds, columns, first_kind
    )
    tails = np.where(tails == NO_LIMIT, 1 + rows, tails)
    first_group = first_kind + len(kind_limits)
    group_limits, heads = _limit_nodes(
        problem.group_capacity, problem.capacity, columns, problem.groups, rows, first_group
    )
    heads = np.where(heads == NO_LIMIT, 1 + n + columns, heads)

    # No more than can flow, so that nothing overflows; one more for the rows, whose prices are the highest
    # possible: a demand that nothing can exhaust must not look exhausted.
    demand = np.minimum(problem.demand, np.bincount(rows, minlength=n) + 1)
    capacity = np.minimum(problem.capacity, np.bincount(columns, minlength=m))
    bonuses = whole_numbers(np.zeros(0) if problem.row_bonus is None else problem.row_bonus, scale)
    bonus_capacity = np.minimum(demand[: len(bonuses)], 1) * (bonuses > 0)
    kind_owners = kind_limits // _width(problem.kind_demand)
    group_owners = group_limits // _width(problem.group_capacity)
    row_nodes = 1 + np.arange(n, dtype=np.int64)
    column_nodes = 1 + n + np.arange(m, dtype=np.int64)
    return Network(
        problem=problem,
        scale=scale,
        usable=usable,
        n_nodes=first_group + len(group_limits),
        tails=_join(
            tails,
            np.zeros(n + len(bonuses)),
            1 + kind_owners,
            first_group + np.arange(len(group_limits)),
            column_nodes,
        ),
        heads=_join(
            heads,
            row_nodes,
            row_nodes[: len(bonuses)],
            first_kind + np.arange(len(kind_limits)),
            1 + n + group_owners,
            np.zeros(m),
        ),
        capacities=_join(
            np.ones(len(usable)),
            demand - bonus_capacity if len(bonuses) else demand,
            bonus_capacity,
            _at(problem.kind_demand, kind_limits),
            _at(problem.group_capacity, group_limits),
            capacity,
        ),
        costs=_join(
            -whole_numbers(problem.scores.data[usable], scale),
            np.zeros(n),
            -bonuses,
            np.zeros(len(kind_limits) + len(group_limits) + m),
        ),
        bonus_capacity=bonus_capacity,
        bonuses=bonuses,
        kind_limits=kind_limits,
        kind_owners=kind_owners,
        group_limits=group_limits,
        group_owners=group_owners,
        first_kind=first_kind,
        first_group=first_group,
    )


def _limit_nodes(
    limits: IntArray | None,
    whole: IntArray,
    owners: IntArray,
    classes: IntArray | None,
    members: IntArray,
    first: int,
) -> tuple[IntArray, IntArray]:
    """Limits that can bite (flat positions), and for each pair the node of its limit or -1."""
    nodes = np.full(len(owners), NO_LIMIT, dtype=np.int64)
    if limits is None or classes is None:
        return np.zeros(0, dtype=np.int64), nodes
    positions = owners * limits.shape[1] + classes[members]
    limit = limits.ravel()[positions]
    bites = (limit != NO_LIMIT) & (limit < whole[owners])
    number = np.zeros(limits.size, dtype=np.int64)
    number[positions[bites]] = 1
    used = np.flatnonzero(number).astype(np.int64)
    number[used] = first + np.arange(len(used))
    nodes[bites] = number[positions[bites]]
    return used, nodes


def _width(limits: IntArray | None) -> int:
    return 1 if limits is None else max(1, limits.shape[1])


def _at(limits: IntArray | None, positions: IntArray) -> IntArray:
    return positions if limits is None else limits.ravel()[positions]


def _join(*blocks: IntArray | FloatArray) -> IntArray:
    return np.concatenate(blocks).astype(np.int64)
