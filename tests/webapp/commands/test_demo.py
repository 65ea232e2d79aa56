"""The commands `koppel demo` and `koppel load`: fresh, all or nothing, careful with what is not a demo."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from flask import Flask

from matcher.records.files import write_newcomers, write_offers
from tests.builders import a_newcomer, an_offer
from tests.web import Client
from webapp import create_app
from webapp.accounts.models import User
from webapp.commands.demo import demo
from webapp.commands.load import load
from webapp.newcomers.models import Newcomer
from webapp.offers.models import Offer
from webapp.proposals.models import Proposal
from webapp.runs.models import Run
from webapp.storage.database import db
from webapp.towns.models import Town


@pytest.fixture
def fresh_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty instance folder, as on a new machine."""
    monkeypatch.setenv("KOPPEL_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("KOPPEL_DEMO_PASSWORD", "a demo password")
    return tmp_path / "home"


def run_demo() -> Result:
    return CliRunner().invoke(demo, ["--no-serve"])


@pytest.fixture
def inside(fresh_home: Path) -> Iterator[Callable[[], Any]]:
    """Opens the database of the instance folder."""
    apps: list[Flask] = []

    def open_app() -> Any:
        app = create_app({"SECRET_KEY": "x" * 40})
        apps.append(app)
        return app.app_context()

    yield open_app
    for app in apps:
        with app.app_context():
            db.engine.dispose()


def count(model: Any) -> int:
    return db.session.scalar(db.select(db.func.count()).select_from(model)) or 0


def test_a_demo_fills_two_towns_matches_them_and_tells_the_log_ins(inside: Callable[[], Any]) -> None:
    result = run_demo()
    assert result.exit_code == 0, result.output
    for email in ("coordinator@muenster.example", "coordinator@enschede.example", "admin@koppel.example"):
        assert f"{email}   password a demo password" in result.stdout
    assert "Newcomers with a proposal" in result.stdout
    with inside():
        assert (count(Town), count(User), count(Run)) == (2, 3, 2)
        assert count(Newcomer) > 550
        assert count(Offer) > 480
        assert count(Proposal) > 400
        waits = [day for day in db.session.scalars(db.select(Newcomer.waiting_since)) if day]
        newest_run = db.session.scalars(db.select(Run.today)).first()
        assert newest_run is not None
        assert 0 <= (newest_run - max(waits)).days < 30


def test_the_log_ins_of_the_demo_work(inside: Callable[[], Any]) -> None:
    run_demo()
    with inside():
        app = create_app({"SECRET_KEY": "x" * 40})
    client = Client(app)
    response = client.post_form("/login", email="coordinator@muenster.example", password="a demo password")
    assert response.status_code == 303
    assert client.get("/board").status_code == 200
    with app.app_context():
        db.engine.dispose()


def test_a_second_demo_starts_afresh(inside: Callable[[], Any]) -> None:
    assert run_demo().exit_code == 0
    assert run_demo().exit_code == 0
    with inside():
        assert (count(Town), count(Run)) == (2, 2)


def test_a_demo_leaves_a_database_that_is_not_one_alone(inside: Callable[[], Any], tmp_path: Path) -> None:
    write_newcomers(tmp_path / "newcomers.csv", [a_newcomer()])
    write_offers(tmp_path / "offers.csv", [an_offer()])
    assert CliRunner().invoke(load, [str(tmp_path), "--town", "muenster"]).exit_code == 0
    result = run_demo()
    assert result.exit_code == 2
    assert "KOPPEL_HOME" in result.stderr
    with inside():
        assert (count(Newcomer), count(Offer)) == (1, 1)


def test_loading_adds_people_with_everything_their_files_say(
    inside: Callable[[], Any], tmp_path: Path
) -> None:
    write_newcomers(tmp_path / "newcomers.csv", [a_newcomer("a", wants={"mentor": 2}), a_newcomer("b")])
    write_offers(tmp_path / "offers.csv", [an_offer("o", capacity=2, taken=5)])
    result = CliRunner().invoke(load, [str(tmp_path), "--town", "Münster"])
    assert result.exit_code == 0, result.output
    assert "2 newcomers and 1 offers added to Münster." in result.stdout
    with inside():
        newcomer = db.session.scalars(db.select(Newcomer).where(Newcomer.external_id == "a")).one()
        assert (newcomer.wants_association, newcomer.wants_mentor, newcomer.source) == (0, 2, "file")
        assert newcomer.languages == [{"code": "uk", "level": "native"}, {"code": "de", "level": "A2"}]
        offer = db.session.scalars(db.select(Offer)).one()
        assert (offer.capacity, offer.taken, offer.placed) == (2, 2, 0)


@pytest.mark.parametrize(
    ("second", "expected"),
    [
        ([a_newcomer("new"), a_newcomer("a")], "a is in Münster already"),
        ([a_newcomer("new"), a_newcomer("long", name="x" * 300)], "long, name: expected at most 200"),
    ],
)
def test_loading_adds_nobody_when_one_cannot_be_added(
    inside: Callable[[], Any], tmp_path: Path, second: list[Any], expected: str
) -> None:
    write_newcomers(tmp_path / "newcomers.csv", [a_newcomer("a")])
    write_offers(tmp_path / "offers.csv", [])
    assert CliRunner().invoke(load, [str(tmp_path), "--town", "muenster"]).exit_code == 0
    write_newcomers(tmp_path / "newcomers.csv", second)
    result = CliRunner().invoke(load, [str(tmp_path), "--town", "muenster"])
    assert result.exit_code == 2
    assert expected in result.stderr
    with inside():
        assert count(Newcomer) == 1


def test_loading_names_the_rows_of_both_files_that_cannot_be_read(fresh_home: Path, tmp_path: Path) -> None:
    (tmp_path / "newcomers.csv").write_text("id,languages,birth_year\na,uk:native,old\n")
    (tmp_path / "offers.csv").write_text("id,kind,capacity\no,club,1\n")
    result = CliRunner().invoke(load, [str(tmp_path), "--town", "muenster"])
    assert result.exit_code == 2
    assert "newcomers.csv, line 2, column birth_year" in result.stderr
    assert "offers.csv, line 2, column kind" in result.stderr


def test_loading_into_an_unknown_town_is_refused(fresh_home: Path, tmp_path: Path) -> None:
    write_newcomers(tmp_path / "newcomers.csv", [])
    write_offers(tmp_path / "offers.csv", [])
    assert CliRunner().invoke(load, [str(tmp_path), "--town", "atlantis"]).exit_code == 2
