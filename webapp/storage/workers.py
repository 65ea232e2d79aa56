"""Which workers there are, and which of them runs the schedule: rows by which processes agree, anywhere."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import String, delete, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column

from webapp.storage.database import Base, db, delete_rows, utc_now, write_transaction

BEAT_SECONDS = 10
"""So often a worker gives a sign of life."""
SILENT = timedelta(seconds=4 * BEAT_SECONDS)
"""Who has been silent for so long is not alive."""
_GONE = timedelta(days=1)
_MINUTE = timedelta(minutes=1)
_SCHEDULE = "schedule"


class WorkerBeat(Base):
    """A worker that runs, or died: its last sign of life."""

    __tablename__ = "worker"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    beat_at: Mapped[datetime]


class Lease(Base):
    """Something that one process at a time may do: who may, and until when."""

    __tablename__ = "lease"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    holder: Mapped[uuid.UUID]
    until: Mapped[datetime]


def beat(worker_id: uuid.UUID, name: str) -> None:
    """Say that a worker is alive, and forget those that died long ago."""
    now = utc_now()
    with write_transaction():
        mine = update(WorkerBeat).where(WorkerBeat.id == worker_id).values(beat_at=now)
        if not _rows_of(mine):
            db.session.add(WorkerBeat(id=worker_id, name=name, beat_at=now))
        delete_rows(delete(WorkerBeat).where(WorkerBeat.beat_at < now - _GONE))


def leave(worker_id: uuid.UUID) -> None:
    """Say that a worker has stopped."""
    with write_transaction():
        delete_rows(delete(WorkerBeat).where(WorkerBeat.id == worker_id))


def is_any_alive() -> bool:
    """Whether a worker, on whichever machine, has given a sign of life lately."""
    alive = select(WorkerBeat.id).where(WorkerBeat.beat_at > utc_now() - SILENT).limit(1)
    return db.session.scalar(alive) is not None


def take_minute(worker_id: uuid.UUID, minute: datetime) -> bool:
    """Lease the schedule for a minute: True for exactly one of those who ask.

    The lease ends with its minute, so whoever dies or stops holds nobody up: the next minute is anybody's.
    """
    until = minute + _MINUTE
    # Of a clock that was far ahead there is a lease that nobody can wait for.
    is_over = or_(Lease.until <= minute, Lease.until > until + _MINUTE)
    with write_transaction() as session:
        mine = update(Lease).where(Lease.name == _SCHEDULE, is_over).values(holder=worker_id, until=until)
        if _rows_of(mine):
            return True
        if session.get(Lease, _SCHEDULE) is not None:
            return False
        try:
            with session.begin_nested():
                session.add(Lease(name=_SCHEDULE, holder=worker_id, until=until))
        except IntegrityError:  # somebody took the very first one at the same moment
            return False
        return True


def _rows_of(statement: Any) -> int:
    result: Any = db.session.execute(statement.execution_options(synchronize_session=False))
    n_rows: int = result.rowcount
    return n_rows
