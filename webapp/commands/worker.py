"""`koppel worker`: the background worker alone, beside a server that serves the pages by WSGI."""

from __future__ import annotations

import signal
import threading

import click

from webapp.commands.application import make_application
from webapp.worker import start_worker


@click.command()
def worker() -> None:
    """The background worker alone; for a server of your own, which serves `webapp:create_app()`."""
    stop_worker = start_worker(make_application())
    told = threading.Event()
    for sign in (signal.SIGTERM, signal.SIGINT):
        signal.signal(sign, lambda *_args: told.set())
    click.echo("Koppel's worker is at work   (stop with Ctrl-C)", err=True)
    told.wait()
    stop_worker()
