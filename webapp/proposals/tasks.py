"""What the worker runs for this room: finding something else for those whose proposals went away."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from webapp.proposals.models import Proposal
from webapp.proposals.replacing import REPLACED, replace
from webapp.proposals.settling import proposals_withdrawn
from webapp.storage.access import Actor
from webapp.storage.database import after_commit
from webapp.worker import task


@task("webapp.proposals.tasks.replace_withdrawn")
def replace_withdrawn(town_id: str, withdrawn: list[str]) -> None:
    """Propose something else to those whose proposals went away."""
    replace(uuid.UUID(town_id), [uuid.UUID(id_) for id_ in withdrawn])


@proposals_withdrawn.connect
def _begin(_actor: Actor, *, proposals: Sequence[Proposal], **_context: Any) -> None:
    """Once it is stored that proposals went away, look for something else."""
    left_with_a_wish = [proposal for proposal in proposals if proposal.reason in REPLACED]
    if left_with_a_wish:
        town_id, ids = str(left_with_a_wish[0].town_id), [str(proposal.id) for proposal in left_with_a_wish]
        after_commit(lambda: replace_withdrawn(town_id, ids))
