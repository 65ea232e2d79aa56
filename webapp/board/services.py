"""How a town stands today: the board, its figures, and the search over everybody."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, String, and_, cast, false, func, or_, select

from webapp.board.schemas import AGE_BANDS
from webapp.engine.vocabulary import KINDS
from webapp.newcomers.caseload import is_looked_after
from webapp.newcomers.models import Newcomer
from webapp.newcomers.services import query_newcomers
from webapp.offers.models import Offer
from webapp.offers.services import query_offers
from webapp.placements.models import UNDO_MINUTES, Placement
from webapp.placements.services import sides_match, with_sides
from webapp.proposals.models import Proposal
from webapp.proposals.services import query_waiting
from webapp.runs.models import Run
from webapp.storage.access import Actor, scoped
from webapp.storage.database import count_rows_by, db, utc_now
from webapp.towns.services import today_of

FOUND_AT_MOST = 20


@dataclass(frozen=True)
class BoardFigures:
    """How the town stands: on top of the board."""

    waiting: int
    """People who are ready and want something, and have neither a proposal nor a placement."""
    active: int
    to_check: int
    """People who filled in the form and wait to be checked."""
    new: int
    """People who came into the list since yesterday."""
    yesterday: date
    running_out: int
    """Mentors and neighbours whose screening is missing, has expired, or expires soon."""
    run: Run | None
    under_way: Run | None


def query_board(
    actor: Actor,
    *,
    kind: str = "",
    search: str = "",
    day: str = "",
    language: str = "",
    age: str = "",
    whose: str = "",
) -> Select[Proposal]:
    """The open proposals of the actor's town, the most urgent first.

    Parameters
    ----------
    day : str
        Only of offers with hours on this day of the week.
    language : str
        Only of newcomers who speak it.
    age : str
        Only of newcomers in this band of `AGE_BANDS`.
    whose : str
        Only of newcomers whom somebody looks after: see `is_looked_after`.
    """
    proposals = with_sides(scoped(Proposal, actor), Proposal).where(Proposal.state == "open")
    proposals = proposals.join(Newcomer, Proposal.newcomer_id == Newcomer.id)
    proposals = proposals.join(Offer, Proposal.offer_id == Offer.id)
    proposals = proposals.where(Newcomer.status == "ready", Newcomer.consent, Offer.status == "active")
    if kind:
        proposals = proposals.where(Proposal.kind == kind)
    if search:
        proposals = proposals.where(sides_match(search))
    if day:
        proposals = proposals.where(_says(Offer.times, f'"{day} '))
    if language:
        proposals = proposals.where(_says(Newcomer.languages, f'"{language}"'))
    if age:
        low, high = AGE_BANDS[age]
        year = today_of(actor).year
        proposals = proposals.where(Newcomer.birth_year.between(year - high - 1, year - low))
    if whose:
        proposals = proposals.where(is_looked_after(actor, whose))
    return proposals.order_by(Proposal.urgency.desc(), Proposal.score.desc(), Proposal.id)


def query_people(actor: Actor, *, order: str = "need", **narrowed: str) -> Select[Newcomer]:
    """The newcomers of whom something on the board is open, the most urgent first or by name."""
    columns = (Proposal.newcomer_id, Proposal.urgency)
    found = query_board(actor, **narrowed).order_by(None).with_only_columns(*columns).subquery()
    urgency = (
        select(found.c.newcomer_id, func.max(found.c.urgency).label("urgency"))
        .group_by(found.c.newcomer_id)
        .subquery()
    )
    people = scoped(Newcomer, actor).join(urgency, urgency.c.newcomer_id == Newcomer.id)
    if order == "name":
        return people.order_by(func.lower(Newcomer.name), Newcomer.id)
    return people.order_by(urgency.c.urgency.desc(), Newcomer.id)


def count_people(actor: Actor, **narrowed: str) -> int:
    """How many newcomers something is open for on the board."""
    found = query_board(actor, **narrowed).order_by(None)
    return db.session.scalar(found.with_only_columns(func.count(Proposal.newcomer_id.distinct()))) or 0


def proposals_of_people(
    actor: Actor, ids: Iterable[uuid.UUID], **narrowed: str
) -> dict[uuid.UUID, list[Proposal]]:
    """What is open on the board for some newcomers, by newcomer, the best fit first."""
    found: dict[uuid.UUID, list[Proposal]] = {}
    for proposal in db.session.scalars(query_board(actor, **narrowed).where(Newcomer.id.in_(list(ids)))):
        found.setdefault(proposal.newcomer_id, []).append(proposal)
    return found


def next_on_board(actor: Actor, after: Proposal, **narrowed: str) -> Proposal | None:
    """The open proposal that follows one that was decided: of the same newcomer, then of the next."""
    own = query_board(actor, **narrowed).where(Proposal.newcomer_id == after.newcomer_id).limit(1)
    later = query_board(actor, **narrowed).where(Proposal.urgency <= after.urgency, Proposal.id != after.id)
    return db.session.scalars(own).first() or db.session.scalars(later.limit(1)).first()


def count_board(actor: Actor, **narrowed: str) -> dict[str, int]:
    """How many open proposals there are of each kind."""
    return count_rows_by(Proposal.kind, query_board(actor, **narrowed), KINDS)


def _says(column: Any, text: str) -> ColumnElement[bool]:
    """Whether the JSON of a column has a text in it."""
    return cast(column, String).contains(text, autoescape=True)


def board_figures(actor: Actor) -> BoardFigures:
    """The figures of the actor's town; two questions to the database."""
    newest = scoped(Run, actor).where(Run.state == "done").order_by(Run.finished_at.desc()).limit(1)
    under_way = scoped(Run, actor).where(Run.state.in_(("queued", "running"))).limit(1)
    run_ids = [runs.with_only_columns(Run.id).scalar_subquery() for runs in (newest, under_way)]
    found = db.session.scalars(select(Run).where(Run.id.in_(run_ids))).all()
    active = scoped(Placement, actor).where(Placement.state == "active")
    yesterday = today_of(actor) - timedelta(days=1)
    counted = (
        query_waiting(actor),
        active.with_only_columns(Placement.id),
        scoped(Newcomer, actor).where(Newcomer.status == "new").with_only_columns(Newcomer.id),
        query_newcomers(actor, since=yesterday).order_by(None).with_only_columns(Newcomer.id),
        query_offers(actor, attention="screening").order_by(None).with_only_columns(Offer.id),
    )
    asked = (select(func.count()).select_from(rows.subquery()).scalar_subquery() for rows in counted)
    waiting, n_active, to_check, new, running_out = db.session.execute(select(*asked)).one()
    return BoardFigures(
        waiting=waiting,
        active=n_active,
        to_check=to_check,
        new=new,
        yesterday=yesterday,
        running_out=running_out,
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


def newest_own_rejection(actor: Actor) -> Proposal | None:
    """What the actor rejected last, as long as it can be undone."""
    since = utc_now() - timedelta(minutes=UNDO_MINUTES)
    fresh = scoped(Proposal, actor).where(
        Proposal.state == "rejected", Proposal.decided_by == actor.label, Proposal.decided_at > since
    )
    newest = with_sides(fresh, Proposal).order_by(Proposal.decided_at.desc()).limit(1)
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
