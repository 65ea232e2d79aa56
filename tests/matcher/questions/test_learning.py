"""Weights learnt from decisions: known ones are found, little says nothing, nobody's attributes count."""

from __future__ import annotations

import dataclasses
import inspect

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from matcher import Newcomer, Offer, Policy, make_plan
from matcher.exceptions import InvalidProblemError, InvalidRecordError, UnknownRecordError
from matcher.generate import generate_town
from matcher.pairs.criteria import CRITERIA
from matcher.pairs.encoding import FloatArray
from matcher.pairs.policy import Weights
from matcher.questions.learning import VERDICTS, Decision, Lesson, compare_auc, learn, observe
from tests.builders import TODAY, a_newcomer, an_offer

NAMES = [criterion.name for criterion in CRITERIA]
CURRENT = np.array([getattr(Policy().weights, name) for name in NAMES])
# For as many criteria as there are.
TRUE = np.resize([1.0, 3.0, 0.5, 2.0, 0.0, 1.0, 2.0, 0.5], len(NAMES))
CLARITY = 8.0


def decide(values: FloatArray, weights: FloatArray, rng: np.random.Generator) -> list[Decision]:
    """A coordinator who accepts more often the better a pair is, by weights that only they know."""
    score = values @ weights / weights.sum()
    chance = 1 / (1 + np.exp(-CLARITY * (score - np.median(score))))
    accepted = rng.random(len(values)) < chance
    return [decision(row, bool(yes)) for row, yes in zip(values, accepted, strict=True)]


def decision(values: FloatArray, accepted: bool) -> Decision:
    return Decision(dict(zip(NAMES, values.tolist(), strict=True)), accepted)


def some_decisions(n: int, seed: int, weights: FloatArray = TRUE) -> list[Decision]:
    rng = np.random.default_rng(seed)
    return decide(rng.random((n, len(NAMES))), weights, rng)


def learnt(lesson: Lesson) -> FloatArray:
    return np.array([weight.weight_after for weight in lesson.weights])


def cosine(left: FloatArray, right: FloatArray) -> float:
    return float(left @ right / np.linalg.norm(left) / np.linalg.norm(right))


# What is found ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_known_weights_are_found_again(seed: int) -> None:
    lesson = learn(some_decisions(3000, seed))
    assert cosine(CURRENT, TRUE) < 0.75
    assert cosine(learnt(lesson), TRUE) > 0.98
    assert np.abs(learnt(lesson) / learnt(lesson).sum() - TRUE / TRUE.sum()).max() < 0.05
    assert lesson.verdict == "better"


def test_known_weights_are_found_again_from_people_and_answers() -> None:
    newcomers, offers = generate_town("muenster", 600, 250, np.random.default_rng(1), TODAY)
    pairs = make_plan(newcomers, offers, today=TODAY).workings.pairs
    rng = np.random.default_rng(4)
    asked = rng.choice(pairs.rows.size, 3000, replace=False)
    ids = [
        (newcomers[row].id, offers[column].id)
        for row, column in zip(pairs.rows[asked], pairs.columns[asked], strict=True)
    ]
    seen = observe(newcomers, offers, Policy(), [(n, o, True) for n, o in ids], today=TODAY)
    values = np.array([[d.values[name] for name in NAMES] for d in seen])
    answered = decide(values, TRUE, rng)
    answers = [(n, o, d.accepted) for (n, o), d in zip(ids, answered, strict=True)]
    decisions = observe(newcomers, offers, Policy(), answers, today=TODAY)
    assert decisions == answered
    assert cosine(learnt(learn(decisions)), TRUE) > 0.95


def test_the_intervals_hold_the_true_coefficients_about_as_often_as_they_say() -> None:
    held = [
        weight.coefficient.low <= CLARITY * share <= weight.coefficient.high
        for seed in range(10)
        for weight, share in zip(learn(some_decisions(800, seed)).weights, TRUE / TRUE.sum(), strict=True)
    ]
    assert 0.85 <= np.mean(held) <= 0.99


def test_chances_come_true_on_decisions_not_learnt_from() -> None:
    lesson = learn(some_decisions(3000, 5))
    assert lesson.calibration is not None
    assert lesson.calibration.slope == pytest.approx(1.0, abs=0.15)
    assert lesson.calibration.intercept == pytest.approx(0.0, abs=0.1)
    assert lesson.calibration.brier < lesson.calibration.brier_of_share
    bins = lesson.calibration.bins
    assert sum(each.n for each in bins) == lesson.n_decisions
    assert [each.foreseen for each in bins] == sorted(each.foreseen for each in bins)
    assert sum(each.accepted.low <= each.foreseen <= each.accepted.high for each in bins) >= len(bins) - 2


