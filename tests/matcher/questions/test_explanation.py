"""Why, why not, at what price: that of insisting is what two independent plans differ by."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from matcher import Policy, explain, make_plan
from matcher.assignment import solve
from matcher.exceptions import UnknownRecordError
from matcher.generate import generate_town
from matcher.pairs.eligibility import RULES, allowed
from matcher.pairs.policy import Limits
from matcher.pairs.scoring import score_parts
from matcher.pairs.situation import Pairs
from matcher.planning.column_generation import pose_problem
from matcher.planning.single import Plan
from matcher.questions.explanation import Move, examine, obstacles
from matcher.questions.facts import _COLLISIONS
from tests.builders import TODAY, a_newcomer, an_offer, hours

DAY = date(2026, 11, 16)
INSISTING = 50.0


def town_without_clashes(seed: int, policy: Policy) -> Plan:
    """Activities take place at different hours, so that every plan is proven the best."""
    newcomers, offers = generate_town("muenster", 60, 40, np.random.default_rng(seed), DAY)
    free = hours(*(f"{day} 00:00-24:00" for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")))
    newcomers = [replace(newcomer, availability=free) for newcomer in newcomers]
    offers = [
        replace(offer, times=hours(f"{day} {hour:02d}:00-{hour + 1:02d}:00"))
        for offer, (day, hour) in zip(
            offers, ((d, h) for d in ("mon", "tue", "wed", "thu", "fri") for h in range(9, 18)), strict=False
        )
    ]
    return make_plan(newcomers, offers, policy, today=DAY)


def solved_with(plan: Plan, pair: Pairs) -> float:
    """The value of the best plan with a pair, by another method, from people alone."""
    everything = allowed(
        Pairs(
            plan.workings.situation,
            np.repeat(np.arange(len(plan.newcomers)), len(plan.offers)),
            np.tile(np.arange(len(plan.offers)), len(plan.newcomers)),
        )
    )
    is_pair = (everything.rows == pair.rows[0]) & (everything.columns == pair.columns[0])
    assert is_pair.sum() == 1
    scores = score_parts(everything).sum(axis=1) + INSISTING * is_pair
    return solve(pose_problem(everything, scores), method="flow").objective - INSISTING


@pytest.mark.parametrize("seed", range(10))
def test_the_price_of_insisting_is_the_difference_of_two_independent_solves(seed: int) -> None:
    few = Policy(limits=Limits(candidates_per_kind=3)) if seed % 2 else Policy()
    plan = town_without_clashes(seed, few)
    assert plan.status == "optimal"
    possible = allowed(
        Pairs(
            plan.workings.situation,
            np.repeat(np.arange(len(plan.newcomers)), len(plan.offers)),
            np.tile(np.arange(len(plan.offers)), len(plan.newcomers)),
        )
    )
    proposed = {(p.newcomer_id, p.offer_id) for p in plan.proposals}
    order = np.random.default_rng(seed).permutation(possible.rows.size)
    asked = 0
    for at in order.tolist():
        row, column = int(possible.rows[at]), int(possible.columns[at])
        newcomer, offer = plan.newcomers[row].id, plan.offers[column].id
        if (newcomer, offer) in proposed:
            continue
        explanation = explain(plan, newcomer, offer)
        then = solved_with(plan, possible.only(np.arange(possible.rows.size) == at))
        assert explanation.price_is_exact
        assert explanation.price == pytest.approx(plan.objective - then, abs=1e-5)
        assert_moves_lead_to(plan, explanation.moves, (newcomer, offer))
        asked += 1
        if asked == 20:
            break
    assert asked == 20


def assert_moves_lead_to(plan: Plan, moves: tuple[Move, ...], pair: tuple[str, str]) -> None:
    """From the plan's proposals to others that hold the pair and keep every limit on places."""
    there = {(p.newcomer_id, p.offer_id) for p in plan.proposals}
    for move in moves:
        if move.before is not None:
            there.remove((move.newcomer_id, move.before))
    for move in moves:
        if move.after is not None:
            assert (move.newcomer_id, move.after) not in there
            there.add((move.newcomer_id, move.after))
    assert pair in there
    places = dict(zip((o.id for o in plan.offers), plan.workings.situation.free_places.tolist(), strict=True))
    assert all(taken <= places[offer] for offer, taken in Counter(offer for _n, offer in there).items())


