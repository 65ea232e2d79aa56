"""Flask's extensions, not bound to an application yet; the API with its one shape of error."""

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
from flask_smorest import Blueprint as SmorestBlueprint
from flask_wtf.csrf import CSRFProtect
from marshmallow import fields
from webargs.flaskparser import FlaskParser


class ErrorSchema(ma.Schema):
    """The one shape of every error answer."""

    status = fields.Integer(required=True, metadata={"description": "HTTP status"})
    reason = fields.String(required=True, metadata={"description": "one word for machines"})
    message = fields.String(required=True, metadata={"description": "one sentence for people"})
    fields_ = fields.Dict(
        keys=fields.String(),
        values=fields.List(fields.String()),
        data_key="fields",
        metadata={"description": "with 422: the sentences of every field"},
    )


class Api(SmorestApi):
    """flask-smorest's API with our one error shape in its description."""

    ERROR_SCHEMA = ErrorSchema


class _Parser(FlaskParser):
    """Reads JSON with the application's reader, so that whatever that refuses is a 400."""

    def _raw_load_json(self, req: flask.Request) -> Any:
        return req.get_json() if req.is_json and req.get_data() else ma.missing


class Blueprint(SmorestBlueprint):
    """A room's part of the API."""

    ARGUMENTS_PARSER = _Parser()


babel = Babel()
csrf = CSRFProtect()
limiter = Limiter(get_remote_address)
migrate = Migrate(render_as_batch=True, compare_type=True)
security = Security()
