"""The whole way: people and a policy to a plan, its limits, its reasons and its proof."""

from __future__ import annotations

import itertools
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest

from matcher import Newcomer, Offer, Plan, Policy, compare, explain, make_plan
from matcher.exceptions import InvalidProblemError, UnknownRecordError
from matcher.generate import generate_town
from matcher.pairs.eligibility import RULES
from matcher.pairs.policy import Bonus, Limits
from matcher.pairs.scoring import row_bonus
from matcher.planning.unmatched import REASONS
from matcher.questions.explanation import examine
from tests.builders import TODAY, a_newcomer, an_offer, hours


def chosen(plan: Plan) -> set[tuple[str, str]]:
    return {(proposal.newcomer_id, proposal.offer_id) for proposal in plan.proposals}


def reasons(plan: Plan) -> dict[tuple[str, str], str]:
    return {(wish.newcomer_id, wish.kind): wish.reason for wish in plan.unmatched}


def a_town(n_newcomers: int, n_offers: int, seed: int) -> tuple[list[Newcomer], list[Offer]]:
    return generate_town("muenster", n_newcomers, n_offers, np.random.default_rng(seed), TODAY)


def plan_of(newcomers: Any, offers: Any, **more: Any) -> Plan:
    return make_plan(newcomers, offers, more.pop("policy", Policy()), today=TODAY, **more)


def test_nobody_and_nothing_make_an_empty_plan() -> None:
    assert plan_of([], []).proposals == ()
    assert plan_of([], [an_offer()]).unmatched == ()
    alone = plan_of([a_newcomer(wants={"mentor": 1})], [])
    assert alone.status == "optimal"
    assert reasons(alone) == {("n", "mentor"): "no_offers"}


def test_one_person_is_given_what_they_asked_for_of_each_kind() -> None:
    offers = [an_offer("a"), an_offer("a2"), an_offer("m", kind="mentor"), an_offer("h", kind="neighbour")]
    plan = plan_of([a_newcomer(wants={"association": 1, "neighbour": 1})], offers)
    assert sorted(proposal.kind for proposal in plan.proposals) == ["association", "neighbour"]
    assert plan.unmatched == ()


def test_the_last_place_goes_to_whoever_needs_it_more() -> None:
    for needy in ("first", "second"):
        levels = {"first": 1, "second": 1} | {needy: 4}
        newcomers = [a_newcomer(i, need_level=n, wants={"association": 1}) for i, n in levels.items()]
        plan = plan_of(newcomers, [an_offer(capacity=1)])
        assert chosen(plan) == {(needy, "o")}
        assert set(reasons(plan).values()) == {"places_taken"}


def test_the_last_place_goes_to_whoever_waited_longer() -> None:
    newcomers = [
        a_newcomer("short", waiting_since=TODAY - timedelta(weeks=2), wants={"association": 1}),
        a_newcomer("long", waiting_since=TODAY - timedelta(weeks=20), wants={"association": 1}),
    ]
    assert chosen(plan_of(newcomers, [an_offer(capacity=1)])) == {("long", "o")}


def test_serving_two_people_is_worth_more_than_serving_one_twice() -> None:
    newcomers = [a_newcomer("a", wants={"association": 2}), a_newcomer("b", wants={"association": 2})]
    offers = [an_offer("x", capacity=1), an_offer("y", capacity=1, times=hours("sat 10:00-11:00"))]
    assert {n for n, _o in chosen(plan_of(newcomers, offers))} == {"a", "b"}


def test_offers_at_the_same_hours_are_never_proposed_to_one_person() -> None:
    offers = [
        an_offer("a", times=hours("tue 18:00-20:00")),
        an_offer("b", times=hours("tue 19:00-21:00")),
    ]
    plan = plan_of([a_newcomer(wants={"association": 2})], offers)
    assert len(plan.proposals) == 1
    assert reasons(plan) == {("n", "association"): "time_clash"}
    assert plan.bound >= plan.objective