def test_what_goes_against_acceptance_gets_no_weight_and_is_named() -> None:
    rng = np.random.default_rng(6)
    values = rng.random((1500, len(NAMES)))
    turned = values.copy()
    turned[:, 0] = 1 - turned[:, 0]
    answers = decide(turned, CURRENT, rng)
    lesson = learn([decision(row, d.accepted) for row, d in zip(values, answers, strict=True)])
    first, *others = lesson.weights
    assert first.goes_against
    assert first.coefficient.high < 0
    assert first.weight_after == 0
    assert not any(weight.goes_against for weight in others)


def test_a_criterion_that_never_varied_keeps_its_proportion() -> None:
    rng = np.random.default_rng(7)
    values = rng.random((1500, len(NAMES)))
    values[:, -1] = 0.5
    lesson = learn(decide(values, CURRENT, rng))
    last = lesson.weights[-1]
    assert not last.varies
    assert last.weight_after == pytest.approx(last.weight_before, abs=0.1)


def test_a_hundred_decisions_by_the_current_weights_do_not_lead_far_from_them() -> None:
    lessons = [learn(some_decisions(100, seed, CURRENT), n_resamples=20) for seed in range(8)]
    assert np.mean([cosine(learnt(lesson), CURRENT) for lesson in lessons]) > 0.95


# What is not -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [0, 1, 99])
def test_fewer_than_a_hundred_decisions_cannot_tell(n: int) -> None:
    lesson = learn(some_decisions(99, 1)[:n])
    assert (lesson.can_tell, lesson.verdict, lesson.n_decisions) == (False, "too_few", n)
    assert lesson.reason == VERDICTS["too_few"]
    assert (lesson.weights, lesson.auc_gain, lesson.diff) == ((), None, ())
    assert lesson.policy == Policy()


def test_a_hundred_can() -> None:
    assert learn(some_decisions(100, 1)).can_tell


@pytest.mark.parametrize("n_of_one", [0, 19])
@pytest.mark.parametrize("answer", [True, False])
def test_answers_that_are_nearly_all_the_same_cannot_tell(answer: bool, n_of_one: int) -> None:
    values = np.random.default_rng(1).random((300, len(NAMES)))
    one_sided = [decision(row, answer == (i >= n_of_one)) for i, row in enumerate(values)]
    assert learn(one_sided).verdict == "one_sided"


@pytest.mark.parametrize("seed", range(5))
def test_there_is_no_reason_to_change_weights_that_are_right(seed: int) -> None:
    lesson = learn(some_decisions(1000, seed, CURRENT), n_resamples=20)
    assert lesson.can_tell
    assert lesson.verdict == "no_better"
    assert (lesson.policy, lesson.diff) == (Policy(), ())
    assert lesson.auc_gain is not None
    assert lesson.auc_gain.low <= 0


def test_nothing_is_proposed_where_every_criterion_goes_against_acceptance() -> None:
    rng = np.random.default_rng(8)
    values = rng.random((600, len(NAMES)))
    answers = decide(1 - values, np.ones(len(NAMES)), rng)
    lesson = learn([decision(row, d.accepted) for row, d in zip(values, answers, strict=True)])
    assert (lesson.verdict, lesson.policy) == ("none_counts", Policy())


# The proposal ----------------------------------------------------------------------------------------


def test_the_diff_leads_from_the_current_policy_to_the_proposed_one() -> None:
    current = Policy(name="Münster", weights=Weights(freshness=1.3), switching_bonus=0.05)
    lesson = learn(some_decisions(2000, 9), current)
    assert lesson.is_better
    changed = {name: after for name, _before, after in lesson.diff}
    assert (
        dataclasses.replace(current, weights=dataclasses.replace(current.weights, **changed)) == lesson.policy
    )
    assert all(getattr(current.weights, name) == before != after for name, before, after in lesson.diff)
    assert Policy.from_toml(lesson.policy.to_toml()) == lesson.policy
    assert lesson.policy.version != current.version


@pytest.mark.parametrize("total", [0.7, 1.0, 12.0, 850.0])
def test_learnt_weights_have_the_sum_of_the_current_ones(total: float) -> None:
    scaled = dict(zip(NAMES, (CURRENT / CURRENT.sum() * total).tolist(), strict=True))
    lesson = learn(some_decisions(500, 10), Policy(weights=Weights(**scaled)), n_resamples=20)
    assert learnt(lesson).sum() == pytest.approx(total)
    counts = learnt(lesson) > 0
    as_scaled = (
        np.array([weight.coefficient.value for weight in lesson.weights])[counts] / learnt(lesson)[counts]
    )
    assert as_scaled == pytest.approx(as_scaled[0], rel=0.05)


