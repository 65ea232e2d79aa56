"""What somebody is offered at once when their proposal went away: the best that moves nobody else."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping

from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from webapp.audit.services import name_actions, name_details, name_rows, write_entry
from webapp.engine import policies, records
from webapp.engine.questions import Explanation
from webapp.exceptions import Conflict
from webapp.newcomers.models import Newcomer
from webapp.offers.models import Offer
from webapp.placements.conflicts import conflict
from webapp.placements.models import GroupCount
from webapp.placements.options import examine_newcomer
from webapp.placements.services import ids_of_pair
from webapp.proposals.models import Proposal
from webapp.proposals.settling import find_settled
from webapp.runs.models import Run
from webapp.runs.services import limits_of
from webapp.storage.access import Actor, scoped, system_actor
from webapp.storage.database import db, write_transaction
from webapp.towns.services import policy_of

REPLACED = ("full", "mixing_limit", "time_clash", "offer_closed", "offer_paused")
"""Proposals that went away for these reasons leave a wish behind."""

name_actions({"proposal.added": _l("Proposed in place of another")})
name_details({"instead_of": _l("Instead of")})
name_rows({"instead_of": Offer})


def replace(town_id: uuid.UUID, withdrawn: Iterable[uuid.UUID]) -> list[uuid.UUID]:
    """Propose something else to those whose proposals went away, the most urgent first.

    Opens its own write transactions; what is looked for takes a moment and holds nobody up.

    Returns
    -------
    list of UUID
        The proposals that were added.
    """
    actor = system_actor(town_id)
    gone = scoped(Proposal, actor).where(
        Proposal.id.in_(list(withdrawn)), Proposal.state == "superseded", Proposal.reason.in_(REPLACED)
    )
    ids = db.session.scalars(gone.with_only_columns(Proposal.id).order_by(Proposal.urgency.desc())).all()
    added = [_replace_one(actor, id_) for id_ in ids]
    return [id_ for id_ in added if id_ is not None]


def _replace_one(actor: Actor, proposal_id: uuid.UUID) -> uuid.UUID | None:
    old = db.session.get_one(Proposal, proposal_id)
    newcomer = db.session.get_one(Newcomer, old.newcomer_id)
    own = db.session.scalars(
        select(Proposal.offer_id).where(Proposal.newcomer_id == newcomer.id, Proposal.state == "open")
    ).all()
    # What is proposed counts as placed: the rules then say whether one more of the kind is wanted, and when.
    found = examine_newcomer(actor, newcomer, kind=old.kind, open_only=True, held=own)
    group = records.language_group(newcomer)
    for option in (one for one in found if one.is_possible):
        offer_id = records.to_uuid(option.offer_id)
        if _is_free_beside_proposals(offer_id, group):
            return _add(actor, proposal_id, option, offer_id, group)
    return None


def _is_free_beside_proposals(offer_id: uuid.UUID, group: str) -> bool:
    """Whether an offer has a place left when everybody who is proposed for it comes."""
    offer = db.session.get_one(Offer, offer_id)
    proposed = select(Newcomer).join(Proposal, Proposal.newcomer_id == Newcomer.id)
    people = db.session.scalars(proposed.where(Proposal.offer_id == offer_id, Proposal.state == "open")).all()
    if offer.free <= len(people):
        return False
    limit = records.group_limit(offer.capacity, offer.language_share_max)
    if offer.kind != "association" or limit is None or not group:
        return True
    n_placed = db.session.scalar(
        select(func.coalesce(func.sum(GroupCount.placed), 0)).where(
            GroupCount.offer_id == offer_id, GroupCount.language == group
        )
    )
    same = sum(records.language_group(person) == group for person in people)
    return (n_placed or 0) + same < limit


def _add(
    actor: Actor, proposal_id: uuid.UUID, option: Explanation, offer_id: uuid.UUID, group: str
) -> uuid.UUID | None:
    """Store what was found, if nothing has changed about it meanwhile."""
    try:
        with write_transaction():
            # Held, so that of two who look for the same one adds what it found.
            old = db.session.get_one(Proposal, proposal_id, with_for_update=True, populate_existing=True)
            parts = _as_in_the_run(actor, option.parts, db.session.get_one(Run, old.run_id))
            if not _is_free_beside_proposals(offer_id, group):
                raise conflict("full")
            if old.state != "superseded" or _is_replaced(old):
                return None
            new = Proposal(
                town_id=old.town_id,
                run_id=old.run_id,
                newcomer_id=old.newcomer_id,
                offer_id=offer_id,
                kind=old.kind,
                score=sum(parts.values()),
                parts=parts,
                urgency=old.urgency,
                distance_km=option.distance_km,
                travel_minutes=option.travel_minutes,
                state="open",
                added_for=old.id,
            )
            db.session.add(new)
            db.session.flush()
            if find_settled(new.town_id, proposal_id=new.id):
                raise conflict("changed")
            write_entry(actor, "proposal.added", new, **ids_of_pair(new), instead_of=str(old.offer_id))
            return new.id
    except (IntegrityError, Conflict):
        return None


def _as_in_the_run(actor: Actor, parts: Mapping[str, float], run: Run) -> dict[str, float]:
    """What each criterion adds by the shares of a run, where the town's policy has changed since."""
    now, then = policies.part_limits(policy_of(actor)), limits_of(run)
    return {name: parts.get(name, 0.0) / now[name] * then.get(name, 0.0) for name in now if now[name] > 0}


def _is_replaced(old: Proposal) -> bool:
    """Whether something was added since the proposal went away, whatever became of that."""
    added = select(Proposal.id).where(Proposal.added_for == old.id, Proposal.created_at >= old.decided_at)
    return db.session.scalar(added.limit(1)) is not None
