"""`koppel worker`: the background worker alone, beside a server that serves the pages by WSGI."""

from __future__ import annotations

import click

from webapp.commands.application import make_application, told_to_stop
from webapp.worker import start_worker


@click.command()
def worker() -> None:
    """The background worker alone; for a server of your own, which serves `webapp:create_app()`."""
    app = make_application()
    told = told_to_stop()
    stop_worker = start_worker(app)
    click.echo("Koppel's worker is at work   (stop with Ctrl-C)", err=True)
    told.wait()
    stop_worker()
