"""What pages ask beside the lists: figures, counts, the history of a pair, search. Reads only."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, and_, false, func, or_, select
from sqlalchemy.orm import joinedload

from webapp import engine
from webapp.access import Actor, scoped
from webapp.database import count_rows, db, utc_now
from webapp.matching import services
from webapp.matching.models import UNDO_MINUTES, Ban, OpenWish, Placement, Proposal, Run, RunChange
from webapp.matching.runs import query_changes, query_wishes
from webapp.newcomers.models import Newcomer
from webapp.offers.models import Offer

FOUND_AT_MOST = 20


@dataclass(frozen=True)
class BoardFigures:
    """How the town stands: on top of the board."""

    waiting: int
    """People who are ready and want something, and have neither a proposal nor a placement."""
    active: int
    run: Run | None
    under_way: Run | None


@dataclass(frozen=True)
class Event:
    """Something that happened to a pair; `what` is a key of labels.EVENT_NAMES."""

    at: datetime
    what: str
    who: str = ""
    reason: str = ""
    note: str = ""


def board_figures(actor: Actor) -> BoardFigures:
    """The figures of the actor's town; two questions to the database."""
    newest = scoped(Run, actor).where(Run.state == "done").order_by(Run.finished_at.desc()).limit(1)
    under_way = scoped(Run, actor).where(Run.state.in_(("queued", "running"))).limit(1)
    run_ids = [runs.with_only_columns(Run.id).scalar_subquery() for runs in (newest, under_way)]
    found = db.session.scalars(select(Run).where(Run.id.in_(run_ids))).all()
    active = scoped(Placement, actor).where(Placement.state == "active")
    waiting, n_active = db.session.execute(
        select(
            select(func.count()).select_from(_waiting(actor).subquery()).scalar_subquery(),
            select(func.count()).select_from(active.subquery()).scalar_subquery(),
        )
    ).one()
    return BoardFigures(
        waiting=waiting,
        active=n_active,
        run=next((run for run in found if not run.is_under_way), None),
        under_way=next((run for run in found if run.is_under_way), None),
    )


def _waiting(actor: Actor) -> Select[Any]:
    wants = Newcomer.wants_association + Newcomer.wants_mentor + Newcomer.wants_neighbour
    placed = Newcomer.placed_association + Newcomer.placed_mentor + Newcomer.placed_neighbour
    proposed = select(Proposal.id).where(Proposal.newcomer_id == Newcomer.id, Proposal.state == "open")
    return (
        scoped(Newcomer, actor)
        .where(Newcomer.status == "ready", wants > 0, placed == 0, ~proposed.exists())
        .with_only_columns(Newcomer.id)
    )


def count_board(actor: Actor, *, search: str = "") -> dict[str, int]:
    """How many open proposals there are of each kind."""
    return _count_by(Proposal.kind, services.query_board(actor, search=search), engine.KINDS)


def count_placements(actor: Actor, *, kind: str = "", search: str = "") -> dict[str, int]:
    """How many placements there are in each state."""
    placements = services.query_placements(actor, kind=kind, search=search)
    return _count_by(Placement.state, placements, ("active", "ended"))


def _count_by(column: Any, rows: Select[Any], values: Iterable[str]) -> dict[str, int]:
    counted = rows.with_only_columns(column, func.count(), maintain_column_froms=True)
    counts = {row[0]: row[1] for row in db.session.execute(counted.order_by(None).group_by(column))}
    return {value: counts.get(value, 0) for value in values}


def newest_own_placement(actor: Actor) -> Placement | None:
    """What the actor coupled last, as long as it can be undone."""
    since = utc_now() - timedelta(minutes=UNDO_MINUTES)
    fresh = scoped(Placement, actor).where(
        Placement.state == "active", Placement.confirmed_by == actor.label, Placement.created_at > since
    )
    people = (joinedload(Placement.newcomer), joinedload(Placement.offer))
    return db.session.scalars(fresh.options(*people).order_by(Placement.created_at.desc()).limit(1)).first()


