"""The life of a run: invisible until it is done, steady, honest about what changed, harmless when it dies."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from tests.rows import add_newcomer, add_offer, change, counters, open_proposal, place, run_matching
from webapp.board.services import query_board
from webapp.engine.policies import InvalidPolicyError
from webapp.exceptions import Conflict
from webapp.newcomers.models import Newcomer
from webapp.newcomers.services import erase_newcomer
from webapp.offers.models import Offer
from webapp.placements.models import Placement
from webapp.placements.services import place_by_hand
from webapp.proposals.models import Proposal
from webapp.proposals.services import confirm_proposal, query_proposals
from webapp.runs import executing, storing
from webapp.runs import services as runs
from webapp.runs.models import OpenWish, Run, RunChange
from webapp.runs.solving import Progress
from webapp.storage import beating
from webapp.storage.access import Actor
from webapp.storage.database import db, utc_now, write_transaction
from webapp.towns.models import Town


def open_pairs(actor: Actor) -> set[tuple[uuid.UUID, uuid.UUID]]:
    db.session.rollback()
    rows = db.session.scalars(query_proposals(actor, state="open"))
    return {(row.newcomer_id, row.offer_id) for row in rows}


def queued(actor: Actor) -> uuid.UUID:
    with write_transaction():
        return runs.start_run(actor).id


def test_a_run_proposes_and_keeps_figures_policy_and_open_wishes(me: Actor) -> None:
    served, unserved = (
        add_newcomer(me.town_id, "a", need_level=4),
        add_newcomer(me.town_id, "b", need_level=1),
    )
    offer = add_offer(me.town_id, capacity=1)
    change(Town, me.town_id, policy="name = 'ours'\n[weights]\ntravel = 9\n")
    run_matching(me)
    assert open_pairs(me) == {(served, offer)}
    run = runs.newest_run(me)
    assert run is not None
    assert (run.state, run.policy["name"], run.policy["weights"]["travel"]) == ("done", "ours", 9.0)
    assert run.figures["proposals"] == run.figures["added"] == 1
    (wish,) = db.session.scalars(runs.query_wishes(me)).all()
    assert (wish.newcomer_id, wish.reason) == (unserved, "places_taken")
    (proposal,) = db.session.scalars(query_board(me)).all()
    assert sum(proposal.parts.values()) == pytest.approx(proposal.score)


def test_a_second_run_changes_nothing_and_keeps_the_ids(me: Actor) -> None:
    newcomers = [add_newcomer(me.town_id, f"n{i}", lat=51.95 + i / 500) for i in range(8)]
    for i in range(5):
        add_offer(me.town_id, f"o{i}", capacity=2, lat=51.95 + i / 300)
    first = run_matching(me)
    ids = {row.id: row.run_id for row in db.session.scalars(query_proposals(me, state="open"))}
    assert len(ids) == len(newcomers)
    assert len(first.changes) == len(newcomers)
    second = run_matching(me)
    assert second.changes == []
    after = {row.id: row.run_id for row in db.session.scalars(query_proposals(me, state="open"))}
    assert after.keys() == ids.keys()
    newest = runs.newest_run(me)
    assert newest is not None
    assert set(after.values()) == {newest.id}
    assert db.session.scalars(runs.query_changes(newest)).all() == []


def test_a_run_tells_what_it_changed_and_why(me: Actor) -> None:
    newcomer = add_newcomer(me.town_id)
    near, far = add_offer(me.town_id, "near"), add_offer(me.town_id, "far", lat=51.98)
    run_matching(me)
    assert open_pairs(me) == {(newcomer, near)}
    change(Offer, near, status="paused")
    run_matching(me)
    assert open_pairs(me) == {(newcomer, far)}
    newest = runs.newest_run(me)
    assert newest is not None
    (stored,) = db.session.scalars(runs.query_changes(newest)).all()
    assert (stored.action, stored.before_id, stored.after_id, stored.reason) == (
        "changed",
        near,
        far,
        "status",
    )
    states = {row.offer_id: row.state for row in db.session.scalars(query_proposals(me))}
    assert states == {near: "superseded", far: "open"}


def test_nothing_of_a_run_is_visible_before_it_is_done(me: Actor) -> None:
    newcomer, offer = add_newcomer(me.town_id), add_offer(me.town_id)
    seen: list[set[Any]] = []
    executing.execute_run(queued(me), lambda _stage: seen.append(open_pairs(me)))
    assert seen
    assert not any(seen)
    assert open_pairs(me) == {(newcomer, offer)}


def test_only_one_run_of_a_town_is_under_way(me: Actor, actor: Callable[..., Actor]) -> None:
    run_id = queued(me)
    with pytest.raises(Conflict) as raised:
        queued(me)
    assert (raised.value.reason, raised.value.current["run_id"]) == ("run_active", str(run_id))
    assert queued(actor(town="enschede"))


def test_a_run_that_died_is_given_up_and_swept_before_the_next(me: Actor) -> None:
    newcomer, offer = add_newcomer(me.town_id), add_offer(me.town_id)
    dead = queued(me)
    change(Run, dead, state="running", beat_at=utc_now() - timedelta(hours=1))
    with write_transaction():
        db.session.add(
            Proposal(
                **{"town_id": me.town_id, "run_id": dead, "newcomer_id": newcomer, "offer_id": offer},
                **{"kind": "association", "score": 0.5, "parts": {}, "urgency": 0.5, "state": "staged"},
            )
        )
    run_matching(me)
    assert db.session.get_one(Run, dead).state == "failed"
    assert open_pairs(me) == {(newcomer, offer)}
    assert db.session.scalar(db.select(db.func.count()).where(Proposal.state == "staged")) == 0


def test_a_run_without_a_sign_of_life_is_given_up_and_its_town_can_start_another(me: Actor) -> None:
    newcomer, offer = add_newcomer(me.town_id), add_offer(me.town_id)
    dead = queued(me)
    change(Run, dead, state="running", beat_at=utc_now() - beating.DEAD_AFTER - timedelta(seconds=1))
    with write_transaction():
        executing.give_up_dead_runs()
    given_up = db.session.get_one(Run, dead)
    assert (given_up.state, given_up.error) == ("failed", "interrupted")
    run_matching(me)
    assert open_pairs(me) == {(newcomer, offer)}


@pytest.mark.parametrize(
    ("state", "seconds"), [("running", 50), ("queued", 50), ("done", 6000), ("failed", 6000)]
)
def test_a_run_that_lives_or_waits_or_has_ended_is_left_alone(me: Actor, state: str, seconds: int) -> None:
    run_id = queued(me)
    change(Run, run_id, state=state, beat_at=utc_now() - timedelta(seconds=seconds))
    with write_transaction():
        assert executing.give_up_dead_runs() == []
    assert db.session.get_one(Run, run_id).state == state


def test_a_run_that_nobody_begins_is_queued_again_but_not_while_another_runs(
    me: Actor, actor: Callable[..., Actor]
) -> None:
    forgotten = queued(me)
    change(Run, forgotten, beat_at=utc_now() - 2 * beating.DEAD_AFTER)
    with write_transaction():
        assert executing.give_up_dead_runs() == [forgotten]
    other = queued(actor(town="enschede"))
    change(Run, other, state="running")
    with write_transaction():
        assert executing.give_up_dead_runs() == []


def test_a_run_gives_signs_of_life_while_it_computes(me: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(beating, "BEAT_SECONDS", 0.01)
    add_newcomer(me.town_id)
    run_id = queued(me)

    def beaten() -> datetime:
        db.session.rollback()
        return db.session.get_one(Run, run_id).beat_at

    def compute() -> None:
        begun, deadline = beaten(), time.monotonic() + 20
        while beaten() == begun:
            assert time.monotonic() < deadline

    executing.execute_run(run_id, during("candidates", compute))


def test_a_run_whose_failure_cannot_be_written_is_given_up_by_the_timer(
    me: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = queued(me)

    def full(*_args: Any) -> None:
        raise OperationalError("INSERT", {}, Exception("database or disk is full"))

    with monkeypatch.context() as broken:
        broken.setattr(executing, "store", full)
        broken.setattr(executing, "fail_run", full)
        with pytest.raises(OperationalError):
            executing.execute_run(run_id)
    assert db.session.get_one(Run, run_id).state == "running"
    change(Run, run_id, beat_at=utc_now() - 2 * beating.DEAD_AFTER)
    with write_transaction():
        executing.give_up_dead_runs()
    assert db.session.get_one(Run, run_id).state == "failed"


def test_a_run_that_fails_says_so_and_leaves_the_board_as_it_was(me: Actor) -> None:
    newcomer, offer = add_newcomer(me.town_id), add_offer(me.town_id)
    run_matching(me)
    change(Town, me.town_id, policy="[weights]\nhobbies = 1\n")
    with pytest.raises(InvalidPolicyError):
        run_matching(me)
    failed = db.session.scalars(db.select(Run).where(Run.state == "failed")).one()
    assert "weights.hobbies" in failed.error
    assert open_pairs(me) == {(newcomer, offer)}
    change(Town, me.town_id, policy="")
    run_matching(me)


def during(stage: str, act: Callable[[], Any]) -> Progress:
    """Do something when a run reaches a stage: somebody works while the plan is made."""

    def progress(reached: str) -> None:
        if reached == stage:
            act()

    return progress


def test_what_is_placed_by_hand_while_a_run_solves_stays_and_is_not_proposed_again(me: Actor) -> None:
    newcomer, offer = add_newcomer(me.town_id, wants={"association": 2}), add_offer(me.town_id)

    def place() -> None:
        with write_transaction():
            place_by_hand(me, newcomer, offer)

    executing.execute_run(queued(me), during("store", place))
    assert counters(offer) == (1, 1, 1)
    assert open_pairs(me) == set()


def test_a_decision_while_a_run_solves_is_kept(me: Actor) -> None:
    newcomer, offer = add_newcomer(me.town_id), add_offer(me.town_id)
    run_matching(me)
    proposal = open_proposal(newcomer, offer)

    def confirm() -> None:
        with write_transaction():
            confirm_proposal(me, proposal)

    executing.execute_run(queued(me), during("collect", confirm))
    assert db.session.get_one(Proposal, proposal).state == "confirmed"
    assert counters(offer) == (1, 1, 1)
    assert open_pairs(me) == set()


def test_somebody_erased_while_a_run_solves_is_not_proposed(me: Actor) -> None:
    newcomer, stays = add_newcomer(me.town_id, "n"), add_newcomer(me.town_id, "stays")
    offer = add_offer(me.town_id)

    def erase() -> None:
        with write_transaction():
            erase_newcomer(me, newcomer)

    executing.execute_run(queued(me), during("store", erase))
    assert open_pairs(me) == {(stays, offer)}


def test_a_place_that_was_filled_while_a_run_solves_is_not_on_the_board(me: Actor) -> None:
    add_newcomer(me.town_id, "n")
    other = add_newcomer(me.town_id, "other", wants={"association": 1}, status="ready", need_level=1)
    offer = add_offer(me.town_id, capacity=1)

    def fill() -> None:
        with write_transaction():
            place_by_hand(me, other, offer)

    executing.execute_run(queued(me), during("collect", fill))
    assert counters(offer) == (1, 1, 1)
    assert open_pairs(me) == set()


def test_a_run_that_was_given_up_meanwhile_cannot_switch_over(me: Actor) -> None:
    add_newcomer(me.town_id)
    add_offer(me.town_id)
    run_id = queued(me)
    with pytest.raises(Conflict):
        executing.execute_run(run_id, during("store", lambda: change(Run, run_id, state="failed")))
    assert open_pairs(me) == set()


def test_a_run_reads_only_its_own_town(me: Actor, actor: Callable[..., Actor]) -> None:
    other = actor(town="enschede")
    newcomer = add_newcomer(me.town_id)
    add_offer(other.town_id, lat=51.961, lon=7.631)
    run_matching(me)
    assert open_pairs(me) == set()
    offer = add_offer(me.town_id)
    run_matching(me)
    run_matching(other)
    assert open_pairs(me) == {(newcomer, offer)}
    assert open_pairs(other) == set()


def test_only_the_newest_run_keeps_open_wishes(me: Actor) -> None:
    add_newcomer(me.town_id)
    run_matching(me)
    run_matching(me)
    assert db.session.scalar(db.select(db.func.count()).select_from(OpenWish)) == 1


def test_open_wishes_come_by_need_and_those_not_judged_last(me: Actor) -> None:
    ids = [add_newcomer(me.town_id, f"n{level}", need_level=level) for level in (None, 1, 4)]
    run_matching(me)
    wishes = db.session.scalars(runs.query_wishes(me)).all()
    assert [wish.newcomer_id for wish in wishes] == ids[::-1]


def test_more_proposals_than_fit_in_one_chunk_become_visible_together(
    me: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storing, "ROWS_AT_ONCE", 3)
    for i in range(10):
        add_newcomer(me.town_id, f"n{i}")
    add_offer(me.town_id, capacity=10)
    run_matching(me)
    assert len(open_pairs(me)) == 10
    assert db.session.scalar(db.select(db.func.count()).select_from(RunChange)) == 10


def test_paused_people_lose_their_proposals_with_the_reason(me: Actor) -> None:
    newcomer = add_newcomer(me.town_id)
    add_offer(me.town_id)
    run_matching(me)
    change(Newcomer, newcomer, status="paused")
    (found,) = run_matching(me).changes
    assert (found.action, found.reason) == ("dropped", "status")


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
    assert len(db.session.scalars(query_board(me)).all()) == 2
