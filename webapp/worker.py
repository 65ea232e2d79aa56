"""The background worker: what there is to run, the queue of an application, and what happens when it stops.

A room declares tasks in its `tasks.py`. A queue outlives the release that filled it, so a task keeps the name
it was given once, wherever its function stands by now. Several workers may serve one queue; which of them
runs the schedule of a minute they settle in the database (storage/workers.py).
"""

from __future__ import annotations

import json
import os
import socket
import sqlite3
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import structlog
from flask import Flask, current_app
from huey import Huey
from huey.api import crontab
from huey.consumer import Consumer, Scheduler
from huey.exceptions import RetryTask
from huey.serializer import SignedSerializer
from huey.storage import RedisStorage, SqliteStorage
from sqlalchemy.exc import SQLAlchemyError

from webapp.storage.workers import BEAT_SECONDS, beat, is_any_alive, leave, take_minute

__all__ = [
    "Task",
    "Worker",
    "crontab",
    "init_worker",
    "is_alive",
    "periodic",
    "run_declared",
    "start_worker",
    "task",
]

THREADS, CHILDREN = 4, 2
"""What the worker does at a time, and how much of that in processes of its own."""
_WORKER = "koppel_worker"


@dataclass(frozen=True)
class Task:
    """Something the worker runs. Call it after the write transaction, with plain values only.

    Parameters
    ----------
    name : str
        What the queue knows it by: never changed, for a queue may hold it.
    function : callable
        What is run, with the application around it.
    when : callable, optional
        Says of a minute (UTC) whether the task is run then; a task without is run when it is called.
    if_it_dies : callable, optional
        A task that computes for seconds has one and is run in a process of its own, so that pages do not wait
        for it; this is called with the task's arguments when that process ends before the task does.
    if_it_stops : callable, optional
        Called instead when the worker ends that process because it stops itself: what was begun is made as if
        it had not been, for the task is put back into the queue.
    at_once : int, optional
        So many processes of this task at a time, if fewer than `CHILDREN`: others find room beside.
    """

    name: str
    function: Callable[..., Any]
    when: Callable[[datetime], bool] | None = None
    if_it_dies: Callable[..., Any] | None = None
    if_it_stops: Callable[..., Any] | None = None
    at_once: int | None = None

    def __call__(self, *args: Any, **kwargs: Any) -> None:
        """Put it into the queue of this application."""
        worker: Worker = current_app.extensions[_WORKER]
        worker.enqueue(self, *args, **kwargs)


_DECLARED: dict[str, Task] = {}
log = structlog.get_logger()


def task(
    name: str,
    *,
    if_it_dies: Callable[..., Any] | None = None,
    if_it_stops: Callable[..., Any] | None = None,
    at_once: int | None = None,
) -> Callable[[Callable[..., Any]], Task]:
    """Let the worker run a function when it is called; with `if_it_dies` in a process of its own."""
    return lambda function: _declare(
        Task(name, function, if_it_dies=if_it_dies, if_it_stops=if_it_stops, at_once=at_once)
    )


def periodic(name: str, when: Callable[[datetime], bool]) -> Callable[[Callable[[], Any]], Task]:
    """Let the worker run a function again and again: ``@periodic("rooms.name", crontab(minute="0"))``."""
    return lambda function: _declare(Task(name, function, when))


def _declare(declared: Task) -> Task:
    known = _DECLARED.setdefault(declared.name, declared)
    if known is not declared:
        raise ValueError(f"there are two tasks named {declared.name!r}")
    return declared


