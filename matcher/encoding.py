"""People to arrays: points, bit masks, levels, sparse interest vectors. Judges no pair.

Row i of every array is newcomer i, or offer j. Sets of small things (spoken languages, sessions, free
minutes) are bits in unsigned 64-bit words, so that a rule on a pair is a bitwise "and".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from matcher.geography import NOWHERE, Place, find_place, find_town, load_towns, nearest_town, sphere_km
from matcher.interests import InterestEncoder
from matcher.people import Newcomer, Offer, first_native_language
from matcher.policy import Policy
from matcher.vocabulary import (
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

STEP_MINUTES = 5
NOT_SPOKEN = -1


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
    clashes: sparse.csr_array  # (m, m) bool, symmetric, empty diagonal: sessions that overlap
    slots: IntArray  # (m,) offers with the same number all overlap at one moment of the week; -1 is none


@dataclass(frozen=True)
class EncodedTown:
    """Newcomers and offers encoded together, with the words their columns stand for."""

    newcomers: EncodedNewcomers
    offers: EncodedOffers
    languages: tuple[str, ...]
    terms: tuple[str, ...]
    sessions: tuple[Hours, ...]


def encode(
    newcomers: Sequence[Newcomer], offers: Sequence[Offer], policy: Policy, today: date
) -> EncodedTown:
    """Turn people into arrays.

    Parameters
    ----------
    newcomers, offers : sequence of Newcomer, of Offer
    policy : Policy
    today : date
        The day ages, waiting times and screenings are counted from.

    Returns
    -------
    EncodedTown

    Notes
    -----
    O(n + m) apart from the sessions: every newcomer is held against every distinct session of the town.
    """
    people: list[Newcomer | Offer] = [*newcomers, *offers]
    languages = _languages_of(people, policy)
    interests = InterestEncoder().fit(
        [p.interests + p.dislikes for p in people]
        + [n.can_offer for n in newcomers]
        + [o.seeks for o in offers]
    )
    sessions = sorted({hours for offer in offers if offer.kind == "association" for hours in offer.times})
    return EncodedTown(
        newcomers=_encode_newcomers(newcomers, policy, today, languages, interests, sessions),
        offers=_encode_offers(offers, policy, today, languages, interests, sessions, newcomers),
        languages=tuple(languages),
        terms=interests.terms_,
        sessions=tuple(sessions),
    )


def _encode_newcomers(
    newcomers: Sequence[Newcomer],
    policy: Policy,
    today: date,
    languages: Mapping[str, int],
    interests: InterestEncoder,
    sessions: Sequence[Hours],
) -> EncodedNewcomers:
    places = tuple(_place_of(person) for person in newcomers)
    levels = _level_matrix(newcomers, languages)
    not_said = policy.travel.mobility_not_said
    return EncodedNewcomers(
        places=places,
        points_km=_points(places),
        modes=_membership([n.mobility or not_said for n in newcomers], MODES),
        max_minutes=_numbers(
            policy.travel.max_minutes_not_said if n.max_minutes is None else n.max_minutes for n in newcomers
        ),
        age=_ages(newcomers, today),
        gender=_indices((n.gender for n in newcomers), GENDERS),
        prefers_gender=_indices((n.prefers_gender for n in newcomers), GENDERS),
        is_ready=_flags(n.status == "ready" for n in newcomers),
        has_consent=_flags(n.consent for n in newcomers),
        has_guardian_consent=_flags(n.guardian_consent for n in newcomers),
        needs=_membership([n.needs for n in newcomers], NEEDS),
        wanted=np.array([[n.wants.get(k, 0) for k in KINDS] for n in newcomers], np.int64).reshape(
            -1, len(KINDS)
        ),
        max_placements=_integers(-1 if n.max_placements is None else n.max_placements for n in newcomers),
        levels=levels,
        spoken=_spoken(levels, policy),
        group=_groups(newcomers, languages),
        interests=interests.transform(n.interests for n in newcomers),
        interest_terms=interests.transform_named(n.interests for n in newcomers),
        dislikes=interests.transform_named((n.dislikes for n in newcomers), narrower=True),
        can_offer=interests.transform_named(n.can_offer for n in newcomers),
        goals=_sparse_membership([n.goals for n in newcomers], GOALS),
        children_years=tuple(n.children_birth_years for n in newcomers),
        says_hours=_flags(bool(n.availability) for n in newcomers),
        attendable=_attendable(newcomers, sessions),
        free_steps=_free_steps([n.availability for n in newcomers]),
        need_level=_integers(
            policy.bonus.need_level_not_said if n.need_level is None else n.need_level for n in newcomers
        ),
        waiting_weeks=_numbers(
            max(0, (today - n.waiting_since).days) / 7 if n.waiting_since else 0 for n in newcomers
        ),
    )


def _encode_offers(
    offers: Sequence[Offer],
    policy: Policy,
    today: date,
    languages: Mapping[str, int],
    interests: InterestEncoder,
    sessions: Sequence[Hours],
    newcomers: Sequence[Newcomer],
) -> EncodedOffers:
    places = tuple(_place_of(offer) for offer in offers)
    levels = _level_matrix(offers, languages)
    session_index = {hours: bit for bit, hours in enumerate(sessions)}
    own_sessions = [
        [session_index[hours] for hours in offer.times] if offer.kind == "association" else []
        for offer in offers
    ]
    admitted = {"mixed": "", "women_only": "f", "men_only": "m"}
    return EncodedOffers(
        places=places,
        points_km=_points(places),
        kind=_indices((o.kind for o in offers), KINDS),
        capacity=_integers(o.capacity for o in offers),
        free=_integers(max(0, o.capacity - o.taken) for o in offers),
        is_active=_flags(o.status == "active" for o in offers),
        town_language=_town_languages(offers, places, newcomers, languages, policy),
        min_level=_integers(level_rank(o.min_level) if o.min_level else -1 for o in offers),
        levels=levels,
        spoken=_spoken(levels, policy),
        gender=_indices((o.gender for o in offers), GENDERS),
        prefers_gender=_indices((o.prefers_gender for o in offers), GENDERS),
        gender_group=_indices((admitted[o.gender_group] for o in offers), GENDERS),
        age=_ages(offers, today),
        age_min=_numbers(np.nan if o.age_min is None else o.age_min for o in offers),
        age_max=_numbers(np.nan if o.age_max is None else o.age_max for o in offers),
        accepts_minors=_flags(o.accepts_minors for o in offers),
        access=_membership([o.access for o in offers], ACCESS),
        is_low_cost=_flags(
            o.cost_support or (o.cost_eur_month or 0) <= policy.limits.low_cost_eur_month for o in offers
        ),
        screening_days=_numbers(
            (o.screening_valid_until - today).days if o.screening_valid_until else np.nan for o in offers
        ),
        confirmed_days=_numbers((today - o.confirmed_at).days if o.confirmed_at else np.nan for o in offers),
        language_share_max=_numbers(
            np.nan if o.language_share_max is None else o.language_share_max for o in offers
        ),
        interests=interests.transform(o.interests for o in offers),
        interest_terms=interests.transform_named(o.interests for o in offers),
        dislikes=interests.transform_named((o.dislikes for o in offers), narrower=True),
        seeks=interests.transform_named(o.seeks for o in offers),
        goals=_sparse_membership([o.goals for o in offers], GOALS),
        children_years=tuple(o.children_birth_years for o in offers),
        says_hours=_flags(bool(o.times) for o in offers),
        sessions=_bits(own_sessions, len(sessions)),
        n_sessions=_integers(len(own) for own in own_sessions),
        free_steps=_free_steps([() if o.kind == "association" else o.times for o in offers]),
        clashes=_clashes(own_sessions, sessions),
        slots=_slots(own_sessions, sessions),
    )


# Words, numbers and flags ----------------------------------------------------------------------------


def _flags(values: Iterable[bool]) -> BoolArray:
    return np.fromiter(values, np.bool_)


def _numbers(values: Iterable[float]) -> FloatArray:
    return np.fromiter(values, np.float64)


def _integers(values: Iterable[int]) -> IntArray:
    return np.fromiter(values, np.int64)


def _indices(words: Iterable[str], vocabulary: Sequence[str]) -> IntArray:
    position = {word: index for index, word in enumerate(vocabulary)}
    return _integers(position.get(word, -1) for word in words)


def _membership(lists: Sequence[Iterable[str]], vocabulary: Sequence[str]) -> BoolArray:
    position = {word: index for index, word in enumerate(vocabulary)}
    member = np.zeros((len(lists), len(vocabulary)), np.bool_)
    for row, words in enumerate(lists):
        for word in words:
            member[row, position[word]] = True
    return member


def _sparse_membership(lists: Sequence[Iterable[str]], vocabulary: Sequence[str]) -> sparse.csr_array:
    return sparse.csr_array(_membership(lists, vocabulary).astype(np.float64))


def _ages(people: Sequence[Newcomer | Offer], today: date) -> FloatArray:
    return _numbers(np.nan if p.birth_year is None else today.year - p.birth_year for p in people)


def _bits(sets: Sequence[Iterable[int]], n_bits: int) -> BitArray:
    words = np.zeros((len(sets), max(1, -(-n_bits // 64))), np.uint64)
    for row, members in enumerate(sets):
        for bit in members:
            words[row, bit // 64] |= np.uint64(1 << (bit % 64))
    return words


def _pack(flags: BoolArray) -> BitArray:
    """Rows of booleans as rows of 64-bit words, in the bit order of `_bits`."""
    n, n_bits = flags.shape
    padded = np.zeros((n, max(1, -(-n_bits // 64)) * 64), np.bool_)
    padded[:, :n_bits] = flags
    return np.packbits(padded, axis=1, bitorder="little").view(np.uint64)


# Places ----------------------------------------------------------------------------------------------


def _place_of(person: Newcomer | Offer) -> Place:
    if person.lat is not None and person.lon is not None:
        return Place(person.lat, person.lon, "exact", find_town(person.town))
    if person.address or person.postcode or person.town:
        return find_place(person.address, person.postcode, person.town)
    return NOWHERE


def _points(places: Sequence[Place]) -> FloatArray:
    return sphere_km(_numbers(p.lat for p in places), _numbers(p.lon for p in places))


# Languages -------------------------------------------------------------------------------------------


def _languages_of(people: Sequence[Newcomer | Offer], policy: Policy) -> dict[str, int]:
    spoken = {primary_language(code) for person in people for code in person.languages}
    spoken |= {town.language for town in load_towns().values()} | {policy.limits.town_language_not_said}
    return {code: column for column, code in enumerate(sorted(spoken))}


def _level_matrix(people: Sequence[Newcomer | Offer], languages: Mapping[str, int]) -> NDArray[np.int8]:
    levels = np.full((len(people), len(languages)), NOT_SPOKEN, np.int8)
    for row, person in enumerate(people):
        for code, level in person.languages.items():
            column = languages[primary_language(code)]
            levels[row, column] = max(levels[row, column], level_rank(level))
    return levels


def _spoken(levels: NDArray[np.int8], policy: Policy) -> BitArray:
    return _pack(levels >= level_rank(policy.limits.common_language_level))


def _groups(newcomers: Sequence[Newcomer], languages: Mapping[str, int]) -> IntArray:
    native = (primary_language(first_native_language(n)) for n in newcomers)
    return _integers(languages.get(code, -1) for code in native)


def _town_languages(
    offers: Sequence[Offer],
    places: Sequence[Place],
    newcomers: Sequence[Newcomer],
    languages: Mapping[str, int],
    policy: Policy,
) -> IntArray:
    """Column of the language of each offer's town: see `_town_of`; else the policy's."""
    spoken = {town.town: town.language for town in load_towns().values()}
    newcomers_towns = {find_town(n.town) for n in newcomers}
    shared = newcomers_towns.pop() if len(newcomers_towns) == 1 else ""
    towns = (_town_of(offer, place) for offer, place in zip(offers, places, strict=True))
    not_said = policy.limits.town_language_not_said
    return _integers(languages[spoken.get(shared if town is None else town, not_said)] for town in towns)


def _town_of(offer: Offer, place: Place) -> str | None:
    """The town said (empty: one we do not know), else that of the point; None: neither, ask the newcomers."""
    if offer.town:
        return find_town(offer.town)
    return place.town or nearest_town(place.lat, place.lon) or None


# Hours -----------------------------------------------------------------------------------------------


def _attendable(newcomers: Sequence[Newcomer], sessions: Sequence[Hours]) -> BitArray:
    """Which sessions lie wholly in a free stretch; all of them for people who did not say their hours."""
    starts = np.array([s.start for s in sessions], np.int64)
    ends = np.array([s.end for s in sessions], np.int64)
    fits = np.zeros((len(newcomers), len(sessions)), np.bool_)
    for row, person in enumerate(newcomers):
        for start, end in person.availability or ((0, MINUTES_A_WEEK),):
            fits[row] |= (starts >= start) & (ends <= end)
    return _pack(fits)


def _free_steps(hours: Sequence[Iterable[Hours]]) -> BitArray:
    """Steps of five minutes wholly inside each stretch; all of the week for people who did not say any."""
    free = np.zeros((len(hours), MINUTES_A_WEEK // STEP_MINUTES), np.bool_)
    for row, stretches in enumerate(hours):
        for start, end in stretches or ((0, MINUTES_A_WEEK),):
            free[row, -(-start // STEP_MINUTES) : end // STEP_MINUTES] = True
    return _pack(free)


def _clashes(own_sessions: Sequence[Sequence[int]], sessions: Sequence[Hours]) -> sparse.csr_array:
    """Which two offers have sessions that overlap."""
    if not sessions:
        return sparse.csr_array((len(own_sessions), len(own_sessions)), dtype=np.bool_)
    start, end = np.array(sessions).T
    overlap = (start[:, None] < end) & (start < end[:, None])
    has = sparse.csr_array(_member_matrix(own_sessions, len(sessions)))
    clashes = sparse.coo_array(has @ sparse.csr_array(overlap.astype(np.float64)) @ has.T)
    apart = clashes.row != clashes.col
    pairs = (clashes.row[apart], clashes.col[apart])
    return sparse.csr_array((np.ones(apart.sum(), np.bool_), pairs), shape=clashes.shape)


def _slots(own_sessions: Sequence[Sequence[int]], sessions: Sequence[Hours]) -> IntArray:
    """Moments of the week shared out among the offers: those with the same moment exclude each other.

    Again and again, the moment at which most of the offers left have a session. Every clash within a slot is
    kept exactly by the assignment; only those between slots are left to its repair.
    """
    slots = np.full(len(own_sessions), -1, np.int64)
    if not sessions:
        return slots
    start, end = np.array(sessions).T
    # Sessions that overlap at all do so when one of them begins.
    runs = (start[:, None] >= start) & (start[:, None] < end)
    at = (_member_matrix(own_sessions, len(sessions)) @ runs.T) > 0
    for slot in range(len(sessions)):
        waiting = at & (slots < 0)[:, None]
        moment = int(waiting.sum(axis=0).argmax())
        if waiting[:, moment].sum() < 2:
            break
        slots[waiting[:, moment]] = slot
    return slots


def _member_matrix(sets: Sequence[Iterable[int]], n_members: int) -> FloatArray:
    member = np.zeros((len(sets), n_members))
    for row, members in enumerate(sets):
        member[row, list(members)] = 1.0
    return member
