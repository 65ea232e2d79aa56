"""Taking and giving back places: the one way to a placement. Never more than there are places.

Every change of a place follows one order: the offer's counter and the newcomer's counters, each by an update
that holds only while there is room; the hard rules, on the rows as they are now; the counter of the language
group; the placement; then everybody whom it concerns is told. Whatever fails undoes all of it.
"""

from __future__ import annotations

import uuid
from collections import OrderedDict
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from blinker import Namespace
from flask import current_app
from sqlalchemy import Select, or_, select, update
from sqlalchemy.exc import IntegrityError

from webapp.engine import policies, questions, records
from webapp.newcomers.models import Newcomer
from webapp.newcomers.services import newcomer_erasing
from webapp.offers.models import Offer
from webapp.offers.services import places_for
from webapp.placements.conflicts import conflict
from webapp.placements.models import OVERRIDABLE, Ban, GroupCount, Placement
from webapp.storage.access import Actor, get_scoped, scoped, system_actor
from webapp.storage.database import db, guarded_update, utc_now
from webapp.towns.services import get_town_by_id, today_in

# Sent with the actor, `newcomer_id` and `offer_id`, before anything is asked or taken: whoever has suggested
# the pair returns the Origin, which the placement then has.
placement_choosing = Namespace().signal("placement-choosing")
# Sent with the placement and `actor`, once everything is taken and in the same transaction: whoever holds
# something that this settles says so now. A Conflict raised here gives everything back.
placement_made = Namespace().signal("placement-made")


ANSWERS_KEPT = 1_000
_KEPT = "koppel_rules_asked"


@dataclass(frozen=True)
class Origin:
    """What a placement comes from: the proposal of a run."""

    proposal_id: uuid.UUID
    run_id: uuid.UUID


def find_origin(actor: Actor, newcomer_id: uuid.UUID, offer_id: uuid.UUID) -> Origin | None:
    """What suggests this pair now, if anything does; ask it before the pair is coupled."""
    found = placement_choosing.send(actor, newcomer_id=newcomer_id, offer_id=offer_id)
    return next((origin for _receiver, origin in found if origin is not None), None)


def couple(
    actor: Actor,
    newcomer_id: uuid.UUID,
    offer_id: uuid.UUID,
    *,
    note: str,
    origin: Origin | None,
    set_aside: Collection[str] = (),
    override_reason: str = "",
) -> Placement:
    """Take a place, a wish and a place in the mix for a pair, and store its placement.

    With a written reason the rules named in `set_aside` give way, as far as they are in `OVERRIDABLE`; the
    placement keeps which and why.

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
    overridden = _check_rules(newcomer, offer, OVERRIDABLE.intersection(set_aside if override_reason else ()))
    group = records.language_group(newcomer)
    _take_group_place(offer, group)
    placement = Placement(
        town_id=newcomer.town_id,
        newcomer_id=newcomer_id,
        offer_id=offer_id,
        proposal_id=origin.proposal_id if origin else None,
        run_id=origin.run_id if origin else None,
        kind=offer.kind,
        language_group=group,
        note=note,
        overridden=overridden,
        override_reason=override_reason if overridden else "",
        confirmed_by=actor.label,
    )
    db.session.add(placement)
    try:
        db.session.flush()
    except IntegrityError as error:
        raise conflict("already_placed") from error
    placement_made.send(placement, actor=actor)
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
    limit = records.group_limit(offer.capacity, share)
    within = [GroupCount.placed < limit] if limit is not None else []
    if not guarded_update(GroupCount, count.id, *within, placed=GroupCount.placed + 1):
        raise conflict("mixing_limit", limit=limit)


def broken_rules(actor: Actor, newcomer_id: uuid.UUID, offer_id: uuid.UUID) -> tuple[str, ...]:
    """The hard rules that keep two apart who are not coupled.

    Ask it before the transaction in which they are coupled: the answer is found again there while nothing
    has changed, and others do not wait for it.
    """
    newcomer, offer = get_scoped(Newcomer, actor, newcomer_id), get_scoped(Offer, actor, offer_id)
    return _broken_rules(newcomer, offer, others=offer.taken)


def _check_rules(newcomer: Newcomer, offer: Offer, set_aside: Collection[str] = ()) -> list[str]:
    """Hold the pair against every hard rule, on the rows as they are in this transaction; raises Conflict.

    Returns the broken rules that were set aside.

    The counter of the offer already holds this pair's own place: it is given back for the question.
    """
    broken = _broken_rules(newcomer, offer, others=offer.taken - 1)
    binding = [rule for rule in broken if rule not in set_aside]
    if binding:
        raise conflict(binding[0])
    return list(broken)


def _broken_rules(newcomer: Newcomer, offer: Offer, *, others: int) -> tuple[str, ...]:
    town = get_town_by_id(newcomer.town_id)
    today = today_in(town)
    placed = select(Placement.offer_id).where(
        Placement.newcomer_id == newcomer.id, Placement.state == "active"
    )
    beside = db.session.scalars(select(Offer).where(Offer.id.in_(placed)).order_by(Offer.id)).all()
    bans = select(Ban).where(Ban.newcomer_id == newcomer.id, Ban.offer_id == offer.id, Ban.holds_on(today))
    people = records.to_newcomer(newcomer, town.slug), records.to_offer(offer, town.slug, others=others)
    settled = {
        "policy": policies.read_policy(town.policy),
        "today": today,
        "beside": [records.to_offer(row, town.slug, others=row.taken - 1) for row in beside],
        "fixed": [(str(newcomer.id), str(row.id)) for row in beside],
        "banned": records.id_pairs(db.session.scalars(bans)),
    }
    # The answer follows from the question alone, so it may be kept: whoever has asked before a lock was taken
    # finds it again while holding it, and only if nothing has changed in between.
    kept: OrderedDict[bytes, tuple[str, ...]] = current_app.extensions.setdefault(_KEPT, OrderedDict())
    key = questions.digest(*people, **settled)
    answer = kept.get(key)
    if answer is None:
        answer = kept[key] = questions.obstacles(*people, **settled)
        while len(kept) > ANSWERS_KEPT:
            kept.popitem(last=False)
    return answer


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
    there = Offer.taken + Offer.excess
    guarded_update(Offer, placement.offer_id, placed=Offer.placed - 1, **places_for(there - 1))
    counter = getattr(Newcomer, f"placed_{placement.kind}")
    guarded_update(Newcomer, placement.newcomer_id, **{f"placed_{placement.kind}": counter - 1})
    db.session.execute(
        update(GroupCount)
        .where(GroupCount.offer_id == placement.offer_id, GroupCount.language == placement.language_group)
        .values(placed=GroupCount.placed - 1, version=GroupCount.version + 1)
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
