"""What the worker runs for this room: solving a queued run."""

from __future__ import annotations

import uuid

from webapp.matching import runs
from webapp.worker import task


@task()
def solve_run(run_id: str) -> None:
    """Solve a queued run; its row tells how far it is and how it ended."""
    runs.execute_run(uuid.UUID(run_id))
