"""Offers as JSON: to read, and to say how many places there are."""

from __future__ import annotations

import uuid
from typing import Any

from webapp.extensions import Blueprint
from webapp.offers import services
from webapp.offers.models import Offer
from webapp.offers.schemas import CapacitySchema, OfferPageQuery, OfferSchema
from webapp.storage.database import write_transaction
from webapp.web.actor import current_actor
from webapp.web.fields import page_of
from webapp.web.pagination import Page, paginate

bp = Blueprint("offer", __name__, url_prefix="/api/v1", description="Associations, mentors and neighbours")


@bp.get("/offers")
@bp.arguments(OfferPageQuery, location="query")
@bp.response(200, page_of(OfferSchema))
def list_offers(query: dict[str, Any]) -> Page[Offer]:
    """The offers of the town, by name."""
    status = query["status"] or query["state"]
    found = services.query_offers(current_actor(), kind=query["kind"], status=status)
    return paginate(found, query["page"], query["page_size"])


@bp.get("/offers/<uuid:offer_id>")
@bp.response(200, OfferSchema)
def get_offer(offer_id: uuid.UUID) -> Offer:
    """One offer of the town."""
    return services.get_offer(current_actor(), offer_id)


@bp.put("/offers/<uuid:offer_id>/capacity")
@bp.arguments(CapacitySchema)
@bp.response(200, OfferSchema)
def put_capacity(values: dict[str, Any], offer_id: uuid.UUID) -> Offer:
    """Say how many places there are. 409 `below_taken` or `changed`, with the numbers as they stand."""
    with write_transaction():
        offer = services.set_capacity(current_actor(), offer_id, **values)
    return offer
