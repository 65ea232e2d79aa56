"""The first page of an administrator of all towns: how they stand, and the choice of one to work in."""

from __future__ import annotations

from flask import Blueprint, current_app, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from webapp.accounts.login import is_public
from webapp.exceptions import NotAllowed
from webapp.overview.services import figures_of_towns
from webapp.web.actor import current_actor
from webapp.web.errors import wants_json

# What an administrator may do without a town; to send again what was kept is done in the town it belongs to.
FREE = {"accounts", "overview"}
NEEDS_A_TOWN = {"accounts.kept"}

bp = Blueprint("overview", __name__)


@bp.get("/towns")
def towns() -> ResponseReturnValue:
    """All towns with their key figures; each can be chosen."""
    return render_template(
        "overview/towns.html",
        figures=list(figures_of_towns(current_actor())),
        next=request.args.get("next", ""),
    )


@bp.before_app_request
def ask_for_a_town() -> ResponseReturnValue | None:
    """Lead an administrator who has not chosen a town to the choice: nothing is shown of one by chance."""
    actor = g.get("actor")
    if actor is None or not actor.is_admin or actor.town_id is not None:
        return None
    is_free = request.blueprint in FREE and request.endpoint not in NEEDS_A_TOWN
    if is_free or is_public(current_app, request.endpoint):
        return None
    if wants_json():
        raise NotAllowed
    here = request.full_path.rstrip("?") if request.method == "GET" else ""
    return redirect(url_for("overview.towns", next=here or None), 303)
