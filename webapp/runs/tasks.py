"""What the worker runs for this room: solving a queued run."""

from __future__ import annotations

import uuid

from webapp.runs.services import execute_run
from webapp.worker import task


@task("webapp.matching.tasks.solve_run")
def solve_run(run_id: str) -> None:
    """Solve a queued run; its row tells how far it is and how it ended."""
    execute_run(uuid.UUID(run_id))
