"""A plan held against handing offers out one by one: same limits, never a better value."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest

from matcher import Newcomer, Offer, Plan, make_plan
from matcher.exceptions import InvalidProblemError
from matcher.generate import generate_town
from matcher.questions.baselines import ORDERS, hand_out, outcome
from tests.builders import TODAY, a_newcomer, an_offer, hours


def plan_of(newcomers: list[Newcomer], offers: list[Offer]) -> Plan:
    return make_plan(newcomers, offers, today=TODAY)


def test_the_outcome_of_a_plan_is_its_own() -> None:
    newcomers, offers = generate_town("muenster", 120, 80, np.random.default_rng(1), TODAY)
    plan = plan_of(newcomers, offers)
    own = outcome(plan)
    assert own.value == plan.objective
    assert own.n_pairs == len(plan.proposals)
    assert own.score_sum == pytest.approx(sum(proposal.score for proposal in plan.proposals))
    assert own.served == {proposal.newcomer_id for proposal in plan.proposals}


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_handing_out_stays_below_the_bound_and_serves_candidates_only(order: str, seed: int) -> None:
    newcomers, offers = generate_town("enschede", 120, 80, np.random.default_rng(seed), TODAY)
    plan = plan_of(newcomers, offers)
    handed = hand_out(plan, order)
    assert 0 < handed.value <= plan.bound
    assert handed.served <= {newcomers[row].id for row in plan.workings.pairs.rows}


def test_who_waits_longest_chooses_first_and_who_needs_most_where_that_counts() -> None:
    waits = a_newcomer("waits", need_level=1, waiting_since=TODAY - timedelta(weeks=9))
    needs = a_newcomer("needs", need_level=4, waiting_since=TODAY - timedelta(weeks=8))
    plan = plan_of([needs, waits], [an_offer(capacity=1)])
    assert hand_out(plan, "waiting").served == {"waits"}
    assert hand_out(plan, "urgency").served == {"needs"}


def test_the_best_pair_is_given_away_first_though_two_could_be_served() -> None:
    near = an_offer("near", lat=51.96, capacity=1)
    far = an_offer("far", lat=51.975, capacity=1, gender_group="women_only")
    anyone = a_newcomer("anyone", gender="f", wants={"association": 1}, lat=51.96)
    man = a_newcomer("man", gender="m", wants={"association": 1}, lat=51.959)
    plan = plan_of([anyone, man], [near, far])
    assert outcome(plan).served == {"anyone", "man"}
    assert hand_out(plan, "score").served == {"anyone"}


@pytest.mark.parametrize("order", ORDERS)
def test_nobody_is_handed_two_sessions_at_the_same_hours(order: str) -> None:
    offers = [an_offer(name, times=hours("tue 18:00-20:00")) for name in ("a", "b")]
    assert hand_out(plan_of([a_newcomer(wants={"association": 2})], offers), order).n_pairs == 1


def test_an_unknown_order_is_refused_with_the_valid_ones() -> None:
    with pytest.raises(InvalidProblemError, match="waiting, urgency, score"):
        hand_out(plan_of([], []), "alphabet")


@pytest.mark.parametrize("order", ORDERS)
def test_nothing_is_handed_out_where_there_is_nothing(order: str) -> None:
    assert hand_out(plan_of([], []), order).served == frozenset()
    assert hand_out(plan_of([a_newcomer()], []), order).n_pairs == 0
