"""Where the time of a whole plan goes, and how long a plain pipeline takes for the same people."""

from __future__ import annotations

import time
from datetime import date

import numpy as np
from scipy.spatial import cKDTree

from benchmarks.assignment import Rows
from matcher import Policy, make_plan
from matcher.assignment import solve
from matcher.generate import generate_town
from matcher.pairs.candidates import CandidateSearch
from matcher.pairs.eligibility import allowed
from matcher.pairs.encoding import FloatArray
from matcher.pairs.scoring import score_parts
from matcher.pairs.situation import Pairs, Situation
from matcher.pairs.travel import reach_km
from matcher.planning.column_generation import pose_problem

DAY = date(2026, 11, 16)
ROWS_AT_ONCE = 2_000


def stages(sizes: tuple[tuple[int, int], ...]) -> Rows:
    """Seconds of each stage."""
    rows = []
    for n, m in sizes:
        people = generate_town("muenster", n, m, np.random.default_rng(1), DAY)
        plan = make_plan(*people, Policy(), today=DAY)
        parts = ", ".join(f"{stage} {seconds:.2f}" for stage, seconds in plan.seconds.items())
        share = plan.objective / plan.bound
        rows.append(
            [
                f"{n:,} x {m:,}",
                f"{plan.n_candidates:,}",
                parts,
                f"{sum(plan.seconds.values()):.2f}",
                f"{share:.2%}",
            ]
        )
    return rows


def against_a_plain_pipeline(sizes: tuple[tuple[int, int], ...]) -> Rows:
    """Candidates, scores and assignment on encoded people: ours, and k-d tree, numpy and OR-Tools."""
    rows = []
    for n, m in sizes:
        people = generate_town("muenster", n, m, np.random.default_rng(1), DAY)
        situation = make_plan(*people, Policy(), today=DAY).workings.situation
        most = situation.policy.limits.candidates_per_kind
        started = time.perf_counter()
        search = CandidateSearch(situation)
        found = search.best(most)
        sieved = time.perf_counter()
        ours = solve(pose_problem(found.pairs, found.scores)).objective
        ended = time.perf_counter()
        pairs, scores = _plain_candidates(situation)
        weighed = time.perf_counter()
        keep = _best_of_each(pairs, scores, most)
        theirs = solve(pose_problem(pairs.only(keep), scores[keep]), method="flow").objective
        solved = time.perf_counter()
        rows.append(
            [
                f"{n:,} x {m:,}",
                f"{found.n_allowed:,}",
                f"{sieved - started:.3f}",
                f"{n * m / (sieved - started) / 1e6:,.0f}",
                f"{weighed - ended:.2f}",
                f"{(weighed - ended) / (sieved - started):.0f}",
                f"{ended - started:.2f}",
                f"{solved - ended:.2f}",
                f"{(solved - ended) / (ended - started):.0f}",
                f"{ours - theirs:+.0e}",
            ]
        )
    return rows


def _plain_candidates(situation: Situation) -> tuple[Pairs, FloatArray]:
    """Everybody within reach by a k-d tree, then rules and criteria in numpy, block by block."""
    newcomers, offers = situation.town.newcomers, situation.town.offers
    columns = np.flatnonzero(offers.is_active & (situation.free_places > 0))
    rows = np.flatnonzero(newcomers.is_ready & newcomers.has_consent & (situation.open_total > 0))
    is_known = np.isfinite(offers.points_km[columns]).all(axis=1)
    tree, nowhere = cKDTree(offers.points_km[columns[is_known]]), columns[~is_known]
    reach = reach_km(newcomers.max_minutes, newcomers.modes, situation.policy.travel) + 1e-6
    blocks = []
    for first in range(0, rows.size, ROWS_AT_ONCE):
        block = rows[first : first + ROWS_AT_ONCE]
        has_point = np.isfinite(newcomers.points_km[block]).all(axis=1)
        near: list[np.ndarray] = [columns] * block.size
        hits = tree.query_ball_point(newcomers.points_km[block[has_point]], reach[block[has_point]])
        for at, hit in zip(np.flatnonzero(has_point).tolist(), hits, strict=True):
            near[at] = np.concatenate([columns[is_known][hit], nowhere])
        lengths = [len(own) for own in near]
        blocks.append(allowed(Pairs(situation, np.repeat(block, lengths), np.concatenate(near))))
    found = Pairs(
        situation, np.concatenate([b.rows for b in blocks]), np.concatenate([b.columns for b in blocks])
    )
    order = np.lexsort((found.columns, found.rows))
    found = Pairs(situation, found.rows[order], found.columns[order])
    return found, score_parts(found).sum(axis=1)


def _best_of_each(pairs: Pairs, scores: FloatArray, most: int) -> np.ndarray:
    """Which pairs are among the best of their newcomer and kind."""
    kind = pairs.offers.kind[pairs.columns]
    order = np.lexsort((pairs.columns, -scores, kind, pairs.rows))
    cell = pairs.rows[order] * 3 + kind[order]
    first = np.searchsorted(cell, cell)
    keep = np.zeros(order.size, np.bool_)
    keep[order] = np.arange(order.size) - first < most
    return keep
