"""Flask's extensions, not bound to an application yet."""

from __future__ import annotations

from flask_babel import Babel
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from flask_migrate import Migrate
from flask_security import Security
from flask_smorest import Api as SmorestApi
from flask_wtf.csrf import CSRFProtect

from webapp.schemas import ErrorSchema


class Api(SmorestApi):
    """flask-smorest's API with our one error shape in its description."""

    ERROR_SCHEMA = ErrorSchema


babel = Babel()
csrf = CSRFProtect()
limiter = Limiter(get_remote_address)
migrate = Migrate(render_as_batch=True, compare_type=True)
security = Security()
