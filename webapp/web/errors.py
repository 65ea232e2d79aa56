"""The only file that knows what an error means in HTTP, as a page and as JSON."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import structlog
from flask import Flask, Response, g, jsonify, make_response, redirect, render_template, request, url_for
from flask.globals import request_ctx
from flask_babel import lazy_gettext as _l
from flask_login import AnonymousUserMixin
from sqlalchemy.exc import OperationalError, SQLAlchemyError
from sqlalchemy.orm.exc import StaleDataError
from werkzeug.exceptions import HTTPException

from webapp.exceptions import Conflict, InvalidInput, LoginRequired, NotAllowed, NotFound
from webapp.storage.database import db
from webapp.web.parts import is_part_asked

log = structlog.get_logger()

# What a page says: heading and what to do next.
TEXTS = {
    400: (_l("That did not arrive as expected"), _l("Please go back, reload the page and try again.")),
    401: (_l("Please log in"), _l("This page is for people who are logged in.")),
    403: (_l("This is not for your role"), _l("If you need it, ask an administrator of your town.")),
    404: (
        _l("There is nothing here"),
        _l("The page has moved, was removed, or belongs to another town."),
    ),
    405: (_l("That does not work this way"), _l("Please go back and use the buttons on the page.")),
    409: (
        _l("Someone was faster"),
        _l("Things changed while this page was open. Please look at how they stand now."),
    ),
    413: (_l("That is too large"), _l("Please send a smaller file.")),
    422: (_l("Some values cannot be used"), _l("Please go back and look at the fields named below.")),
    429: (_l("Too many tries"), _l("Please wait a few minutes, then try again.")),
    500: (
        _l("Something went wrong on our side"),
        _l("Nothing was changed. Please try again; if it happens once more, tell your administrator."),
    ),
    503: (_l("Very busy just now"), _l("Nothing was changed. Please try again in a few seconds.")),
}
_FALLBACK = {4: 400, 5: 500}
_SIGNS = {
    "busy": ("database is locked", "lock timeout", "locknotavailable", "statement timeout", "deadlock"),
    "full": ("disk is full", "no space left", "disk i/o error", "could not extend file"),
}
# Heading, advice, and after how many seconds to try again.
DATABASE_TEXTS = {
    "busy": (*TEXTS[503], 2),
    "full": (
        _l("Nothing can be stored just now"),
        _l("Nothing was changed. The disk of the server is full: please tell your administrator."),
        60,
    ),
    "away": (
        _l("The database cannot be reached"),
        _l("Nothing was changed. Please try again in a minute; if it lasts, tell your administrator."),
        30,
    ),
}


def init_errors(app: Flask) -> None:
    """Answer every error in the form the client reads."""
    app.register_error_handler(NotFound, lambda _error: answer(404, "not_found"))
    app.register_error_handler(NotAllowed, lambda _error: answer(403, "not_allowed"))
    app.register_error_handler(LoginRequired, lambda _error: _ask_to_log_in())
    app.register_error_handler(Conflict, _answer_conflict)
    app.register_error_handler(InvalidInput, _answer_invalid)
    app.register_error_handler(StaleDataError, lambda _error: answer(409, "changed"))
    app.register_error_handler(OperationalError, _answer_database)
    app.register_error_handler(HTTPException, _answer_http)
    app.register_error_handler(RecursionError, lambda _error: answer(400, "bad_request"))


def answer(
    status: int, reason: str, message: str = "", *, heading: Any = "", advice: Any = "", **more: Any
) -> Response:
    """An error as JSON, as a part of a page, or as a page; its own heading and advice, or the status's."""
    usual = TEXTS.get(status) or TEXTS[_FALLBACK[status // 100]]
    heading, advice = heading or usual[0], advice or usual[1]
    if wants_json():
        body = {"status": status, "reason": reason, "message": message or str(heading), **more}
        response = jsonify(body)
    else:
        # A host that is not ours has no routes, so no layout either.
        is_part = is_part_asked() or request_ctx.url_adapter is None
        part = "errors/_part.html" if is_part else "errors/page.html"
        text = render_template(
            part, status=status, heading=heading, advice=advice, message=message, fields=more.get("fields")
        )
        response = make_response(text)
    response.status_code = status
    if status == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    if status == 503:
        response.headers["Retry-After"] = "2"
    return response


def ask_nobody() -> None:
    """Let nobody be logged in for this request, whatever its cookie says."""
    g.actor = None
    g._login_user = AnonymousUserMixin()


def wants_json() -> bool:
    """Whether the client reads JSON: all of the API, and whoever says so."""
    if request.path.startswith("/api/"):
        return True
    accepted = request.accept_mimetypes
    return accepted.best_match(["text/html", "application/json"], "text/html") == "application/json"


def conflict_body(error: Conflict) -> dict[str, Any]:
    """The JSON of a conflict, also for answers that are kept."""
    message = str(error.message) or str(TEXTS[409][0])
    return {**error.current, "status": 409, "reason": error.reason, "message": message}


def _answer_conflict(error: Conflict) -> Response:
    if wants_json():
        response = jsonify(conflict_body(error))
        response.status_code = 409
        return response
    return answer(409, error.reason, str(error.message))


def _answer_invalid(error: InvalidInput) -> Response:
    return answer(422, "invalid", fields=error.fields)


def _ask_to_log_in() -> Response:
    if wants_json():
        return answer(401, "login_required")
    is_page = request.method == "GET" and not is_part_asked()
    target = url_for("accounts.login", next=request.full_path.rstrip("?") if is_page else None)
    if is_part_asked():
        response = make_response("", 401)
        response.headers["HX-Redirect"] = target
        return response
    return make_response(redirect(target, 303))


def _answer_database(error: OperationalError) -> Response:
    """Busy, full or away: none of them may ask the database again to say so."""
    _forget_who_asks()
    said = str(error.orig).lower()
    reason = next((reason for reason, signs in _SIGNS.items() if any(sign in said for sign in signs)), "away")
    log.warning(f"database_{reason}", error=str(error.orig))
    heading, advice, seconds = DATABASE_TEXTS[reason]
    response = answer(503, reason, heading=heading, advice=advice)
    response.headers["Retry-After"] = str(seconds)
    return response


def _forget_who_asks() -> None:
    """Let the page be made without a question to the database: no town is chosen."""
    ask_nobody()
    g.town_name = ""
    with suppress(SQLAlchemyError):
        db.session.rollback()


def _answer_http(error: HTTPException) -> Response:
    if error.response is not None and error.code is not None and error.code < 400:
        return make_response(error.response)
    status = error.code or 500
    if status < 400:
        return make_response(error.get_response())
    messages = getattr(error, "data", {}).get("messages") if status == 422 else None
    if messages is not None:
        return answer(422, "invalid", fields=_flat(messages))
    reason = error.name.lower().replace(" ", "_").replace("'", "")
    response = answer(status, reason)
    for name, value in error.get_headers():
        if name in {"Allow", "Retry-After"}:
            response.headers[name] = value
    return response


def _flat(messages: dict[str, Any]) -> dict[str, list[str]]:
    """Webargs' messages by place (json, query ...) and field, as one mapping of field to sentences."""
    found: dict[str, list[str]] = {}

    def walk(value: Any, path: tuple[str, ...]) -> None:
        if isinstance(value, dict):
            for key, inner in value.items():
                walk(inner, (*path, str(key)))
        else:
            texts = value if isinstance(value, list) else [value]
            found.setdefault(".".join(path) or "_schema", []).extend(str(text) for text in texts)

    for value in messages.values():
        walk(value, ())
    return found
