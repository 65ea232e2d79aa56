"""Which open proposals cannot be confirmed any more, and why; they leave the board, told in the history."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping
from typing import Any

from blinker import Namespace
from flask_babel import lazy_gettext as _l
from sqlalchemy import Row, Select, or_, select, update

from webapp.audit.services import name_actions, write_entry
from webapp.engine import records
from webapp.engine.vocabulary import KINDS
from webapp.newcomers.models import Newcomer
from webapp.offers.models import Offer
from webapp.placements.models import GroupCount
from webapp.placements.services import ids_of_pair
from webapp.proposals.models import Proposal
from webapp.storage.access import Actor
from webapp.storage.database import db, utc_now

# Sent with the actor and `proposals`, rows that have just left the board, in the same transaction: whoever
# finds something else for these people begins now.
proposals_withdrawn = Namespace().signal("proposals-withdrawn")

name_actions({"proposal.withdrawn": _l("Proposal went away"), "proposal.given_back": _l("Proposal back")})

Reasons = Mapping[uuid.UUID, str]
"""By proposal, why it cannot be confirmed: a key of labels.WITHDRAWN_REASON_NAMES."""


def find_settled(
    town_id: uuid.UUID,
    *,
    newcomer_id: uuid.UUID | None = None,
    offer_id: uuid.UUID | None = None,
    proposal_id: uuid.UUID | None = None,
) -> Reasons:
    """The open proposals of a town, of a newcomer or of an offer whose wish or place is gone.

    Of one proposal it is asked whatever its state.
    """
    rows = _rows().where(Proposal.town_id == town_id)
    if proposal_id is not None:
        rows = rows.where(Proposal.id == proposal_id)
    else:
        rows = rows.where(Proposal.state == "open")
    if newcomer_id is not None:
        rows = rows.where(Proposal.newcomer_id == newcomer_id)
    if offer_id is not None:
        rows = rows.where(Proposal.offer_id == offer_id)
    found = db.session.execute(rows).all()
    reasons = {row.id: _reason(row) for row in found}
    settled = {id_: reason for id_, reason in reasons.items() if reason}
    if proposal_id is None and newcomer_id is None:
        settled |= _beyond_the_places([row for row in found if row.id not in settled])
    return settled


def find_displaced(newcomer_id: uuid.UUID, offer_id: uuid.UUID, *, is_coupled: bool) -> Reasons:
    """What coupling two makes impossible for others, and for the newcomer beside it.

    Parameters
    ----------
    is_coupled : bool
        Whether the counters hold the pair already; else what would happen.
    """
    rows = db.session.execute(
        _rows().where(
            Proposal.state == "open",
            or_(Proposal.newcomer_id == newcomer_id, Proposal.offer_id == offer_id),
        )
    ).all()
    newcomer, offer = db.session.get_one(Newcomer, newcomer_id), db.session.get_one(Offer, offer_id)
    ahead = 0 if is_coupled else 1
    found = {}
    others = []
    for row in rows:
        if (row.newcomer_id, row.offer_id) == (newcomer_id, offer_id):
            continue
        if row.newcomer_id == newcomer_id:
            reason = _reason(row, placed_more={offer.kind: ahead}) or _clash(row, offer)
        else:
            reason = _reason(row, taken_more=ahead)
            others.append(row)
        if reason:
            found[row.id] = reason
    found |= _beyond_the_mix(newcomer, offer, [row for row in others if row.id not in found], ahead)
    return found | _beyond_the_places([row for row in others if row.id not in found], ahead)


def withdraw(actor: Actor, reasons: Reasons, placement_id: uuid.UUID | None = None) -> None:
    """Take open proposals off the board; the history keeps why, and which placement did it."""
    if not reasons:
        return
    now = utc_now()
    for reason in sorted(set(reasons.values())):
        ids = [id_ for id_, why in reasons.items() if why == reason]
        db.session.execute(
            update(Proposal)
            .where(Proposal.id.in_(ids), Proposal.state == "open")
            .values(
                state="superseded",
                superseded_by=placement_id,
                decided_at=now,
                decided_by=actor.label,
                reason=reason,
                version=Proposal.version + 1,
            )
            .execution_options(synchronize_session=False)
        )
    left = db.session.scalars(
        select(Proposal)
        .where(Proposal.id.in_(reasons), Proposal.state == "superseded")
        .order_by(Proposal.urgency.desc(), Proposal.id)
        .execution_options(populate_existing=True)
    ).all()
    for proposal in left:
        write_entry(
            actor, "proposal.withdrawn", proposal, **ids_of_pair(proposal), reason=reasons[proposal.id]
        )
    proposals_withdrawn.send(actor, proposals=left)


def _rows() -> Select[Any]:
    """Proposals with what decides whether they can still be confirmed."""
    counters = [getattr(Newcomer, f"{what}_{kind}") for what in ("placed", "wants") for kind in KINDS]
    return (
        select(
            *(Proposal.id, Proposal.newcomer_id, Proposal.offer_id, Proposal.kind),
            *(Proposal.urgency, Proposal.score),
            *(Newcomer.status, Newcomer.consent, Newcomer.max_placements, *counters),
            *(Offer.status.label("offer_status"), Offer.taken, Offer.capacity),
        )
        .join(Newcomer, Proposal.newcomer_id == Newcomer.id)
        .join(Offer, Proposal.offer_id == Offer.id)
    )


def _reason(row: Row[Any], *, placed_more: Mapping[str, int] | None = None, taken_more: int = 0) -> str:
    more = placed_more or {}
    placed = {kind: getattr(row, f"placed_{kind}") + more.get(kind, 0) for kind in KINDS}
    if row.status == "closed":
        return "newcomer_closed"
    if not row.consent:
        return "consent"
    if row.offer_status != "active":
        return f"offer_{row.offer_status}"
    if placed[row.kind] >= getattr(row, f"wants_{row.kind}"):
        return "wish_met"
    if row.max_placements is not None and sum(placed.values()) >= row.max_placements:
        return "wish_met"
    return "full" if row.taken + taken_more >= row.capacity else ""


def _beyond_the_places(rows: Collection[Row[Any]], taken_more: int = 0) -> dict[uuid.UUID, str]:
    """Of more proposals for an offer than it has places, those that are needed least."""
    found = {}
    left: dict[uuid.UUID, int] = {}
    for row in sorted(rows, key=lambda row: (-row.urgency, -row.score, row.id)):
        left.setdefault(row.offer_id, row.capacity - row.taken - taken_more)
        left[row.offer_id] -= 1
        if left[row.offer_id] < 0:
            found[row.id] = "full"
    return found


def _clash(row: Row[Any], offer: Offer) -> str:
    """Whether a proposal's sessions are at the same time as those of an offer; among activities only."""
    if offer.kind != "association" or row.kind != "association":
        return ""
    times = db.session.scalar(select(Offer.times).where(Offer.id == row.offer_id))
    return "time_clash" if records.sessions_clash(times or (), offer.times) else ""


def _beyond_the_mix(
    newcomer: Newcomer, offer: Offer, rows: Collection[Row[Any]], ahead: int
) -> dict[uuid.UUID, str]:
    """Proposals of others with the newcomer's language, where the mix has no place for it any more."""
    limit = records.group_limit(offer.capacity, offer.language_share_max)
    group = records.language_group(newcomer)
    if offer.kind != "association" or limit is None or not group or not rows:
        return {}
    count = select(GroupCount.placed).where(GroupCount.offer_id == offer.id, GroupCount.language == group)
    if (db.session.scalar(count) or 0) + ahead < limit:
        return {}
    people = {
        one.id: one
        for one in db.session.scalars(
            select(Newcomer).where(Newcomer.id.in_({row.newcomer_id for row in rows}))
        )
    }
    return {
        row.id: "mixing_limit" for row in rows if records.language_group(people[row.newcomer_id]) == group
    }
