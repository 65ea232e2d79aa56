"""Hard rules: which pairs are possible at all. Each has a name, a text and one function; none gives a score.

Protective rules fail closed: what was not said counts as not fulfilled. Practical rules fail open: what was
not said forbids nothing. A wish or need that *was* said is held against what is known of the other side.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from matcher.pairs.encoding import (
    STEP_MINUTES,
    BoolArray,
    EncodedNewcomers,
    EncodedOffers,
    EncodedTown,
    FloatArray,
    IntArray,
)
from matcher.pairs.travel import travel_minutes
from matcher.records.policy import Policy
from matcher.records.vocabulary import GENDERS, KINDS, NEEDS

Value = TypeVar("Value", bound=np.generic)
ADULT_AGE = 18
_WORD_BITS = 64


@dataclass(frozen=True)
class Situation:
    """A town as it stands: people, policy, and what is settled already.

    Parameters
    ----------
    town : EncodedTown
    policy : Policy
    fixed : csr_array of bool, shape (n, m)
        Confirmed placements: they take places, wishes and hours.
    banned : csr_array of bool, shape (n, m)
        Pairs that must not be proposed: rejected ones whose ban has not ended, and no-contact pairs.
    """

    town: EncodedTown
    policy: Policy
    fixed: sparse.csr_array
    banned: sparse.csr_array

    @cached_property
    def free_places(self) -> IntArray:
        """Places left, shape (m,)."""
        return np.maximum(0, self.town.offers.free - _count(self.fixed.sum(axis=0)))

    @cached_property
    def open_wants(self) -> IntArray:
        """Wishes not yet served by kind, shape (n, 3)."""
        by_kind = np.eye(len(KINDS))[self.town.offers.kind].reshape(-1, len(KINDS))
        served = _count(self.fixed.astype(np.float64) @ by_kind)
        return np.maximum(0, self.town.newcomers.wanted - served)

    @cached_property
    def open_total(self) -> IntArray:
        """Placements a newcomer can still take on, shape (n,)."""
        newcomers = self.town.newcomers
        left = np.maximum(0, newcomers.max_placements - _count(self.fixed.sum(axis=1)))
        wished = self.open_wants.sum(axis=1)
        return np.where(newcomers.max_placements < 0, wished, np.minimum(left, wished))

    @cached_property
    def group_places(self) -> IntArray:
        """Places left for each language group, shape (m, G); -1 without a limit.

        max(1, floor(share x capacity)) less those placed already; activities only.
        """
        offers, newcomers = self.town.offers, self.town.newcomers
        n_groups = len(self.town.languages)
        has_limit = ~np.isnan(offers.language_share_max) & (offers.kind == KINDS.index("association"))
        share = np.where(has_limit, offers.language_share_max, 0.0)
        limit = np.maximum(1, np.floor(share * offers.capacity + 1e-9).astype(np.int64))
        in_group = sparse.csr_array(np.eye(n_groups)[newcomers.group] * (newcomers.group >= 0)[:, None])
        placed = _count((self.fixed.astype(np.float64).T @ in_group).toarray())
        left = np.maximum(0, limit[:, None] - placed)
        return np.where(has_limit[:, None], left, -1)

    @cached_property
    def busy(self) -> sparse.csr_array:
        """Offers whose sessions overlap with a confirmed one, shape (n, m)."""
        if not self.fixed.nnz:
            return sparse.csr_array(self.fixed.shape)
        return sparse.csr_array(self.fixed.astype(np.float64) @ self.town.offers.clashes)


@dataclass(frozen=True)
class Pairs:
    """A list of pairs to judge: row of the newcomer, column of the offer.

    Parameters
    ----------
    situation : Situation
    rows, columns : ndarray of int64, shape (p,)
    """

    situation: Situation
    rows: IntArray
    columns: IntArray

    @property
    def newcomers(self) -> EncodedNewcomers:
        """The encoded newcomers the rows point into."""
        return self.situation.town.newcomers

    @property
    def offers(self) -> EncodedOffers:
        """The encoded offers the columns point into."""
        return self.situation.town.offers

    @property
    def policy(self) -> Policy:
        """The policy of the run."""
        return self.situation.policy

    @cached_property
    def distance_km(self) -> FloatArray:
        """Distance as the crow flies, shape (p,); NaN where a point is not known."""
        difference = self.newcomers.points_km[self.rows] - self.offers.points_km[self.columns]
        return np.sqrt(np.einsum("pd,pd->p", difference, difference))

    @cached_property
    def minutes(self) -> FloatArray:
        """Travel minutes by the quickest own means, shape (p,); NaN where a point is not known."""
        return travel_minutes(self.distance_km, self.newcomers.modes[self.rows], self.policy.travel)

    def is_kind(self, kind: str) -> BoolArray:
        """Whether the offer is of this kind, shape (p,)."""
        return self.offers.kind[self.columns] == KINDS.index(kind)

    def only(self, keep: BoolArray) -> Pairs:
        """The pairs where `keep` is true."""
        return Pairs(self.situation, self.rows[keep], self.columns[keep])


@dataclass(frozen=True)
class Rule:
    """A hard rule: its name, whether it protects somebody, the text people read, and the judgement.

    ``allows(pairs)`` gives a boolean a pair.
    """

    name: str
    is_protective: bool
    text: str
    allows: Callable[[Pairs], BoolArray]


def _(text: str) -> str:
    """Mark a text for translation."""
    return text


# Protective ------------------------------------------------------------------------------------------


def has_consent(pairs: Pairs) -> BoolArray:
    """The newcomer agreed to take part."""
    return pairs.newcomers.has_consent[pairs.rows]


def both_active(pairs: Pairs) -> BoolArray:
    """The newcomer is ready and the offer active."""
    return pairs.newcomers.is_ready[pairs.rows] & pairs.offers.is_active[pairs.columns]


def not_banned(pairs: Pairs) -> BoolArray:
    """The pair was not rejected, nor is it on the no-contact list."""
    return ~is_stored(pairs.situation.banned, pairs)


def gender_group_fits(pairs: Pairs) -> BoolArray:
    """Women-only and men-only groups admit those only; who needs women only meets women only.

    On an activity that is everybody in the room, staff too, and at a neighbour's everybody in the household:
    the offer itself must be women-only. A mentor must be known to be a woman.
    """
    group, gender = pairs.offers.gender_group[pairs.columns], pairs.newcomers.gender[pairs.rows]
    admitted = (group < 0) | (group == gender)
    female = GENDERS.index("f")
    woman = pairs.offers.gender[pairs.columns] == female
    safe = np.where(pairs.is_kind("mentor"), woman, group == female)
    return admitted & (~_needs(pairs, "women_only") | safe)


def age_fits(pairs: Pairs) -> BoolArray:
    """Within the offer's age limits; the birthday that may or may not have been counts in favour."""
    age = pairs.newcomers.age[pairs.rows]
    low, high = pairs.offers.age_min[pairs.columns], pairs.offers.age_max[pairs.columns]
    return (np.isnan(low) | (age >= low)) & (np.isnan(high) | (age - 1 <= high))


