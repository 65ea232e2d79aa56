"""50 confirms of 50 different offers at once, by 50 clients, over HTTP; then one by one beside a run.

`make load ARGS="FOLDER --at-once"`.

The server has one core of the machine for itself, the clients have the others (where the system can pin
processes). With KOPPEL_DATABASE_URL it is the database named there, which `benchmarks.server` fills as well.
Beside the rate stands what the server's process computes for each confirm: other work on the machine makes
the first worse, not the second.
"""

from __future__ import annotations

import http.client
import json
import os
import random
import re
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import urlencode

import numpy as np
from flask import Flask
from rich.table import Table
from sqlalchemy import select

from webapp.proposals.models import Proposal
from webapp.runs.models import Run
from webapp.storage.database import db

CLIENTS, ROUNDS = 50, 5
_FORM = {"Content-Type": "application/x-www-form-urlencoded"}
_READY = re.compile(r"http://127\.0\.0\.1:(\d+)")


class Browser:
    """A session that every client of the load uses."""

    def __init__(self, port: int, email: str, password: str) -> None:
        self.port, self._cookies = port, {}
        self._token = self._token_in("/login")
        self.ask("POST", "/login", urlencode(self._form(email=email, password=password)), _FORM)
        self._token = self._token_in("/newcomers")

    def ask(self, method: str, path: str, body: str | None = None, headers: Any = None) -> tuple[int, str]:
        """Status and text of an answer, over a connection of its own."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        cookies = {"Cookie": "; ".join(f"{name}={value}" for name, value in self._cookies.items())}
        connection.request(method, path, body, {**cookies, **(headers or {})})
        answer = connection.getresponse()
        for name, value in answer.getheaders():
            if name == "Set-Cookie":
                cookie, _, kept = value.partition(";")[0].partition("=")
                self._cookies[cookie] = kept
        text = answer.read().decode()
        connection.close()
        return answer.status, text

    def click(self, proposal: uuid.UUID) -> int:
        """Confirm as the board does."""
        body = urlencode(self._form())
        return self.ask("POST", f"/proposals/{proposal}/confirm", body, {**_FORM, "HX-Request": "true"})[0]

    def start_run(self) -> None:
        """Start a matching run, as its button does."""
        status, _text = self.ask("POST", "/runs", urlencode(self._form()), _FORM)
        if status != 303:
            raise RuntimeError(f"starting a run answered {status}")

    def call(self, proposal: uuid.UUID) -> int:
        """Confirm as a programme does, so that it may try again."""
        headers = {
            "Content-Type": "application/json",
            "X-CSRFToken": self._token,
            "Idempotency-Key": str(proposal),
        }
        return self.ask("POST", f"/api/v1/proposals/{proposal}/confirm", json.dumps({}), headers)[0]

    def _form(self, **fields: str) -> dict[str, str]:
        return {"csrf_token": self._token, **fields}

    def _token_in(self, path: str) -> str:
        status, text = self.ask("GET", path)
        found = re.search('name="csrf_token" value="([^"]+)"', text)
        if status != 200 or found is None:
            raise RuntimeError(f"{path} answered {status}, without a form: nobody can log in")
        return found[1]


def at_once(app: Flask, folder: Path, email: str, password: str) -> Table:
    """What 50 confirms at once take, by the board and by the API."""
    table = Table("50 at once", "a second", "median ms", "slowest ms", "server's CPU ms each", "not placed")
    with _server(folder) as (server, port):
        browser = Browser(port, email, password)
        ways: list[tuple[str, Callable[[uuid.UUID], int]]] = [("board", browser.click), ("API", browser.call)]
        for name, way in ways:
            rounds = [_round(app, server, way, number) for number in range(ROUNDS)]
            figures = [f"{median(column):.0f}" for column in zip(*rounds, strict=True)]
            table.add_row(name, *figures[:-1], str(sum(one[-1] for one in rounds)))
    return table


def beside_a_run(app: Flask, folder: Path, email: str, password: str) -> Table:
    """What one confirm after the other takes while a matching run works in its process."""
    table = Table("beside a run", "confirms", "median ms", "p95 ms", "p99 ms", "slowest ms", "not placed")
    with _server(folder) as (_server_id, port):
        browser = Browser(port, email, password)
        browser.start_run()
        waits: list[float] = []
        refused = 0
        for number in range(ROUNDS, 10 * ROUNDS):
            for proposal in _pick(app, number):
                if not _is_run_under_way(app):
                    order = np.percentile(waits, [50, 95, 99, 100])
                    table.add_row("board", str(len(waits)), *(f"{one:.0f}" for one in order), str(refused))
                    return table
                started = time.perf_counter()
                status = browser.click(proposal)
                waits.append(1000 * (time.perf_counter() - started))
                refused += status not in (200, 201)
    raise RuntimeError("the run did not end: see koppel serve with this KOPPEL_HOME")


def _is_run_under_way(app: Flask) -> bool:
    with app.app_context():
        under_way = select(Run.id).where(Run.state.in_(("queued", "running"))).limit(1)
        return db.session.scalar(under_way) is not None


def _round(
    app: Flask, server: int, confirm: Callable[[uuid.UUID], int], number: int
) -> tuple[float, float, float, float, int]:
    together, taken = threading.Barrier(CLIENTS + 1), []

    def client(proposal: uuid.UUID) -> None:
        together.wait()
        started = time.perf_counter()
        status = confirm(proposal)
        taken.append((started, time.perf_counter(), status))

    clients = [threading.Thread(target=client, args=(one,)) for one in _pick(app, number)]
    for one in clients:
        one.start()
    computed = _cpu_seconds(server)
    together.wait()
    for one in clients:
        one.join()
    computed = _cpu_seconds(server) - computed
    seconds = max(end for _, end, _ in taken) - min(start for start, _, _ in taken)
    waits = [1000 * (end - start) for start, end, _ in taken]
    refused = sum(status not in (200, 201) for _, _, status in taken)
    return CLIENTS / seconds, median(waits), max(waits), 1000 * computed / CLIENTS, refused


def _pick(app: Flask, number: int) -> Sequence[uuid.UUID]:
    """Open proposals of different newcomers and offers."""
    with app.app_context():
        found = select(Proposal.id, Proposal.newcomer_id, Proposal.offer_id).where(Proposal.state == "open")
        rows = [tuple(row) for row in db.session.execute(found.order_by(Proposal.id))]
    random.Random(number).shuffle(rows)
    picked: dict[uuid.UUID, uuid.UUID] = {}
    newcomers = set()
    for proposal, newcomer, offer in rows:
        if newcomer not in newcomers and offer not in picked:
            picked[offer] = proposal
            newcomers.add(newcomer)
        if len(picked) == CLIENTS:
            return list(picked.values())
    raise RuntimeError(f"only {len(picked)} proposals are open for different offers: make the town anew")


@contextmanager
def _server(folder: Path) -> Iterator[tuple[int, int]]:
    """A server with a core of its own: its process and its port."""
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_setaffinity") else []
    environment = {**os.environ, "KOPPEL_HOME": str(folder)}
    command = [sys.executable, "-c", "from webapp.cli import main; main()", "serve", "--port", "0"]
    server = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
    if len(cores) > 1:
        os.sched_setaffinity(server.pid, cores[:1])
        os.sched_setaffinity(0, cores[1:])
    try:
        assert server.stderr is not None
        ready = next((found for line in server.stderr if (found := _READY.search(line))), None)
        if ready is None:
            raise RuntimeError("the server did not start: run koppel serve with this KOPPEL_HOME to read why")
        threading.Thread(
            target=server.stderr.read, daemon=True
        ).start()  # nobody reads it, and it must not fill
        yield server.pid, int(ready[1])
    finally:
        server.terminate()
        server.wait()
        if len(cores) > 1:
            os.sched_setaffinity(0, cores)


def _cpu_seconds(process: int) -> float:
    """What a process has computed so far, where the system tells (Linux); else nothing."""
    path = Path(f"/proc/{process}/stat")
    if not path.exists():
        return 0.0
    fields = path.read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