def test_insisting_where_hours_clash_is_solved_anew_and_says_that_it_is_not_exact() -> None:
    newcomer = a_newcomer(wants={"association": 2}, availability=hours("tue 17:00-21:00"))
    other = a_newcomer("other", wants={"association": 1}, availability=hours("tue 17:00-21:00"))
    offers = [
        an_offer("one", times=hours("tue 17:00-18:30"), capacity=1),
        an_offer("two", times=hours("tue 18:00-19:30"), capacity=1),
        an_offer("three", times=hours("tue 19:00-20:30"), capacity=1),
    ]
    plan = make_plan([newcomer, other], offers, today=TODAY)
    held = {p.offer_id for p in plan.proposals if p.newcomer_id == "n"}
    assert held == {"one", "three"}
    explanation = explain(plan, "n", "two")
    assert explanation.price is not None
    assert explanation.price >= 0
    gone = {move.before for move in explanation.moves if move.newcomer_id == "n"}
    assert held <= gone
    assert any(move.after == "two" for move in explanation.moves)


def test_asking_leaves_the_plan_as_it_was() -> None:
    plan = town_without_clashes(3, Policy())
    session = plan.workings.session
    pairs, value = session.pairs.copy(), session.objective
    proposed = {(p.newcomer_id, p.offer_id) for p in plan.proposals}
    for newcomer in plan.newcomers[:5]:
        for offer in plan.offers[:10]:
            if (newcomer.id, offer.id) not in proposed:
                explain(plan, newcomer.id, offer.id)
    assert (session.pairs == pairs).all()
    assert session.objective == value


def test_every_rule_but_those_about_single_pairs_tells_which_values_collide() -> None:
    says_nothing = {"consent", "banned", "already_placed"}
    assert set(_COLLISIONS) == {rule.name for rule in RULES} - says_nothing


@pytest.mark.parametrize(
    ("rule", "newcomer", "offer", "values"),
    [
        ("age", {"birth_year": 2012}, {"age_min": 18}, {"age": 14, "from": 18, "to": None}),
        ("travel", {"max_minutes": 10}, {"lat": 52.01}, {"most": 10}),
        ("free_place", {}, {"capacity": 0}, {"capacity": 0, "free": 0}),
        ("language", {}, {"min_level": "B2"}, {"asked": "B2", "newcomer": {"uk": "native", "de": "A2"}}),
        (
            "low_cost", {"needs": ("low_cost",)}, {"cost_eur_month": 25.0},
            {"cost_eur_month": 25.0, "most": 10.0},
        ),
        ("hours", {"availability": hours("mon 09:00-10:00")}, {}, {"free": [*hours("mon 09:00-10:00")]}),
        ("status", {"status": "paused"}, {}, {"newcomer": "paused", "offer": "active"}),
    ],
)  # fmt: skip
def test_why_not_names_the_rule_and_the_values_that_collide(rule, newcomer, offer, values) -> None:
    plan = make_plan([a_newcomer(**newcomer)], [an_offer(**offer)], today=TODAY)
    explanation = explain(plan, "n", "o")
    assert rule in explanation.rules
    assert explanation.price is None
    assert set(explanation.collisions) == set(explanation.rules)
    assert {name: explanation.collisions[rule][name] for name in values} == values


def test_people_who_are_not_in_the_plan_are_named() -> None:
    plan = make_plan([a_newcomer()], [an_offer()], today=TODAY)
    with pytest.raises(UnknownRecordError, match="newcomer 'x' and offer 'y'"):
        explain(plan, "x", "y")


def test_obstacles_are_the_rules_that_examine_finds() -> None:
    newcomers, offers = (
        list(people) for people in generate_town("muenster", 40, 60, np.random.default_rng(4), TODAY)
    )
    found = examine(newcomers, offers, Policy(), today=TODAY)
    by_id = {one.id: one for one in (*newcomers, *offers)}
    seen = set()
    for one in found[::7]:
        rules = obstacles(by_id[one.newcomer_id], by_id[one.offer_id], Policy(), today=TODAY)
        assert rules == one.rules
        seen |= set(rules)
    assert len(seen) > 8


def test_obstacles_know_what_is_settled() -> None:
    person, offer = a_newcomer(wants={"association": 2}), an_offer()
    same_time = an_offer("same")
    beside = {"beside": [same_time], "fixed": [("n", "same")]}
    assert obstacles(person, offer, Policy(), today=TODAY) == ()
    assert obstacles(person, offer, Policy(), today=TODAY, banned=[("n", "o")]) == ("banned",)
    assert obstacles(person, offer, Policy(), today=TODAY, **beside) == ("time_clash",)
