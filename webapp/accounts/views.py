"""Logging in and out, one's own account, and the people and programmes an administrator looks after."""

from __future__ import annotations

import time
import uuid
from urllib.parse import urlsplit

from flask import (
    Blueprint,
    current_app,
    flash,
    g,
    make_response,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_limiter.util import get_remote_address
from flask_security import login_user, logout_user
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect

from webapp.accounts import services
from webapp.accounts import tokens as api_tokens
from webapp.accounts.kept import NAME, find_kept, remember_user
from webapp.accounts.labels import ROLE_NAMES
from webapp.accounts.login import public
from webapp.accounts.models import User
from webapp.accounts.schemas import LanguageSchema, LoginSchema, PasswordSchema, TokenSchema, UserSchema
from webapp.config import LANGUAGES
from webapp.exceptions import InvalidInput, NotFound
from webapp.extensions import limiter
from webapp.storage.access import require_admin
from webapp.storage.database import db, write_transaction
from webapp.towns.services import get_town_by_id, query_towns
from webapp.web.actor import current_actor
from webapp.web.forms import PageForm, empty_form, read_form
from webapp.web.localisation import remember_language

bp = Blueprint("accounts", __name__)


def _typed_email() -> str:
    return f"login {request.form.get('email', '').strip().lower()[:254]}"


@bp.get("/")
def home() -> ResponseReturnValue:
    """The first page after logging in."""
    return redirect(home_url(), 303)


@bp.get("/login")
@public
def login() -> ResponseReturnValue:
    """The log-in form."""
    return _login_page(empty_form())


@bp.post("/login")
@public
@limiter.limit("20 per minute", key_func=get_remote_address)
@limiter.limit("10 per 5 minutes", key_func=_typed_email)
def log_in() -> ResponseReturnValue:
    """Check e-mail and password; say nothing about which of them was wrong."""
    form = read_form(LoginSchema)
    user = services.check_credentials(**form.data) if form.is_valid else None
    if user is None:
        return _login_page(
            PageForm(values={"email": form.value("email")}, errors={"_": [_wrong_login()]})
        ), 401
    _start_session(user)
    with write_transaction():
        services.record_login(user.id)
    kept = find_kept(services.actor_of_user(user))
    target = url_for("accounts.kept") if kept else safe_target(request.form.get("next", ""))
    response = make_response(redirect(target, 303))
    remember_user(response, user)
    return response


@bp.get("/kept")
def kept() -> ResponseReturnValue:
    """What one had sent when the session had ended: to be sent again, or thrown away."""
    found = find_kept(current_actor())
    if found is None:
        return redirect(home_url(), 303)
    shown = [value for _name, value in found.fields if value.strip()]
    return render_template("accounts/kept.html", kept=found, shown=shown, id_name=NAME)


@bp.post("/kept/throw-away")
def throw_away_kept() -> ResponseReturnValue:
    """Throw away what is kept; the field that names it has done so by now."""
    flash(_("Thrown away."), "success")
    return redirect(home_url(), 303)


@bp.post("/logout")
def log_out() -> ResponseReturnValue:
    """End all sessions of this person."""
    actor = current_actor()
    logout_user()
    session.clear()
    if actor.user_id is not None:
        with write_transaction():
            services.end_sessions(actor.user_id)
    flash(_("You are logged out."), "success")
    response = redirect(url_for("accounts.login"), 303)
    response.headers["Clear-Site-Data"] = '"cache"'
    return response


@bp.get("/account")
def account() -> ResponseReturnValue:
    """One's own account."""
    return _account_page(empty_form())


@bp.post("/account/password")
@limiter.limit("10 per 5 minutes")
def change_password() -> ResponseReturnValue:
    """Change one's own password."""
    form = read_form(PasswordSchema)
    if form.is_valid:
        try:
            with write_transaction():
                user = services.change_password(current_actor(), **form.data)
            _start_session(user)
            flash(_("Your password is changed. Other devices are logged out."), "success")
            return redirect(url_for("accounts.account"), 303)
        except InvalidInput as error:
            form.add_errors(error)
    return _account_page(PageForm(errors=form.errors)), 422


@bp.post("/account/language")
def change_language() -> ResponseReturnValue:
    """Choose the language of one's pages."""
    form = read_form(LanguageSchema)
    if not form.is_valid:
        return _account_page(form), 422
    with write_transaction():
        user = services.set_language(current_actor(), form.data["language"])
    response = redirect(url_for("accounts.account"), 303)
    return remember_language(response, user.language)


@bp.post("/account/town")
def choose_town() -> ResponseReturnValue:
    """Work in another town, as an administrator of all."""
    require_admin(current_actor())
    try:
        town = get_town_by_id(uuid.UUID(request.form.get("town", "")))
    except ValueError:
        raise NotFound from None
    session["town"] = town.id.hex
    return redirect(safe_target(request.form.get("next", "")), 303)


@bp.get("/users")
def users() -> ResponseReturnValue:
    """Everybody who logs in."""
    return _users_page(empty_form({"role": "coordinator"}))


@bp.post("/users")
def create_user() -> ResponseReturnValue:
    """Add somebody who logs in."""
    require_admin(current_actor())
    form = read_form(UserSchema)
    if form.is_valid:
        try:
            with write_transaction():
                user = services.create_user(current_actor(), **form.data)
            flash(_("%(name)s can log in now.", name=user.name), "success")
            return redirect(url_for("accounts.users"), 303)
        except InvalidInput as error:
            form.add_errors(error)
    return _users_page(form), 422


@bp.post("/users/<uuid:user_id>/active")
def set_user_active(user_id: uuid.UUID) -> ResponseReturnValue:
    """Lock somebody out, or let them in again."""
    active = request.form.get("active") == "yes"
    with write_transaction():
        user = services.set_user_active(current_actor(), user_id, active)
    text = _("%(name)s can log in again.") if active else _("%(name)s is locked out.")
    flash(text % {"name": user.name}, "success")
    return redirect(url_for("accounts.users"), 303)


@bp.get("/tokens")
def tokens() -> ResponseReturnValue:
    """The API tokens."""
    return _tokens_page(empty_form({"role": "coordinator"}))


@bp.post("/tokens")
def create_token() -> ResponseReturnValue:
    """Add an API token and show its secret, this once."""
    require_admin(current_actor())
    form = read_form(TokenSchema)
    if form.is_valid:
        try:
            with write_transaction():
                _token, secret = api_tokens.create_token(current_actor(), **form.data)
            return _tokens_page(empty_form({"role": "coordinator"}), secret=secret), 201
        except InvalidInput as error:
            form.add_errors(error)
    return _tokens_page(form), 422


@bp.post("/tokens/<uuid:token_id>/revoke")
def revoke_token(token_id: uuid.UUID) -> ResponseReturnValue:
    """End an API token."""
    with write_transaction():
        api_tokens.revoke_token(current_actor(), token_id)
    flash(_("The token is revoked."), "success")
    return redirect(url_for("accounts.tokens"), 303)


def safe_target(target: str) -> str:
    """`target` when it is a page of ours that can be read, else the first page."""
    parts = urlsplit(target) if target.isprintable() else urlsplit("")
    is_path = target.startswith("/") and not target.startswith(("//", "/\\")) and "\\" not in target
    if not is_path or parts.scheme or parts.netloc:
        return home_url()
    try:
        current_app.create_url_adapter(request).match(parts.path, method="GET")  # type: ignore[union-attr]
    except (HTTPException, RequestRedirect):
        return home_url()
    return parts._replace(fragment="").geturl()


def home_url() -> str:
    """The first page: the board."""
    return url_for("board.board")


def _start_session(user: User) -> None:
    """Log in with a new session: nothing that stood in the old cookie lives on."""
    session.clear()
    session.permanent = True
    session["logged_in_at"] = int(time.time())
    login_user(user)


def _wrong_login() -> str:
    return _("E-mail address and password do not fit together, or this account is locked.")


def _login_page(form: PageForm) -> str:
    next_ = request.values.get("next", "")
    return render_template("accounts/login.html", form=form, next=next_)


def _account_page(form: PageForm) -> str:
    actor = current_actor()
    user = db.session.get(User, actor.user_id)
    if user is None:
        raise NotFound
    languages = [("", _("The town's language")), *LANGUAGES.items()]
    town = get_town_by_id(user.town_id) if user.town_id else None
    return render_template(
        "accounts/account.html",
        form=form,
        language_form=empty_form(user, ["language"]),
        user=user,
        town=town,
        languages=languages,
        role_names=ROLE_NAMES,
    )


def _users_page(form: PageForm) -> str:
    actor = current_actor()
    people = services.query_users(actor)
    return render_template("accounts/users.html", form=form, users=people, **_choices())


def _tokens_page(form: PageForm, secret: str = "") -> str:
    actor = current_actor()
    kept = api_tokens.query_tokens(actor)
    return render_template("accounts/tokens.html", form=form, tokens=kept, secret=secret, **_choices())


def _choices() -> dict[str, object]:
    towns = query_towns()
    return {
        "role_names": ROLE_NAMES,
        "roles": list(ROLE_NAMES.items()),
        "towns": [("", _("All towns")), *((str(town.id), town.name) for town in towns)],
        "town_names": {town.id: town.name for town in towns},
    }


@bp.context_processor
def _town_choice() -> dict[str, object]:
    """The towns an administrator of all can switch between."""
    return {"town_choices": query_towns() if g.get("actor") and g.actor.is_admin else []}
