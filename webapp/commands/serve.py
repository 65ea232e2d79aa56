"""`koppel serve`: the web application and its background worker, one process."""

from __future__ import annotations

import gc
import socket
import threading
import time
from collections.abc import Callable
from typing import Any

import click
import waitress
from flask import Flask
from waitress import wasyncore

from webapp.commands.application import StoredText, fail, make_application, told_to_stop
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
    """Serve until the process is told to stop; what has been taken by then is answered, and done."""
    listener = _listen(host, port)
    port = listener.getsockname()[1]
    if not app.config["BASE_URL_IS_GIVEN"]:
        app.config["BASE_URL"] = _address(_ANY_HOST.get(host, host), port)
    told = told_to_stop()
    stop_worker = start_worker(app)
    server = waitress.create_server(app, sockets=[listener], threads=16, ident=None)
    where = _address(host, port)
    click.echo(f"Koppel is at {where}   (stop with Ctrl-C)", err=True)
    _spare_the_collector()
    try:
        serve_until_told(server, told)
        stopping = threading.Thread(target=stop_worker, name="stop-worker")
        stopping.start()  # both have the same time for it, not one after the other
        answer_what_was_taken(server, app.config["STOP_SECONDS"])
        stopping.join()
    finally:
        server.close()


def _address(host: str, port: int) -> str:
    return f"http://{host if ':' not in host else f'[{host}]'}:{port}"


def _spare_the_collector() -> None:
    """Let Python's collector look at what requests make, and no more at all that stays as long as we do."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)


def serve_until_told(server: Any, told: threading.Event) -> None:
    """Answer requests until the process is told to stop."""
    while not told.is_set():
        wasyncore.loop(timeout=0.2, count=1, map=server._map, use_poll=True)


def answer_what_was_taken(server: Any, seconds: float) -> None:
    """Take no more connections, and answer what was asked on those there are; for so long at most."""
    wasyncore.loop(
        timeout=0, count=1, map=server._map, use_poll=True
    )  # what has come in since we looked last
    wasyncore.dispatcher.close(server)
    deadline = time.monotonic() + seconds
    while server.active_channels and time.monotonic() < deadline:
        for channel in list(server.active_channels.values()):
            if not (channel.requests or channel.request or channel.total_outbufs_len):
                channel.handle_close()
        wasyncore.loop(timeout=0.1, count=1, map=server._map, use_poll=True)
    server.task_dispatcher.shutdown(timeout=0)


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
