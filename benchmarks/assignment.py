"""The assignment against other solvers, in one process, by CPU time. A table is a list of rows of text."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from statistics import median

import numpy as np

from benchmarks import peers
from benchmarks.instances import Instance, make_town, sorted_by_place, with_all_limits, with_places
from matcher.assignment import AssignmentProblem, AssignmentResult, AssignmentSession, certify, solve

SEED = 11
RUNS = 3
Rows = list[list[str]]


def cpu_seconds(*calls: Callable[[], object], runs: int = RUNS) -> list[float]:
    """Median CPU time of each call, taken in turns so that all meet the same machine."""
    times: list[list[float]] = [[] for _ in calls]
    for _ in range(runs):
        for call, seconds in zip(calls, times, strict=True):
            started = time.process_time()
            call()
            seconds.append(time.process_time() - started)
    return [median(seconds) for seconds in times]


def solved(town: Instance) -> AssignmentResult:
    """What is timed of ours: reading and checking the arguments, solving, prices and proof."""
    return solve(town.problem())


def milliseconds(seconds: float) -> str:
    """A time as text."""
    return f"{1000 * seconds:,.1f}"


def against_or_tools(cells: list[tuple[str, float, int]]) -> Rows:
    """Our whole `solve`, the problem's construction included, against OR-Tools' flow."""
    rows, towns = [], {}
    for size, ratio, most in cells:
        if size not in towns:
            towns[size] = sorted_by_place(make_town(size, SEED))
        town = with_places(towns[size], ratio, most)
        ours, theirs = cpu_seconds(lambda t=town: solved(t), lambda t=town: peers.or_tools(t))
        result = solved(town)
        difference = result.objective - peers.or_tools(town)
        rows.append(
            [
                size,
                f"{ratio}",
                "1" if most == 1 else f"1 to {most}",
                milliseconds(ours),
                milliseconds(theirs),
                f"{theirs / ours:.1f}",
                "WRONG" if certify(town.problem(), result).violations else result.status,
                f"{difference / len(result.pairs):+.0e}",
            ]
        )
    return rows


def with_limits(ratios: tuple[float, ...]) -> Rows:
    """All four families of limits and the bonus."""
    rows, base = [], sorted_by_place(make_town("M", SEED))
    for ratio in ratios:
        town = with_all_limits(with_places(base, ratio, 2))
        peer = peers.or_tools_with_limits(town)
        ours, theirs = cpu_seconds(lambda t=town: solved(t), peer)
        result = solved(town)
        rows.append(
            [
                "M",
                f"{ratio}",
                milliseconds(ours),
                milliseconds(theirs),
                f"{theirs / ours:.1f}",
                "WRONG" if certify(town.problem(), result).violations else result.status,
                f"{(result.objective - peer()) / len(result.pairs):+.0e}",
            ]
        )
    return rows


def warm(ratios: tuple[float, ...], share: float = 0.001) -> Rows:
    """A thousandth of the newcomers have new scores, and of the offers other places."""
    rows, base = [], sorted_by_place(make_town("M", SEED))
    for ratio in ratios:
        town = with_places(base, ratio)
        rng = np.random.default_rng(1)
        n, m = town.scores.shape
        who = np.sort(rng.choice(n, round(n * share), replace=False))
        where = rng.choice(m, round(m * share), replace=False)
        scores = town.scores.copy()
        for row in who:
            entries = slice(scores.indptr[row], scores.indptr[row + 1])
            scores.data[entries] = rng.random(scores.data[entries].size)
        places = dict(zip(where.tolist(), rng.integers(0, 6, len(where)).tolist(), strict=True))
        capacity = town.limits["capacity"].copy()
        capacity[where] = list(places.values())
        changed = Instance(scores, town.rows_km, town.columns_km, town.limits | {"capacity": capacity})
        earlier = solved(town)
        cold, begun = cpu_seconds(
            lambda c=changed: solved(c), lambda c=changed, e=earlier: solve(c.problem(), warm_start=e)
        )
        lives = []
        for _ in range(RUNS):
            session, new = AssignmentSession(town.problem()), scores[who]
            started = time.process_time()
            come = session.rows(new, town.limits["demand"][who])
            session.change(remove=who.tolist(), add=come, capacity=places)
            lives.append(time.process_time() - started)
        live = median(lives)
        one = []
        for row in rng.choice(n, 50, replace=False).tolist():
            column = int(scores.indices[scores.indptr[row]])
            started = time.process_time()
            session.what_if(capacity={column: 1 + int(town.limits["capacity"][column])})
            one.append(time.process_time() - started)
        difference = session.objective - solved(changed).objective
        figures = [cold, begun, live, median(one)]
        row = [f"{ratio}", milliseconds(cold)]
        for seconds in figures[1:]:
            row += [milliseconds(seconds), f"{cold / seconds:.1f}"]
        rows.append([*row, f"{difference:+.0e}"])
    return rows


def other_peers() -> Rows:
    """Every peer there is, on the small town."""
    town = with_places(sorted_by_place(make_town("S", SEED)), 1.1)
    calls: list[tuple[str, Callable[[Instance], float]]] = [
        ("OR-Tools SimpleMinCostFlow", peers.or_tools),
        ("scipy min_weight_full_bipartite_matching", peers.scipy_sparse_matching),
        ("scipy linear_sum_assignment", peers.scipy_linear_sum_assignment),
        ("HiGHS (scipy linprog)", peers.highs),
    ]
    ours, *theirs = cpu_seconds(lambda: solved(town), *(lambda call=call: call(town) for _, call in calls))
    rows = [["Koppel, auction", milliseconds(ours), "1.0", ""]]
    value = solved(town).objective
    for (name, call), seconds in zip(calls, theirs, strict=True):
        rows.append([name, milliseconds(seconds), f"{seconds / ours:.1f}", f"{call(town) - value:+.0e}"])
    return rows


def pass_times(sizes: tuple[str, ...]) -> Rows:
    """One pass over all scores and the prices of their columns: no solver can do with less than a few."""
    rows = []
    for size in sizes:
        town = sorted_by_place(make_town(size, SEED))
        columns, scores = town.scores.indices, town.scores.data.astype(np.float32)
        prices = np.zeros(town.scores.shape[1], np.float32)
        out = np.empty_like(scores)
        (seconds,) = cpu_seconds(
            lambda c=columns, s=scores, p=prices, o=out: np.subtract(s, p[c], out=o), runs=9
        )
        filled = with_places(town, 1.1)
        (ours,) = cpu_seconds(lambda t=filled: solved(t))
        rows.append([size, milliseconds(seconds), milliseconds(ours), f"{ours / seconds:.0f}"])
    return rows


LARGEST = """
import json, sys, time
from pathlib import Path

