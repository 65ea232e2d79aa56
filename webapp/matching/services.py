"""Decisions and placements: confirm, reject, place by hand, end, undo; what is open and what was decided."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import Select, or_, select
from sqlalchemy.orm import joinedload

from webapp import engine
from webapp.access import Actor, get_scoped, scoped
from webapp.audit.services import (
    describe_codes,
    describe_details,
    name_actions,
    name_details,
    record,
)
from webapp.database import db, guarded_update, utc_now
from webapp.exceptions import InvalidInput
from webapp.matching.conflicts import conflict
from webapp.matching.labels import END_REASON_NAMES, REJECT_REASON_NAMES
from webapp.matching.models import BAD_ENDS, Ban, Placement, Proposal
from webapp.matching.places import couple, release, reopen, supersede_settled
from webapp.newcomers.models import Newcomer
from webapp.offers.models import Offer
from webapp.towns.services import get_town_by_id

name_actions(
    {
        "proposal.confirmed": _l("Proposal confirmed"),
        "proposal.rejected": _l("Proposal rejected"),
        "placement.made_by_hand": _l("Placed by hand"),
        "placement.ended": _l("Placement ended"),
        "placement.undone": _l("Placement undone"),
        "ban.lifted": _l("Ban lifted"),
    }
)
name_details({"reason": _l("Why"), "points": _l("Points"), "ban_until": _l("Banned until")})
describe_details({"reason": describe_codes({**REJECT_REASON_NAMES, **END_REASON_NAMES})})


# Reading ---------------------------------------------------------------------------------------------


def query_board(actor: Actor, *, kind: str = "", search: str = "") -> Select[Proposal]:
    """The open proposals of the actor's town, the most urgent first."""
    proposals = _with_people(scoped(Proposal, actor), Proposal).where(Proposal.state == "open")
    proposals = proposals.join(Newcomer, Proposal.newcomer_id == Newcomer.id)
    proposals = proposals.join(Offer, Proposal.offer_id == Offer.id)
    proposals = proposals.where(Newcomer.status == "ready", Newcomer.consent, Offer.status == "active")
    if kind:
        proposals = proposals.where(Proposal.kind == kind)
    if search:
        proposals = proposals.where(_matches(search))
    return proposals.order_by(Proposal.urgency.desc(), Proposal.score.desc(), Proposal.id)


def query_proposals(actor: Actor, *, state: str = "") -> Select[Proposal]:
    """The proposals of the actor's town that are, or were, visible."""
    proposals = scoped(Proposal, actor).where(Proposal.state != "staged")
    if state:
        proposals = proposals.where(Proposal.state == state)
    return proposals.order_by(Proposal.urgency.desc(), Proposal.score.desc(), Proposal.id)


def query_placements(actor: Actor, *, state: str = "", kind: str = "", search: str = "") -> Select[Placement]:
    """The placements of the actor's town, newest first."""
    placements = _with_people(scoped(Placement, actor), Placement)
    if state:
        placements = placements.where(Placement.state == state)
    if kind:
        placements = placements.where(Placement.kind == kind)
    if search:
        placements = placements.join(Newcomer, Placement.newcomer_id == Newcomer.id)
        placements = placements.join(Offer, Placement.offer_id == Offer.id)
        placements = placements.where(_matches(search))
    return placements.order_by(Placement.created_at.desc(), Placement.id)


def get_proposal(actor: Actor, proposal_id: uuid.UUID) -> Proposal:
    """A proposal with its newcomer and offer; raises NotFound."""
    get_scoped(Proposal, actor, proposal_id)
    return db.session.scalars(
        _with_people(select(Proposal), Proposal).where(Proposal.id == proposal_id)
    ).one()


def get_placement(actor: Actor, placement_id: uuid.UUID) -> Placement:
    """A placement with its newcomer and offer; raises NotFound."""
    get_scoped(Placement, actor, placement_id)
    return db.session.scalars(
        _with_people(select(Placement), Placement).where(Placement.id == placement_id)
    ).one()


def query_ties(actor: Actor, *, newcomer_id: uuid.UUID) -> dict[str, Sequence[Any]]:
    """A newcomer's open proposals, placements and bans."""
    proposals = _with_people(scoped(Proposal, actor), Proposal).where(
        Proposal.newcomer_id == newcomer_id, Proposal.state == "open"
    )
    placements = _with_people(scoped(Placement, actor), Placement).where(
        Placement.newcomer_id == newcomer_id, Placement.state != "undone"
    )
    bans = _active_bans(actor, today_of(actor)).where(Ban.newcomer_id == newcomer_id)
    return {
        "proposals": db.session.scalars(proposals.order_by(Proposal.score.desc(), Proposal.id)).all(),
        "placements": db.session.scalars(placements.order_by(Placement.created_at.desc())).all(),
        "bans": db.session.scalars(bans.options(joinedload(Ban.offer)).order_by(Ban.created_at)).all(),
    }


def query_placed_at(actor: Actor, *, offer_id: uuid.UUID) -> Sequence[Placement]:
    """Who is placed at an offer now."""
    placements = _with_people(scoped(Placement, actor), Placement).where(
        Placement.offer_id == offer_id, Placement.state == "active"
    )
    return db.session.scalars(placements.order_by(Placement.created_at)).all()


def today_of(actor: Actor) -> date:
    """Today's date in the actor's town."""
    town = get_town_by_id(actor.town_id) if actor.town_id else None
    return datetime.now(ZoneInfo(town.timezone if town else "Europe/Berlin")).date()