def test_the_most_placements_bind_over_all_kinds() -> None:
    newcomer = a_newcomer(wants={"association": 1, "mentor": 1}, max_placements=1)
    plan = plan_of([newcomer], [an_offer("a"), an_offer("m", kind="mentor")])
    assert len(plan.proposals) == 1
    assert set(reasons(plan).values()) == {"max_placements"}


def test_no_activity_becomes_one_groups_island() -> None:
    newcomers = [a_newcomer(f"uk{i}", wants={"association": 1}) for i in range(5)]
    newcomers += [
        a_newcomer(f"ar{i}", languages={"ar": "native"}, wants={"association": 1}) for i in range(5)
    ]
    plan = plan_of(newcomers, [an_offer(capacity=8, language_share_max=0.4)])
    groups = [proposal.newcomer_id[:2] for proposal in plan.proposals]
    assert sorted(groups) == ["ar"] * 3 + ["uk"] * 3


def test_people_without_a_native_language_share_no_limit() -> None:
    newcomers = [a_newcomer(f"n{i}", languages={"en": "C1"}, wants={"association": 1}) for i in range(4)]
    assert len(plan_of(newcomers, [an_offer(capacity=4, language_share_max=0.25)]).proposals) == 4


@pytest.mark.parametrize(
    ("newcomer", "offer", "reason"),
    [
        ({"consent": False}, {}, "consent"),
        ({"status": "paused"}, {}, "status"),
        ({"birth_year": None}, {}, "minors"),
        ({}, {"taken": 3}, "free_place"),
        ({"availability": hours("sun 10:00-12:00")}, {}, "hours"),
        ({"lat": 52.5}, {}, "travel"),
    ],
)
def test_an_open_wish_names_the_rule_in_the_way(
    newcomer: dict[str, Any], offer: dict[str, Any], reason: str
) -> None:
    plan = plan_of([a_newcomer(wants={"association": 1}, **newcomer)], [an_offer(**offer)])
    assert reasons(plan) == {("n", "association"): reason}


def test_the_rule_that_alone_keeps_most_offers_away_is_named() -> None:
    offers = [
        an_offer("late", times=hours("tue 21:30-23:00")),
        an_offer("far", lat=52.5),
        an_offer("far_too", lat=52.5),
        an_offer("far_and_late", lat=52.5, times=hours("tue 21:30-23:00")),
    ]
    assert reasons(plan_of([a_newcomer(wants={"association": 1})], offers)) == {
        ("n", "association"): "travel"
    }


def test_a_confirmed_placement_is_not_proposed_again_and_serves_the_wish() -> None:
    newcomers = [a_newcomer("n", wants={"association": 1}), a_newcomer("m", wants={"association": 1})]
    plan = plan_of(newcomers, [an_offer(capacity=2)], fixed=[("n", "o")])
    assert chosen(plan) == {("m", "o")}
    assert plan.unmatched == ()


def test_a_banned_pair_is_not_proposed() -> None:
    plan = plan_of(
        [a_newcomer(wants={"association": 1})], [an_offer("a"), an_offer("b")], banned=[("n", "a")]
    )
    assert chosen(plan) == {("n", "b")}


@pytest.mark.parametrize("settled", ["fixed", "banned"])
def test_settled_pairs_of_unknown_people_are_refused_all_at_once(settled: str) -> None:
    with pytest.raises(UnknownRecordError, match="newcomer 'x', offer 'y'"):
        plan_of([a_newcomer()], [an_offer()], **{settled: [("x", "o"), ("n", "y")]})


def test_ids_must_be_unique() -> None:
    with pytest.raises(UnknownRecordError, match="id of its own"):
        plan_of([a_newcomer(), a_newcomer()], [an_offer()])


def test_an_unknown_method_is_refused_with_the_valid_ones() -> None:
    with pytest.raises(InvalidProblemError, match="flow"):
        plan_of([a_newcomer()], [an_offer()], method="magic")


