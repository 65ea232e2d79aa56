"""`koppel serve`: the web application and its background worker, one process."""

from __future__ import annotations

import signal
import socket
from collections.abc import Callable
from typing import Any, NoReturn

import click
import waitress
from flask import Flask

from webapp.commands.application import StoredText, fail, make_application
from webapp.worker import start_worker

# To listen everywhere is no address to go to; this machine is there in any case.
_ANY_HOST = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104


def server_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """`--host` and `--port`, for the commands that serve."""
    host = click.option(
        "--host",
        type=StoredText(253),
        default="127.0.0.1",
        show_default=True,
        help="Where to listen.",
    )
    ports = click.IntRange(0, 65535)
    port = click.option("--port", default=8000, show_default=True, type=ports, help="0: any that is free.")
    return host(port(command))


@click.command()
@server_options
def serve(host: str, port: int) -> None:
    """The web application and its background worker, one process."""
    run_server(make_application(), host, port)


def run_server(app: Flask, host: str, port: int) -> None:
    """Serve until the process is told to stop; the worker ends its task first."""
    listener = _listen(host, port)
    signal.signal(signal.SIGTERM, _stop)
    port = listener.getsockname()[1]
    if not app.config["BASE_URL_IS_GIVEN"]:
        app.config["BASE_URL"] = _address(_ANY_HOST.get(host, host), port)
    stop_worker = start_worker(app)
    server = waitress.create_server(app, sockets=[listener], threads=16, ident=None)
    where = _address(host, port)
    click.echo(f"Koppel is at {where}   (stop with Ctrl-C)", err=True)
    try:
        server.run()
    finally:
        server.close()
        stop_worker()


def _address(host: str, port: int) -> str:
    return f"http://{host if ':' not in host else f'[{host}]'}:{port}"


def _stop(_signal: int, _frame: object) -> NoReturn:
    raise SystemExit(0)


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        fail(f"Cannot listen on {host}, port {port}: {error.strerror}. Choose another with --port.")
    except UnicodeError:  # a part of a host name is empty, or longer than any can be
        listener.close()
        fail(f"Cannot listen on {host}: expected the name or the number of a host for --host.")
    return listener
