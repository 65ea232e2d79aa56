"""What runs suggest: what is open, confirming and rejecting; what placements and changes make of it."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from blinker import Namespace
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, Select, and_, or_, select

from webapp.audit.services import (
    describe_codes,
    describe_days,
    describe_details,
    name_actions,
    name_details,
    show_rows,
    write_entry,
)
from webapp.engine.texts import RULE_TEXTS
from webapp.exceptions import InvalidInput
from webapp.newcomers.models import Newcomer
from webapp.newcomers.services import newcomer_changed
from webapp.offers.models import Offer
from webapp.offers.services import offer_changed
from webapp.placements.conflicts import MESSAGES, conflict
from webapp.placements.labels import EARLIER_END_REASON_NAMES, END_REASON_NAMES
from webapp.placements.models import Ban, Placement
from webapp.placements.places import Origin, broken_rules, couple, placement_choosing, placement_made
from webapp.placements.services import ban_pair, ids_of_pair, remove_ban, with_sides
from webapp.proposals.labels import REJECT_REASON_NAMES, WITHDRAWN_REASON_NAMES
from webapp.proposals.models import BAN_DAYS, Proposal
from webapp.proposals.settling import find_displaced, find_settled, withdraw
from webapp.storage.access import Actor, get_scoped, scoped
from webapp.storage.database import db, guarded_update, utc_now
from webapp.towns.services import today_of

name_actions(
    {
        "proposal.confirmed": _l("Proposal confirmed"),
        "proposal.rejected": _l("Proposal rejected"),
        "proposal.reopened": _l("Rejection taken back"),
    }
)
name_details({"reason": _l("Why"), "points": _l("Points"), "ban_until": _l("Banned until")})
_REASON_NAMES = {
    **EARLIER_END_REASON_NAMES,
    **REJECT_REASON_NAMES,
    **END_REASON_NAMES,
    **WITHDRAWN_REASON_NAMES,
}
describe_details({"reason": describe_codes(_REASON_NAMES), "ban_until": describe_days})
show_rows({Proposal: ("proposals.detail", "proposal_id")})

# Sent with a proposal whose rejection is to be taken back: whoever knows of a run since then says True.
rejection_undoing = Namespace().signal("rejection-undoing")


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
    return get_scoped(Proposal, actor, proposal_id, with_sides(scoped(Proposal, actor), Proposal))


def query_open_of(actor: Actor, newcomer_id: uuid.UUID) -> Sequence[Proposal]:
    """A newcomer's open proposals, the best first."""
    proposals = with_sides(scoped(Proposal, actor), Proposal).where(
        Proposal.newcomer_id == newcomer_id, Proposal.state == "open"
    )
    return db.session.scalars(proposals.order_by(Proposal.score.desc(), Proposal.id)).all()


def query_open_at(actor: Actor, offer_id: uuid.UUID) -> Sequence[Proposal]:
    """An offer's open proposals, the most urgent first."""
    proposals = with_sides(scoped(Proposal, actor), Proposal).where(
        Proposal.offer_id == offer_id, Proposal.state == "open"
    )
    return db.session.scalars(proposals.order_by(Proposal.urgency.desc(), Proposal.id)).all()


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


def withdrawn_by(actor: Actor, placement: Placement) -> list[tuple[Proposal, Proposal | None]]:
    """The proposals of others that went away when two were coupled, each with what was added in its place."""
    proposals = with_sides(scoped(Proposal, actor), Proposal)
    gone = db.session.scalars(
        proposals.where(
            Proposal.superseded_by == placement.id,
            Proposal.state == "superseded",
            Proposal.newcomer_id != placement.newcomer_id,
        ).order_by(Proposal.urgency.desc(), Proposal.id)
    ).all()
    added = proposals.where(Proposal.added_for.in_([one.id for one in gone]), Proposal.state == "open")
    instead = {one.added_for: one for one in db.session.scalars(added)} if gone else {}
    return [(one, instead.get(one.id)) for one in gone]


def would_withdraw(actor: Actor, newcomer_id: uuid.UUID, offer_id: uuid.UUID) -> Sequence[Proposal]:
    """The open proposals that would go away if two were coupled now, those of others first."""
    displaced = find_displaced(newcomer_id, offer_id, is_coupled=False)
    if not displaced:
        return []
    proposals = with_sides(scoped(Proposal, actor), Proposal).where(Proposal.id.in_(displaced))
    return db.session.scalars(
        proposals.order_by(Proposal.newcomer_id == newcomer_id, Proposal.urgency.desc(), Proposal.id)
    ).all()


