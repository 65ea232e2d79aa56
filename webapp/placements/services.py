"""Placing by hand, ending and undoing; bans; who is placed where."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Any

from blinker import Namespace
from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, Select, delete, or_, select
from sqlalchemy.orm import joinedload

from webapp.audit.services import describe_details, name_actions, name_details, show_rows, write_entry
from webapp.newcomers.caseload import is_looked_after
from webapp.newcomers.models import Newcomer
from webapp.offers.models import Offer
from webapp.placements.conflicts import conflict
from webapp.placements.labels import rules_text
from webapp.placements.models import BAD_ENDS, Ban, Placement
from webapp.placements.places import couple, find_origin, release
from webapp.storage.access import Actor, get_scoped, scoped
from webapp.storage.database import count_rows_by, db, delete_rows, utc_now
from webapp.towns.services import today_of

# Sent with the placement and `actor`, once it is taken back or has ended and in the same transaction: what it
# decided or pushed aside may be open again.
placement_released = Namespace().signal("placement-released")

name_actions(
    {
        "placement.made_by_hand": _l("Placed by hand"),
        "placement.ended": _l("Placement ended"),
        "placement.undone": _l("Placement undone"),
        "ban.lifted": _l("Ban lifted"),
    }
)
name_details({"set_aside": _l("Set aside")})
show_rows({Placement: ("placements.detail", "placement_id")})
describe_details(
    {"set_aside": lambda _actor, values: {value: rules_text(value.split(", ")) for value in values}}
)


# Reading ---------------------------------------------------------------------------------------------


def query_placements(
    actor: Actor, *, state: str = "", kind: str = "", search: str = "", whose: str = ""
) -> Select[Placement]:
    """The placements of the actor's town, newest first; `whose` newcomers: see `is_looked_after`."""
    placements = with_sides(scoped(Placement, actor), Placement)
    if state:
        placements = placements.where(Placement.state == state)
    if kind:
        placements = placements.where(Placement.kind == kind)
    if search or whose:
        placements = placements.join(Newcomer, Placement.newcomer_id == Newcomer.id)
    if whose:
        placements = placements.where(is_looked_after(actor, whose))
    if search:
        placements = placements.join(Offer, Placement.offer_id == Offer.id)
        placements = placements.where(sides_match(search))
    return placements.order_by(Placement.created_at.desc(), Placement.id)


def count_placements(actor: Actor, **narrowed: str) -> dict[str, int]:
    """How many placements there are in each state, of those that `query_placements` finds."""
    placements = query_placements(actor, **narrowed)
    return count_rows_by(Placement.state, placements, ("active", "ended"))


def get_placement(actor: Actor, placement_id: uuid.UUID) -> Placement:
    """A placement with its newcomer and offer; raises NotFound."""
    return get_scoped(Placement, actor, placement_id, with_sides(scoped(Placement, actor), Placement))


def query_placements_of(actor: Actor, newcomer_id: uuid.UUID) -> Sequence[Placement]:
    """A newcomer's placements but those taken back, newest first."""
    placements = with_sides(scoped(Placement, actor), Placement).where(
        Placement.newcomer_id == newcomer_id, Placement.state != "undone"
    )
    return db.session.scalars(placements.order_by(Placement.created_at.desc())).all()


def query_placed_at(actor: Actor, *, offer_id: uuid.UUID) -> Sequence[Placement]:
    """Who is placed at an offer now."""
    placements = with_sides(scoped(Placement, actor), Placement).where(
        Placement.offer_id == offer_id, Placement.state == "active"
    )
    return db.session.scalars(placements.order_by(Placement.created_at)).all()


def active_bans(actor: Actor, today: date) -> Sequence[Ban]:
    """The bans of the actor's town that hold on a day."""
    return db.session.scalars(_active_bans(actor, today)).all()


def bans_of_newcomer(actor: Actor, newcomer_id: uuid.UUID) -> Sequence[Ban]:
    """The bans of a newcomer that hold today, with their offers, the oldest first."""
    bans = _active_bans(actor, today_of(actor)).where(Ban.newcomer_id == newcomer_id)
    return db.session.scalars(bans.options(joinedload(Ban.offer)).order_by(Ban.created_at)).all()


def bans_of_pair(actor: Actor, newcomer_id: uuid.UUID, offer_id: uuid.UUID) -> Sequence[Ban]:
    """The bans of a pair that hold today."""
    bans = _active_bans(actor, today_of(actor))
    return db.session.scalars(bans.where(Ban.newcomer_id == newcomer_id, Ban.offer_id == offer_id)).all()