def minors_are_safe(pairs: Pairs) -> BoolArray:
    """Under 18: activities that accept minors, with a guardian's consent; nobody alone, unless by policy.

    Whoever may still be 17 counts as a minor, and so does whoever did not say a birth year.
    """
    may_be_minor = ~(pairs.newcomers.age[pairs.rows] - 1 >= ADULT_AGE)
    accepted = pairs.offers.accepts_minors[pairs.columns] & pairs.newcomers.has_guardian_consent[pairs.rows]
    if pairs.policy.limits.minors_one_to_one:
        suitable = pairs.is_kind("association") | _is_screened(pairs)
    else:
        suitable = pairs.is_kind("association")
    return ~may_be_minor | (accepted & suitable)


def screening_valid(pairs: Pairs) -> BoolArray:
    """Mentors, and by policy neighbours, have a screening that is valid today."""
    needed = pairs.is_kind("mentor")
    if pairs.policy.limits.neighbours_need_screening:
        needed = needed | pairs.is_kind("neighbour")
    return ~needed | _is_screened(pairs)


# Practical -------------------------------------------------------------------------------------------


def not_placed_already(pairs: Pairs) -> BoolArray:
    """The two are not coupled yet."""
    return ~is_stored(pairs.situation.fixed, pairs)


def is_wanted(pairs: Pairs) -> BoolArray:
    """The newcomer still wishes for an offer of this kind and can take on one more."""
    situation = pairs.situation
    wanted = situation.open_wants[pairs.rows, pairs.offers.kind[pairs.columns]] > 0
    return wanted & (situation.open_total[pairs.rows] > 0)


