"""Decisions and placements: confirm, reject, place by hand, end, undo. Never more than there are places.

Every change of a place follows one order: the offer's counter and the newcomer's counters, each by an update
that holds only while there is room; the hard rules, on the rows as they are now; the counter of the language
group; the placement. Whatever fails undoes all of it.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask_babel import lazy_gettext as _l
from sqlalchemy import Select, and_, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import joinedload

from webapp import engine
from webapp.access import Actor, get_scoped, scoped, system_actor
from webapp.audit.services import (
    describe_codes,
    describe_details,
    name_actions,
    name_details,
    record,
)
from webapp.database import db, guarded_update, utc_now
from webapp.exceptions import Conflict
from webapp.matching.labels import END_REASON_NAMES, REJECT_REASON_NAMES
from webapp.matching.models import Ban, GroupCount, Placement, Proposal, Run
from webapp.newcomers.models import Newcomer
from webapp.newcomers.services import newcomer_erasing
from webapp.offers.models import Offer
from webapp.towns.models import Town
from webapp.towns.services import get_town_by_id

REASON_OF_RULE = {"free_place": "full", "status": "closed", "wanted": "demand_full"}
"""Hard rules that the API knows by another name."""

MESSAGES = {
    "full": _l("No place is free any more."),
    "closed": _l("The newcomer is not ready, or the offer is paused or closed."),
    "demand_full": _l("The newcomer has all they asked for of this kind."),
    "mixing_limit": _l("The activity has as many people of this first language as its mix allows."),
    "already_placed": _l("The two are coupled already."),
    "changed": _l("Somebody else changed this in the meantime. Please look again."),
    "banned": _l("This pair was rejected before, or the two must not meet."),
    "time_clash": _l("The session is at the same time as one of a confirmed placement."),
    "run_active": _l("A matching run is under way already."),
    "too_late": _l("It is too late to undo this. End the placement instead."),
}

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
    proposals = proposals.where(Newcomer.status == "ready", Offer.status == "active")
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
    holds = or_(Ban.ban_until.is_(None), Ban.ban_until >= today)
    return scoped(Ban, actor).where(Ban.lifted_at.is_(None), holds)


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
        raise _conflict("already_placed")
    placement = _place(actor, proposal.newcomer_id, proposal.offer_id, note=note, proposal=proposal)
    if not _decide(actor, proposal, "confirmed"):
        raise _conflict("changed")
    record(actor, "proposal.confirmed", placement, **_ids(placement), points=round(100 * proposal.score))
    supersede_settled(placement.town_id)
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
    placement = _place(actor, newcomer_id, offer_id, note=note, proposal=proposal)
    if proposal is not None and not _decide(actor, proposal, "confirmed"):
        raise _conflict("changed")
    record(actor, "placement.made_by_hand", placement, **_ids(placement))
    supersede_settled(placement.town_id)
    return placement


def reject_proposal(
    actor: Actor, proposal_id: uuid.UUID, *, reason: str, ban_until: date | None = None
) -> Proposal:
    """Reject an open proposal and ban its pair until a day, or until the ban is lifted.

    Raises
    ------
    NotFound, Conflict
    """
    proposal = get_scoped(Proposal, actor, proposal_id)
    if not _decide(actor, proposal, "rejected", reason=reason):
        raise _conflict("changed")
    db.session.add(
        Ban(
            town_id=proposal.town_id,
            newcomer_id=proposal.newcomer_id,
            offer_id=proposal.offer_id,
            reason=reason,
            ban_until=ban_until,
            created_by=actor.label,
        )
    )
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
    """End a placement: its place is free again.

    Raises
    ------
    NotFound
    Conflict
        ``changed`` when it has ended already.
    """
    placement = get_scoped(Placement, actor, placement_id)
    _release(actor, placement, "ended", reason)
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
        raise _conflict("too_late")
    _release(actor, placement, "undone", "")
    record(actor, "placement.undone", placement, **_ids(placement))
    if placement.proposal_id is not None and _is_newest_run(placement):
        guarded_update(
            Proposal,
            placement.proposal_id,
            Proposal.state == "confirmed",
            state="open",
            decided_at=None,
            decided_by="",
        )
    return placement


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


def _is_newest_run(placement: Placement) -> bool:
    newest = select(Run.id).where(Run.town_id == placement.town_id, Run.state == "done")
    return db.session.scalar(newest.order_by(Run.finished_at.desc()).limit(1)) == placement.run_id


def _ids(row: Any) -> dict[str, str]:
    return {"newcomer": str(row.newcomer_id), "offer": str(row.offer_id)}


def _conflict(reason: str, **current: Any) -> Conflict:
    name = REASON_OF_RULE.get(reason, reason)
    text = MESSAGES.get(name)
    if text is None:
        text = _l("Not possible: %(rule)s.", rule=_l(engine.RULE_TEXTS[reason]))
    return Conflict(name, text, **current)


# Places ----------------------------------------------------------------------------------------------


def _place(
    actor: Actor, newcomer_id: uuid.UUID, offer_id: uuid.UUID, *, note: str, proposal: Proposal | None
) -> Placement:
    newcomer, offer = get_scoped(Newcomer, actor, newcomer_id), get_scoped(Offer, actor, offer_id)
    if db.session.scalar(_active_pair(newcomer_id, offer_id)) is not None:
        raise _conflict("already_placed")
    _take_place(offer)
    _take_wish(newcomer, offer.kind)
    _check_rules(actor, newcomer, offer)
    group = engine.language_group(newcomer)
    _take_group_place(offer, group)
    placement = Placement(
        town_id=newcomer.town_id,
        newcomer_id=newcomer_id,
        offer_id=offer_id,
        proposal_id=proposal.id if proposal else None,
        run_id=proposal.run_id if proposal else None,
        kind=offer.kind,
        language_group=group,
        note=note,
        confirmed_by=actor.label,
    )
    db.session.add(placement)
    try:
        db.session.flush()
    except IntegrityError as error:
        raise _conflict("already_placed") from error
    return placement


def _active_pair(newcomer_id: uuid.UUID, offer_id: uuid.UUID) -> Select[uuid.UUID]:
    return select(Placement.id).where(
        Placement.newcomer_id == newcomer_id, Placement.offer_id == offer_id, Placement.state == "active"
    )


def _take_place(offer: Offer) -> None:
    """Count one more at the offer, while a place is free; raises Conflict."""
    taken = guarded_update(
        Offer,
        offer.id,
        Offer.status == "active",
        Offer.taken < Offer.capacity,
        taken=Offer.taken + 1,
        placed=Offer.placed + 1,
    )
    db.session.refresh(offer)
    if not taken:
        if offer.status != "active":
            raise _conflict("closed", status=offer.status)
        raise _conflict("full", taken=offer.taken, capacity=offer.capacity)


def _take_wish(newcomer: Newcomer, kind: str) -> None:
    """Count one more of the newcomer's wishes as met, while one is open; raises Conflict."""
    placed, wants = getattr(Newcomer, f"placed_{kind}"), getattr(Newcomer, f"wants_{kind}")
    in_all = Newcomer.placed_association + Newcomer.placed_mentor + Newcomer.placed_neighbour
    taken = guarded_update(
        Newcomer,
        newcomer.id,
        Newcomer.status == "ready",
        Newcomer.consent.is_(True),
        placed < wants,
        or_(Newcomer.max_placements.is_(None), in_all < Newcomer.max_placements),
        **{f"placed_{kind}": placed + 1},
    )
    db.session.refresh(newcomer)
    if not taken:
        if newcomer.status != "ready":
            raise _conflict("closed", status=newcomer.status)
        raise _conflict("demand_full" if newcomer.consent else "consent")


