"""Everything that happens to an offer but being matched: its places, its screening, its capacity link."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Any

from blinker import Namespace
from flask_babel import lazy_gettext as _l
from sqlalchemy import Select, case, func, or_, select

from webapp.accounts.links import create_link, revoke_links
from webapp.accounts.models import Link
from webapp.audit.services import (
    describe_codes,
    describe_days,
    describe_details,
    name_actions,
    name_actors,
    name_details,
    name_rows,
    show_rows,
    write_entry,
)
from webapp.engine.records import to_uuid
from webapp.engine.vocabulary import KINDS
from webapp.exceptions import Conflict, InvalidInput, NotFound
from webapp.offers.labels import STATUS_NAMES
from webapp.offers.models import SCREENED_KINDS, SCREENING_WARNING, STALE_AFTER, STATUSES, Offer
from webapp.offers.schemas import MOST_PLACES
from webapp.profiles.labels import KIND_NAMES
from webapp.profiles.services import changed_columns, place_columns, short_id
from webapp.storage.access import Actor, get_scoped, scoped
from webapp.storage.database import db, guarded_update, utc_now
from webapp.towns.models import Town
from webapp.towns.services import get_town_by_id, today_in

CAPACITY = "capacity"
LINK_LIVES = timedelta(days=365)

# Sent with the offer and `actor`, after the change and in the same transaction: what was proposed for it may
# not hold any more.
offer_changed = Namespace().signal("offer-changed")

name_actions(
    {
        "offer.created": _l("Offer added"),
        "offer.updated": _l("Offer changed"),
        "offer.paused": _l("Offer paused"),
        "offer.resumed": _l("Offer active again"),
        "offer.closed": _l("Offer closed"),
        "offer.screening_set": _l("Screening noted"),
        "offer.capacity_set": _l("Places changed"),
        "offer.places_confirmed": _l("Places confirmed"),
        "offer.place_freed": _l("Somebody left, a place is free"),
        "offer.somebody_left": _l("Somebody left: please see whose placement has ended"),
    }
)
name_details(
    {
        "offer": _l("Offer"),
        "subject_id": _l("Offer"),
        "kind": _l("Kind"),
        "capacity": _l("Places"),
        "valid_until": _l("Valid until"),
    }
)
name_rows({"offer": Offer, "subject_id": Offer})
show_rows({Offer: ("offers.detail", "offer_id")})
name_actors({"/capacity: ": _l("Link of an offer")})
describe_details(
    {
        "kind": describe_codes(KIND_NAMES),
        "valid_until": describe_days,
        "before": describe_codes(STATUS_NAMES),
        "purpose": describe_codes({CAPACITY: _l("Places of an offer")}),
    }
)
_ACTION_OF_STATUS = {"active": "offer.resumed", "paused": "offer.paused", "closed": "offer.closed"}


def query_offers(
    actor: Actor, *, kind: str = "", search: str = "", status: str = "", attention: str = ""
) -> Select[Offer]:
    """The offers of the actor's town, by name.

    Parameters
    ----------
    search : str
        Part of a name or of the external id.
    attention : str
        ``free`` places only, ``stale`` (nobody confirmed the places for half a year), ``screening`` (missing,
        expired, or about to expire).
    """
    found = scoped(Offer, actor)
    if kind:
        found = found.where(Offer.kind == kind)
    if search:
        name_or_id = (Offer.name, Offer.external_id)
        found = found.where(or_(*(column.icontains(search, autoescape=True) for column in name_or_id)))
    if status:
        found = found.where(Offer.status == status)
    if attention:
        found = found.where(*_needs_attention(actor, attention))
    return found.order_by(Offer.status == "closed", func.lower(Offer.name), Offer.id)


def _needs_attention(actor: Actor, attention: str) -> list[Any]:
    today = today_in(_town_of(actor))
    if attention == "free":
        return [Offer.taken < Offer.capacity, Offer.status == "active"]
    if attention == "stale":
        is_old = or_(Offer.confirmed_at.is_(None), Offer.confirmed_at < today - STALE_AFTER)
        return [is_old, Offer.status != "closed"]
    until = Offer.screening_valid_until
    is_due = or_(until.is_(None), until < today + SCREENING_WARNING)
    return [Offer.kind.in_(SCREENED_KINDS), is_due, Offer.status != "closed"]


def count_by_kind(actor: Actor) -> dict[str, int]:
    """How many offers of each kind the town has."""
    offers = scoped(Offer, actor).subquery()
    counts = select(offers.c.kind, func.count()).group_by(offers.c.kind)
    return dict.fromkeys(KINDS, 0) | {row[0]: row[1] for row in db.session.execute(counts)}


def get_offer(actor: Actor, offer_id: uuid.UUID) -> Offer:
    """One offer of the actor's town.

    Raises
    ------
    NotFound
    """
    return get_scoped(Offer, actor, offer_id)


def offers_by_id(actor: Actor, ids: Iterable[str]) -> Mapping[str, Offer]:
    """Some offers of the actor's town, by the id the engine knows them by."""
    wanted = {to_uuid(id_) for id_ in ids}
    offers = db.session.scalars(scoped(Offer, actor).where(Offer.id.in_(wanted)))
    return {str(offer.id): offer for offer in offers}


