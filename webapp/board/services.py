"""How a town stands today: the board, its figures, and the search over everybody."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, String, and_, case, cast, false, func, or_, select

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
from webapp.storage.database import db, utc_now
from webapp.towns.services import today_of

FOUND_AT_MOST = 20


@dataclass(frozen=True)
class BoardCounts:
    """How much is on the board as it is narrowed: newcomers, and proposals of each kind."""

    people: int
    of_kinds: dict[str, int]


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


def people_on_page(
    actor: Actor, page: int, page_size: int, *, order: str = "need", **narrowed: str
) -> list[uuid.UUID]:
    """The ids of the newcomers on one page of the board, the most urgent first or by name.

    The proposals of a newcomer are equally urgent, and lie in that order in the index of the board: a page is
    read off it, without sorting the town.
    """
    found = query_board(actor, **narrowed)
    if order == "name":
        name = func.lower(Newcomer.name)
        people = found.with_only_columns(Proposal.newcomer_id, name).order_by(None)
        people = people.distinct().order_by(name, Proposal.newcomer_id)
    else:
        people = found.with_only_columns(Proposal.newcomer_id, Proposal.urgency).order_by(None)
        people = people.distinct().order_by(Proposal.urgency.desc(), Proposal.newcomer_id.desc())
    rows = db.session.execute(people.limit(page_size).offset((page - 1) * page_size))
    return list(dict.fromkeys(row[0] for row in rows))


def proposals_of_people(
    actor: Actor, ids: Sequence[uuid.UUID], **narrowed: str
) -> list[tuple[Newcomer, list[Proposal]]]:
    """Some newcomers in the order given, each with what is open for them on the board, the best fit first."""
    found: dict[uuid.UUID, list[Proposal]] = {id_: [] for id_ in ids}
    for proposal in db.session.scalars(query_board(actor, **narrowed).where(Newcomer.id.in_(ids))):
        found[proposal.newcomer_id].append(proposal)
    return [(proposals[0].newcomer, proposals) for proposals in found.values() if proposals]


def next_on_board(actor: Actor, after: Proposal, *, order: str = "need", **narrowed: str) -> Proposal | None:
    """The open proposal that follows one that was decided: of the same newcomer, then the next."""
    found = query_board(actor, **narrowed)
    own = found.where(Proposal.newcomer_id == after.newcomer_id)
    if order == "name":
        place, here = func.lower(Newcomer.name), func.lower(after.newcomer.name)
        later = found.where(or_(place > here, and_(place == here, Newcomer.id > after.newcomer_id)))
        later = later.order_by(None).order_by(place, Newcomer.id, Proposal.score.desc())
    else:
        later = found.where(Proposal.urgency <= after.urgency, Proposal.id != after.id)
    return db.session.scalars(own.limit(1)).first() or db.session.scalars(later.limit(1)).first()


def count_board(actor: Actor, *, kind: str = "", **narrowed: str) -> BoardCounts:
    """How many proposals there are of each kind, and how many newcomers with any of `kind`, or of all."""
    found = query_board(actor, **narrowed).order_by(None)
    of_kind = Proposal.newcomer_id if not kind else case((Proposal.kind == kind, Proposal.newcomer_id))
    of_kinds = [func.coalesce(func.sum(case((Proposal.kind == one, 1), else_=0)), 0) for one in KINDS]
    counted = db.session.execute(
        found.with_only_columns(func.count(of_kind.distinct()), *of_kinds, maintain_column_froms=True)
    ).one()
    return BoardCounts(counted[0], dict(zip(KINDS, counted[1:], strict=True)))


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


def newest_own_decision(actor: Actor) -> Placement | Proposal | None:
    """What the actor coupled or rejected last, as long as it can be undone."""
    since = utc_now() - timedelta(minutes=UNDO_MINUTES)
    newest: list[tuple[datetime, Placement | Proposal]] = []
    for model, state, decided_by, decided_at in (
        (Placement, "active", Placement.confirmed_by, Placement.created_at),
        (Proposal, "rejected", Proposal.decided_by, Proposal.decided_at),
    ):
        fresh = scoped(model, actor).where(
            model.state == state, decided_by == actor.label, decided_at > since
        )
        found = db.session.scalars(with_sides(fresh, model).order_by(decided_at.desc()).limit(1)).first()
        if found is not None:
            newest.append((getattr(found, decided_at.key), found))
    return max(newest, key=lambda one: one[0])[1] if newest else None


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
