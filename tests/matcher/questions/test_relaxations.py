"""What it would take: every change that is suggested finds the person something, when it is made."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import pytest

from matcher import Plan, explain, make_plan, relaxations
from matcher.exceptions import UnknownRecordError
from matcher.generate import generate_town
from matcher.pairs.eligibility import RULES
from matcher.questions.relaxations import Relaxation, apply, at_hand
from matcher.records.vocabulary import Hours
from tests.builders import TODAY, a_newcomer, an_offer, hours

DAY = date(2026, 11, 16)
PROTECTIVE = {rule.name for rule in RULES if rule.is_protective}


def test_every_relaxation_finds_something_and_gains_what_it_says_when_it_is_made() -> None:
    newcomers, offers = generate_town("muenster", 120, 60, np.random.default_rng(2), DAY)
    plan = make_plan(newcomers, offers, today=DAY)
    before = {(p.newcomer_id, p.offer_id) for p in plan.proposals}
    rules = set()
    for wish in plan.unmatched[::3]:
        for relaxation in relaxations(plan, wish.newcomer_id, most=2):
            then = apply(plan, relaxation)
            after = {(p.newcomer_id, p.offer_id) for p in then.proposals}
            assert (wish.newcomer_id, relaxation.finds) in after - before
            assert then.objective - plan.objective == pytest.approx(relaxation.gain, abs=1e-9)
            rules.add(relaxation.rule)
    assert len(rules) >= 3
    assert not rules & PROTECTIVE


@pytest.mark.parametrize(
    ("rule", "side", "newcomer", "offer", "change", "amount"),
    [
        (
            "travel", "newcomer", {"max_minutes": 10, "mobility": ("walk",)}, {"lat": 51.97},
            {"max_minutes": 20}, 10,
        ),
        (
            "hours", "newcomer", {"availability": hours("mon 09:00-10:00")}, {},
            {"availability": hours("mon 09:00-10:00", "tue 18:00-20:00")}, 2,
        ),
        ("language", "offer", {}, {"min_level": "B2"}, {"min_level": "A2"}, 2),
        ("free_place", "offer", {}, {"capacity": 2, "taken": 2}, {"capacity": 3}, 1),
        ("step_free", "offer", {"needs": ("step_free",)}, {}, {"access": ("step_free",)}, 1),
        ("childcare", "offer", {"needs": ("childcare",)}, {}, {"access": ("childcare",)}, 1),
        ("low_cost", "offer", {"needs": ("low_cost",)}, {"cost_eur_month": 30.0}, {"cost_support": True}, 1),
    ],
)  # fmt: skip
def test_the_smallest_change_of_the_one_rule_in_the_way(
    rule: str,
    side: str,
    newcomer: dict[str, Any],
    offer: dict[str, Any],
    change: dict[str, Any],
    amount: float,
) -> None:
    person = a_newcomer(wants={"association": 1}, **newcomer)
    plan = make_plan([person], [an_offer(**offer)], today=TODAY)
    assert not plan.proposals
    (relaxation,) = relaxations(plan, "n")
    assert (relaxation.rule, relaxation.side, relaxation.offer_id, relaxation.finds) == (rule, side, "o", "o")
    assert dict(relaxation.change) == change
    assert relaxation.amount == amount
    assert relaxation.is_exact
    assert relaxation.gain > 0


def test_more_of_a_mentors_language_is_a_change() -> None:
    person = a_newcomer(wants={"mentor": 1}, languages={"uk": "native", "de": "A1"})
    plan = make_plan([person], [an_offer("o", "mentor")], today=TODAY)
    (relaxation,) = relaxations(plan, "n")
    assert relaxation.rule == "language"
    assert dict(relaxation.change["languages"]) == {"uk": "native", "de": "A2"}


def test_one_more_at_once_is_a_change_where_that_is_the_limit() -> None:
    person = a_newcomer(wants={"association": 2}, max_placements=1, availability=())
    offers = [an_offer("a"), an_offer("b", times=hours("wed 18:00-20:00"))]
    plan = make_plan([person], offers, today=TODAY)
    assert len(plan.proposals) == 1
    (relaxation,) = relaxations(plan, "n")
    assert (relaxation.rule, dict(relaxation.change)) == ("wanted", {"max_placements": 2})


@pytest.mark.parametrize(
    ("newcomer", "offer"),
    [
        ({"needs": ("women_only",)}, {}),
        ({"birth_year": 2012}, {"age_min": 18}),
        ({"consent": False}, {}),
        ({"status": "paused"}, {}),
        ({"prefers_gender": "f", "wants": {"mentor": 1}}, {"kind": "mentor", "gender": "m"}),
    ],
)
def test_nothing_protective_and_no_wish_about_gender_is_ever_relaxed(newcomer, offer) -> None:
    fields = {"kind": "association"} | offer
    person = a_newcomer(**({"wants": {fields["kind"]: 1}} | newcomer))
    plan = make_plan([person], [an_offer("o", **fields)], today=TODAY)
    assert not plan.proposals
    assert relaxations(plan, "n") == ()


def test_a_change_that_only_helps_somebody_else_is_no_answer() -> None:
    first = a_newcomer("first", need_level=4, wants={"association": 1})
    second = a_newcomer("second", need_level=1, wants={"association": 1}, max_minutes=1)
    offers = [an_offer("full", capacity=1)]
    plan = make_plan([first, second], offers, today=TODAY)
    assert [p.newcomer_id for p in plan.proposals] == ["first"]
    assert relaxations(plan, "second") == ()


def test_somebody_with_everything_needs_no_change_and_strangers_are_named() -> None:
    plan = make_plan([a_newcomer(wants={"association": 1})], [an_offer()], today=TODAY)
    assert relaxations(plan, "n") == ()
    with pytest.raises(UnknownRecordError, match="without newcomer 'x'"):
        relaxations(plan, "x")


def test_a_change_at_hand_is_allowed_once_it_is_made_and_nobody_has_to_move() -> None:
    newcomers, offers = generate_town("muenster", 150, 160, np.random.default_rng(4), DAY)
    plan = make_plan(newcomers, offers, today=DAY)
    wishes = at_hand(plan)
    n_taken = Counter(proposal.offer_id for proposal in plan.proposals)
    own = defaultdict(set)
    for proposal in plan.proposals:
        own[proposal.newcomer_id].add(proposal.offer_id)
    assert len(wishes) >= 10
    for (newcomer_id, kind), change in wishes.items():
        offer = plan.offers[change.column]
        assert offer.kind == kind
        assert n_taken[offer.id] < offer.capacity - offer.taken
        trial = Relaxation(
            newcomer_id, kind, change.rule, change.side, offer.id, change.change, 0, 0, 0, "", False
        )
        then = apply(plan, trial)
        assert explain(then, newcomer_id, offer.id).rules == ()
        times = [hours for other in own[newcomer_id] for hours in _sessions(plan, other)]
        assert not any(one.overlaps(other) for one in times for other in _sessions(plan, offer.id))
    assert {change.rule for change in wishes.values()} >= {"travel", "hours", "language"}
    assert not {change.rule for change in wishes.values()} & PROTECTIVE


def _sessions(plan: Plan, offer_id: str) -> tuple[Hours, ...]:
    (offer,) = (offer for offer in plan.offers if offer.id == offer_id)
    return offer.times if offer.kind == "association" else ()


def test_nothing_is_at_hand_for_whoever_has_enough_or_where_no_place_is_free() -> None:
    far = an_offer("far", lat=51.97, capacity=1, times=())
    walker = a_newcomer(max_minutes=10, mobility=("walk",))
    assert at_hand(make_plan([walker], [far], today=TODAY))
    assert not at_hand(make_plan([walker], [replace(far, taken=1)], today=TODAY))
    two_wishes = replace(walker, wants={"association": 2}, max_placements=1)
    assert not at_hand(make_plan([two_wishes], [an_offer("near"), far], today=TODAY))