@pytest.mark.parametrize("seed", [1, 2])
def test_a_town_is_matched_to_a_proven_plan_that_keeps_every_rule(seed: int) -> None:
    newcomers, offers = a_town(150, 120, seed)
    plan = plan_of(newcomers, offers)
    assert len(plan.proposals) > 50
    assert plan.certificate.feasible
    assert plan.certificate.violations == ()
    assert plan.objective <= plan.bound + 1e-6
    assert plan.bound - plan.objective < 0.02 * plan.bound
    by_pair = {(e.newcomer_id, e.offer_id): e for e in examine(newcomers, offers, plan.policy, today=TODAY)}
    for proposal in plan.proposals:
        explanation = by_pair[proposal.newcomer_id, proposal.offer_id]
        assert explanation.rules == ()
        assert proposal.score == pytest.approx(explanation.score)
        assert sum(proposal.parts.values()) == pytest.approx(proposal.score)
    assert {e.newcomer_id for e in by_pair.values() if e.is_possible} >= {
        p.newcomer_id for p in plan.proposals
    }


def test_a_plan_keeps_every_limit() -> None:
    newcomers, offers = a_town(200, 120, 3)
    plan = plan_of(newcomers, offers)
    for offer in offers:
        assert sum(p.offer_id == offer.id for p in plan.proposals) <= max(0, offer.capacity - offer.taken)
    for person in newcomers:
        own = [p for p in plan.proposals if p.newcomer_id == person.id]
        for kind in ("association", "mentor", "neighbour"):
            assert sum(p.kind == kind for p in own) <= person.wants.get(kind, 0)
        assert person.max_placements is None or len(own) <= person.max_placements
        times = [next(o.times for o in offers if o.id == p.offer_id) for p in own if p.kind == "association"]
        for mine, other in itertools.combinations(times, 2):
            assert not any(a.overlaps(b) for a in mine for b in other)


def test_proposed_and_open_wishes_add_up() -> None:
    newcomers, offers = a_town(120, 80, 4)
    plan = plan_of(newcomers, offers)
    n_wishes = sum(sum(person.wants.values()) for person in newcomers)
    n_open = sum(wish.wanted - wish.proposed for wish in plan.unmatched)
    assert len(plan.proposals) + n_open == n_wishes
    assert {wish.reason for wish in plan.unmatched} <= set(REASONS)


def test_another_order_of_people_gives_a_plan_of_the_same_value() -> None:
    newcomers, offers = a_town(80, 60, 5)
    newcomers = [n for n in newcomers if sum(n.wants.values()) == 1]
    value = plan_of(newcomers, offers).objective
    assert plan_of(newcomers[::-1], offers[::-1]).objective == pytest.approx(value, abs=1e-5)


def test_the_same_people_give_the_same_plan() -> None:
    newcomers, offers = a_town(80, 60, 6)
    assert plan_of(newcomers, offers) == plan_of(newcomers, offers)


def test_a_second_run_changes_nothing() -> None:
    newcomers, offers = a_town(150, 100, 7)
    first = plan_of(newcomers, offers)
    second = plan_of(newcomers, offers, previous=first)
    assert chosen(second) == chosen(first)
    assert compare(chosen(first), second) == []


def test_an_open_proposal_is_kept_for_a_small_gain_and_given_up_for_a_large_one() -> None:
    near, far = an_offer("near", lat=51.96), an_offer("far", lat=51.9605)
    newcomer = a_newcomer(wants={"association": 1})
    assert chosen(plan_of([newcomer], [near, far], previous=[("n", "far")])) == {("n", "far")}
    assert chosen(plan_of([newcomer], [near, an_offer("far", lat=51.98)], previous=[("n", "far")])) == {
        ("n", "near")
    }


def test_the_score_people_see_holds_no_switching_bonus() -> None:
    plain = plan_of([a_newcomer()], [an_offer()])
    again = plan_of([a_newcomer()], [an_offer()], previous=plain)
    assert again.proposals == plain.proposals
    assert again.objective == pytest.approx(plain.objective + plain.policy.switching_bonus)


