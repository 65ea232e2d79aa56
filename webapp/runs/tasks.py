"""What the worker runs for this room: solving a queued run, giving up those that died."""

from __future__ import annotations

import uuid

from webapp.runs.services import execute_run, give_up_dead_runs
from webapp.storage.database import write_transaction
from webapp.worker import crontab, periodic, task


@task("webapp.matching.tasks.solve_run")
def solve_run(run_id: str) -> None:
    """Solve a queued run; its row tells how far it is and how it ended."""
    execute_run(uuid.UUID(run_id))


@periodic("webapp.runs.tasks.give_up_dead", crontab(minute="*/5"))
def give_up_dead() -> None:
    """Fail runs that died; their towns can start another, and read why."""
    with write_transaction():
        give_up_dead_runs()
