"""People to arrays: points, bit masks, levels, sparse interest vectors. Judges no pair.

Row i of every array is newcomer i, or offer j. Sets of small things (spoken languages, sessions, free
minutes) are bits in unsigned 64-bit words, so that a rule on a pair is a bitwise "and".

What is said is worked out once for each distinct value of a column, and handed to all who said it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from itertools import chain
from operator import attrgetter
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from matcher.records.columns import Column, columns_of, joint
from matcher.records.geography import (
    NOWHERE,
    Place,
    find_place,
    find_town,
    load_towns,
    nearest_towns,
    sphere_km,
)
from matcher.records.interests import InterestEncoder
from matcher.records.people import first_native
from matcher.records.sections import PolicyLike
from matcher.records.tables import NewcomersLike, OffersLike, as_newcomers, as_offers
from matcher.records.vocabulary import (
    ACCESS,
    GENDERS,
    GOALS,
    KINDS,
    MINUTES_A_WEEK,
    MODES,
    NEEDS,
    Hours,
    level_rank,
    primary_language,
)

BitArray = NDArray[np.uint64]
BoolArray = NDArray[np.bool_]
FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
Said = Callable[[str], Column[Any]]  # the column of a field by its name

STEP_MINUTES = 5
NOT_SPOKEN = -1
_WHOLE_WEEK = Hours(0, MINUTES_A_WEEK)


@dataclass(frozen=True)
class EncodedNewcomers:
    """Newcomers as arrays with n rows; NaN, -1 or no bit set where a thing was not said."""

    places: tuple[Place, ...]
    points_km: FloatArray  # (n, 3), on the sphere
    modes: BoolArray  # (n, 4), of vocabulary.MODES
    max_minutes: FloatArray
    age: FloatArray  # in years: today's year less the birth year
    gender: IntArray  # index in vocabulary.GENDERS, -1 not said
    prefers_gender: IntArray
    is_ready: BoolArray
    has_consent: BoolArray
    has_guardian_consent: BoolArray
    needs: BoolArray  # (n, 4), of vocabulary.NEEDS
    wanted: IntArray  # (n, 3), of vocabulary.KINDS
    max_placements: IntArray  # -1: no limit beyond `wanted`
    levels: NDArray[np.int8]  # (n, L): rank in vocabulary.LEVELS, -1 not spoken
    spoken: BitArray  # (n, W): languages at the common level or better
    group: IntArray  # first native language, -1 not said
    interests: sparse.csr_array  # (n, T)
    interest_terms: sparse.csr_array  # (n, T) of 0 and 1: as named, nothing broader
    dislikes: sparse.csr_array  # (n, T) of 0 and 1: as named, and everything narrower
    can_offer: sparse.csr_array
    goals: sparse.csr_array  # (n, 9)
    children_years: tuple[tuple[int, ...], ...]
    says_hours: BoolArray
    attendable: BitArray  # (n, S words): sessions that lie wholly in free hours
    free_steps: BitArray  # (n, F words): free stretches of five minutes
    need_level: IntArray  # 1..4
    waiting_weeks: FloatArray


@dataclass(frozen=True)
class EncodedOffers:
    """Offers as arrays with m rows; NaN, -1 or no bit set where a thing was not said."""

    places: tuple[Place, ...]
    points_km: FloatArray  # (m, 3)
    kind: IntArray  # index in vocabulary.KINDS
    capacity: IntArray
    free: IntArray  # capacity - taken, at least 0; fixed pairs not yet counted
    is_active: BoolArray
    town_language: IntArray  # column of the levels
    min_level: IntArray  # rank, -1 not asked
    levels: NDArray[np.int8]  # (m, L)
    spoken: BitArray
    gender: IntArray
    prefers_gender: IntArray
    gender_group: IntArray  # the only gender admitted, -1 mixed
    age: FloatArray
    age_min: FloatArray
    age_max: FloatArray
    accepts_minors: BoolArray
    access: BoolArray  # (m, 2), of vocabulary.ACCESS
    is_low_cost: BoolArray
    screening_days: FloatArray  # days the screening is still valid: 0 last day, negative expired, NaN none
    confirmed_days: FloatArray  # days since the places were confirmed
    language_share_max: FloatArray
    interests: sparse.csr_array
    interest_terms: sparse.csr_array
    dislikes: sparse.csr_array
    seeks: sparse.csr_array
    goals: sparse.csr_array
    children_years: tuple[tuple[int, ...], ...]
    says_hours: BoolArray
    sessions: BitArray  # (m, S words): of an association
    n_sessions: IntArray
    free_steps: BitArray  # (m, F words): of a mentor or neighbour
    timetable: IntArray  # (m,) which distinct set of sessions an offer has
    overlaps: sparse.csr_array  # (sets, sets) bool, symmetric: sets with sessions that overlap
    slots: IntArray  # (m,) offers with the same number all overlap at one moment of the week; -1 is none

    @cached_property
    def clashes(self) -> sparse.csr_array:
        """Which two offers have sessions that overlap, (m, m) bool; a large town has tens of millions."""
        sets = self.overlaps[:, self.timetable].tocsr()
        sets.sort_indices()
        clashes = sets[self.timetable]
        # Whoever has a session clashes with itself, once a row.
        n_entries = np.diff(clashes.indptr)
        owner = np.repeat(np.arange(self.timetable.size, dtype=clashes.indices.dtype), n_entries)
        indices = clashes.indices[clashes.indices != owner]
        indptr = clashes.indptr - np.append(0, np.cumsum(n_entries > 0)).astype(clashes.indptr.dtype)
        return sparse.csr_array((clashes.data[: indices.size], indices, indptr), shape=clashes.shape)


@dataclass(frozen=True)
class EncodedTown:
    """Newcomers and offers encoded together, with the words their columns stand for."""

    newcomers: EncodedNewcomers
    offers: EncodedOffers
    languages: tuple[str, ...]
    terms: tuple[str, ...]
    sessions: tuple[Hours, ...]


def encode(newcomers: NewcomersLike, offers: OffersLike, policy: PolicyLike, today: date) -> EncodedTown:
    """Turn people into arrays.

    Parameters
    ----------
    newcomers, offers : iterable of Newcomer, of Offer; or tables
        Those that `matcher.records.files` has read, and those of `matcher.records.tables`, bring their
        columns along; of others they are collected first.
    policy : PolicyLike
    today : date
        The day ages, waiting times and screenings are counted from.

    Returns
    -------
    EncodedTown

    Notes
    -----
    O(n + m), and for each distinct value of a column as much as that takes: every distinct stretch of free
    time is held against every distinct session of the town.
    """
    of_newcomers, of_offers = columns_of(as_newcomers(newcomers)), columns_of(as_offers(offers))
    sides = (of_newcomers, of_offers)
    languages = _languages_of([said("languages") for said in sides], policy)
    named = [said(name) for said in sides for name in ("interests", "dislikes")]
    named += [of_newcomers("can_offer"), of_offers("seeks")]
    interests = InterestEncoder().fit(chain.from_iterable(column.values for column in named))
    own_sessions = _of_kind(of_offers, is_association=True)
    sessions = sorted({hours for times in own_sessions.values for hours in times})
    shared_town = _shared_town(of_newcomers("town"))
    return EncodedTown(
        newcomers=_encode_newcomers(of_newcomers, policy, today, languages, interests, sessions),
        offers=_encode_offers(of_offers, policy, today, languages, interests, sessions, shared_town),
        languages=tuple(languages),
        terms=interests.terms_,
        sessions=tuple(sessions),
    )


def _encode_newcomers(
    said: Said,
    policy: PolicyLike,
    today: date,
    languages: Mapping[str, int],
    interests: InterestEncoder,
    sessions: Sequence[Hours],
) -> EncodedNewcomers:
    places = _places(said)
    levels = _level_matrix(said("languages"), languages)
    free = _Stretches.of(said("availability"))
    not_said = policy.travel.mobility_not_said
    return EncodedNewcomers(
        places=tuple(places.each()),
        points_km=_points(places),
        modes=_membership(said("mobility").map(lambda modes: modes or not_said), MODES),
        max_minutes=_numbers(said("max_minutes"), policy.travel.max_minutes_not_said),
        age=_ages(said("birth_year"), today),
        gender=_indices(said("gender"), GENDERS),
        prefers_gender=_indices(said("prefers_gender"), GENDERS),
        is_ready=said("status").array(lambda status: status == "ready", np.bool_),
        has_consent=said("consent").array(bool, np.bool_),
        has_guardian_consent=said("guardian_consent").array(bool, np.bool_),
        needs=_membership(said("needs"), NEEDS),
        wanted=_wanted(said("wants")),
        max_placements=_integers(said("max_placements"), -1),
        levels=levels,
        spoken=_spoken(levels, policy),
        group=_groups(said("languages"), languages),
        **_said_by_both(said, interests),
        can_offer=_gathered(interests.transform_named, said("can_offer")),
        says_hours=said("availability").array(bool, np.bool_),
        attendable=_attendable(free, sessions),
        free_steps=_free_steps(free),
        need_level=_integers(said("need_level"), policy.bonus.need_level_not_said),
        waiting_weeks=said("waiting_since").array(
            lambda day: max(0, (today - day).days) / 7 if day else 0, np.float64
        ),
    )


def _encode_offers(
    said: Said,
    policy: PolicyLike,
    today: date,
    languages: Mapping[str, int],
    interests: InterestEncoder,
    sessions: Sequence[Hours],
    shared_town: str,
) -> EncodedOffers:
    places = _places(said)
    levels = _level_matrix(said("languages"), languages)
    own_sessions, own_hours = _of_kind(said, is_association=True), _of_kind(said, is_association=False)
    has_session = _session_matrix(own_sessions.values, sessions)
    used, timetable = _in_order_of_use(own_sessions.codes)
    admitted = {"mixed": "", "women_only": "f", "men_only": "m"}
    return EncodedOffers(
        places=tuple(places.each()),
        points_km=_points(places),
        kind=_indices(said("kind"), KINDS),
        capacity=_integers(said("capacity"), 0),
        free=np.maximum(0, _integers(said("capacity"), 0) - _integers(said("taken"), 0)),
        is_active=said("status").array(lambda status: status == "active", np.bool_),
        town_language=_town_languages(said("town"), places, shared_town, languages, policy),
        min_level=said("min_level").array(lambda level: level_rank(level) if level else -1, np.int64),
        levels=levels,
        spoken=_spoken(levels, policy),
        gender=_indices(said("gender"), GENDERS),
        prefers_gender=_indices(said("prefers_gender"), GENDERS),
        gender_group=_indices(said("gender_group").map(admitted.__getitem__), GENDERS),
        age=_ages(said("birth_year"), today),
        age_min=_numbers(said("age_min"), np.nan),
        age_max=_numbers(said("age_max"), np.nan),
        accepts_minors=said("accepts_minors").array(bool, np.bool_),
        access=_membership(said("access"), ACCESS),
        is_low_cost=said("cost_support").array(bool, np.bool_)
        | (_numbers(said("cost_eur_month"), 0) <= policy.limits.low_cost_eur_month),
        screening_days=said("screening_valid_until").array(
            lambda day: (day - today).days if day else np.nan, np.float64
        ),
        confirmed_days=said("confirmed_at").array(
            lambda day: (today - day).days if day else np.nan, np.float64
        ),
        language_share_max=_numbers(said("language_share_max"), np.nan),
        **_said_by_both(said, interests),
        seeks=_gathered(interests.transform_named, said("seeks")),
        says_hours=said("times").array(bool, np.bool_),
        sessions=_pack(has_session.toarray())[own_sessions.codes],
        n_sessions=own_sessions.array(len, np.int64),
        free_steps=_free_steps(_Stretches.of(own_hours)),
        timetable=timetable,
        overlaps=_overlaps(has_session[used], sessions),
        slots=_slots(has_session, own_sessions.codes, sessions),
    )


def _said_by_both(said: Said, interests: InterestEncoder) -> dict[str, Any]:
    """Interests, goals and children, which newcomers and offers name alike."""
    return {
        "interests": _gathered(interests.transform, said("interests")),
        "interest_terms": _gathered(interests.transform_named, said("interests")),
        "dislikes": _gathered(
            lambda lists: interests.transform_named(lists, narrower=True), said("dislikes")
        ),
        "goals": _sparse_membership(said("goals"), GOALS),
        "children_years": tuple(said("children_birth_years").each()),
    }


# Words, numbers and flags ----------------------------------------------------------------------------


def _numbers(column: Column[float | None], not_said: float) -> FloatArray:
    return column.array(lambda number: not_said if number is None else number, np.float64)


def _integers(column: Column[int | None], not_said: int) -> IntArray:
    return column.array(lambda number: not_said if number is None else number, np.int64)


def _indices(column: Column[str], vocabulary: Sequence[str]) -> IntArray:
    position = {word: index for index, word in enumerate(vocabulary)}
    return column.array(lambda word: position.get(word, -1), np.int64)


def _membership(column: Column[Iterable[str]], vocabulary: Sequence[str]) -> BoolArray:
    position = {word: index for index, word in enumerate(vocabulary)}
    member = np.zeros((len(column.values), len(vocabulary)), np.bool_)
    for row, words in enumerate(column.values):
        for word in words:
            member[row, position[word]] = True
    return member[column.codes]


def _sparse_membership(column: Column[Iterable[str]], vocabulary: Sequence[str]) -> sparse.csr_array:
    return sparse.csr_array(_membership(column, vocabulary).astype(np.float64))


def _wanted(column: Column[Mapping[str, int]]) -> IntArray:
    wanted = np.array([[wants.get(k, 0) for k in KINDS] for wants in column.values], np.int64)
    return wanted.reshape(-1, len(KINDS))[column.codes]


def _ages(birth_years: Column[int | None], today: date) -> FloatArray:
    return today.year - _numbers(birth_years, np.nan)


def _gathered(
    transform: Callable[[Sequence[Any]], sparse.csr_array], column: Column[Any]
) -> sparse.csr_array:
    """A matrix with one row a person, from one with a row for each distinct value."""
    matrix = transform(column.values)
    if not matrix.nnz:
        return sparse.csr_array((len(column), matrix.shape[1]))
    return matrix[column.codes]


def _pack(flags: BoolArray) -> BitArray:
    """Rows of booleans as rows of 64-bit words, the first in the lowest bit."""
    n, n_bits = flags.shape
    padded = np.zeros((n, max(1, -(-n_bits // 64)) * 64), np.bool_)
    padded[:, :n_bits] = flags
    return np.packbits(padded, axis=1, bitorder="little").view(np.uint64)


# Places ----------------------------------------------------------------------------------------------


def _places(said: Said) -> Column[Place]:
    """The point that was said, else what the gazetteer finds."""
    point, address = [said("lat"), said("lon")], [said("address"), said("postcode")]
    has_point = np.logical_and(*(c.array(lambda degrees: degrees is not None, np.bool_) for c in point))
    # Where the point is said the address does not matter, and the other way round: fewer distinct places.
    point = [Column(c.values, np.where(has_point, c.codes, 0)) for c in point]
    address = [Column(c.values, np.where(has_point, 0, c.codes)) for c in address]
    exact = Column([False, True], has_point.astype(np.int32))
    return joint([exact, *point, *address, said("town")]).map(lambda values: _place_of(*values))


def _place_of(has_point: bool, lat: float, lon: float, address: str, postcode: str, town: str) -> Place:
    if has_point:
        return Place(lat, lon, "exact", find_town(town))
    if address or postcode or town:
        return find_place(address, postcode, town)
    return NOWHERE


def _points(places: Column[Place]) -> FloatArray:
    lat, lon = (places.array(attrgetter(axis), np.float64) for axis in ("lat", "lon"))
    return sphere_km(lat, lon)


# Languages -------------------------------------------------------------------------------------------


def _languages_of(columns: Sequence[Column[Mapping[str, str]]], policy: PolicyLike) -> dict[str, int]:
    codes = {code for column in columns for languages in column.values for code in languages}
    spoken = {primary_language(code) for code in codes}
    spoken |= {town.language for town in load_towns().values()} | {policy.limits.town_language_not_said}
    return {code: column for column, code in enumerate(sorted(spoken))}


def _level_matrix(column: Column[Mapping[str, str]], languages: Mapping[str, int]) -> NDArray[np.int8]:
    said = [(row, code, level) for row, spoken in enumerate(column.values) for code, level in spoken.items()]
    at = {code: languages[primary_language(code)] for code in {code for _row, code, _level in said}}
    ranks = {level: level_rank(level) for level in {level for _row, _code, level in said}}
    entries = np.array([(row, at[code], ranks[level]) for row, code, level in said], np.int64).reshape(-1, 3)
    levels = np.full((len(column.values), len(languages)), NOT_SPOKEN, np.int8)
    np.maximum.at(levels, (entries[:, 0], entries[:, 1]), entries[:, 2].astype(np.int8))
    return levels[column.codes]


def _spoken(levels: NDArray[np.int8], policy: PolicyLike) -> BitArray:
    return _pack(levels >= level_rank(policy.limits.common_language_level))


def _groups(column: Column[Mapping[str, str]], languages: Mapping[str, int]) -> IntArray:
    return column.array(lambda spoken: languages.get(primary_language(first_native(spoken)), -1), np.int64)


def _shared_town(towns: Column[str]) -> str:
    """The one town that all newcomers live in, else an empty string."""
    found = {find_town(town) for town in towns.values}
    return found.pop() if len(found) == 1 else ""


def _town_languages(
    towns: Column[str],
    places: Column[Place],
    shared_town: str,
    languages: Mapping[str, int],
    policy: PolicyLike,
) -> IntArray:
    """Column of the language of each offer's town; else the policy's.

    The town said (one we do not know has the policy's), else that of the point, else that of the newcomers.
    """
    not_said = policy.limits.town_language_not_said
    by_town = {town.town: languages[town.language] for town in load_towns().values()}
    of_unknown = languages[not_said]
    where = joint([towns, places])
    unnamed = [place for town, place in where.values if not town and not place.town]
    near = nearest_towns(np.array([p.lat for p in unnamed]), np.array([p.lon for p in unnamed]))
    of_point = dict(zip(unnamed, near, strict=True))

    def language_of(said: tuple[str, Place]) -> int:
        town, place = said
        found = find_town(town) if town else place.town or of_point[place] or shared_town
        return by_town.get(found, of_unknown)

    return where.array(language_of, np.int64)


# Hours -----------------------------------------------------------------------------------------------


def _of_kind(said: Said, *, is_association: bool) -> Column[tuple[Hours, ...]]:
    """The times of associations, or of all others; empty for those of the other kind."""
    times = joint([said("kind"), said("times")])
    return times.map(lambda said: said[1] if (said[0] == "association") is is_association else ()).merged()


@dataclass(frozen=True)
class _Stretches:
    """Free stretches of the week of many people, each distinct one once.

    Parameters
    ----------
    edges : ndarray of int64, shape (k, 2)
        Start and end of each distinct stretch, in minutes since Monday 00:00.
    n_values : int
        Distinct sets of stretches.
    numbered : list of (ndarray, ndarray)
        For the first stretch of each set, then the second of those that have one, and so on: which sets, and
        which stretch each of them has.
    codes : ndarray of int32, shape (n,)
        The set of each person.
    """

    edges: IntArray
    n_values: int
    numbered: list[tuple[IntArray, NDArray[np.int32]]]
    codes: NDArray[np.int32]

    @classmethod
    def of(cls, column: Column[Sequence[Hours]]) -> _Stretches:
        """The stretches of a column of hours; all of the week for people who did not say any."""
        sets = [stretches or (_WHOLE_WEEK,) for stretches in column.values]
        distinct = Column.of(chain.from_iterable(sets))
        count = np.fromiter(map(len, sets), np.int64, len(sets))
        first = np.cumsum(count) - count
        numbered = []
        for number in range(count.max(initial=0)):
            having = np.flatnonzero(count > number)
            numbered.append((having, distinct.codes[first[having] + number]))
        edges = np.array(distinct.values, np.int64).reshape(-1, 2)
        return cls(edges, len(sets), numbered, column.codes)

    def united(self, covers: BoolArray) -> BitArray:
        """What any stretch of a person covers, as bits: from what each distinct stretch covers."""
        bits = _pack(covers)
        united = np.zeros((self.n_values, bits.shape[1]), np.uint64)
        for having, stretches in self.numbered:
            united[having] |= bits[stretches]
        return united[self.codes]


def _attendable(free: _Stretches, sessions: Sequence[Hours]) -> BitArray:
    """Which sessions lie wholly in a free stretch."""
    start, end = np.array(sessions, np.int64).reshape(-1, 2).T
    return free.united((start >= free.edges[:, :1]) & (end <= free.edges[:, 1:]))


def _free_steps(free: _Stretches) -> BitArray:
    """Steps of five minutes wholly inside a free stretch."""
    start = np.arange(MINUTES_A_WEEK // STEP_MINUTES) * STEP_MINUTES
    return free.united((start >= free.edges[:, :1]) & (start + STEP_MINUTES <= free.edges[:, 1:]))


def _session_matrix(sets: Sequence[Iterable[Hours]], sessions: Sequence[Hours]) -> sparse.csr_array:
    """Which distinct set of sessions has which session, shape (sets, sessions)."""
    at = {hours: column for column, hours in enumerate(sessions)}
    pairs = [(row, at[hours]) for row, several in enumerate(sets) for hours in several]
    # Positions of 32 bits: what is made of this matrix has tens of millions of them in a large town.
    rows, columns = np.array(pairs, np.int32).reshape(-1, 2).T
    return sparse.csr_array(
        (np.ones(len(pairs), np.bool_), (rows, columns)), shape=(len(sets), len(sessions))
    )


def _in_order_of_use(codes: NDArray[np.int32]) -> tuple[IntArray, IntArray]:
    """The different codes in the order in which they first come, and which of these each is."""
    _, first, which = np.unique(codes, return_index=True, return_inverse=True)
    order = np.argsort(first)
    return codes[first[order]].astype(np.int64), np.argsort(order)[which]


def _overlaps(has_session: sparse.csr_array, sessions: Sequence[Hours]) -> sparse.csr_array:
    """Which two sets of sessions overlap."""
    start, end = np.array(sessions, np.int64).reshape(-1, 2).T
    overlap = sparse.csr_array((start[:, None] < end) & (start < end[:, None]))
    return sparse.csr_array(has_session @ overlap @ has_session.T)


def _slots(has_session: sparse.csr_array, codes: NDArray[np.int32], sessions: Sequence[Hours]) -> IntArray:
    """Moments of the week shared out among the offers: those with the same moment exclude each other.

    Again and again, the moment at which most of the offers left have a session. Every clash within a slot is
    kept exactly by the assignment; only those between slots are left to its repair.
    """
    start, end = np.array(sessions, np.int64).reshape(-1, 2).T
    # Sessions that overlap at all do so when one of them begins.
    runs = sparse.csr_array((start >= start[:, None]) & (start < end[:, None]))
    at = (has_session @ runs).astype(np.int64)
    by_moment = sparse.csr_array(at.T)
    n_offers = np.bincount(codes, minlength=at.shape[0])
    n_waiting = n_offers @ at
    slots = np.full(at.shape[0], -1, np.int64)
    for slot in range(len(sessions)):
        moment = int(n_waiting.argmax())
        if n_waiting[moment] < 2:
            break
        chosen = by_moment.indices[by_moment.indptr[moment] : by_moment.indptr[moment + 1]]
        chosen = chosen[slots[chosen] < 0]
        slots[chosen] = slot
        n_waiting = n_waiting - n_offers[chosen] @ at[chosen]
    return slots[codes]