def pair_history(actor: Actor, newcomer_id: uuid.UUID, offer_id: uuid.UUID) -> list[PairEvent]:
    """What happened to a pair so far, newest first."""

    def of_pair(model: Any) -> Sequence[Any]:
        return db.session.scalars(
            scoped(model, actor).where(model.newcomer_id == newcomer_id, model.offer_id == offer_id)
        ).all()

    events: list[PairEvent] = []
    for proposal in of_pair(Proposal):
        if proposal.state != "staged":
            events.append(PairEvent(proposal.created_at, "added" if proposal.added_for else "proposed"))
        if proposal.state in ("rejected", "superseded") and proposal.decided_at:
            what = "withdrawn" if proposal.state == "superseded" and proposal.reason else proposal.state
            events.append(
                PairEvent(proposal.decided_at, what, proposal.decided_by, proposal.reason, proposal.note)
            )
    for placement in of_pair(Placement):
        note = "\n".join(text for text in (placement.override_reason, placement.note) if text)
        events.append(PairEvent(placement.created_at, "placed", placement.confirmed_by, note=note))
        if placement.ended_at is not None:
            events.append(
                PairEvent(placement.ended_at, placement.state, placement.ended_by, placement.end_reason)
            )
    for ban in of_pair(Ban):
        if ban.lifted_at is not None:
            events.append(PairEvent(ban.lifted_at, "lifted"))
    return sorted(events, key=lambda event: event.at, reverse=True)


# Deciding --------------------------------------------------------------------------------------------


def ask_ahead(actor: Actor, proposal_id: uuid.UUID) -> None:
    """Hold a pair against the rules before the transaction that confirms it, so that nobody waits for that.

    Binds nobody: what has changed by then is asked again.
    """
    proposal = get_scoped(Proposal, actor, proposal_id)
    if proposal.is_open:
        broken_rules(actor, proposal.newcomer_id, proposal.offer_id)


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
    actor: Actor, proposal_id: uuid.UUID, *, reason: str, note: str = "", ban_until: date | None = None
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
    if not _decide(actor, proposal.id, "rejected", reason=reason, note=note):
        raise conflict("changed")
    ban_pair(actor, proposal, reason, ban_until)
    until = ban_until.isoformat() if ban_until else None
    write_entry(actor, "proposal.rejected", proposal, **ids_of_pair(proposal), reason=reason, ban_until=until)
    db.session.flush()
    return proposal


def usual_ban(reason: str, today: date) -> date | None:
    """Until when a pair is usually not proposed again after being rejected for a reason; None for good."""
    days = BAN_DAYS[reason]
    return None if days is None else today + timedelta(days=days)


def undo_rejection(actor: Actor, proposal_id: uuid.UUID) -> Proposal:
    """Take a fresh rejection back: the proposal is open again, and its ban is gone.

    What was proposed to others on the place that it freed gives way, as when a placement is taken back.

    Raises
    ------
    NotFound
    Conflict
        ``too_late`` after some minutes or once a newer run has been, ``changed`` when it is not rejected, or
        what has become impossible meanwhile.
    """
    proposal = get_scoped(Proposal, actor, proposal_id)
    decided_at = proposal.decided_at
    if proposal.state != "rejected" or decided_at is None:
        raise conflict("changed")
    run_was = any(answer for _receiver, answer in rejection_undoing.send(proposal))
    if not proposal.can_be_reopened or run_was:
        raise conflict("too_late")
    if not remove_ban(proposal, proposal.reason, decided_at):
        raise conflict("changed")
    open_again = {"state": "open", "decided_at": None, "decided_by": "", "reason": "", "note": ""}
    if not guarded_update(Proposal, proposal.id, Proposal.state == "rejected", **open_again):
        raise conflict("changed")
    db.session.flush()
    settled = dict(find_settled(proposal.town_id, offer_id=proposal.offer_id))
    if proposal.id in settled:  # its place went to somebody who lost another one meanwhile
        stopgaps = select(Proposal.id).where(
            Proposal.offer_id == proposal.offer_id,
            Proposal.state == "open",
            Proposal.added_for.is_not(None),
            Proposal.created_at >= decided_at,
        )
        newest = db.session.scalars(stopgaps.order_by(Proposal.created_at.desc()).limit(1))
        withdraw(actor, dict.fromkeys(newest, "came_back"))
        settled = dict(find_settled(proposal.town_id, offer_id=proposal.offer_id))
    own = [settled.pop(proposal.id)] if proposal.id in settled else []
    own = [*own, *find_settled(proposal.town_id, proposal_id=proposal.id).values()]
    broken = [*own, *broken_rules(actor, proposal.newcomer_id, proposal.offer_id)]
    if broken:
        raise conflict(broken[0] if broken[0] in RULE_TEXTS or broken[0] in MESSAGES else "changed")
    write_entry(actor, "proposal.reopened", proposal, **ids_of_pair(proposal))
    withdraw(actor, settled)
    db.session.flush()
    return proposal


