"""The runs of a town: what there is, starting one, giving one up."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from flask import current_app
from flask_babel import lazy_gettext as _l
from sqlalchemy import Select, case, delete, exists, func, or_, select
from sqlalchemy.orm import aliased, contains_eager, joinedload, load_only

from webapp.audit.services import name_actions, name_details, show_rows, write_entry
from webapp.engine import policies
from webapp.engine.texts import CRITERION_TEXTS
from webapp.newcomers.caseload import is_looked_after
from webapp.newcomers.models import Newcomer
from webapp.offers.models import Offer
from webapp.offers.services import offer_changed
from webapp.placements.conflicts import conflict
from webapp.placements.models import Placement
from webapp.placements.services import placement_released
from webapp.proposals.models import Proposal
from webapp.proposals.services import query_waiting, rejection_undoing, reopen, reopen_at
from webapp.proposals.staging import remove_staged
from webapp.runs.models import CHANGE_ACTIONS, OpenWish, Run, RunChange
from webapp.storage.access import Actor, get_scoped, scoped, system_actor
from webapp.storage.beating import DEAD_AFTER, FORGOTTEN_AFTER
from webapp.storage.database import count_rows, db, delete_in_chunks, utc_now
from webapp.towns.services import today_of

name_actions(
    {
        "run.started": _l("Matching run started"),
        "run.done": _l("Matching run done"),
        "run.failed": _l("Matching run failed"),
    }
)
name_details({"proposals": _l("Proposals")})
show_rows({Run: ("runs.detail", "run_id")})


# Reading ---------------------------------------------------------------------------------------------


def query_runs(actor: Actor) -> Select[Run]:
    """The runs of the actor's town, newest first."""
    return scoped(Run, actor).order_by(Run.created_at.desc(), Run.id)


def get_run(actor: Actor, run_id: uuid.UUID) -> Run:
    """A run; raises NotFound."""
    return get_scoped(Run, actor, run_id)


def runs_by_id(actor: Actor, ids: Iterable[uuid.UUID]) -> Mapping[uuid.UUID, Run]:
    """Some runs of the actor's town."""
    return {run.id: run for run in db.session.scalars(scoped(Run, actor).where(Run.id.in_(set(ids))))}


def newest_run(actor: Actor) -> Run | None:
    """The newest run of the actor's town that is done."""
    done = scoped(Run, actor).where(Run.state == "done")
    return db.session.scalars(done.order_by(Run.finished_at.desc()).limit(1)).first()


def run_under_way(actor: Actor) -> Run | None:
    """The run of the actor's town that waits or runs now."""
    return db.session.scalars(scoped(Run, actor).where(Run.state.in_(("queued", "running")))).first()


def limits_of(run: Run) -> dict[str, float]:
    """The most each part of a score could be in a run: the shares it kept, or those of the policy it kept."""
    kept = run.figures.get("shares") or policies.shares_kept(run.policy)
    # A database may keep names in an order of its own: people read those there are today in today's order.
    known = [name for name in CRITERION_TEXTS if name in kept]
    return {name: kept[name] for name in dict.fromkeys([*known, *kept])}


def query_changes(run: Run, *, search: str = "", action: str = "") -> Select[RunChange]:
    """What a run changed: who lost a proposal first, then who has another one, then what is new; by name.

    Parameters
    ----------
    search : str
        Part of a name or number, of the newcomer or of an offer.
    """
    before, after = aliased(Offer), aliased(Offer)
    sides: dict[Any, Any] = {RunChange.newcomer: Newcomer, RunChange.before: before, RunChange.after: after}
    changes = select(RunChange).where(RunChange.run_id == run.id)
    for relation, side in sides.items():
        words = load_only(side.name, side.external_id)
        changes = changes.outerjoin(relation.of_type(side)).options(
            contains_eager(relation.of_type(side)).options(words)
        )
    if search:
        columns = [column for side in sides.values() for column in (side.name, side.external_id)]
        changes = changes.where(or_(*(column.icontains(search, autoescape=True) for column in columns)))
    if action:
        changes = changes.where(RunChange.action == action)
    position = case({name: number for number, name in enumerate(CHANGE_ACTIONS)}, value=RunChange.action)
    return changes.order_by(position, Newcomer.name, RunChange.id)


def first_changes(run: Run, most: int) -> Sequence[RunChange]:
    """The first changes that a run made, in the order they are read in."""
    return db.session.scalars(query_changes(run).limit(most)).all()


def query_wishes(actor: Actor, *, kind: str = "", reason: str = "", whose: str = "") -> Select[OpenWish]:
    """The wishes that the newest run leaves open, the most urgent newcomers first."""
    newest = newest_run(actor)
    wishes = scoped(OpenWish, actor).where(OpenWish.run_id == (newest.id if newest else None))
    if kind:
        wishes = wishes.where(OpenWish.kind == kind)
    if reason:
        wishes = wishes.where(OpenWish.reason == reason)
    wishes = wishes.options(joinedload(OpenWish.newcomer)).join(Newcomer, OpenWish.newcomer_id == Newcomer.id)
    if whose:
        wishes = wishes.where(is_looked_after(actor, whose))
    need, since = func.coalesce(Newcomer.need_level, 0), func.coalesce(Newcomer.waiting_since, date.max)
    return wishes.order_by(need.desc(), since, OpenWish.id)


