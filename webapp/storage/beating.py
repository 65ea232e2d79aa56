"""Signs of life from a thread, whatever the one that works is busy with."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import structlog
from flask import current_app
from sqlalchemy.exc import DBAPIError

from webapp.storage.database import write_transaction

BEAT_SECONDS = 5.0
DEAD_AFTER = timedelta(minutes=1)
"""Whatever gives a sign of life every few seconds has died when there was none for so long."""
FORGOTTEN_AFTER = timedelta(minutes=10)
"""So long something may wait for its turn."""

log = structlog.get_logger()


@contextmanager
def beating(beat: Callable[[], object]) -> Iterator[None]:
    """Write a sign of life every few seconds, in a write transaction of its own, until the block is left."""
    app: Any = current_app
    app, ended = app._get_current_object(), threading.Event()

    def keep_on() -> None:
        while not ended.wait(BEAT_SECONDS):
            with app.app_context():
                try:
                    with write_transaction():
                        beat()
                except DBAPIError:
                    log.warning("beat_missed")

    thread = threading.Thread(target=keep_on, name="beat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