def has_free_place(pairs: Pairs) -> BoolArray:
    """The offer has a place left."""
    return pairs.situation.free_places[pairs.columns] > 0


def keeps_the_mix(pairs: Pairs) -> BoolArray:
    """The activity has a place left for one more person of this first language."""
    group = pairs.newcomers.group[pairs.rows]
    left = pairs.situation.group_places[pairs.columns, group]
    return (group < 0) | (left != 0)


def languages_meet(pairs: Pairs) -> BoolArray:
    """The level of the town's language that is asked for; else, with a person, a language both speak.

    Associations that ask for no level are open to all.
    """
    min_level = pairs.offers.min_level[pairs.columns]
    level = pairs.newcomers.levels[pairs.rows, pairs.offers.town_language[pairs.columns]]
    shared = _share_a_bit(pairs.newcomers.spoken[pairs.rows], pairs.offers.spoken[pairs.columns])
    return np.where(min_level >= 0, level >= min_level, shared | pairs.is_kind("association"))


def is_step_free(pairs: Pairs) -> BoolArray:
    """Whoever needs step-free access gets it."""
    return ~_needs(pairs, "step_free") | pairs.offers.access[pairs.columns, 0]


def has_childcare(pairs: Pairs) -> BoolArray:
    """Whoever needs childcare gets it."""
    return ~_needs(pairs, "childcare") | pairs.offers.access[pairs.columns, 1]


def is_affordable(pairs: Pairs) -> BoolArray:
    """Whoever needs low cost gets it: little to pay, or support with paying."""
    return ~_needs(pairs, "low_cost") | pairs.offers.is_low_cost[pairs.columns]


def genders_as_wished(pairs: Pairs) -> BoolArray:
    """Both sides' wish for a woman or a man is met; a newcomer's is about persons, not about groups."""
    newcomer_wish = pairs.newcomers.prefers_gender[pairs.rows]
    offer_wish = pairs.offers.prefers_gender[pairs.columns]
    newcomer_gender, offer_gender = pairs.newcomers.gender[pairs.rows], pairs.offers.gender[pairs.columns]
    newcomer_content = (newcomer_wish < 0) | (newcomer_wish == offer_gender) | pairs.is_kind("association")
    return newcomer_content & ((offer_wish < 0) | (offer_wish == newcomer_gender))


def is_near(pairs: Pairs) -> BoolArray:
    """The way takes no longer than the newcomer said, by the quickest of their own means of transport."""
    return ~(pairs.minutes > pairs.newcomers.max_minutes[pairs.rows])


def hours_meet(pairs: Pairs) -> BoolArray:
    """One whole session of an activity lies in the newcomer's free hours; with a person, one common hour."""
    said = pairs.newcomers.says_hours[pairs.rows] & pairs.offers.says_hours[pairs.columns]
    return ~said | by_kind(pairs, _session_fits, _hour_in_common)


def no_time_clash(pairs: Pairs) -> BoolArray:
    """No session at the same time as one of a confirmed placement."""
    return ~is_stored(pairs.situation.busy, pairs)


RULES = (
    Rule("consent", True, _("no consent to take part"), has_consent),
    Rule("status", True, _("newcomer not ready, or offer paused or closed"), both_active),
    Rule("banned", True, _("rejected before, or contact ruled out"), not_banned),
    Rule(
        "gender_group",
        True,
        _("for women or for men only, or not women-only as needed"),
        gender_group_fits,
    ),
    Rule("age", True, _("outside the age limits"), age_fits),
    Rule(
        "minors",
        True,
        _("under 18 or age not certain: not open to minors, or no guardian's consent"),
        minors_are_safe,
    ),
    Rule("screening", True, _("screening missing or expired"), screening_valid),
    Rule("already_placed", False, _("already placed here"), not_placed_already),
    Rule("wanted", False, _("no open wish of this kind"), is_wanted),
    Rule("free_place", False, _("no free place"), has_free_place),
    Rule("mixing_limit", False, _("no place left for this first language"), keeps_the_mix),
    Rule("language", False, _("no common language, or below the level asked for"), languages_meet),
    Rule("step_free", False, _("not step-free"), is_step_free),
    Rule("childcare", False, _("no childcare"), has_childcare),
    Rule("low_cost", False, _("too expensive"), is_affordable),
    Rule("prefers_gender", False, _("one side's wish about gender is not met"), genders_as_wished),
    Rule("travel", False, _("too far away"), is_near),
    Rule("hours", False, _("free hours do not match"), hours_meet),
    Rule("time_clash", False, _("at the same time as another proposal or placement"), no_time_clash),
)
"""Every hard rule; protective ones first. The order is the order in which reasons are given."""

