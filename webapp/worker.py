"""The background worker: what there is to run, and for each application a queue on a file of its own.

A room declares tasks in its `tasks.py`. A queue outlives the release that filled it, so a task keeps the name
it was given once, wherever its function stands by now.
"""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import structlog
from flask import Flask, current_app
from huey import Huey
from huey.api import crontab
from huey.consumer import Consumer
from huey.exceptions import RetryTask
from huey.storage import SqliteStorage

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

_BEAT_SECONDS = 10
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
    """

    name: str
    function: Callable[..., Any]
    when: Callable[[datetime], bool] | None = None
    if_it_dies: Callable[..., Any] | None = None

    def __call__(self, *args: Any, **kwargs: Any) -> None:
        """Put it into the queue of this application."""
        worker: Worker = current_app.extensions[_WORKER]
        worker.enqueue(self, *args, **kwargs)


_DECLARED: dict[str, Task] = {}
log = structlog.get_logger()


def task(name: str, *, if_it_dies: Callable[..., Any] | None = None) -> Callable[[Callable[..., Any]], Task]:
    """Let the worker run a function when it is called; with `if_it_dies` in a process of its own."""
    return lambda function: _declare(Task(name, function, if_it_dies=if_it_dies))


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
        self._children = threading.Semaphore(CHILDREN)
        if not app.config["WORKER_IMMEDIATE"]:
            _set_aside_if_damaged(app.config["KOPPEL_HOME"] / "queue.sqlite")
        self.queue = Huey(
            "koppel",
            storage_class=SqliteStorage,
            results=False,  # nobody reads them: rows tell how a task ended
            immediate=app.config["WORKER_IMMEDIATE"],
            filename=str(app.config["KOPPEL_HOME"] / "queue.sqlite"),
            timeout=30,
            fsync=True,
        )
        self.queued = {declared.name: self._bind(declared) for declared in tasks}

    def _bind(self, declared: Task) -> Any:
        if_it_dies = declared.if_it_dies if self._app.config.get("WORKER_CHILDREN", False) else None

        def run(*args: Any, **kwargs: Any) -> Any:
            if if_it_dies is not None:
                return self._run_in_child(declared.name, if_it_dies, args, kwargs)
            with self._app.app_context():
                return declared.function(*args, **kwargs)

        run.__module__, _, name = declared.name.rpartition(".")  # of these two the queue makes the name
        if declared.when is None:
            return self.queue.task(name=name)(run)
        # A worker that was busy for long does not make up for every minute it missed.
        return self.queue.periodic_task(declared.when, name=name, expires=60)(run)

    def _run_in_child(self, name: str, if_it_dies: Callable[..., Any], args: Any, kwargs: Any) -> None:
        """Run a task in a process of its own, which ends when this one does: it reads what we hold open."""
        command = [sys.executable, "-P", "-c", "from webapp.cli import main; main()", "task", name]
        command = [*command, json.dumps([args, kwargs])]
        if not self._children.acquire(blocking=False):
            raise RetryTask(delay=1)  # as many as may be are at work, and this thread has others to serve
        try:
            # In a session of its own: Ctrl-C is for us, and we wait a while for what has been begun.
            with subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True) as child:  # noqa: S603
                code = child.wait()
        finally:
            self._children.release()
        if code != 0:
            log.error("task_died", task=name, code=code)
            with self._app.app_context():
                if_it_dies(*args, **kwargs)

    @property
    def names(self) -> set[str]:
        """What the queue knows its tasks by."""
        return set(self.queued)

    def enqueue(self, declared: Task, *args: Any, **kwargs: Any) -> None:
        """Put a task into the queue; without a worker (WORKER_IMMEDIATE) it is run at once."""
        self.queued[declared.name](*args, **kwargs)

    def due(self, minute: datetime) -> set[str]:
        """The tasks that the schedule has for a minute (UTC)."""
        return {f"{one.__module__}.{type(one).__name__}" for one in self.queue.read_periodic(minute)}

    def start(self) -> Callable[[], None]:
        """Run the queue beside this process's other threads; returns the function that stops that."""
        consumer = _Consumer(self.queue, workers=THREADS, periodic=True, max_delay=2.0, shutdown_timeout=20)
        consumer.start()
        stopping = threading.Event()
        beat = _beat_file(self._app)
        beat.touch()
        beating = threading.Thread(
            target=keep_beating, args=(beat, stopping, consumer.check_worker_health), name="worker-beat"
        )
        beating.daemon = True
        beating.start()

        def stop() -> None:
            stopping.set()
            beating.join()
            consumer.stop(graceful=True)
            self.queue.storage.close()

        return stop


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


class _Consumer(Consumer):
    """A consumer beside a web server: the signals are the server's."""

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


def keep_beating(beat: Path, stopping: threading.Event, look_after: Callable[[], Any]) -> None:
    """Give a sign of life now and then, and look after the threads that work, until told to stop."""
    while not stopping.wait(_BEAT_SECONDS):
        look_after()
        beat.touch()


def is_alive(app: Flask) -> bool:
    """Whether a worker has given a sign of life lately."""
    if app.config["WORKER_IMMEDIATE"]:
        return True
    beat = _beat_file(app)
    return beat.exists() and time.time() - beat.stat().st_mtime < 4 * _BEAT_SECONDS


def _beat_file(app: Flask) -> Path:
    home: Path = app.config["KOPPEL_HOME"]
    return home / "worker.beat"
