"""Questions to the plan as it would be now, for the worker; what decisions say about the weights."""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import and_, or_, select

from webapp.answers.models import Answer
from webapp.audit.models import AuditEntry
from webapp.engine import questions
from webapp.engine.policies import Policy
from webapp.engine.questions import Lesson
from webapp.exceptions import NotFound
from webapp.newcomers.models import Newcomer
from webapp.newcomers.services import get_newcomer
from webapp.offers.services import get_offer
from webapp.proposals.models import BESIDE_THE_POINT, Proposal
from webapp.runs.models import OpenWish, Run
from webapp.runs.services import limits_of
from webapp.storage.access import Actor, scoped
from webapp.storage.database import count_rows, db, midnight, utc_now
from webapp.towns.services import policy_of, today_of

_NO_PART_OF_A_PLAN = ("user_account", "api_token", "link")
_CHANGES_NO_PLAN = ("run.started", "run.failed", "newcomer.handed_over")


@dataclass(frozen=True)
class Question:
    """About a pair, about a newcomer (what is proposed, what would help), or about the whole town."""

    newcomer_id: uuid.UUID | None = None
    offer_id: uuid.UUID | None = None

    def __str__(self) -> str:
        about = [str(id_) for id_ in (self.newcomer_id, self.offer_id) if id_ is not None]
        return " ".join(about) or "town"


def state_of(actor: Actor) -> str:
    """What the plan of the actor's town rests on, as one word: the same as long as nothing has changed.

    Raises
    ------
    NotFound
        For an administrator who looks at no town.
    """
    if actor.town_id is None:
        raise NotFound
    today = today_of(actor)
    entries = select(AuditEntry.id).where(
        AuditEntry.town_id == actor.town_id,
        AuditEntry.object_type.not_in(_NO_PART_OF_A_PLAN),
        AuditEntry.action.not_in(_CHANGES_NO_PLAN),
    )
    newest = db.session.scalar(entries.order_by(AuditEntry.at.desc(), AuditEntry.id).limit(1))
    # What was written first may be stored last, so those of late are counted as well.
    n_of_late = count_rows(entries.where(AuditEntry.at >= midnight(today - timedelta(days=1), "UTC")))
    known = f"{newest} {n_of_late} {today} {policy_of(actor).version}"
    return hashlib.sha256(known.encode()).hexdigest()


def find_answer(actor: Actor, question: Question, language: str) -> Answer | None:
    """What is known of a question of the actor's town: the answer, or how far it is; None when never asked.

    Raises
    ------
    NotFound
        For people and offers that are not there, or of another town, and for whoever looks at no town.
    """
    if actor.town_id is None:
        raise NotFound
    if question.newcomer_id is not None:
        get_newcomer(actor, question.newcomer_id)
    if question.offer_id is not None:
        get_offer(actor, question.offer_id)
    asked = scoped(Answer, actor).where(Answer.question == str(question), Answer.language == language)
    return db.session.scalar(asked)


def is_current(actor: Actor, answer: Answer) -> bool:
    """Whether an answer holds for the town as it is now."""
    return answer.found_at is not None and answer.result_of == state_of(actor)


def ask(actor: Actor, question: Question, language: str) -> uuid.UUID | None:
    """Ask a question, in a write transaction; returns the answer that the worker is to work out.

    None where there is nothing to do: the town is as it was when it was answered, or it is being answered.

    Raises
    ------
    NotFound
        As `find_answer`.
    """
    answer = find_answer(actor, question, language)
    if answer is None:
        answer = Answer(
            town_id=actor.town_id,
            question=str(question),
            language=language,
            newcomer_id=question.newcomer_id,
            offer_id=question.offer_id,
        )
        db.session.add(answer)
    elif answer.is_under_way or is_current(actor, answer):
        return None
    answer.state, answer.stage, answer.beat_at = "queued", "", utc_now()
    db.session.flush()
    return answer.id


def left_by_run(actor: Actor, newcomer: Newcomer) -> dict[str, Any]:
    """What the newest run left of a newcomer: what is proposed, and which wishes stay open and why."""
    proposals = scoped(Proposal, actor).where(Proposal.newcomer_id == newcomer.id, Proposal.state == "open")
    wishes = scoped(OpenWish, actor).where(OpenWish.newcomer_id == newcomer.id)
    wishes = wishes.join(Run, Run.id == OpenWish.run_id).where(Run.state == "done")
    return {
        "proposals": db.session.scalars(proposals.order_by(Proposal.score.desc(), Proposal.id)).all(),
        "open_wishes": db.session.scalars(wishes.order_by(OpenWish.kind)).all(),
    }


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
