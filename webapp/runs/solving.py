"""Making a plan for a town from the rows as they are now. Changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from webapp.engine import plans, policies, records
from webapp.engine.plans import Plan, ProposalChange
from webapp.newcomers.models import Newcomer
from webapp.offers.models import Offer
from webapp.placements.models import Placement
from webapp.placements.services import active_bans
from webapp.proposals.models import Proposal
from webapp.storage.access import Actor, scoped
from webapp.storage.database import db
from webapp.towns.services import get_town_by_id

Progress = Callable[[str], None]


@dataclass(frozen=True)
class RunResult:
    """What a run found: the plan, and what it changes about the proposals that are open."""

    plan: Plan
    changes: Sequence[ProposalChange]
    names: dict[str, str]
    """Names of newcomers and offers by id, for those who print."""


def solve(actor: Actor, today: date, progress: Progress | None = None) -> RunResult:
    """Make a plan from the rows as they are now and compare it with the open proposals; changes nothing."""
    town = get_town_by_id(actor.town_id) if actor.town_id else None
    if town is None:
        raise ValueError("a run needs a town")
    newcomers = db.session.scalars(scoped(Newcomer, actor).order_by(Newcomer.external_id, Newcomer.id)).all()
    offers = db.session.scalars(scoped(Offer, actor).order_by(Offer.external_id, Offer.id)).all()
    placements = db.session.scalars(scoped(Placement, actor).where(Placement.state == "active")).all()
    open_pairs = records.id_pairs(db.session.scalars(scoped(Proposal, actor).where(Proposal.state == "open")))
    people = [records.to_newcomer(row, town.slug) for row in newcomers]
    places = [records.to_offer(row, town.slug) for row in offers]
    fixed, banned = records.id_pairs(placements), records.id_pairs(active_bans(actor, today))
    policy = policies.read_policy(town.policy)
    rows: list[Newcomer | Offer] = [*newcomers, *offers]
    names = {str(row.id): row.name or row.external_id for row in rows}
    db.session.rollback()  # the snapshot is read; nothing is held while the plan is made
    plan = plans.make_plan(
        people,
        places,
        policy,
        today=today,
        fixed=fixed,
        banned=banned,
        previous=open_pairs,
        progress=progress,
    )
    return RunResult(plan, plans.compare(open_pairs, plan), names)
