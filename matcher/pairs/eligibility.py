"""Hard rules: which pairs are possible at all. Each is declared once, in `RULES`; none gives a score.

Protective rules fail closed: what was not said counts as not fulfilled. Practical rules fail open: what was
not said forbids nothing. A wish or need that *was* said is held against what is known of the other side.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from matcher.pairs.encoding import STEP_MINUTES, BoolArray, EncodedNewcomers, EncodedOffers
from matcher.pairs.packed import Bits, RulePacking, Settled, WrittenOut
from matcher.pairs.situation import Pairs, Situation, by_kind, is_stored
from matcher.records.sections import PolicyLike
from matcher.records.vocabulary import ACCESS, GENDERS, KINDS, NEEDS

ADULT_AGE = 18
_WORD_BITS = 64
_FEMALE = GENDERS.index("f")
_ASSOCIATION, _MENTOR, _NEIGHBOUR = (KINDS.index(kind) for kind in ("association", "mentor", "neighbour"))


@dataclass(frozen=True)
class Rule:
    """A hard rule, declared once: what people, functions and the compiled pass know of it comes from here.

    Parameters
    ----------
    name : str
    is_protective : bool
        Whether it protects somebody: it fails closed and is never relaxed.
    text : str
        What people read when it stands in the way.
    allows : callable
        ``allows(pairs)`` gives a boolean a pair.
    packed : Bits, Settled or WrittenOut
        How it lies for the pass over everybody.
    """

    name: str
    is_protective: bool
    text: str
    allows: Callable[[Pairs], BoolArray]
    packed: RulePacking


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
    return admitted & (~_needs(pairs, "women_only") | _has_women_only(pairs.offers)[pairs.columns])


def age_fits(pairs: Pairs) -> BoolArray:
    """Within the offer's age limits; the birthday that may or may not have been counts in favour."""
    age = pairs.newcomers.age[pairs.rows]
    low, high = pairs.offers.age_min[pairs.columns], pairs.offers.age_max[pairs.columns]
    return (np.isnan(low) | (age >= low)) & (np.isnan(high) | (age - 1 <= high))


def minors_are_safe(pairs: Pairs) -> BoolArray:
    """Under 18: activities that accept minors, with a guardian's consent; nobody alone, unless by policy.

    Whoever may still be 17 counts as a minor, and so does whoever did not say a birth year.
    """
    accepted = (
        _suits_minors(pairs.situation)[pairs.columns] & pairs.newcomers.has_guardian_consent[pairs.rows]
    )
    return ~_may_be_minor(pairs.newcomers)[pairs.rows] | accepted


def screening_valid(pairs: Pairs) -> BoolArray:
    """Mentors, and by policy neighbours, have a screening that is valid today."""
    return ~_lacks_screening(pairs.situation)[pairs.columns]


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
    return ~_needs(pairs, "step_free") | _provides(pairs.offers, "step_free")[pairs.columns]


def has_childcare(pairs: Pairs) -> BoolArray:
    """Whoever needs childcare gets it."""
    return ~_needs(pairs, "childcare") | _provides(pairs.offers, "childcare")[pairs.columns]


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


# Parts of rules: of one side --------------------------------------------------------------------------


def _everybody(situation: Situation) -> BoolArray:
    return np.ones(situation.town.newcomers.age.size, np.bool_)


def _every_offer(situation: Situation) -> BoolArray:
    return np.ones(situation.town.offers.age.size, np.bool_)


def _has_women_only(offers: EncodedOffers) -> BoolArray:
    """Where one meets women only."""
    is_woman, is_womens = offers.gender == _FEMALE, offers.gender_group == _FEMALE
    return np.where(offers.kind == _MENTOR, is_woman, is_womens)


def _may_be_minor(newcomers: EncodedNewcomers) -> BoolArray:
    # A comparison with an age that is not known is false.
    return ~(newcomers.age - 1 >= ADULT_AGE)


def _is_screened(offers: EncodedOffers) -> BoolArray:
    return offers.screening_days >= 0


def _suits_minors(situation: Situation) -> BoolArray:
    """Offers that take minors: activities; by policy also a person alone, with a screening."""
    offers = situation.town.offers
    is_suitable = offers.kind == _ASSOCIATION
    if situation.policy.limits.minors_one_to_one:
        is_suitable = is_suitable | _is_screened(offers)
    return offers.accepts_minors & is_suitable


def _lacks_screening(situation: Situation) -> BoolArray:
    """Offers that need a screening and have none that is valid."""
    offers = situation.town.offers
    is_needed = offers.kind == _MENTOR
    if situation.policy.limits.neighbours_need_screening:
        is_needed = is_needed | (offers.kind == _NEIGHBOUR)
    return is_needed & ~_is_screened(offers)


def _provides(offers: EncodedOffers, what: str) -> BoolArray:
    return offers.access[:, ACCESS.index(what)]


def _need(newcomers: EncodedNewcomers, need: str) -> BoolArray:
    return newcomers.needs[:, NEEDS.index(need)]


def _wish_is_met(situation: Situation, kind: int) -> BoolArray:
    """Newcomers who wish for no (more) offer of a kind."""
    return ~((situation.open_wants[:, kind] > 0) & (situation.open_total > 0))


