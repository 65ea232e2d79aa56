"""What the worker runs for this room: solving a queued run, giving up those that died."""

from __future__ import annotations

import uuid

from webapp.exceptions import Conflict
from webapp.runs.executing import execute_run, give_up, give_up_dead_runs
from webapp.storage.database import write_transaction
from webapp.worker import crontab, periodic, task


def _give_up(run_id: str) -> None:
    give_up(uuid.UUID(run_id), "interrupted")


@task("webapp.matching.tasks.solve_run", if_it_dies=_give_up)
def solve_run(run_id: str) -> None:
    """Solve a queued run; its row tells how far it is and how it ended."""
    try:
        execute_run(uuid.UUID(run_id))
    except Conflict as error:
        if error.reason != "changed":  # begun twice: the first is at it
            raise


@periodic("webapp.runs.tasks.give_up_dead", crontab(minute="*"))
def give_up_dead() -> None:
    """Fail runs that died, so that their towns can start another and read why; begin those forgotten."""
    with write_transaction():
        forgotten = give_up_dead_runs()
    for run_id in forgotten:
        solve_run(str(run_id))
