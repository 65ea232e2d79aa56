"""Proposals as JSON: read, confirm, reject."""

from __future__ import annotations

import uuid
from typing import Any

from webapp.extensions import Blueprint
from webapp.placements.api import CONFLICT, NOT_THERE
from webapp.placements.models import Placement
from webapp.placements.schemas import ConflictSchema, PlacementSchema
from webapp.proposals import services
from webapp.proposals.models import Proposal
from webapp.proposals.schemas import ConfirmSchema, ProposalPageQuery, ProposalSchema, RejectSchema
from webapp.web.actor import current_actor
from webapp.web.fields import page_of
from webapp.web.idempotency import idempotent
from webapp.web.pagination import Page, page_values, paginate

bp = Blueprint("proposal", __name__, url_prefix="/api/v1", description="What runs suggest, and decisions")


@bp.get("/proposals")
@bp.arguments(ProposalPageQuery, location="query")
@bp.response(200, page_of(ProposalSchema))
def list_proposals(query: dict[str, Any]) -> Page[Proposal]:
    """The proposals of your town, the most urgent first."""
    return paginate(services.query_proposals(current_actor(), state=query["state"]), *page_values(query))


@bp.post("/proposals/<uuid:proposal_id>/confirm")
@idempotent
@bp.arguments(ConfirmSchema, required=False)
@bp.response(201, PlacementSchema)
@bp.alt_response(404, description=NOT_THERE)
@bp.alt_response(409, schema=ConflictSchema, description=CONFLICT)
def confirm_proposal(values: dict[str, Any], proposal_id: uuid.UUID) -> Placement:
    """Confirm an open proposal: it becomes a placement and takes a place."""
    return services.confirm_proposal(current_actor(), proposal_id, **values)


@bp.post("/proposals/<uuid:proposal_id>/reject")
@idempotent
@bp.arguments(RejectSchema)
@bp.response(200, ProposalSchema)
@bp.alt_response(404, description=NOT_THERE)
@bp.alt_response(409, schema=ConflictSchema, description=CONFLICT)
def reject_proposal(values: dict[str, Any], proposal_id: uuid.UUID) -> Proposal:
    """Reject an open proposal; its pair is not proposed before the day given, or until the ban is lifted."""
    return services.reject_proposal(current_actor(), proposal_id, **values)