def _each_gender(gender: np.ndarray) -> list[BoolArray]:
    """Who is of each gender; first those of whom it is not known."""
    return [gender == one for one in range(-1, len(GENDERS))]


def _but_each_gender(admitted: np.ndarray) -> list[BoolArray]:
    """Who admits one gender, but not this one; for each of `_each_gender`."""
    return [(admitted >= 0) & (admitted != one) for one in range(-1, len(GENDERS))]


def _need_in_bits(need: str, is_met: Callable[[EncodedOffers], BoolArray]) -> Bits:
    return Bits(lambda s: [_need(s.town.newcomers, need)], lambda s: [~is_met(s.town.offers)])


RULES = (
    Rule(
        "consent",
        True,
        _("no consent to take part"),
        has_consent,
        Bits(lambda s: [~s.town.newcomers.has_consent], lambda s: [_every_offer(s)]),
    ),
    Rule(
        "status",
        True,
        _("newcomer not ready, or offer paused or closed"),
        both_active,
        Bits(
            lambda s: [~s.town.newcomers.is_ready, _everybody(s)],
            lambda s: [_every_offer(s), ~s.town.offers.is_active],
        ),
    ),
    Rule(
        "banned",
        True,
        _("rejected before, or contact ruled out"),
        not_banned,
        Settled(lambda s: s.banned),
    ),
    Rule(
        "gender_group",
        True,
        _("for women or for men only, or not women-only as needed"),
        gender_group_fits,
        Bits(
            lambda s: [_need(s.town.newcomers, "women_only"), *_each_gender(s.town.newcomers.gender)],
            lambda s: [~_has_women_only(s.town.offers), *_but_each_gender(s.town.offers.gender_group)],
        ),
    ),
    Rule("age", True, _("outside the age limits"), age_fits, WrittenOut()),
    Rule(
        "minors",
        True,
        _("under 18 or age not certain: not open to minors, or no guardian's consent"),
        minors_are_safe,
        Bits(
            lambda s: [
                _may_be_minor(s.town.newcomers),
                _may_be_minor(s.town.newcomers) & ~s.town.newcomers.has_guardian_consent,
            ],
            lambda s: [~_suits_minors(s), _every_offer(s)],
        ),
    ),
    Rule(
        "screening",
        True,
        _("screening missing or expired"),
        screening_valid,
        Bits(lambda s: [_everybody(s)], lambda s: [_lacks_screening(s)]),
    ),
    Rule(
        "already_placed",
        False,
        _("already placed here"),
        not_placed_already,
        Settled(lambda s: s.fixed),
    ),
    Rule(
        "wanted",
        False,
        _("no open wish of this kind"),
        is_wanted,
        Bits(
            lambda s: [_wish_is_met(s, kind) for kind in range(len(KINDS))],
            lambda s: [s.town.offers.kind == kind for kind in range(len(KINDS))],
        ),
    ),
    Rule(
        "free_place",
        False,
        _("no free place"),
        has_free_place,
        Bits(lambda s: [_everybody(s)], lambda s: [s.free_places <= 0]),
    ),
    Rule("mixing_limit", False, _("no place left for this first language"), keeps_the_mix, WrittenOut()),
    Rule(
        "language",
        False,
        _("no common language, or below the level asked for"),
        languages_meet,
        WrittenOut(),
    ),
    Rule(
        "step_free",
        False,
        _("not step-free"),
        is_step_free,
        _need_in_bits("step_free", lambda offers: _provides(offers, "step_free")),
    ),
    Rule(
        "childcare",
        False,
        _("no childcare"),
        has_childcare,
        _need_in_bits("childcare", lambda offers: _provides(offers, "childcare")),
    ),
    Rule(
        "low_cost",
        False,
        _("too expensive"),
        is_affordable,
        _need_in_bits("low_cost", lambda offers: offers.is_low_cost),
    ),
    Rule(
        "prefers_gender",
        False,
        _("one side's wish about gender is not met"),
        genders_as_wished,
        Bits(
            lambda s: [
                *_each_gender(s.town.newcomers.gender),
                *(s.town.newcomers.prefers_gender == gender for gender in range(len(GENDERS))),
            ],
            lambda s: [
                *_but_each_gender(s.town.offers.prefers_gender),
                *(
                    (s.town.offers.kind != _ASSOCIATION) & (s.town.offers.gender != gender)
                    for gender in range(len(GENDERS))
                ),
            ],
        ),
    ),
    Rule("travel", False, _("too far away"), is_near, WrittenOut()),
    Rule("hours", False, _("free hours do not match"), hours_meet, WrittenOut()),
    Rule(
        "time_clash",
        False,
        _("at the same time as another proposal or placement"),
        no_time_clash,
        Settled(lambda s: s.busy),
    ),
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


def common_run(policy: PolicyLike) -> int:
    """How many steps in a row make a common hour."""
    return -(-policy.limits.common_minutes // STEP_MINUTES)


# Parts of rules: of pairs -----------------------------------------------------------------------------


def _needs(pairs: Pairs, need: str) -> BoolArray:
    return _need(pairs.newcomers, need)[pairs.rows]


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
    length = common_run(pairs.policy)
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
