"""Answers as JSON: why, why not, what it would take, what a town is short of."""

from __future__ import annotations

import uuid
from typing import Any

from webapp.answers import services
from webapp.answers.schemas import LanguageQuery, PairAnswerSchema, PersonAnswerSchema, TownAnswerSchema
from webapp.extensions import Blueprint
from webapp.web.actor import current_actor

bp = Blueprint("answer", __name__, url_prefix="/api/v1", description="Why, why not, and what it would take")

_NOT_THERE = "Not there, or not yours"


@bp.get("/newcomers/<uuid:newcomer_id>/explanation/<uuid:offer_id>")
@bp.arguments(LanguageQuery, location="query")
@bp.response(200, PairAnswerSchema)
@bp.alt_response(404, description=_NOT_THERE)
def explain_pair(query: dict[str, Any], newcomer_id: uuid.UUID, offer_id: uuid.UUID) -> dict[str, Any]:
    """Why this offer is proposed to this newcomer, or why not, and what insisting would cost."""
    return services.explain_pair(current_actor(), newcomer_id, offer_id, query["language"])


@bp.get("/newcomers/<uuid:newcomer_id>/explanation")
@bp.arguments(LanguageQuery, location="query")
@bp.response(200, PersonAnswerSchema)
@bp.alt_response(404, description=_NOT_THERE)
def explain_person(query: dict[str, Any], newcomer_id: uuid.UUID) -> dict[str, Any]:
    """What this newcomer is proposed and why, what stays open, and what it would take."""
    return services.explain_person(current_actor(), newcomer_id, query["language"])


@bp.get("/explanation")
@bp.arguments(LanguageQuery, location="query")
@bp.response(200, TownAnswerSchema)
def explain_town(query: dict[str, Any]) -> dict[str, Any]:
    """What your town is short of, and whether everybody is served alike."""
    return services.explain_town(current_actor(), query["language"])
