"""What runs suggest: what is open, confirming and rejecting; what placements and changes make of it."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import Select, and_, or_, select, update

from webapp.audit.services import describe_codes, describe_details, name_actions, name_details, write_entry
from webapp.engine.vocabulary import KINDS
from webapp.exceptions import InvalidInput
from webapp.newcomers.models import Newcomer
from webapp.newcomers.services import newcomer_changed
from webapp.offers.models import Offer
from webapp.offers.services import offer_changed
from webapp.placements.conflicts import conflict
from webapp.placements.labels import END_REASON_NAMES
from webapp.placements.models import Ban, Placement
from webapp.placements.places import Origin, couple, placement_choosing, placement_made
from webapp.placements.services import ban_pair, ids_of_pair, with_sides
from webapp.proposals.labels import REJECT_REASON_NAMES
from webapp.proposals.models import Proposal
from webapp.storage.access import Actor, get_scoped, scoped
from webapp.storage.database import db, guarded_update, utc_now
from webapp.towns.services import today_of

name_actions({"proposal.confirmed": _l("Proposal confirmed"), "proposal.rejected": _l("Proposal rejected")})
name_details({"reason": _l("Why"), "points": _l("Points"), "ban_until": _l("Banned until")})
describe_details({"reason": describe_codes({**REJECT_REASON_NAMES, **END_REASON_NAMES})})


@dataclass(frozen=True)
class PairEvent:
    """Something that happened to a pair; `what` is a key of labels.EVENT_NAMES."""

    at: datetime
    what: str
    who: str = ""
    reason: str = ""
    note: str = ""


# Reading ---------------------------------------------------------------------------------------------


def query_proposals(actor: Actor, *, state: str = "") -> Select[Proposal]:
    """The proposals of the actor's town that are, or were, visible."""
    proposals = scoped(Proposal, actor).where(Proposal.state != "staged")
    if state:
        proposals = proposals.where(Proposal.state == state)
    return proposals.order_by(Proposal.urgency.desc(), Proposal.score.desc(), Proposal.id)


def get_proposal(actor: Actor, proposal_id: uuid.UUID) -> Proposal:
    """A proposal with its newcomer and offer; raises NotFound."""
    get_scoped(Proposal, actor, proposal_id)
    return db.session.scalars(with_sides(select(Proposal), Proposal).where(Proposal.id == proposal_id)).one()


def query_open_of(actor: Actor, newcomer_id: uuid.UUID) -> Sequence[Proposal]:
    """A newcomer's open proposals, the best first."""
    proposals = with_sides(scoped(Proposal, actor), Proposal).where(
        Proposal.newcomer_id == newcomer_id, Proposal.state == "open"
    )
    return db.session.scalars(proposals.order_by(Proposal.score.desc(), Proposal.id)).all()


def query_waiting(actor: Actor) -> Select[Any]:
    """The ids of those who are ready and want something, and have neither a proposal nor a placement."""
    wants = Newcomer.wants_association + Newcomer.wants_mentor + Newcomer.wants_neighbour
    placed = Newcomer.placed_association + Newcomer.placed_mentor + Newcomer.placed_neighbour
    proposed = select(Proposal.id).where(Proposal.newcomer_id == Newcomer.id, Proposal.state == "open")
    return (
        scoped(Newcomer, actor)
        .where(Newcomer.status == "ready", wants > 0, placed == 0, ~proposed.exists())
        .with_only_columns(Newcomer.id)
    )


def pair_history(actor: Actor, newcomer_id: uuid.UUID, offer_id: uuid.UUID) -> list[PairEvent]:
    """What happened to a pair so far, newest first."""

    def of_pair(model: Any) -> Sequence[Any]:
        return db.session.scalars(
            scoped(model, actor).where(model.newcomer_id == newcomer_id, model.offer_id == offer_id)
        ).all()

    events: list[PairEvent] = []
    for proposal in of_pair(Proposal):
        if proposal.state != "staged":
            events.append(PairEvent(proposal.created_at, "proposed"))
        if proposal.state in ("rejected", "superseded") and proposal.decided_at:
            events.append(
                PairEvent(proposal.decided_at, proposal.state, proposal.decided_by, proposal.reason)
            )
    for placement in of_pair(Placement):
        events.append(PairEvent(placement.created_at, "placed", placement.confirmed_by, note=placement.note))
        if placement.ended_at is not None:
            events.append(
                PairEvent(placement.ended_at, placement.state, placement.ended_by, placement.end_reason)
            )
    for ban in of_pair(Ban):
        if ban.lifted_at is not None:
            events.append(PairEvent(ban.lifted_at, "lifted"))
    return sorted(events, key=lambda event: event.at, reverse=True)


# Deciding --------------------------------------------------------------------------------------------


def confirm_proposal(actor: Actor, proposal_id: uuid.UUID, *, note: str = "") -> Placement:
    """Turn an open proposal into a placement.

    Raises
    ------
    NotFound
    Conflict
        With the reason why the two cannot be coupled now; nothing is changed then.
    """
    proposal = get_scoped(Proposal, actor, proposal_id)
    if proposal.state == "confirmed":
        raise conflict("already_placed")
    origin = Origin(proposal.id, proposal.run_id)
    placement = couple(actor, proposal.newcomer_id, proposal.offer_id, note=note, origin=origin)
    points = round(100 * proposal.score)
    write_entry(actor, "proposal.confirmed", placement, **ids_of_pair(placement), points=points)
    return placement


