"""Whatever is passed to a public function is taken as a file's cell would be, or refused in words."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import numpy as np
import pytest

import matcher
from matcher import Decision, Limits, Lookahead, Newcomer, Offer, Pair, Policy, Travel, Weights
from matcher.exceptions import InvalidPolicyError, InvalidProblemError, KoppelError

TODAY = date(2026, 11, 2)
PEOPLE = [Newcomer(id=i, languages="uk:native", consent=True, birth_year=1990) for i in (1, 2)]
PLACES = [Offer(id=i, kind="association", capacity=1, confirmed_at=TODAY) for i in (7, 8)]
NO_PLAN: list[Any] = [None, 3, "plan", {}, [1]]


def plan(**options: Any) -> Any:
    return matcher.make_plan(PEOPLE, PLACES, **{"today": TODAY, **options})


@pytest.mark.parametrize(
    ("option", "value"),
    [
        *(("today", value) for value in (None, "soon", 5, float("nan"))),
        *((name, value) for name in ("fixed", "banned") for value in (None, 1, "17", ["17"], [(1, 7, 8)])),
        *(("previous", value) for value in (1, "17", ["17"], [(1,)], [(None, 7)], {"1": "7"})),
        *(("place_values", value) for value in ("x", 3, {"7": None}, {"7": "1"}, {7: True})),
        *(("place_values", {"7": value}) for value in (float("nan"), float("inf"), float("-inf"))),
        *(("policy", value) for value in ({}, [], 0, "", {"weights": {}}, "default")),
        *(("method", value) for value in ([], None, 3, "magic")),
        *(("progress", value) for value in (1, "yes")),
    ],
)
def test_a_plan_is_not_made_of_what_cannot_be(option: str, value: Any) -> None:
    with pytest.raises(KoppelError, match=option):
        plan(**{option: value})


@pytest.mark.parametrize(
    "today", [TODAY, datetime(2026, 11, 2, 9, 30), "2026-11-02", np.datetime64("2026-11-02")]
)
def test_a_day_may_be_said_in_several_ways(today: Any) -> None:
    assert plan(today=today).today == TODAY


@pytest.mark.parametrize("pairs", [[(1, 8), (2, 7)], [("1", "8"), ("2", "7")], np.array([[1, 8], [2, 7]])])
def test_ids_that_are_numbers_are_those_of_the_records(pairs: Any) -> None:
    placed = plan(fixed=pairs)
    assert placed.proposals == ()
    assert placed.workings.situation.fixed.nnz == 2


def test_pairs_may_be_things_that_have_both_ids() -> None:
    first = plan()
    assert {(p.newcomer_id, p.offer_id) for p in plan(previous=first.proposals).proposals} == {
        (p.newcomer_id, p.offer_id) for p in first.proposals
    }
    assert plan(fixed=[Pair(newcomer_id="1", offer_id="7")]).workings.situation.fixed.nnz == 1
    assert matcher.explain(first, 1, 7).newcomer_id == "1"


@pytest.mark.parametrize(
    "ask",
    [
        lambda wrong: matcher.explain(wrong, "1", "7"),
        lambda wrong: matcher.relaxations(wrong, "1"),
        matcher.recruiting,
        matcher.further_places,
        matcher.summary,
        matcher.plan_tables,
        matcher.fairness,
        matcher.make_again,
        lambda wrong: matcher.compare([], wrong),
        lambda wrong: matcher.about_pair(wrong, "1", "7"),
        lambda wrong: matcher.about_person(wrong, "1"),
        matcher.about_town,
    ],
)
@pytest.mark.parametrize("wrong", NO_PLAN)
def test_questions_are_asked_of_plans(ask: Callable[[Any], Any], wrong: Any) -> None:
    with pytest.raises(InvalidProblemError, match="plan: expected a Plan"):
        ask(wrong)


@pytest.mark.parametrize(
    "ask",
    [
        lambda made: matcher.explain(made, [], "7"),
        lambda made: matcher.explain(made, "1", None),
        lambda made: matcher.relaxations(made, {}),
        lambda made: matcher.relaxations(made, "1", most="x"),
        lambda made: matcher.recruiting(made, most=None),
        lambda made: matcher.further_places(made, n_places=0),
        lambda made: matcher.fairness(made, n_strata=2.5),
        lambda made: matcher.compare(made, made),
        lambda made: matcher.compare("17", made),
    ],
)
def test_a_question_with_a_wrong_value_is_refused(ask: Callable[[Any], Any]) -> None:
    with pytest.raises(InvalidProblemError, match="expected"):
        ask(plan())


@pytest.mark.parametrize(
    "values",
    [
        *({"weights": Weights(interests=value)} for value in (None, "1", True, float("nan"), 10**400)),
        *({"weights": value} for value in (None, 3, [1])),
        *({"switching_bonus": value} for value in ("1", None, True)),
        *({"limits": Limits(freshness_days=value)} for value in (None, 2.5, True)),
        {"limits": Limits(candidates_per_kind=True)},
        {"lookahead": Lookahead(is_on="no")},
        *({"travel": Travel(mobility_not_said=value)} for value in ([1], [[1]], "walk", ("fly",), None)),
        {"name": float("nan")},
    ],
)
def test_a_policy_is_checked_however_it_is_made(values: dict[str, Any]) -> None:
    with pytest.raises(InvalidPolicyError, match="expected"):
        Policy(**values)


@pytest.mark.parametrize(
    "make",
    [
        lambda _path: Policy.from_dict(None),
        lambda _path: Policy.from_dict([]),
        lambda _path: Policy.from_dict(3),
        lambda _path: Policy.from_toml(None),
        Policy.from_file,
    ],
)
def test_a_policy_is_not_read_from_what_is_none(make: Callable[[Any], Any], tmp_path) -> None:
    path = tmp_path / "policy.toml"
    path.write_bytes(b'name = "M\xfcnster"')
    with pytest.raises(InvalidPolicyError, match="expected"):
        make(path)


def test_numbers_of_numpy_and_lists_are_kept_as_plain_values() -> None:
    policy = Policy(
        weights=Weights(interests=np.float32(2)),
        limits=Limits(freshness_days=np.int64(90)),
        travel=Travel(mobility_not_said=["walk"]),
    )
    assert Policy.from_dict(policy.to_dict()) == Policy.from_toml(policy.to_toml()) == policy
    assert len(policy.version) == 12
    assert Policy(weights={"interests": 2.0}) == Policy(weights=Weights(interests=2))


@pytest.mark.parametrize(
    "learn",
    [
        lambda: Decision(None, True),
        lambda: Decision({"interests": None}, True),
        lambda: Decision({"interests": "0.5"}, True),
        lambda: Decision({"interests": 0.5}, "no"),
        lambda: Decision({"interests": 0.5}, 1),
        lambda: matcher.observe(PEOPLE, PLACES, Policy(), [("1", "7", "no")], today=TODAY),
        lambda: matcher.observe(PEOPLE, PLACES, Policy(), ["17"], today=TODAY),
        lambda: matcher.observe(PEOPLE, PLACES, {}, [(1, 7, True)], today=TODAY),
        lambda: matcher.observe(PEOPLE, PLACES, Policy(), [(1, 7, True)], today="soon"),
        lambda: matcher.recall(None, Policy(), accepted=True),
        lambda: matcher.recall({"interests": None}, Policy(), accepted=True),
        lambda: matcher.recall({"interests": 0.1}, None, accepted=True),
        lambda: matcher.learn([1]),
        lambda: matcher.learn(3),
        lambda: matcher.learn([], {}),
        lambda: matcher.learn([], seed=-1),
        lambda: matcher.learn([], seed="x"),
        lambda: matcher.learn([], n_resamples=None),
        lambda: matcher.learn([], n_resamples=float("nan")),
    ],
)
def test_nothing_is_learnt_from_what_is_no_decision(learn: Callable[[], Any]) -> None:
    with pytest.raises(KoppelError, match="expected"):
        learn()


def test_a_criterion_that_a_decision_does_not_know_says_nothing() -> None:
    kept = Decision({"interests": 1.0}, np.bool_(True))
    assert kept.values["interests"] == 1.0
    assert {value for name, value in kept.values.items() if name != "interests"} == {0.5}
