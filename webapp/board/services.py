"""How a town stands today: the board, its figures, and the search over everybody."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Select, and_, false, func, or_, select

from webapp.engine.vocabulary import KINDS
from webapp.newcomers.models import Newcomer
from webapp.offers.models import Offer
from webapp.placements.models import UNDO_MINUTES, Placement
from webapp.placements.services import sides_match, with_sides
from webapp.proposals.models import Proposal
from webapp.proposals.services import query_waiting
from webapp.runs.models import Run
from webapp.storage.access import Actor, scoped
from webapp.storage.database import count_rows_by, db, utc_now

FOUND_AT_MOST = 20


@dataclass(frozen=True)
class BoardFigures:
    """How the town stands: on top of the board."""

    waiting: int
    """People who are ready and want something, and have neither a proposal nor a placement."""
    active: int
    run: Run | None
    under_way: Run | None


def query_board(actor: Actor, *, kind: str = "", search: str = "") -> Select[Proposal]:
    """The open proposals of the actor's town, the most urgent first."""
    proposals = with_sides(scoped(Proposal, actor), Proposal).where(Proposal.state == "open")
    proposals = proposals.join(Newcomer, Proposal.newcomer_id == Newcomer.id)
    proposals = proposals.join(Offer, Proposal.offer_id == Offer.id)
    proposals = proposals.where(Newcomer.status == "ready", Newcomer.consent, Offer.status == "active")
    if kind:
        proposals = proposals.where(Proposal.kind == kind)
    if search:
        proposals = proposals.where(sides_match(search))
    return proposals.order_by(Proposal.urgency.desc(), Proposal.score.desc(), Proposal.id)


def count_board(actor: Actor, *, search: str = "") -> dict[str, int]:
    """How many open proposals there are of each kind."""
    return count_rows_by(Proposal.kind, query_board(actor, search=search), KINDS)


def board_figures(actor: Actor) -> BoardFigures:
    """The figures of the actor's town; two questions to the database."""
    newest = scoped(Run, actor).where(Run.state == "done").order_by(Run.finished_at.desc()).limit(1)
    under_way = scoped(Run, actor).where(Run.state.in_(("queued", "running"))).limit(1)
    run_ids = [runs.with_only_columns(Run.id).scalar_subquery() for runs in (newest, under_way)]
    found = db.session.scalars(select(Run).where(Run.id.in_(run_ids))).all()
    active = scoped(Placement, actor).where(Placement.state == "active")
    waiting, n_active = db.session.execute(
        select(
            select(func.count()).select_from(query_waiting(actor).subquery()).scalar_subquery(),
            select(func.count()).select_from(active.subquery()).scalar_subquery(),
        )
    ).one()
    return BoardFigures(
        waiting=waiting,
        active=n_active,
        run=next((run for run in found if not run.is_under_way), None),
        under_way=next((run for run in found if run.is_under_way), None),
    )


def newest_own_placement(actor: Actor) -> Placement | None:
    """What the actor coupled last, as long as it can be undone."""
    since = utc_now() - timedelta(minutes=UNDO_MINUTES)
    fresh = scoped(Placement, actor).where(
        Placement.state == "active", Placement.confirmed_by == actor.label, Placement.created_at > since
    )
    newest = with_sides(fresh, Placement).order_by(Placement.created_at.desc()).limit(1)
    return db.session.scalars(newest).first()


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
