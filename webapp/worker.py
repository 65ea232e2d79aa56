"""The background worker: Huey on a file of its own, tasks with the application around them."""

from __future__ import annotations

import functools
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from flask import Flask, current_app, has_app_context
from huey import Huey
from huey.api import crontab
from huey.consumer import Consumer
from huey.storage import SqliteStorage

__all__ = ["crontab", "init_worker", "is_alive", "periodic", "start_worker", "task"]

_BEAT_SECONDS = 10


class _Queue(Huey):
    """Huey that knows its application; runs tasks at once until it is bound."""

    app: Flask | None = None

    def bind(self, app: Flask) -> None:
        """Use the queue of this installation."""
        self.app = app
        self.storage_kwargs = {
            "filename": str(app.config["KOPPEL_HOME"] / "queue.sqlite"),
            "timeout": 30,
            "fsync": True,
        }
        self.immediate = app.config["WORKER_IMMEDIATE"]


queue = _Queue("koppel", storage_class=SqliteStorage, immediate=True)


class _Consumer(Consumer):
    """A consumer beside a web server: the signals are the server's."""

    def _set_signal_handlers(self) -> None:
        pass


def init_worker(app: Flask) -> None:
    """Bind the queue to the application."""
    queue.bind(app)


def task(**options: Any) -> Callable[[Callable[..., Any]], Any]:
    """Let the worker run a function: call it after the write transaction, with plain values only."""
    return lambda function: queue.task(**options)(_with_app(function))


def periodic(when: Any, **options: Any) -> Callable[[Callable[..., Any]], Any]:
    """Let the worker run a function again and again: ``@periodic(crontab(minute="0"))``."""
    return lambda function: queue.periodic_task(when, **options)(_with_app(function))


def _with_app(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def run(*args: Any, **kwargs: Any) -> Any:
        app = current_app._get_current_object() if has_app_context() else queue.app  # type: ignore[attr-defined]
        if app is None:
            raise RuntimeError("the queue is not bound: call init_worker(app) first")
        with app.app_context():
            return function(*args, **kwargs)

    return run


def start_worker(app: Flask) -> Callable[[], None]:
    """Start the consumer beside this process's other threads; returns the function that stops it."""
    consumer = _Consumer(queue, workers=1, periodic=True, max_delay=2.0, shutdown_timeout=20)
    consumer.start()
    stopping = threading.Event()
    beat = _beat_file(app)

    def keep_beating() -> None:
        while not stopping.is_set():
            beat.touch()
            stopping.wait(_BEAT_SECONDS)

    threading.Thread(target=keep_beating, name="worker-beat", daemon=True).start()

    def stop() -> None:
        stopping.set()
        consumer.stop(graceful=True)

    return stop


def is_alive(app: Flask) -> bool:
    """Whether a worker has given a sign of life lately."""
    if app.config["WORKER_IMMEDIATE"]:
        return True
    beat = _beat_file(app)
    return beat.exists() and time.time() - beat.stat().st_mtime < 4 * _BEAT_SECONDS


def _beat_file(app: Flask) -> Path:
    home: Path = app.config["KOPPEL_HOME"]
    return home / "worker.beat"
