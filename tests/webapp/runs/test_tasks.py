"""What the worker runs for matching runs, whichever release queued it."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask
from huey import Huey
from huey.storage import SqliteStorage

from tests.rows import add_newcomer, add_offer, open_proposal, place, run_matching
from tests.web import make_app
from webapp.proposals.models import Proposal
from webapp.runs.models import Run
from webapp.runs.replacing import replace
from webapp.runs.services import start_run
from webapp.runs.tasks import replace_withdrawn, solve_run
from webapp.storage.access import Actor, system_actor
from webapp.storage.database import db, write_transaction
from webapp.towns.services import get_town, seed_towns
from webapp.worker import Worker


def queued(actor: Actor) -> uuid.UUID:
    with write_transaction():
        return start_run(actor).id


def test_the_worker_solves_a_queued_run(me: Actor) -> None:
    newcomer, offer = add_newcomer(me.town_id), add_offer(me.town_id)
    solve_run(str(queued(me)))
    db.session.rollback()
    assert open_proposal(newcomer, offer)


# What is done once, however often it is run ---------------------------------------------------------


@pytest.fixture
def lost(me: Actor) -> Callable[[], tuple[uuid.UUID, int]]:
    """Takes somebody's proposal away: its id, and how many were added in its place so far."""
    loser = add_newcomer(me.town_id, "loser", need_level=4, wants={"association": 1})
    winner = add_newcomer(me.town_id, "winner", need_level=1, wants={"association": 1})
    club = add_offer(me.town_id, "club", capacity=1)
    run_matching(me)
    old = open_proposal(loser, club)
    for number in range(2):
        add_offer(me.town_id, f"other {number}", capacity=1, lat=51.98)
    place(me, winner, club)
    db.session.rollback()
    return lambda: (
        old,
        db.session.scalar(db.select(db.func.count(Proposal.id)).where(Proposal.added_for == old)) or 0,
    )


@pytest.mark.parametrize("state", ["open", "rejected", "superseded"])
def test_what_went_away_is_replaced_once_whatever_became_of_the_replacement(
    me: Actor, lost: Callable[[], tuple[uuid.UUID, int]], state: str
) -> None:
    old, n_added = lost()
    assert n_added == 1
    with write_transaction() as session:
        session.execute(db.update(Proposal).where(Proposal.added_for == old).values(state=state))
    replace_withdrawn(str(me.town_id), [str(old)])
    db.session.rollback()
    assert lost() == (old, 1)


def test_two_who_look_for_the_same_at_once_add_one(
    app: Flask, me: Actor, lost: Callable[[], tuple[uuid.UUID, int]]
) -> None:
    old, _ = lost()
    with write_transaction() as session:
        session.execute(db.delete(Proposal).where(Proposal.added_for == old))
    town_id, together = me.town_id, threading.Barrier(2)
    assert town_id is not None

    def look() -> None:
        with app.app_context():
            together.wait()
            replace(town_id, [old])

    looking = [threading.Thread(target=look) for _ in range(2)]
    for thread in looking:
        thread.start()
    for thread in looking:
        thread.join()
    assert lost() == (old, 1)


# What release 0.1.0 left in its queue -----------------------------------------------------------------


@pytest.fixture
def upgraded(tmp_path: Path) -> Iterator[Flask]:
    """An application with a queue on file, that nobody works on yet."""
    app = make_app(f"sqlite:///{tmp_path / 'koppel.sqlite'}", tmp_path, WORKER_IMMEDIATE=False)
    with app.app_context():
        db.create_all()
        with write_transaction():
            seed_towns()
        yield app
        db.engine.dispose()


def queue_as_release_0_1_0(home: Path) -> Callable[[str], object]:
    """The task as that release declared it: named after the module its function stood in."""
    queue = Huey("koppel", storage_class=SqliteStorage, filename=str(home / "queue.sqlite"), fsync=True)

    def solve_run(run_id: str) -> None:
        raise AssertionError("the old code is not here any more")

    solve_run.__module__ = "webapp.matching.tasks"
    queued: Callable[[str], object] = queue.task()(solve_run)
    return queued


def test_a_run_that_release_0_1_0_queued_is_solved(upgraded: Flask) -> None:
    run_id = queued(system_actor(get_town("muenster").id))
    queue_as_release_0_1_0(upgraded.config["KOPPEL_HOME"])(str(run_id))
    worker: Worker = upgraded.extensions["koppel_worker"]
    worker.queue.execute(worker.queue.dequeue())
    db.session.rollback()
    assert db.session.get_one(Run, run_id).state == "done"