def reject_proposal(
    actor: Actor, proposal_id: uuid.UUID, *, reason: str, ban_until: date | None = None
) -> Proposal:
    """Reject an open proposal and ban its pair until a day, or until the ban is lifted.

    Raises
    ------
    NotFound, Conflict
    InvalidInput
        For a day in the past.
    """
    proposal = get_scoped(Proposal, actor, proposal_id)
    if ban_until is not None and ban_until < today_of(actor):
        raise InvalidInput({"ban_until": [_("Please give a day to come.")]})
    if not _decide(actor, proposal.id, "rejected", reason=reason):
        raise conflict("changed")
    ban_pair(actor, proposal, reason, ban_until)
    until = ban_until.isoformat() if ban_until else None
    write_entry(actor, "proposal.rejected", proposal, **ids_of_pair(proposal), reason=reason, ban_until=until)
    db.session.flush()
    return proposal


def _decide(actor: Actor, proposal_id: uuid.UUID, state: str, *, reason: str = "") -> bool:
    return guarded_update(
        Proposal,
        proposal_id,
        Proposal.state == "open",
        state=state,
        decided_at=utc_now(),
        decided_by=actor.label,
        reason=reason,
    )


# What others decide ----------------------------------------------------------------------------------


def supersede_settled(town_id: uuid.UUID, placement_id: uuid.UUID | None = None) -> None:
    """Close the open proposals of a town that cannot be confirmed any more; remember which placement did it.

    The wish is met, the offer is full, or one side is closed or withdrew their consent.
    """
    in_all = Newcomer.placed_association + Newcomer.placed_mentor + Newcomer.placed_neighbour
    at_most = select(Newcomer.id).where(Newcomer.town_id == town_id, in_all >= Newcomer.max_placements)
    full = select(Offer.id).where(Offer.town_id == town_id, Offer.taken >= Offer.capacity)
    gone = select(Newcomer.id).where(
        Newcomer.town_id == town_id, or_(Newcomer.status == "closed", Newcomer.consent.is_(False))
    )
    closed = select(Offer.id).where(Offer.town_id == town_id, Offer.status == "closed")
    settled: list[Any] = [
        Proposal.newcomer_id.in_(at_most),
        Proposal.newcomer_id.in_(gone),
        Proposal.offer_id.in_(full),
        Proposal.offer_id.in_(closed),
    ]
    for kind in KINDS:
        placed, wants = getattr(Newcomer, f"placed_{kind}"), getattr(Newcomer, f"wants_{kind}")
        served = select(Newcomer.id).where(Newcomer.town_id == town_id, placed >= wants)
        settled.append(and_(Proposal.kind == kind, Proposal.newcomer_id.in_(served)))
    db.session.execute(
        update(Proposal)
        .where(Proposal.town_id == town_id, Proposal.state == "open", or_(*settled))
        .values(state="superseded", superseded_by=placement_id, version=Proposal.version + 1)
        .execution_options(synchronize_session=False)
    )


def reopen(placement: Placement, newest_run_id: uuid.UUID | None) -> None:
    """Open again what an undone placement decided or pushed aside, unless a newer run has been there."""
    was_it = or_(
        and_(Proposal.id == placement.proposal_id, Proposal.state == "confirmed"),
        and_(Proposal.superseded_by == placement.id, Proposal.state == "superseded"),
    )
    db.session.execute(
        update(Proposal)
        .where(was_it, Proposal.run_id == newest_run_id)
        .values(state="open", decided_at=None, decided_by="", version=Proposal.version + 1)
        .execution_options(synchronize_session=False)
    )
    db.session.expire_all()
    supersede_settled(placement.town_id)


@placement_choosing.connect
def _suggested_by(
    actor: Actor, *, newcomer_id: uuid.UUID, offer_id: uuid.UUID, **_context: Any
) -> Origin | None:
    """Before a pair is placed by hand: its open proposal is where the placement comes from."""
    pair = scoped(Proposal, actor).where(
        Proposal.newcomer_id == newcomer_id, Proposal.offer_id == offer_id, Proposal.state == "open"
    )
    proposal = db.session.scalar(pair)
    return Origin(proposal.id, proposal.run_id) if proposal is not None else None


@placement_made.connect
def _settle(placement: Placement, *, actor: Actor, **_context: Any) -> None:
    """After a pair was coupled: its proposal is decided, and what is impossible now leaves the board."""
    if placement.proposal_id is not None and not _decide(actor, placement.proposal_id, "confirmed"):
        raise conflict("changed")
    supersede_settled(placement.town_id, placement.id)


@newcomer_changed.connect
@offer_changed.connect
def _close_what_is_settled(row: Newcomer | Offer, **_context: Any) -> None:
    """After a newcomer or an offer changed: open proposals that this made impossible leave the board."""
    supersede_settled(row.town_id)
