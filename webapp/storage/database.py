"""The database: one session that writes only inside `write_transaction()`, guarded updates, column types."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, time
from typing import Any
from weakref import WeakKeyDictionary
from zoneinfo import ZoneInfo

import structlog
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from flask_sqlalchemy.session import Session as FlaskSession
from sqlalchemy import (
    JSON,
    ColumnElement,
    Connection,
    DateTime,
    Delete,
    Dialect,
    Engine,
    MetaData,
    Select,
    delete,
    event,
    func,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import DeclarativeBase, Mapped, ORMExecuteState, Session, declared_attr, mapped_column
from sqlalchemy.orm.util import identity_key
from sqlalchemy.types import TypeDecorator

from webapp.exceptions import NaiveDateTime, WriteOutsideTransaction

log = structlog.get_logger()
_WRITES = "writes"
_AFTERWARDS = "afterwards"
READING_SECONDS = 30
"""So long PostgreSQL may take for one question."""
DELETED_AT_ONCE = 500
WRITING_SECONDS = 10
"""So long a writer waits for others on SQLite."""
_PostgresJson = JSONB()


class UtcDateTime(TypeDecorator[datetime]):
    """A point in time: takes aware datetimes only, stores UTC, hands out UTC."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse naive datetimes; turn the others to UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise NaiveDateTime(f"{value!r} has no time zone: use webapp.storage.database.utc_now()")
        in_utc = value.astimezone(UTC)
        return in_utc.replace(tzinfo=None) if dialect.name == "sqlite" else in_utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Hand out UTC, whatever the session's own time zone is."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    """All tables: constraint names that migrations can rely on, our types for Python's."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_label)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {  # noqa: RUF012 -- SQLAlchemy reads it from the class
        datetime: UtcDateTime(),
        dict[str, Any]: JSON().with_variant(_PostgresJson, "postgresql"),
        list[Any]: JSON().with_variant(_PostgresJson, "postgresql"),
    }


class Model(Base):
    """A row with a random id and a version that every change raises by one.

    An ORM write of a row that somebody else changed in the meantime fails with 409 ``changed``.
    """

    __abstract__ = True

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4, sort_order=-10)
    version: Mapped[int] = mapped_column(default=1, sort_order=-9)

    def __init__(self, **values: Any) -> None:
        values.setdefault("id", uuid.uuid4())
        super().__init__(**values)

    @declared_attr.directive
    @classmethod
    def __mapper_args__(cls) -> dict[str, Any]:
        return {"version_id_col": cls.version}


class GuardedSession(FlaskSession):
    """A session that refuses to write outside `write_transaction()`."""


db = SQLAlchemy(metadata=Base.metadata, session_options={"class_": GuardedSession})


def utc_now() -> datetime:
    """The present moment, aware."""
    return datetime.now(UTC)


def midnight(day: date, timezone: str) -> datetime:
    """The moment at which a day begins in a time zone."""
    return datetime.combine(day, time(), ZoneInfo(timezone))


@contextmanager
def write_transaction() -> Iterator[Session]:
    """The only way to change rows: everything inside is stored together, or nothing is.

    Ends the read transaction first, so load what you change inside. Keep it short: other writers wait.

    Raises
    ------
    WriteOutsideTransaction
        When there are changes from before, or when it is already open.
    """
    session = db.session()
    if session.info.get(_WRITES):
        raise WriteOutsideTransaction(
            "write_transaction() is already open: open it once, in the view or task"
        )
    _refuse_changes(session)
    session.rollback()
    with _turn(session.get_bind()):
        session.connection(execution_options={_WRITES: True})
        session.info[_WRITES], session.info[_AFTERWARDS] = True, []
        try:
            yield session
            session.commit()
        except BaseException:
            session.rollback()
            raise
        finally:
            session.info[_WRITES], afterwards = False, session.info.pop(_AFTERWARDS)
    for act in afterwards:
        try:
            act()
        except Exception:  # what was to be done is stored: whoever asked for it must not read that it failed
            log.exception("after_commit_failed")


_TURNS: WeakKeyDictionary[Any, threading.Lock] = WeakKeyDictionary()


@contextmanager
def _turn(engine: Any) -> Iterator[None]:
    """Wait in turn for other writers of this process on SQLite, which itself sleeps and looks again."""
    turn = _TURNS.get(engine)
    if turn is None:
        yield
        return
    if not turn.acquire(timeout=WRITING_SECONDS):
        raise OperationalError("BEGIN IMMEDIATE", None, Exception("database is locked"))
    try:
        yield
    finally:
        turn.release()