def find_offers(actor: Actor, search: str) -> set[str]:
    """The ids, as the engine knows them, of offers of the actor's town with this in their name or number."""
    found = query_offers(actor, search=search).order_by(None).with_only_columns(Offer.id)
    return {str(id_) for id_ in db.session.scalars(found)}


def find_offer(id_or_external_id: str) -> Offer:
    """The offer with this id, or the only one with this external id in all towns; for the command line.

    Raises
    ------
    NotFound
        When there is none, or more than one.
    """
    try:
        wanted = Offer.id == uuid.UUID(id_or_external_id)
    except ValueError:
        wanted = Offer.external_id == id_or_external_id
    found = list(db.session.scalars(select(Offer).where(wanted).limit(2)))
    if not found:
        raise NotFound.among("offer", id_or_external_id)
    if len(found) > 1:
        raise NotFound(f"There are several offers {id_or_external_id!r}: give the long id of its page.")
    return found[0]


def create_offer(actor: Actor, *, kind: str, taken_elsewhere: int = 0, **values: Any) -> Offer:
    """Add an offer; its places count as confirmed today unless said otherwise.

    Raises
    ------
    InvalidInput
        When more is taken than there are places, or the kind is none.
    NotFound
        When the actor has no town.
    """
    town = _town_of(actor)
    if kind not in KINDS:
        raise InvalidInput({"kind": [_l("Please choose one of the list.")]})
    given = {name: value for name, value in values.items() if value is not None}
    given.setdefault("external_id", short_id(Offer, town.id, "O"))
    given.setdefault("confirmed_at", today_in(town))
    _check_places(given["capacity"], 0, taken_elsewhere)
    offer = Offer(
        town_id=town.id, kind=kind, taken=taken_elsewhere, **{**given, **place_columns(given, town)}
    )
    db.session.add(offer)
    db.session.flush()
    write_entry(actor, "offer.created", offer, offer=str(offer.id), kind=kind, capacity=offer.capacity)
    return offer


def update_offer(
    actor: Actor,
    offer_id: uuid.UUID,
    *,
    version: int | None = None,
    taken_elsewhere: int | None = None,
    **values: Any,
) -> Offer:
    """Change what is known of an offer. A changed address is looked up again.

    Parameters
    ----------
    taken_elsewhere : int or None
        People who have a place without a placement of ours.

    Raises
    ------
    Conflict
        ``changed``, when the row is no longer at `version`.
    InvalidInput
        When more would be taken than there are places.
    NotFound
    """
    offer = get_offer(actor, offer_id)
    if version is not None and version != offer.version:
        raise _changed(offer)
    elsewhere = offer.elsewhere if taken_elsewhere is None else taken_elsewhere
    capacity = values.get("capacity", offer.capacity)
    if capacity < offer.capacity or elsewhere > offer.elsewhere:
        _check_places(capacity, offer.placed, elsewhere)
    there = offer.placed + elsewhere
    values |= {
        "taken": min(there, capacity),
        "excess": max(0, there - capacity),
        **place_columns(values, _town_of(actor), offer),
    }
    changed = changed_columns(offer, values)
    for name in changed:
        setattr(offer, name, values[name])
    if changed:
        db.session.flush()
        write_entry(actor, "offer.updated", offer, offer=str(offer.id), fields=changed)
        offer_changed.send(offer, actor=actor)
    return offer