def examine_newcomer(actor: Actor, newcomer: Newcomer, *, kind: str = "") -> list[engine.Explanation]:
    """Every offer of the actor's town held against a newcomer: possible or not, best first.

    Reads everybody who is placed, so that mixing limits count.
    """
    town = get_town_by_id(newcomer.town_id)
    today = today_of(actor)
    active = db.session.scalars(scoped(Placement, actor).where(Placement.state == "active")).all()
    placed_ids = {placement.newcomer_id for placement in active} | {newcomer.id}
    people = db.session.scalars(
        scoped(Newcomer, actor).where(Newcomer.id.in_(placed_ids)).order_by(Newcomer.id)
    )
    offers = db.session.scalars(scoped(Offer, actor).order_by(Offer.external_id, Offer.id)).all()
    bans = _active_bans(actor, today).where(Ban.newcomer_id == newcomer.id)
    found = engine.examine(
        [engine.to_newcomer(row, town.slug) for row in people],
        [engine.to_offer(row, town.slug) for row in offers],
        engine.read_policy(town.policy),
        today=today,
        fixed=engine.id_pairs(active),
        banned=engine.id_pairs(db.session.scalars(bans)),
        only=[str(newcomer.id)],
    )
    of_kind = [explanation for explanation in found if not kind or explanation.kind == kind]
    return sorted(of_kind, key=lambda e: (len(e.rules), -e.score, e.offer_id))


def active_bans(actor: Actor, today: date) -> Sequence[Ban]:
    """The bans of the actor's town that hold on a day."""
    return db.session.scalars(_active_bans(actor, today)).all()


def _active_bans(actor: Actor, today: date) -> Select[Ban]:
    return scoped(Ban, actor).where(Ban.holds_on(today))


def _with_people(rows: Select[Any], model: Any) -> Select[Any]:
    return rows.options(joinedload(model.newcomer), joinedload(model.offer))


def _matches(search: str) -> Any:
    return or_(
        *(
            column.icontains(search, autoescape=True)
            for column in (Newcomer.name, Newcomer.external_id, Offer.name, Offer.external_id)
        )
    )


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
    placement = couple(actor, proposal.newcomer_id, proposal.offer_id, note=note, proposal=proposal)
    if not _decide(actor, proposal, "confirmed"):
        raise conflict("changed")
    record(actor, "proposal.confirmed", placement, **_ids(placement), points=round(100 * proposal.score))
    supersede_settled(placement.town_id, placement.id)
    return placement


def place_by_hand(actor: Actor, newcomer_id: uuid.UUID, offer_id: uuid.UUID, *, note: str = "") -> Placement:
    """Couple two by a coordinator's own choice, under the same guards.

    Raises
    ------
    NotFound, Conflict
        As `confirm_proposal`.
    """
    proposal = db.session.scalar(
        scoped(Proposal, actor).where(
            Proposal.newcomer_id == newcomer_id, Proposal.offer_id == offer_id, Proposal.state == "open"
        )
    )
    placement = couple(actor, newcomer_id, offer_id, note=note, proposal=proposal)
    if proposal is not None and not _decide(actor, proposal, "confirmed"):
        raise conflict("changed")
    record(actor, "placement.made_by_hand", placement, **_ids(placement))
    supersede_settled(placement.town_id, placement.id)
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
    if not _decide(actor, proposal, "rejected", reason=reason):
        raise conflict("changed")
    _ban(actor, proposal, reason, ban_until)
    until = ban_until.isoformat() if ban_until else None
    record(actor, "proposal.rejected", proposal, **_ids(proposal), reason=reason, ban_until=until)
    db.session.flush()
    return proposal


def lift_ban(actor: Actor, ban_id: uuid.UUID) -> Ban:
    """Let a banned pair be proposed again; raises NotFound."""
    ban = get_scoped(Ban, actor, ban_id)
    if ban.lifted_at is None:
        ban.lifted_at = utc_now()
        record(actor, "ban.lifted", ban, **_ids(ban))
        db.session.flush()
    return ban


def end_placement(actor: Actor, placement_id: uuid.UUID, *, reason: str) -> Placement:
    """End a placement: its place is free again. After a bad end the pair is banned until that is lifted.

    Raises
    ------
    NotFound
    Conflict
        ``changed`` when it has ended already.
    """
    placement = get_scoped(Placement, actor, placement_id)
    release(actor, placement, "ended", reason)
    if reason in BAD_ENDS:
        _ban(actor, placement, reason, None)
    record(actor, "placement.ended", placement, **_ids(placement), reason=reason)
    return placement


def undo_placement(actor: Actor, placement_id: uuid.UUID) -> Placement:
    """Take a placement back within minutes; the proposal it came from is open again.

    Raises
    ------
    NotFound
    Conflict
        ``too_late`` after some minutes, ``changed`` when it has ended already.
    """
    placement = get_scoped(Placement, actor, placement_id)
    if placement.is_active and not placement.can_be_undone:
        raise conflict("too_late")
    release(actor, placement, "undone", "")
    record(actor, "placement.undone", placement, **_ids(placement))
    reopen(placement)
    return placement


def _ban(actor: Actor, pair: Proposal | Placement, reason: str, ban_until: date | None) -> None:
    ids = {"town_id": pair.town_id, "newcomer_id": pair.newcomer_id, "offer_id": pair.offer_id}
    db.session.add(Ban(**ids, reason=reason, ban_until=ban_until, created_by=actor.label))
    db.session.flush()


def _decide(actor: Actor, proposal: Proposal, state: str, *, reason: str = "") -> bool:
    return guarded_update(
        Proposal,
        proposal.id,
        Proposal.state == "open",
        state=state,
        decided_at=utc_now(),
        decided_by=actor.label,
        reason=reason,
    )


def _ids(row: Any) -> dict[str, str]:
    return {"newcomer": str(row.newcomer_id), "offer": str(row.offer_id)}
