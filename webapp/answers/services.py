"""Questions to the plan as it would be now, and to decisions: why, what it would take, what counts."""

from __future__ import annotations

import uuid
from typing import Any

from sqlalchemy import and_, or_

from webapp.engine import questions
from webapp.engine.plans import Plan
from webapp.engine.policies import Policy
from webapp.engine.questions import Lesson
from webapp.exceptions import NotFound
from webapp.newcomers.services import get_newcomer
from webapp.offers.services import get_offer
from webapp.proposals.models import BESIDE_THE_POINT, Proposal
from webapp.runs.models import Run
from webapp.runs.services import limits_of
from webapp.runs.solving import solve
from webapp.storage.access import Actor, scoped
from webapp.storage.database import db
from webapp.towns.services import today_of


def explain_pair(actor: Actor, newcomer_id: uuid.UUID, offer_id: uuid.UUID, language: str) -> dict[str, Any]:
    """Why a pair of the actor's town is proposed, or why not, and what insisting would cost.

    Raises
    ------
    NotFound
        For people and offers that are not there, or of another town.
    """
    newcomer, offer = get_newcomer(actor, newcomer_id), get_offer(actor, offer_id)
    pair = str(newcomer.id), str(offer.id)
    return questions.about_pair(_plan(actor), *pair, language)


def explain_person(actor: Actor, newcomer_id: uuid.UUID, language: str) -> dict[str, Any]:
    """What a newcomer of the actor's town is proposed, what stays open, and what it would take.

    Raises
    ------
    NotFound
        For people who are not there, or of another town.
    """
    person = str(get_newcomer(actor, newcomer_id).id)
    return questions.about_person(_plan(actor), person, language)


def explain_town(actor: Actor, language: str) -> dict[str, Any]:
    """What the actor's town is short of, and who is served.

    Raises
    ------
    NotFound
        For an administrator who looks at no town.
    """
    return questions.about_town(_plan(actor), language)


def learn_weights(actor: Actor, policy: Policy) -> Lesson:
    """What the decisions of the actor's town say about the weights of its policy.

    Rejections that say nothing about how well a pair fits are left out (`BESIDE_THE_POINT`).
    """
    decided = (
        scoped(Proposal, actor)
        .where(
            or_(
                Proposal.state == "confirmed",
                and_(Proposal.state == "rejected", Proposal.reason.not_in(BESIDE_THE_POINT)),
            )
        )
        .order_by(Proposal.id)
    )
    shares = {run.id: limits_of(run) for run in db.session.scalars(scoped(Run, actor)) if run.policy}
    decisions = [
        questions.recall(proposal.parts, shares[proposal.run_id], accepted=proposal.state == "confirmed")
        for proposal in db.session.scalars(decided)
        if proposal.run_id in shares
    ]
    return questions.learn(decisions, policy)


def _plan(actor: Actor) -> Plan:
    if actor.town_id is None:
        raise NotFound
    return solve(actor, today_of(actor)).plan