def _active_bans(actor: Actor, today: date) -> Select[Ban]:
    return scoped(Ban, actor).where(Ban.holds_on(today))


def with_sides(rows: Select[Any], model: Any) -> Select[Any]:
    """A select over pairs, with the newcomer and the offer of each."""
    return rows.options(joinedload(model.newcomer), joinedload(model.offer))


def sides_match(search: str) -> ColumnElement[bool]:
    """The condition that the newcomer or the offer of a pair has this in their name or number."""
    columns = (Newcomer.name, Newcomer.external_id, Offer.name, Offer.external_id)
    return or_(*(column.icontains(search, autoescape=True) for column in columns))


# Deciding --------------------------------------------------------------------------------------------


def place_by_hand(
    actor: Actor,
    newcomer_id: uuid.UUID,
    offer_id: uuid.UUID,
    *,
    note: str = "",
    set_aside: Collection[str] = (),
    override_reason: str = "",
) -> Placement:
    """Couple two by a coordinator's own choice, under every guard but those set aside by a written reason.

    Only rules of convenience (`OVERRIDABLE`) can be set aside, and only those that are named: whoever wrote
    the reason has seen them. The history keeps which, and why.

    Raises
    ------
    NotFound
    Conflict
        With the reason why the two cannot be coupled now; nothing is changed then.
    """
    origin = find_origin(actor, newcomer_id, offer_id)
    placement = couple(
        actor,
        newcomer_id,
        offer_id,
        note=note,
        origin=origin,
        set_aside=set_aside,
        override_reason=override_reason,
    )
    aside = {"set_aside": ", ".join(placement.overridden)} if placement.overridden else {}
    write_entry(actor, "placement.made_by_hand", placement, **ids_of_pair(placement), **aside)
    return placement


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
        ban_pair(actor, placement, reason, None)
    write_entry(actor, "placement.ended", placement, **ids_of_pair(placement), reason=reason)
    placement_released.send(placement, actor=actor)
    return placement


def undo_placement(actor: Actor, placement_id: uuid.UUID) -> Placement:
    """Take a placement back within minutes; what it decided or pushed aside may be open again.

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
    write_entry(actor, "placement.undone", placement, **ids_of_pair(placement))
    placement_released.send(placement, actor=actor)
    return placement


def ban_pair(actor: Actor, pair: Any, reason: str, ban_until: date | None) -> None:
    """Let the two of a placement or proposal not be proposed until a day, or until the ban is lifted."""
    ids = {"town_id": pair.town_id, "newcomer_id": pair.newcomer_id, "offer_id": pair.offer_id}
    db.session.add(Ban(**ids, reason=reason, ban_until=ban_until, created_by=actor.label))
    db.session.flush()


def remove_ban(pair: Any, reason: str, since: datetime) -> bool:
    """Delete the ban that the two of a proposal got for a reason at a moment, as if it had not been.

    Returns
    -------
    bool
        False when it is there no more, or something else has become of the two since.
    """
    of_pair = (Ban.newcomer_id == pair.newcomer_id, Ban.offer_id == pair.offer_id, Ban.created_at >= since)
    bans = db.session.scalars(select(Ban).where(*of_pair)).all()
    placed = select(Placement.id).where(
        *(Placement.newcomer_id == pair.newcomer_id, Placement.offer_id == pair.offer_id),
        Placement.created_at >= since,
    )
    if [ban.reason for ban in bans] != [reason] or bans[0].lifted_at is not None:
        return False
    if db.session.scalar(placed.limit(1)) is not None:
        return False
    return delete_rows(delete(Ban).where(Ban.id == bans[0].id)) == 1


def lift_ban(actor: Actor, ban_id: uuid.UUID) -> Ban:
    """Let a banned pair be proposed again; raises NotFound."""
    ban = get_scoped(Ban, actor, ban_id)
    if ban.lifted_at is None:
        ban.lifted_at = utc_now()
        write_entry(actor, "ban.lifted", ban, **ids_of_pair(ban))
        db.session.flush()
    return ban


def ids_of_pair(row: Any) -> dict[str, str]:
    """The two of a placement, proposal or ban, for the history."""
    return {"newcomer": str(row.newcomer_id), "offer": str(row.offer_id)}
