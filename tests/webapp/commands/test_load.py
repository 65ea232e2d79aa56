"""`koppel load`: what it takes, a folder or files, both sorts or one."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from matcher.records.files import write_newcomers, write_offers
from tests.builders import a_newcomer, an_offer
from webapp.commands.load import load
from webapp.newcomers.models import Newcomer
from webapp.offers.models import Offer
from webapp.storage.access import Actor
from webapp.storage.database import db


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, me: Actor) -> Path:
    """A folder to work in, with files of every sort under names that tell nothing."""
    monkeypatch.chdir(tmp_path)
    for folder in ("both", "one", "other", "neither", "swapped"):
        Path(folder).mkdir()
    for path in ("both/newcomers.csv", "one/newcomers.csv", "swapped/offers.csv", "x.csv"):
        write_newcomers(path, [a_newcomer("a"), a_newcomer("b")])
    for path in ("both/offers.csv", "other/offers.csv", "y.csv"):
        write_offers(path, [an_offer("o")])
    Path("x.json").write_text(json.dumps([{"id": "c", "languages": "uk:native"}]))
    Path("pairs.csv").write_text("newcomer_id,offer_id\na,o\n")
    return tmp_path


def count() -> tuple[int, int]:
    db.session.rollback()
    newcomers, offers = (
        db.session.scalar(db.select(db.func.count()).select_from(model)) for model in (Newcomer, Offer)
    )
    return newcomers or 0, offers or 0


@pytest.mark.parametrize(
    ("sources", "expected"),
    [
        (["both"], (2, 1)),
        (["one"], (2, 0)),
        (["other"], (0, 1)),
        (["x.csv"], (2, 0)),
        (["y.csv"], (0, 1)),
        (["y.csv", "x.csv"], (2, 1)),
        (["x.json", "other"], (1, 1)),
    ],
)
def test_newcomers_and_offers_are_added_together_or_alone(
    files: Path, command: Callable[..., Result], sources: list[str], expected: tuple[int, int]
) -> None:
    result = command(load, *sources, "--town", "muenster")
    assert result.exit_code == 0, result.output
    assert f"{expected[0]} newcomers and {expected[1]} offers added to Münster." in result.stdout
    assert count() == expected


@pytest.mark.parametrize(
    ("sources", "expected"),
    [
        (["neither"], "expected a folder with newcomers.csv or offers.csv, got one with neither"),
        (["swapped"], "offers.csv: expected offers, got what looks like newcomers"),
        (["x.csv", "x.json"], "x.json: expected one file of newcomers and one of offers, got a second"),
        (["both", "y.csv"], "y.csv: expected one file of newcomers and one of offers, got a second"),
        (["pairs.csv"], "pairs.csv: expected newcomers, got what looks like pairs"),
        (["nowhere"], "'nowhere' does not exist"),
        ([], "Missing argument"),
    ],
)
def test_what_cannot_be_added_is_said_and_nobody_is(
    files: Path, command: Callable[..., Result], sources: list[str], expected: str
) -> None:
    result = command(load, *sources, "--town", "muenster")
    assert result.exit_code == 2
    assert expected in result.stderr
    assert count() == (0, 0)
