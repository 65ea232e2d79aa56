"""Passes over everybody: the best pairs of each newcomer and kind, and what stands alone in the way."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from matcher._compiled import inlined, kernel
from matcher._sieve.judging import (
    AGE,
    HOURS,
    LANGUAGE,
    MIX,
    TRAVEL,
    breaks_age,
    breaks_hours,
    breaks_language,
    breaks_mix,
    broken_bits,
    distance_km,
    minutes_of,
)
from matcher._sieve.packing import N_KINDS, Array, Grid, Marks, PackedNewcomers, PackedOffers
from matcher._sieve.weighing import (
    FRESHNESS,
    GOALS,
    INTERESTS,
    LIFE_PHASE,
    RECIPROCITY,
    common_hours,
    language_comfort,
    overlap,
    same_life_phase,
    shared_interests,
    short_way,
    spread,
    sweep,
)
from matcher._sieve.weighing import HOURS as HOURS_CRITERION
from matcher._sieve.weighing import (
    LANGUAGE as LANGUAGE_CRITERION,
)
from matcher._sieve.weighing import TRAVEL as TRAVEL_CRITERION


class Terms(NamedTuple):
    """What a pass weighs with."""

    shares: Array  # (criteria,) float64
    minutes_a_km: Array  # (4,) float64
    rule_of_bit: Array  # int64
    run: int  # steps in a row that make a common hour
    costs: Array  # (m,) float64: what a place at each offer costs whoever can wait; in the order of the grid
    bonuses: Array  # (n,) float64: what serving each newcomer at all is worth
    prices: Array  # (m,) float64: what it costs everybody
    group_prices: Array  # (m, G) float64; or (m, 0)
    floors: Array  # (n, kinds) float64: what a pair must be worth more than


class Scratch(NamedTuple):
    """Room that one thread works in."""

    likes: Array  # (T,) float64, nought between newcomers; and so on
    named: Array
    against: Array
    skills: Array
    goals: Array
    norms: Array  # (6,) float64
    steps: Array  # (2, F) uint64
    marked: Array  # (m,) int64: rules broken by what is settled about the pair
    worth: Array  # (kinds, best) float64: heaps, the least first
    score: Array  # (kinds, best) float64
    held: Array  # (kinds, best) int64: which offer
    size: Array  # (kinds,) int64


class Best(NamedTuple):
    """What comes out, for a block of newcomers."""

    column: Array  # (rows, width) int32
    score: Array  # (rows, width) float64
    n_kept: Array  # (rows,) int64: how many of these there are
    n_allowed: Array  # (rows,) int64: pairs that every rule allows
    cut_at: Array  # (rows, kinds) float64: no pair left out is worth more; -inf where none is left out


@inlined
def _lay_out(newcomers: PackedNewcomers, marks: Marks, scratch: Scratch, i: int) -> None:
    scratch.norms[0] = spread(newcomers.interests, i, scratch.likes)
    scratch.norms[1] = spread(newcomers.terms, i, scratch.named)
    scratch.norms[3] = spread(newcomers.dislikes, i, scratch.against)
    scratch.norms[4] = spread(newcomers.skills, i, scratch.skills)
    scratch.norms[5] = spread(newcomers.goals, i, scratch.goals)
    for t in range(marks.start[i], marks.start[i + 1]):
        scratch.marked[marks.at[t]] |= marks.rules[t]


@inlined
def _clear_away(newcomers: PackedNewcomers, marks: Marks, scratch: Scratch, i: int) -> None:
    sweep(newcomers.interests, i, scratch.likes)
    sweep(newcomers.terms, i, scratch.named)
    sweep(newcomers.dislikes, i, scratch.against)
    sweep(newcomers.skills, i, scratch.skills)
    sweep(newcomers.goals, i, scratch.goals)
    for t in range(marks.start[i], marks.start[i + 1]):
        scratch.marked[marks.at[t]] = 0


@inlined
def _score(
    newcomers: PackedNewcomers, offers: PackedOffers, terms: Terms, scratch: Scratch,
    i: int, j: int, minutes: float,
) -> float:  # fmt: skip
    shares = terms.shares
    score = shares[TRAVEL_CRITERION] * short_way(minutes) + shares[FRESHNESS] * offers.freshness[j]
    score += shares[INTERESTS] * shared_interests(
        scratch.likes, scratch.named, scratch.against, scratch.norms, offers, j
    )
    score += shares[LANGUAGE_CRITERION] * language_comfort(newcomers, offers, i, j)
    score += shares[HOURS_CRITERION] * common_hours(newcomers, offers, i, j, scratch.steps[0])
    score += shares[GOALS] * overlap(scratch.goals, scratch.norms[5], offers.goals, j)
    score += shares[LIFE_PHASE] * same_life_phase(newcomers, offers, i, j)
    score += shares[RECIPROCITY] * overlap(scratch.skills, scratch.norms[4], offers.seeks, j)
    return score


@inlined
def cost_of(score: float, cost: float, bonus: float) -> float:
    """See `scoring.kept_back`."""
    return min(cost, max(score, 0.0)) if score + bonus > cost else cost


@inlined
def _is_less(worth: float, column: int, other_worth: float, other_column: int) -> bool:
    """Whether one pair comes after another: worth less, or as much and further right."""
    return worth < other_worth or (worth == other_worth and column > other_column)


@inlined
def _keep(scratch: Scratch, best: Best, r: int, kind: int, worth: float, score: float, column: int) -> None:
    """Put a pair into the heap of its kind, or leave the least of them out."""
    heap, scores, held = scratch.worth[kind], scratch.score[kind], scratch.held[kind]
    size = scratch.size[kind]
    if size < len(heap):
        at = size
        scratch.size[kind] = size + 1
        while at > 0:
            above = (at - 1) >> 1
            if not _is_less(worth, column, heap[above], held[above]):
                break
            heap[at], scores[at], held[at] = heap[above], scores[above], held[above]
            at = above
        heap[at], scores[at], held[at] = worth, score, column
    elif _is_less(heap[0], held[0], worth, column):
        best.cut_at[r, kind] = max(best.cut_at[r, kind], heap[0])
        at = 0
        while True:
            child = 2 * at + 1
            if child >= size:
                break
            if child + 1 < size and _is_less(heap[child + 1], held[child + 1], heap[child], held[child]):
                child += 1
            if not _is_less(heap[child], held[child], worth, column):
                break
            heap[at], scores[at], held[at] = heap[child], scores[child], held[child]
            at = child
        heap[at], scores[at], held[at] = worth, score, column
    else:
        best.cut_at[r, kind] = max(best.cut_at[r, kind], worth)


@kernel
def find_best(
    newcomers: PackedNewcomers, offers: PackedOffers, grid: Grid, marks: Marks, terms: Terms,
    rows: Array, scratch: Scratch, best: Best,
) -> None:  # fmt: skip
    """The pairs of some newcomers that every rule allows and that are worth most, by kind.

    Offers are looked at cell by cell of the grid, within reach; whatever breaks a rule is dismissed by the
    first one it breaks. A pair is worth its score less what its place costs; of each kind the best stay in a
    heap. Among equals the offer further left stays.

    Complexity: O(offers within reach) for the rules, and the criteria of the pairs they allow.
    """
    n_columns = len(offers.column)
    for r in range(len(rows)):
        i = rows[r]
        _lay_out(newcomers, marks, scratch, i)
        n_allowed = 0
        for kind in range(N_KINDS):
            scratch.size[kind] = 0
            best.cut_at[r, kind] = -np.inf
        is_known = not np.isnan(newcomers.points_km[i, 0]) and grid.n_known > 0
        reach = newcomers.reach_km[i]
        first_y, last_y, first_x, last_x = 0, -1, 0, -1
        if is_known:
            for axis in range(2):
                flat = -grid.low[axis]
                for d in range(3):
                    flat += newcomers.points_km[i, d] * grid.axes[axis, d]
                low = max(0.0, np.floor((flat - reach) / grid.cell_km))
                high = min(grid.n_cells[axis] - 1.0, np.floor((flat + reach) / grid.cell_km))
                if axis == 0:
                    first_x, last_x = int(min(low, grid.n_cells[0])), int(max(high, -1.0))
                else:
                    first_y, last_y = int(min(low, grid.n_cells[1])), int(max(high, -1.0))
        # The rows of cells within reach; then those without a point, or everybody.
        for y in range(first_y, last_y + 2):
            if y <= last_y:
                if first_x > last_x:
                    continue
                first = grid.start[y * grid.n_cells[0] + first_x]
                last = grid.start[y * grid.n_cells[0] + last_x + 1]
            else:
                first, last = (grid.n_known if is_known else 0), n_columns
            for j in range(first, last):
                if (newcomers.claims[i] & offers.denials[j]) != np.uint64(0) or scratch.marked[j] != 0:
                    continue
                distance = distance_km(newcomers, offers, i, j)
                minutes = minutes_of(newcomers, terms.minutes_a_km, i, distance)
                if (
                    minutes > newcomers.max_minutes[i]
                    or breaks_age(newcomers, offers, i, j)
                    or breaks_mix(newcomers, offers, i, j)
                    or breaks_language(newcomers, offers, i, j)
                    or breaks_hours(newcomers, offers, i, j, scratch.steps, terms.run)
                ):
                    continue
                n_allowed += 1
                kind = offers.kind[j]
                score = _score(newcomers, offers, terms, scratch, i, j, minutes)
                worth = score - terms.prices[j]
                if newcomers.can_wait[i]:
                    worth -= cost_of(score, terms.costs[j], terms.bonuses[i])
                if terms.group_prices.shape[1] > 0:
                    worth -= terms.group_prices[j, newcomers.group[i]]
                if worth > terms.floors[i, kind]:
                    _keep(scratch, best, r, kind, worth, score, offers.column[j])
        _clear_away(newcomers, marks, scratch, i)
        n_kept = 0
        for kind in range(N_KINDS):
            for t in range(scratch.size[kind]):
                best.column[r, n_kept] = scratch.held[kind, t]
                best.score[r, n_kept] = scratch.score[kind, t]
                n_kept += 1
        best.n_kept[r], best.n_allowed[r] = n_kept, n_allowed


@inlined
def rules_broken(
    newcomers: PackedNewcomers, offers: PackedOffers, terms: Terms, i: int, j: int,
    ignored: int, most: int, scratch: Scratch,
) -> int:  # fmt: skip
    """Which rules a pair breaks, as bits, but for those `ignored`; not all once they exceed `most`."""
    rules = (
        broken_bits(newcomers.claims[i], offers.denials[j], terms.rule_of_bit) | scratch.marked[j]
    ) & ~ignored
    if n_rules(rules) <= most:
        minutes = minutes_of(newcomers, terms.minutes_a_km, i, distance_km(newcomers, offers, i, j))
        if minutes > newcomers.max_minutes[i]:
            rules |= TRAVEL
        if breaks_age(newcomers, offers, i, j):
            rules |= AGE
        if breaks_mix(newcomers, offers, i, j):
            rules |= MIX
        if n_rules(rules) <= most and breaks_language(newcomers, offers, i, j):
            rules |= LANGUAGE
        if n_rules(rules) <= most and breaks_hours(newcomers, offers, i, j, scratch.steps, terms.run):
            rules |= HOURS
    return rules


@inlined
def n_rules(rules: int) -> int:
    """How many bits are set, up to 2: none, one, or more."""
    return 0 if rules == 0 else (1 if rules & (rules - 1) == 0 else 2)


@kernel
def count_obstacles(
    newcomers: PackedNewcomers, offers: PackedOffers, marks: Marks, terms: Terms,
    rows: Array, at: Array, ignored: int, only_alone: bool, scratch: Scratch, counts: Array,
) -> None:  # fmt: skip
    """How often each rule keeps some offers away from some newcomers: alone, or at all.

    Complexity: O(newcomers offers); a pair that breaks two rules is dismissed at the second where only those
    that stand alone are asked for.
    """
    for r in range(len(rows)):
        i = rows[r]
        for t in range(marks.start[i], marks.start[i + 1]):
            scratch.marked[marks.at[t]] |= marks.rules[t]
        for a in range(len(at)):
            rules = rules_broken(newcomers, offers, terms, i, at[a], ignored, 1 if only_alone else 2, scratch)
            if n_rules(rules) == 1 or not only_alone:
                for rule in range(counts.shape[1]):
                    counts[r, rule] += (rules >> rule) & 1
        for t in range(marks.start[i], marks.start[i + 1]):
            scratch.marked[marks.at[t]] = 0


@kernel
def judge_pairs(
    newcomers: PackedNewcomers, offers: PackedOffers, marks: Marks, terms: Terms,
    rows: Array, at: Array, scratch: Scratch, rules: Array, values: Array,
) -> None:  # fmt: skip
    """All rules that single pairs break, and the value of every criterion: what the passes above rest on."""
    for p in range(len(rows)):
        i, j = rows[p], at[p]
        _lay_out(newcomers, marks, scratch, i)
        rules[p] = rules_broken(newcomers, offers, terms, i, j, 0, 2, scratch)
        minutes = minutes_of(newcomers, terms.minutes_a_km, i, distance_km(newcomers, offers, i, j))
        for c in range(len(terms.shares)):
            for other in range(len(terms.shares)):
                terms.shares[other] = 1.0 if other == c else 0.0
            values[p, c] = _score(newcomers, offers, terms, scratch, i, j, minutes)
        _clear_away(newcomers, marks, scratch, i)
