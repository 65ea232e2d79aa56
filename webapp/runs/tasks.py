"""What the worker runs for this room: solving runs, giving up the dead, replacing what went away."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from blinker import Namespace

from webapp.exceptions import Conflict
from webapp.proposals.models import Proposal
from webapp.proposals.settling import proposals_withdrawn
from webapp.runs.executing import execute_run, give_up, give_up_dead_runs, put_back
from webapp.runs.models import Run
from webapp.runs.replacing import REPLACED, replace
from webapp.runs.services import forget_changes, forget_withdrawn
from webapp.storage.access import Actor
from webapp.storage.database import after_commit, db, write_transaction
from webapp.worker import crontab, periodic, task

run_solved = Namespace().signal("run-solved")
"""Sent by the worker with a run that is done: what is to be worked out after it is put to work."""


def _give_up(run_id: str) -> None:
    give_up(uuid.UUID(run_id), "interrupted")


def _put_back(run_id: str) -> None:
    put_back(uuid.UUID(run_id))


@task("webapp.matching.tasks.solve_run", if_it_dies=_give_up, if_it_stops=_put_back)
def solve_run(run_id: str) -> None:
    """Solve a queued run; its row tells how far it is and how it ended."""
    try:
        execute_run(uuid.UUID(run_id))
    except Conflict as error:
        if error.reason != "changed":  # begun twice: the first is at it
            raise
        return
    run_solved.send(db.session.get_one(Run, uuid.UUID(run_id)))


@periodic("webapp.runs.tasks.give_up_dead", crontab(minute="*"))
def give_up_dead() -> None:
    """Fail runs that died, so that their towns can start another and read why; begin those forgotten."""
    with write_transaction():
        forgotten = give_up_dead_runs()
    for run_id in forgotten:
        solve_run(str(run_id))


@periodic("webapp.runs.tasks.clean_up_runs", crontab(hour="2", minute="30"))
def clean_up_runs() -> None:
    """Delete what old runs changed, and the proposals that a later run or a decision overtook."""
    forget_changes()
    forget_withdrawn()


@task("webapp.runs.tasks.replace_withdrawn")
def replace_withdrawn(town_id: str, withdrawn: list[str]) -> None:
    """Propose something else to those whose proposals went away."""
    replace(uuid.UUID(town_id), [uuid.UUID(id_) for id_ in withdrawn])


@proposals_withdrawn.connect
def _look_for_something_else(_actor: Actor, *, proposals: Sequence[Proposal], **_context: Any) -> None:
    """Once it is stored that proposals went away, look for something else."""
    left_with_a_wish = [proposal for proposal in proposals if proposal.reason in REPLACED]
    if left_with_a_wish:
        town_id, ids = str(left_with_a_wish[0].town_id), [str(proposal.id) for proposal in left_with_a_wish]
        after_commit(lambda: replace_withdrawn(town_id, ids))
