"""A run from queued to done or failed, with signs of life; what becomes of those that give none."""

from __future__ import annotations

import uuid
from typing import Any

import structlog
from sqlalchemy import exists, select, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import aliased

from webapp.placements.conflicts import conflict
from webapp.runs.models import Run
from webapp.runs.services import fail_run, requeue_run
from webapp.runs.solving import Progress, RunResult, solve
from webapp.runs.storing import store
from webapp.storage.access import system_actor
from webapp.storage.beating import DEAD_AFTER, beating
from webapp.storage.database import db, utc_now, write_transaction

log = structlog.get_logger()


def execute_run(run_id: uuid.UUID, progress: Progress | None = None) -> RunResult:
    """Solve a queued run and make its proposals visible; whatever fails marks the run as failed.

    Opens its own short write transactions: the plan is made outside of them. A thread gives signs of life.

    Raises
    ------
    Conflict
        ``changed`` when the run is not queued any more.
    """
    with write_transaction():
        run = db.session.get_one(Run, run_id)
        if run.state != "queued":
            raise conflict("changed")
        run.state, run.beat_at = "running", utc_now()
        town_id, today = run.town_id, run.today

    def tell(stage: str) -> None:
        with write_transaction():
            _beat(run_id, stage=stage)
        if progress is not None:
            progress(stage)

    try:
        with beating(lambda: _beat(run_id)):
            result = solve(system_actor(town_id), today, tell)
            tell("store")
            store(run_id, result)
    except BaseException as error:
        give_up(run_id, str(error) or type(error).__name__)
        raise
    return result


def give_up(run_id: uuid.UUID, error: str) -> None:
    """Mark a run that is under way as failed; where even that cannot be written, the timer does it later."""
    try:
        with write_transaction():
            run = db.session.get(Run, run_id)
            if run is not None and run.is_under_way:
                fail_run(run, error)
    except DBAPIError:
        log.exception("run_not_given_up", run=str(run_id), error=error)


def put_back(run_id: uuid.UUID) -> None:
    """Let a run wait as if it had not been begun: whoever was at it stops, and it is to be queued again."""
    with write_transaction():
        run = db.session.get(Run, run_id)
        if run is not None and run.state == "running":
            requeue_run(run)


def give_up_dead_runs() -> list[uuid.UUID]:
    """Fail the runs of all towns that have shown no life for a minute.

    Returns
    -------
    list of UUID
        Runs that wait although nothing runs: whoever had to begin them died. They are to be queued again,
        which does no harm where they are queued still.
    """
    long_ago = utc_now() - DEAD_AFTER
    dead = select(Run).where(Run.state == "running", Run.beat_at < long_ago)
    locked = dead.order_by(Run.id).with_for_update(skip_locked=True).execution_options(populate_existing=True)
    for run in db.session.scalars(locked).all():
        fail_run(run, "interrupted")
    db.session.flush()
    running = aliased(Run)
    forgotten = select(Run.id).where(
        Run.state == "queued", Run.beat_at < long_ago, ~exists().where(running.state == "running")
    )
    return list(db.session.scalars(forgotten.order_by(Run.created_at)))


def _beat(run_id: uuid.UUID, **values: Any) -> None:
    db.session.execute(update(Run).where(Run.id == run_id).values(beat_at=utc_now(), **values))
