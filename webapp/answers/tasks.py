"""What the worker runs for this room: working out answers, forgetting old ones."""

from __future__ import annotations

import uuid
from typing import Any

from sqlalchemy.exc import IntegrityError

from webapp.answers.executing import begin_forgotten, forget_old_answers, give_up, put_back, work_out
from webapp.answers.services import Question, ask
from webapp.engine.texts import LANGUAGES
from webapp.runs.models import Run
from webapp.runs.tasks import run_solved
from webapp.storage.access import Actor, system_actor
from webapp.storage.database import write_transaction
from webapp.towns.services import get_town_by_id
from webapp.worker import crontab, periodic, task


def _give_up(answer_id: str) -> None:
    give_up(uuid.UUID(answer_id))


def _put_back(answer_id: str) -> None:
    put_back(uuid.UUID(answer_id))


@task("webapp.answers.tasks.answer", if_it_dies=_give_up, if_it_stops=_put_back, at_once=1)
def answer(answer_id: str) -> None:
    """Work out an answer that is queued."""
    work_out(uuid.UUID(answer_id))


@periodic("webapp.answers.tasks.begin_forgotten", crontab(minute="*"))
def begin_answers() -> None:
    """Begin answers that wait although their task was lost; asking twice does no harm."""
    with write_transaction():
        forgotten = begin_forgotten()
    for answer_id in forgotten:
        answer(str(answer_id))


@periodic("webapp.answers.tasks.clean_up", crontab(hour="2", minute="40"))
def clean_up() -> None:
    """Delete answers that nobody asked for again."""
    forget_old_answers()


def put_to_work(actor: Actor, question: Question, language: str) -> None:
    """Let the worker answer a question, unless the answer is there or under way."""
    try:
        with write_transaction():
            queued = ask(actor, question, language)
    except IntegrityError:  # somebody else asked the same just now
        return
    if queued is not None:
        answer(str(queued))


@run_solved.connect
def _ask_what_is_missing(run: Run, **_context: Any) -> None:
    """After a run the town's coordinators will look at what is missing: it is worked out beforehand."""
    language = get_town_by_id(run.town_id).language
    put_to_work(system_actor(run.town_id), Question(), language if language in LANGUAGES else "en")
