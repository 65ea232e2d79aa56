"""Signs of life for whoever runs the service: /healthz and /readyz. Nothing about people."""

from __future__ import annotations

from alembic.runtime.migration import MigrationContext
from flask import Blueprint, current_app, jsonify
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import SQLAlchemyError

from webapp.storage.database import db
from webapp.storage.upgrade import newest_revision
from webapp.worker import is_alive

bp = Blueprint("health", __name__)


@bp.get("/healthz")
def healthz() -> ResponseReturnValue:
    """The process answers."""
    return jsonify(status="ok")


@bp.get("/readyz")
def readyz() -> ResponseReturnValue:
    """Database, migrations and worker are there; 503 names what is not."""
    checks = _checks()
    ready = all(checks.values())
    body = {"status": "ok" if ready else "not_ready", "checks": checks}
    return jsonify(body), 200 if ready else 503


def _checks() -> dict[str, bool]:
    """A database that is away is waited for once: what only it can tell is not in order then."""
    try:
        revision = MigrationContext.configure(db.session.connection()).get_current_revision()
    except SQLAlchemyError:
        return {"database": False, "migrations": False, "worker": False}
    return {"database": True, "migrations": revision == newest_revision(), "worker": _is_worker_alive()}


def _is_worker_alive() -> bool:
    try:
        return is_alive(current_app)
    except SQLAlchemyError:  # the tables are not there yet
        return False
