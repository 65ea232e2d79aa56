"""Brings the database to the newest tables; what `koppel serve` and `koppel demo` do first."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import flask_migrate
from alembic.config import Config
from alembic.script import ScriptDirectory
from flask import Flask

from webapp.storage.database import db

FOLDER = Path(__file__).with_name("migrations")


def upgrade_database(app: Flask) -> None:
    """Run the migrations that are missing."""
    with app.app_context():
        flask_migrate.upgrade(directory=str(FOLDER))
        db.engine.dispose()  # whatever a migration set on its connection ends with it


@cache
def newest_revision() -> str | None:
    """The id of the last migration in the code."""
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    return ScriptDirectory.from_config(config).get_current_head()
