"""Where the time of a whole plan goes, from people to proposals."""

from __future__ import annotations

from datetime import date

import numpy as np

from matcher import Policy, make_plan
from matcher.generate import generate_town

DAY = date(2026, 11, 16)


def stages(sizes: tuple[tuple[int, int], ...]) -> list[list[str]]:
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
