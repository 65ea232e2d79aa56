"""Placements as JSON: read, place, end."""

from __future__ import annotations

import uuid
from typing import Any

from webapp.extensions import Blueprint
from webapp.placements import services
from webapp.placements.models import Placement
from webapp.placements.schemas import (
    ConflictSchema,
    EndSchema,
    PlacementPageQuery,
    PlacementSchema,
    PlaceSchema,
)
from webapp.web.actor import current_actor
from webapp.web.fields import page_of
from webapp.web.idempotency import idempotent
from webapp.web.pagination import Page, page_values, paginate

bp = Blueprint("placement", __name__, url_prefix="/api/v1", description="Who is placed where")

CONFLICT = "Not possible as things stand now; nothing was changed"
NOT_THERE = "Not there, or not yours"


@bp.get("/placements")
@bp.arguments(PlacementPageQuery, location="query")
@bp.response(200, page_of(PlacementSchema))
def list_placements(query: dict[str, Any]) -> Page[Placement]:
    """The placements of your town, newest first."""
    return paginate(services.query_placements(current_actor(), state=query["state"]), *page_values(query))


@bp.post("/placements")
@idempotent
@bp.arguments(PlaceSchema)
@bp.response(201, PlacementSchema)
@bp.alt_response(404, description=NOT_THERE)
@bp.alt_response(409, schema=ConflictSchema, description=CONFLICT)
def place(values: dict[str, Any]) -> Placement:
    """Place a newcomer by your own choice, under the same guards as a proposal."""
    return services.place_by_hand(current_actor(), **values)


@bp.post("/placements/<uuid:placement_id>/end")
@idempotent
@bp.arguments(EndSchema)
@bp.response(200, PlacementSchema)
@bp.alt_response(404, description=NOT_THERE)
@bp.alt_response(409, schema=ConflictSchema, description=CONFLICT)
def end_placement(values: dict[str, Any], placement_id: uuid.UUID) -> Placement:
    """End a placement: its place is free again."""
    return services.end_placement(current_actor(), placement_id, **values)
