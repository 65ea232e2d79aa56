"""`koppel rematch`: what changes, town by town; nothing is stored by a dry run."""

from __future__ import annotations

import csv
import json
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.rows import (
    add_newcomer,
    add_offer,
)
from webapp.commands.rematch import rematch
from webapp.proposals.services import query_proposals
from webapp.runs import services as runs
from webapp.runs.models import Run
from webapp.storage.access import Actor
from webapp.storage.database import db, write_transaction


def open_pairs(actor: Actor) -> set[tuple[uuid.UUID, uuid.UUID]]:
    db.session.rollback()
    rows = db.session.scalars(query_proposals(actor, state="open"))
    return {(row.newcomer_id, row.offer_id) for row in rows}


def queued(actor: Actor) -> uuid.UUID:
    with write_transaction():
        return runs.start_run(actor).id


def test_a_dry_run_shows_the_changes_and_stores_nothing(me: Actor, command: Callable[..., Any]) -> None:
    newcomer, offer = add_newcomer(me.town_id), add_offer(me.town_id)
    result = command(rematch, "--town", "muenster", "--dry-run", "--json")
    assert result.exit_code == 0, result.output
    (town,) = json.loads(result.stdout)["towns"]
    (found,) = town["changes"]
    assert (found["action"], found["newcomer_id"], found["after"]) == ("added", str(newcomer), str(offer))
    assert open_pairs(me) == set()
    assert db.session.scalar(db.select(db.func.count()).select_from(Run)) == 0


def test_rematching_twice_changes_nothing_the_second_time(me: Actor, command: Callable[..., Any]) -> None:
    newcomer, offer = add_newcomer(me.town_id), add_offer(me.town_id)
    first, second = command(rematch, "--town", "muenster"), command(rematch, "--town", "muenster")
    assert "added" in first.stdout
    assert "Newcomer n" in first.stdout
    assert "Nothing changed since the last run." in second.stdout
    assert open_pairs(me) == {(newcomer, offer)}


def test_what_changed_is_counted_first_and_all_of_it_written(
    me: Actor, command: Callable[..., Any], tmp_path: Path
) -> None:
    newcomer, offer = add_newcomer(me.town_id), add_offer(me.town_id)
    result = command(rematch, "--town", "muenster", "--changes", str(tmp_path / "changes.csv"))
    assert result.exit_code == 0, result.output
    assert result.stdout.index("Newcomers without one") < result.stdout.index(
        "Changes since the last run: 1 added."
    )
    assert result.stdout.index("1 added.") < result.stdout.index("Newcomer n")
    with (tmp_path / "changes.csv").open(encoding="utf-8") as stream:
        (row,) = csv.DictReader(stream)
    assert (row["town"], row["newcomer_id"], row["action"]) == ("muenster", str(newcomer), "added")
    assert (row["before"], row["after"]) == ("", str(offer))


def test_rematching_all_towns_speaks_of_each(me: Actor, command: Callable[..., Any]) -> None:
    assert [town["town"] for town in json.loads(command(rematch, "--json").stdout)["towns"]] == [
        "enschede",
        "muenster",
    ]


def test_rematching_while_a_run_is_under_way_is_refused(me: Actor, command: Callable[..., Any]) -> None:
    queued(me)
    result = command(rematch, "--town", "muenster")
    assert result.exit_code == 2
    assert "A matching run is under way already." in result.stderr


def test_rematching_an_unknown_town_is_refused(me: Actor, command: Callable[..., Any]) -> None:
    assert command(rematch, "--town", "atlantis").exit_code == 2
