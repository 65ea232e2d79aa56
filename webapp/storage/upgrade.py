"""Brings the database to the newest tables; what `koppel serve` and `koppel demo` do first."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import flask_migrate
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from filelock import FileLock
from flask import Flask
from sqlalchemy import Engine, inspect
from sqlalchemy.exc import DatabaseError, DBAPIError, OperationalError

from webapp.exceptions import CannotStart
from webapp.storage.database import db

FOLDER = Path(__file__).with_name("migrations")
_UPGRADE = 0x6B6F7070656C  # "koppel": by this number processes know the lock
_BACKUP = "What to do: put the file of your last backup there, and keep this one."


def upgrade_database(app: Flask) -> None:
    """Run the migrations that are missing; one process at a time, on whichever machine.

    Raises
    ------
    CannotStart
        When the database cannot be reached, is damaged, or is not one that this release can go on with.
    """
    lock = FileLock(app.config["KOPPEL_HOME"] / "start.lock")
    with app.app_context(), _in_words(db.engine), lock, _alone_at(db.engine):
        _check(db.engine)
        flask_migrate.upgrade(directory=str(FOLDER))
        db.engine.dispose()  # whatever a migration set on its connection ends with it


@contextmanager
def _alone_at(engine: Engine) -> Iterator[None]:
    """Wait for processes of other machines, which share PostgreSQL and no folder."""
    if engine.dialect.name != "postgresql":
        yield
        return
    with engine.connect() as connection:
        connection.detach()  # the pool is emptied before this one is given back
        connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_UPGRADE})")
        yield


@cache
def newest_revision() -> str | None:
    """The id of the last migration in the code."""
    return _migrations().get_current_head()


def _migrations() -> ScriptDirectory:
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    return ScriptDirectory.from_config(config)


def _check(engine: Engine) -> None:
    """Raise CannotStart for a database that a migration would make worse."""
    file = _file_of(engine)
    if file is not None and file.exists() and file.stat().st_size == 0:
        raise CannotStart(
            f"The database {file} is empty: no tables, not one byte.",
            "What to do: put the file of your last backup there; or remove it to begin with an empty town.",
        )
    if file is not None and file.exists() and _is_cut(file):
        raise CannotStart(f"The database {file} is damaged: a part of it is missing.", _BACKUP)
    with engine.connect() as connection:
        tables = set(inspect(connection).get_table_names())
        revision = MigrationContext.configure(connection).get_current_revision()
    known = {script.revision for script in _migrations().walk_revisions()}
    where = engine.url.render_as_string(hide_password=True)
    if revision is not None and revision not in known:
        raise CannotStart(
            f"The database {where} was last used by a newer Koppel (its tables are at {revision}).",
            "What to do: install that release, or the backup you made before you went to it.",
        )
    if revision is None and "town" in tables:
        raise CannotStart(
            f"The database {where} has tables of Koppel and does not say of which release.",
            "What to do: put your last backup there, or name another database with KOPPEL_DATABASE_URL.",
        )


def _is_cut(file: Path) -> bool:
    """Whether an SQLite file is shorter than its head says (sqlite.org/fileformat.html, 1.3)."""
    with file.open("rb") as opened:
        head = opened.read(100)
    if len(head) < 100 or not head.startswith(b"SQLite format 3\x00"):
        return False
    page_size, n_pages = int.from_bytes(head[16:18], "big"), int.from_bytes(head[28:32], "big")
    return n_pages * (65_536 if page_size == 1 else page_size) > file.stat().st_size


@contextmanager
def _in_words(engine: Engine) -> Iterator[None]:
    """What the database says on the way, as sentences."""
    where = engine.url.render_as_string(hide_password=True)
    try:
        yield
    except OperationalError as error:
        if _file_of(engine) is not None:
            raise CannotStart(
                f"The database {where} cannot be opened or written: {error.orig}.",
                "What to do: see that this user may write there, and that the disk has room.",
            ) from error
        raise CannotStart(
            f"The database {where} cannot be reached: {_first_line(error)}.",
            "What to do: see that PostgreSQL runs, and that KOPPEL_DATABASE_URL names it.",
        ) from error
    except OSError as error:
        raise CannotStart(
            f"Nothing can be written where Koppel keeps what it needs: {error}.",
            "What to do: see that this user may write to KOPPEL_HOME, and that the disk has room.",
        ) from error
    except DatabaseError as error:
        raise CannotStart(f"The database {where} is damaged: {_first_line(error)}.", _BACKUP) from error


def _first_line(error: DBAPIError) -> str:
    return str(error.orig).partition("\n")[0]


def _file_of(engine: Engine) -> Path | None:
    if engine.dialect.name != "sqlite" or engine.url.database in (None, "", ":memory:"):
        return None
    return Path(str(engine.url.database))
