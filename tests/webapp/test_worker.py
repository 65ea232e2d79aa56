"""The worker: a queue for each application, which outlives its process; what is periodic; start and stop."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, current_app

from webapp.worker import Task, Worker, is_alive, keep_beating, start_worker, task

SOON = 20.0
LONG_AGO = 1_000_000_000.0
# What queues of installations hold by now. A name that was given once stays; a new task adds its own.
NAMES = {
    "webapp.matching.tasks.solve_run",
    "webapp.runs.tasks.give_up_dead",
    "webapp.accounts.tasks.clean_up_links",
    "webapp.accounts.tasks.clean_up_answers",
    "webapp.accounts.tasks.clean_up_forms",
    "webapp.runs.tasks.replace_withdrawn",
    "webapp.answers.tasks.answer",
    "webapp.answers.tasks.clean_up",
}


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


def an_app(home: Path, *tasks: Task, immediate: bool = False) -> Flask:
    """An application that is nothing but its worker."""
    home.mkdir(exist_ok=True)
    app = Flask(home.name)
    app.config.update(KOPPEL_HOME=home, WORKER_IMMEDIATE=immediate)
    app.extensions["koppel_worker"] = Worker(app, tasks)
    return app


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
    tmp_path: Path, run: Callable[[Flask], Any]
) -> None:
    log = Log()
    note = Task("tests.note", lambda text: log.add((text, current_app.name)))
    app = an_app(tmp_path / "home", note)
    run(app)
    queue(app, note, "first")
    queue(app, note, "second")
    assert sorted(log.wait_for(2)) == [("first", "home"), ("second", "home")]


def test_a_task_that_fails_leaves_the_worker_to_the_next(tmp_path: Path, run: Callable[[Flask], Any]) -> None:
    log = Log()

    def note(text: str) -> None:
        if text == "bad":
            raise ValueError(text)
        log.add(text)

    noting = Task("tests.note", note)
    app = an_app(tmp_path / "home", noting)
    run(app)
    queue(app, noting, "bad")
    queue(app, noting, "good")
    assert log.wait_for(1) == ["good"]


def test_two_applications_in_one_process_share_no_queue(tmp_path: Path, run: Callable[[Flask], Any]) -> None:
    log = Log()
    note = Task("tests.note", lambda: log.add(current_app.name))
    one, other = an_app(tmp_path / "one", note), an_app(tmp_path / "other", note)
    queue(one, note)
    queue(other, note)
    run(other)
    assert log.wait_for(1) == ["other"]
    assert one.extensions["koppel_worker"].queue.pending_count() == 1
    run(one)
    assert log.wait_for(2) == ["other", "one"]


def test_without_a_worker_a_task_is_run_at_once(tmp_path: Path) -> None:
    log = Log()
    note = Task("tests.note", log.add)
    queue(an_app(tmp_path / "home", note, immediate=True), note, "now")
    assert log.entries == ["now"]


def test_what_a_dead_process_left_in_the_queue_is_run_by_the_next(
    tmp_path: Path, run: Callable[[Flask], Any]
) -> None:
    log = Log()
    app = an_app(tmp_path / "home", Task("tests.note", log.add))
    dying = (
        "import os, sys; from pathlib import Path; from flask import Flask; from webapp.worker import *; "
        "app = Flask('dying'); app.config.update(KOPPEL_HOME=Path(sys.argv[1]), WORKER_IMMEDIATE=False); "
        "note = Task('tests.note', print); app.extensions['koppel_worker'] = Worker(app, [note]); "
        "app.app_context().push(); note('left'); os.kill(os.getpid(), 9)"
    )
    died = subprocess.run([sys.executable, "-c", dying, str(tmp_path / "home")], check=False)
    assert died.returncode == -9
    run(app)
    assert log.wait_for(1) == ["left"]


# Starting, beating, stopping -------------------------------------------------------------------------


def test_a_started_worker_is_alive_and_one_that_was_not_started_is_not(
    tmp_path: Path, run: Callable[[Flask], Any]
) -> None:
    app = an_app(tmp_path / "home")
    assert not is_alive(app)
    run(app)
    assert is_alive(app)
    os.utime(tmp_path / "home" / "worker.beat", (LONG_AGO, LONG_AGO))
    assert not is_alive(app)


def test_the_beat_goes_on_and_looks_after_the_threads_until_it_is_told_to_stop(tmp_path: Path) -> None:
    beat = tmp_path / "worker.beat"
    looked: list[str] = []

    class Stopping(threading.Event):
        """Told to stop after two rounds, none of which takes any time."""

        rounds = 0

        def wait(self, timeout: float | None = None) -> bool:
            assert timeout is not None
            if self.rounds:
                assert beat.stat().st_mtime > LONG_AGO
            beat.touch()
            os.utime(beat, (LONG_AGO, LONG_AGO))
            self.rounds += 1
            return self.rounds > 2

    keep_beating(beat, Stopping(), lambda: looked.append("after"))
    assert looked == ["after", "after"]


def test_stopping_ends_every_thread_after_the_task_that_runs(tmp_path: Path) -> None:
    before = set(threading.enumerate())
    begun, may_end, done = threading.Event(), threading.Event(), threading.Event()

    def long() -> None:
        begun.set()
        assert may_end.wait(SOON)
        done.set()

    long_task = Task("tests.long", long)
    app = an_app(tmp_path / "home", long_task)
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


# What there is to run --------------------------------------------------------------------------------


def test_the_names_that_queues_hold_are_known(sqlite_app: Flask) -> None:
    assert sqlite_app.extensions["koppel_worker"].names == NAMES


def test_a_name_is_given_once() -> None:
    with pytest.raises(ValueError, match="two tasks named"):
        task("webapp.matching.tasks.solve_run")(print)


def test_the_schedule_runs_what_is_due(tmp_path: Path, run: Callable[[Flask], Any]) -> None:
    log = Log()
    always = Task("tests.always", lambda: log.add("always"), when=lambda _minute: True)
    never = Task("tests.never", lambda: log.add("never"), when=lambda _minute: False)
    run(an_app(tmp_path / "home", always, never))
    assert log.wait_for(1) == ["always"]


@pytest.mark.parametrize(
    ("hour", "minute", "names"),
    [
        (12, 1, {"webapp.runs.tasks.give_up_dead"}),
        (12, 25, {"webapp.runs.tasks.give_up_dead", "webapp.accounts.tasks.clean_up_forms"}),
        (2, 10, {"webapp.runs.tasks.give_up_dead", "webapp.accounts.tasks.clean_up_links"}),
        (2, 20, {"webapp.runs.tasks.give_up_dead", "webapp.accounts.tasks.clean_up_answers"}),
    ],
)
def test_the_schedule_knows_what_is_periodic(
    sqlite_app: Flask, hour: int, minute: int, names: set[str]
) -> None:
    worker: Worker = sqlite_app.extensions["koppel_worker"]
    assert worker.due(datetime(2026, 3, 4, hour, minute, tzinfo=UTC)) == names
