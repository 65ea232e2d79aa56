"""`koppel task`: one task of the worker in a process of its own; what the worker starts, nobody else."""

from __future__ import annotations

import json
import os
import sys
import threading

import click

from webapp.application import create_app
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
    args, kwargs = json.loads(arguments)
    app = create_app()
    with app.app_context():
        run_declared(name, args, kwargs)


def _end_with_the_worker() -> None:
    sys.stdin.read()
    os._exit(1)
