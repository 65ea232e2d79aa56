"""When the database is busy, full or away: a page that needs it not, and health that asks nobody."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from sqlalchemy import event
from sqlalchemy.exc import OperationalError

from tests.web import Client
from webapp.storage.database import db

GONE = "connection to server failed: Connection refused"


@pytest.fixture
def fail_with(app: Flask) -> Iterator[Callable[[str], None]]:
    """Lets every question to the database fail from now on, with these words."""
    words: list[str] = []

    def refuse(_connection, statement, parameters, *_rest):
        raise OperationalError(statement, parameters, Exception(words[-1]))

    def begin(said: str) -> None:
        words.append(said)
        with app.app_context():
            event.listen(db.engine, "before_cursor_execute", refuse)

    yield begin
    if words:
        with app.app_context():
            event.remove(db.engine, "before_cursor_execute", refuse)


@pytest.mark.parametrize(
    ("said", "reason", "heading"),
    [
        (GONE, "away", "The database cannot be reached"),
        ("database or disk is full", "full", "Nothing can be stored just now"),
        ("database is locked", "busy", "Very busy just now"),
    ],
)
def test_whoever_is_logged_in_gets_a_page_that_says_so(
    browser: Client, fail_with: Callable[[str], None], said: str, reason: str, heading: str
) -> None:
    assert browser.get("/board").status_code == 200
    fail_with(said)
    page = browser.get("/board")
    assert page.status_code == 503
    assert heading in page.text
    assert int(page.headers["Retry-After"]) >= 2
    part = browser.get("/board", headers={"HX-Request": "true"})
    assert (part.status_code, "<html" in part.text) == (503, False)
    asked = browser.get("/board", headers={"Accept": "application/json"})
    assert (asked.status_code, asked.json["reason"]) == (503, reason)


def test_health_does_not_look_at_who_asks(browser: Client, fail_with: Callable[[str], None]) -> None:
    fail_with(GONE)
    assert browser.get("/healthz").json == {"status": "ok"}
    ready = browser.get("/readyz")
    assert (ready.status_code, ready.json["checks"]["database"]) == (503, False)
