"""Taking and giving back places: the one way to a placement. Never more than there are places.

Every change of a place follows one order: the offer's counter and the newcomer's counters, each by an update
that holds only while there is room; the hard rules, on the rows as they are now; the counter of the language
group; the placement. Whatever fails undoes all of it.
"""

from __future__ import annotations

import uuid
from typing import Any

from sqlalchemy import Select, and_, delete, or_, select, update
from sqlalchemy.exc import IntegrityError

from webapp import engine
from webapp.access import Actor, get_scoped, scoped, system_actor
from webapp.database import db, guarded_update, utc_now
from webapp.idempotency import IdempotentAnswer
from webapp.matching.conflicts import conflict
from webapp.matching.models import Ban, GroupCount, Placement, Proposal, Run
from webapp.newcomers.models import Newcomer
from webapp.newcomers.services import newcomer_changed, newcomer_erasing
from webapp.offers.models import Offer
from webapp.offers.services import offer_changed
from webapp.people import today_in
from webapp.towns.services import get_town_by_id


def couple(
    actor: Actor, newcomer_id: uuid.UUID, offer_id: uuid.UUID, *, note: str, proposal: Proposal | None
) -> Placement:
    """Take a place, a wish and a place in the mix for a pair, and store its placement.

    Raises
    ------
    NotFound, Conflict
        Whatever was taken by then is given back with the transaction.
    """
    newcomer, offer = get_scoped(Newcomer, actor, newcomer_id), get_scoped(Offer, actor, offer_id)
    if db.session.scalar(_active_pair(newcomer_id, offer_id)) is not None:
        raise conflict("already_placed")
    _take_place(offer)
    _take_wish(newcomer, offer.kind)
    _check_rules(newcomer, offer)
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
        raise conflict("already_placed") from error
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
            raise conflict("closed", status=offer.status)
        raise conflict("full", taken=offer.taken, capacity=offer.capacity)


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
            raise conflict("closed", status=newcomer.status)
        raise conflict("demand_full" if newcomer.consent else "consent")


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
        raise conflict("mixing_limit", limit=limit)


def _check_rules(newcomer: Newcomer, offer: Offer) -> None:
    """Hold the pair against every hard rule, on the rows as they are in this transaction; raises Conflict.

    The counters already hold this pair's own place and wish: they are given back for the question.
    """
    town = get_town_by_id(newcomer.town_id)
    today = today_in(town)
    placements = db.session.scalars(
        select(Placement).where(Placement.newcomer_id == newcomer.id, Placement.state == "active")
    ).all()
    beside = db.session.scalars(
        select(Offer).where(Offer.id.in_([placement.offer_id for placement in placements]))
    ).all()
    bans = select(Ban).where(Ban.newcomer_id == newcomer.id, Ban.offer_id == offer.id, Ban.holds_on(today))
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
        raise conflict(explanation.rules[0])


def release(actor: Actor, placement: Placement, state: str, reason: str) -> None:
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
        raise conflict("changed")
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
    for kind in engine.KINDS:
        placed, wants = getattr(Newcomer, f"placed_{kind}"), getattr(Newcomer, f"wants_{kind}")
        served = select(Newcomer.id).where(Newcomer.town_id == town_id, placed >= wants)
        settled.append(and_(Proposal.kind == kind, Proposal.newcomer_id.in_(served)))
    db.session.execute(
        update(Proposal)
        .where(Proposal.town_id == town_id, Proposal.state == "open", or_(*settled))
        .values(state="superseded", superseded_by=placement_id, version=Proposal.version + 1)
        .execution_options(synchronize_session=False)
    )


def reopen(placement: Placement) -> None:
    """Open again what an undone placement decided or pushed aside, unless a newer run has been there."""
    newest = select(Run.id).where(Run.town_id == placement.town_id, Run.state == "done")
    newest_id = db.session.scalar(newest.order_by(Run.finished_at.desc()).limit(1))
    was_it = or_(
        and_(Proposal.id == placement.proposal_id, Proposal.state == "confirmed"),
        and_(Proposal.superseded_by == placement.id, Proposal.state == "superseded"),
    )
    db.session.execute(
        update(Proposal)
        .where(was_it, Proposal.run_id == newest_id)
        .values(state="open", decided_at=None, decided_by="", version=Proposal.version + 1)
        .execution_options(synchronize_session=False)
    )
    db.session.expire_all()
    supersede_settled(placement.town_id)


@newcomer_changed.connect
@offer_changed.connect
def _close_what_is_settled(row: Newcomer | Offer, **_context: Any) -> None:
    """After a newcomer or an offer changed: open proposals that this made impossible leave the board."""
    supersede_settled(row.town_id)


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
    db.session.execute(delete(IdempotentAnswer).where(IdempotentAnswer.body.contains(str(newcomer.id))))
