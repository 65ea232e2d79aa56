"""Random towns to assign: newcomers and offers around district centres, candidates near by. No solving."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.spatial import cKDTree

from matcher.assignment import AssignmentProblem

SIZES = {
    "S": (2_000, 400, 30),
    "M": (20_000, 4_000, 30),
    "L": (200_000, 40_000, 30),
    "XL": (1_000_000, 200_000, 20),
}
PEOPLE_A_TOWN = 20_000
CELL_KM = 2.0


@dataclass(frozen=True)
class Instance:
    """Scores of candidates, with where everybody lives; limits in the names of `AssignmentProblem`."""

    scores: csr_array[np.float64]
    rows_km: NDArray[np.float64]
    columns_km: NDArray[np.float64]
    limits: dict[str, Any]

    def problem(self) -> AssignmentProblem:
        """The problem, checked and copied as anybody's would be."""
        return AssignmentProblem(self.scores, **self.limits)


def make_town(size: str, seed: int) -> Instance:
    """Candidates of each newcomer: the best of the nearest offers, by distance, interests and chance."""
    n, m, k = SIZES[size]
    rng = np.random.default_rng(seed)
    n_towns = max(1, n // PEOPLE_A_TOWN)
    towns = np.array([(30.0 * (t % 8), 30.0 * (t // 8)) for t in range(n_towns)])
    districts = rng.normal(0, 3.5, (n_towns, 12, 2))

    def homes(count: int) -> NDArray[np.float64]:
        town, district = rng.integers(0, n_towns, count), rng.integers(0, 12, count)
        return towns[town] + districts[town, district] + rng.normal(0, 1.2, (count, 2))

    rows_km, columns_km = homes(n), homes(m)
    tastes = [rng.dirichlet(np.full(8, 0.4), count).astype(np.float32) for count in (n, m)]
    tastes = [taste / np.linalg.norm(taste, axis=1, keepdims=True) for taste in tastes]
    near = cKDTree(columns_km)
    columns, scores = np.empty((n, k), np.int32), np.empty((n, k))
    for first in range(0, n, 20_000):
        last = min(n, first + 20_000)
        km, offers = near.query(rows_km[first:last], min(3 * k, m), workers=2)
        alike = np.einsum("ij,ikj->ik", tastes[0][first:last], tastes[1][offers])
        value = 0.5 / (1 + km) + 0.4 * alike + 0.1 * rng.random(km.shape)
        best = np.argpartition(-value, k - 1, axis=1)[:, :k]
        best = np.take_along_axis(best, np.argsort(np.take_along_axis(offers, best, 1), axis=1), 1)
        columns[first:last] = np.take_along_axis(offers, best, 1)
        scores[first:last] = np.take_along_axis(value, best, 1)
    starts = np.arange(0, n * k + 1, k, dtype=np.int32)
    matrix = csr_array((scores.ravel(), columns.ravel(), starts), shape=(n, m))
    return Instance(matrix, rows_km, columns_km, {})


def with_places(town: Instance, ratio: float, most: int = 1, seed: int = 5) -> Instance:
    """As many places in all as `ratio` times the demand, which is 1 to `most` a newcomer."""
    n, m = town.scores.shape
    rng = np.random.default_rng(seed)
    demand = rng.integers(1, most + 1, n)
    share = rng.gamma(1.2, 1, m)
    capacity = 1 + rng.multinomial(max(0, round(ratio * demand.sum()) - m), share / share.sum())
    return replace(town, limits={"demand": demand, "capacity": capacity})


def with_all_limits(town: Instance, seed: int = 6) -> Instance:
    """Two kinds, mixing limits of a third of the places for eight groups, and a bonus of up to 1."""
    n, m = town.scores.shape
    rng = np.random.default_rng(seed)
    capacity = town.limits["capacity"]
    mixing = np.maximum(1, capacity // 3)[:, None].repeat(8, axis=1)
    mixing[rng.random(m) < 0.5] = -1
    return replace(
        town,
        limits=town.limits
        | {
            "kinds": rng.integers(0, 2, m),
            "kind_demand": rng.integers(1, 3, (n, 2)),
            "groups": rng.choice(8, n, p=np.array([8, 5, 4, 3, 2, 1, 1, 1]) / 25),
            "group_capacity": mixing,
            "row_bonus": rng.random(n),
        },
    )


def sorted_by_place(town: Instance) -> Instance:
    """The same town with newcomers and offers in the order of a grid: neighbours stand near each other."""
    low = town.rows_km.min(axis=0)

    def order(points: NDArray[np.float64]) -> NDArray[np.intp]:
        cell = np.floor((points - low) / CELL_KM).astype(np.int64)
        along = np.where(cell[:, 0] % 2, -cell[:, 1], cell[:, 1])  # there and back again
        return np.lexsort([along, cell[:, 0]])

    rows, columns = order(town.rows_km), order(town.columns_km)
    number = np.empty(len(columns), np.int32)
    number[columns] = np.arange(len(columns), dtype=np.int32)
    n, m = town.scores.shape
    k = int(town.scores.indptr[1])
    new = number[town.scores.indices.reshape(n, k)[rows]]
    within = np.argsort(new, axis=1)
    scores = np.take_along_axis(town.scores.data.reshape(n, k)[rows], within, 1).ravel()
    matrix = csr_array((scores, np.take_along_axis(new, within, 1).ravel(), town.scores.indptr), shape=(n, m))
    by_row = {"demand", "kind_demand", "groups", "row_bonus"}
    limits = {name: value[rows] if name in by_row else value[columns] for name, value in town.limits.items()}
    return Instance(matrix, town.rows_km[rows], town.columns_km[columns], limits)