def runs_by_id(actor: Actor, ids: Iterable[uuid.UUID]) -> Mapping[uuid.UUID, Run]:
    """Some runs of the actor's town."""
    return {run.id: run for run in db.session.scalars(scoped(Run, actor).where(Run.id.in_(set(ids))))}


def offers_by_id(actor: Actor, ids: Iterable[str]) -> Mapping[str, Offer]:
    """Some offers of the actor's town, by the id the engine knows them by."""
    wanted = {engine.to_uuid(id_) for id_ in ids}
    offers = db.session.scalars(scoped(Offer, actor).where(Offer.id.in_(wanted)))
    return {str(offer.id): offer for offer in offers}


def pair_history(actor: Actor, newcomer_id: uuid.UUID, offer_id: uuid.UUID) -> list[Event]:
    """What happened to a pair so far, newest first."""

    def of_pair(model: Any) -> Sequence[Any]:
        return db.session.scalars(
            scoped(model, actor).where(model.newcomer_id == newcomer_id, model.offer_id == offer_id)
        ).all()

    events: list[Event] = []
    for proposal in of_pair(Proposal):
        if proposal.state != "staged":
            events.append(Event(proposal.created_at, "proposed"))
        if proposal.state in ("rejected", "superseded") and proposal.decided_at:
            events.append(Event(proposal.decided_at, proposal.state, proposal.decided_by, proposal.reason))
    for placement in of_pair(Placement):
        events.append(Event(placement.created_at, "placed", placement.confirmed_by, note=placement.note))
        if placement.ended_at is not None:
            events.append(
                Event(placement.ended_at, placement.state, placement.ended_by, placement.end_reason)
            )
    for ban in of_pair(Ban):
        if ban.lifted_at is not None:
            events.append(Event(ban.lifted_at, "lifted"))
    return sorted(events, key=lambda event: event.at, reverse=True)


def bans_of_pair(actor: Actor, newcomer_id: uuid.UUID, offer_id: uuid.UUID) -> Sequence[Ban]:
    """The bans of a pair that hold today."""
    bans = services.active_bans(actor, services.today_of(actor))
    return [ban for ban in bans if (ban.newcomer_id, ban.offer_id) == (newcomer_id, offer_id)]


def first_changes(run: Run, action: str, most: int) -> Sequence[RunChange]:
    """The first changes of one sort that a run made, by newcomer."""
    changes = query_changes(run).where(RunChange.action == action)
    return db.session.scalars(changes.limit(most)).all()


def search_newcomers(actor: Actor, text: str) -> Sequence[Newcomer]:
    """Newcomers of the actor's town whose name or number contains every word."""
    return db.session.scalars(_search(Newcomer, actor, text)).all()


def search_offers(actor: Actor, text: str) -> Sequence[Offer]:
    """Offers of the actor's town whose name or number contains every word."""
    return db.session.scalars(_search(Offer, actor, text)).all()


def _search(model: Any, actor: Actor, text: str) -> Select[Any]:
    found = [
        or_(*(column.icontains(word, autoescape=True) for column in (model.name, model.external_id)))
        for word in text.split()
    ]
    rows = scoped(model, actor).where(and_(*found) if found else false())
    return rows.order_by(model.name, model.id).limit(FOUND_AT_MOST)


def query_open_wishes(
    actor: Actor, *, kind: str = "", reason: str = "", unserved: bool = False
) -> Select[OpenWish]:
    """The wishes that the newest run leaves open; `unserved`: only of people without any proposal."""
    wishes = query_wishes(actor, kind=kind, reason=reason)
    return wishes.where(OpenWish.newcomer_id.in_(_waiting(actor))) if unserved else wishes


def count_new_since(actor: Actor, run: Run | None) -> int:
    """How many newcomers are ready whom the newest run did not know."""
    if run is None:
        return 0
    return count_rows(
        scoped(Newcomer, actor).where(Newcomer.status == "ready", Newcomer.created_at > run.created_at)
    )
