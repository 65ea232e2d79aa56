"""Working out an answer, from queued to done or failed, outside of any request."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import structlog
from sqlalchemy import delete, select, update
from sqlalchemy.exc import DBAPIError

from webapp.answers.models import Answer
from webapp.answers.services import Question, state_of
from webapp.engine import questions
from webapp.engine.plans import Plan
from webapp.newcomers.models import Newcomer
from webapp.newcomers.services import newcomer_erasing
from webapp.runs.solving import solve
from webapp.storage.access import system_actor
from webapp.storage.beating import DEAD_AFTER, beating
from webapp.storage.database import (
    db,
    delete_in_chunks,
    delete_rows,
    guarded_update,
    utc_now,
    write_transaction,
)
from webapp.towns.services import today_of

KEPT = timedelta(days=7)
"""An answer nobody asked for again is deleted after so long."""

log = structlog.get_logger()


def work_out(answer_id: uuid.UUID) -> None:
    """Make the plan as it would be now and ask it; opens its own short write transactions.

    Nothing happens when the answer is not queued any more: another worker is at it, or nobody asks.
    """
    with write_transaction():
        begun = guarded_update(
            Answer, answer_id, Answer.state == "queued", state="running", stage="", beat_at=utc_now()
        )
    if not begun:
        return
    answer = db.session.get_one(Answer, answer_id)
    question, language = Question(answer.newcomer_id, answer.offer_id), answer.language
    actor = system_actor(answer.town_id)

    def tell(stage: str) -> None:
        with write_transaction():
            _beat(answer_id, stage=stage)

    try:
        with beating(lambda: _beat(answer_id)):
            asked_of = state_of(actor)
            plan = solve(actor, today_of(actor), tell).plan
            tell("answer")
            result = _ask(plan, question, language)
        with write_transaction():
            done = {"state": "done", "result": result, "result_of": asked_of, "found_at": utc_now()}
            guarded_update(Answer, answer_id, Answer.state == "running", **done)
    except BaseException:
        give_up(answer_id)
        raise


def give_up(answer_id: uuid.UUID) -> None:
    """Say that an answer could not be worked out; where even that cannot be written, its silence tells."""
    try:
        with write_transaction():
            under_way = Answer.state.in_(("queued", "running"))
            guarded_update(Answer, answer_id, under_way, state="failed", beat_at=utc_now())
    except DBAPIError:
        log.exception("answer_not_given_up", answer=str(answer_id))


def put_back(answer_id: uuid.UUID) -> None:
    """Let an answer wait as if it had not been begun: whoever was at it stops, and it is queued again."""
    with write_transaction():
        guarded_update(
            Answer, answer_id, Answer.state == "running", state="queued", stage="", beat_at=utc_now()
        )


def begin_forgotten() -> list[uuid.UUID]:
    """Fail answers that died, in a write transaction; returns those that wait although nobody was told."""
    long_ago = utc_now() - DEAD_AFTER
    dead = update(Answer).where(Answer.state == "running", Answer.beat_at < long_ago)
    db.session.execute(dead.values(state="failed", beat_at=utc_now()))
    waiting = Answer.state == "queued", Answer.beat_at < long_ago
    ids = db.session.scalars(select(Answer.id).where(*waiting)).all()
    db.session.execute(update(Answer).where(Answer.id.in_(ids), *waiting).values(beat_at=utc_now()))
    return list(ids)


def forget_old_answers() -> int:
    """Delete answers that are old, a few at a time; returns how many there were."""
    return delete_in_chunks(Answer, Answer.beat_at < utc_now() - KEPT)


def _ask(plan: Plan, question: Question, language: str) -> dict[str, Any]:
    newcomer, offer = (str(id_) if id_ else None for id_ in (question.newcomer_id, question.offer_id))
    if newcomer is None:
        return questions.about_town(plan, language)
    if offer is None:
        return questions.about_person(plan, newcomer, language)
    return questions.about_pair(plan, newcomer, offer, language)


def _beat(answer_id: uuid.UUID, **values: Any) -> None:
    db.session.execute(update(Answer).where(Answer.id == answer_id).values(beat_at=utc_now(), **values))


@newcomer_erasing.connect
def _forget_answers(newcomer: Newcomer, **_context: Any) -> None:
    """Whoever is erased stands in no answer to the questions of others."""
    delete_rows(delete(Answer).where(Answer.town_id == newcomer.town_id))
