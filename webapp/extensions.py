"""Flask's extensions, not bound to an application yet."""

from __future__ import annotations

from typing import Any

import flask
import marshmallow as ma
from flask_babel import Babel
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from flask_migrate import Migrate
from flask_security import Security
from flask_smorest import Api as SmorestApi
from flask_smorest import Blueprint
from flask_wtf.csrf import CSRFProtect
from webargs.flaskparser import FlaskParser

from webapp.schemas import ErrorSchema


class Api(SmorestApi):
    """flask-smorest's API with our one error shape in its description."""

    ERROR_SCHEMA = ErrorSchema


class _Parser(FlaskParser):
    """Reads JSON with the application's reader, so that whatever that refuses is a 400."""

    def _raw_load_json(self, req: flask.Request) -> Any:
        return req.get_json() if req.is_json and req.get_data() else ma.missing


Blueprint.ARGUMENTS_PARSER = _Parser()  # before any room describes its arguments

babel = Babel()
csrf = CSRFProtect()
limiter = Limiter(get_remote_address)
migrate = Migrate(render_as_batch=True, compare_type=True)
security = Security()
