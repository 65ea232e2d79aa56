"""What a decision takes away from others: it is said before and after, replaced at once, and given back."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from tests.builders import hours
from tests.office import Office
from tests.rows import add_newcomer, add_offer, change, open_proposal, place, proposals_of, run_matching
from tests.web import Client
from webapp.audit.models import AuditEntry
from webapp.newcomers import services as newcomers
from webapp.offers import services as offers
from webapp.placements.services import end_placement, undo_placement
from webapp.proposals.models import Proposal
from webapp.proposals.services import confirm_proposal, pair_history, would_withdraw
from webapp.runs.models import Run
from webapp.runs.services import limits_of
from webapp.storage.access import Actor
from webapp.storage.database import db, write_transaction
from webapp.towns.services import get_town, set_policy

ONE = {"wants": {"association": 1}}


def entries(action: str) -> list[dict[str, Any]]:
    return [
        entry.details
        for entry in db.session.scalars(db.select(AuditEntry).where(AuditEntry.action == action))
    ]


@pytest.fixture
def last_place(me: Actor) -> dict[str, uuid.UUID]:
    """One place, proposed to one, which another may take; a second club further away."""
    rows = {
        "proposed": add_newcomer(me.town_id, "proposed", need_level=4, **ONE),
        "other": add_newcomer(me.town_id, "other", need_level=1, **ONE),
        "club": add_offer(me.town_id, "club", capacity=1),
    }
    run_matching(me)
    assert proposals_of(rows["proposed"]) == {rows["club"]: "open"}
    rows["second"] = add_offer(me.town_id, "second", capacity=1, lat=51.98)
    return rows


def test_it_is_said_before_whose_proposal_goes_away(me: Actor, last_place: dict[str, uuid.UUID]) -> None:
    (one,) = would_withdraw(me, last_place["other"], last_place["club"])
    assert one.newcomer_id == last_place["proposed"]
    assert would_withdraw(me, last_place["other"], last_place["second"]) == []


def test_whoever_loses_a_proposal_is_in_the_history_and_is_offered_something_else(
    me: Actor, last_place: dict[str, uuid.UUID]
) -> None:
    place(me, last_place["other"], last_place["club"])
    assert proposals_of(last_place["proposed"]) == {
        last_place["club"]: "superseded",
        last_place["second"]: "open",
    }
    (gone,), (added,) = entries("proposal.withdrawn"), entries("proposal.added")
    assert (gone["newcomer"], gone["reason"]) == (str(last_place["proposed"]), "full")
    assert added["instead_of"] == str(last_place["club"])
    events = [event.what for event in pair_history(me, last_place["proposed"], last_place["club"])]
    assert events == ["withdrawn", "proposed"]
    events = [event.what for event in pair_history(me, last_place["proposed"], last_place["second"])]
    assert events == ["added"]


def test_nobody_is_moved_for_whoever_lost_a_proposal(me: Actor, last_place: dict[str, uuid.UUID]) -> None:
    third = add_newcomer(me.town_id, "third", need_level=4, **ONE)
    run_matching(me)
    taken = proposals_of(third) | proposals_of(last_place["proposed"])
    assert sorted(taken.values()) == ["open", "open"]
    place(me, last_place["other"], last_place["club"])
    still_open = db.session.scalars(db.select(Proposal).where(Proposal.state == "open")).all()
    assert [proposal.offer_id for proposal in still_open] == [last_place["second"]]


@pytest.mark.parametrize("way_back", ["undo", "end"])
def test_what_went_away_comes_back_with_the_place(
    me: Actor, last_place: dict[str, uuid.UUID], way_back: str
) -> None:
    placement = place(me, last_place["other"], last_place["club"])
    with write_transaction():
        if way_back == "undo":
            undo_placement(me, placement)
        else:
            end_placement(me, placement, reason="goal_reached")
    assert proposals_of(last_place["proposed"]) == {
        last_place["club"]: "open",
        last_place["second"]: "superseded",
    }
    assert len(entries("proposal.given_back")) == 1


def test_what_went_away_stays_away_where_it_holds_no_more(
    me: Actor, last_place: dict[str, uuid.UUID]
) -> None:
    placement = place(me, last_place["other"], last_place["club"])
    with write_transaction():
        newcomers.update_newcomer(me, last_place["proposed"], consent=False)
    with write_transaction():
        end_placement(me, placement, reason="goal_reached")
    assert proposals_of(last_place["proposed"])[last_place["club"]] == "superseded"


def test_after_a_newer_run_nothing_comes_back(me: Actor, last_place: dict[str, uuid.UUID]) -> None:
    placement = place(me, last_place["other"], last_place["club"])
    run_matching(me)
    with write_transaction():
        end_placement(me, placement, reason="goal_reached")
    assert proposals_of(last_place["proposed"])[last_place["club"]] == "superseded"


def test_the_mix_takes_proposals_away_too(me: Actor) -> None:
    arabic = {"languages": {"ar": "native", "de": "b1"}}
    first, second = (add_newcomer(me.town_id, name, **ONE, **arabic) for name in ("first", "second"))
    club = add_offer(me.town_id, "club", capacity=4, language_share_max=0.5)
    run_matching(me)
    third = add_newcomer(me.town_id, "third", **ONE, **arabic)
    place(me, third, club)
    assert {proposals_of(first)[club], proposals_of(second)[club]} == {"open"}
    with write_transaction():
        confirm_proposal(me, open_proposal(first, club))
    assert proposals_of(second) == {club: "superseded"}
    assert [entry["reason"] for entry in entries("proposal.withdrawn")] == ["mixing_limit"]


def test_a_session_at_the_same_time_takes_the_other_proposal_away(me: Actor) -> None:
    person = add_newcomer(me.town_id, "n", wants={"association": 3})
    times = {"first": hours("sat 10:00-12:00"), "later": hours("tue 17:00-19:00")}
    first, later = (add_offer(me.town_id, name, times=of) for name, of in times.items())
    run_matching(me)
    assert proposals_of(person) == {first: "open", later: "open"}
    same_time = add_offer(me.town_id, "same", times=hours("tue 18:00-20:00"))
    place(me, person, same_time)
    assert proposals_of(person) == {first: "open", later: "superseded"}


def test_closing_an_offer_finds_its_people_something_else(
    me: Actor, last_place: dict[str, uuid.UUID]
) -> None:
    with write_transaction():
        offers.set_status(me, last_place["club"], "closed")
    assert proposals_of(last_place["proposed"]) == {
        last_place["club"]: "superseded",
        last_place["second"]: "open",
    }


def test_an_offer_of_another_is_not_looked_at(me: Actor, last_place: dict[str, uuid.UUID]) -> None:
    """The sweep after a decision concerns this person and this offer."""
    change(Proposal, open_proposal(last_place["proposed"], last_place["club"]), version=7)
    place(me, last_place["other"], last_place["second"])
    assert db.session.scalars(db.select(Proposal.version)).one() == 7


def test_the_pages_say_it_before_and_after(office: Office, browser: Client) -> None:
    proposed = office.newcomer("proposed", need_level=4, **ONE)
    other, club = office.newcomer("other", need_level=1, **ONE), office.offer("club", capacity=1)
    office.run()
    second = office.offer("second", capacity=1, lat=51.98)
    before = browser.get(f"/newcomers/{other}/place/{club}").text
    assert "1 other proposal would go away:" in before
    assert "Newcomer proposed" in before
    after = browser.get(browser.post_form(f"/newcomers/{other}/place/{club}").location).text
    assert "1 other proposal went away:" in after
    assert f"/newcomers/{proposed}" in after
    assert "Offer second" in after
    assert "went away" in browser.get("/history").text
    assert second


def test_a_pair_that_a_rule_now_keeps_apart_does_not_come_back(
    me: Actor, last_place: dict[str, uuid.UUID]
) -> None:
    placement = place(me, last_place["other"], last_place["club"])
    with write_transaction():
        offers.update_offer(me, last_place["club"], age_min=99)
    with write_transaction():
        end_placement(me, placement, reason="goal_reached")
    assert proposals_of(last_place["proposed"]) == {
        last_place["club"]: "superseded",
        last_place["second"]: "open",  # what was found instead stays theirs
    }


def test_there_are_never_more_proposals_than_places(me: Actor) -> None:
    people = {need: add_newcomer(me.town_id, f"need {need}", need_level=need, **ONE) for need in (1, 2, 3, 4)}
    club = add_offer(me.town_id, "club", capacity=4)
    run_matching(me)
    with write_transaction():
        offers.set_capacity(me, club, 2)
    states = {need: proposals_of(person)[club] for need, person in people.items()}
    assert states == {1: "superseded", 2: "superseded", 3: "open", 4: "open"}
    stranger = add_newcomer(me.town_id, "stranger", **ONE)
    place(me, stranger, club)
    states = {need: proposals_of(person)[club] for need, person in people.items()}
    assert states == {1: "superseded", 2: "superseded", 3: "superseded", 4: "open"}


@pytest.mark.parametrize("stop", ["paused", "closed"])
def test_an_offer_that_stops_and_goes_on_gets_its_proposals_back(
    me: Actor, last_place: dict[str, uuid.UUID], stop: str
) -> None:
    with write_transaction():
        offers.set_status(me, last_place["club"], stop)
    assert proposals_of(last_place["proposed"])[last_place["second"]] == "open"
    with write_transaction():
        offers.set_status(me, last_place["club"], "active")
    assert proposals_of(last_place["proposed"]) == {
        last_place["club"]: "open",
        last_place["second"]: "superseded",
    }


def test_an_offers_page_says_who_is_proposed_and_what_stopping_means(office: Office, browser: Client) -> None:
    newcomer, club = office.newcomer("proposed", **ONE), office.offer("club", capacity=2)
    office.run()
    page = browser.get(f"/offers/{club}").text
    assert "Newcomer proposed" in page
    assert "this proposal goes away" in page
    placement = office.place(newcomer, club)
    browser.post_form(f"/offers/{club}/status", status="closed")
    assert "Please end this placement" in browser.get(f"/placements/{placement}").text
    browser.post_form(f"/placements/{placement}/end", reason="offer_ended")
    assert "The offer has ended" in browser.get(f"/placements/{placement}").text


def test_what_is_found_instead_is_measured_as_the_run_did(
    me: Actor, last_place: dict[str, uuid.UUID]
) -> None:
    with write_transaction():
        town = get_town("muenster")
        set_policy(me, town, "[weights]\ninterests = 20\n")
    place(me, last_place["other"], last_place["club"])
    added = db.session.scalars(db.select(Proposal).where(Proposal.added_for.is_not(None))).one()
    most = limits_of(db.session.get_one(Run, added.run_id))
    assert added.parts.keys() == most.keys()
    assert all(part <= most[name] + 1e-9 for name, part in added.parts.items())
    assert added.score == pytest.approx(sum(added.parts.values()))