RULES_BY_NAME = {rule.name: rule for rule in RULES}


def allowed(pairs: Pairs, rules: Iterable[Rule] = RULES) -> Pairs:
    """The pairs that every rule allows; each rule sees only what the ones before it left.

    Parameters
    ----------
    pairs : Pairs
    rules : iterable of Rule

    Returns
    -------
    Pairs
    """
    for rule in rules:
        pairs = pairs.only(rule.allows(pairs))
    return pairs


def broken_rules(pairs: Pairs) -> BoolArray:
    """Which rules forbid which pair.

    Returns
    -------
    ndarray of bool, shape (p, number of rules)
        True where the rule of that position in `RULES` forbids the pair.
    """
    return np.column_stack([~rule.allows(pairs) for rule in RULES])


def by_kind(
    pairs: Pairs,
    with_activity: Callable[[Pairs], NDArray[Value]],
    with_person: Callable[[Pairs], NDArray[Value]],
) -> NDArray[Value]:
    """One measure for activities of associations, another for persons; each only where it applies."""
    is_activity = pairs.is_kind("association")
    of_activities, of_persons = with_activity(pairs.only(is_activity)), with_person(pairs.only(~is_activity))
    values = np.empty(pairs.rows.size, of_activities.dtype)
    values[is_activity], values[~is_activity] = of_activities, of_persons
    return values


# Parts of rules --------------------------------------------------------------------------------------


def _needs(pairs: Pairs, need: str) -> BoolArray:
    return pairs.newcomers.needs[pairs.rows, NEEDS.index(need)]


def _is_screened(pairs: Pairs) -> BoolArray:
    return pairs.offers.screening_days[pairs.columns] >= 0


def _share_a_bit(a: np.ndarray, b: np.ndarray) -> BoolArray:
    return np.any(a & b, axis=1)


def _session_fits(pairs: Pairs) -> BoolArray:
    return _share_a_bit(pairs.newcomers.attendable[pairs.rows], pairs.offers.sessions[pairs.columns])


def _hour_in_common(pairs: Pairs) -> BoolArray:
    """Whether enough steps of five minutes in a row are free on both sides.

    The week is one line, so runs over midnight count, but for Sunday to Monday. Shifting by what has been
    reached doubles it: O(log length) passes over the words.
    """
    common = pairs.newcomers.free_steps[pairs.rows] & pairs.offers.free_steps[pairs.columns]
    length = -(-pairs.policy.limits.common_minutes // STEP_MINUTES)
    reached = 1
    while reached < length:
        step = min(reached, length - reached, _WORD_BITS - 1)
        common = common & _shifted_down(common, step)
        reached += step
    return np.any(common, axis=1)


def _shifted_down(words: np.ndarray, step: int) -> np.ndarray:
    """Each row of words as one long number, shifted right by fewer than 64 bits."""
    carried = np.zeros_like(words)
    carried[:, :-1] = words[:, 1:] << np.uint64(_WORD_BITS - step)
    return (words >> np.uint64(step)) | carried


def is_stored(matrix: sparse.csr_array, pairs: Pairs) -> BoolArray:
    """Whether each pair is a stored entry of a matrix of shape (n, m)."""
    return is_stored_at(matrix, pairs.rows, pairs.columns)


def is_stored_at(matrix: sparse.csr_array, rows: IntArray, columns: IntArray) -> BoolArray:
    """Whether each row and column is a stored entry of a matrix."""
    if matrix.nnz == 0:
        return np.zeros(rows.size, np.bool_)
    entries = sparse.coo_array(matrix)
    width = np.int64(matrix.shape[1])
    stored = np.sort(entries.row.astype(np.int64) * width + entries.col)
    wanted = rows * width + columns
    position = np.minimum(np.searchsorted(stored, wanted), stored.size - 1)
    return stored[position] == wanted


def _count(values: object) -> IntArray:
    return np.rint(np.asarray(values, np.float64)).astype(np.int64)
