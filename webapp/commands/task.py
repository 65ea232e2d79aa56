"""`koppel task`: one task of the worker in a process of its own; what the worker starts, nobody else."""

from __future__ import annotations

import json
import os
import sys
import threading

import click

from webapp.commands.application import create_or_fail, fail
from webapp.worker import run_declared

NICENESS = 10


@click.command(hidden=True)
@click.argument("name")
@click.argument("arguments")
def task(name: str, arguments: str) -> None:
    """One task of the worker, by its name and its arguments as JSON; ends when standard input does."""
    threading.Thread(target=_end_with_the_worker, daemon=True).start()
    if hasattr(os, "nice"):
        os.nice(NICENESS)  # people who wait for a page come first
    try:
        args, kwargs = json.loads(arguments)
        if not isinstance(args, list) or not isinstance(kwargs, dict):
            raise TypeError
    except (ValueError, TypeError, RecursionError):
        fail(f"Expected the arguments as JSON, a list and an object: [[], {{}}]; got {arguments[:200]!r}.")
    app = create_or_fail()
    with app.app_context():
        try:
            run_declared(name, args, kwargs)
        except LookupError as error:
            fail(f"Not possible: {error}.")


def _end_with_the_worker() -> None:
    sys.stdin.read()
    os._exit(1)
