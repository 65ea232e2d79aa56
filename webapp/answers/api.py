"""Answers as JSON: why, why not, what it would take, what a town is short of."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

from flask import jsonify
from flask_babel import gettext as _

from webapp.answers import services, tasks
from webapp.answers.schemas import (
    LanguageQuery,
    PairAnswerSchema,
    PersonAnswerSchema,
    TownAnswerSchema,
    UnderWaySchema,
)
from webapp.answers.services import Question
from webapp.extensions import Blueprint
from webapp.storage.database import utc_now
from webapp.web.actor import current_actor
from webapp.web.errors import answer as refusal

bp = Blueprint("answer", __name__, url_prefix="/api/v1", description="Why, why not, and what it would take")

_NOT_THERE = "Not there, or not yours"
_UNDER_WAY = {
    "schema": UnderWaySchema,
    "description": "Being worked out: ask again after `Retry-After` seconds",
}
SECONDS = 2
PAUSE = timedelta(minutes=5)
"""A programme that asks on and on begins what failed only after a while again."""
_FAILED = {"description": "Could not be worked out: ask again after `Retry-After` seconds"}


@bp.get("/newcomers/<uuid:newcomer_id>/explanation/<uuid:offer_id>")
@bp.arguments(LanguageQuery, location="query")
@bp.response(200, PairAnswerSchema)
@bp.alt_response(202, **_UNDER_WAY)
@bp.alt_response(503, **_FAILED)
@bp.alt_response(404, description=_NOT_THERE)
def explain_pair(query: dict[str, Any], newcomer_id: uuid.UUID, offer_id: uuid.UUID) -> Any:
    """Why this offer is proposed to this newcomer, or why not, and what insisting would cost."""
    return _answer(Question(newcomer_id, offer_id), query["language"])


@bp.get("/newcomers/<uuid:newcomer_id>/explanation")
@bp.arguments(LanguageQuery, location="query")
@bp.response(200, PersonAnswerSchema)
@bp.alt_response(202, **_UNDER_WAY)
@bp.alt_response(503, **_FAILED)
@bp.alt_response(404, description=_NOT_THERE)
def explain_person(query: dict[str, Any], newcomer_id: uuid.UUID) -> Any:
    """What this newcomer is proposed and why, what stays open, and what it would take."""
    return _answer(Question(newcomer_id), query["language"])


@bp.get("/explanation")
@bp.arguments(LanguageQuery, location="query")
@bp.response(200, TownAnswerSchema)
@bp.alt_response(202, **_UNDER_WAY)
@bp.alt_response(503, **_FAILED)
def explain_town(query: dict[str, Any]) -> Any:
    """What your town is short of, and whether everybody is served alike."""
    return _answer(Question(), query["language"])


def _answer(question: Question, language: str) -> Any:
    """The answer for the town as it is now; else the worker is put to it, and how far it is."""
    actor = current_actor()
    failed = services.find_answer(actor, question, language)
    if failed is not None and failed.state == "failed" and utc_now() - failed.beat_at < PAUSE:
        told = refusal(503, "failed", _("This could not be worked out. Ask again later."))
        told.headers["Retry-After"] = str(int(PAUSE.total_seconds()))
        return told
    tasks.put_to_work(actor, question, language)
    answer = services.find_answer(actor, question, language)
    if answer is not None and answer.state == "done" and services.is_current(actor, answer):
        return answer.result
    how_far = {"state": answer.state, "stage": answer.stage} if answer is not None else {"state": "queued"}
    response = jsonify(UnderWaySchema().dump(how_far))
    response.status_code, response.headers["Retry-After"] = 202, str(SECONDS)
    return response
