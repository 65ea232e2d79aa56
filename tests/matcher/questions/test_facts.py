"""The facts of a pair say what rules and criteria rest on: held against them on everybody of a town."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from matcher import Policy
from matcher.generate import generate_town
from matcher.pairs.candidates import all_pairs
from matcher.pairs.criteria import CRITERIA, NEUTRAL
from matcher.pairs.eligibility import RULES_BY_NAME
from matcher.pairs.policy import Limits
from matcher.pairs.situation import Pairs
from matcher.planning.request import PlanRequest
from matcher.questions.facts import PairFacts, pair_facts
from matcher.records.vocabulary import NEEDS
from tests.builders import TODAY, a_newcomer, an_offer, hours

DAY = date(2026, 11, 16)
POLICIES = (Policy(), Policy(limits=Limits(common_language_level="B2", low_cost_eur_month=5)))


@pytest.fixture(scope="module", params=POLICIES, ids=["default", "stricter"])
def town(request: pytest.FixtureRequest) -> tuple[Pairs, list[PairFacts]]:
    newcomers, offers = generate_town("muenster", 200, 100, np.random.default_rng(5), DAY)
    offers[::7] = [replace(offer, cost_eur_month=7.5 * (at % 4)) for at, offer in enumerate(offers[::7])]
    asked = PlanRequest.of(newcomers, offers, request.param, today=DAY)
    pairs = all_pairs(asked.situation(asked.ids()), np.arange(200), np.arange(100))
    facts = [
        pair_facts(newcomers[row], offers[column], request.param, DAY)
        for row, column in zip(pairs.rows.tolist(), pairs.columns.tolist(), strict=True)
    ]
    return pairs, facts


def check(
    pairs: Pairs, facts: list[PairFacts], found: np.ndarray, says: Callable[[PairFacts], bool | None]
) -> None:
    """Hold what facts say against the engine, wherever they say anything; both answers must come up."""
    said = [says(fact) for fact in facts]
    where = [position for position, one in enumerate(said) if one is not None]
    assert {said[position] for position in where} == {True, False}
    assert [said[position] for position in where] == [bool(found[position]) for position in where]


def test_a_language_counts_where_the_rule_on_languages_lets_a_pair_through(town) -> None:
    pairs, facts = town

    def says(fact: PairFacts) -> bool | None:
        if fact.offer.min_level or fact.offer.kind == "association":
            return None
        return any(common.counts for common in fact.languages)

    check(pairs, facts, RULES_BY_NAME["language"].allows(pairs), says)


@pytest.mark.parametrize("need", ["step_free", "childcare", "low_cost"])
def test_a_need_is_met_where_its_rule_says_so(town, need: str) -> None:
    pairs, facts = town

    def says(fact: PairFacts) -> bool | None:
        return next((one.is_met for one in fact.needs if one.need == need), None)

    check(pairs, facts, RULES_BY_NAME[need].allows(pairs), says)


def test_women_only_is_met_where_no_woman_would_be_kept_out(town) -> None:
    pairs, facts = town

    def says(fact: PairFacts) -> bool | None:
        if fact.newcomer.gender != "f" or "women_only" not in fact.newcomer.needs:
            return None
        return next(one.is_met for one in fact.needs if one.need == "women_only")

    check(pairs, facts, RULES_BY_NAME["gender_group"].allows(pairs), says)


def test_the_two_meet_at_whole_sessions_where_the_rule_on_hours_says_so(town) -> None:
    pairs, facts = town

    def says(fact: PairFacts) -> bool | None:
        if fact.offer.kind != "association" or not fact.offer.times or not fact.newcomer.availability:
            return None
        return bool(fact.meeting)

    check(pairs, facts, RULES_BY_NAME["hours"].allows(pairs), says)


def test_with_a_person_a_stretch_that_is_long_enough_is_what_the_rule_asks_for(town) -> None:
    pairs, facts = town

    def says(fact: PairFacts) -> bool | None:
        if fact.offer.kind == "association" or not fact.offer.times or not fact.newcomer.availability:
            return None
        least = fact.policy.limits.common_minutes
        return any(times.end - times.start >= least for times in fact.meeting)

    check(pairs, facts, RULES_BY_NAME["hours"].allows(pairs), says)


@pytest.mark.parametrize(("criterion", "fact"), [("goals", "goals"), ("reciprocity", "reciprocity")])
def test_what_both_share_is_what_the_criterion_counts(town, criterion: str, fact: str) -> None:
    pairs, facts = town
    (measure,) = (one.measure for one in CRITERIA if one.name == criterion)
    values = measure(pairs)
    both_say = {"goals": ("goals", "goals"), "reciprocity": ("can_offer", "seeks")}[criterion]

    def says(one: PairFacts) -> bool | None:
        said = getattr(one.newcomer, both_say[0]) and getattr(one.offer, both_say[1])
        return bool(getattr(one, fact)) if said else None

    check(pairs, facts, values > 0, says)
    silent = [says(one) is None for one in facts]
    assert set(values[silent].tolist()) == {NEUTRAL}


def test_a_level_below_the_common_one_is_named_but_does_not_count() -> None:
    facts = pair_facts(
        a_newcomer(languages={"uk": "native", "de": "A1"}),
        an_offer(kind="mentor", languages={"de": "native", "uk": "B1"}),
        Policy(),
        TODAY,
    )
    assert [(one.code, one.newcomer_level, one.offer_level, one.counts) for one in facts.languages] == [
        ("uk", "native", "B1", True),
        ("de", "A1", "native", False),
    ]


@pytest.mark.parametrize(
    ("need", "offer", "met_by"),
    [
        ("low_cost", {"cost_eur_month": 30.0, "cost_support": True}, "cost_support"),
        ("low_cost", {"cost_eur_month": 9.0}, "cost"),
        ("low_cost", {}, "cost_not_said"),
        ("low_cost", {"cost_eur_month": 30.0}, ""),
        ("women_only", {"gender_group": "women_only"}, "women_only"),
        ("women_only", {"kind": "mentor", "gender": "f"}, "woman"),
        ("women_only", {"kind": "mentor", "gender": "m", "gender_group": "women_only"}, ""),
        ("step_free", {"access": ("step_free",)}, "access"),
        ("childcare", {"access": ("step_free",)}, ""),
    ],
)
def test_a_need_says_what_meets_it(need: str, offer: dict[str, object], met_by: str) -> None:
    facts = pair_facts(a_newcomer(needs=(need,)), an_offer(**offer), Policy(), TODAY)
    assert [(one.need, one.met_by) for one in facts.needs] == [(need, met_by)]
    assert facts.needs[0].is_met == bool(met_by)
    assert need in NEEDS


def test_a_dislike_of_a_broader_interest_meets_the_narrower_one() -> None:
    facts = pair_facts(
        a_newcomer(interests=("choir",), dislikes=("team_sport",)),
        an_offer(interests=("football", "chess"), dislikes=("choir",)),
        Policy(),
        TODAY,
    )
    assert facts.disliked == ("football",)
    assert facts.unwelcome == ("choir",)


def test_an_interest_and_the_broader_one_it_belongs_to_are_related() -> None:
    newcomer, offer = a_newcomer(interests=("football", "chess")), an_offer(interests=("team_sport", "chess"))
    facts = pair_facts(newcomer, offer, Policy(), TODAY)
    assert facts.interests == ("chess",)
    assert facts.related_interests == (("football", "team_sport"),)


def test_an_association_is_met_at_whole_sessions_and_a_person_at_any_common_stretch() -> None:
    free = a_newcomer(availability=hours("mon 17:00-19:00"))
    times = hours("mon 17:30-18:30", "mon 18:30-20:00")
    club = pair_facts(free, an_offer(times=times), Policy(), TODAY)
    mentor = pair_facts(free, an_offer(kind="mentor", times=times), Policy(), TODAY)
    assert [str(one) for one in club.meeting] == ["mon 17:30-18:30"]
    assert [str(one) for one in mentor.meeting] == ["mon 17:30-19:00"]


def test_two_interests_of_one_broader_one_are_related() -> None:
    newcomer, offer = a_newcomer(interests=("football",)), an_offer(interests=("volleyball", "chess"))
    facts = pair_facts(newcomer, offer, Policy(), TODAY)
    assert facts.interests == ()
    assert facts.related_interests == (("football", "volleyball"),)


def test_interests_count_only_where_the_facts_name_what_is_shared(town) -> None:
    pairs, facts = town
    worth = CRITERIA[0].measure(pairs)
    assert CRITERIA[0].name == "interests"

    def says(fact: PairFacts) -> bool | None:
        if not (fact.newcomer.interests and fact.offer.interests) or fact.disliked or fact.unwelcome:
            return None
        return bool(fact.interests or fact.related_interests)

    check(pairs, facts, worth > 0, says)
