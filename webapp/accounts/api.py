"""The account as JSON: who the server takes you for."""

from __future__ import annotations

from flask_smorest import Blueprint

from webapp.access import Actor, current_actor
from webapp.accounts.schemas import ActorSchema

bp = Blueprint("account", __name__, url_prefix="/api/v1", description="Who is asking")


@bp.get("/account")
@bp.response(200, ActorSchema)
def get_account() -> Actor:
    """Who the server takes you for."""
    return current_actor()