def test_the_same_decisions_in_any_order_teach_the_same() -> None:
    decisions = some_decisions(250, 11)
    assert learn(decisions) == learn(decisions[::-1]) == learn(iter(decisions))
    assert learn(decisions) != learn(decisions, seed=1)


# Nobody's attributes ---------------------------------------------------------------------------------


def test_a_decision_takes_criteria_and_nothing_else() -> None:
    values = dict.fromkeys(NAMES, 0.5) | {"gender": 1.0, "travel": 1.5, "hours": float("nan")}
    with pytest.raises(InvalidRecordError) as caught:
        Decision(values, accepted=True)
    assert [problem.field for problem in caught.value.problems] == ["gender", "travel", "hours"]


def test_no_people_can_be_handed_to_the_learning() -> None:
    assert set(inspect.signature(learn).parameters) == {"decisions", "policy", "seed", "n_resamples"}
    assert {field.name for field in dataclasses.fields(Decision)} == {"values", "accepted"}


def test_who_somebody_is_changes_no_decision() -> None:
    def of(newcomer: Newcomer) -> list[Decision]:
        return observe([newcomer], [an_offer()], Policy(), [("n", "o", True)], today=TODAY)

    other = a_newcomer(
        gender="m", name="X", need_level=4, needs=("low_cost",), prefers_gender="f", household_id="h"
    )
    # The first language may differ as long as the levels of those shared with the offer do not.
    speaks = dataclasses.replace(other, languages={"ar": "native", "de": "A2"})
    assert of(a_newcomer()) == of(other) == of(speaks)


def test_a_criterion_without_weight_is_observed_too() -> None:
    policy = Policy(weights=Weights(interests=0))
    newcomer, offer = a_newcomer(interests=("choir",)), an_offer(interests=("choir",))
    [seen] = observe([newcomer], [offer], policy, [("n", "o", False)], today=TODAY)
    assert (seen.values["interests"], seen.accepted) == (1.0, False)


def test_answers_about_unknown_people_are_refused_all_at_once() -> None:
    answers = [("x", "o", True), ("n", "y", True)]
    with pytest.raises(UnknownRecordError, match="newcomer 'x', offer 'y'"):
        observe([a_newcomer()], [an_offer()], Policy(), answers, today=TODAY)
    people: list[Newcomer] = []
    offers: list[Offer] = []
    assert observe(people, offers, Policy(), [], today=TODAY) == []


def test_too_few_resamples_are_refused() -> None:
    with pytest.raises(InvalidProblemError, match="n_resamples"):
        learn([], n_resamples=19)


# AUC -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", [1, 2])
def test_the_auc_is_that_of_all_pairs_of_answers_ties_being_half(seed: int) -> None:
    rng = np.random.default_rng(seed)
    before, after = rng.integers(0, 5, (2, 60)).astype(np.float64)
    accepted = rng.random(60) < 0.4
    for estimate, scores in zip(compare_auc(before, after, accepted), (before, after), strict=False):
        assert estimate.value == pytest.approx(roc_auc_score(accepted, scores))
        assert 0 <= estimate.low <= estimate.value <= estimate.high <= 1


def test_scores_in_the_same_order_gain_nothing_for_certain() -> None:
    rng = np.random.default_rng(3)
    scores, accepted = rng.random(50), rng.random(50) < 0.5
    assert compare_auc(scores, 2 * scores + 1, accepted)[2] == pytest.approx((0, 0, 0))


def test_the_interval_of_a_gain_holds_the_truth_about_as_often_as_it_says() -> None:
    rng = np.random.default_rng(4)

    def draw(n: int) -> tuple[FloatArray, FloatArray, FloatArray]:
        accepted = rng.random(n) < 0.4
        shared = rng.normal(size=n) + accepted
        return shared + rng.normal(size=n), shared + 0.3 * rng.normal(size=n), accepted

    truth = compare_auc(*draw(400_000))[2].value
    gains = [compare_auc(*draw(200))[2] for _ in range(400)]
    assert truth > 0.05
    assert 0.92 <= np.mean([gain.low <= truth <= gain.high for gain in gains]) <= 0.98


def test_one_answer_alone_has_no_auc() -> None:
    with pytest.raises(InvalidProblemError, match="two of either answer"):
        compare_auc(np.ones(5), np.ones(5), np.ones(5, np.bool_))
