"""Proposals and placements as JSON: read, confirm, reject, place, end."""

from __future__ import annotations

import uuid
from typing import Any

from flask_smorest import Blueprint

from webapp.access import current_actor
from webapp.idempotency import idempotent
from webapp.matching import questions, services
from webapp.matching.models import Placement, Proposal
from webapp.matching.schemas import (
    ConfirmSchema,
    ConflictSchema,
    EndSchema,
    LanguageQuery,
    PairAnswerSchema,
    PersonAnswerSchema,
    PlacementPageQuery,
    PlacementSchema,
    PlaceSchema,
    ProposalPageQuery,
    ProposalSchema,
    RejectSchema,
    TownAnswerSchema,
)
from webapp.pagination import Page, page_values, paginate
from webapp.schemas import page_of

bp = Blueprint("decision", __name__, url_prefix="/api/v1", description="Proposals, decisions and placements")

_CONFLICT = "Not possible as things stand now; nothing was changed"
_NOT_THERE = "Not there, or not yours"


@bp.get("/proposals")
@bp.arguments(ProposalPageQuery, location="query")
@bp.response(200, page_of(ProposalSchema))
def list_proposals(query: dict[str, Any]) -> Page[Proposal]:
    """The proposals of your town, the most urgent first."""
    return paginate(services.query_proposals(current_actor(), state=query["state"]), *page_values(query))


@bp.get("/placements")
@bp.arguments(PlacementPageQuery, location="query")
@bp.response(200, page_of(PlacementSchema))
def list_placements(query: dict[str, Any]) -> Page[Placement]:
    """The placements of your town, newest first."""
    return paginate(services.query_placements(current_actor(), state=query["state"]), *page_values(query))


@bp.post("/proposals/<uuid:proposal_id>/confirm")
@idempotent
@bp.arguments(ConfirmSchema, required=False)
@bp.response(201, PlacementSchema)
@bp.alt_response(404, description=_NOT_THERE)
@bp.alt_response(409, schema=ConflictSchema, description=_CONFLICT)
def confirm_proposal(values: dict[str, Any], proposal_id: uuid.UUID) -> Placement:
    """Confirm an open proposal: it becomes a placement and takes a place."""
    return services.confirm_proposal(current_actor(), proposal_id, **values)


@bp.post("/proposals/<uuid:proposal_id>/reject")
@idempotent
@bp.arguments(RejectSchema)
@bp.response(200, ProposalSchema)
@bp.alt_response(404, description=_NOT_THERE)
@bp.alt_response(409, schema=ConflictSchema, description=_CONFLICT)
def reject_proposal(values: dict[str, Any], proposal_id: uuid.UUID) -> Proposal:
    """Reject an open proposal; its pair is not proposed before the day given, or until the ban is lifted."""
    return services.reject_proposal(current_actor(), proposal_id, **values)


@bp.post("/placements")
@idempotent
@bp.arguments(PlaceSchema)
@bp.response(201, PlacementSchema)
@bp.alt_response(404, description=_NOT_THERE)
@bp.alt_response(409, schema=ConflictSchema, description=_CONFLICT)
def place(values: dict[str, Any]) -> Placement:
    """Place a newcomer by your own choice, under the same guards as a proposal."""
    return services.place_by_hand(current_actor(), **values)


@bp.post("/placements/<uuid:placement_id>/end")
@idempotent
@bp.arguments(EndSchema)
@bp.response(200, PlacementSchema)
@bp.alt_response(404, description=_NOT_THERE)
@bp.alt_response(409, schema=ConflictSchema, description=_CONFLICT)
def end_placement(values: dict[str, Any], placement_id: uuid.UUID) -> Placement:
    """End a placement: its place is free again."""
    return services.end_placement(current_actor(), placement_id, **values)


@bp.get("/newcomers/<uuid:newcomer_id>/explanation/<uuid:offer_id>")
@bp.arguments(LanguageQuery, location="query")
@bp.response(200, PairAnswerSchema)
@bp.alt_response(404, description=_NOT_THERE)
def explain_pair(query: dict[str, Any], newcomer_id: uuid.UUID, offer_id: uuid.UUID) -> dict[str, Any]:
    """Why this offer is proposed to this newcomer, or why not, and what insisting would cost."""
    return questions.explain_pair(current_actor(), newcomer_id, offer_id, query["language"])


@bp.get("/newcomers/<uuid:newcomer_id>/explanation")
@bp.arguments(LanguageQuery, location="query")
@bp.response(200, PersonAnswerSchema)
@bp.alt_response(404, description=_NOT_THERE)
def explain_person(query: dict[str, Any], newcomer_id: uuid.UUID) -> dict[str, Any]:
    """What this newcomer is proposed and why, what stays open, and what it would take."""
    return questions.explain_person(current_actor(), newcomer_id, query["language"])


@bp.get("/explanation")
@bp.arguments(LanguageQuery, location="query")
@bp.response(200, TownAnswerSchema)
def explain_town(query: dict[str, Any]) -> dict[str, Any]:
    """What your town is short of, and whether everybody is served alike."""
    return questions.explain_town(current_actor(), query["language"])
