"""Half a year of arrivals, week by week: greedy, looking ahead in three ways, and knowing everything.

python -m benchmarks.seasons [--quick | --trial]     two seasons, or those for trying variants; writes nothing
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from scipy import sparse
from scipy.sparse import csr_array

from matcher import Policy
from matcher.assignment import AssignmentProblem, solve_without_clashes
from matcher.generate import generate_town
from matcher.pairs.candidates import find_candidates
from matcher.pairs.encoding import encode
from matcher.pairs.policy import Lookahead
from matcher.pairs.scoring import score_parts
from matcher.pairs.situation import Situation
from matcher.planning.lookahead import Forecast, forecast, held, is_blocking
from matcher.planning.single import pose_problem

# The settings, written down before the first run. Variants were compared on other seeds (`TRIAL_SEEDS`).
TOWN = "muenster"
FIRST_DAY = date(2026, 11, 16)  # a Monday, the reference date of the demo data
SEEDS = range(1, 25)  # 24 seasons, each a town of its own
TRIAL_SEEDS = range(101, 107)
WEEKS = 26
PAST_WEEKS = 26  # arrivals known when the season begins; those of the season join them as they come
PEOPLE_A_WEEK = 20  # expected; Poisson, in the season and before it
N_OFFERS = 450  # as many a newcomer as in the demo town (340 newcomers, 297 offers)
# Free places of activities are drawn for the wishes of the half-year before: about 1.1 to a wish. Mentors
# and households are scarcer. All places are there from the first week, none come back, none are added.
# Wishes are as drawn: up to two activities, a mentor, a neighbour; who is left with a wish tries every week.
POLICY = Policy(lookahead=Lookahead(is_on=True, weeks=26, samples=16, longest_wait_weeks=6))
# A plan is made every Monday with everybody who came in the week before.
# Value: scores, and the bonus for serving a person at all *without* its part for waiting, or whoever makes
# people wait would be paid for it. Scores, ages and screenings are those of the first day.

PAGE = Path(__file__).parent / "SEASONS.md"
NOT_YET = -1
FORBIDDEN = -3.0  # a score so low that no bonus makes up for it: such a pair is not taken
Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Season:
    """Everybody of the past and of the season over all places, and the week in which each arrives."""

    whole: AssignmentProblem
    clashes: csr_array
    week: Ints  # below 0: before the season
    need_level: Ints

    @property
    def arrives(self) -> Flags:
        """Who comes within the season."""
        return self.week >= 0


@dataclass(frozen=True)
class BaselineResult:
    """Who was given what, in which week."""

    pairs: Ints  # (p, 2): row, column
    weeks: Ints  # (p,)
    n_blocked: int = 0  # past the limit, without anything, while a possible place stayed free


@dataclass
class Books:
    """What is left while a season is played."""

    capacity: Ints
    group_capacity: Ints
    demand: Ints
    kind_demand: Ints
    served: Ints  # week of the first placement
    is_open: Flags  # pairs that are neither taken nor in conflict with one that is

    def take(self, season: Season, row: int, column: int, week: int) -> None:
        """A placement, and what it rules out."""
        whole = season.whole
        self.capacity[column] -= 1
        self.demand[row] -= 1
        self.kind_demand[row, whole.kinds[column]] -= 1
        group = whole.groups[row]
        self.group_capacity[column, group] -= self.group_capacity[column, group] > 0
        if self.served[row] == NOT_YET:
            self.served[row] = week
        own = slice(*whole.scores.indptr[row : row + 2])
        excluded = np.append(season.clashes[[column]].indices, column)
        self.is_open[own] &= ~np.isin(whole.columns[own], excluded)


def draw_season(seed: int) -> Season:
    """A town with its places, the people of the past half-year, and those of the season."""
    rng = np.random.default_rng(seed)
    before, within = rng.poisson(PEOPLE_A_WEEK, PAST_WEEKS), rng.poisson(PEOPLE_A_WEEK, WEEKS)
    past, offers = generate_town(TOWN, int(before.sum()), N_OFFERS, rng, FIRST_DAY, label="p")
    come, _ = generate_town(TOWN, int(within.sum()), 0, rng, FIRST_DAY, label="s")
    people = [replace(person, status="ready", waiting_since=FIRST_DAY) for person in (*past, *come)]
    nothing = sparse.csr_array((len(people), len(offers)), dtype=np.bool_)
    situation = Situation(encode(people, offers, POLICY, FIRST_DAY), POLICY, nothing, nothing)
    pairs = find_candidates(situation)
    whole = pose_problem(pairs, score_parts(pairs).sum(axis=1))
    week = np.concatenate([np.repeat(np.arange(-PAST_WEEKS, 0), before), np.repeat(np.arange(WEEKS), within)])
    return Season(whole, situation.town.offers.clashes, week, situation.town.newcomers.need_level)


def rows_of(
    season: Season, rows: Ints, books: Books | None = None, bonus: Floats | None = None
) -> AssignmentProblem:
    """The problem of some people, over the places that are left."""
    whole = season.whole
    scores, left = whole.scores, whole if books is None else books
    if books is not None:
        keep = books.is_open & (books.capacity[whole.columns] > 0)
        starts = np.concatenate([[0], np.cumsum(keep)])[scores.indptr]
        scores = csr_array((scores.data[keep], scores.indices[keep], starts), shape=scores.shape)
    return AssignmentProblem(
        scores[rows], left.capacity, left.demand[rows], whole.kinds, left.kind_demand[rows],
        whole.groups[rows], left.group_capacity, (whole.row_bonus if bonus is None else bonus)[rows],
        whole.slots,
    )  # fmt: skip


Look = Callable[[Season, int, AssignmentProblem], Forecast]


def nothing_ahead(_season: Season, _week: int, now: AssignmentProblem) -> Forecast:
    """Whatever comes counts for nothing."""
    return Forecast.nobody_comes(now)


def sampled(season: Season, week: int, now: AssignmentProblem) -> Forecast:
    """Futures of the rest of the season, drawn from everybody who arrived so far."""
    pool = np.flatnonzero(season.week <= week)
    return forecast(
        now,
        rows_of(season, pool),
        np.bincount(season.week[pool] + PAST_WEEKS, minlength=PAST_WEEKS + week + 1),
        weeks=min(POLICY.lookahead.weeks, WEEKS - 1 - week),
        samples=POLICY.lookahead.samples,
        rng=np.random.default_rng([week, season.whole.n_rows]),
    )


def further_last(_season: Season, week: int, now: AssignmentProblem) -> Forecast:
    """No prices; whoever has a placement gets a further one in the last week only."""
    seen = Forecast.nobody_comes(now)
    return seen if week == WEEKS - 1 else replace(seen, agreement=np.zeros(now.scores.nnz))


def prices_alone(season: Season, week: int, now: AssignmentProblem) -> Forecast:
    """The sampled prices; further placements are given like the first."""
    return replace(sampled(season, week, now), agreement=np.ones(now.scores.nnz))


def play(season: Season, look: Look) -> BaselineResult:
    """Match week by week."""
    whole, limit = season.whole, POLICY.lookahead.longest_wait_weeks
    books = Books(
        whole.capacity.copy(), whole.group_capacity.copy(), whole.demand.copy(), whole.kind_demand.copy(),
        np.full(whole.n_rows, NOT_YET), np.ones(whole.scores.nnz, np.bool_),
    )  # fmt: skip
    taken: list[tuple[int, int, int]] = []
    n_blocked = 0
    for week in range(WEEKS):
        here = np.flatnonzero(season.arrives & (season.week <= week) & (books.demand > 0))
        waited = np.maximum(0, week - season.week)
        full = POLICY.bonus.waiting_weeks_full
        bonus = np.where(
            books.served == NOT_YET,
            whole.row_bonus + POLICY.bonus.waiting * np.minimum(1, waited / full),
            0.0,
        )
        now = rows_of(season, here, books, bonus)
        is_served, can_wait = books.served[here] != NOT_YET, waited[here] < limit
        chosen = choose(now, look(season, week, now), season.clashes, is_served, can_wait)
        for row, column in chosen.tolist():
            books.take(season, int(here[row]), column, week)
            taken.append((int(here[row]), column, week))
        n_blocked += blocked(now, chosen, books, ~is_served & ~can_wait)
    given = np.array(taken)
    return BaselineResult(given[:, :2], given[:, 2], n_blocked)


def choose(
    now: AssignmentProblem, seen: Forecast, clashes: csr_array, is_served: Flags, can_wait: Flags
) -> Ints:
    """What is given this week: the rows and columns of `now`, as `plan_ahead` would."""
    scores, value = now.scores.data, seen.values[now.columns]
    is_worth_it = scores + now.row_bonus[now.rows] > value
    cost = np.where(is_worth_it, np.minimum(value, np.maximum(scores, 0.0)), value)
    worth, keys = scores - np.where(can_wait[now.rows], cost, 0.0), now.rows * now.n_columns + now.columns
    while True:
        matrix = csr_array((worth, now.scores.indices, now.scores.indptr), shape=now.scores.shape)
        problem = now.with_scores(matrix)
        pairs = solve_without_clashes(problem, clashes).pairs
        entries = np.searchsorted(keys, pairs @ [now.n_columns, 1])
        is_held = held(pairs, seen.agreement[entries], is_served)
        in_the_way = is_blocking(problem, pairs, is_held, ~is_served & ~can_wait)
        if not in_the_way.any():
            return pairs[~is_held]
        worth[entries[in_the_way]] = FORBIDDEN


def blocked(now: AssignmentProblem, chosen: Ints, books: Books, is_overdue: Flags) -> int:
    """People past the limit who got nothing, though a place they could take was left."""
    left_out = is_overdue.copy()
    left_out[chosen[:, 0]] = False
    groups = now.groups[now.rows]
    is_free = (books.capacity[now.columns] > 0) & (books.group_capacity[now.columns, groups] != 0)
    return np.unique(now.rows[left_out[now.rows] & is_free]).size


def hindsight(season: Season) -> tuple[BaselineResult, float]:
    """The best choice for everybody at once, and the bound that no choice exceeds."""
    rows = np.flatnonzero(season.arrives)
    result = solve_without_clashes(rows_of(season, rows), season.clashes)
    pairs = np.column_stack([rows[result.pairs[:, 0]], result.pairs[:, 1]])
    return BaselineResult(pairs, season.week[pairs[:, 0]]), result.bound


# Figures ---------------------------------------------------------------------------------------------

WAYS: dict[str, Look] = {
    "greedy by week": nothing_ahead,
    "further ones last": further_last,
    "prices alone": prices_alone,
    "look-ahead": sampled,
}


def figures(season: Season, outcome: BaselineResult, among: Flags | None = None) -> dict[str, float]:
    """Value, score and waiting of those who arrive in the season, or of some of them."""
    whole = season.whole
    could = season.arrives & (np.diff(whole.scores.indptr) > 0)
    if among is not None:
        could &= among
    mine = could[outcome.pairs[:, 0]]
    pairs, weeks = outcome.pairs[mine], outcome.weeks[mine]
    first = np.full(whole.n_rows, WEEKS)
    np.minimum.at(first, pairs[:, 0], weeks)
    served = first < WEEKS
    keys = whole.rows * whole.n_columns + whole.columns
    scores = whole.scores.data[np.searchsorted(keys, pairs @ [whole.n_columns, 1])]
    wait = (first - season.week)[served]
    is_first = np.zeros(len(pairs), np.bool_)
    order = np.lexsort([weeks, pairs[:, 0]])
    is_first[order[np.unique(pairs[order, 0], return_index=True)[1]]] = True
    later = (weeks - season.week[pairs[:, 0]])[~is_first]
    return {
        "value": float(scores.sum() + whole.row_bonus[served].sum()),
        "score": float(scores.mean()),
        "served": served.sum() / could.sum(),
        "wait": float(wait.mean()),
        "longest": float(wait.max()),
        "waited": float((wait > 0).mean()),
        "placements": float(len(pairs)),
        "further": float(len(later)),
        "further_wait": float(later.mean()),
    }


Table = dict[str, list[dict[str, float]]]


def measure(seeds: range) -> tuple[Table, dict[int, Table], list[float], dict[str, float]]:
    """Figures of every way by season, by need level, the hindsight bounds, and seconds."""
    table: Table = {name: [] for name in (*WAYS, "hindsight")}
    by_need: dict[int, Table] = {level: {name: [] for name in table} for level in (1, 2, 3, 4)}
    bounds, seconds = [], dict.fromkeys(table, 0.0)
    for seed in seeds:
        season = draw_season(seed)
        for name in table:
            started = time.perf_counter()
            if name == "hindsight":
                outcome, bound = hindsight(season)
                bounds.append(bound)
            else:
                outcome = play(season, WAYS[name])
            seconds[name] += time.perf_counter() - started
            table[name].append(figures(season, outcome) | {"blocked": outcome.n_blocked})
            for level, rows in by_need.items():
                rows[name].append(figures(season, outcome, season.need_level == level))
    return table, by_need, bounds, seconds


def mean(rows: list[dict[str, float]], name: str) -> float:
    """Mean over the seasons."""
    return float(np.mean([row[name] for row in rows]))


def as_table(heads: str, rows: list[list[str]]) -> list[str]:
    """A table of a Markdown page."""
    names = heads.split("; ")
    return ["| " + " | ".join(names) + " |", "|" + "---|" * len(names)] + [
        "| " + " | ".join(row) + " |" for row in rows
    ]


def lines_of(table: Table, by_need: dict[int, Table], bounds: list[float], seeds: range) -> list[str]:
    """The measured part of the page."""
    best = [row["value"] for row in table["hindsight"]]

    def shares(name: str, of: list[float]) -> list[float]:
        return [row["value"] / most for row, most in zip(table[name], of, strict=True)]

    totals = [
        [
            name,
            f"{np.mean(shares(name, best)):.2%}",
            f"{min(shares(name, best)):.2%}",
            f"{np.mean(shares(name, bounds)):.2%}",
            f"{mean(rows, 'score'):.3f}",
            f"{mean(rows, 'served'):.1%}",
            f"{mean(rows, 'placements'):.0f}",
            f"{mean(rows, 'further'):.0f}",
        ]
        for name, rows in table.items()
    ]
    waits = [
        [
            name,
            f"{mean(rows, 'wait'):.2f}",
            f"{mean(rows, 'waited'):.1%}",
            f"{max(row['longest'] for row in rows):.0f}",
            f"{mean(rows, 'further_wait'):.1f}",
            f"{sum(row['blocked'] for row in rows):.0f}",
        ]
        for name, rows in table.items()
        if name != "hindsight"
    ]
    need = [
        [
            str(level),
            name,
            f"{mean(ways[name], 'served'):.1%}",
            f"{mean(ways[name], 'score'):.3f}",
            f"{mean(ways[name], 'wait'):.2f}",
            f"{max(row['longest'] for row in ways[name]):.0f}",
            f"{mean(ways[name], 'further'):.0f}",
            f"{mean(ways[name], 'further_wait'):.1f}" if name != "hindsight" else "",
        ]
        for level, ways in by_need.items()
        for name in ("greedy by week", "look-ahead", "hindsight")
    ]
    seasons = [
        [
            str(seed),
            f"{best[i]:.1f}",
            *(f"{shares(name, best)[i]:.2%}" for name in WAYS),
            f"{shares('look-ahead', bounds)[i]:.2%}",
            f"{table['look-ahead'][i]['score']:.3f}",
            f"{table['greedy by week'][i]['served']:.1%}",
            f"{table['look-ahead'][i]['served']:.1%}",
            f"{table['look-ahead'][i]['wait']:.2f}",
            f"{table['look-ahead'][i]['longest']:.0f}",
        ]
        for i, seed in enumerate(seeds)
    ]
    return [
        "## All seasons",
        *as_table(
            "way; of hindsight, mean; worst season; of the bound; mean score; served; placements; "
            "further ones",
            totals,
        ),
        "",
        "## Waiting",
        *as_table(
            "way; mean weeks to the first; who waits at all; longest; mean weeks to a further one; "
            "past the limit beside a free place",
            waits,
        ),
        "",
        "## By need level",
        *as_table("need; way; served; mean score; mean weeks; longest; further ones; weeks to them", need),
        "",
        "## Season by season",
        *as_table(
            "seed; hindsight value; "
            + "; ".join(WAYS)
            + "; look-ahead of the bound; its mean score; greedy serves; it serves; "
            "weeks to the first; longest",
            seasons,
        ),
        "",
    ]


def main() -> None:
    """Play, print, write."""
    seeds = SEEDS[:2] if "--quick" in sys.argv[1:] else TRIAL_SEEDS if "--trial" in sys.argv[1:] else SEEDS
    table, by_need, bounds, seconds = measure(seeds)
    lines = lines_of(table, by_need, bounds, seeds)
    console = Console(width=200)
    console.print("\n".join(lines), highlight=False)
    console.print({name: round(took / len(bounds), 2) for name, took in seconds.items()})
    if seeds is SEEDS:
        top = PAGE.read_text(encoding="utf-8").split("## All seasons")[0]
        PAGE.write_text(top + "\n".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main()