class Worker:
    """The queue of one application, and what runs it."""

    def __init__(self, app: Flask, tasks: Iterable[Task]) -> None:
        self._app = app
        self._id = uuid.uuid4()
        self._children = threading.Semaphore(CHILDREN)
        tasks = list(tasks)
        self._of_task = {one.name: threading.Semaphore(one.at_once or CHILDREN) for one in tasks}
        self._in_hand: dict[object, Callable[[], None]] = {}
        self.queue = Huey(
            "koppel",
            results=False,  # nobody reads them: rows tell how a task ended
            immediate=app.config["WORKER_IMMEDIATE"],
            **_place_of(app),
        )
        self.queued = {declared.name: self._bind(declared) for declared in tasks}

    def _bind(self, declared: Task) -> Any:
        is_child = declared.if_it_dies is not None and self._app.config.get("WORKER_CHILDREN", False)

        def run(*args: Any, **kwargs: Any) -> Any:
            if is_child:
                return self._run_in_child(declared, args, kwargs)
            with self._holding(declared, args, kwargs), self._app.app_context():
                return declared.function(*args, **kwargs)

        run.__module__, _, name = declared.name.rpartition(".")  # of these two the queue makes the name
        if declared.when is None:
            return self.queue.task(name=name)(run)
        # A worker that was busy for long does not make up for every minute it missed.
        return self.queue.periodic_task(declared.when, name=name, expires=60)(run)

    @contextmanager
    def _holding(
        self, declared: Task, args: Any, kwargs: Any, child: subprocess.Popen[bytes] | None = None
    ) -> Iterator[object]:
        """Know how a task in hand is put back into the queue; what is periodic comes by itself."""

        def put_back() -> None:
            if child is not None:
                child.kill()
                child.wait()
            with self._app.app_context():
                if child is not None and declared.if_it_stops is not None:
                    declared.if_it_stops(*args, **kwargs)
                if declared.when is None:
                    self.enqueue(declared, *args, **kwargs)

        ticket = object()
        self._in_hand[ticket] = put_back
        try:
            yield ticket
        finally:
            self._in_hand.pop(ticket, None)

    def _run_in_child(self, declared: Task, args: Any, kwargs: Any) -> None:
        """Run a task in a process of its own, which ends when this one does: it reads what we hold open."""
        command = [sys.executable, "-P", "-c", "from webapp.cli import main; main()", "task", declared.name]
        command = [*command, json.dumps([args, kwargs])]
        own = self._of_task[declared.name]
        if not own.acquire(blocking=False):
            raise RetryTask(delay=1)  # as many as may be are at work, and this thread has others to serve
        if not self._children.acquire(blocking=False):
            own.release()
            raise RetryTask(delay=1)
        try:
            # In a session of its own: Ctrl-C is for us, and we wait a while for what has been begun.
            with (
                subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True) as child,  # noqa: S603
                self._holding(declared, args, kwargs, child) as ticket,
            ):
                code = child.wait()
                is_put_back = ticket not in self._in_hand
        finally:
            self._children.release()
            own.release()
        if code != 0 and not is_put_back and declared.if_it_dies is not None:
            log.error("task_died", task=declared.name, code=code)
            with self._app.app_context():
                declared.if_it_dies(*args, **kwargs)

    @property
    def names(self) -> set[str]:
        """What the queue knows its tasks by."""
        return set(self.queued)

    def enqueue(self, declared: Task, *args: Any, **kwargs: Any) -> None:
        """Put a task into the queue; without a worker (WORKER_IMMEDIATE) it is run at once.

        Called once everything is stored: whoever asked need not hear that the queue is away.
        """
        try:
            self.queued[declared.name](*args, **kwargs)
        except Exception:
            if self.queue.immediate:
                raise
            log.exception("task_not_queued", task=declared.name)

    def due(self, minute: datetime) -> set[str]:
        """The tasks that the schedule has for a minute (UTC)."""
        return {f"{one.__module__}.{type(one).__name__}" for one in self.queue.read_periodic(minute)}

    def takes(self, minute: datetime) -> bool:
        """Whether it is this worker that runs what the schedule has for a minute."""
        with self._app.app_context():
            return take_minute(self._id, minute)

    def start(self) -> Callable[[], None]:
        """Run the queue beside this process's other threads; returns the function that stops that."""
        consumer = _Consumer(self, self._app.config.get("STOP_SECONDS", 20))
        stopping = threading.Event()
        self._beat()
        consumer.start()
        beating = threading.Thread(
            target=keep_beating, args=(self._beat, stopping, consumer.check_worker_health), name="worker-beat"
        )
        beating.daemon = True
        beating.start()

        def stop() -> None:
            stopping.set()
            beating.join()
            consumer.stop(graceful=True)
            self._put_back()
            self._leave()
            self.queue.storage.close()

        return stop

    def _put_back(self) -> None:
        """What took longer than it was given time for is done after the next start, or by another worker."""
        while self._in_hand:
            _, put_back = self._in_hand.popitem()
            try:
                put_back()
            except Exception:  # the others are put back all the same; rows tell what is left of this one
                log.exception("task_not_put_back")

    def _beat(self) -> None:
        with self._app.app_context(), _database_may_be_away("worker_beat_missed"):
            beat(self._id, f"{socket.gethostname()}:{os.getpid()}"[:200])

    def _leave(self) -> None:
        with self._app.app_context(), _database_may_be_away("worker_not_signed_off"):
            leave(self._id)