def _check_places(capacity: int, placed: int, elsewhere: int) -> None:
    if placed + elsewhere > capacity:
        raise InvalidInput(
            {
                "capacity": [
                    _l(
                        "%(taken)s places are taken already, so there cannot be fewer.",
                        taken=placed + elsewhere,
                    )
                ]
            }
        )


def set_status(actor: Actor, offer_id: uuid.UUID, status: str) -> Offer:
    """Pause, resume or close an offer. Closing withdraws its capacity link.

    Raises
    ------
    InvalidInput
        When `status` is none of active, paused, closed.
    NotFound
    """
    offer = get_offer(actor, offer_id)
    if status not in STATUSES:
        raise InvalidInput({"status": [_l("Please choose one of the list.")]})
    before = offer.status
    if before != status:
        offer.status = status
        db.session.flush()
        write_entry(actor, _ACTION_OF_STATUS[status], offer, offer=str(offer.id), before=before)
        offer_changed.send(offer, actor=actor)
    if status == "closed":
        revoke_links(actor, purpose=CAPACITY, subject_id=offer.id)
    return offer


def set_screening(
    actor: Actor, offer_id: uuid.UUID, *, screening_valid_until: date | None, screening_checked_by: str = ""
) -> Offer:
    """Note until when a screening is valid and who looked at it. The document itself is kept nowhere.

    Raises
    ------
    InvalidInput
        When there is a date and nobody who looked, or the kind needs no screening.
    NotFound
    """
    offer = get_offer(actor, offer_id)
    if not offer.needs_screening:
        raise InvalidInput({"screening_valid_until": [_l("Associations need no screening here.")]})
    if screening_valid_until is not None and not screening_checked_by:
        raise InvalidInput({"screening_checked_by": [_l("Please say who looked at it.")]})
    offer.screening_valid_until = screening_valid_until
    offer.screening_checked_by = screening_checked_by if screening_valid_until else ""
    db.session.flush()
    until = screening_valid_until.isoformat() if screening_valid_until else ""
    write_entry(actor, "offer.screening_set", offer, offer=str(offer.id), valid_until=until)
    return offer


def set_capacity(actor: Actor, offer_id: uuid.UUID, capacity: int, version: int | None = None) -> Offer:
    """Say how many places there are; whoever says so also confirms them today.

    Parameters
    ----------
    version : int or None
        What the sender saw; None: whatever stands there.

    Raises
    ------
    Conflict
        ``changed``, when the row is no longer at `version`; ``below_taken``, with `taken` and `capacity` as
        they stand, when more places are taken than there would be.
    InvalidInput
        When the number cannot be.
    NotFound
    """
    before = get_offer(actor, offer_id)
    capacity_before = before.capacity
    if not 0 <= capacity <= MOST_PLACES:
        raise InvalidInput({"capacity": [_l("Please give a number from 0 to %(most)s.", most=MOST_PLACES)]})
    # Where more people are there than places, more places are right even if they do not do for all.
    there = Offer.taken + Offer.excess
    conditions = [Offer.town_id == actor.town_id, or_(there <= capacity, Offer.capacity < capacity)]
    if version is not None:
        conditions.append(Offer.version == version)
    today = today_in(_town_of(actor))
    if not guarded_update(
        Offer, offer_id, *conditions, capacity=capacity, confirmed_at=today, **places_for(there, capacity)
    ):
        now = _as_it_stands(actor, offer_id)
        if version is not None and now.version != version:
            raise _changed(now)
        raise Conflict(
            "below_taken",
            _l("%(taken)s places are taken already, so there cannot be fewer.", taken=now.there),
            taken=now.there,
            capacity=now.capacity,
            version=now.version,
        )
    offer = get_offer(actor, offer_id)
    write_entry(
        actor, "offer.capacity_set", offer, offer=str(offer.id), before=capacity_before, capacity=capacity
    )
    offer_changed.send(offer, actor=actor)
    return offer


