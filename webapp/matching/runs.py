"""The life of a run: queued, solved outside any write transaction, staged, made visible in one step."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import Select, bindparam, delete, exists, func, insert, select, update
from sqlalchemy.orm import joinedload

from webapp import engine
from webapp.access import Actor, get_scoped, scoped, system_actor
from webapp.audit.services import name_actions, name_details, record
from webapp.database import Record, db, utc_now, write_transaction
from webapp.matching.conflicts import conflict
from webapp.matching.models import OpenWish, Placement, Proposal, Run, RunChange
from webapp.matching.places import supersede_settled
from webapp.matching.services import active_bans, today_of
from webapp.newcomers.models import Newcomer
from webapp.offers.models import Offer
from webapp.towns.services import get_town_by_id

DEAD_AFTER = timedelta(minutes=10)
ROWS_AT_ONCE = 500
_PROPOSALS: Any = Proposal.__table__
_REFRESHED = ("run_id", "score", "parts", "urgency", "distance_km", "travel_minutes")
_OFFER_COLUMNS = ("offer_id", "before_id", "after_id")

name_actions(
    {
        "run.started": _l("Matching run started"),
        "run.done": _l("Matching run done"),
        "run.failed": _l("Matching run failed"),
    }
)
name_details({"proposals": _l("Proposals")})

Progress = Callable[[str], None]
IdPair = tuple[uuid.UUID, uuid.UUID]


@dataclass(frozen=True)
class Outcome:
    """What a run found: the plan, and what it changes about the proposals that are open."""

    plan: engine.Plan
    changes: Sequence[engine.ProposalChange]
    names: dict[str, str]
    """Names of newcomers and offers by id, for those who print."""


def query_runs(actor: Actor) -> Select[Run]:
    """The runs of the actor's town, newest first."""
    return scoped(Run, actor).order_by(Run.created_at.desc(), Run.id)


def get_run(actor: Actor, run_id: uuid.UUID) -> Run:
    """A run; raises NotFound."""
    return get_scoped(Run, actor, run_id)


def newest_run(actor: Actor) -> Run | None:
    """The newest run of the actor's town that is done."""
    done = scoped(Run, actor).where(Run.state == "done")
    return db.session.scalars(done.order_by(Run.finished_at.desc()).limit(1)).first()


def run_under_way(actor: Actor) -> Run | None:
    """The run of the actor's town that waits or runs now."""
    return db.session.scalars(scoped(Run, actor).where(Run.state.in_(("queued", "running")))).first()


def query_changes(run: Run) -> Select[RunChange]:
    """What a run changed, by newcomer."""
    people = (joinedload(RunChange.newcomer), joinedload(RunChange.before), joinedload(RunChange.after))
    changes = select(RunChange).where(RunChange.run_id == run.id).options(*people)
    return changes.join(Newcomer, RunChange.newcomer_id == Newcomer.id).order_by(Newcomer.name, RunChange.id)


def query_wishes(actor: Actor, *, kind: str = "", reason: str = "") -> Select[OpenWish]:
    """The wishes that the newest run leaves open, the most urgent newcomers first."""
    newest = newest_run(actor)
    wishes = scoped(OpenWish, actor).where(OpenWish.run_id == (newest.id if newest else None))
    if kind:
        wishes = wishes.where(OpenWish.kind == kind)
    if reason:
        wishes = wishes.where(OpenWish.reason == reason)
    wishes = wishes.options(joinedload(OpenWish.newcomer)).join(Newcomer, OpenWish.newcomer_id == Newcomer.id)
    need, since = func.coalesce(Newcomer.need_level, 0), func.coalesce(Newcomer.waiting_since, date.max)
    return wishes.order_by(need.desc(), since, OpenWish.id)


def start_run(actor: Actor, *, today: date | None = None) -> Run:
    """Queue a run of the actor's town; a run that has shown no life for ten minutes is given up first.

    Raises
    ------
    Conflict
        ``run_active`` while another run of the town is under way.
    """
    under_way = run_under_way(actor)
    if under_way is not None and utc_now() - under_way.beat_at < DEAD_AFTER:
        raise conflict("run_active", run_id=str(under_way.id))
    if under_way is not None:
        _fail(under_way, "interrupted")
        db.session.flush()
    _sweep(actor)
    run = Run(town_id=actor.town_id, started_by=actor.label, today=today or today_of(actor))
    db.session.add(run)
    record(actor, "run.started", run)
    db.session.flush()
    return run


