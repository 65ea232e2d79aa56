"""create_app: settings, extensions, rooms. What a room has (views, api, tasks) is mounted by its name."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import Any

from flask import Flask
from flask.json.provider import DefaultJSONProvider
from werkzeug.middleware.proxy_fix import ProxyFix

from webapp.accounts.login import init_login
from webapp.config import derived_settings, load_settings
from webapp.engine import texts as engine_texts
from webapp.extensions import Api, limiter, migrate
from webapp.profiles.hours import init_hours
from webapp.profiles.labels import init_labels
from webapp.storage.database import db, init_database
from webapp.storage.upgrade import FOLDER
from webapp.web import health
from webapp.web.errors import init_errors
from webapp.web.headers import init_headers
from webapp.web.idempotency import StoredResponse
from webapp.web.localisation import init_localisation
from webapp.web.navigation import init_navigation
from webapp.web.parts import init_parts
from webapp.worker import init_worker

ROOMS = (
    *("audit", "towns", "accounts", "profiles", "newcomers", "offers", "placements", "proposals"),
    *("runs", "answers", "exchange", "board", "guide", "overview"),
)

__all__ = ["ROOMS", "StoredResponse", "create_app"]


class StrictJson(DefaultJSONProvider):
    """JSON as the standard has it: no NaN, no Infinity."""

    def loads(self, s: str | bytes, **kwargs: Any) -> Any:
        """Read JSON; a number that is none is refused like any other mistake."""
        return super().loads(s, parse_constant=_refuse_constant, **kwargs)


def create_app(settings: Mapping[str, Any] | None = None) -> Flask:
    """The web application.

    Parameters
    ----------
    settings : mapping, optional
        Flask configuration that goes before the environment; for tests.

    Raises
    ------
    InvalidSettings
    """
    app = Flask("webapp")
    app.json_provider_class = StrictJson  # what Flask-Security makes its own provider of
    app.json = StrictJson(app)
    given = load_settings()
    given.update(settings or {})
    # A task in a process of its own finds its settings in the environment, and only there.
    workers = {"WORKER_IMMEDIATE": False, "WORKER_CHILDREN": settings is None}
    app.config.update({**workers, **derived_settings(given), **given})
    if app.config["PROXY_HOPS"]:
        hops = app.config["PROXY_HOPS"]
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]
    init_database(app)
    migrate.init_app(app, db, directory=str(FOLDER))
    limiter.init_app(app)
    init_localisation(app, engine_texts.CATALOGUES)
    init_login(app)
    init_headers(app)
    init_parts(app)
    app.register_blueprint(health.bp)
    _mount_rooms(app)
    init_worker(app)
    init_errors(app)
    init_navigation(app)
    init_labels(app)
    init_hours(app)
    return app


def _mount_rooms(app: Flask) -> None:
    api = Api(app, spec_kwargs=_API_DESCRIPTION)
    for room in ROOMS:
        _room_module(room, "models")
        _room_module(room, "services")  # listens to others, and says what actions are called
        views, json = _room_module(room, "views"), _room_module(room, "api")
        if views is not None:
            app.register_blueprint(views.bp)
        if json is not None:
            api.register_blueprint(json.bp)
        _room_module(room, "tasks")


def _room_module(room: str, name: str) -> ModuleType | None:
    path = f"webapp.{room}.{name}"
    return import_module(path) if find_spec(f"webapp.{room}") and find_spec(path) else None


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


_API_DESCRIPTION: dict[str, Any] = {
    "info": {"description": "Proposals, placements, newcomers and offers of a town."},
    "components": {
        "securitySchemes": {
            "bearer": {"type": "http", "scheme": "bearer"},
            "session": {"type": "apiKey", "in": "cookie", "name": "koppel"},
        }
    },
    "security": [{"bearer": []}, {"session": []}],
}