def after_commit(act: Callable[[], object]) -> None:
    """Do something once the write transaction that is open has been stored, and not at all when it is not."""
    db.session().info[_AFTERWARDS].append(act)


def is_writing() -> bool:
    """Whether a write transaction is open."""
    return bool(db.session().info.get(_WRITES))


def guarded_update(
    model: type[Model], id_: uuid.UUID, *conditions: ColumnElement[bool], **values: Any
) -> bool:
    """Change one row if it still meets the conditions; check and change are one statement.

    Values may be expressions (``taken=Offer.taken + 1``). The version goes up by one. An object of this row
    that the session holds is read anew when it is next used.

    Returns
    -------
    bool
        False when no row met the conditions: re-read it to say why, and raise, so that all is undone.
    """
    result: Any = db.session.execute(
        update(model)
        .where(model.id == id_, *conditions)
        .values(version=model.version + 1, **values)
        .execution_options(synchronize_session=False)
    )
    changed: bool = result.rowcount == 1
    held = db.session().identity_map.get(identity_key(model, id_))
    if changed and held is not None:
        db.session.expire(held)
    return changed


def init_database(app: Flask) -> None:
    """Bind the database to the application and set up its connections."""
    db.init_app(app)
    with app.app_context():
        _set_up_engine(db.engine)


def _set_up_engine(engine: Engine) -> None:
    if engine.dialect.name == "sqlite":
        _TURNS[engine] = threading.Lock()
        event.listen(engine, "connect", _set_up_sqlite_connection)
        event.listen(engine, "begin", _begin_on_sqlite)
    else:
        event.listen(engine, "begin", _begin_on_postgresql)


def _set_up_sqlite_connection(connection: Any, _: Any) -> None:
    connection.isolation_level = None  # BEGIN is ours: see _begin_on_sqlite
    connection.execute(f"PRAGMA busy_timeout = {1000 * WRITING_SECONDS}")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA synchronous = FULL")


def _begin_on_sqlite(connection: Connection) -> None:
    # Writers queue at once: a reader that turns writer fails as soon as anybody else has written.
    writes = connection.get_execution_options().get(_WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _begin_on_postgresql(connection: Connection) -> None:
    if connection.get_execution_options().get(_WRITES, False):
        connection.exec_driver_sql("SET LOCAL lock_timeout = '3s'")
    else:
        connection.exec_driver_sql(f"SET LOCAL statement_timeout = '{READING_SECONDS}s'")


def _refuse_changes(session: Session) -> None:
    changed = [*session.new, *session.deleted, *(row for row in session.dirty if session.is_modified(row))]
    if changed:
        names = ", ".join(sorted({type(row).__name__ for row in changed}))
        raise WriteOutsideTransaction(f"{names} changed outside write_transaction()")


@event.listens_for(GuardedSession, "before_flush")
def _guard_flush(session: Session, _context: object, _instances: object) -> None:
    if not session.info.get(_WRITES):
        _refuse_changes(session)


@event.listens_for(GuardedSession, "do_orm_execute")
def _guard_execute(state: ORMExecuteState) -> None:
    is_write = state.is_insert or state.is_update or state.is_delete
    if is_write and not state.session.info.get(_WRITES):
        raise WriteOutsideTransaction("a statement that writes, outside write_transaction()")


def delete_rows(statement: Delete) -> int:
    """Delete rows without loading them; returns how many there were."""
    result: Any = db.session.execute(statement.execution_options(synchronize_session=False))
    n_deleted: int = result.rowcount
    return n_deleted


def delete_in_chunks(model: type[Model], *conditions: ColumnElement[bool]) -> int:
    """Delete the rows that meet the conditions, however many; returns how many there were.

    Opens its own write transactions, each so short that nobody notices: what is to go is looked up before.
    """
    ids = db.session.scalars(select(model.id).where(*conditions)).all()
    n_deleted = 0
    for start in range(0, len(ids), DELETED_AT_ONCE):
        chunk = model.id.in_(ids[start : start + DELETED_AT_ONCE])
        with write_transaction():
            n_deleted += delete_rows(delete(model).where(chunk, *conditions))
    return n_deleted


def count_rows(statement: Any) -> int:
    """How many rows a select would give."""
    counted = statement.with_only_columns(func.count(), maintain_column_froms=True).order_by(None)
    return db.session.scalar(counted) or 0


def count_rows_by(column: Any, statement: Select[Any], values: Iterable[str]) -> dict[str, int]:
    """How many rows a select would give for each of the values of a column."""
    counted = statement.with_only_columns(column, func.count(), maintain_column_froms=True)
    counts = {row[0]: row[1] for row in db.session.execute(counted.order_by(None).group_by(column))}
    return {value: counts.get(value, 0) for value in values}