def query_open_wishes(
    actor: Actor, *, kind: str = "", reason: str = "", whose: str = "", unserved: bool = False
) -> Select[OpenWish]:
    """The wishes that the newest run leaves open; `unserved`: only of people without any proposal."""
    wishes = query_wishes(actor, kind=kind, reason=reason, whose=whose)
    return wishes.where(OpenWish.newcomer_id.in_(query_waiting(actor))) if unserved else wishes


def count_new_since(actor: Actor, run: Run | None) -> int:
    """How many newcomers are ready whom the newest run did not know."""
    if run is None:
        return 0
    return count_rows(
        scoped(Newcomer, actor).where(Newcomer.status == "ready", Newcomer.created_at > run.created_at)
    )


# Running ---------------------------------------------------------------------------------------------


def start_run(actor: Actor, *, today: date | None = None) -> Run:
    """Queue a run of the actor's town; one that has died, or waited in vain, is given up first.

    Raises
    ------
    Conflict
        ``run_active`` while another run of the town is under way.
    """
    under_way = run_under_way(actor)
    if under_way is not None:
        patience = DEAD_AFTER if under_way.state == "running" else FORGOTTEN_AFTER
        if utc_now() - under_way.beat_at < patience:
            raise conflict("run_active", run_id=str(under_way.id))
        fail_run(under_way, "interrupted")
        db.session.flush()
    _sweep(actor)
    run = Run(town_id=actor.town_id, started_by=actor.label, today=today or today_of(actor))
    db.session.add(run)
    write_entry(actor, "run.started", run)
    db.session.flush()
    return run


def fail_run(run: Run, error: str) -> None:
    """Say that a run has failed, and remove what it left behind unseen."""
    run.state, run.finished_at, run.error = "failed", utc_now(), error
    write_entry(system_actor(run.town_id), "run.failed", run)
    _remove_unseen(run.id)


def requeue_run(run: Run) -> None:
    """Say that a run waits again, and remove what it left behind unseen."""
    run.state, run.stage, run.beat_at = "queued", "", utc_now()
    _remove_unseen(run.id)


def _sweep(actor: Actor) -> None:
    """Remove what runs that died left behind unseen."""
    for run_id in db.session.scalars(
        select(Run.id).where(Run.town_id == actor.town_id, Run.state == "failed")
    ):
        _remove_unseen(run_id)


def _remove_unseen(run_id: uuid.UUID) -> None:
    remove_staged(run_id)
    db.session.execute(delete(OpenWish).where(OpenWish.run_id == run_id))
    db.session.execute(delete(RunChange).where(RunChange.run_id == run_id))


# What has been kept for long enough ------------------------------------------------------------------


def forget_changes() -> int:
    """Delete what old runs changed; their figures stay. Returns how many changes there were."""
    return delete_in_chunks(RunChange, RunChange.run_id.in_(_old_runs(utc_now() - _kept("KEEP_CHANGES"))))


def forget_withdrawn() -> int:
    """Delete overtaken proposals of old runs that nothing refers to; returns how many there were.

    Confirmed and rejected ones stay for good: the history, the statistics and learning live on them.
    """
    since = utc_now() - _kept("KEEP_WITHDRAWN")
    added = aliased(Proposal)
    return delete_in_chunks(
        Proposal,
        Proposal.state == "superseded",
        Proposal.run_id.in_(_old_runs(since)),
        or_(Proposal.decided_at.is_(None), Proposal.decided_at < since),
        ~exists().where(Placement.proposal_id == Proposal.id),
        ~exists().where(added.added_for == Proposal.id),
    )


def _old_runs(since: datetime) -> Select[uuid.UUID]:
    """The runs that ended before a moment, but for the newest of each town: the board stands on that."""
    newer = aliased(Run)
    is_overtaken = exists().where(
        newer.town_id == Run.town_id, newer.state == "done", newer.finished_at > Run.finished_at
    )
    return select(Run.id).where(Run.finished_at < since, is_overtaken)


def _kept(setting: str) -> timedelta:
    kept: timedelta = current_app.config[setting]
    return kept


# What others decide ----------------------------------------------------------------------------------


@placement_released.connect
def _reopen(placement: Placement, *, actor: Actor, **_context: Any) -> None:
    """After a placement was taken back or ended: what it decided may be open again."""
    newest = newest_run(system_actor(placement.town_id))
    reopen(actor, placement, newest.id if newest is not None else None)


@rejection_undoing.connect
def _has_looked_since(proposal: Proposal, **_context: Any) -> bool:
    """Whether a run has come to its end since a proposal was rejected: it took the rejection for good."""
    newest = newest_run(system_actor(proposal.town_id))
    if newest is None or proposal.decided_at is None:
        return False
    return newest.id != proposal.run_id or (newest.finished_at or newest.created_at) > proposal.decided_at


@offer_changed.connect
def _reopen_at(offer: Offer, *, actor: Actor, **_context: Any) -> None:
    """After an offer is active again: what went away when it paused or closed may be open again."""
    if offer.status == "active":
        newest = newest_run(system_actor(offer.town_id))
        reopen_at(actor, offer, newest.id if newest is not None else None)
