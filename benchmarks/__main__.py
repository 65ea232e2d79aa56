"""All measurements, side by side: printed, and written to RESULTS.md. Ratios count, not times.

python -m benchmarks [--quick]     --quick leaves out the large towns and writes nothing
"""

from __future__ import annotations

import os
import platform
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks import assignment, plans

TOWNS = ((600, 520), (5_000, 1_500), (20_000, 4_000))
RESULTS = Path(__file__).parent / "RESULTS.md"
MEDIUM = [("M", ratio, most) for most in (1, 3) for ratio in (1.5, 1.1, 1.0, 0.8)]
LARGE = [("L", 1.1, 1), ("L", 1.0, 1)]
Section = tuple[str, str, list[str], list[list[str]]]


def sections(quick: bool) -> list[Section]:
    """Title, explanation, heads and rows of every table."""
    assignment.warm_up()
    tables: list[Section] = [
        (
            "Against OR-Tools SimpleMinCostFlow",
            "CPU milliseconds, median of 3, in turns. Ours: reading and checking the problem, solving, "
            "prices, proof. Theirs: adding the arcs and solving. Newcomers, offers, candidates each: "
            "S is 2,000 x 400 x 30, M 20,000 x 4,000 x 30, L 200,000 x 40,000 x 30, XL 1,000,000 x 200,000 "
            "x 20. The difference of the values is a pair's; theirs are rounded to millionths.",
            "size; places / demand; offers each; ours; OR-Tools; times faster; status; difference".split(
                "; "
            ),
            assignment.against_or_tools(MEDIUM + ([] if quick else LARGE)),
        ),
        (
            "With kinds, mixing limits and bonus",
            "M, up to two offers of each of two kinds, 1 to 2 in all; mixing limits at half of the offers.",
            "size; places / demand; ours; OR-Tools; times faster; status; difference".split("; "),
            assignment.with_limits((1.5, 1.1, 1.0, 0.8)),
        ),
        (
            "Solving again",
            "M, one offer each. A thousandth of the newcomers have new scores, a thousandth of the offers "
            "other places: solved anew, with warm_start, and by a session that is open; then one question: "
            "what would a further place somewhere bring.",
            "places / demand; anew; warm_start; times; session; times; one question; times; difference".split(
                "; "
            ),
            assignment.warm((1.5, 1.1, 1.0)),
        ),
        (
            "Other solvers",
            "S, places / demand 1.1, one offer each.",
            "solver; CPU ms; times ours; difference".split("; "),
            assignment.other_peers(),
        ),
        (
            "The physical limit",
            "One pass over all scores and the prices of their columns, by numpy.",
            "size; pass (ms); ours (ms); passes".split("; "),
            assignment.pass_times(("M",) if quick else ("M", "L")),
        ),
        (
            "A whole plan",
            "Wall-clock seconds of each stage, people to proposals; how much of its bound the plan reaches.",
            "newcomers x offers; candidates; seconds a stage; in all; value / bound".split("; "),
            plans.stages(TOWNS[:1] if quick else TOWNS),
        ),
        (
            "Candidates, scores and assignment on arrays",
            "Wall-clock seconds, two threads where there are two; plain: k-d tree, numpy rules and criteria, "
            "OR-Tools. Overlapping sessions are not repaired. Million pairs: all newcomers times all offers.",
            "newcomers x offers; allowed; candidates and scores; million pairs a second; plain; times; "
            "with assignment; plain; times; difference".split("; "),
            plans.against_a_plain_pipeline(TOWNS[:1] if quick else TOWNS),
        ),
    ]
    if not quick:
        with tempfile.TemporaryDirectory() as folder:
            rows = assignment.largest(folder)
        text = "One process, one core, sorting by place included; seconds and gigabytes."
        heads = "size; places / demand; sorting; solving; in all; peak GB; status; gap".split("; ")
        tables.append(("A million newcomers", text, heads, rows))
    return tables


def machine() -> str:
    """What this was measured on."""
    names = ("numpy", "scipy", "numba", "ortools")
    versions = ", ".join(f"{name} {version(name)}" for name in names)
    return f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}, {versions}"


def as_markdown(tables: list[Section]) -> str:
    """The tables as a page."""
    lines = ["# Results", "", f"Written by `make bench`. Measured on: {machine()}.", ""]
    for title, text, heads, rows in tables:
        lines += [f"## {title}", text, "", "| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
        lines += ["| " + " | ".join(row) + " |" for row in rows] + [""]
    return "\n".join(lines)


def main() -> None:
    """Measure, print, write."""
    quick = "--quick" in sys.argv[1:]
    tables = sections(quick)
    console = Console(width=160)
    for title, text, heads, rows in tables:
        table = Table(*heads, title=title, caption=text)
        for row in rows:
            table.add_row(*row)
        console.print(table)
    if not quick:
        RESULTS.write_text(as_markdown(tables), encoding="utf-8")


if __name__ == "__main__":
    main()
