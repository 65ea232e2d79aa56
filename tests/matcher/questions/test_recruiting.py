"""What a town is short of: adding what is suggested helps as many, and gains as much, as it says."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import pytest

from matcher import further_places, make_again, make_plan, recruiting
from matcher.generate import generate_town
from matcher.planning.single import Plan
from matcher.records.geography import load_districts
from tests.builders import TODAY, a_newcomer, an_offer

DAY = date(2026, 11, 16)


@pytest.fixture(scope="module")
def plan() -> Plan:
    newcomers, offers = generate_town("muenster", 120, 50, np.random.default_rng(4), DAY)
    return make_plan(newcomers, offers, today=DAY)


def served(plan: Plan) -> set[str]:
    return {proposal.newcomer_id for proposal in plan.proposals}


def test_adding_what_is_suggested_helps_as_many_and_gains_as_much_as_it_says(plan: Plan) -> None:
    suggestions = recruiting(plan, most=3)
    assert suggestions
    for suggestion in suggestions:
        value = plan.objective
        for capacity, (worth, n_helped) in enumerate(
            zip(suggestion.worth, suggestion.n_helped, strict=True), start=1
        ):
            offers = (*plan.offers, replace(suggestion.offer, capacity=capacity))
            then = make_plan(plan.newcomers, offers, plan.policy, today=DAY)
            assert len(served(then)) - len(served(plan)) == n_helped
            assert then.objective - value == pytest.approx(worth, abs=1e-9)
            value = then.objective
    assert suggestions[0].n_helped[-1] > 0
    assert [one.worth[0] for one in suggestions] == sorted(
        (one.worth[0] for one in suggestions), reverse=True
    )


def test_the_suggested_offer_is_what_the_words_say(plan: Plan) -> None:
    for suggestion in recruiting(plan, most=3):
        offer = suggestion.offer
        assert offer.kind == suggestion.kind
        assert suggestion.language in offer.languages
        assert str(offer.times[0]).startswith(suggestion.weekday)
        if suggestion.women_only:
            assert (offer.gender_group, offer.gender) in {
                ("women_only", ""),
                ("women_only", "f"),
                ("mixed", "f"),
            }


def test_further_places_are_worth_what_solving_with_them_gains(plan: Plan) -> None:
    found = further_places(plan, most=4, n_places=2)
    assert found
    for place in found:
        assert place.worth[0] <= plan.prices[place.offer_id] + 1e-6
        offers = [
            replace(offer, capacity=offer.capacity + 1) if offer.id == place.offer_id else offer
            for offer in plan.offers
        ]
        then = make_again(plan, offers=offers)
        if plan.status == then.status == "optimal":
            assert then.objective - plan.objective == pytest.approx(place.worth[0], abs=1e-5)


def test_one_place_too_few_is_found_exactly() -> None:
    newcomers = [a_newcomer("a", wants={"association": 1}), a_newcomer("b", wants={"association": 1})]
    plan = make_plan(newcomers, [an_offer("club", capacity=1)], today=TODAY)
    (place,) = further_places(plan, n_places=2)
    both = make_plan(newcomers, [an_offer("club", capacity=2)], today=TODAY)
    assert place.offer_id == "club"
    assert place.worth == pytest.approx((both.objective - plan.objective, 0.0), abs=1e-6)


def test_a_town_where_everybody_is_served_is_short_of_nothing() -> None:
    plan = make_plan([a_newcomer(wants={"association": 1})], [an_offer()], today=TODAY)
    assert recruiting(plan) == ()
    assert further_places(plan) == ()


def test_a_district_where_one_person_waits_is_not_overlooked() -> None:
    names = ("Sprakel", "Kinderhaus", "Coerde", "Gievenbeck", "Roxel", "Albachten", "Hiltrup")
    centres = {place.name: {"lat": place.lat, "lon": place.lon} for place in load_districts().values()}
    wants = {"association": 1, "mentor": 1}
    served_elsewhere: dict[str, Any] = {"wants": wants, "max_placements": 1, "max_minutes": 600}
    crowd = [
        a_newcomer(f"{name} {number}", interests=("choir",), **served_elsewhere, **centres[name])
        for name in names
        for number in range(2)
    ]
    on_foot: dict[str, Any] = {"wants": {"association": 1}, "mobility": ("walk",), "max_minutes": 10}
    alone = a_newcomer("alone", interests=("choir",), **on_foot, **centres["Wolbeck"])
    plan = make_plan([*crowd, alone], [an_offer(kind="mentor", capacity=len(crowd))], today=TODAY)
    assert served(plan) == {person.id for person in crowd}
    best = recruiting(plan, n_places=1)[0]
    assert (best.district, best.n_helped) == ("Wolbeck", (1,))
