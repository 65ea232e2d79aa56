"""Every hard rule: what it forbids, what it leaves, and that silence counts as it should."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pytest

from matcher.pairs.eligibility import RULES
from matcher.pairs.policy import Limits, Policy
from matcher.questions.explanation import examine
from matcher.records.people import Newcomer, Offer
from tests.builders import TODAY, a_newcomer, an_offer, hours

ONE_TO_ONE = ("mentor", "neighbour")


def broken(newcomer: Newcomer, offer: Offer, policy: Policy | None = None, **settled: Any) -> set[str]:
    (explanation,) = examine([newcomer], [offer], policy or Policy(), today=TODAY, **settled)
    return set(explanation.rules)


@pytest.mark.parametrize("kind", ["association", "mentor", "neighbour"])
def test_a_pair_that_fits_breaks_no_rule(kind: str) -> None:
    assert broken(a_newcomer(), an_offer(kind=kind)) == set()


FORBIDDEN: dict[str, list[tuple[dict[str, Any], dict[str, Any]]]] = {
    "consent": [({"consent": False}, {})],
    "status": [
        ({"status": "new"}, {}),
        ({"status": "paused"}, {}),
        ({"status": "closed"}, {}),
        ({}, {"status": "paused"}),
        ({}, {"status": "closed"}),
    ],
    "gender_group": [
        ({"gender": "m"}, {"gender_group": "women_only"}),
        ({"gender": ""}, {"gender_group": "women_only"}),
        ({"gender": "d"}, {"gender_group": "women_only"}),
        ({"gender": "f"}, {"gender_group": "men_only"}),
        ({"needs": ("women_only",)}, {"gender_group": "mixed"}),
        ({"needs": ("women_only",)}, {"kind": "mentor", "gender": "m"}),
        ({"needs": ("women_only",)}, {"kind": "mentor", "gender": ""}),
        ({"needs": ("women_only",)}, {"kind": "neighbour", "gender": "f"}),
    ],
    "age": [
        ({"birth_year": 2000}, {"age_min": 27}),
        ({"birth_year": 2000}, {"age_max": 24}),
        ({"birth_year": None}, {"age_min": 3}),
        ({"birth_year": None}, {"age_max": 99}),
    ],
    "minors": [
        ({"birth_year": 2010}, {}),
        ({"birth_year": 2010, "guardian_consent": True}, {}),
        ({"birth_year": 2010}, {"accepts_minors": True}),
        ({"birth_year": 2008}, {}),
        ({"birth_year": None}, {}),
        *[
            ({"birth_year": 2010, "guardian_consent": True}, {"kind": kind, "accepts_minors": True})
            for kind in ONE_TO_ONE
        ],
    ],
    "screening": [
        ({}, {"kind": kind, "screening_valid_until": until})
        for kind in ONE_TO_ONE
        for until in (None, date(2026, 3, 1))
    ],
    "wanted": [({"wants": {"mentor": 1}}, {}), ({"max_placements": 0}, {})],
    "free_place": [
        ({}, {"capacity": 0}),
        ({}, {"capacity": 3, "taken": 3}),
        ({}, {"capacity": 3, "taken": 5}),
    ],
    "language": [
        ({}, {"min_level": "B1"}),
        ({"languages": {"uk": "native", "en": "C2"}}, {"min_level": "A1", "languages": {"en": "native"}}),
        ({"languages": {"uk": "native"}}, {"kind": "mentor"}),
        ({"languages": {"uk": "native", "de": "A1"}}, {"kind": "neighbour"}),
        ({}, {"kind": "mentor", "languages": {"de": "A1"}}),
    ],
    "step_free": [({"needs": ("step_free",)}, {"access": ("childcare",)})],
    "childcare": [({"needs": ("childcare",)}, {"access": ("step_free",)})],
    "low_cost": [({"needs": ("low_cost",)}, {"cost_eur_month": 10.5})],
    "prefers_gender": [
        ({"prefers_gender": "m"}, {"kind": "mentor"}),
        ({"prefers_gender": "f"}, {"kind": "mentor", "gender": ""}),
        ({}, {"kind": "neighbour", "prefers_gender": "m"}),
        ({"gender": ""}, {"prefers_gender": "f"}),
    ],
    "travel": [
        ({"mobility": ("walk",), "max_minutes": 10}, {"lat": 51.97}),
        ({"max_minutes": 0}, {"lat": 51.97}),
    ],
    "hours": [
        ({"availability": hours("tue 18:30-21:00")}, {}),
        ({"availability": hours("wed 17:00-21:00")}, {}),
        ({}, {"kind": "mentor", "times": hours("tue 20:15-22:00")}),
        ({"availability": hours("tue 17:00-17:30", "tue 18:00-18:30")}, {"kind": "mentor"}),
    ],
}

ALLOWED: dict[str, list[tuple[dict[str, Any], dict[str, Any]]]] = {
    "gender_group": [
        ({"needs": ("women_only",)}, {"gender_group": "women_only"}),
        ({"needs": ("women_only",)}, {"kind": "mentor", "gender": "f"}),
        ({"needs": ("women_only",)}, {"kind": "neighbour", "gender_group": "women_only"}),
        ({"gender": "m"}, {"gender_group": "men_only"}),
    ],
    "age": [
        ({"birth_year": 2000}, {"age_min": 26}),
        ({"birth_year": 2000}, {"age_max": 25}),
        ({"birth_year": 1990}, {}),
    ],
    "minors": [
        ({"birth_year": 2010, "guardian_consent": True}, {"accepts_minors": True}),
        ({"birth_year": 2007}, {}),
    ],
    "screening": [
        ({}, {"kind": "mentor", "screening_valid_until": TODAY}),
        ({}, {"screening_valid_until": None}),
    ],
    "free_place": [({}, {"capacity": 1})],
    "language": [
        ({"languages": {"uk": "native", "de": "B1"}}, {"min_level": "B1", "languages": {}}),
        ({"languages": {"uk": "native"}}, {}),
        ({"languages": {"uk": "native"}}, {"kind": "mentor", "languages": {"de": "native", "uk": "A2"}}),
    ],
    "step_free": [({"needs": ("step_free",)}, {"access": ("step_free",)})],
    "childcare": [({"needs": ("childcare",)}, {"access": ("childcare",)})],
    "low_cost": [
        ({"needs": ("low_cost",)}, {"cost_eur_month": 10}),
        ({"needs": ("low_cost",)}, {"cost_eur_month": 40, "cost_support": True}),
        ({"needs": ("low_cost",)}, {}),
    ],
    "prefers_gender": [
        ({"prefers_gender": "f"}, {"kind": "mentor"}),
        ({"prefers_gender": "m"}, {}),
    ],
    "travel": [
        ({"mobility": ("walk", "car"), "max_minutes": 10}, {"lat": 51.97}),
        ({"lat": None, "lon": None, "town": ""}, {}),
        ({}, {"lat": None, "lon": None, "town": ""}),
    ],
    "hours": [
        ({"availability": hours("tue 18:00-20:00")}, {}),
        ({"availability": ()}, {}),
        ({}, {"times": ()}),
        ({}, {"kind": "mentor", "times": hours("tue 20:00-22:00")}),
        ({"availability": hours("mon 17:05-18:10")}, {"kind": "mentor", "times": hours("mon 17:05-18:10")}),
        (
            {"availability": hours("tue 17:00-17:30", "tue 17:30-18:30")},
            {"kind": "mentor", "times": hours("tue 17:00-19:00")},
        ),
    ],
}


def cases(table: dict[str, list[Any]]) -> list[Any]:
    return [
        pytest.param(rule, *case, id=f"{rule}-{number}")
        for rule, rule_cases in table.items()
        for number, case in enumerate(rule_cases)
    ]


@pytest.mark.parametrize(("rule", "newcomer", "offer"), cases(FORBIDDEN))
def test_the_rule_forbids(rule: str, newcomer: dict[str, Any], offer: dict[str, Any]) -> None:
    assert rule in broken(a_newcomer(**newcomer), an_offer(**offer))


@pytest.mark.parametrize(("rule", "newcomer", "offer"), cases(ALLOWED))
def test_the_rule_allows(rule: str, newcomer: dict[str, Any], offer: dict[str, Any]) -> None:
    assert rule not in broken(a_newcomer(**newcomer), an_offer(**offer))


def test_every_rule_has_a_case_in_which_it_forbids() -> None:
    settled = {"banned", "already_placed", "mixing_limit", "time_clash"}
    assert {rule.name for rule in RULES} == set(FORBIDDEN) | settled


def test_a_banned_pair_is_forbidden_and_no_other() -> None:
    offers = [an_offer("a"), an_offer("b")]
    first, second = examine([a_newcomer()], offers, Policy(), today=TODAY, banned=[("n", "a")])
    assert (first.rules, second.rules) == (("banned",), ())


def test_a_confirmed_placement_takes_place_wish_and_hours() -> None:
    newcomers = [a_newcomer("n", wants={"association": 2}), a_newcomer("other")]
    offers = [
        an_offer("placed", capacity=1),
        an_offer("same_hours", times=hours("tue 19:00-21:00")),
        an_offer("later", times=hours("sat 09:00-11:00")),
    ]
    fixed = [("n", "placed")]
    found = {
        (e.newcomer_id, e.offer_id): set(e.rules)
        for e in examine(newcomers, offers, Policy(), today=TODAY, fixed=fixed)
    }
    assert found["n", "placed"] >= {"already_placed", "free_place"}
    assert found["n", "same_hours"] == {"time_clash"}
    assert found["n", "later"] == set()
    assert found["other", "placed"] == {"free_place"}
    assert found["other", "same_hours"] == set()


def test_sessions_that_touch_do_not_clash() -> None:
    offers = [an_offer("placed"), an_offer("after", times=hours("tue 20:00-21:00"))]
    newcomer = a_newcomer(wants={"association": 2})
    after = examine([newcomer], offers, Policy(), today=TODAY, fixed=[("n", "placed")])[1]
    assert after.rules == ()


def test_the_most_placements_a_person_takes_on_count_confirmed_ones() -> None:
    newcomer = a_newcomer(wants={"association": 2, "mentor": 1}, max_placements=1)
    offers = [an_offer("placed"), an_offer("m", kind="mentor")]
    assert examine([newcomer], offers, Policy(), today=TODAY, fixed=[("n", "placed")])[1].rules == ("wanted",)


def test_one_first_language_takes_no_more_than_its_share_of_an_activity() -> None:
    offer = an_offer(capacity=8, language_share_max=0.3)
    newcomers = [
        a_newcomer("p1"),
        a_newcomer("p2"),
        a_newcomer("n"),
        a_newcomer("ar", languages={"ar": "native"}),
    ]
    fixed = [("p1", "o"), ("p2", "o")]
    found = {e.newcomer_id: e.rules for e in examine(newcomers, [offer], Policy(), today=TODAY, fixed=fixed)}
    assert found["n"] == ("mixing_limit",)
    assert found["ar"] == ()
    assert examine(newcomers, [offer], Policy(), today=TODAY, fixed=fixed[:1])[2].rules == ()


def test_a_share_that_rounds_to_nothing_still_leaves_one_place() -> None:
    offer = an_offer(capacity=2, language_share_max=0.1)
    assert broken(a_newcomer(), offer) == set()


def test_a_mentor_has_no_mixing_limit() -> None:
    offer = an_offer(kind="mentor", capacity=2, language_share_max=0.1)
    newcomers = [a_newcomer("p"), a_newcomer("n")]
    assert examine(newcomers, [offer], Policy(), today=TODAY, fixed=[("p", "o")])[1].rules == ()


def test_a_policy_may_let_neighbours_go_without_screening_but_never_mentors() -> None:
    policy = Policy(limits=Limits(neighbours_need_screening=False))
    unscreened = {"screening_valid_until": None}
    assert broken(a_newcomer(), an_offer(kind="neighbour", **unscreened), policy) == set()
    assert broken(a_newcomer(), an_offer(kind="mentor", **unscreened), policy) == {"screening"}


def test_a_policy_may_let_screened_mentors_meet_minors_with_consent() -> None:
    policy = Policy(limits=Limits(minors_one_to_one=True, neighbours_need_screening=False))
    minor = a_newcomer(birth_year=2010, guardian_consent=True)
    assert broken(minor, an_offer(kind="mentor", accepts_minors=True), policy) == set()
    unscreened = an_offer(kind="neighbour", accepts_minors=True, screening_valid_until=None)
    assert broken(minor, unscreened, policy) == {"minors"}
    assert broken(minor, an_offer(kind="mentor"), policy) == {"minors"}


def test_the_level_asked_for_is_that_of_the_town_of_the_offer() -> None:
    newcomer = a_newcomer(languages={"ar": "native", "nl": "B1"}, town="")
    dutch = an_offer(min_level="A2", town="enschede")
    assert "language" not in broken(newcomer, dutch)
    assert "language" in broken(newcomer, an_offer(min_level="A2", town="muenster"))


def test_common_minutes_follow_the_policy() -> None:
    mentor = an_offer(kind="mentor", times=hours("tue 20:00-21:30"))
    policy = Policy(limits=Limits(common_minutes=90))
    assert broken(a_newcomer(), mentor) == set()
    assert broken(a_newcomer(), mentor, policy) == {"hours"}
    assert broken(a_newcomer(availability=hours("tue 19:00-22:00")), mentor, policy) == set()


@pytest.mark.parametrize("seed", range(3))
def test_common_hours_of_random_weeks_agree_with_a_plain_count(seed: int) -> None:
    rng = np.random.default_rng(seed)

    def week() -> tuple[Any, ...]:
        days = rng.choice(["mon", "tue", "wed"], size=3)
        starts = rng.integers(8 * 4, 20 * 4, size=3) * 15
        lengths = rng.integers(1, 12, size=3) * 15

        def clock(minute: int) -> str:
            return f"{minute // 60:02d}:{minute % 60:02d}"

        spans = zip(days, starts, starts + lengths, strict=True)
        return hours(*(f"{day} {clock(start)}-{clock(end)}" for day, start, end in spans))

    newcomers = [a_newcomer(f"n{i}", availability=week()) for i in range(12)]
    offers = [an_offer(f"m{j}", kind="mentor", times=week()) for j in range(12)]
    free = {
        p.id: [any(h.start <= t < h.end for h in p.availability) for t in range(4 * 1440)] for p in newcomers
    }
    met = {o.id: [any(h.start <= t < h.end for h in o.times) for t in range(4 * 1440)] for o in offers}
    for explanation in examine(newcomers, offers, Policy(), today=TODAY):
        both = [
            a and b for a, b in zip(free[explanation.newcomer_id], met[explanation.offer_id], strict=True)
        ]
        longest = max(len(run) for run in "".join("x" if b else " " for b in both).split(" "))
        assert ("hours" in explanation.rules) == (longest < 60)
