"""The worker: a queue for each application, which outlives its process; what is periodic; start and stop."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import redis
from flask import Flask, current_app
from sqlalchemy import event
from sqlalchemy.exc import OperationalError
from structlog.testing import capture_logs

from webapp.config import LEAST_STOP_SECONDS
from webapp.storage.database import Base, db, init_database, utc_now, write_transaction
from webapp.storage.workers import Lease, WorkerBeat
from webapp.worker import Task, Worker, _Consumer, is_alive, keep_beating, start_worker, task

SOON = 20.0
# What queues of installations hold by now. A name that was given once stays; a new task adds its own.
NAMES = {
    "webapp.matching.tasks.solve_run",
    "webapp.runs.tasks.give_up_dead",
    "webapp.accounts.tasks.clean_up_links",
    "webapp.accounts.tasks.clean_up_answers",
    "webapp.accounts.tasks.clean_up_forms",
    "webapp.runs.tasks.replace_withdrawn",
    "webapp.answers.tasks.answer",
    "webapp.answers.tasks.begin_forgotten",
    "webapp.answers.tasks.clean_up",
    "webapp.runs.tasks.clean_up_runs",
}


EACH_MINUTE = {"webapp.answers.tasks.begin_forgotten", "webapp.runs.tasks.give_up_dead"}


class Log:
    """What tasks have done, for tests that wait for it."""

    def __init__(self) -> None:
        self.entries: list[Any] = []
        self._happened = threading.Condition()

    def add(self, entry: Any) -> None:
        with self._happened:
            self.entries.append(entry)
            self._happened.notify_all()

    def wait_for(self, n: int) -> list[Any]:
        """The entries, as soon as there are so many."""
        with self._happened:
            assert self._happened.wait_for(lambda: len(self.entries) >= n, SOON), self.entries
            return list(self.entries)


MakeApp = Callable[..., Flask]


@pytest.fixture(params=["on a file", "on Redis"])
def queue_url(request: pytest.FixtureRequest) -> Iterator[str | None]:
    """Where queues are: whatever holds of one place holds of the other."""
    if request.param == "on a file":
        yield None
        return
    url = request.getfixturevalue("redis_server")
    yield url
    redis.Redis.from_url(url).flushdb()


@pytest.fixture
def an_app(tmp_path: Path) -> Iterator[MakeApp]:
    """Makes an application that is nothing but its worker; those of one name share a home and a database."""
    made: list[Flask] = []

    def make(*tasks: Task, name: str = "home", url: str | None = None, **settings: Any) -> Flask:
        home = tmp_path / name
        home.mkdir(exist_ok=True)
        app = Flask(name)
        app.config.update(
            KOPPEL_HOME=home,
            SECRET_KEY="not a secret",
            WORKER_IMMEDIATE=False,
            QUEUE_URL=url,
            SQLALCHEMY_DATABASE_URI=f"sqlite:///{home / 'koppel.sqlite'}",
        )
        app.config.update(settings)
        init_database(app)
        with app.app_context():
            tables: list[Any] = [WorkerBeat.__table__, Lease.__table__]
            Base.metadata.create_all(db.engine, tables=tables)
        app.extensions["koppel_worker"] = Worker(app, tasks)
        made.append(app)
        return app

    yield make
    for app in made:
        with app.app_context():
            db.engine.dispose()


@pytest.fixture
def run() -> Iterator[Callable[[Flask], Callable[[], None]]]:
    """Starts the worker of an application; all of them are stopped in the end."""
    running: list[Callable[[], None]] = []

    def start(app: Flask) -> Callable[[], None]:
        running.append(start_worker(app))
        return running[-1]

    yield start
    for stop in running:
        stop()


def queue(app: Flask, what: Task, *args: Any) -> None:
    with app.app_context():
        what(*args)


def test_a_queued_task_is_run_with_its_application_around_it(
    an_app: MakeApp, queue_url: str | None, run: Callable[[Flask], Any]
) -> None:
    log = Log()
    note = Task("tests.note", lambda text: log.add((text, current_app.name)))
    app = an_app(note, url=queue_url)
    run(app)
    queue(app, note, "first")
    queue(app, note, "second")
    assert sorted(log.wait_for(2)) == [("first", "home"), ("second", "home")]


def test_a_task_that_fails_leaves_the_worker_to_the_next(
    an_app: MakeApp, run: Callable[[Flask], Any]
) -> None:
    log = Log()

    def note(text: str) -> None:
        if text == "bad":
            raise ValueError(text)
        log.add(text)

    noting = Task("tests.note", note)
    app = an_app(noting)
    run(app)
    queue(app, noting, "bad")
    queue(app, noting, "good")
    assert log.wait_for(1) == ["good"]


def test_two_applications_in_one_process_share_no_queue(an_app: MakeApp, run: Callable[[Flask], Any]) -> None:
    log = Log()
    note = Task("tests.note", lambda: log.add(current_app.name))
    one, other = an_app(note, name="one"), an_app(note, name="other")
    queue(one, note)
    queue(other, note)
    run(other)
    assert log.wait_for(1) == ["other"]
    assert one.extensions["koppel_worker"].queue.pending_count() == 1
    run(one)
    assert log.wait_for(2) == ["other", "one"]


def test_several_workers_of_one_queue_run_each_task_once(
    an_app: MakeApp, queue_url: str | None, run: Callable[[Flask], Any]
) -> None:
    log = Log()
    note = Task("tests.note", log.add)
    apps = [an_app(note, url=queue_url) for _ in range(3)]
    for number in range(60):
        queue(apps[0], note, number)
    for app in apps:
        run(app)
    log.wait_for(60)
    queue(apps[1], note, "last")
    assert sorted(log.wait_for(61), key=str) == sorted([*range(60), "last"], key=str)


def test_without_a_worker_a_task_is_run_at_once(an_app: MakeApp) -> None:
    log = Log()
    note = Task("tests.note", log.add)
    queue(an_app(note, WORKER_IMMEDIATE=True), note, "now")
    assert log.entries == ["now"]


def test_what_a_dead_process_left_in_the_queue_is_run_by_the_next(
    tmp_path: Path, an_app: MakeApp, queue_url: str | None, run: Callable[[Flask], Any]
) -> None:
    log = Log()
    app = an_app(Task("tests.note", log.add), url=queue_url)
    dying = (
        "import os, sys; from pathlib import Path; from flask import Flask; from webapp.worker import *; "
        "app = Flask('dying'); app.config.update(KOPPEL_HOME=Path(sys.argv[1]), WORKER_IMMEDIATE=False, "
        "SECRET_KEY='not a secret', QUEUE_URL=sys.argv[2]); "
        "note = Task('tests.note', print); app.extensions['koppel_worker'] = Worker(app, [note]); "
        "app.app_context().push(); note('left'); os.kill(os.getpid(), 9)"
    )
    command = [sys.executable, "-c", dying, str(tmp_path / "home"), queue_url or ""]
    assert subprocess.run(command, check=False).returncode == -9
    run(app)
    assert log.wait_for(1) == ["left"]


def test_a_queue_that_is_away_is_told_to_the_log_and_not_to_whoever_asked(
    an_app: MakeApp, tmp_path: Path
) -> None:
    note = Task("tests.note", print)
    app = an_app(note, url=f"unix://{tmp_path}/nobody-listens")
    with capture_logs() as logs:
        queue(app, note)
    assert [(entry["event"], entry["task"]) for entry in logs] == [("task_not_queued", "tests.note")]


def test_what_somebody_else_put_into_redis_is_not_run(
    an_app: MakeApp, redis_server: str, run: Callable[[Flask], Any]
) -> None:
    log = Log()
    note = Task("tests.note", log.add)
    foreign, ours = an_app(note, url=redis_server, SECRET_KEY="another"), an_app(note, url=redis_server)
    queue(foreign, note, "foreign")
    queue(ours, note, "ours")
    run(ours)
    assert log.wait_for(1) == ["ours"]


# Starting, beating, stopping -------------------------------------------------------------------------


def test_a_worker_is_alive_from_its_start_to_its_stop(an_app: MakeApp) -> None:
    app = an_app()
    assert not is_alive(app)
    stop = start_worker(app)
    assert is_alive(app)
    stop()
    assert not is_alive(app)


def test_a_worker_that_has_been_silent_is_not_alive_and_any_other_is(
    an_app: MakeApp, run: Callable[[Flask], Any]
) -> None:
    one, other = an_app(), an_app()
    run(one)
    with one.app_context(), write_transaction() as session:
        session.execute(db.update(WorkerBeat).values(beat_at=utc_now() - timedelta(seconds=41)))
    assert not is_alive(one)
    run(other)
    assert is_alive(one)


def test_the_beat_goes_on_and_looks_after_the_threads_until_it_is_told_to_stop() -> None:
    happened: list[str] = []

    class Stopping(threading.Event):
        """Told to stop after two rounds, none of which takes any time."""

        def wait(self, timeout: float | None = None) -> bool:
            assert timeout is not None
            return len(happened) >= 4

    keep_beating(lambda: happened.append("beat"), Stopping(), lambda: happened.append("looked after"))
    assert happened == ["looked after", "beat"] * 2


def test_a_worker_whose_database_is_away_goes_on(an_app: MakeApp, run: Callable[[Flask], Any]) -> None:
    log = Log()
    note = Task("tests.note", log.add)
    app = an_app(note)

    def refuse(_connection: Any, statement: Any, parameters: Any, *_rest: Any) -> None:
        raise OperationalError(statement, parameters, Exception("connection refused"))

    with app.app_context():
        event.listen(db.engine, "before_cursor_execute", refuse)
    run(app)
    queue(app, note, "done")
    assert log.wait_for(1) == ["done"]


def test_stopping_ends_every_thread_after_the_task_that_runs(an_app: MakeApp, queue_url: str | None) -> None:
    before = set(threading.enumerate())
    begun, may_end, done = threading.Event(), threading.Event(), threading.Event()

    def long() -> None:
        begun.set()
        assert may_end.wait(SOON)
        done.set()

    long_task = Task("tests.long", long)
    app = an_app(long_task, url=queue_url)
    stop = start_worker(app)
    queue(app, long_task)
    assert begun.wait(SOON)
    stopping = threading.Thread(target=stop)
    stopping.start()
    assert not done.is_set()
    may_end.set()
    stopping.join(SOON)
    assert done.is_set()
    assert set(threading.enumerate()) == before
    assert app.extensions["koppel_worker"].queue.pending_count() == 0


def test_a_task_that_takes_longer_than_the_grace_is_begun_again_by_the_next(
    an_app: MakeApp, queue_url: str | None, run: Callable[[Flask], Any]
) -> None:
    log, begun, may_end = Log(), threading.Event(), threading.Event()

    def long(who: str) -> None:
        begun.set()
        assert may_end.wait(SOON)
        log.add(who)

    long_task = Task("tests.long", long)
    app = an_app(long_task, url=queue_url, STOP_SECONDS=LEAST_STOP_SECONDS)
    stop = start_worker(app)
    queue(app, long_task, "me")
    assert begun.wait(SOON)
    stop()
    assert app.extensions["koppel_worker"].queue.pending_count() == 1
    may_end.set()  # a process would have ended by now; this thread has not
    log.wait_for(1)
    run(an_app(long_task, url=queue_url))
    assert log.wait_for(2) == ["me", "me"]


# The schedule ----------------------------------------------------------------------------------------

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)


def schedule_of(app: Flask) -> Any:
    """What runs the schedule of a worker, without its threads."""
    return _Consumer(app.extensions["koppel_worker"], 0)._create_scheduler()


def queued_in(app: Flask) -> int:
    return int(app.extensions["koppel_worker"].queue.pending_count())


def test_of_several_workers_one_runs_the_schedule_of_a_minute(an_app: MakeApp, queue_url: str | None) -> None:
    always = Task("tests.always", print, when=lambda _minute: True)
    apps = [an_app(always, url=queue_url) for _ in range(3)]
    schedules = [schedule_of(app) for app in apps]
    for minute in range(3):
        for second in (0, 1, 30, 59):
            for schedule in schedules:
                schedule.enqueue_periodic_tasks(NOON + timedelta(minutes=minute, seconds=second))
    assert queued_in(apps[0]) == 3


def test_a_worker_that_died_leaves_the_next_minute_to_another(an_app: MakeApp) -> None:
    always = Task("tests.always", print, when=lambda _minute: True)
    dying, other = an_app(always), an_app(always)
    schedule_of(dying).enqueue_periodic_tasks(NOON)
    left = schedule_of(other)
    left.enqueue_periodic_tasks(NOON + timedelta(seconds=59))
    assert queued_in(other) == 1
    left.enqueue_periodic_tasks(NOON + timedelta(seconds=60))
    assert queued_in(other) == 2


def test_a_minute_is_tried_again_while_the_database_is_away(an_app: MakeApp) -> None:
    app = an_app(Task("tests.always", print, when=lambda _minute: True))
    schedule = schedule_of(app)

    def refuse(_connection: Any, statement: Any, parameters: Any, *_rest: Any) -> None:
        raise OperationalError(statement, parameters, Exception("connection refused"))

    with app.app_context():
        event.listen(db.engine, "before_cursor_execute", refuse)
        schedule.enqueue_periodic_tasks(NOON)
        event.remove(db.engine, "before_cursor_execute", refuse)
    assert queued_in(app) == 0
    schedule.enqueue_periodic_tasks(NOON + timedelta(seconds=1))
    assert queued_in(app) == 1


# What there is to run --------------------------------------------------------------------------------


def test_the_names_that_queues_hold_are_known(sqlite_app: Flask) -> None:
    assert sqlite_app.extensions["koppel_worker"].names == NAMES


def test_a_name_is_given_once() -> None:
    with pytest.raises(ValueError, match="two tasks named"):
        task("webapp.matching.tasks.solve_run")(print)


def test_the_schedule_runs_what_is_due(an_app: MakeApp, run: Callable[[Flask], Any]) -> None:
    log = Log()
    always = Task("tests.always", lambda: log.add("always"), when=lambda _minute: True)
    never = Task("tests.never", lambda: log.add("never"), when=lambda _minute: False)
    run(an_app(always, never))
    assert log.wait_for(1) == ["always"]


@pytest.mark.parametrize(
    ("hour", "minute", "names"),
    [
        (12, 1, set()),
        (12, 25, {"webapp.accounts.tasks.clean_up_forms"}),
        (2, 10, {"webapp.accounts.tasks.clean_up_links"}),
        (2, 20, {"webapp.accounts.tasks.clean_up_answers"}),
        (2, 30, {"webapp.runs.tasks.clean_up_runs"}),
        (2, 40, {"webapp.answers.tasks.clean_up"}),
    ],
)
def test_the_schedule_knows_what_is_periodic(
    sqlite_app: Flask, hour: int, minute: int, names: set[str]
) -> None:
    worker: Worker = sqlite_app.extensions["koppel_worker"]
    assert worker.due(datetime(2026, 3, 4, hour, minute, tzinfo=UTC)) == EACH_MINUTE | names
