"""Rows by which workers agree: who is alive, and whose the schedule of a minute is, on either database."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask

from webapp.storage.database import db, utc_now, write_transaction
from webapp.storage.workers import Lease, WorkerBeat, beat, is_any_alive, leave, take_minute

ME, YOU = uuid.uuid4(), uuid.uuid4()
NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def _inside(app: Flask) -> Iterator[None]:
    with app.app_context():
        yield


def test_any_worker_that_beats_is_alive_until_it_leaves() -> None:
    assert not is_any_alive()
    for _ in range(2):
        beat(ME, "one:1")
        beat(YOU, "other:2")
    leave(ME)
    assert is_any_alive()
    leave(YOU)
    assert not is_any_alive()


@pytest.mark.parametrize(("seconds", "is_alive"), [(39, True), (41, False)])
def test_silence_of_forty_seconds_is_death(seconds: int, is_alive: bool) -> None:
    with write_transaction() as session:
        session.add(WorkerBeat(id=ME, name="one:1", beat_at=utc_now() - timedelta(seconds=seconds)))
    assert is_any_alive() == is_alive


def test_those_that_died_a_day_ago_are_forgotten() -> None:
    with write_transaction() as session:
        session.add(WorkerBeat(id=ME, name="one:1", beat_at=utc_now() - timedelta(days=1, seconds=1)))
    beat(YOU, "other:2")
    assert db.session.scalars(db.select(WorkerBeat.id)).all() == [YOU]


def test_a_minute_is_given_once_and_the_next_is_anybodys() -> None:
    assert take_minute(ME, NOON)
    assert not take_minute(ME, NOON)
    assert not take_minute(YOU, NOON)
    assert take_minute(YOU, NOON + MINUTE)
    assert not take_minute(ME, NOON)
    assert take_minute(ME, NOON + 3 * MINUTE)


def test_a_clock_that_was_an_hour_ahead_does_not_stop_the_schedule() -> None:
    assert take_minute(ME, NOON + timedelta(hours=1))
    assert take_minute(YOU, NOON)


@pytest.mark.parametrize("is_first", [True, False])
def test_of_many_who_ask_at_once_one_gets_the_minute(app: Flask, is_first: bool) -> None:
    n_asking = 8
    if not is_first:
        take_minute(ME, NOON - MINUTE)
    together = threading.Barrier(n_asking)

    def ask(_number: int) -> bool:
        with app.app_context():
            together.wait()
            return take_minute(uuid.uuid4(), NOON)

    with ThreadPoolExecutor(n_asking) as pool:
        assert sum(pool.map(ask, range(n_asking))) == 1
    assert db.session.scalars(db.select(Lease.until)).all() == [NOON + MINUTE]