FEW = Policy(limits=Limits(candidates_per_kind=2))


def test_candidates_left_out_are_counted() -> None:
    offers = [an_offer(f"o{i}", lat=51.96 + i / 1000) for i in range(5)]
    plan = plan_of([a_newcomer(wants={"association": 1})], offers, policy=FEW)
    assert (plan.n_candidates, plan.n_left_out) == (5, 3)
    assert chosen(plan) == {("n", "o0")}


def test_no_place_stays_empty_because_everybody_kept_the_same_candidates() -> None:
    newcomers = [a_newcomer(f"n{i}", wants={"mentor": 1}) for i in range(12)]
    mentors = [an_offer(f"m{j}", kind="mentor", capacity=1) for j in range(9)]
    plan = plan_of(newcomers, mentors, policy=FEW)
    assert len(plan.proposals) == 9
    assert plan.status == "optimal"


@pytest.mark.parametrize("seed", range(4))
def test_few_candidates_at_first_give_a_plan_of_the_same_value(seed: int) -> None:
    newcomers, offers = a_town(120, 60, seed)
    newcomers = [n for n in newcomers if sum(n.wants.values()) == 1]
    plan, few = plan_of(newcomers, offers), plan_of(newcomers, offers, policy=FEW)
    assert few.objective == pytest.approx(plan.objective, abs=1e-6)
    assert few.bound == pytest.approx(plan.bound, abs=1e-6)
    assert few.n_left_out > 0


def test_an_open_proposal_is_a_candidate_however_many_are_better() -> None:
    offers = [an_offer(f"o{i}", lat=51.96 + i / 10_000) for i in range(5)]
    plan = plan_of([a_newcomer(wants={"association": 1})], offers, policy=FEW, previous=[("n", "o4")])
    assert chosen(plan) == {("n", "o4")}


def test_a_pair_that_is_fixed_and_banned_is_refused() -> None:
    with pytest.raises(InvalidProblemError, match="fixed and banned"):
        plan_of([a_newcomer()], [an_offer()], fixed=[("n", "o")], banned=[("n", "o")])


def test_who_can_take_on_nothing_more_is_told_so() -> None:
    newcomer = a_newcomer(wants={"association": 1, "mentor": 1}, max_placements=1)
    offers = [an_offer("a"), an_offer("m", kind="mentor")]
    assert reasons(plan_of([newcomer], offers, fixed=[("n", "a")])) == {("n", "mentor"): "max_placements"}


def test_insisting_is_exact_however_large_the_bonus() -> None:
    policy = Policy(bonus=Bonus(base=0, need=1_000, waiting=1_000))
    newcomers = [
        a_newcomer("a", need_level=1, wants={"association": 1}),
        a_newcomer("b", need_level=4, waiting_since=date(2020, 1, 1), wants={"association": 1}),
    ]
    explanation = explain(plan_of(newcomers, [an_offer("x", capacity=1)], policy=policy), "a", "x")
    assert explanation.price == pytest.approx(2_000, abs=1e-3)


def test_the_town_language_does_not_depend_on_who_comes_first() -> None:
    newcomers = [
        a_newcomer(town, town=town, languages={"de": "B1"}, wants={"association": 1}, lat=None, lon=None)
        for town in ("muenster", "enschede")
    ]
    offer = an_offer(town="", lat=None, lon=None, min_level="A2")
    values = {plan_of(order, [offer]).objective for order in (newcomers, newcomers[::-1])}
    assert len(values) == 1


def test_the_bonus_grows_with_need_and_waiting_and_ends_with_a_placement() -> None:
    newcomers = [
        a_newcomer("low", need_level=1),
        a_newcomer("high", need_level=4),
        a_newcomer("waits", need_level=1, waiting_since=date(2025, 3, 2)),
        a_newcomer("served", need_level=4),
    ]
    plan = plan_of(newcomers, [an_offer(capacity=9)], fixed=[("served", "o")])
    low, high, waits, served = row_bonus(plan.workings.situation)
    assert low < waits < high
    assert served == 0


