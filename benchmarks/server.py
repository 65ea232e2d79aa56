"""Pages and decisions in a large town: CPU milliseconds and questions to the database; `make load`.

python -m benchmarks.server [FOLDER]            FOLDER keeps the town for the next time
python -m benchmarks.server FOLDER --at-once    50 confirms at once, and confirms beside a run, over HTTP

10,000 newcomers and 2,000 offers beside the demo's, on SQLite, with a run done and 2,500 people placed. One
process asks itself, so that the figures are those of the application alone. Ratios of two releases count,
not the times.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from flask import Flask
from rich.console import Console
from rich.table import Table
from sqlalchemy import event, select

from benchmarks.at_once import at_once, beside_a_run
from matcher.generate import generate_town
from matcher.records.files import write_newcomers, write_offers
from webapp import create_app
from webapp.accounts.models import User
from webapp.accounts.services import create_user
from webapp.engine.files import read_town_folder
from webapp.exceptions import Conflict
from webapp.exchange.services import add_people
from webapp.proposals.models import Proposal
from webapp.proposals.services import ask_ahead, confirm_proposal
from webapp.runs.executing import execute_run
from webapp.runs.services import start_run
from webapp.storage.access import Actor, system_actor
from webapp.storage.database import db, write_transaction
from webapp.storage.upgrade import upgrade_database
from webapp.towns.services import get_town, seed_towns

NEWCOMERS, OFFERS, PLACED = 10_000, 2_000, 2_500
TIMES = 15
EMAIL, PASSWORD = "load@koppel.example", "a long password of nobody"


def main(folder: Path, *, is_at_once: bool = False) -> None:
    """Make the town where it is not there yet, and print what each thing takes."""
    os.environ["KOPPEL_HOME"] = str(folder)
    app = create_app()
    upgrade_database(app)
    with app.app_context():
        if db.session.scalar(select(User.id).where(User.email == EMAIL)) is None:
            _fill(folder)
    if is_at_once:
        for figures in (at_once, beside_a_run):
            Console().print(figures(app, folder, EMAIL, PASSWORD))
        return
    table = Table("what", "CPU ms", "most", "questions", title=f"{NEWCOMERS:,} newcomers, {OFFERS:,} offers")
    for what, milliseconds, most, n_questions in measured(app):
        table.add_row(what, f"{milliseconds:.1f}", f"{most:.1f}", str(n_questions or "-"))
    Console().print(table)


def _fill(folder: Path) -> None:
    today = date(2026, 11, 16)
    newcomers, offers = generate_town("muenster", NEWCOMERS, OFFERS, np.random.default_rng(0), today)
    write_newcomers(folder / "newcomers.csv", newcomers)
    write_offers(folder / "offers.csv", offers)
    with write_transaction():
        seed_towns()
        town = get_town("muenster")
        actor = system_actor(town.id, "load")
        add_people(actor, town, read_town_folder(folder))
        create_user(actor, name="Load", email=EMAIL, role="coordinator", town_id=town.id, password=PASSWORD)
    with write_transaction():
        run_id = start_run(actor).id
    execute_run(run_id)
    n_placed = 0
    for proposal_id in _open_proposals(actor, 2 * PLACED):
        try:
            with write_transaction():
                confirm_proposal(actor, proposal_id)
        except Conflict:
            continue
        n_placed += 1
        if n_placed == PLACED:
            return


def measured(app: Flask) -> Iterator[tuple[str, float, float, int]]:
    """What it is, the median and the most of its CPU milliseconds, and the questions it asks the database."""
    with app.app_context():
        actor = system_actor(get_town("muenster").id, "load")
        yield "a confirm, inside the lock", *_confirms(actor), 0
        proposals = _open_proposals(actor, TIMES)
        newcomers = list(db.session.scalars(select(Proposal.newcomer_id).where(Proposal.id.in_(proposals))))
        last = -(-len(set(_open_newcomers(actor))) // 25)
    client = app.test_client()
    token = re.search('name="csrf_token" value="([^"]+)"', client.get("/login").text)
    assert token is not None
    client.post("/login", data={"email": EMAIL, "password": PASSWORD, "csrf_token": token[1]})
    pages: list[tuple[str, list[str]]] = [
        ("board", ["/board"] * TIMES),
        ("board, searched", ["/board?search=an"] * TIMES),
        ("board, a day and a language", ["/board?day=tue&language=ar"] * TIMES),
        ("board, its last page", [f"/board?page={last}"] * TIMES),
        ("proposal", [f"/proposals/{id_}" for id_ in proposals]),
        ("place by hand", [f"/newcomers/{id_}/place" for id_ in newcomers]),
        ("newcomers", ["/newcomers"] * TIMES),
        ("offers", ["/offers"] * TIMES),
        ("placements", ["/placements"] * TIMES),
    ]
    for what, addresses in pages:
        if client.get(addresses[0]).status_code != 200:
            raise RuntimeError(f"{addresses[0]} is not shown, so it cannot be measured")
        with _counted(app) as asked:
            times = [_cpu(lambda address=address: client.get(address)) for address in addresses]
        yield what, median(times), max(times), round(len(asked) / len(addresses))


def _confirms(actor: Actor) -> tuple[float, float]:
    """What a confirm takes while nobody else can write; each is taken back."""
    times = []
    for proposal_id in _open_proposals(actor, 3 * TIMES):
        ask_ahead(actor, proposal_id)
        try:
            with write_transaction():
                times.append(_cpu(lambda id_=proposal_id: confirm_proposal(actor, id_)))
                raise Conflict("taken_back")
        except Conflict:
            continue
    return median(times), max(times)


def _cpu(act: Callable[[], Any]) -> float:
    started = time.process_time()
    act()
    return 1000 * (time.process_time() - started)


@contextmanager
def _counted(app: Flask) -> Iterator[list[str]]:
    asked: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if statement.lstrip().upper().startswith("SELECT"):
            asked.append(statement)

    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield asked
    finally:
        event.remove(engine, "before_cursor_execute", note)


def _open_proposals(actor: Actor, most: int) -> list[Any]:
    found = select(Proposal.id).where(Proposal.town_id == actor.town_id, Proposal.state == "open")
    return list(db.session.scalars(found.order_by(Proposal.id).limit(most)))


def _open_newcomers(actor: Actor) -> list[Any]:
    found = select(Proposal.newcomer_id).where(Proposal.town_id == actor.town_id, Proposal.state == "open")
    return list(db.session.scalars(found))


if __name__ == "__main__":
    asked = [one for one in sys.argv[1:] if one != "--at-once"]
    if asked:
        Path(asked[0]).mkdir(parents=True, exist_ok=True)
        main(Path(asked[0]), is_at_once="--at-once" in sys.argv)
    else:
        with tempfile.TemporaryDirectory() as made:
            main(Path(made), is_at_once="--at-once" in sys.argv)
