"""What tests of several rooms begin with: people who act, a browser, rows that belong together."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator

import pytest
from click.testing import CliRunner, Result
from flask import Flask

from tests.office import Office, Pair, TownOfApi
from tests.rows import add_newcomer, add_offer, run_matching
from tests.web import Client
from webapp.commands import application
from webapp.storage.access import Actor


@pytest.fixture
def me(app: Flask, actor: Callable[..., Actor]) -> Iterator[Actor]:
    """A coordinator of Münster, inside the application."""
    coordinator = actor()
    with app.app_context():
        yield coordinator


@pytest.fixture
def office(app: Flask, actor: Callable[..., Actor]) -> Office:
    """What is stored for Münster."""
    return Office(app, actor())


@pytest.fixture
def browser(login: Callable[..., Client]) -> Client:
    """The coordinator's browser, in English."""
    client = login()
    client.get("/account?lang=en")
    return client


@pytest.fixture
def pair(office: Office) -> Pair:
    """A newcomer and an offer that a run proposed."""
    newcomer, offer = office.newcomer(interests=("cooking",)), office.offer(capacity=3)
    office.run()
    return Pair(office.proposal(newcomer, offer), newcomer, offer)


@pytest.fixture
def rivals(app: Flask, actor: Callable[..., Actor]) -> dict[str, uuid.UUID]:
    """Two people and one near place, which goes to the one with the greater need; a far place is left."""
    me = actor()
    with app.app_context():
        one_wish = {"wants": {"association": 1}, "max_minutes": 20}
        rows = {
            "first": add_newcomer(me.town_id, "first", need_level=4, **one_wish),
            "second": add_newcomer(me.town_id, "second", need_level=1, **one_wish),
            "club": add_offer(me.town_id, "club", capacity=1),
            "far": add_offer(me.town_id, "far", capacity=1, lat=52.02),
        }
        run_matching(me)
    return rows


@pytest.fixture
def town(app: Flask, actor: Callable[..., Actor]) -> TownOfApi:
    """Münster, with a newcomer, an offer and their proposal."""
    return TownOfApi(app, actor())


@pytest.fixture
def programme(api: Callable[..., Client]) -> Client:
    """A programme with a token of Münster."""
    return api()


@pytest.fixture
def command(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Runs a command on the application of the test: ``command(rematch, "--town", "muenster")``."""
    monkeypatch.setattr(application, "make_application", lambda: app)
    return lambda which, *arguments: CliRunner(env={"COLUMNS": "200"}).invoke(which, arguments)
