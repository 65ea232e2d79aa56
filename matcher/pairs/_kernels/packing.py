"""Encoded people as flat arrays: one word of bits for simple rules, lists end to end. Judges no pair."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from matcher.pairs._kernels.hours import PackedHours, hours_of, runs_of
from matcher.pairs._kernels.masks import Masks, as_flags, as_masks, steps_up
from matcher.pairs.criteria import CRITERIA
from matcher.pairs.eligibility import RULES, common_run
from matcher.pairs.encoding import EncodedOffers, FloatArray, IntArray
from matcher.pairs.packed import Bits, OfOffer, Overlap, Settled, Table, WrittenOut
from matcher.pairs.scoring import can_wait
from matcher.pairs.situation import Situation
from matcher.pairs.travel import pace, reach_km
from matcher.records.vocabulary import KINDS, LEVELS, MODES, level_rank

Array = NDArray[Any]
Packing = TypeVar("Packing", OfOffer, Overlap, Table)
N_KINDS, N_MODES = len(KINDS), len(MODES)
ASSOCIATION = KINDS.index("association")
# A little more than rounding: whoever is just within reach must be in the cells that are looked at.
CLOSE_ENOUGH_KM = 1e-6
# Offers a cell of the grid, on average, and the least width of one.
OFFERS_A_CELL, LEAST_CELL_KM = 8, 0.5


class Lists(NamedTuple):
    """A list of numbers for everybody, end to end."""

    start: Array  # (n + 1,) int64
    item: Array  # int32
    weight: Array  # float64
    norm: Array  # (n,) float64: the sum of squared weights


class Profiles(NamedTuple):
    """The different lists there are among offers, turned round: by item, who has it and with what weight."""

    of: Array  # (m,) int32: the profile of each offer
    norm: Array  # (D,) float64
    start: Array  # (items + 1,) int64
    profile: Array  # int32
    weight: Array  # float64


class Speakers(NamedTuple):
    """The different ways to speak languages in a town of some language; those of one town together."""

    of: Array  # (m,) int32: that of each offer
    levels: Array  # (L, D) int8: -1 not spoken
    says: Array  # (D,) bool
    practice: Array  # (D,) float64: what their language of the town is worth to whoever learns it
    town_language: Array  # (T,) int64
    start: Array  # (T + 1,) int64: where those of each of these towns begin


class Doors(NamedTuple):
    """The different ways there are to ask for an age and a language."""

    age_min: Array  # (D,) float64: -inf and inf without a limit
    age_max: Array
    needs_no_language: Array  # (D,) bool: where no level is asked, that is enough
    min_level: Array  # (D,) int64: -1 where none is asked
    town_language: Array  # (D,) int64
    spoken: Array  # (D, W) uint64


class PackedNewcomers(NamedTuple):
    """Newcomers as kernels read them; row i is newcomer i."""

    claims: Array  # (n,) uint64: a pair is forbidden where a claim meets a denial
    rule_of_bit: Array  # (bits,) int64
    age: Array  # (n,) float64
    old_enough: Array  # (n,) float64: the age held against a lower limit; -inf where it is not known
    young_enough: Array  # (n,) float64: and against an upper one; inf
    group: Array  # (n,) int64
    levels: Array  # (n, L) int8
    spoken: Array  # (n, W) uint64
    says_languages: Array  # (n,) bool
    points_km: Array  # (n, 3) float64
    fixed_minutes: Array  # (n, 4) float64: infinite for means of transport that are not theirs
    max_minutes: Array  # (n,) float64
    reach_km: Array  # (n,) float64
    says_hours: Array  # (n,) bool
    attendable: Array  # (n, S) uint64
    free: PackedHours
    interests: Lists
    terms: Lists
    dislikes: Lists
    overlaps: tuple[Lists, ...]  # for each criterion that is an overlap
    classes: Array  # (tables, n) int64: for each criterion that is a table
    children: Lists
    can_wait: Array  # (n,) bool: places may be kept back from them


class PackedOffers(NamedTuple):
    """Offers as kernels read them, in the order of the grid."""

    column: Array  # (m,) int64: which offer it is
    position: Array  # (columns,) int64: where each offer stands here, -1 not at all
    denial_words: Array  # (D,) uint64: the different sets of denials there are
    denial: Array  # (m,) int32: which of them
    kind: Array  # (m,) int64
    slot: Array  # (m,) int64: offers of one slot exclude each other; -1 is none
    age: Array  # (m,) float64
    doors: Doors
    door: Array  # (m,) int32: which of them
    group_places: Array  # (m, G) int64: -1 without a limit; G is 0 where nobody has one
    speakers: Speakers
    points_km: Array  # (m, 3) float64
    says_hours: Array  # (m,) bool
    sessions: Lists  # of each different timetable
    timetable: Array  # (m,) int32: which of them an association has
    free: PackedHours
    interests: Profiles
    terms: Profiles
    dislikes: Profiles
    overlaps: tuple[Profiles, ...]  # for each criterion that is an overlap
    classes: Array  # (tables, m) int64: for each criterion that is a table
    tables: Array  # (tables, classes of newcomers, classes of offers) float64
    values: Array  # (criteria, m) float64: for each criterion that is the same for everybody
    children: Lists  # of each different family
    family: Array  # (m,) int32


class Grid(NamedTuple):
    """Offers by kind and cell of a plane: two points are never further apart on it than in space.

    The last cell of each kind has those without a point.
    """

    axes: Array  # (2, 3) float64
    low: Array  # (2,) float64: the corner, in km
    n_cells: Array  # (2,) int64
    cell_km: float
    start: Array  # (kinds (cells + 1) + 1,) int64: x runs fastest
    n_known: int


class Marks(NamedTuple):
    """What is settled about single pairs: by row, positions of offers with the rules they break as bits."""

    start: Array  # (n + 1,) int64
    at: Array  # int64
    rules: Array  # int32


# Declarations ----------------------------------------------------------------------------------------

RULE = {rule.name: number for number, rule in enumerate(RULES)}
MOST_BITS = 64


class Declared(NamedTuple):
    """Where each declared criterion lies: its form, and which of that form it is."""

    form: (
        Array  # (criteria,) int64: OF_OFFER, OVERLAP, TABLE, or one more than these and its place in `coded`
    )
    place: Array  # (criteria,) int64


OF_OFFER, OVERLAP, TABLE, FIRST_CODED = range(4)
_FORMS: dict[type, int] = {OfOffer: OF_OFFER, Overlap: OVERLAP, Table: TABLE}


def declared_criteria(coded: Sequence[str]) -> Declared:
    """How the criteria are declared; `coded` are those that are written out, by name.

    Raises
    ------
    RuntimeError
        Where a declaration and what is written out disagree.
    """
    written_out = [criterion.name for criterion in CRITERIA if isinstance(criterion.packed, WrittenOut)]
    if sorted(written_out) != sorted(coded):
        raise RuntimeError(
            f"criteria declared as written out: {', '.join(written_out)}; there are: {', '.join(coded)}"
        )
    forms, places, n_of_form = [], [], Counter[int]()
    for criterion in CRITERIA:
        form = _FORMS.get(type(criterion.packed), FIRST_CODED)
        if form == FIRST_CODED:
            form += coded.index(criterion.name)
        forms.append(form)
        places.append(n_of_form[form])
        n_of_form[form] += 1
    return Declared(np.array(forms, np.int64), np.array(places, np.int64))


def check_written_out(coded: Iterable[str]) -> None:
    """Raise RuntimeError where the rules declared as written out are not those that are."""
    declared = {rule.name for rule in RULES if isinstance(rule.packed, WrittenOut)}
    if declared != set(coded):
        raise RuntimeError(
            f"rules declared as written out: {', '.join(sorted(declared))}; there are: {', '.join(coded)}"
        )


def _of_form(form: type[Packing]) -> list[Packing]:
    return [criterion.packed for criterion in CRITERIA if isinstance(criterion.packed, form)]


_IN_BITS = [(RULE[rule.name], rule.packed) for rule in RULES if isinstance(rule.packed, Bits)]
_SETTLED = [(RULE[rule.name], rule.packed) for rule in RULES if isinstance(rule.packed, Settled)]


def _claims(situation: Situation) -> tuple[Array, Array]:
    """What newcomers claim as words of bits, shape (n,), and the rule that each bit stands for."""
    by_rule = [(number, packed.claims(situation)) for number, packed in _IN_BITS]
    rule_of_bit = [number for number, claims in by_rule for _claim in claims]
    return _words([claim for _number, claims in by_rule for claim in claims]), np.array(rule_of_bit, np.int64)


def _denials(situation: Situation) -> Array:
    """What offers deny, in the same bits, shape (m,)."""
    return _words([denial for _number, packed in _IN_BITS for denial in packed.denials(situation)])


def _words(flags: Sequence[Array]) -> Array:
    if len(flags) > MOST_BITS:
        raise RuntimeError(f"rules need {len(flags)} bits, and a word has {MOST_BITS}")
    words = np.zeros(len(flags[0]), np.uint64)
    for bit, flag in enumerate(flags):
        words |= np.where(flag, np.uint64(1 << bit), np.uint64(0))
    return words


# Packing ---------------------------------------------------------------------------------------------


def pack_newcomers(situation: Situation) -> PackedNewcomers:
    """Newcomers as kernels read them."""
    newcomers, travel = situation.town.newcomers, situation.policy.travel
    fixed = np.array([pace(mode, travel)[0] for mode in MODES])
    claims, rule_of_bit = _claims(situation)
    return PackedNewcomers(
        claims=claims,
        rule_of_bit=rule_of_bit,
        age=newcomers.age,
        old_enough=np.where(np.isnan(newcomers.age), -np.inf, newcomers.age),
        young_enough=np.where(np.isnan(newcomers.age), np.inf, newcomers.age - 1),
        group=newcomers.group,
        levels=newcomers.levels,
        spoken=newcomers.spoken,
        says_languages=np.asarray((newcomers.levels >= 0).any(axis=1)),
        points_km=newcomers.points_km,
        fixed_minutes=np.where(newcomers.modes, fixed, np.inf),
        max_minutes=newcomers.max_minutes,
        reach_km=reach_km(newcomers.max_minutes, newcomers.modes, travel) + CLOSE_ENOUGH_KM,
        says_hours=newcomers.says_hours,
        attendable=newcomers.attendable,
        free=hours_of(newcomers.free_steps),
        interests=_lists(newcomers.interests),
        terms=_lists(newcomers.interest_terms),
        dislikes=_lists(newcomers.dislikes),
        overlaps=tuple(_lists(getattr(newcomers, packed.newcomers)) for packed in _of_form(Overlap)),
        classes=_each(
            [packed.newcomers(situation) for packed in _of_form(Table)], newcomers.age.size, np.int64
        ),
        children=_years(newcomers.children_years),
        can_wait=can_wait(situation),
    )


def pack_offers(situation: Situation, columns: IntArray) -> tuple[PackedOffers, Grid]:
    """Some offers as kernels read them, and where in the plane they stand."""
    offers = situation.town.offers
    grid, order = _make_grid(offers.points_km[columns], offers.kind[columns])
    at = columns[order]
    position = np.full(offers.age.size, -1)
    position[at] = np.arange(at.size)
    denial_words, denial = np.unique(_denials(situation)[at], return_inverse=True)
    doors, door = _doors(offers, at)
    timetables, timetable = _distinct(offers.sessions[at])
    of_families = [offers.children_years[column] for column in at.tolist()]
    families = {years: number for number, years in enumerate(dict.fromkeys(of_families))}
    has_mixing = bool((situation.group_places >= 0).any())
    packed = PackedOffers(
        column=at,
        position=position,
        denial_words=denial_words,
        denial=denial.astype(np.int32),
        kind=offers.kind[at],
        slot=offers.slots[at],
        age=offers.age[at],
        doors=doors,
        door=door,
        group_places=situation.group_places[at] if has_mixing else np.zeros((at.size, 0), np.int64),
        speakers=_speakers(offers, at),
        points_km=offers.points_km[at],
        says_hours=offers.says_hours[at],
        sessions=_bit_lists(offers.sessions[at][timetables]),
        timetable=timetable,
        free=hours_of(offers.free_steps[at]),
        interests=_profiles(_lists(offers.interests[at]), offers.interests.shape[1]),
        terms=_profiles(_lists(offers.interest_terms[at]), offers.interest_terms.shape[1]),
        dislikes=_profiles(_lists(offers.dislikes[at]), offers.dislikes.shape[1]),
        overlaps=tuple(
            _profiles(_lists(matrix[at]), matrix.shape[1])
            for matrix in (getattr(offers, packed.offers) for packed in _of_form(Overlap))
        ),
        classes=_each([packed.offers(situation)[at] for packed in _of_form(Table)], at.size, np.int64),
        tables=_tables([packed.values(situation) for packed in _of_form(Table)]),
        values=_each([packed.values(situation)[at] for packed in _of_form(OfOffer)], at.size, np.float64),
        children=_years(list(families)),
        family=np.array([families[years] for years in of_families], np.int32),
    )
    return packed, grid


def pack_masks(situation: Situation, offers: PackedOffers) -> Masks:
    """The same offers as bits, for passes over everybody."""
    is_association = offers.kind == ASSOCIATION
    asked, level = offers.doors.town_language[offers.door], offers.doors.min_level[offers.door]
    languages = np.unique(asked)
    asks_nothing, says = level < 0, offers.says_hours
    denials = offers.denial_words[offers.denial]
    sessions = situation.town.offers.sessions[offers.column]
    half_hours = runs_of(offers.free, common_run(situation.policy))
    return Masks(
        denying=as_masks(denials >> np.arange(MOST_BITS, dtype=np.uint64)[:, None] & np.uint64(1) != 0),
        age_min=steps_up(offers.doors.age_min[offers.door]),
        age_max=steps_up(-offers.doors.age_max[offers.door]),
        asked=languages,
        asking=as_masks(
            (asked == languages[:, None, None]) & ~asks_nothing & (level <= np.arange(len(LEVELS))[:, None])
        ),
        speaking=as_masks(as_flags(offers.doors.spoken[offers.door]).T & ~is_association & asks_nothing),
        easy=as_masks(is_association & asks_nothing),
        at_session=as_masks(as_flags(sessions).T & is_association & says),
        at_run=as_masks(as_flags(half_hours).T & ~is_association & says),
        any_time=as_masks(~says),
        mixed=as_masks(offers.group_places.T == 0),
    )


def _speakers(offers: EncodedOffers, at: IntArray) -> Speakers:
    town_language = offers.town_language[at]
    first, of = _distinct(np.column_stack([town_language, offers.levels[at]]))
    levels, town_language = offers.levels[at[first]], town_language[first]
    start = np.sort(np.unique(town_language, return_index=True)[1])
    at_home = levels[np.arange(first.size), town_language]
    return Speakers(
        of=of,
        levels=np.ascontiguousarray(levels.T),
        says=np.asarray((levels >= 0).any(axis=1)),
        practice=np.where(at_home >= level_rank("C1"), 1.0, 0.0),
        town_language=town_language[start],
        start=np.append(start, first.size),
    )


def _doors(offers: EncodedOffers, at: IntArray) -> tuple[Doors, Array]:
    doors = Doors(
        age_min=np.where(np.isnan(offers.age_min), -np.inf, offers.age_min)[at],
        age_max=np.where(np.isnan(offers.age_max), np.inf, offers.age_max)[at],
        needs_no_language=offers.kind[at] == ASSOCIATION,
        min_level=offers.min_level[at],
        town_language=offers.town_language[at],
        spoken=offers.spoken[at],
    )
    as_words = [
        np.ascontiguousarray(part if part.itemsize == 8 else part.astype(np.int64)).view(np.uint64)
        for part in doors
    ]
    first, which = _distinct(np.column_stack(as_words))
    return Doors(*(part[first] for part in doors)), which


def _distinct(table: Array) -> tuple[IntArray, Array]:
    """The first of each different row, and which of them each row is."""
    as_bytes = np.ascontiguousarray(table).view(np.dtype((np.void, table.itemsize * table.shape[1]))).ravel()
    _, first, which = np.unique(as_bytes, return_index=True, return_inverse=True)
    return first, which.astype(np.int32)


def pack_marks(situation: Situation, position: IntArray) -> Marks:
    """Pairs that are settled: banned, placed already, or at the hours of a placement."""
    parts = [(number, packed.pairs(situation)) for number, packed in _SETTLED]
    entries = [(rule, sparse.coo_array(matrix)) for rule, matrix in parts if matrix.nnz]
    empty = np.empty(0, np.int64)
    rows = np.concatenate([empty, *(entry.row for _rule, entry in entries)])
    at = position[np.concatenate([empty, *(entry.col for _rule, entry in entries)])]
    rules = np.concatenate([empty, *(np.full(entry.nnz, 1 << rule) for rule, entry in entries)])
    order = np.argsort(rows, kind="stable")
    order = order[at[order] >= 0]
    start = np.searchsorted(rows[order], np.arange(situation.banned.shape[0] + 1))
    return Marks(start.astype(np.int64), at[order], rules[order].astype(np.int32))


def _each(rows: Sequence[Array], width: int, dtype: type) -> Array:
    """Rows of one width as a table, which may have none."""
    return np.array(rows, dtype).reshape(len(rows), width)


def _tables(values: Sequence[FloatArray]) -> Array:
    """Tables of different shapes in one array."""
    shape = [max((table.shape[axis] for table in values), default=0) for axis in (0, 1)]
    tables = np.zeros((len(values), *shape))
    for table, padded in zip(values, tables, strict=True):
        padded[: table.shape[0], : table.shape[1]] = table
    return tables


def prices_by_row(prices: sparse.csr_array) -> Lists:
    """Prices that a row has for some things only."""
    return _lists(sparse.csr_array(prices))


def _lists(matrix: sparse.csr_array) -> Lists:
    start = matrix.indptr.astype(np.int64)
    return _list_up(start, matrix.indices, matrix.data)


def _list_up(start: IntArray, items: Array, weights: FloatArray) -> Lists:
    owner = np.repeat(np.arange(start.size - 1), np.diff(start))
    norm = np.bincount(owner, weights * weights, start.size - 1) if weights.size else np.zeros(start.size - 1)
    return Lists(start, items.astype(np.int32), weights, norm)


def _profiles(lists: Lists, n_items: int) -> Profiles:
    """The different lists of all, by item."""
    sizes = np.diff(lists.start)
    owner = np.repeat(np.arange(sizes.size), sizes)
    place = np.arange(lists.item.size) - lists.start[owner]
    rows = np.full((sizes.size, 2 * int(sizes.max(initial=0)) + 1), -1.0)
    rows[owner, 2 * place], rows[owner, 2 * place + 1] = lists.item, lists.weight
    first, of = _distinct(rows)
    is_first = np.zeros(sizes.size, np.bool_)
    is_first[first] = True
    kept = is_first[owner]
    items, profiles, weights = lists.item[kept], of[owner[kept]], lists.weight[kept]
    order = np.argsort(items, kind="stable")
    start = np.searchsorted(items[order], np.arange(n_items + 1)).astype(np.int64)
    return Profiles(of, lists.norm[first], start, profiles[order].astype(np.int32), weights[order])


def _years(years: Any) -> Lists:
    start = np.zeros(len(years) + 1, np.int64)
    np.cumsum([len(of_one) for of_one in years], out=start[1:])
    items = np.array([year for of_one in years for year in of_one], np.int32)
    return _list_up(start, items, np.zeros(0))


def _bit_lists(words: NDArray[np.uint64]) -> Lists:
    bits = np.unpackbits(words.view(np.uint8), axis=1, bitorder="little")
    rows, columns = np.nonzero(bits)
    start = np.searchsorted(rows, np.arange(len(words) + 1)).astype(np.int64)
    return _list_up(start, columns, np.zeros(0))


def _make_grid(points_km: FloatArray, kind: IntArray) -> tuple[Grid, IntArray]:
    """Cells of the plane for each kind, and the offers in their order."""
    is_known = np.isfinite(points_km).all(axis=1)
    known = points_km[is_known]
    axes, low, n_cells, cell = np.zeros((2, 3)), np.zeros(2), np.ones(2, np.int64), 1.0
    at = np.zeros((len(known), 2), np.int64)
    if known.size:
        up = known.mean(axis=0)
        east = np.array([-up[1], up[0], 0.0])
        east /= max(float(np.linalg.norm(east)), 1e-9)
        north = np.cross(up, east)
        north /= max(float(np.linalg.norm(north)), 1e-9)
        axes = np.stack([east, north])
        flat = known @ axes.T
        low, extent = flat.min(axis=0), np.ptp(flat, axis=0)
        cell = max(LEAST_CELL_KM, float(np.sqrt(extent.prod() * OFFERS_A_CELL / len(known))))
        n_cells = (extent // cell).astype(np.int64) + 1
        at = np.minimum(((flat - low) // cell).astype(np.int64), n_cells - 1)
    a_kind = int(n_cells.prod()) + 1
    number = np.full(len(points_km), a_kind - 1)
    number[is_known] = at[:, 1] * n_cells[0] + at[:, 0]
    number += kind * a_kind
    order = np.argsort(number, kind="stable")
    start = np.searchsorted(number[order], np.arange(N_KINDS * a_kind + 1)).astype(np.int64)
    return Grid(axes, low, n_cells, cell, start, len(known)), order