def execute_run(run_id: uuid.UUID, progress: Progress | None = None) -> Outcome:
    """Solve a queued run and make its proposals visible; whatever fails marks the run as failed.

    Opens its own short write transactions: the plan is made outside of them.

    Raises
    ------
    Conflict
        ``changed`` when the run is not queued any more.
    """
    with write_transaction():
        run = db.session.get_one(Run, run_id)
        if run.state != "queued":
            raise conflict("changed")
        run.state, run.beat_at = "running", utc_now()
        town_id, today = run.town_id, run.today

    def beat(stage: str) -> None:
        with write_transaction():
            db.session.execute(update(Run).where(Run.id == run_id).values(stage=stage, beat_at=utc_now()))
        if progress is not None:
            progress(stage)

    try:
        outcome = solve(system_actor(town_id), today, beat)
        beat("store")
        _store(run_id, outcome)
    except BaseException as error:
        with write_transaction():
            _fail(db.session.get_one(Run, run_id), str(error) or type(error).__name__)
        raise
    return outcome


def solve(actor: Actor, today: date, progress: Progress | None = None) -> Outcome:
    """Make a plan from the rows as they are now and compare it with the open proposals; changes nothing."""
    town = get_town_by_id(actor.town_id) if actor.town_id else None
    if town is None:
        raise ValueError("a run needs a town")
    newcomers = db.session.scalars(scoped(Newcomer, actor).order_by(Newcomer.external_id, Newcomer.id)).all()
    offers = db.session.scalars(scoped(Offer, actor).order_by(Offer.external_id, Offer.id)).all()
    placements = db.session.scalars(scoped(Placement, actor).where(Placement.state == "active")).all()
    open_pairs = engine.id_pairs(db.session.scalars(scoped(Proposal, actor).where(Proposal.state == "open")))
    people = [engine.to_newcomer(row, town.slug) for row in newcomers]
    places = [engine.to_offer(row, town.slug) for row in offers]
    fixed, banned = engine.id_pairs(placements), engine.id_pairs(active_bans(actor, today))
    policy = engine.read_policy(town.policy)
    rows: list[Newcomer | Offer] = [*newcomers, *offers]
    names = {str(row.id): row.name or row.external_id for row in rows}
    db.session.rollback()  # the snapshot is read; nothing is held while the plan is made
    plan = engine.make_plan(
        people,
        places,
        policy,
        today=today,
        fixed=fixed,
        banned=banned,
        previous=open_pairs,
        progress=progress,
    )
    return Outcome(plan, engine.compare(open_pairs, plan), names)


# Storing ---------------------------------------------------------------------------------------------


def _store(run_id: uuid.UUID, outcome: Outcome) -> None:
    """Stage new proposals in chunks nobody sees, then switch over in one short transaction."""
    town_id = db.session.get_one(Run, run_id).town_id
    known = _open_pairs(town_id)
    proposals = [_proposal_row(run_id, town_id, outcome.plan, found) for found in outcome.plan.proposals]
    new = [row for row in proposals if _pair(row) not in known]
    wishes = [_wish_row(run_id, town_id, wish) for wish in outcome.plan.unmatched]
    changes = [_change_row(run_id, change) for change in outcome.changes]
    for model, rows in ((Proposal, new), (OpenWish, wishes), (RunChange, changes)):
        for chunk in _chunks(rows):
            with write_transaction():
                _insert(model, chunk)
    with write_transaction():
        _switch_over(run_id, town_id, proposals, outcome)


def _switch_over(
    run_id: uuid.UUID, town_id: uuid.UUID, proposals: Sequence[dict[str, Any]], outcome: Outcome
) -> None:
    """From one moment to the next the new proposals are the open ones; decided ones are not touched."""
    run = db.session.get_one(Run, run_id)
    if run.state != "running":
        raise conflict("changed")
    open_now = _open_pairs(town_id)
    staying = [{**row, "known_id": open_now[_pair(row)]} for row in proposals if _pair(row) in open_now]
    leaving = set(open_now.values()) - {row["known_id"] for row in staying}
    if leaving:
        _set_states(_PROPOSALS.c.id.in_(leaving), "superseded")
    if staying:
        refreshed: dict[str, Any] = {name: bindparam(name) for name in _REFRESHED}
        db.session.execute(
            update(_PROPOSALS)
            .where(_PROPOSALS.c.id == bindparam("known_id"), _PROPOSALS.c.state == "open")
            .values(version=_PROPOSALS.c.version + 1, **refreshed),
            [{name: row[name] for name in ("known_id", *_REFRESHED)} for row in staying],
        )
    # While the plan was made somebody may have placed by hand what it proposes.
    placed = exists().where(
        Placement.state == "active",
        Placement.newcomer_id == _PROPOSALS.c.newcomer_id,
        Placement.offer_id == _PROPOSALS.c.offer_id,
    )
    db.session.execute(
        delete(_PROPOSALS).where(_PROPOSALS.c.run_id == run_id, _PROPOSALS.c.state == "staged", placed)
    )
    _set_states((_PROPOSALS.c.run_id == run_id) & (_PROPOSALS.c.state == "staged"), "open")
    supersede_settled(town_id)
    db.session.execute(delete(OpenWish).where(OpenWish.town_id == town_id, OpenWish.run_id != run_id))
    run.state, run.finished_at, run.stage = "done", utc_now(), ""
    run.policy, run.policy_version = outcome.plan.policy.to_dict(), outcome.plan.policy.version
    run.figures = engine.summary(outcome.plan) | _change_counts(outcome.changes)
    record(system_actor(town_id), "run.done", run, proposals=len(outcome.plan.proposals))


