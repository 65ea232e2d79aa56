"""An assignment problem as a network with whole-number costs. Built here, solved and priced elsewhere."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from matcher.assignment._arrays.scaling import whole_numbers
from matcher.assignment.problem import NO_LIMIT, NO_SLOT, AssignmentProblem, BoolArray, FloatArray, IntArray


@dataclass(frozen=True, eq=False)
class Network:
    """Nodes: 0 the ground, then the rows, the columns, the limits of kinds, of slots, of groups.

    A unit of flow leaves the ground for a row, goes on (through the row's nodes for the kind and for the
    slot) over the arc of a pair (through the column's node for the group) to a column, and back to the
    ground. A bonus is a second arc from the ground to the row, one unit wide. A limit on a kind or group
    that cannot bite, because the whole row or column has a tighter one, has no node.

    The arcs stand in seven blocks: pairs, rows, bonuses (n, or none at all), kinds, slots, groups, columns.
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
    slot_owners: IntArray  # the rows of the slots, one a node
    slot_numbers: IntArray
    slot_above: IntArray  # the node each hangs from: the row's, or its kind's
    first_kind: int
    first_slot: int
    first_group: int

    def flow(self, chosen: BoolArray) -> IntArray:
        """Flow on every arc when the pairs of `chosen`, a mask over `usable`, are taken."""
        n, m = self.problem.n_rows, self.problem.n_columns
        tails, heads = self.tails[: len(chosen)][chosen], self.heads[: len(chosen)][chosen]
        entries = self.usable[chosen]
        rows = np.bincount(self.problem.rows[entries], minlength=n)
        bonuses = np.minimum(rows[: len(self.bonus_capacity)], self.bonus_capacity)
        leaving = np.bincount(tails, minlength=self.n_nodes)
        in_slots = leaving[self.first_slot : self.first_group]
        leaving += np.bincount(self.slot_above, in_slots, minlength=self.n_nodes).astype(np.int64)
        blocks = [
            chosen,
            rows - bonuses if len(bonuses) else rows,
            bonuses,
            leaving[self.first_kind : self.first_slot],
            in_slots,
            np.bincount(heads, minlength=self.n_nodes)[self.first_group :],
            np.bincount(self.problem.columns[entries], minlength=m),
        ]
        return np.concatenate(blocks).astype(np.int64)


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
    first_slot = first_kind + len(kind_limits)
    tails, slot_above, slot_owners, slot_numbers = _slot_nodes(problem, rows, columns, tails, first_slot)
    first_group = first_slot + len(slot_above)
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
            slot_above,
            first_group + np.arange(len(group_limits)),
            column_nodes,
        ),
        heads=_join(
            heads,
            row_nodes,
            row_nodes[: len(bonuses)],
            first_kind + np.arange(len(kind_limits)),
            first_slot + np.arange(len(slot_above)),
            1 + n + group_owners,
            np.zeros(m),
        ),
        capacities=_join(
            np.ones(len(usable)),
            demand - bonus_capacity if len(bonuses) else demand,
            bonus_capacity,
            _at(problem.kind_demand, kind_limits),
            np.ones(len(slot_above)),
            _at(problem.group_capacity, group_limits),
            capacity,
        ),
        costs=_join(
            -whole_numbers(problem.scores.data[usable], scale),
            np.zeros(n),
            -bonuses,
            np.zeros(len(kind_limits) + len(slot_above) + len(group_limits) + m),
        ),
        bonus_capacity=bonus_capacity,
        bonuses=bonuses,
        kind_limits=kind_limits,
        kind_owners=kind_owners,
        group_limits=group_limits,
        group_owners=group_owners,
        slot_owners=slot_owners,
        slot_numbers=slot_numbers,
        slot_above=slot_above,
        first_kind=first_kind,
        first_slot=first_slot,
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


def _slot_nodes(
    problem: AssignmentProblem, rows: IntArray, columns: IntArray, tails: IntArray, first: int
) -> tuple[IntArray, IntArray, IntArray, IntArray]:
    """Tails of the pairs, now from their slots; and for each node of a slot its tail, row and slot."""
    none = np.zeros(0, dtype=np.int64)
    if problem.slots is None:
        return tails, none, none, none
    slots = problem.slots[columns]
    width = int(slots.max(initial=0)) + 1
    has_slot = slots != NO_SLOT
    keys, at, number = np.unique((rows * width + slots)[has_slot], return_index=True, return_inverse=True)
    above = tails[has_slot][at]
    tails = tails.copy()
    tails[has_slot] = first + number
    return tails, above, keys // width, keys % width


def _width(limits: IntArray | None) -> int:
    return 1 if limits is None else max(1, limits.shape[1])


def _at(limits: IntArray | None, positions: IntArray) -> IntArray:
    return positions if limits is None else limits.ravel()[positions]


def _join(*blocks: IntArray | FloatArray) -> IntArray:
    return np.concatenate(blocks).astype(np.int64)