def _take_group_place(offer: Offer, group: str) -> None:
    """Count one more of this first language at the offer, within its mix; raises Conflict.

    The offer's row is locked by now, so nobody else counts at the same time.
    """
    if not group:
        return
    count = db.session.scalar(
        select(GroupCount)
        .where(GroupCount.offer_id == offer.id, GroupCount.language == group)
        .execution_options(populate_existing=True)
    )
    if count is None:
        count = GroupCount(offer_id=offer.id, language=group, placed=0)
        db.session.add(count)
        db.session.flush()
    share = offer.language_share_max if offer.kind == "association" else None
    limit = engine.group_limit(offer.capacity, share)
    within = [GroupCount.placed < limit] if limit is not None else []
    if not guarded_update(GroupCount, count.id, *within, placed=GroupCount.placed + 1):
        raise _conflict("mixing_limit", limit=limit)


def _check_rules(actor: Actor, newcomer: Newcomer, offer: Offer) -> None:
    """Hold the pair against every hard rule, on the rows as they are in this transaction; raises Conflict.

    The counters already hold this pair's own place and wish: they are given back for the question.
    """
    town: Town = get_town_by_id(newcomer.town_id)
    today = today_of(actor)
    placements = db.session.scalars(
        select(Placement).where(Placement.newcomer_id == newcomer.id, Placement.state == "active")
    ).all()
    beside = db.session.scalars(
        select(Offer).where(Offer.id.in_([placement.offer_id for placement in placements]))
    ).all()
    bans = _active_bans(actor, today).where(Ban.newcomer_id == newcomer.id, Ban.offer_id == offer.id)
    (explanation,) = (
        found
        for found in engine.examine(
            [engine.to_newcomer(newcomer, town.slug)],
            [engine.to_offer(row, town.slug, others=row.taken - 1) for row in (offer, *beside)],
            engine.read_policy(town.policy),
            today=today,
            fixed=engine.id_pairs(placements),
            banned=engine.id_pairs(db.session.scalars(bans)),
        )
        if found.offer_id == str(offer.id)
    )
    if explanation.rules:
        raise _conflict(explanation.rules[0])


