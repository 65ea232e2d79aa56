"""Passes over everybody: the best pairs of each newcomer and kind, and what stands alone in the way."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from matcher._compiled import inlined, kernel
from matcher.pairs._kernels.hours import WORD_BITS
from matcher.pairs._kernels.judging import (
    AGE,
    HOURS,
    LANGUAGE,
    MIX,
    TRAVEL,
    breaks_age,
    breaks_language,
    breaks_mix,
    broken_bits,
    distance_km,
    minutes_of,
)
from matcher.pairs._kernels.masks import Masks, first_bit
from matcher.pairs._kernels.opening import find_open
from matcher.pairs._kernels.packing import (
    N_KINDS,
    OF_OFFER,
    OVERLAP,
    TABLE,
    Array,
    Grid,
    Lists,
    Marks,
    PackedNewcomers,
    PackedOffers,
)
from matcher.pairs._kernels.weighing import HOURS as HOURS_CRITERION
from matcher.pairs._kernels.weighing import (
    INTERESTS,
    LIFE_PHASE,
    Shared,
    common_hours,
    hold_against_all,
    same_life_phase,
    share_of_sessions,
    shared_interests,
    short_way,
)
from matcher.pairs._kernels.weighing import (
    LANGUAGE as LANGUAGE_CRITERION,
)
from matcher.pairs._kernels.weighing import TRAVEL as TRAVEL_CRITERION
from matcher.pairs.scoring import cost_of


class Terms(NamedTuple):
    """What a pass weighs with."""

    shares: Array  # (criteria,) float64
    minutes_a_km: Array  # (4,) float64
    form: Array  # (criteria,) int64: see `packing.Declared`
    place: Array  # (criteria,) int64
    run: int  # steps in a row that make a common hour
    costs: Array  # (m,) float64: what a place at each offer costs whoever can wait; in the order of the grid
    bonuses: Array  # (n,) float64: what serving each newcomer at all is worth
    prices: Array  # (m,) float64: what it costs everybody
    group_prices: Array  # (m, G) float64; or (m, 0)
    slot_prices: Lists  # by newcomer
    floors: Array  # (n, kinds) float64: what a pair must be worth more than
    most: Array  # (n, kinds) float64: and, before prices, no more than this


class Scratch(NamedTuple):
    """Room that one thread works in."""

    shared: Shared
    steps: Array  # (2, F) uint64
    marked: Array  # (m,) int32: rules broken by what is settled about the pair
    denied: Array  # (D,) int64: rules that each word of denials breaks for the newcomer at hand
    attends: Array  # (timetables,) float64: the share of their sessions that fit the newcomer at hand
    open: Array  # (M,) uint64: offers that are open to the newcomer at hand, as bits
    at_hours: Array  # (M,) uint64: offers that meet their hours, as far as bits tell
    runs: Array  # (HALF_HOUR_WORDS,) uint64: half hours from which a common hour may begin
    near: Array  # (m + 1,) uint32: offers that are left after some rules
    minutes: Array  # (m + 1,) float64: the way to each of them
    hours: Array  # (m + 1,) float64: the criterion
    scores: Array  # (m + 1,) float64
    now: Array  # (m + 1,) float64: less what is kept back of it
    worths: Array  # (m + 1,) float64: and less what the place costs
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
def _mark(marks: Marks, scratch: Scratch, i: int) -> None:
    for t in range(marks.start[i], marks.start[i + 1]):
        scratch.marked[marks.at[t]] |= marks.rules[t]


@inlined
def _unmark(marks: Marks, scratch: Scratch, i: int) -> None:
    for t in range(marks.start[i], marks.start[i + 1]):
        scratch.marked[marks.at[t]] = 0


@inlined
def _score_near(
    newcomers: PackedNewcomers, offers: PackedOffers, terms: Terms, scratch: Scratch, i: int, n_near: int
) -> None:
    """The scores of the offers that are near, one criterion after the other: small loops run fastest."""
    shared, near, scores = scratch.shared, scratch.near, scratch.scores
    for at in range(n_near):
        scores[at] = 0.0
    for criterion in range(len(terms.shares)):
        share, form, place = terms.shares[criterion], terms.form[criterion], terms.place[criterion]
        if form == OF_OFFER:
            values = offers.values[place]
            for at in range(n_near):
                scores[at] += share * values[near[at]]
        elif form == OVERLAP:
            overlap, profile = shared.overlaps[place], offers.overlaps[place].of
            for at in range(n_near):
                scores[at] += share * overlap[profile[near[at]]]
        elif form == TABLE:
            row, classes = offers.tables[place, newcomers.classes[place, i]], offers.classes[place]
            for at in range(n_near):
                scores[at] += share * row[classes[near[at]]]
        elif form == INTERESTS:
            for at in range(n_near):
                scores[at] += share * shared_interests(newcomers, offers, shared, i, near[at])
        elif form == LANGUAGE_CRITERION:
            for at in range(n_near):
                scores[at] += share * shared.comfort[offers.speakers.of[near[at]]]
        elif form == TRAVEL_CRITERION:
            for at in range(n_near):
                scores[at] += share * short_way(scratch.minutes[at])
        elif form == HOURS_CRITERION:
            for at in range(n_near):
                scores[at] += share * scratch.hours[at]
        elif form == LIFE_PHASE:
            for at in range(n_near):
                scores[at] += share * same_life_phase(newcomers, offers, shared, i, near[at])


@inlined
def _weigh(
    newcomers: PackedNewcomers, offers: PackedOffers, terms: Terms, scratch: Scratch, i: int, n: int
) -> None:
    """What pairs are worth: now, less what is kept back for others who have not arrived yet; and at prices.

    Those that are too far away are worth less than anything.
    A place may cost everybody, people of this first language, and whoever has these hours.
    """
    near, now, worths = scratch.near, scratch.now, scratch.worths
    for at in range(n):
        now[at] = -np.inf if np.isposinf(scratch.minutes[at]) else scratch.scores[at]
    if newcomers.can_wait[i]:
        for at in range(n):
            now[at] -= cost_of(scratch.scores[at], terms.costs[near[at]], terms.bonuses[i])
    for at in range(n):
        worths[at] = now[at] - terms.prices[near[at]]
    if terms.group_prices.shape[1] > 0:
        group = newcomers.group[i]
        for at in range(n):
            worths[at] -= terms.group_prices[near[at], group]
    for t in range(terms.slot_prices.start[i], terms.slot_prices.start[i + 1]):
        slot, price = terms.slot_prices.item[t], terms.slot_prices.weight[t]
        for at in range(n):
            worths[at] -= price if offers.slot[near[at]] == slot else 0.0


@inlined
def _is_less(worth: float, column: int, other_worth: float, other_column: int) -> bool:
    """Whether one pair comes after another: worth less, or as much and further right."""
    return worth < other_worth or (worth == other_worth and column > other_column)


@inlined
def _keep(scratch: Scratch, kind: int, worth: float, score: float, column: int) -> None:
    """Put a pair into the heap of its kind, or leave the least of them out."""
    heap, scores, held = scratch.worth[kind], scratch.score[kind], scratch.held[kind]
    size = scratch.size[kind]
    at = 0
    if size < len(heap):
        at = size
        scratch.size[kind] = size + 1
        while at > 0:
            above = (at - 1) >> 1
            if not _is_less(worth, column, heap[above], held[above]):
                break
            heap[at], scores[at], held[at] = heap[above], scores[above], held[above]
            at = above
    else:
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


@inlined
def _keep_best(offers: PackedOffers, terms: Terms, scratch: Scratch, i: int, kind: int, n: int) -> float:
    """Keep the pairs of a kind that are worth most; returns what no other is worth more than."""
    heap, held = scratch.worth[kind], scratch.held[kind]
    floor, most = terms.floors[i, kind], terms.most[i, kind]
    n_found, cut_at = 0, -np.inf
    scratch.size[kind] = 0
    for at in range(n):
        worth = scratch.worths[at]
        if worth > floor and scratch.now[at] <= most:
            n_found += 1
            if n_found <= len(heap):
                _keep(scratch, kind, worth, scratch.scores[at], offers.column[scratch.near[at]])
            elif worth < heap[0]:
                cut_at = max(cut_at, worth)
            else:
                cut_at, column = heap[0], offers.column[scratch.near[at]]
                if _is_less(heap[0], held[0], worth, column):
                    _keep(scratch, kind, worth, scratch.scores[at], column)
    return cut_at


@inlined
def _attend(newcomers: PackedNewcomers, offers: PackedOffers, attends: Array, i: int) -> None:
    for timetable in range(len(attends)):
        attends[timetable] = share_of_sessions(newcomers, offers.sessions, i, timetable)


@inlined
def _meet_denials(
    newcomers: PackedNewcomers, offers: PackedOffers, terms: Terms, denied: Array, i: int
) -> None:
    for word in range(len(denied)):
        denied[word] = broken_bits(newcomers.claims[i], offers.denial_words[word], newcomers.rule_of_bit)


@inlined
def _cells(low: float, high: float, grid: Grid, axis: int) -> tuple[int, int]:
    """The first and the last cell that an interval of an axis touches."""
    first = max(0.0, np.floor((low - grid.low[axis]) / grid.cell_km))
    last = min(grid.n_cells[axis] - 1.0, np.floor((high - grid.low[axis]) / grid.cell_km))
    return int(min(first, grid.n_cells[axis])), int(max(last, -1.0))


@inlined
def _on_axis(newcomers: PackedNewcomers, grid: Grid, i: int, axis: int) -> float:
    """Where somebody stands on an axis of the plane, in km."""
    flat = 0.0
    for d in range(3):
        flat += newcomers.points_km[i, d] * grid.axes[axis, d]
    return flat


@inlined
def _find_near(
    newcomers: PackedNewcomers, grid: Grid, masks: Masks, marks: Marks, terms: Terms,
    scratch: Scratch, i: int, kind: int,
) -> int:  # fmt: skip
    """Offers of a kind in the cells within reach that are open to somebody at a price they may be worth.

    Returns how many there are.
    """
    affordable = terms.most[i, kind] - terms.floors[i, kind]
    a_kind = grid.n_cells[0] * grid.n_cells[1] + 1
    start = grid.start[kind * a_kind : (kind + 1) * a_kind + 1]
    first_word, last_word = start[0] // WORD_BITS, -(-start[a_kind] // WORD_BITS)
    if not find_open(
        newcomers, masks, marks, terms.run, i, kind,
        scratch.open[first_word:last_word], scratch.at_hours[first_word:last_word], scratch.runs,
        first_word, last_word,
    ):  # fmt: skip
        return 0
    n_near, reach = 0, newcomers.reach_km[i]
    is_known = not np.isnan(newcomers.points_km[i, 0]) and grid.n_known > 0
    x, y, first_y, last_y = 0.0, 0.0, 0, -1
    if is_known:
        x, y = _on_axis(newcomers, grid, i, 0), _on_axis(newcomers, grid, i, 1)
        first_y, last_y = _cells(y - reach, y + reach, grid, 1)
    # The rows of cells within reach; then those without a point, or everybody.
    for cell_y in range(first_y, last_y + 2):
        first, last = (start[a_kind - 1] if is_known else start[0]), start[a_kind]
        if cell_y <= last_y:
            low = grid.low[1] + cell_y * grid.cell_km
            off = max(0.0, low - y, y - low - grid.cell_km)
            half = np.sqrt(max(0.0, reach * reach - off * off))
            first_x, last_x = _cells(x - half, x + half, grid, 0)
            if first_x > last_x:
                continue
            first = start[cell_y * grid.n_cells[0] + first_x]
            last = start[cell_y * grid.n_cells[0] + last_x + 1]
        for w in range(first // WORD_BITS, -(-last // WORD_BITS)):
            word = scratch.open[w]
            if w == first // WORD_BITS:
                word &= ~np.uint64(0) << np.uint64(first % WORD_BITS)
            if (w + 1) * WORD_BITS > last:
                word &= ~(~np.uint64(0) << np.uint64(last % WORD_BITS))
            while word != np.uint64(0):
                j = w * WORD_BITS + first_bit(word)
                word &= word - np.uint64(1)
                scratch.near[n_near] = j
                n_near += terms.prices[j] < affordable
    return n_near


@inlined
def _ask_the_way(
    newcomers: PackedNewcomers, offers: PackedOffers, terms: Terms, scratch: Scratch,
    i: int, kind: int, n_near: int,
) -> int:  # fmt: skip
    """The way to the offers that are near, and common hours; returns how many no rule forbids.

    To those that are too far, or not free for long enough after all, the way is infinite.
    """
    near, minutes, hours, n = scratch.near, scratch.minutes, scratch.hours, 0
    for at in range(n_near):
        distance = distance_km(newcomers, offers, i, near[at])
        way = minutes_of(newcomers, terms.minutes_a_km, i, distance)
        minutes[at] = np.inf if way > newcomers.max_minutes[i] else way
    for at in range(n_near):
        hours[at], meets = common_hours(
            newcomers, offers, scratch.attends, i, near[at], kind, terms.run, scratch.steps, True
        )
        if not meets:
            minutes[at] = np.inf
    for at in range(n_near):
        n += not np.isposinf(minutes[at])
    return n


@kernel
def find_best(
    newcomers: PackedNewcomers, offers: PackedOffers, grid: Grid, masks: Masks, marks: Marks, terms: Terms,
    rows: Array, scratch: Scratch, best: Best,
) -> None:  # fmt: skip
    """The pairs of some newcomers that every rule allows and that are worth most, by kind.

    A pair is worth its score less what its place costs; of each kind the best stay in a heap. Among equals
    the offer further left stays.

    Complexity: O(offers within reach) for the rules, and the criteria of the pairs they allow.
    """
    for r in range(len(rows)):
        i = rows[r]
        _attend(newcomers, offers, scratch.attends, i)
        best.n_allowed[r] = 0
        for kind in range(N_KINDS):
            n_near = _find_near(newcomers, grid, masks, marks, terms, scratch, i, kind)
            n_allowed = _ask_the_way(newcomers, offers, terms, scratch, i, kind, n_near)
            if n_allowed > 0 and best.n_allowed[r] == 0:
                hold_against_all(newcomers, offers, i, scratch.shared)
            if n_allowed == 0:
                n_near = 0
            _score_near(newcomers, offers, terms, scratch, i, n_near)
            best.n_allowed[r] += n_allowed
            _weigh(newcomers, offers, terms, scratch, i, n_near)
            best.cut_at[r, kind] = _keep_best(offers, terms, scratch, i, kind, n_near)
        best.n_kept[r] = _put_down(scratch, best, r)


@inlined
def _put_down(scratch: Scratch, best: Best, r: int) -> int:
    """What the heaps hold; returns how much that is."""
    n_kept = 0
    for kind in range(N_KINDS):
        for t in range(scratch.size[kind]):
            best.column[r, n_kept] = scratch.held[kind, t]
            best.score[r, n_kept] = scratch.score[kind, t]
            n_kept += 1
    return n_kept


@inlined
def rules_broken(
    newcomers: PackedNewcomers, offers: PackedOffers, terms: Terms, i: int, j: int,
    ignored: int, most: int, scratch: Scratch,
) -> int:  # fmt: skip
    """Which rules a pair breaks, as bits, but for those `ignored`; not all once they exceed `most`.

    The newcomer at hand is told from others by `_meet_denials` and `_attend`.
    """
    rules = (scratch.denied[offers.denial[j]] | scratch.marked[j]) & ~ignored
    if n_rules(rules) <= most:
        minutes = minutes_of(newcomers, terms.minutes_a_km, i, distance_km(newcomers, offers, i, j))
        if minutes > newcomers.max_minutes[i]:
            rules |= TRAVEL
        if breaks_age(newcomers, offers.doors, i, offers.door[j]):
            rules |= AGE
        if breaks_mix(newcomers, offers, i, j):
            rules |= MIX
        if n_rules(rules) <= most and breaks_language(newcomers, offers.doors, i, offers.door[j]):
            rules |= LANGUAGE
        if n_rules(rules) <= most:
            _hours, meets = common_hours(
                newcomers, offers, scratch.attends, i, j, offers.kind[j], terms.run, scratch.steps, False
            )
            if not meets:
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
        _mark(marks, scratch, i)
        _meet_denials(newcomers, offers, terms, scratch.denied, i)
        _attend(newcomers, offers, scratch.attends, i)
        for a in range(len(at)):
            rules = rules_broken(newcomers, offers, terms, i, at[a], ignored, 1 if only_alone else 2, scratch)
            if n_rules(rules) == 1 or not only_alone:
                for rule in range(counts.shape[1]):
                    counts[r, rule] += (rules >> rule) & 1
        _unmark(marks, scratch, i)


@kernel
def judge_pairs(
    newcomers: PackedNewcomers, offers: PackedOffers, marks: Marks, terms: Terms,
    rows: Array, at: Array, scratch: Scratch, rules: Array, values: Array,
) -> None:  # fmt: skip
    """All rules that single pairs break, and the value of every criterion: what the passes above rest on."""
    for p in range(len(rows)):
        i, j = rows[p], at[p]
        _mark(marks, scratch, i)
        _meet_denials(newcomers, offers, terms, scratch.denied, i)
        _attend(newcomers, offers, scratch.attends, i)
        hold_against_all(newcomers, offers, i, scratch.shared)
        rules[p] = rules_broken(newcomers, offers, terms, i, j, 0, 2, scratch)
        minutes = minutes_of(newcomers, terms.minutes_a_km, i, distance_km(newcomers, offers, i, j))
        hours, _meets = common_hours(
            newcomers, offers, scratch.attends, i, j, offers.kind[j], terms.run, scratch.steps, False
        )
        scratch.near[0], scratch.minutes[0], scratch.hours[0] = j, minutes, hours
        for c in range(len(terms.shares)):
            for other in range(len(terms.shares)):
                terms.shares[other] = 1.0 if other == c else 0.0
            _score_near(newcomers, offers, terms, scratch, i, 1)
            values[p, c] = scratch.scores[0]
        _unmark(marks, scratch, i)