def test_progress_names_every_stage_in_order() -> None:
    seen: list[str] = []
    plan = plan_of([a_newcomer()], [an_offer()], progress=seen.append)
    assert seen == list(plan.seconds) == ["encode", "candidates", "assignment", "collect"]


# Questions about a plan ------------------------------------------------------------------------------


def test_insisting_costs_the_difference_of_two_plans() -> None:
    newcomers, offers = a_town(60, 40, 8)
    newcomers = [n for n in newcomers if sum(n.wants.values()) == 1]
    plan = plan_of(newcomers, offers)
    possible = [e for e in examine(newcomers, offers, plan.policy, today=TODAY) if e.is_possible]
    others = [e for e in possible if (e.newcomer_id, e.offer_id) not in chosen(plan)][::40]
    assert others
    for candidate in others:
        explanation = explain(plan, candidate.newcomer_id, candidate.offer_id)
        forced = make_plan(
            newcomers, offers, plan.policy, today=TODAY, fixed=[(candidate.newcomer_id, candidate.offer_id)]
        )
        row = [person.id for person in newcomers].index(candidate.newcomer_id)
        with_pair = forced.objective + candidate.score + row_bonus(plan.workings.situation)[row]
        assert explanation.price is not None
        assert explanation.price == pytest.approx(max(0, plan.objective - with_pair), abs=1e-5)


def test_a_forbidden_pair_is_explained_by_its_rules_and_has_no_price() -> None:
    plan = plan_of([a_newcomer()], [an_offer(capacity=0, times=hours("sun 10:00-12:00"))])
    explanation = explain(plan, "n", "o")
    assert explanation.rules == ("free_place", "hours")
    assert explanation.price is None


def test_a_question_about_somebody_unknown_is_refused() -> None:
    plan = plan_of([a_newcomer()], [an_offer()])
    with pytest.raises(UnknownRecordError, match="newcomer 'x' and offer 'y'"):
        explain(plan, "x", "y")


def test_what_changed_between_two_runs_is_told_with_the_reason() -> None:
    newcomers = [a_newcomer(i, wants={"association": 1}) for i in ("moved", "lost", "new")]
    before = [("moved", "closed"), ("lost", "full"), ("gone", "x"), ("moved", "vanished")]
    offers = [an_offer("closed", status="closed"), an_offer("full", capacity=0), an_offer("open", capacity=2)]
    changes = {
        (c.newcomer_id, c.before): c for c in compare(before, plan_of(newcomers[:1] + newcomers[2:], offers))
    }
    assert changes["moved", "closed"].reason == "status"
    assert (changes["moved", "closed"].action, changes["moved", "closed"].after) == ("changed", "open")
    assert changes["lost", "full"].reason == "newcomer_gone"
    assert changes["moved", "vanished"].reason == "offer_gone"
    assert (changes["new", None].action, changes["new", None].reason) == ("added", "newly_possible")


def test_every_rule_has_a_text() -> None:
    assert all(rule.text for rule in RULES)
    assert len({rule.text for rule in RULES}) == len(RULES)


def test_an_earlier_plan_is_where_the_next_begins_even_when_people_came_and_went() -> None:
    newcomers, offers = a_town(300, 220, 5)
    earlier = plan_of(newcomers[:280], offers[10:])
    again = plan_of(newcomers[20:][::-1], offers, previous=earlier)
    afresh = plan_of(
        newcomers[20:][::-1], offers, previous=[(p.newcomer_id, p.offer_id) for p in earlier.proposals]
    )
    # Both know which proposals are open; the first begins with their prices too.
    assert again.objective == pytest.approx(afresh.objective, rel=1e-3)
    assert again.bound == pytest.approx(afresh.bound, rel=1e-3)
    kept = chosen(again) & chosen(earlier)
    assert len(kept) > 0.7 * len(earlier.proposals)
