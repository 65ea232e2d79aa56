"""Assignment as a minimum-cost flow, solved by OR-Tools. The network is built in network.py."""

from __future__ import annotations

import numpy as np

from matcher.assignment._arrays.scaling import whole_scale
from matcher.assignment._clock import Clock
from matcher.assignment._methods.network import Network, build_network
from matcher.assignment._methods.potentials import prices_of
from matcher.assignment._methods.solution import Solution, Start
from matcher.assignment.problem import AssignmentProblem, BoolArray
from matcher.exceptions import InvalidProblemError

COARSER_BY = 6  # binary digits given up a try, when the costs are too large for the solver
MOST_TRIES = 8
MOST_NODES = 2**31 - 1


def solve_by_flow(problem: AssignmentProblem, start: Start | None, clock: Clock) -> Solution:
    """Solve any assignment problem, with all its limits and bonuses.

    Parameters
    ----------
    problem : AssignmentProblem
    start : Start, optional
        Plays no part.
    clock : Clock
        Must not be limited: OR-Tools cannot be interrupted.

    Returns
    -------
    Solution

    Raises
    ------
    InvalidProblemError
        When OR-Tools is not installed, when there is a time limit, when the network has more nodes or arcs
        than OR-Tools can number (2**31), or when its scores are too large for it at every scale.

    Notes
    -----
    Cost-scaling push-relabel [1]_ on the network with one arc a pair, then shortest paths for the
    prices. Scores are whole numbers there, as in all methods. Ties are broken by OR-Tools, in a way that
    depends on the order of rows and columns but is the same at every run.

    References
    ----------
    .. [1] Goldberg, A. V. (1997). An efficient implementation of a scaling minimum-cost flow algorithm.
       Journal of Algorithms 22(1), 1-29. doi:10.1006/jagm.1995.0805
    """
    if clock.is_limited:
        raise InvalidProblemError("time_limit: method 'flow' expects None; use method 'auction'")
    finest = whole_scale(problem)
    for scale in range(finest, finest - COARSER_BY * MOST_TRIES, -COARSER_BY):
        network = build_network(problem, scale)
        chosen = _minimum_cost_flow(network)
        if chosen is not None:
            return Solution(network.usable[chosen], prices_of(network, chosen))
    raise InvalidProblemError("scores: expected a range that OR-Tools can take for so many rows and columns")


def _minimum_cost_flow(network: Network) -> BoolArray | None:
    """Mask of the chosen arcs among the pairs, or None when the costs are too large."""
    n_pairs = len(network.usable)
    if n_pairs == 0:
        return np.zeros(0, dtype=np.bool_)
    size = max(network.n_nodes, len(network.costs))
    if size > MOST_NODES:
        raise InvalidProblemError(
            f"scores: expected a network of at most {MOST_NODES} nodes and arcs, got {size}"
        )
    try:
        # Not among what everybody installs: it is needed for this method alone.
        from ortools.graph.python.min_cost_flow import SimpleMinCostFlow
    except ImportError as error:
        raise InvalidProblemError(
            "method: 'flow' expects OR-Tools; get it with pip install 'koppel[flow]', or use method 'auction'"
        ) from error
    flow = SimpleMinCostFlow()
    arcs = flow.add_arcs_with_capacity_and_unit_cost(
        network.tails.astype(np.int32), network.heads.astype(np.int32), network.capacities, network.costs
    )
    status = flow.solve()
    if status == flow.BAD_COST_RANGE:
        return None
    if status != flow.OPTIMAL:
        raise RuntimeError(f"OR-Tools ended with {status} on a network that always has a solution")
    chosen: BoolArray = flow.flows(arcs[:n_pairs]) > 0
    return chosen
