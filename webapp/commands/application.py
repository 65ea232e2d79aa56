"""What the commands that need the application share: the application around them, errors as sentences."""

from __future__ import annotations

import functools
import signal
import sqlite3
import sys
import threading
from collections.abc import Callable
from typing import Any, NoReturn

import click
from flask import Flask
from sqlalchemy.exc import OperationalError

from webapp.application import create_app
from webapp.exceptions import CannotStart, Conflict, InvalidInput, InvalidSettings, NotFound
from webapp.storage.upgrade import upgrade_database


class StoredText(click.ParamType[str]):
    """Text of an option that can be stored: of Unicode, and not longer than the column it goes to."""

    name = "text"

    def __init__(self, most: int = 200) -> None:
        self.most = most

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The text; refuses bytes that are none, and too much."""
        if not value.isascii() and any("\ud800" <= character <= "\udfff" for character in value):
            self.fail("expected text encoded as UTF-8.", param, ctx)
        if len(value) > self.most:
            self.fail(f"expected at most {self.most} characters, got {len(value):,}.", param, ctx)
        return value


TEXT = StoredText()


def in_application(function: Callable[..., Any]) -> Callable[..., Any]:
    """Run a command inside the application, on the newest tables; an error is a sentence and exit code 2."""

    @functools.wraps(function)
    def run(*args: Any, **kwargs: Any) -> Any:
        app = make_application()
        with app.app_context():
            try:
                return function(*args, **kwargs)
            except NotFound as error:
                fail(error.sentence or "There is no such row. Look at the name or id you gave.")
            except Conflict as error:
                fail(f"Not possible: {error.message or error.reason}")
            except InvalidInput as error:
                fail(*(f"{name}: {text}" for name, texts in error.fields.items() for text in texts))
            except OperationalError as error:
                fail(
                    f"The database cannot be read or written just now: {str(error.orig).strip()}.",
                    "What was begun is undone. What to do: see that it runs, that no other process holds it"
                    " and that the disk has room; then try again.",
                )

    return run


def make_application() -> Flask:
    """The application on the newest tables; ends the process with a sentence when a setting is wrong."""
    app = create_or_fail()
    upgrade_or_fail(app)
    return app


def create_or_fail() -> Flask:
    """The application as the settings say; ends the process with a sentence when one is wrong."""
    try:
        return create_app()
    except InvalidSettings as error:
        fail("Koppel cannot start.", *error.problems)
    except sqlite3.OperationalError as error:
        fail(
            f"Koppel cannot start. Its queue in KOPPEL_HOME cannot be opened: {error}.",
            "What to do: see that this user may write there, and that no other process holds it.",
        )


def upgrade_or_fail(app: Flask) -> None:
    """Bring the database to the newest tables; ends the process with a sentence when that cannot be."""
    try:
        upgrade_database(app)
    except CannotStart as error:
        fail("Koppel cannot start.", *error.sentences)


def told_to_stop() -> threading.Event:
    """What SIGTERM and Ctrl-C set from now on. Told once more, the process ends at once."""
    told = threading.Event()
    usual: dict[int, Any] = {}

    def tell(sign: int, _frame: object) -> None:
        told.set()
        signal.signal(sign, usual[sign])

    for sign in (signal.SIGTERM, signal.SIGINT):
        usual[sign] = signal.signal(sign, tell)
    return told


def fail(*sentences: str) -> NoReturn:
    """End with exit code 2, saying why."""
    for sentence in sentences:
        click.echo(sentence, err=True)
    sys.exit(2)
