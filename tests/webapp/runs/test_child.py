"""A run is a process of its own: pages do not wait for it, it ends with the worker, its death is noticed."""

from __future__ import annotations

import json
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from tests.rows import add_newcomer, add_offer
from webapp.answers.tasks import answer
from webapp.application import create_app
from webapp.proposals.models import Proposal
from webapp.runs.models import Run
from webapp.runs.services import start_run
from webapp.runs.tasks import solve_run
from webapp.storage.access import system_actor
from webapp.storage.database import db, write_transaction
from webapp.storage.upgrade import upgrade_database
from webapp.towns.services import get_town, seed_towns
from webapp.worker import CHILDREN, Worker, run_declared


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Flask]:
    """An application as it is installed: its settings stand in the environment, its queue on file."""
    monkeypatch.setenv("KOPPEL_HOME", str(tmp_path))
    app = create_app()
    upgrade_database(app)
    with app.app_context():
        with write_transaction():
            seed_towns()
        yield app
        db.engine.dispose()


@pytest.fixture
def run_id(installed: Flask) -> uuid.UUID:
    """A run that is queued, for one newcomer and one offer."""
    town_id = get_town("muenster").id
    add_newcomer(town_id)
    add_offer(town_id)
    with write_transaction():
        run_id = start_run(system_actor(town_id)).id
    solve_run(str(run_id))
    return run_id


def work(app: Flask) -> None:
    """Do what the queue holds."""
    worker: Worker = app.extensions["koppel_worker"]
    worker.queue.execute(worker.queue.dequeue())
    db.session.rollback()


def test_a_queued_run_is_solved_by_a_process_of_its_own(
    installed: Flask, run_id: uuid.UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("webapp.runs.tasks.execute_run", None)  # nothing is run in this one
    work(installed)
    assert db.session.get_one(Run, run_id).state == "done"
    assert db.session.scalars(db.select(Proposal.state)).all() == ["open"]


def test_a_run_whose_process_dies_has_failed_at_once(
    installed: Flask, run_id: uuid.UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    work(installed)
    found = db.session.get_one(Run, run_id)
    assert (found.state, found.error) == ("failed", "interrupted")


def test_the_process_ends_with_the_worker_that_began_it(installed: Flask, run_id: uuid.UUID) -> None:
    begin = "from webapp.cli import main; main()"
    command = [sys.executable, "-c", begin, "task", "webapp.matching.tasks.solve_run"]
    arguments = json.dumps([[str(run_id)], {}])
    ended = subprocess.run([*command, arguments], stdin=subprocess.DEVNULL, check=False)
    assert ended.returncode == 1
    db.session.rollback()
    assert db.session.get_one(Run, run_id).state == "queued"


def test_a_run_that_must_wait_for_others_leaves_the_thread_to_other_tasks(
    installed: Flask, run_id: uuid.UUID
) -> None:
    worker: Worker = installed.extensions["koppel_worker"]
    for _ in range(CHILDREN):
        worker._children.acquire()
    work(installed)
    assert worker.queue.scheduled_count() == 1
    assert db.session.get_one(Run, run_id).state == "queued"


def test_answers_leave_room_for_a_run(
    installed: Flask, run_id: uuid.UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker: Worker = installed.extensions["koppel_worker"]
    queued_run = worker.queue.dequeue()
    monkeypatch.setattr(sys, "executable", "/bin/true")
    answer("one")
    worker._of_task[answer.name].acquire()  # as an answer under way does
    work(installed)
    assert worker.queue.scheduled_count() == 1
    worker.queue.execute(queued_run)
    assert worker.queue.scheduled_count() == 1  # the run has found room


def test_a_task_that_there_is_not_is_said(installed: Flask) -> None:
    with pytest.raises(LookupError, match=r"no task named 'nonsense'; there are .*solve_run"):
        run_declared("nonsense", [], {})