def _release(actor: Actor, placement: Placement, state: str, reason: str) -> None:
    """End a placement and give back what it took; raises Conflict when it has ended already."""
    ended = guarded_update(
        Placement,
        placement.id,
        Placement.state == "active",
        state=state,
        ended_at=utc_now(),
        ended_by=actor.label,
        end_reason=reason,
    )
    if not ended:
        raise _conflict("changed")
    _give_back(placement)


def _give_back(placement: Placement) -> None:
    guarded_update(Offer, placement.offer_id, taken=Offer.taken - 1, placed=Offer.placed - 1)
    counter = getattr(Newcomer, f"placed_{placement.kind}")
    guarded_update(Newcomer, placement.newcomer_id, **{f"placed_{placement.kind}": counter - 1})
    db.session.execute(
        update(GroupCount)
        .where(GroupCount.offer_id == placement.offer_id, GroupCount.language == placement.language_group)
        .values(placed=GroupCount.placed - 1, version=GroupCount.version + 1)
        .execution_options(synchronize_session=False)
    )


def supersede_settled(town_id: uuid.UUID) -> None:
    """Close the open proposals of a town that cannot be confirmed any more: wish met, or offer full."""
    in_all = Newcomer.placed_association + Newcomer.placed_mentor + Newcomer.placed_neighbour
    at_most = select(Newcomer.id).where(Newcomer.town_id == town_id, in_all >= Newcomer.max_placements)
    full = select(Offer.id).where(Offer.town_id == town_id, Offer.taken >= Offer.capacity)
    settled: list[Any] = [Proposal.newcomer_id.in_(at_most), Proposal.offer_id.in_(full)]
    for kind in engine.KINDS:
        placed, wants = getattr(Newcomer, f"placed_{kind}"), getattr(Newcomer, f"wants_{kind}")
        served = select(Newcomer.id).where(Newcomer.town_id == town_id, placed >= wants)
        settled.append(and_(Proposal.kind == kind, Proposal.newcomer_id.in_(served)))
    db.session.execute(
        update(Proposal)
        .where(Proposal.town_id == town_id, Proposal.state == "open", or_(*settled))
        .values(state="superseded", version=Proposal.version + 1)
        .execution_options(synchronize_session=False)
    )


@newcomer_erasing.connect
def _free_places(newcomer: Newcomer, **_context: Any) -> None:
    """Before a newcomer is erased: give their places back. Everything else of theirs goes with the row."""
    placements = db.session.scalars(
        scoped(Placement, system_actor(newcomer.town_id)).where(
            Placement.newcomer_id == newcomer.id, Placement.state == "active"
        )
    ).all()
    for placement in placements:
        _give_back(placement)
