"""Storing what a run found: in chunks nobody sees, then visible in one short transaction."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import delete

from webapp.audit.services import write_entry
from webapp.engine import plans, policies, records
from webapp.engine.plans import Plan, ProposalChange, Unmatched
from webapp.placements.conflicts import conflict
from webapp.proposals.models import Proposal
from webapp.proposals.staging import insert_of_those_there, open_pairs, pair_of, switch_over
from webapp.runs.models import CHANGE_ACTIONS, OpenWish, Run, RunChange
from webapp.runs.solving import RunResult
from webapp.storage.access import system_actor
from webapp.storage.database import db, utc_now, write_transaction

ROWS_AT_ONCE = 500


def store(run_id: uuid.UUID, result: RunResult) -> None:
    """Stage new proposals in chunks nobody sees, then switch over in one short transaction."""
    town_id = db.session.get_one(Run, run_id).town_id
    known = open_pairs(town_id)
    proposals = [_proposal_row(run_id, town_id, result.plan, found) for found in result.plan.proposals]
    new = [row for row in proposals if pair_of(row) not in known]
    wishes = [_wish_row(run_id, town_id, wish) for wish in result.plan.unmatched]
    changes = [_change_row(run_id, change) for change in result.changes]
    for model, rows in ((Proposal, new), (OpenWish, wishes), (RunChange, changes)):
        for chunk in _chunks(rows):
            with write_transaction():
                insert_of_those_there(model, chunk)
    with write_transaction():
        _switch_over(run_id, town_id, proposals, result)


def _switch_over(
    run_id: uuid.UUID, town_id: uuid.UUID, proposals: Sequence[dict[str, Any]], result: RunResult
) -> None:
    """From one moment to the next the new proposals are the open ones, and the run is the newest."""
    run = db.session.get_one(Run, run_id)
    if run.state != "running":
        raise conflict("changed")
    switch_over(run_id, town_id, proposals, run.created_at)
    db.session.execute(delete(OpenWish).where(OpenWish.town_id == town_id, OpenWish.run_id != run_id))
    run.state, run.finished_at, run.stage = "done", utc_now(), ""
    run.policy, run.policy_version = result.plan.policy.to_dict(), result.plan.policy.version
    run.figures = plans.summary(result.plan) | _change_counts(result.changes)
    run.figures["shares"] = policies.part_limits(result.plan.policy)
    write_entry(system_actor(town_id), "run.done", run, proposals=len(result.plan.proposals))


def _chunks(rows: Sequence[dict[str, Any]]) -> Iterator[Sequence[dict[str, Any]]]:
    return (rows[start : start + ROWS_AT_ONCE] for start in range(0, len(rows), ROWS_AT_ONCE))


def _proposal_row(
    run_id: uuid.UUID, town_id: uuid.UUID, plan: Plan, proposal: plans.Proposal
) -> dict[str, Any]:
    return {
        "id": uuid.uuid4(),
        "town_id": town_id,
        "run_id": run_id,
        "newcomer_id": records.to_uuid(proposal.newcomer_id),
        "offer_id": records.to_uuid(proposal.offer_id),
        "kind": proposal.kind,
        "score": proposal.score,
        "parts": dict(proposal.parts),
        "urgency": plan.urgency[proposal.newcomer_id],
        "distance_km": proposal.distance_km,
        "travel_minutes": proposal.travel_minutes,
        "state": "staged",
        "added_for": None,
    }


def _wish_row(run_id: uuid.UUID, town_id: uuid.UUID, wish: Unmatched) -> dict[str, Any]:
    return {
        "town_id": town_id,
        "run_id": run_id,
        "newcomer_id": records.to_uuid(wish.newcomer_id),
        "kind": wish.kind,
        "wanted": wish.wanted,
        "proposed": wish.proposed,
        "reason": wish.reason,
    }


def _change_row(run_id: uuid.UUID, change: ProposalChange) -> dict[str, Any]:
    return {
        "run_id": run_id,
        "newcomer_id": records.to_uuid(change.newcomer_id),
        "kind": change.kind,
        "action": change.action,
        "before_id": records.to_uuid(change.before) if change.before else None,
        "after_id": records.to_uuid(change.after) if change.after else None,
        "reason": change.reason,
    }


def _change_counts(changes: Sequence[ProposalChange]) -> dict[str, int]:
    return {action: sum(change.action == action for change in changes) for action in CHANGE_ACTIONS}
