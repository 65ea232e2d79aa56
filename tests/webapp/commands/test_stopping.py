"""SIGTERM to real processes: what was taken is answered and done, or begun again; then they end."""

from __future__ import annotations

import http.client
import signal
import socket
import subprocess
import sys
import threading
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask

from tests.rows import add_newcomer, add_offer
from tests.web import make_app
from webapp.application import create_app
from webapp.config import LEAST_STOP_SECONDS
from webapp.runs.models import Run
from webapp.runs.services import start_run
from webapp.runs.tasks import solve_run
from webapp.storage.access import system_actor
from webapp.storage.database import db, write_transaction
from webapp.storage.upgrade import upgrade_database
from webapp.storage.workers import WorkerBeat, is_any_alive
from webapp.towns.services import get_town, seed_towns
from webapp.worker import Worker

SOON = 60.0
# What a process under test does, told by one byte each way over the connection to the test.
MEETS_US = """
import socket, sys
def meet(what):
    with socket.create_connection(("127.0.0.1", int(sys.argv[1]))) as there:
        there.sendall(what)
        there.recv(1)
"""
SLOW_PAGE = f"""{MEETS_US}
from webapp.accounts.login import public
from webapp.commands.application import make_application
from webapp.commands.serve import run_server
app = make_application()
@app.get("/slow")
@public
def slow():
    meet(b"page")
    return "answered"
@app.get("/port")
@public
def port():
    return ""
run_server(app, "127.0.0.1", int(sys.argv[2]))
"""
SLOW_TASK = f"""{MEETS_US}
from webapp.worker import task
@task("tests.slow")
def slow():
    meet(b"task")
    open(sys.argv[2], "a").write("done ")
from webapp.commands import worker
from webapp.commands.application import make_application
def with_a_task():
    app = make_application()
    if sys.argv[3] == "begin":
        with app.app_context():
            slow()
    return app
worker.make_application = with_a_task
worker.worker([])
"""


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Flask]:
    """An installation whose settings stand in the environment."""
    monkeypatch.setenv("KOPPEL_HOME", str(tmp_path))
    monkeypatch.setenv("KOPPEL_STOP_SECONDS", str(LEAST_STOP_SECONDS))
    app = create_app()
    upgrade_database(app)
    with app.app_context():
        yield app
        db.engine.dispose()


@pytest.fixture
def meeting() -> Iterator[socket.socket]:
    """Where processes under test say that they have begun, and wait for leave to go on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(SOON)
        yield listener


@pytest.fixture
def begin() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Begins a process; whatever is left of it is ended with the test."""
    begun: list[subprocess.Popen[str]] = []

    def start(code: str, *arguments: object) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", code, *(str(one) for one in arguments)]
        begun.append(subprocess.Popen(command, stderr=subprocess.PIPE, text=True))
        return begun[-1]

    yield start
    for process in begun:
        process.kill()
        process.communicate()


def port_of(listener: socket.socket) -> int:
    return int(listener.getsockname()[1])


def meet(listener: socket.socket, what: bytes) -> socket.socket:
    there, _ = listener.accept()
    there.settimeout(SOON)
    assert there.recv(8) == what
    return there


def wait_for_word(process: subprocess.Popen[str], word: str) -> str:
    """The line in which a process says something."""
    assert process.stderr is not None
    for line in process.stderr:
        if word in line:
            return line
    raise AssertionError(f"it ended without a word of {word!r}")


def a_free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return port_of(listener)


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT])
def test_a_request_in_progress_is_answered_and_no_other_taken(
    installed: Flask,
    meeting: socket.socket,
    begin: Callable[..., subprocess.Popen[str]],
    sign: signal.Signals,
) -> None:
    port = a_free_port()
    server = begin(SLOW_PAGE, port_of(meeting), port)
    wait_for_word(server, "Koppel is at")
    got: list[tuple[int, bytes]] = []
    idle = http.client.HTTPConnection("127.0.0.1", port, timeout=SOON)
    idle.request("GET", "/healthz")
    assert idle.getresponse().read()

    def ask() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=SOON)
        connection.request("GET", "/slow")
        response = connection.getresponse()
        got.append((response.status, response.read()))
        connection.close()

    asking = threading.Thread(target=ask)
    asking.start()
    with meet(meeting, b"page") as slow:
        server.send_signal(sign)
        assert idle.sock.recv(1) == b""  # nothing was asked on it: closed, and so is the door
        with pytest.raises(ConnectionError):
            socket.create_connection(("127.0.0.1", port), timeout=SOON)
        assert server.poll() is None
        slow.sendall(b".")
    asking.join(SOON)
    assert got == [(200, b"answered")]
    assert server.wait(SOON) == 0
    idle.close()
    assert not is_any_alive()


