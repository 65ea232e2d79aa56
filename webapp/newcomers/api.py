"""Newcomers as JSON, to read."""

from __future__ import annotations

import uuid
from typing import Any

from webapp.extensions import Blueprint
from webapp.newcomers import services
from webapp.newcomers.models import Newcomer
from webapp.newcomers.schemas import NewcomerPageQuery, NewcomerSchema
from webapp.web.actor import current_actor
from webapp.web.fields import page_of
from webapp.web.pagination import Page, paginate

bp = Blueprint("newcomer", __name__, url_prefix="/api/v1", description="People who are new in town")


@bp.get("/newcomers")
@bp.arguments(NewcomerPageQuery, location="query")
@bp.response(200, page_of(NewcomerSchema))
def list_newcomers(query: dict[str, Any]) -> Page[Newcomer]:
    """The newcomers of the town: those to check first, then by need and waiting time."""
    found = services.query_newcomers(current_actor(), status=query["status"] or query["state"])
    return paginate(found, query["page"], query["page_size"])


@bp.get("/newcomers/<uuid:newcomer_id>")
@bp.response(200, NewcomerSchema)
def get_newcomer(newcomer_id: uuid.UUID) -> Newcomer:
    """One newcomer of the town."""
    return services.get_newcomer(current_actor(), newcomer_id)