def _decide(actor: Actor, proposal_id: uuid.UUID, state: str, *, reason: str = "", note: str = "") -> bool:
    return guarded_update(
        Proposal,
        proposal_id,
        Proposal.state == "open",
        state=state,
        decided_at=utc_now(),
        decided_by=actor.label,
        reason=reason,
        note=note,
    )


# What others decide ----------------------------------------------------------------------------------


def reopen(actor: Actor, placement: Placement, newest_run_id: uuid.UUID | None) -> None:
    """Open again what a placement decided or pushed aside, where it still holds and no newer run has been.

    An undone placement gives its own proposal back; one that ended does not.
    """
    was_it = and_(Proposal.superseded_by == placement.id, Proposal.state == "superseded")
    if placement.state == "undone":
        was_it = or_(was_it, and_(Proposal.id == placement.proposal_id, Proposal.state == "confirmed"))
    _give_back(actor, was_it, newest_run_id)


def reopen_at(actor: Actor, offer: Offer, newest_run_id: uuid.UUID | None) -> None:
    """Open again what went away because an offer paused or closed, where no newer run has been."""
    was_it = and_(
        Proposal.offer_id == offer.id,
        Proposal.state == "superseded",
        Proposal.reason.in_(("offer_paused", "offer_closed")),
    )
    _give_back(actor, was_it, newest_run_id)


def _give_back(actor: Actor, which: ColumnElement[bool], newest_run_id: uuid.UUID | None) -> None:
    """Open proposals again that still hold; what was proposed in their place goes."""
    found = db.session.scalars(
        select(Proposal).where(which, Proposal.run_id == newest_run_id).order_by(Proposal.score.desc())
    ).all()
    for proposal in found:
        if find_settled(proposal.town_id, proposal_id=proposal.id) or broken_rules(
            actor, proposal.newcomer_id, proposal.offer_id
        ):
            continue
        stopgaps = select(Proposal.id).where(Proposal.added_for == proposal.id, Proposal.state == "open")
        withdraw(actor, dict.fromkeys(db.session.scalars(stopgaps), "came_back"))
        was_withdrawn = proposal.state == "superseded"
        given_back = guarded_update(
            Proposal,
            proposal.id,
            Proposal.state == proposal.state,
            state="open",
            decided_at=None,
            decided_by="",
            reason="",
            superseded_by=None,
        )
        if given_back and was_withdrawn:
            write_entry(actor, "proposal.given_back", proposal, **ids_of_pair(proposal))
        withdraw(actor, find_settled(proposal.town_id, offer_id=proposal.offer_id))


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
    withdraw(actor, find_displaced(placement.newcomer_id, placement.offer_id, is_coupled=True), placement.id)


@newcomer_changed.connect
def _close_what_they_leave(newcomer: Newcomer, *, actor: Actor, **_context: Any) -> None:
    """After a newcomer changed: open proposals that this made impossible leave the board."""
    withdraw(actor, find_settled(newcomer.town_id, newcomer_id=newcomer.id))


@offer_changed.connect
def _close_what_it_leaves(offer: Offer, *, actor: Actor, **_context: Any) -> None:
    """After an offer changed: open proposals that this made impossible leave the board."""
    withdraw(actor, find_settled(offer.town_id, offer_id=offer.id))
