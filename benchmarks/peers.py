"""Other solvers on the same problem: what they get is made ready for them, what they do is timed whole."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.optimize import linear_sum_assignment, linprog
from scipy.sparse import csr_array, vstack
from scipy.sparse.csgraph import min_weight_full_bipartite_matching

from benchmarks.instances import Instance
from matcher.assignment._arrays.scaling import whole_scale
from matcher.assignment._methods.network import build_network

UNIT = 1e6  # whole numbers to a score unit, for peers that want whole numbers


def or_tools(town: Instance) -> float:
    """OR-Tools' SimpleMinCostFlow: source, rows, columns, sink, and a way around."""
    from ortools.graph.python.min_cost_flow import SimpleMinCostFlow

    n, m = town.scores.shape
    demand, capacity = town.limits["demand"], town.limits["capacity"]
    rows = np.repeat(np.arange(n), np.diff(town.scores.indptr))
    source, sink, total = n + m, n + m + 1, int(demand.sum())
    tails = np.concatenate([np.full(n, source), rows, n + np.arange(m), [source]]).astype(np.int32)
    heads = np.concatenate([np.arange(n), n + town.scores.indices, np.full(m, sink), [sink]])
    room = np.concatenate([demand, np.ones(len(rows), np.int64), capacity, [total]])
    worth = np.rint(town.scores.data * UNIT).astype(np.int64)
    cost = np.concatenate([np.zeros(n, np.int64), -worth, np.zeros(m + 1, np.int64)])
    flow = SimpleMinCostFlow()
    flow.add_arcs_with_capacity_and_unit_cost(tails, heads.astype(np.int32), room, cost)
    flow.set_nodes_supplies(np.array([source, sink]), np.array([total, -total]))
    if flow.solve() != flow.OPTIMAL:
        raise RuntimeError("OR-Tools found no optimum")
    return -flow.optimal_cost() / UNIT


def or_tools_with_limits(town: Instance) -> Callable[[], float]:
    """The same on the network with all limits, which is built before: only its solution is timed."""
    from ortools.graph.python.min_cost_flow import SimpleMinCostFlow

    problem = town.problem()
    scale = whole_scale(problem)
    network = build_network(problem, scale)

    def run() -> float:
        flow = SimpleMinCostFlow()
        flow.add_arcs_with_capacity_and_unit_cost(
            network.tails.astype(np.int32), network.heads.astype(np.int32), network.capacities, network.costs
        )
        if flow.solve() != flow.OPTIMAL:
            raise RuntimeError("OR-Tools found no optimum")
        return float(np.ldexp(-flow.optimal_cost(), -scale))

    return run


def _with_a_column_a_place(town: Instance) -> csr_array[np.float64]:
    """Scores of every place, and of a place of one's own that is worth nothing."""
    n = town.scores.shape[0]
    places = np.repeat(np.arange(town.scores.shape[1]), town.limits["capacity"])
    scores = town.scores.tocsc()[:, places].tocoo()
    rows = np.concatenate([scores.row, np.arange(n)])
    columns = np.concatenate([scores.col, len(places) + np.arange(n)])
    # 2 less the score, so that every cost is above 0: scipy takes a stored 0 for no pair.
    values = np.concatenate([2 - scores.data, np.full(n, 2.0)])
    return csr_array((values, (rows, columns)), shape=(n, len(places) + n))


def scipy_sparse_matching(town: Instance) -> float:
    """scipy's min_weight_full_bipartite_matching, a column for each place."""
    costs = _with_a_column_a_place(town)
    rows, columns = min_weight_full_bipartite_matching(costs)
    return float(2 * len(rows) - costs[rows, columns].sum())


def scipy_linear_sum_assignment(town: Instance) -> float:
    """scipy's linear_sum_assignment on the dense matrix, a column for each place."""
    places = np.repeat(np.arange(town.scores.shape[1]), town.limits["capacity"])
    dense = np.zeros((town.scores.shape[0], len(places)))
    dense[:] = town.scores.toarray()[:, places]
    rows, columns = linear_sum_assignment(dense, maximize=True)
    return float(dense[rows, columns].sum())


def highs(town: Instance) -> float:
    """HiGHS on the linear programme, through scipy."""
    n, m = town.scores.shape
    nnz = town.scores.nnz
    rows = np.repeat(np.arange(n), np.diff(town.scores.indptr))
    one = np.ones(nnz)
    limits = vstack(
        [
            csr_array((one, (rows, np.arange(nnz))), shape=(n, nnz)),
            csr_array((one, (town.scores.indices, np.arange(nnz))), shape=(m, nnz)),
        ]
    )
    bounds = np.concatenate([town.limits["demand"], town.limits["capacity"]])
    answer = linprog(-town.scores.data, A_ub=limits, b_ub=bounds, bounds=(0, 1), method="highs")
    return float(-answer.fun)
