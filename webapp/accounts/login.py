"""Who is asking: session or bearer token becomes an actor. Every page asks, unless it is marked public."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any, TypeVar
from urllib.parse import urlsplit

from flask import Flask, Response, current_app, g, render_template, request, session
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user
from flask_security import SQLAlchemyUserDatastore
from flask_wtf.csrf import CSRFError

from webapp.accounts import services, tokens
from webapp.accounts.kept import NAME, forget_kept, keep_form
from webapp.accounts.models import Role, User
from webapp.exceptions import LoginRequired
from webapp.extensions import csrf, security
from webapp.storage.database import db, write_transaction
from webapp.towns.models import Town
from webapp.towns.services import query_towns
from webapp.web.errors import ask_nobody, wants_json
from webapp.web.forms import PageForm
from webapp.web.parts import is_part_asked

View = TypeVar("View", bound=Callable[..., Any])

LONGEST_SESSION = timedelta(hours=10)
_PUBLIC = "koppel_is_public"
_SAFE_METHODS = {"GET", "HEAD", "OPTIONS", "TRACE"}


def public(view: View) -> View:
    """Mark a view that needs no log-in. The tests keep a list of those there are."""
    setattr(view, _PUBLIC, True)
    return view


def is_public(app: Flask, endpoint: str | None) -> bool:
    """Whether an endpoint needs no log-in."""
    if endpoint in {None, "static", "api-docs.openapi_json", "health.healthz", "health.readyz"}:
        return True
    return bool(getattr(app.view_functions.get(endpoint or ""), _PUBLIC, False))


def init_login(app: Flask) -> None:
    """Set up sessions, and the question who is asking before every request."""
    datastore = SQLAlchemyUserDatastore(db, User, Role)
    app.before_request(_ask_nobody_for_health)  # before the extension, which asks the database
    security.init_app(app, datastore, register_blueprint=False)
    # Flask-Security would take its own tokens from any request; ours are a table (accounts/models.py).
    app.login_manager.request_loader(lambda _request: None)  # type: ignore[attr-defined]
    csrf.init_app(app)
    app.before_request(_identify)
    app.before_request(_refuse_foreign_origin)
    app.before_request(_require_login)
    app.before_request(_refuse_forgery)
    app.after_request(_forget_what_came_again)
    app.context_processor(_page_context)


def _ask_nobody_for_health() -> None:
    if request.blueprint == "health":
        ask_nobody()


def _identify() -> None:
    g.actor, g.is_bearer = None, False
    if request.endpoint == "static" or request.blueprint == "health":
        return  # these are for everybody, whatever the database does
    kind, _, secret = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() == "bearer":
        g.is_bearer = True
        _identify_token(secret.strip())
    else:
        _identify_session()
    actor = g.actor
    town = db.session.get(Town, actor.town_id) if actor and actor.town_id else None
    g.town = town  # the session forgets rows that nobody holds, and every part of a page asks for this one
    if town is not None:
        g.town_name, g.town_language, g.town_timezone = town.name, town.language, town.timezone


def _identify_token(secret: str) -> None:
    token = tokens.resolve_token(secret)
    if token is None:
        raise LoginRequired
    g.actor = tokens.actor_of_token(token)
    if not tokens.was_used_lately(token.last_used_at):
        token_id = token.id
        with write_transaction():
            tokens.note_token_use(token_id)


def _identify_session() -> None:
    if not current_user.is_authenticated:
        return
    if time.time() - session.get("logged_in_at", 0) > LONGEST_SESSION.total_seconds():
        session.clear()
        return
    user: User = current_user._get_current_object()
    g.user_language = user.language
    g.actor = services.actor_of_user(user, _chosen_town(user))


def _chosen_town(user: User) -> Any:
    """The town an administrator of all towns works in: the one they chose, or the only one there is."""
    if user.town_id is not None:
        return None
    towns = {town.id.hex: town.id for town in query_towns()}
    return next(iter(towns.values())) if len(towns) == 1 else towns.get(session.get("town", ""))


def _refuse_foreign_origin() -> None:
    origin = request.headers.get("Origin")
    if request.method in _SAFE_METHODS or g.is_bearer or not origin or origin == "null":
        return
    own = {request.host, urlsplit(current_app.config["BASE_URL"]).netloc}
    if urlsplit(origin).netloc not in own:
        raise CSRFError("The request came from another site.")


def _require_login() -> None:
    if g.actor is None and not is_public(current_app, request.endpoint):
        keep_form()
        raise LoginRequired


def _refuse_forgery() -> ResponseReturnValue | None:
    """A form that does something must come from us; one whose token has ended is shown once more."""
    if request.method in _SAFE_METHODS or g.is_bearer or request.endpoint is None:
        return None
    try:
        csrf.protect()
    except CSRFError:
        if g.actor is not None or wants_json() or is_part_asked() or not request.form:
            raise
        return _once_more(), 400
    return None


def _once_more() -> str:
    """The form of a page that is open to everybody and was open for long, to be sent again."""
    if request.endpoint == "accounts.log_in":
        form = PageForm(
            values={"email": request.form.get("email", "")},
            errors={"_": [_("This page had been open for long. Please log in again.")]},
        )
        return render_template("accounts/login.html", form=form, next=request.form.get("next", ""))
    fields = [one for one in request.form.items(multi=True) if one[0] != "csrf_token"]
    return render_template("accounts/_once_more.html", path=request.path, fields=fields)


def _forget_what_came_again(response: Response) -> Response:
    """A form that was kept is not needed once it has been answered; a fault of ours is no answer."""
    if g.get("actor") is not None and request.method == "POST" and response.status_code < 500:
        which = request.form.get(NAME)
        if which:
            with write_transaction():
                forget_kept(g.actor, which)
    return response


def _page_context() -> dict[str, Any]:
    actor = g.get("actor")
    return {"actor": actor, "town_name": g.get("town_name", "")}
