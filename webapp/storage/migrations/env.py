"""Runs migrations on the application's own database, inside `flask db` and `koppel serve`."""

from __future__ import annotations

from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from flask import current_app
from sqlalchemy import JSON

from webapp.storage.database import Base, UtcDateTime, db

engine = db.engine


def render_item(kind: str, item: Any, autogen: AutogenContext) -> str | Literal[False]:
    """Write our column types the way a migration can read them years later, without our code."""
    if kind == "type" and isinstance(item, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and isinstance(item, JSON):
        autogen.imports.add("from sqlalchemy.dialects import postgresql")
        return 'sa.JSON().with_variant(postgresql.JSONB(), "postgresql")'
    return False


def run() -> None:
    """Migrate in one transaction, with SQLite's foreign keys off: a batch copies and drops tables."""
    with engine.connect() as connection:
        raw = connection.connection.dbapi_connection
        is_sqlite = engine.dialect.name == "sqlite"
        if is_sqlite and raw is not None:
            raw.execute("PRAGMA foreign_keys = OFF")  # ignored inside a transaction: so here, before it
        try:
            options = current_app.extensions["migrate"].configure_args
            context.configure(
                connection=connection,
                target_metadata=Base.metadata,
                render_item=render_item,
                process_revision_directives=_leave_out_empty,
                **options,
            )
            with context.begin_transaction():
                context.run_migrations()
        finally:
            if is_sqlite and raw is not None:
                connection.rollback()  # what only read is open still, and would ignore the next line
                raw.execute("PRAGMA foreign_keys = ON")


def _leave_out_empty(_context: object, _revision: object, directives: list[Any]) -> None:
    if getattr(context.config.cmd_opts, "autogenerate", False) and directives[0].upgrade_ops.is_empty():
        directives[:] = []


run()
