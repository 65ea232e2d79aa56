"""The account as JSON: who the server takes you for."""

from __future__ import annotations

from webapp.accounts.schemas import ActorSchema
from webapp.extensions import Blueprint
from webapp.storage.access import Actor
from webapp.web.actor import current_actor

bp = Blueprint("account", __name__, url_prefix="/api/v1", description="Who is asking")


@bp.get("/account")
@bp.response(200, ActorSchema)
def get_account() -> Actor:
    """Who the server takes you for."""
    return current_actor()
