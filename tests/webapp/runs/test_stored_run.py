"""A run stored by release 0.1.0 stays what it was: its rows, taken then, are read by every later release."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import flask_migrate
import pytest
from flask import Flask
from sqlalchemy import text

from matcher.pairs.criteria import CRITERIA, NEUTRAL
from matcher.questions.learning import recall
from tests.web import PASSWORD, Client, make_app
from webapp.accounts.services import create_user
from webapp.answers.services import learn_weights
from webapp.engine.policies import read_policy, shares_kept
from webapp.proposals.models import Proposal
from webapp.runs.models import Run
from webapp.runs.services import limits_of
from webapp.storage.access import Actor, system_actor
from webapp.storage.database import db, write_transaction
from webapp.storage.upgrade import FOLDER, upgrade_database
from webapp.towns.services import get_town

STORED = json.loads((Path(__file__).parents[1] / "fixtures/run_of_release_0_1_0.json").read_text("utf-8"))
# What the coordinator of the time had set: [weights] interests = 2, travel = 4, freshness = 0.
OF_THE_TIME = {
    **{"interests": 2.0, "language": 2.0, "travel": 4.0, "hours": 1.5, "goals": 1.5},
    **{"life_phase": 1.0, "reciprocity": 0.5, "freshness": 0.0},
}


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """The database of release 0.1.0 with the rows of a town, brought up to date."""
    home = tmp_path_factory.mktemp("stored")
    app = make_app(f"sqlite:///{home / 'koppel.sqlite'}", home)
    with app.app_context():
        flask_migrate.upgrade(directory=str(FOLDER), revision=STORED["revision"])
        with db.engine.begin() as connection:
            for table, rows in STORED["tables"].items():
                for row in rows:
                    columns, places = ", ".join(row), ", ".join(f":{name}" for name in row)
                    connection.execute(text(f"INSERT INTO {table} ({columns}) VALUES ({places})"), row)  # noqa: S608
        db.engine.dispose()
    upgrade_database(app)
    yield app
    with app.app_context():
        db.engine.dispose()


@pytest.fixture
def me(app: Flask) -> Iterator[Actor]:
    """Somebody who looks at the town, inside the application."""
    with app.app_context():
        yield system_actor(get_town("enschede").id)


@pytest.fixture(scope="module")
def browser(app: Flask) -> Client:
    """A coordinator's browser, in English."""
    email = "coordinator@enschede.example"
    with app.app_context(), write_transaction():
        town_id = get_town("enschede").id
        create_user(
            system_actor(town_id),
            name="C",
            email=email,
            role="coordinator",
            town_id=town_id,
            password=PASSWORD,
        )
    client: Any = app.test_client()
    client.post_form("/login", email=email, password=PASSWORD)
    client.get("/account?lang=en")
    return client


def runs() -> list[Run]:
    """The first run, by the policy of the time, and the second, by the coordinator's own."""
    return list(db.session.query(Run).order_by(Run.created_at))


def test_each_run_keeps_the_shares_that_applied(me: Actor) -> None:
    _first, second = runs()
    total = sum(OF_THE_TIME.values())
    assert limits_of(second) == pytest.approx({name: w / total for name, w in OF_THE_TIME.items()})


def test_the_page_of_an_old_run_and_of_an_old_proposal_show_the_old_maxima(
    me: Actor, browser: Client
) -> None:
    _first, second = runs()
    page = browser.get(f"/runs/{second.id}")
    assert page.status_code == 200
    assert "32 %" in page.text  # travel: 4 of 12.5
    proposal = db.session.query(Proposal).filter_by(run_id=second.id, state="open").first()
    assert proposal is not None
    shown = browser.get(f"/proposals/{proposal.id}")
    assert shown.status_code == 200
    assert "/ 32" in shown.text or "of 32" in shown.text
    assert "free places confirmed recently" not in shown.text  # weight 0: left out, as it was then


def test_learning_reads_old_decisions_by_what_counted_then(me: Actor) -> None:
    lesson = learn_weights(me, read_policy(""))
    rejected = [row for row in STORED["tables"]["proposal"] if row["state"] == "rejected"]
    confirmed = [row for row in STORED["tables"]["proposal"] if row["state"] == "confirmed"]
    counted = [row for row in rejected if row["reason"] != "no_capacity"]
    assert lesson.n_decisions == len(confirmed) + len(counted)
    assert lesson.n_accepted == len(confirmed)


def test_board_newcomers_and_placements_of_then_can_be_read(browser: Client) -> None:
    for address in ("/board", "/newcomers", "/offers", "/placements", "/runs", "/open-wishes"):
        assert browser.get(address).status_code == 200, address


def test_what_was_not_there_then_counted_nothing_and_what_is_gone_is_still_told() -> None:
    kept = {"weights": {"interests": 3.0, "horoscope": 1.0}}
    assert shares_kept(kept) == {"interests": 0.75, "horoscope": 0.25}
    assert shares_kept({}) == {}


def test_a_criterion_that_was_not_there_says_nothing_to_learning() -> None:
    decision = recall(
        {"interests": 0.375, "horoscope": 0.25}, {"interests": 0.75, "horoscope": 0.25}, accepted=True
    )
    others = {criterion.name for criterion in CRITERIA} - {"interests"}
    assert decision.values["interests"] == 0.5
    assert {decision.values[name] for name in others} == {NEUTRAL}
    assert "horoscope" not in decision.values