def say_somebody_left(actor: Actor, offer_id: uuid.UUID) -> Offer:
    """Somebody has left an offer: one place fewer is taken by people placed elsewhere, if there are any.

    Whether it was one of ours nobody can say from here: then the history asks the coordinators to look.

    Raises
    ------
    NotFound
    """
    before = get_offer(actor, offer_id)
    there = Offer.taken + Offer.excess
    was_elsewhere = guarded_update(
        Offer, before.id, there > Offer.placed, confirmed_at=_today(actor), **places_for(there - 1)
    )
    offer = get_offer(actor, offer_id)
    action = "offer.place_freed" if was_elsewhere else "offer.somebody_left"
    write_entry(actor, action, offer, offer=str(offer.id))
    if was_elsewhere:
        offer_changed.send(offer, actor=actor)
    return offer


def places_for(there: Any, capacity: Any = Offer.capacity) -> dict[str, Any]:
    """The columns of an offer at which so many people are: those beyond its places wait for the next."""
    fits = there <= capacity
    return {"taken": case((fits, there), else_=capacity), "excess": case((fits, 0), else_=there - capacity)}


def confirm_places(actor: Actor, offer_id: uuid.UUID) -> Offer:
    """Say that the number of places is still right.

    Raises
    ------
    NotFound
    """
    today = today_in(_town_of(actor))
    if not guarded_update(Offer, offer_id, Offer.town_id == actor.town_id, confirmed_at=today):
        raise NotFound
    offer = get_offer(actor, offer_id)
    write_entry(actor, "offer.places_confirmed", offer, offer=str(offer.id), capacity=offer.capacity)
    return offer


def create_capacity_link(actor: Actor, offer_id: uuid.UUID) -> tuple[str, datetime]:
    """Make the address with which an offer tells its places; an earlier one stops working.

    Returns
    -------
    tuple of str and datetime
        The token, handed out this once, and when it ends.

    Raises
    ------
    Conflict
        ``closed``, when the offer is closed.
    NotFound
    """
    offer = get_offer(actor, offer_id)
    if offer.status == "closed":
        raise Conflict("closed", _l("This offer is closed."))
    revoke_links(actor, purpose=CAPACITY, subject_id=offer.id)
    expires_at = utc_now() + LINK_LIVES
    token = create_link(actor, purpose=CAPACITY, subject_id=offer.id, expires_at=expires_at)
    return token, expires_at


def revoke_capacity_link(actor: Actor, offer_id: uuid.UUID) -> None:
    """Withdraw the address with which an offer tells its places.

    Raises
    ------
    NotFound
    """
    offer = get_offer(actor, offer_id)
    revoke_links(actor, purpose=CAPACITY, subject_id=offer.id)


def find_capacity_link(actor: Actor, offer_id: uuid.UUID) -> Link | None:
    """The link of an offer that works now; its address is known to nobody here."""
    now = utc_now()
    links = scoped(Link, actor).where(
        Link.purpose == CAPACITY,
        Link.subject_id == offer_id,
        Link.revoked_at.is_(None),
        Link.expires_at > now,
    )
    return db.session.scalar(links.order_by(Link.created_at.desc()).limit(1))


def _changed(offer: Offer) -> Conflict:
    return Conflict(
        "changed",
        _l("Somebody else changed this offer in the meantime."),
        version=offer.version,
        capacity=offer.capacity,
        taken=offer.taken,
    )


def _as_it_stands(actor: Actor, offer_id: uuid.UUID) -> Offer:
    offer = get_offer(actor, offer_id)
    db.session.refresh(offer)
    return offer


def _today(actor: Actor) -> date:
    return today_in(_town_of(actor))


def _town_of(actor: Actor) -> Town:
    if actor.town_id is None:
        raise NotFound
    return get_town_by_id(actor.town_id)