@contextmanager
def _database_may_be_away(what: str) -> Iterator[None]:
    try:
        yield
    except SQLAlchemyError as error:
        log.warning(what, error=str(error))


def _place_of(app: Flask) -> dict[str, Any]:
    """Where the queue is: on a Redis that several machines share, where a setting says so, else on a file."""
    url = app.config.get("QUEUE_URL")
    if url:
        # Whoever can write to that Redis must not be able to let us run something: what is ours is signed.
        signed = SignedSerializer(secret=app.config["SECRET_KEY"], salt="koppel-queue")
        return {"storage_class": RedisStorage, "url": url, "serializer": signed}
    path = app.config["KOPPEL_HOME"] / "queue.sqlite"
    if not app.config["WORKER_IMMEDIATE"]:
        _set_aside_if_damaged(path)
    return {"storage_class": SqliteStorage, "filename": str(path), "timeout": 30, "fsync": True}


def _set_aside_if_damaged(path: Path) -> None:
    """A queue that cannot be read is kept under another name, and a new one begun: rows tell what is left."""
    if not path.exists():
        return
    try:
        with closing(sqlite3.connect(path, timeout=30)) as connection:
            connection.execute("PRAGMA schema_version").fetchall()
            connection.execute("SELECT count(*) FROM sqlite_master").fetchall()
            return
    except sqlite3.OperationalError:
        raise  # locked, or not ours to read: not damaged
    except sqlite3.DatabaseError:
        aside = path.with_name(f"{path.stem}.damaged-{int(time.time())}{path.suffix}")
        path.rename(aside)
        for beside in ("-wal", "-shm"):
            path.with_name(path.name + beside).unlink(missing_ok=True)
        log.error("queue_damaged", kept_as=str(aside))


class _Scheduler(Scheduler):
    """The schedule, minute by minute, for whichever worker takes the minute."""

    periodic_task_seconds = 1
    worker: Worker
    _last: datetime | None = None

    def enqueue_periodic_tasks(self, now: datetime | None) -> None:
        """Queue what is due in this minute, if no other worker does."""
        minute = (now or datetime.now(UTC)).replace(second=0, microsecond=0)
        if minute == self._last:
            return
        with _database_may_be_away("schedule_waits"):
            is_ours = self.worker.takes(minute)
            self._last = minute
            if is_ours:
                super().enqueue_periodic_tasks(minute)


class _Consumer(Consumer):
    """A consumer beside a web server: the signals are the server's."""

    scheduler_class = _Scheduler

    def __init__(self, worker: Worker, grace: float) -> None:
        self._worker = worker
        super().__init__(worker.queue, workers=THREADS, periodic=True, max_delay=2.0, shutdown_timeout=grace)

    def _create_scheduler(self) -> Any:
        scheduler = super()._create_scheduler()
        scheduler.worker = self._worker
        return scheduler

    def _set_signal_handlers(self) -> None:
        pass


def run_declared(name: str, args: Iterable[Any], kwargs: Mapping[str, Any]) -> None:
    """Run a task by its name, in the application that is there.

    Raises
    ------
    LookupError
        When no room declares it.
    """
    if name not in _DECLARED:
        raise LookupError(f"there is no task named {name!r}; there are {', '.join(sorted(_DECLARED))}")
    _DECLARED[name].function(*args, **kwargs)


def init_worker(app: Flask) -> None:
    """Give the application its queue; once the rooms have declared their tasks."""
    app.extensions[_WORKER] = Worker(app, _DECLARED.values())


def start_worker(app: Flask) -> Callable[[], None]:
    """Start the application's worker; returns the function that stops it."""
    worker: Worker = app.extensions[_WORKER]
    return worker.start()


def keep_beating(
    give_sign: Callable[[], None], stopping: threading.Event, look_after: Callable[[], Any]
) -> None:
    """Give a sign of life now and then, and look after the threads that work, until told to stop."""
    while not stopping.wait(BEAT_SECONDS):
        look_after()
        give_sign()


def is_alive(app: Flask) -> bool:
    """Whether a worker, on whichever machine, has given a sign of life lately; asks the database."""
    if app.config["WORKER_IMMEDIATE"]:
        return True
    with app.app_context():
        return is_any_alive()