import numpy as np
from scipy.sparse import csr_array
from benchmarks.instances import Instance, sorted_by_place
from matcher.assignment import AssignmentProblem, solve
with np.load(sys.argv[1]) as kept:
    n, m, k = len(kept["rows"]), len(kept["columns"]), len(kept["scores"]) // len(kept["rows"])
    starts = np.arange(0, n * k + 1, k, dtype=np.int32)
    scores = csr_array((kept["scores"], kept["indices"], starts), shape=(n, m))
    limits = {"demand": kept["demand"], "capacity": kept["capacity"]}
    town = Instance(scores, kept["rows"], kept["columns"], limits)
del scores
solve(AssignmentProblem(csr_array(np.eye(2)), [1, 1]))
started = time.process_time()
town = sorted_by_place(town)
ordered = time.process_time()
result = solve(town.problem())
ended = time.process_time()
# Of this process: `ru_maxrss` begins with what its parent held.
status = dict(line.split(":") for line in Path("/proc/self/status").read_text().splitlines())
peak = int(status["VmHWM"].split()[0]) / 1e6
print(json.dumps([ordered - started, ended - ordered, peak, result.status, result.bound - result.objective]))
"""


def largest(folder: str) -> Rows:
    """A million newcomers in a process of its own, sorting included."""
    town = with_places(make_town("XL", SEED), 1.1)
    path = f"{folder}/largest.npz"
    np.savez(
        path, scores=town.scores.data, indices=town.scores.indices, rows=town.rows_km,
        columns=town.columns_km, **town.limits,
    )  # fmt: skip
    del town
    # Twice: the first may compile, and what the compiler takes is not the solver's.
    for _ in range(2):
        answer = subprocess.run(
            [sys.executable, "-c", LARGEST, path], capture_output=True, check=True, text=True
        )
    sorting, solving, peak, status, gap = json.loads(answer.stdout)
    return [
        ["XL", "1.1", f"{sorting:.2f}", f"{solving:.2f}", f"{sorting + solving:.2f}", f"{peak:.2f}", status,
         f"{gap:.0e}"]
    ]  # fmt: skip


def warm_up() -> None:
    """Compile everything before anything is timed."""
    town = with_places(make_town("S", 1), 1.0, 2)
    solved(town)
    limited = with_all_limits(town)
    AssignmentSession(limited.problem()).what_if(capacity={0: 0}, remove=[0])
    AssignmentSession(town.problem()).change(remove=[0], add=town.problem())
    solve(AssignmentProblem(town.scores, **limited.limits, slots=np.arange(town.scores.shape[1]) % 5 - 1))
    solve(limited.problem(), warm_start=solved(limited))
