"""A town as tests look at it from outside: what is stored, the pages of a browser, a programme's calls."""

from __future__ import annotations

import html
import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from flask import Flask
from sqlalchemy import event

from tests.rows import add_newcomer, add_offer, counters, open_proposal, run_matching
from tests.web import Client
from webapp.placements.services import place_by_hand
from webapp.proposals.services import reject_proposal
from webapp.storage.access import Actor
from webapp.storage.database import db, write_transaction


class Pair(NamedTuple):
    """An open proposal and its two sides."""

    proposal: uuid.UUID
    newcomer: uuid.UUID
    offer: uuid.UUID


class Office:
    """What is stored for Münster, seen from outside of any request."""

    def __init__(self, app: Flask, me: Actor) -> None:
        self.app = app
        self.me = me

    @contextmanager
    def writing(self) -> Iterator[Any]:
        """A write transaction."""
        with self.app.app_context(), write_transaction() as session:
            yield session

    def newcomer(self, name: str = "n", **fields: Any) -> uuid.UUID:
        with self.app.app_context():
            return add_newcomer(self.me.town_id, name, **fields)

    def offer(self, name: str = "o", **fields: Any) -> uuid.UUID:
        with self.app.app_context():
            return add_offer(self.me.town_id, name, **fields)

    def run(self) -> None:
        with self.app.app_context():
            run_matching(self.me)

    def proposal(self, newcomer_id: uuid.UUID, offer_id: uuid.UUID) -> uuid.UUID:
        with self.app.app_context():
            return open_proposal(newcomer_id, offer_id)

    def place(self, newcomer_id: uuid.UUID, offer_id: uuid.UUID) -> uuid.UUID:
        with self.writing():
            return place_by_hand(self.me, newcomer_id, offer_id).id

    def reject(self, proposal_id: uuid.UUID) -> None:
        with self.writing():
            reject_proposal(self.me, proposal_id, reason="other")

    def change(self, model: Any, id_: uuid.UUID, **values: Any) -> None:
        with self.writing() as session:
            session.execute(db.update(model).where(model.id == id_).values(**values))

    def the(self, model: Any) -> Any:
        """The only row of a table."""
        with self.app.app_context():
            return db.session.scalars(db.select(model)).one()

    def get(self, model: Any, id_: uuid.UUID) -> Any:
        with self.app.app_context():
            return db.session.get_one(model, id_)

    def counters(self, offer_id: uuid.UUID) -> tuple[int, int, int]:
        """Taken, placed and the number of active placements."""
        with self.app.app_context():
            return counters(offer_id)


def text_of(client: Client, url: str) -> str:
    """What stands on a page, without tags."""
    answer = client.get(url)
    assert answer.status_code == 200, url
    return words(answer.text)


@contextmanager
def questions(app: Flask) -> Iterator[list[str]]:
    """What the database is asked meanwhile."""
    asked: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        asked.append(statement)

    with app.app_context():
        engine_of_app = db.engine
    event.listen(engine_of_app, "before_cursor_execute", note)
    try:
        yield asked
    finally:
        event.remove(engine_of_app, "before_cursor_execute", note)


def words(page: str) -> str:
    """The words of a page's main part."""
    main = page.partition("<main")[2]
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", main)).replace("\u00a0", " ").split())


def same_page(page: str, id_: str) -> str:
    """A page without what differs from request to request: tokens, and the address itself."""
    return re.sub(r'value="[^"]*"|X-CSRFToken[^}]*', "", page.replace(id_, ""))


class TownOfApi:
    """A town with one newcomer, one offer and the open proposal of the two."""

    def __init__(self, app: Flask, me: Actor) -> None:
        self.app, self.me = app, me
        with app.app_context():
            self.newcomer = add_newcomer(me.town_id)
            self.offer = add_offer(me.town_id, capacity=2)
            run_matching(me)
            self.proposal = open_proposal(self.newcomer, self.offer)

    def change(self, model: Any, id_: uuid.UUID, **values: Any) -> None:
        with self.app.app_context(), write_transaction() as session:
            session.execute(db.update(model).where(model.id == id_).values(**values))

    def add_newcomer(self, name: str, **fields: Any) -> str:
        with self.app.app_context():
            return str(add_newcomer(self.me.town_id, name, **fields))

    def add_offer(self, name: str, **fields: Any) -> str:
        with self.app.app_context():
            return str(add_offer(self.me.town_id, name, **fields))

    def place(self, newcomer_id: str, offer_id: str) -> None:
        with self.app.app_context(), write_transaction():
            place_by_hand(self.me, uuid.UUID(newcomer_id), uuid.UUID(offer_id))

    def counters(self) -> tuple[int, int, int]:
        with self.app.app_context():
            return counters(self.offer)

    def all(self, model: Any) -> list[Any]:
        with self.app.app_context():
            return list(db.session.scalars(db.select(model)))


def confirm(client: Client, town: TownOfApi, key: str = "", **body: Any) -> Any:
    headers = {"Idempotency-Key": key} if key else {}
    return client.post(f"/api/v1/proposals/{town.proposal}/confirm", json=body, headers=headers)
