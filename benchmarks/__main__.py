"""The assignment against OR-Tools alone, and where the time of a whole plan goes. Ratios count, not times.

The peer gets the same arcs and does nothing but solve; ours also checks its input, finds the prices of every
limit and proves the result.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import date
from statistics import median

import numpy as np
from ortools.graph.python import min_cost_flow
from rich.console import Console
from rich.table import Table
from scipy.sparse import csr_array

from matcher import Policy, make_plan
from matcher.assignment import AssignmentProblem, solve
from matcher.generate import generate_town

RUNS = 3


def instance(n: int, m: int, per_row: int, ratio: float, seed: int = 11) -> AssignmentProblem:
    """Random candidates near each other; as many places in all as `ratio` times the demand."""
    rng = np.random.default_rng(seed)
    near = (np.arange(n)[:, None] * m // n + rng.integers(-2 * per_row, 2 * per_row, (n, 2 * per_row))) % m
    columns = [np.unique(row)[:per_row] for row in near]
    indptr = np.concatenate([[0], np.cumsum([len(row) for row in columns])])
    scores = csr_array((rng.random(indptr[-1]), np.concatenate(columns), indptr), shape=(n, m))
    capacity = np.bincount(rng.integers(0, m, round(n * ratio)), minlength=m)
    return AssignmentProblem(scores, capacity)


def peer(problem: AssignmentProblem) -> int:
    """OR-Tools' flow on the same arcs: source, rows, columns, sink, and a way around."""
    n, m = problem.n_rows, problem.n_columns
    source, sink = n + m, n + m + 1
    total = int(problem.demand.sum())
    tails = [np.full(n, source), problem.rows, n + np.arange(m), [source]]
    heads = [np.arange(n), n + problem.columns, np.full(m, sink), [sink]]
    room = [problem.demand, np.ones(problem.rows.size), problem.capacity, [total]]
    cost = [np.zeros(n), -np.rint(problem.scores.data * 1e6), np.zeros(m), [0]]
    flow = min_cost_flow.SimpleMinCostFlow()
    arrays = [np.concatenate(part).astype(np.int64) for part in (tails, heads, room, cost)]
    flow.add_arcs_with_capacity_and_unit_cost(*arrays)
    flow.set_nodes_supplies(np.array([source, sink]), np.array([total, -total]))
    flow.solve()
    return int(flow.optimal_cost())


def cpu_seconds(call: Callable[[], object]) -> float:
    """Median CPU time of some runs."""
    times = []
    for _ in range(RUNS):
        started = time.process_time()
        call()
        times.append(time.process_time() - started)
    return median(times)


def compare_solvers() -> Table:
    """`solve` with prices and proof against the peer's bare solution."""
    table = Table(
        "size", "places/demand", "solve (CPU s)", "OR-Tools alone", "times OR-Tools", title="Assignment"
    )
    for n, m, per_row in ((2_000, 400, 30), (20_000, 4_000, 30)):
        for ratio in (1.5, 1.1, 1.0, 0.8):
            problem = instance(n, m, per_row, ratio)
            ours, theirs = cpu_seconds(lambda p=problem: solve(p)), cpu_seconds(lambda p=problem: peer(p))
            row = (
                f"{n:,} x {m:,} x {per_row}",
                f"{ratio}",
                f"{ours:.3f}",
                f"{theirs:.3f}",
                f"{ours / theirs:.2f}",
            )
            table.add_row(*row)
    return table


def time_stages() -> Table:
    """Seconds of each stage of a whole plan."""
    table = Table("newcomers x offers", "candidates", "seconds a stage", "in all", title="A whole plan")
    for n, m in ((600, 520), (5_000, 1_500)):
        people = generate_town("muenster", n, m, np.random.default_rng(1), date(2026, 11, 16))
        plan = make_plan(*people, Policy(), today=date(2026, 11, 16))
        stages = ", ".join(f"{stage} {seconds:.2f}" for stage, seconds in plan.seconds.items())
        table.add_row(f"{n:,} x {m:,}", f"{plan.n_candidates:,}", stages, f"{sum(plan.seconds.values()):.2f}")
    return table


if __name__ == "__main__":
    console = Console()
    console.print(compare_solvers())
    console.print(time_stages())