def _set_states(condition: Any, state: str) -> None:
    db.session.execute(
        update(_PROPOSALS).where(condition).values(state=state, version=_PROPOSALS.c.version + 1)
    )


def _open_pairs(town_id: uuid.UUID) -> dict[IdPair, uuid.UUID]:
    found = select(Proposal.newcomer_id, Proposal.offer_id, Proposal.id).where(
        Proposal.town_id == town_id, Proposal.state == "open"
    )
    return {(newcomer, offer): id_ for newcomer, offer, id_ in db.session.execute(found)}


def _pair(row: dict[str, Any]) -> IdPair:
    return row["newcomer_id"], row["offer_id"]


def _insert(model: type[Record], rows: Sequence[dict[str, Any]]) -> None:
    """Add rows, but those of newcomers and offers that were erased while the plan was made."""
    newcomers = _existing(Newcomer, (row["newcomer_id"] for row in rows))
    names = [name for name in _OFFER_COLUMNS if name in rows[0]]
    offers = _existing(Offer, (row[name] for row in rows for name in names))
    there = [
        row
        for row in rows
        if row["newcomer_id"] in newcomers and all(row[name] is None or row[name] in offers for name in names)
    ]
    if there:
        db.session.execute(insert(model), there)


def _existing(model: type[Record], ids: Iterable[uuid.UUID | None]) -> set[uuid.UUID]:
    return set(db.session.scalars(select(model.id).where(model.id.in_({id_ for id_ in ids if id_}))))


def _chunks(rows: Sequence[dict[str, Any]]) -> Iterator[Sequence[dict[str, Any]]]:
    return (rows[start : start + ROWS_AT_ONCE] for start in range(0, len(rows), ROWS_AT_ONCE))


def _proposal_row(
    run_id: uuid.UUID, town_id: uuid.UUID, plan: engine.Plan, proposal: engine.Proposal
) -> dict[str, Any]:
    return {
        "id": uuid.uuid4(),
        "town_id": town_id,
        "run_id": run_id,
        "newcomer_id": engine.to_uuid(proposal.newcomer_id),
        "offer_id": engine.to_uuid(proposal.offer_id),
        "kind": proposal.kind,
        "score": proposal.score,
        "parts": dict(proposal.parts),
        "urgency": plan.urgency[proposal.newcomer_id],
        "distance_km": proposal.distance_km,
        "travel_minutes": proposal.travel_minutes,
        "state": "staged",
    }


def _wish_row(run_id: uuid.UUID, town_id: uuid.UUID, wish: engine.Unmatched) -> dict[str, Any]:
    return {
        "town_id": town_id,
        "run_id": run_id,
        "newcomer_id": engine.to_uuid(wish.newcomer_id),
        "kind": wish.kind,
        "wanted": wish.wanted,
        "proposed": wish.proposed,
        "reason": wish.reason,
    }


def _change_row(run_id: uuid.UUID, change: engine.ProposalChange) -> dict[str, Any]:
    return {
        "run_id": run_id,
        "newcomer_id": engine.to_uuid(change.newcomer_id),
        "kind": change.kind,
        "action": change.action,
        "before_id": engine.to_uuid(change.before) if change.before else None,
        "after_id": engine.to_uuid(change.after) if change.after else None,
        "reason": change.reason,
    }


def _change_counts(changes: Sequence[engine.ProposalChange]) -> dict[str, int]:
    return {
        action: sum(change.action == action for change in changes)
        for action in ("added", "dropped", "changed")
    }


# Failing ---------------------------------------------------------------------------------------------


def _fail(run: Run, error: str) -> None:
    run.state, run.finished_at, run.error = "failed", utc_now(), error
    record(system_actor(run.town_id), "run.failed", run)
    _remove_staged(run.id)


def _sweep(actor: Actor) -> None:
    """Remove what runs that died left behind unseen."""
    for run_id in db.session.scalars(
        select(Run.id).where(Run.town_id == actor.town_id, Run.state == "failed")
    ):
        _remove_staged(run_id)


def _remove_staged(run_id: uuid.UUID) -> None:
    db.session.execute(delete(Proposal).where(Proposal.run_id == run_id, Proposal.state == "staged"))
    db.session.execute(delete(OpenWish).where(OpenWish.run_id == run_id))
    db.session.execute(delete(RunChange).where(RunChange.run_id == run_id))
