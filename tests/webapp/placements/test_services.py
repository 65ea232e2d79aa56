"""Placements: nothing is oversold, every guard has its reason, what fails changes nothing."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from tests.builders import hours
from tests.rows import (
    add_newcomer,
    add_offer,
    change,
    counters,
    place,
    proposals_of,
    refusal,
    run_matching,
)
from webapp.audit.models import AuditEntry
from webapp.engine.texts import PROTECTIVE_RULES
from webapp.exceptions import Conflict
from webapp.newcomers.models import Newcomer
from webapp.newcomers.services import erase_newcomer
from webapp.offers.models import Offer
from webapp.placements import places
from webapp.placements.models import OVERRIDABLE, UNDO_MINUTES, GroupCount, Placement
from webapp.placements.options import examine_newcomer
from webapp.placements.services import (
    end_placement,
    place_by_hand,
    undo_placement,
)
from webapp.storage.access import Actor
from webapp.storage.database import db, utc_now, write_transaction


def test_a_full_offer_is_refused(me: Actor) -> None:
    offer = add_offer(me.town_id, capacity=1)
    place(me, add_newcomer(me.town_id, "first"), offer)
    assert refusal(me, add_newcomer(me.town_id, "second"), offer) == "full"


def test_places_taken_elsewhere_count(me: Actor) -> None:
    offer = add_offer(me.town_id, capacity=2, taken=2)
    assert refusal(me, add_newcomer(me.town_id), offer) == "full"


def test_nobody_gets_more_of_a_kind_than_they_asked_for(me: Actor) -> None:
    newcomer = add_newcomer(me.town_id)
    place(me, newcomer, add_offer(me.town_id, "a"))
    assert refusal(me, newcomer, add_offer(me.town_id, "b", times=())) == "demand_full"


def test_nobody_gets_more_in_all_than_they_can_take_on(me: Actor) -> None:
    newcomer = add_newcomer(me.town_id, wants={"association": 1, "mentor": 1}, max_placements=1)
    place(me, newcomer, add_offer(me.town_id, "a"))
    assert refusal(me, newcomer, add_offer(me.town_id, "m", kind="mentor")) == "demand_full"


def test_the_same_two_are_not_coupled_twice(me: Actor) -> None:
    newcomer, offer = add_newcomer(me.town_id, wants={"association": 2}), add_offer(me.town_id)
    place(me, newcomer, offer)
    assert refusal(me, newcomer, offer) == "already_placed"


@pytest.mark.parametrize(
    ("newcomer", "offer", "reason"),
    [
        ({"status": "paused"}, {}, "closed"),
        ({}, {"status": "closed"}, "closed"),
        ({"consent": False}, {}, "consent"),
        ({"gender": "m"}, {"gender_group": "women_only"}, "gender_group"),
        ({"birth_year": None}, {}, "minors"),
        ({"birth_year": 1950}, {"age_max": 40}, "age"),
        ({}, {"min_level": "C1"}, "language"),
        ({"needs": ("step_free",)}, {}, "step_free"),
        ({"lat": 52.9}, {}, "travel"),
        ({"availability": ()}, {"times": ()}, ""),
    ],
)
def test_every_hard_rule_holds_at_the_moment_of_placing(
    me: Actor, newcomer: dict[str, Any], offer: dict[str, Any], reason: str
) -> None:
    person, place_ = add_newcomer(me.town_id, **newcomer), add_offer(me.town_id, **offer)
    if reason:
        assert refusal(me, person, place_) == reason
    else:
        place(me, person, place_)
        assert counters(place_) == (1, 1, 1)


@pytest.mark.parametrize(
    ("newcomer", "offer", "rule"),
    [
        ({}, {"min_level": "C1"}, "language"),
        ({"needs": ("step_free",)}, {}, "step_free"),
        ({"needs": ("childcare",)}, {}, "childcare"),
        ({"needs": ("low_cost",)}, {"cost_eur_month": 90.0}, "low_cost"),
        ({"lat": 52.9}, {}, "travel"),
        ({"availability": hours("Sun 08:00-09:00")}, {}, "hours"),
    ],
)
def test_rules_of_convenience_give_way_to_a_written_reason(
    me: Actor, newcomer: dict[str, Any], offer: dict[str, Any], rule: str
) -> None:
    person, place_ = add_newcomer(me.town_id, **newcomer), add_offer(me.town_id, **offer)
    assert refusal(me, person, place_) == rule
    with write_transaction():
        placed = place_by_hand(me, person, place_, set_aside=[rule], override_reason="Both want it.")
        assert (placed.overridden, placed.override_reason) == ([rule], "Both want it.")
    with write_transaction():
        undo_placement(me, placed.id)
    with pytest.raises(Conflict), write_transaction():
        place_by_hand(me, person, place_)


def test_only_rules_that_were_seen_give_way(me: Actor) -> None:
    person, place_ = add_newcomer(me.town_id, lat=52.9), add_offer(me.town_id)
    change(Newcomer, person, needs=["step_free"])
    for seen in (["travel"], ["step_free"], ["hours"], []):
        with pytest.raises(Conflict), write_transaction():
            place_by_hand(me, person, place_, set_aside=seen, override_reason="She has a bike.")
    with pytest.raises(Conflict), write_transaction():
        place_by_hand(me, person, place_, set_aside=["travel", "step_free"])
    with write_transaction():
        placed = place_by_hand(
            me, person, place_, set_aside=["travel", "step_free", "hours"], override_reason="Carried."
        )
        assert sorted(placed.overridden) == ["step_free", "travel"]


def test_the_rules_that_can_be_set_aside_are_these_and_protect_nobody() -> None:
    assert {"travel", "hours", "language", "low_cost", "childcare", "step_free"} == OVERRIDABLE
    assert PROTECTIVE_RULES.isdisjoint(OVERRIDABLE)


@pytest.mark.parametrize(
    ("newcomer", "offer", "reason"),
    [
        ({"status": "paused"}, {}, "closed"),
        ({"consent": False}, {}, "consent"),
        ({"gender": "m"}, {"gender_group": "women_only"}, "gender_group"),
        ({"birth_year": None}, {}, "minors"),
        ({"birth_year": 1950}, {"age_max": 40}, "age"),
        ({}, {"capacity": 1, "taken": 1}, "full"),
        ({"wants": {"mentor": 1}}, {}, "demand_full"),
        ({"prefers_gender": "f"}, {"kind": "mentor", "gender": "m"}, None),
        ({}, {"kind": "mentor", "screening_valid_until": None}, None),
        ({"lat": 52.9, "gender": "m"}, {"gender_group": "women_only"}, "gender_group"),
    ],
)
def test_no_other_rule_gives_way(
    me: Actor, newcomer: dict[str, Any], offer: dict[str, Any], reason: str | None
) -> None:
    wants = {"wants": {"association": 1, "mentor": 1}} if "kind" in offer else {}
    person, place_ = add_newcomer(me.town_id, **{**wants, **newcomer}), add_offer(me.town_id, **offer)
    before = counters(place_)
    with pytest.raises(Conflict) as raised, write_transaction():
        place_by_hand(
            me, person, place_, set_aside=["travel", reason or "gender_group"], override_reason="I insist."
        )
    assert reason in (None, raised.value.reason)
    assert raised.value.reason not in OVERRIDABLE
    assert counters(place_) == before


def test_a_session_at_the_hours_of_a_confirmed_one_is_refused(me: Actor) -> None:
    newcomer = add_newcomer(me.town_id, wants={"association": 2})
    place(me, newcomer, add_offer(me.town_id, "a"))
    assert refusal(me, newcomer, add_offer(me.town_id, "b")) == "time_clash"


def test_the_mix_of_an_activity_is_kept_and_its_place_comes_back(me: Actor) -> None:
    offer = add_offer(me.town_id, capacity=4, language_share_max=0.3)
    first = place(me, add_newcomer(me.town_id, "uk1"), offer)
    second = add_newcomer(me.town_id, "uk2")
    assert refusal(me, second, offer) == "mixing_limit"
    place(me, add_newcomer(me.town_id, "ar", languages={"ar": "native"}), offer)
    with write_transaction():
        end_placement(me, first, reason="moved")
    place(me, second, offer)
    assert dict(db.session.execute(db.select(GroupCount.language, GroupCount.placed)).all()) == {
        "uk": 1,
        "ar": 1,
    }


def test_an_ended_placement_frees_place_and_wish_once(me: Actor) -> None:
    newcomer, offer = add_newcomer(me.town_id), add_offer(me.town_id, capacity=1)
    placement = place(me, newcomer, offer)
    with write_transaction():
        end_placement(me, placement, reason="moved")
    assert counters(offer) == (0, 0, 0)
    with pytest.raises(Conflict), write_transaction():
        end_placement(me, placement, reason="moved")
    assert counters(offer) == (0, 0, 0)
    place(me, newcomer, offer)


def test_after_some_minutes_a_placement_cannot_be_undone(me: Actor) -> None:
    newcomer, offer = add_newcomer(me.town_id), add_offer(me.town_id)
    placement = place(me, newcomer, offer)
    change(Placement, placement, created_at=utc_now() - timedelta(minutes=UNDO_MINUTES + 1))
    with pytest.raises(Conflict) as raised, write_transaction():
        undo_placement(me, placement)
    assert raised.value.reason == "too_late"
    assert counters(offer) == (1, 1, 1)


def test_erasing_a_newcomer_frees_their_places_and_leaves_no_trace_of_them(me: Actor) -> None:
    newcomer = add_newcomer(me.town_id, wants={"association": 2})
    placed, proposed = add_offer(me.town_id, "a"), add_offer(me.town_id, "b", times=())
    place(me, newcomer, placed)
    run_matching(me)
    assert proposals_of(newcomer) == {proposed: "open"}
    with write_transaction():
        erase_newcomer(me, newcomer)
    assert counters(placed) == (0, 0, 0)
    assert proposals_of(newcomer) == {}
    assert db.session.get(Newcomer, newcomer) is None
    assert "Newcomer n" not in str([entry.details for entry in db.session.scalars(db.select(AuditEntry))])


def test_alternatives_come_best_first_and_the_forbidden_last(me: Actor) -> None:
    newcomer = add_newcomer(me.town_id)
    far, near = add_offer(me.town_id, "far", lat=51.98), add_offer(me.town_id, "near")
    closed = add_offer(me.town_id, "closed", status="closed")
    found = examine_newcomer(me, db.session.get_one(Newcomer, newcomer), kind="association")
    assert [uuid.UUID(explanation.offer_id) for explanation in found] == [near, far, closed]
    assert found[-1].rules == ("status",)


@pytest.mark.parametrize(("reason", "banned"), [("boundary_problem", True), ("moved", False)])
def test_after_a_bad_end_the_same_two_are_not_proposed_again(me: Actor, reason: str, banned: bool) -> None:
    newcomer, offer = add_newcomer(me.town_id), add_offer(me.town_id)
    placement = place(me, newcomer, offer)
    with write_transaction():
        end_placement(me, placement, reason=reason)
    assert len(run_matching(me).plan.proposals) == (0 if banned else 1)


# Many at once ----------------------------------------------------------------------------------------


def at_once(app: Flask, calls: list[Callable[[], Any]]) -> list[str]:
    """Run calls in threads, each with its own connection; returns what became of each."""

    def run(call: Callable[[], Any]) -> str:
        with app.app_context():
            try:
                with write_transaction():
                    call()
            except Conflict as conflict:
                return conflict.reason
            return "done"

    with ThreadPoolExecutor(max_workers=12) as pool:
        return list(pool.map(run, calls))


def test_forty_confirmations_at_once_on_five_places_give_exactly_five(app: Flask, me: Actor) -> None:
    offer = add_offer(me.town_id, capacity=5)
    newcomers = [add_newcomer(me.town_id, f"n{i}") for i in range(40)]
    calls = [lambda n=n: place_by_hand(me, n, offer) for n in newcomers]
    outcomes = at_once(app, calls)
    assert (outcomes.count("done"), outcomes.count("full")) == (5, 35)
    assert counters(offer) == (5, 5, 5)


def test_twenty_offers_at_once_to_one_newcomer_give_exactly_one(app: Flask, me: Actor) -> None:
    newcomer = add_newcomer(me.town_id)
    offers = [add_offer(me.town_id, f"o{i}") for i in range(20)]
    outcomes = at_once(app, [lambda o=o: place_by_hand(me, newcomer, o) for o in offers])
    assert (outcomes.count("done"), outcomes.count("demand_full")) == (1, 19)
    assert sum(counters(offer)[0] for offer in offers) == 1


def test_confirming_and_ending_at_once_leave_the_counters_right(app: Flask, me: Actor) -> None:
    offer = add_offer(me.town_id, capacity=4)
    placed = [place(me, add_newcomer(me.town_id, f"p{i}"), offer) for i in range(4)]
    waiting = [add_newcomer(me.town_id, f"w{i}") for i in range(12)]
    calls: list[Callable[[], Any]] = []
    for position, newcomer in enumerate(waiting):
        calls.append(lambda n=newcomer: place_by_hand(me, n, offer))
        calls.append(lambda p=placed[position % 4]: end_placement(me, p, reason="moved"))
    outcomes = at_once(app, calls)
    taken, stored, active = counters(offer)
    assert taken == stored == active <= 4
    assert outcomes.count("done") == active + 4
    with_counts = db.select(db.func.sum(GroupCount.placed)).where(GroupCount.offer_id == offer)
    assert db.session.scalar(with_counts) == active


def test_the_mix_holds_under_many_at_once(app: Flask, me: Actor) -> None:
    offer = add_offer(me.town_id, capacity=20, language_share_max=0.1)
    newcomers = [add_newcomer(me.town_id, f"n{i}") for i in range(15)]
    outcomes = at_once(app, [lambda n=n: place_by_hand(me, n, offer) for n in newcomers])
    assert (outcomes.count("done"), outcomes.count("mixing_limit")) == (2, 13)


@pytest.mark.parametrize("app", ["postgresql"], indirect=True)  # SQLite lets one writer in at a time
def test_without_the_guard_the_same_rush_oversells(
    app: Flask, me: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control: where looking first were enough, the tests above would prove nothing."""

    def look_then_write(offer: Offer) -> None:
        db.session.refresh(offer)
        if offer.taken >= offer.capacity:
            raise Conflict("full")
        db.session.execute(db.text("SELECT pg_sleep(0.02)"))

    monkeypatch.setattr(places, "_take_place", look_then_write)
    monkeypatch.setattr(places, "_check_rules", lambda *_, **_options: [])
    monkeypatch.setattr(places, "_take_group_place", lambda *_: None)
    offer = add_offer(me.town_id, capacity=5)
    newcomers = [add_newcomer(me.town_id, f"n{i}") for i in range(40)]
    at_once(app, [lambda n=n: place_by_hand(me, n, offer) for n in newcomers])
    assert counters(offer)[2] > 5
