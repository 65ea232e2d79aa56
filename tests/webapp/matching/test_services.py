"""Decisions and placements: nothing is oversold, every guard has its reason, what fails changes nothing."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from typing import Any

import pytest
from flask import Flask

from tests.rows import add_newcomer, add_offer, counters, open_proposal, run_matching
from webapp.access import Actor
from webapp.audit.models import AuditEntry
from webapp.database import db, utc_now, write_transaction
from webapp.exceptions import Conflict, InvalidInput, NotFound
from webapp.idempotency import IdempotentAnswer
from webapp.matching import places, runs, services
from webapp.matching.models import UNDO_MINUTES, Ban, GroupCount, Placement, Proposal
from webapp.newcomers import services as newcomers
from webapp.newcomers.models import Newcomer
from webapp.newcomers.services import erase_newcomer
from webapp.offers import services as offers
from webapp.offers.models import Offer


@pytest.fixture
def me(app: Flask, actor: Callable[..., Actor]) -> Iterator[Actor]:
    """A coordinator of Münster, inside the application."""
    coordinator = actor()
    with app.app_context():
        yield coordinator


def place(actor: Actor, newcomer_id: uuid.UUID, offer_id: uuid.UUID) -> uuid.UUID:
    with write_transaction():
        return services.place_by_hand(actor, newcomer_id, offer_id).id


def refusal(actor: Actor, newcomer_id: uuid.UUID, offer_id: uuid.UUID) -> str:
    """The reason of the conflict; asserts that it changed nothing."""
    before = counters(offer_id)
    with pytest.raises(Conflict) as raised:
        place(actor, newcomer_id, offer_id)
    assert counters(offer_id) == before
    return raised.value.reason


def proposals_of(newcomer_id: uuid.UUID) -> dict[uuid.UUID, str]:
    rows = db.session.execute(
        db.select(Proposal.offer_id, Proposal.state).where(Proposal.newcomer_id == newcomer_id)
    )
    return {row.offer_id: row.state for row in rows}


def change(model: Any, id_: uuid.UUID, **values: Any) -> None:
    with write_transaction():
        db.session.execute(db.update(model).where(model.id == id_).values(**values))


def test_a_confirmed_proposal_takes_a_place_and_is_in_the_history(me: Actor) -> None:
    newcomer, offer = add_newcomer(me.town_id), add_offer(me.town_id)
    run_matching(me)
    with write_transaction():
        placement = services.confirm_proposal(me, open_proposal(newcomer, offer), note="call first")
    assert counters(offer) == (1, 1, 1)
    assert (placement.state, placement.note, placement.confirmed_by) == ("active", "call first", me.label)
    assert db.session.get_one(Newcomer, newcomer).placed_association == 1
    assert proposals_of(newcomer) == {offer: "confirmed"}
    actions = db.session.scalars(db.select(AuditEntry.action)).all()
    assert "proposal.confirmed" in actions


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


def test_a_screening_that_expired_between_proposal_and_click_is_refused(me: Actor) -> None:
    newcomer = add_newcomer(me.town_id, wants={"mentor": 1})
    mentor = add_offer(me.town_id, kind="mentor")
    run_matching(me)
    change(Offer, mentor, screening_valid_until=services.today_of(me) - timedelta(days=1))
    with pytest.raises(Conflict) as raised, write_transaction():
        services.confirm_proposal(me, open_proposal(newcomer, mentor))
    assert raised.value.reason == "screening"
    assert counters(mentor) == (0, 0, 0)
    assert proposals_of(newcomer) == {mentor: "open"}


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
        services.end_placement(me, first, reason="moved")
    place(me, second, offer)
    assert dict(db.session.execute(db.select(GroupCount.language, GroupCount.placed)).all()) == {
        "uk": 1,
        "ar": 1,
    }


def test_a_rejected_pair_is_banned_until_the_day_and_not_longer(me: Actor) -> None:
    newcomer, offer = add_newcomer(me.town_id), add_offer(me.town_id)
    run_matching(me)
    today = services.today_of(me)
    with write_transaction():
        services.reject_proposal(me, open_proposal(newcomer, offer), reason="too_far", ban_until=today)
    assert proposals_of(newcomer) == {offer: "rejected"}
    assert refusal(me, newcomer, offer) == "banned"
    assert run_matching(me).plan.proposals == ()
    tomorrow = run_matching(me, today=today + timedelta(days=1))
    assert len(tomorrow.plan.proposals) == 1


def test_a_ban_without_a_day_holds_until_it_is_lifted(me: Actor) -> None:
    newcomer, offer = add_newcomer(me.town_id), add_offer(me.town_id)
    run_matching(me)
    with write_transaction():
        services.reject_proposal(me, open_proposal(newcomer, offer), reason="wish")
    assert run_matching(me, today=date(2099, 1, 1)).plan.proposals == ()
    with write_transaction():
        services.lift_ban(me, db.session.scalars(db.select(Ban.id)).one())
    place(me, newcomer, offer)


@pytest.mark.parametrize("decision", ["confirm", "reject"])
def test_a_proposal_is_decided_once(me: Actor, decision: str) -> None:
    newcomer, offer = add_newcomer(me.town_id), add_offer(me.town_id)
    run_matching(me)
    proposal = open_proposal(newcomer, offer)
    decide = {
        "confirm": lambda: services.confirm_proposal(me, proposal),
        "reject": lambda: services.reject_proposal(me, proposal, reason="other"),
    }[decision]
    with write_transaction():
        decide()
    with pytest.raises(Conflict) as raised, write_transaction():
        decide()
    assert raised.value.reason in ("already_placed", "changed")


def test_what_a_placement_makes_impossible_leaves_the_board(me: Actor) -> None:
    newcomer = add_newcomer(me.town_id, "n")
    other = add_newcomer(me.town_id, "other")
    proposed, by_hand = add_offer(me.town_id, "near", capacity=2), add_offer(me.town_id, "far", lat=51.98)
    run_matching(me)
    assert proposals_of(newcomer) == {proposed: "open"}
    place(me, newcomer, by_hand)
    assert proposals_of(newcomer) == {proposed: "superseded"}
    assert proposals_of(other) == {proposed: "open"}


def test_an_ended_placement_frees_place_and_wish_once(me: Actor) -> None:
    newcomer, offer = add_newcomer(me.town_id), add_offer(me.town_id, capacity=1)
    placement = place(me, newcomer, offer)
    with write_transaction():
        services.end_placement(me, placement, reason="moved")
    assert counters(offer) == (0, 0, 0)
    with pytest.raises(Conflict), write_transaction():
        services.end_placement(me, placement, reason="moved")
    assert counters(offer) == (0, 0, 0)
    place(me, newcomer, offer)


def test_a_fresh_placement_can_be_undone_and_its_proposal_is_open_again(me: Actor) -> None:
    newcomer, offer = add_newcomer(me.town_id), add_offer(me.town_id)
    run_matching(me)
    with write_transaction():
        placement = services.confirm_proposal(me, open_proposal(newcomer, offer)).id
    with write_transaction():
        services.undo_placement(me, placement)
    assert counters(offer) == (0, 0, 0)
    assert proposals_of(newcomer) == {offer: "open"}


def test_after_some_minutes_a_placement_cannot_be_undone(me: Actor) -> None:
    newcomer, offer = add_newcomer(me.town_id), add_offer(me.town_id)
    placement = place(me, newcomer, offer)
    change(Placement, placement, created_at=utc_now() - timedelta(minutes=UNDO_MINUTES + 1))
    with pytest.raises(Conflict) as raised, write_transaction():
        services.undo_placement(me, placement)
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


def test_another_town_cannot_touch_a_pair(me: Actor, actor: Callable[..., Actor]) -> None:
    newcomer, offer = add_newcomer(me.town_id), add_offer(me.town_id)
    run_matching(me)
    stranger = actor(town="enschede")
    proposal = open_proposal(newcomer, offer)
    attempts: list[Callable[[], Any]] = [
        lambda: services.confirm_proposal(stranger, proposal),
        lambda: services.reject_proposal(stranger, proposal, reason="other"),
        lambda: services.place_by_hand(stranger, newcomer, offer),
        lambda: services.get_proposal(stranger, proposal),
    ]
    for attempt in attempts:
        with pytest.raises(NotFound), write_transaction():
            attempt()
    assert counters(offer) == (0, 0, 0)
    assert db.session.scalars(services.query_board(stranger)).all() == []


def test_the_board_shows_the_most_urgent_first_and_nobody_who_paused(me: Actor) -> None:
    calm = add_newcomer(me.town_id, "calm", need_level=1)
    urgent = add_newcomer(me.town_id, "urgent", need_level=4)
    paused = add_newcomer(me.town_id, "paused", need_level=4)
    add_offer(me.town_id, capacity=9)
    run_matching(me)
    change(Newcomer, paused, status="paused")
    board = db.session.scalars(services.query_board(me)).all()
    assert [proposal.newcomer_id for proposal in board] == [urgent, calm]


def test_alternatives_come_best_first_and_the_forbidden_last(me: Actor) -> None:
    newcomer = add_newcomer(me.town_id)
    far, near = add_offer(me.town_id, "far", lat=51.98), add_offer(me.town_id, "near")
    closed = add_offer(me.town_id, "closed", status="closed")
    found = services.examine_newcomer(me, db.session.get_one(Newcomer, newcomer), kind="association")
    assert [uuid.UUID(explanation.offer_id) for explanation in found] == [near, far, closed]
    assert found[-1].rules == ("status",)


@pytest.mark.parametrize(("reason", "banned"), [("boundary_problem", True), ("moved", False)])
def test_after_a_bad_end_the_same_two_are_not_proposed_again(me: Actor, reason: str, banned: bool) -> None:
    newcomer, offer = add_newcomer(me.town_id), add_offer(me.town_id)
    placement = place(me, newcomer, offer)
    with write_transaction():
        services.end_placement(me, placement, reason=reason)
    assert len(run_matching(me).plan.proposals) == (0 if banned else 1)


def test_a_ban_cannot_end_before_it_begins(me: Actor) -> None:
    newcomer, offer = add_newcomer(me.town_id), add_offer(me.town_id)
    run_matching(me)
    proposal = open_proposal(newcomer, offer)
    with pytest.raises(InvalidInput), write_transaction():
        services.reject_proposal(me, proposal, reason="time", ban_until=date(2020, 1, 1))
    assert proposals_of(newcomer) == {offer: "open"}


def test_undoing_opens_again_what_the_placement_pushed_aside(me: Actor) -> None:
    newcomer, other = add_newcomer(me.town_id, "n"), add_newcomer(me.town_id, "other", need_level=1)
    offer = add_offer(me.town_id, capacity=1)
    run_matching(me)
    assert proposals_of(newcomer) == {offer: "open"}
    placement = place(me, other, offer)
    assert proposals_of(newcomer) == {offer: "superseded"}
    with write_transaction():
        services.undo_placement(me, placement)
    assert proposals_of(newcomer) == {offer: "open"}


def test_answers_kept_for_a_key_go_with_the_newcomer(me: Actor) -> None:
    newcomer = add_newcomer(me.town_id)
    with write_transaction():
        for body in (f'{{"newcomer_id": "{newcomer}", "note": "private"}}', '{"newcomer_id": "other"}'):
            db.session.add(IdempotentAnswer(actor_id=uuid.uuid4(), key="k", request_hash="x", body=body))
    with write_transaction():
        erase_newcomer(me, newcomer)
    assert db.session.scalars(db.select(IdempotentAnswer.body)).all() == ['{"newcomer_id": "other"}']


@pytest.mark.parametrize("what", ["closed offer", "closed newcomer", "fewer places"])
def test_proposals_that_a_change_made_impossible_are_closed(me: Actor, what: str) -> None:
    newcomer, offer = add_newcomer(me.town_id), add_offer(me.town_id, capacity=3, taken=1)
    run_matching(me)
    assert proposals_of(newcomer) == {offer: "open"}
    with write_transaction():
        if what == "closed offer":
            offers.set_status(me, offer, "closed")
        elif what == "closed newcomer":
            newcomers.set_status(me, newcomer, "closed")
        else:
            offers.set_capacity(me, offer, 1)
    assert proposals_of(newcomer) == {offer: "superseded"}


def test_somebody_elses_ban_is_no_matter_when_a_newcomer_is_examined(me: Actor) -> None:
    banned, newcomer = add_newcomer(me.town_id, "banned"), add_newcomer(me.town_id, "n")
    offer = add_offer(me.town_id)
    run_matching(me)
    with write_transaction():
        services.reject_proposal(me, open_proposal(banned, offer), reason="wish")
    rules = {
        person: services.examine_newcomer(me, db.session.get_one(Newcomer, person))[0].rules
        for person in (banned, newcomer)
    }
    assert rules == {banned: ("banned",), newcomer: ()}


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
    calls = [lambda n=n: services.place_by_hand(me, n, offer) for n in newcomers]
    outcomes = at_once(app, calls)
    assert (outcomes.count("done"), outcomes.count("full")) == (5, 35)
    assert counters(offer) == (5, 5, 5)


def test_twenty_offers_at_once_to_one_newcomer_give_exactly_one(app: Flask, me: Actor) -> None:
    newcomer = add_newcomer(me.town_id)
    offers = [add_offer(me.town_id, f"o{i}") for i in range(20)]
    outcomes = at_once(app, [lambda o=o: services.place_by_hand(me, newcomer, o) for o in offers])
    assert (outcomes.count("done"), outcomes.count("demand_full")) == (1, 19)
    assert sum(counters(offer)[0] for offer in offers) == 1


def test_confirming_and_ending_at_once_leave_the_counters_right(app: Flask, me: Actor) -> None:
    offer = add_offer(me.town_id, capacity=4)
    placed = [place(me, add_newcomer(me.town_id, f"p{i}"), offer) for i in range(4)]
    waiting = [add_newcomer(me.town_id, f"w{i}") for i in range(12)]
    calls: list[Callable[[], Any]] = []
    for position, newcomer in enumerate(waiting):
        calls.append(lambda n=newcomer: services.place_by_hand(me, n, offer))
        calls.append(lambda p=placed[position % 4]: services.end_placement(me, p, reason="moved"))
    outcomes = at_once(app, calls)
    taken, stored, active = counters(offer)
    assert taken == stored == active <= 4
    assert outcomes.count("done") == active + 4
    with_counts = db.select(db.func.sum(GroupCount.placed)).where(GroupCount.offer_id == offer)
    assert db.session.scalar(with_counts) == active


def test_the_mix_holds_under_many_at_once(app: Flask, me: Actor) -> None:
    offer = add_offer(me.town_id, capacity=20, language_share_max=0.1)
    newcomers = [add_newcomer(me.town_id, f"n{i}") for i in range(15)]
    outcomes = at_once(app, [lambda n=n: services.place_by_hand(me, n, offer) for n in newcomers])
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
    monkeypatch.setattr(places, "_check_rules", lambda *_: None)
    monkeypatch.setattr(places, "_take_group_place", lambda *_: None)
    offer = add_offer(me.town_id, capacity=5)
    newcomers = [add_newcomer(me.town_id, f"n{i}") for i in range(40)]
    at_once(app, [lambda n=n: services.place_by_hand(me, n, offer) for n in newcomers])
    assert counters(offer)[2] > 5


def test_a_run_never_touches_a_confirmed_placement(me: Actor) -> None:
    newcomers = [add_newcomer(me.town_id, f"n{i}") for i in range(6)]
    offer = add_offer(me.town_id, capacity=4)
    placements = [place(me, newcomer, offer) for newcomer in newcomers[:2]]
    run_matching(me)
    run_matching(me)
    stored = db.session.scalars(db.select(Placement).order_by(Placement.created_at)).all()
    assert [row.id for row in stored] == placements
    assert all(row.state == "active" and row.version == 1 for row in stored)
    assert runs.newest_run(me) is not None
    assert len(db.session.scalars(services.query_board(me)).all()) == 2
