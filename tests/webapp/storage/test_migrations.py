"""Migrations: up, down and up again on both databases; the tables they make are those of the models."""

from __future__ import annotations

from pathlib import Path

import flask_migrate
import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect, text

from tests.web import make_app
from webapp.storage.database import Base, db
from webapp.storage.upgrade import FOLDER, newest_revision, upgrade_database


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_app(request, tmp_path):
    """An application on a database without tables."""
    if request.param == "sqlite":
        yield make_app(f"sqlite:///{tmp_path / 'empty.sqlite'}", tmp_path)
        return
    app = make_app(request.getfixturevalue("second_postgres_url"), tmp_path)
    yield app
    with app.app_context():
        db.engine.dispose()


def tables(app) -> set[str]:
    with app.app_context():
        return set(inspect(db.engine).get_table_names()) - {"alembic_version"}


def test_up_down_and_up_again(empty_app):
    upgrade_database(empty_app)
    made = tables(empty_app)
    assert {"town", "user_account", "audit_entry"} <= made

    with empty_app.app_context():
        flask_migrate.downgrade(directory=str(FOLDER), revision="base")
    assert tables(empty_app) == set()

    upgrade_database(empty_app)
    assert tables(empty_app) == made


def test_the_migrations_make_what_the_models_say(empty_app):
    upgrade_database(empty_app)

    with empty_app.app_context(), db.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []


def test_foreign_keys_are_on_after_a_migration(empty_app):
    upgrade_database(empty_app)

    with empty_app.app_context():
        if db.engine.dialect.name == "sqlite":
            assert db.session.scalar(text("PRAGMA foreign_keys")) == 1


def test_readyz_says_whether_the_tables_are_the_newest(empty_app):
    client = empty_app.test_client()
    before = client.get("/readyz")
    upgrade_database(empty_app)
    after = client.get("/readyz")

    assert (before.status_code, before.json["checks"]["migrations"]) == (503, False)
    assert (after.status_code, after.json["status"]) == (200, "ok")
    assert client.get("/healthz").json == {"status": "ok"}
    assert newest_revision() is not None


def test_foreign_keys_hold_after_an_upgrade_that_had_nothing_to_do(tmp_path: Path) -> None:
    app = make_app(f"sqlite:///{tmp_path / 'served.sqlite'}", tmp_path)
    for _ in range(2):
        upgrade_database(app)
        with app.app_context(), db.engine.connect() as connection:
            assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1
    with app.app_context():
        db.engine.dispose()
