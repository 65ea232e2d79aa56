"""Which language and time zone a reader gets, and the switch between languages."""

from __future__ import annotations

from datetime import datetime
from typing import Any, TypeVar

from babel import Locale
from flask import Flask, Response, current_app, g, has_request_context, request
from flask_babel import format_date, format_time, get_locale, to_user_timezone
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as BaseResponse

from webapp.config import LANGUAGES
from webapp.extensions import babel
from webapp.web.navigation import address_with

COOKIE = "koppel_lang"
R = TypeVar("R", bound=BaseResponse)
_A_YEAR = 365 * 24 * 3600


def init_localisation(app: Flask, engine_texts: str) -> None:
    """Choose the language per request; both catalogues, ours and the engine's, act as one.

    Parameters
    ----------
    engine_texts : str
        The folder of the engine's translations.
    """
    app.config["BABEL_TRANSLATION_DIRECTORIES"] = f"translations;{engine_texts}"
    app.config["BABEL_DOMAIN"] = "messages;matcher"
    babel.init_app(app, locale_selector=select_language, timezone_selector=_select_timezone)
    app.after_request(_keep_language)
    app.add_template_global(language_links)
    app.add_template_global(text_direction)
    app.add_template_global(language_code)
    app.add_template_filter(moment)


def select_language() -> str:
    """``?lang=``, else the cookie, else the user's, else the town's, else what the browser asks for.

    English outside of a request: the command line and the worker.
    """
    if not has_request_context():
        return "en"
    wishes = (
        request.args.get("lang"),
        request.cookies.get(COOKIE),
        g.get("user_language"),
        g.get("town_language"),
        request.accept_languages.best_match(LANGUAGES),
    )
    return next((wish for wish in wishes if wish in LANGUAGES), "en")


def language_code() -> str:
    """The language of this page, for ``lang`` in HTML."""
    return str(get_locale() or "en").replace("_", "-")


def text_direction() -> str:
    """``rtl`` or ``ltr``, for ``dir`` in HTML."""
    locale = get_locale() or Locale("en")
    return str(locale.text_direction)


def moment(at: datetime) -> str:
    """A point in time as people write it, without seconds."""
    return f"{format_date(to_user_timezone(at), 'medium', rebase=False)}, {format_time(at, 'short')}"


def language_links() -> list[dict[str, Any]]:
    """The same page in every language; the start page, where this one answers a form that has no page."""
    is_here = bool(request.endpoint) and request.method == "GET"
    path = request.path if _is_a_page(request.path) else "/"
    current = language_code()
    return [
        {
            "code": code,
            "name": name,
            "is_current": code == current,
            "url": address_with("lang", code) if is_here else f"{path}?lang={code}",
        }
        for code, name in LANGUAGES.items()
    ]


def _is_a_page(path: str) -> bool:
    try:
        current_app.url_map.bind("").match(path, method="GET")
    except HTTPException:
        return False
    return True


def remember_language(response: R, language: str) -> R:
    """Keep the reader's choice on their device."""
    secure = request.is_secure
    response.set_cookie(COOKIE, language, max_age=_A_YEAR, samesite="Lax", httponly=True, secure=secure)
    return response


def _keep_language(response: Response) -> Response:
    wish = request.args.get("lang")
    return remember_language(response, wish) if wish in LANGUAGES else response


def _select_timezone() -> str | None:
    timezone: str | None = g.get("town_timezone")
    return timezone