def test_a_server_ends_though_a_request_never_does(
    installed: Flask, meeting: socket.socket, begin: Callable[..., subprocess.Popen[str]]
) -> None:
    port = a_free_port()
    server = begin(SLOW_PAGE, port_of(meeting), port)
    wait_for_word(server, "Koppel is at")
    with socket.create_connection(("127.0.0.1", port)) as asking:
        asking.sendall(b"GET /slow HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        with meet(meeting, b"page"):
            server.terminate()
            assert server.wait(SOON) == 0


def test_a_task_in_hand_is_done_before_the_worker_ends(
    installed: Flask, tmp_path: Path, meeting: socket.socket, begin: Callable[..., subprocess.Popen[str]]
) -> None:
    worker = begin(SLOW_TASK, port_of(meeting), tmp_path / "log", "begin")
    with meet(meeting, b"task") as slow:
        worker.terminate()
        slow.sendall(b".")
    assert worker.wait(SOON) == 0
    assert (tmp_path / "log").read_text() == "done "
    assert not is_any_alive()


def test_a_task_that_takes_longer_is_begun_again_by_another_worker(
    installed: Flask, tmp_path: Path, meeting: socket.socket, begin: Callable[..., subprocess.Popen[str]]
) -> None:
    worker = begin(SLOW_TASK, port_of(meeting), tmp_path / "log", "begin")
    with meet(meeting, b"task"):
        worker.terminate()
        assert worker.wait(SOON) == 0
    other = begin(SLOW_TASK, port_of(meeting), tmp_path / "log", "go on")
    with meet(meeting, b"task") as slow:
        slow.sendall(b".")
        other.terminate()
        assert other.wait(SOON) == 0
    assert (tmp_path / "log").read_text() == "done "


def test_a_run_in_hand_waits_again_and_is_done_by_the_next(
    installed: Flask, tmp_path: Path, meeting: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = a_run_that_is_queued()
    solve_run(str(run_id))
    stand_in = tmp_path / "never-ends"
    stand_in.write_text(
        f"#!{sys.executable}\n{MEETS_US.replace('sys.argv[1]', str(port_of(meeting)))}\nmeet(b'run')\n"
    )
    stand_in.chmod(0o700)
    worker: Worker = installed.extensions["koppel_worker"]
    with monkeypatch.context() as patch:
        patch.setattr(sys, "executable", str(stand_in))
        stop = worker.start()
        with meet(meeting, b"run"):
            with write_transaction():
                db.session.get_one(Run, run_id).state = "running"
            stop()
    db.session.rollback()
    found = db.session.get_one(Run, run_id)
    assert (found.state, found.error) == ("queued", "")
    while (task := worker.queue.dequeue()) is not None:  # among what is periodic
        worker.queue.execute(task)
    db.session.rollback()
    assert db.session.get_one(Run, run_id).state == "done"


def test_workers_beside_each_other_all_give_a_sign_of_life_and_one_that_is_killed_stops_nobody(
    second_postgres_url: str, begin: Callable[..., subprocess.Popen[str]], tmp_path: Path
) -> None:
    app = make_app(second_postgres_url, tmp_path)
    upgrade_database(app)
    code = (
        "import os, sys; os.environ.update(KOPPEL_HOME=sys.argv[1], KOPPEL_DATABASE_URL=sys.argv[2]); "
        "from webapp.cli import main; sys.argv[1:3] = []; main()"
    )
    where = (code, tmp_path, second_postgres_url)
    first, second, third = (
        begin(*where, "worker"),
        begin(*where, "worker"),
        begin(*where, "serve", "--port", 0),
    )
    for process in (first, second, third):
        wait_for_word(process, "stop with Ctrl-C")
    with app.app_context():
        assert db.session.scalar(db.select(db.func.count()).select_from(WorkerBeat)) == 3
        db.session.rollback()
        first.kill()
        third.terminate()
        assert third.wait(SOON) == 0
        assert is_any_alive()
        second.terminate()
        assert second.wait(SOON) == 0
        db.session.rollback()
        left = db.session.scalars(db.select(WorkerBeat.name)).all()
        assert [name.rpartition(":")[2] for name in left] == [str(first.pid)]
    with app.app_context():
        db.engine.dispose()


def a_run_that_is_queued() -> uuid.UUID:
    with write_transaction():
        seed_towns()
    town_id = get_town("muenster").id
    add_newcomer(town_id)
    add_offer(town_id)
    with write_transaction():
        return start_run(system_actor(town_id)).id
