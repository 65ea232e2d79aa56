"""Prices of all limits from a set of chosen pairs: shortest paths in the residual network. No choosing."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_array

from matcher.assignment._arrays.prices import Prices, charge_closed_limits
from matcher.assignment._methods.network import Network
from matcher.assignment.problem import AssignmentProblem, BoolArray, FloatArray, IntArray

UNREACHED = 2**62
FIRST_CYCLE_CHECK = 64


def prices_of(network: Network, chosen: BoolArray) -> Prices:
    r"""Prices that prove `chosen` optimal for the network, if it is.

    The potential :math:`\pi` of a node is the length of the shortest path to it from the ground in the
    residual network. A column costs :math:`\max(0, -\pi)`, what one more place there would be worth.

    Parameters
    ----------
    network : Network
    chosen : bool array, shape (len(network.usable),)
        Chosen pairs; they keep all limits.

    Returns
    -------
    Prices

    Notes
    -----
    Of all prices that prove it, these are the lowest for the columns and the highest for the rows.

    Where `chosen` is not optimal there is a cycle of negative length and no shortest path. The search
    ends all the same, and the prices give a bound that is valid but not tight.
    """
    problem, n, m = network.problem, network.problem.n_rows, network.problem.n_columns
    potentials = _shortest_paths(network, network.flow(chosen))
    # Rows without demand, columns nobody can get to: see charge_closed_limits.
    potentials[potentials == UNREACHED] = 0
    rows, columns = potentials[1 : 1 + n], potentials[1 + n : 1 + n + m]
    kinds = potentials[network.first_kind : network.first_slot] - rows[network.kind_owners]
    groups = columns[network.group_owners] - potentials[network.first_group :]
    slots = potentials[network.first_slot : network.first_group] - potentials[network.slot_above]
    shares = np.clip(-rows[: len(network.bonuses)], 0, network.bonuses)
    prices = Prices(
        rows=_in_scores(np.maximum(rows, 0), network.scale),
        columns=_in_scores(np.maximum(-columns, 0), network.scale),
        kinds=_spread(problem.kind_demand, network.kind_limits, kinds, network.scale),
        groups=_spread(problem.group_capacity, network.group_limits, groups, network.scale),
        bonus_shares=None if problem.row_bonus is None else _shares(problem, shares, network.scale),
        slots=None if problem.slots is None else _slot_prices(network, slots),
    )
    charge_closed_limits(problem, prices, network.scale)
    return prices


def _shortest_paths(network: Network, flow: IntArray) -> IntArray:
    """Bellman and Ford by rounds, each over the arcs of the nodes that the last one brought nearer."""
    tails, heads, lengths, starts = _residual_arcs(network, flow)
    distance = np.full(network.n_nodes, UNREACHED, dtype=np.int64)
    parent = np.zeros(network.n_nodes, dtype=np.int64)
    distance[0] = 0
    nearer = np.zeros(1, dtype=np.int64)
    next_check = FIRST_CYCLE_CHECK
    for n_rounds in range(1, network.n_nodes + 1):
        arcs = _arcs_of(nearer, starts)
        reach = distance[tails[arcs]] + lengths[arcs]
        shorter = reach < distance[heads[arcs]]
        arcs, reach = arcs[shorter], reach[shorter]
        np.minimum.at(distance, heads[arcs], reach)
        best = arcs[reach == distance[heads[arcs]]]
        parent[heads[best]] = tails[best]
        is_nearer = np.zeros(network.n_nodes, dtype=np.bool_)
        is_nearer[heads[best]] = True
        nearer = np.flatnonzero(is_nearer)
        if nearer.size == 0:
            break
        if n_rounds == next_check:
            next_check *= 2
            if _has_cycle(parent):
                break
    return distance


def _residual_arcs(network: Network, flow: IntArray) -> tuple[IntArray, IntArray, IntArray, IntArray]:
    """Tails, heads and lengths sorted by tail, and where the arcs of each tail start."""
    ahead, back = flow < network.capacities, flow > 0
    tails = np.concatenate([network.tails[ahead], network.heads[back]])
    heads = np.concatenate([network.heads[ahead], network.tails[back]])
    lengths = np.concatenate([network.costs[ahead], -network.costs[back]])
    order = np.argsort(tails, kind="stable")
    starts = np.concatenate([[0], np.cumsum(np.bincount(tails, minlength=network.n_nodes))])
    return tails[order], heads[order], lengths[order], starts.astype(np.int64)


def _arcs_of(nodes: IntArray, starts: IntArray) -> IntArray:
    """Positions of all arcs that leave `nodes`, without a loop: runs laid end to end."""
    counts = starts[nodes + 1] - starts[nodes]
    ends = np.cumsum(counts)
    shift = starts[nodes] - (ends - counts)
    return np.repeat(shift, counts) + np.arange(ends[-1], dtype=np.int64)


def _has_cycle(parent: IntArray) -> bool:
    """Whether following parents never ends: then, and only then, some cycle is negative."""
    ancestor = parent
    for _ in range(len(parent).bit_length()):
        ancestor = ancestor[ancestor]
    return bool((ancestor != 0).any()) or parent[0] != 0


def _in_scores(values: IntArray, scale: int) -> FloatArray:
    return np.ldexp(values.astype(np.float64), -scale)


def _shares(problem: AssignmentProblem, shares: IntArray, scale: int) -> FloatArray:
    bonus = np.zeros(0) if problem.row_bonus is None else problem.row_bonus
    # Rounding must not lift a share above its bonus; a row that can take nothing pays no bonus out.
    return np.where(problem.demand == 0, bonus, np.minimum(_in_scores(shares, scale), bonus))


def _slot_prices(network: Network, values: IntArray) -> csr_array[np.float64]:
    problem, priced = network.problem, np.flatnonzero(values > 0)
    n_slots = 0 if problem.slots is None else int(problem.slots.max(initial=-1)) + 1
    at = network.slot_owners[priced], network.slot_numbers[priced]
    return csr_array((_in_scores(values[priced], network.scale), at), shape=(problem.n_rows, n_slots))


def _spread(limits: IntArray | None, positions: IntArray, values: IntArray, scale: int) -> FloatArray | None:
    if limits is None:
        return None
    prices = np.zeros(limits.size)
    prices[positions] = _in_scores(np.maximum(values, 0), scale)
    return prices.reshape(limits.shape)
