"""Answers in words: for every rule, criterion and change, in every language, with the values at stake."""

from __future__ import annotations

import pytest
from babel.dates import get_day_names

from matcher import Policy, explain, make_plan
from matcher.pairs.criteria import CRITERIA
from matcher.pairs.eligibility import RULES
from matcher.questions.explanation import Move
from matcher.questions.facts import _COLLISIONS, pair_facts
from matcher.questions.relaxations import _WAYS, relaxations
from matcher.questions.wording import (
    _COLLISION_FACTS,
    _FACTS,
    BRINGS,
    CHANGES,
    NOTHING,
    PRICE,
    PROPOSED,
    hours_in_words,
    move_in_words,
    relaxation_in_words,
    translated,
    why,
    why_not,
)
from matcher.records.vocabulary import LANGUAGES, load_taxonomy, parse_hours
from tests.builders import TODAY, a_newcomer, an_offer, hours

NEWCOMER = a_newcomer(
    name="Amal",
    interests=("football", "chess"),
    can_offer=("cooking",),
    goals=("sport",),
    children_birth_years=(2018,),
    wants={"association": 1},
)
OFFER = an_offer(
    name="Club",
    interests=("football",),
    seeks=("cooking",),
    goals=("sport",),
    children_birth_years=(2018,),
    languages={"de": "native", "uk": "B1"},
    confirmed_at=TODAY,
)


def test_every_criterion_and_every_change_has_words() -> None:
    assert set(_FACTS) == {criterion.facts for criterion in CRITERIA if criterion.facts}
    assert set(CHANGES) == {*_WAYS, "free_place", "wanted"}
    assert set(_COLLISION_FACTS) <= set(_COLLISIONS)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_rule_is_put_into_words(language: str) -> None:
    texts = [translated(rule.text, language) for rule in RULES]
    assert all(texts)
    if language != "en":
        assert not {*texts} & {rule.text for rule in RULES}
        for text in (*CHANGES.values(), NOTHING, PRICE, PROPOSED, BRINGS):
            assert translated(text, language) != text


@pytest.mark.parametrize("language", LANGUAGES)
def test_why_names_what_both_sides_share_and_the_parts_sum_to_the_score(language: str) -> None:
    plan = make_plan([NEWCOMER], [OFFER], today=TODAY)
    explanation = explain(plan, "n", "o")
    sentences = why(explanation, pair_facts(NEWCOMER, OFFER, Policy(), TODAY), Policy(), language)
    assert sum(explanation.parts.values()) == pytest.approx(explanation.score)
    assert len(sentences) == sum(part > 0 for part in explanation.parts.values())
    football = load_taxonomy().terms["football"].names[language]
    tuesday = get_day_names("abbreviated", context="stand-alone", locale=language)[1]
    together = " ".join(sentences)
    assert f": {football} (" in together
    assert f"{tuesday} 18:00–20:00" in together
    assert " min, " in together


@pytest.mark.parametrize(
    ("newcomer", "offer", "words"),
    [
        ({"max_minutes": 5}, {"lat": 52.0}, "min > 5 min"),
        ({"birth_year": 2010}, {"age_min": 18, "age_max": 30}, "(16; ≥ 18 ≤ 30)"),
        ({}, {"capacity": 3, "taken": 3}, "(0/3)"),
        ({}, {"min_level": "B2"}, "(uk native, de A2 | ≥ B2)"),
        ({"needs": ("low_cost",)}, {"cost_eur_month": 30.0}, "(30 € > 10 €)"),
        ({"availability": hours("mon 09:00-10:00")}, {}, "(Mon 09:00–10:00 | Tue 18:00–20:00)"),
    ],
)
def test_why_not_shows_the_values_that_collide(newcomer, offer, words) -> None:
    plan = make_plan([a_newcomer(**newcomer)], [an_offer(**offer)], today=TODAY)
    assert any(words in sentence for sentence in why_not(explain(plan, "n", "o"), "en"))


def test_a_price_is_told_in_points_and_a_repaired_one_as_about() -> None:
    newcomers = [a_newcomer(one, wants={"association": 1}) for one in ("a", "b")]
    plan = make_plan(newcomers, [an_offer(capacity=1)], today=TODAY)
    (loser,) = {"a", "b"} - {proposal.newcomer_id for proposal in plan.proposals}
    explanation = explain(plan, loser, "o")
    (sentence,) = why_not(explanation, "en")
    assert f"insisting would cost the plan {100 * explanation.price:.1f} points" in sentence


def test_moves_and_changes_use_names() -> None:
    names = {"n": "Amal", "o": "Club"}
    assert move_in_words(Move("n", "association", None, "o"), names, "de") == "Amal: kein Vorschlag → Club"
    plan = make_plan(
        [a_newcomer(max_minutes=5, wants={"association": 1})], [an_offer(lat=51.97)], today=TODAY
    )
    (relaxation,) = relaxations(plan, "n")
    sentence = relaxation_in_words(relaxation, names, "nl")
    assert sentence.startswith(f"{relaxation.amount:g} minuten reistijd meer naar Club: ")


def test_hours_are_named_in_the_language_and_sorted() -> None:
    times = [parse_hours("wed 18:00-24:00"), parse_hours("mon 09:00-10:30")]
    assert hours_in_words(times, "nl") == ["ma 09:00–10:30", "wo 18:00–24:00"]
