"""Decisions on proposals, and what placements and changes make of those that are open."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest

from tests.rows import (
    add_newcomer,
    add_offer,
    change,
    counters,
    open_proposal,
    place,
    proposals_of,
    refusal,
    run_matching,
)
from webapp.audit.models import AuditEntry
from webapp.board.services import query_board
from webapp.exceptions import Conflict, InvalidInput, NotFound
from webapp.newcomers import services as newcomers
from webapp.newcomers.models import Newcomer
from webapp.offers import services as offers
from webapp.offers.models import Offer
from webapp.placements.models import Ban, Placement
from webapp.placements.options import examine_newcomer
from webapp.placements.places import couple, find_origin
from webapp.placements.services import (
    lift_ban,
    place_by_hand,
    undo_placement,
)
from webapp.proposals.models import Proposal
from webapp.proposals.services import confirm_proposal, get_proposal, reject_proposal
from webapp.storage.access import Actor
from webapp.storage.database import db, write_transaction
from webapp.towns.services import today_of


def test_a_confirmed_proposal_takes_a_place_and_is_in_the_history(me: Actor) -> None:
    newcomer, offer = add_newcomer(me.town_id), add_offer(me.town_id)
    run_matching(me)
    with write_transaction():
        placement = confirm_proposal(me, open_proposal(newcomer, offer), note="call first")
    assert counters(offer) == (1, 1, 1)
    assert (placement.state, placement.note, placement.confirmed_by) == ("active", "call first", me.label)
    assert db.session.get_one(Newcomer, newcomer).placed_association == 1
    assert proposals_of(newcomer) == {offer: "confirmed"}
    actions = db.session.scalars(db.select(AuditEntry.action)).all()
    assert "proposal.confirmed" in actions


def test_a_screening_that_expired_between_proposal_and_click_is_refused(me: Actor) -> None:
    newcomer = add_newcomer(me.town_id, wants={"mentor": 1})
    mentor = add_offer(me.town_id, kind="mentor")
    run_matching(me)
    change(Offer, mentor, screening_valid_until=today_of(me) - timedelta(days=1))
    with pytest.raises(Conflict) as raised, write_transaction():
        confirm_proposal(me, open_proposal(newcomer, mentor))
    assert raised.value.reason == "screening"
    assert counters(mentor) == (0, 0, 0)
    assert proposals_of(newcomer) == {mentor: "open"}


def test_a_rejected_pair_is_banned_until_the_day_and_not_longer(me: Actor) -> None:
    newcomer, offer = add_newcomer(me.town_id), add_offer(me.town_id)
    run_matching(me)
    today = today_of(me)
    with write_transaction():
        reject_proposal(me, open_proposal(newcomer, offer), reason="too_far", ban_until=today)
    assert proposals_of(newcomer) == {offer: "rejected"}
    assert refusal(me, newcomer, offer) == "banned"
    assert run_matching(me).plan.proposals == ()
    tomorrow = run_matching(me, today=today + timedelta(days=1))
    assert len(tomorrow.plan.proposals) == 1


def test_a_ban_without_a_day_holds_until_it_is_lifted(me: Actor) -> None:
    newcomer, offer = add_newcomer(me.town_id), add_offer(me.town_id)
    run_matching(me)
    with write_transaction():
        reject_proposal(me, open_proposal(newcomer, offer), reason="wish")
    assert run_matching(me, today=date(2099, 1, 1)).plan.proposals == ()
    with write_transaction():
        lift_ban(me, db.session.scalars(db.select(Ban.id)).one())
    place(me, newcomer, offer)


@pytest.mark.parametrize("decision", ["confirm", "reject"])
def test_a_proposal_is_decided_once(me: Actor, decision: str) -> None:
    newcomer, offer = add_newcomer(me.town_id), add_offer(me.town_id)
    run_matching(me)
    proposal = open_proposal(newcomer, offer)
    decide = {
        "confirm": lambda: confirm_proposal(me, proposal),
        "reject": lambda: reject_proposal(me, proposal, reason="other"),
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


def test_a_fresh_placement_can_be_undone_and_its_proposal_is_open_again(me: Actor) -> None:
    newcomer, offer = add_newcomer(me.town_id), add_offer(me.town_id)
    run_matching(me)
    with write_transaction():
        placement = confirm_proposal(me, open_proposal(newcomer, offer)).id
    with write_transaction():
        undo_placement(me, placement)
    assert counters(offer) == (0, 0, 0)
    assert proposals_of(newcomer) == {offer: "open"}


def test_another_town_cannot_touch_a_pair(me: Actor, actor: Callable[..., Actor]) -> None:
    newcomer, offer = add_newcomer(me.town_id), add_offer(me.town_id)
    run_matching(me)
    stranger = actor(town="enschede")
    proposal = open_proposal(newcomer, offer)
    attempts: list[Callable[[], Any]] = [
        lambda: confirm_proposal(stranger, proposal),
        lambda: reject_proposal(stranger, proposal, reason="other"),
        lambda: place_by_hand(stranger, newcomer, offer),
        lambda: get_proposal(stranger, proposal),
    ]
    for attempt in attempts:
        with pytest.raises(NotFound), write_transaction():
            attempt()
    assert counters(offer) == (0, 0, 0)
    assert db.session.scalars(query_board(stranger)).all() == []


def test_a_ban_cannot_end_before_it_begins(me: Actor) -> None:
    newcomer, offer = add_newcomer(me.town_id), add_offer(me.town_id)
    run_matching(me)
    proposal = open_proposal(newcomer, offer)
    with pytest.raises(InvalidInput), write_transaction():
        reject_proposal(me, proposal, reason="time", ban_until=date(2020, 1, 1))
    assert proposals_of(newcomer) == {offer: "open"}


def test_undoing_opens_again_what_the_placement_pushed_aside(me: Actor) -> None:
    newcomer, other = add_newcomer(me.town_id, "n"), add_newcomer(me.town_id, "other", need_level=1)
    offer = add_offer(me.town_id, capacity=1)
    run_matching(me)
    assert proposals_of(newcomer) == {offer: "open"}
    placement = place(me, other, offer)
    assert proposals_of(newcomer) == {offer: "superseded"}
    with write_transaction():
        undo_placement(me, placement)
    assert proposals_of(newcomer) == {offer: "open"}


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
        reject_proposal(me, open_proposal(banned, offer), reason="wish")
    rules = {
        person: examine_newcomer(me, db.session.get_one(Newcomer, person))[0].rules
        for person in (banned, newcomer)
    }
    assert rules == {banned: ("banned",), newcomer: ()}


def test_a_pair_that_is_placed_by_hand_takes_its_open_proposal_along(me: Actor) -> None:
    newcomer, offer = add_newcomer(me.town_id), add_offer(me.town_id)
    run_matching(me)
    proposal = db.session.get_one(Proposal, open_proposal(newcomer, offer))
    origin = (proposal.id, proposal.run_id)
    placement = db.session.get_one(Placement, place(me, newcomer, offer))
    assert (placement.proposal_id, placement.run_id) == origin
    assert proposals_of(newcomer) == {offer: "confirmed"}


def test_a_proposal_that_is_decided_between_look_up_and_click_is_not_overtaken(me: Actor) -> None:
    newcomer, offer = add_newcomer(me.town_id), add_offer(me.town_id)
    run_matching(me)
    proposal = open_proposal(newcomer, offer)
    rejecting = db.update(Proposal).where(Proposal.id == proposal).values(state="rejected")

    def place_meanwhile() -> None:
        origin = find_origin(me, newcomer, offer)
        db.session.execute(rejecting)
        couple(me, newcomer, offer, note="", origin=origin)

    with pytest.raises(Conflict) as raised, write_transaction():
        place_meanwhile()
    assert raised.value.reason == "changed"
    assert counters(offer) == (0, 0, 0)
    assert proposals_of(newcomer) == {offer: "open"}


def test_undoing_opens_nothing_again_that_a_newer_run_has_looked_at(me: Actor) -> None:
    newcomer, offer = add_newcomer(me.town_id), add_offer(me.town_id)
    run_matching(me)
    placement = place(me, newcomer, offer)
    run_matching(me)
    with write_transaction():
        undo_placement(me, placement)
    assert proposals_of(newcomer) == {offer: "confirmed"}
