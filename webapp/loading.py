"""Newcomers and offers from files into a town of the database: all of them, or none."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import click
from sqlalchemy import String, insert, select

from webapp import engine
from webapp.access import Actor, system_actor
from webapp.audit.services import record
from webapp.commands import in_application
from webapp.database import Record, db, write_transaction
from webapp.exceptions import InvalidInput
from webapp.newcomers.models import Newcomer
from webapp.offers.models import Offer
from webapp.towns.models import Town
from webapp.towns.services import get_town, seed_towns

ROWS_AT_ONCE = 1_000
MOST_SHOWN = 20
_DATES = ("waiting_since", "screening_valid_until", "confirmed_at")


@click.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--town", "town_slug", required=True, help="The town they belong to, such as muenster.")
@in_application
def load(folder: Path, town_slug: str) -> None:
    """Add newcomers.csv and offers.csv of FOLDER to a town of the database.

    Adds everybody or, when a row cannot be read or an id is there already, nobody.
    """
    with engine.clear_errors():
        files = engine.read_town_folder(folder)
    with write_transaction():
        seed_towns()
        town = get_town(town_slug)
        name = town.name
        add_people(system_actor(town.id, "koppel load"), town, files)
    click.echo(f"{len(files.newcomers):,} newcomers and {len(files.offers):,} offers added to {name}.")


def add_people(actor: Actor, town: Town, files: engine.TownFiles, *, shift: timedelta | None = None) -> None:
    """Add people of files to a town, with their dates shifted.

    Raises
    ------
    InvalidInput
        Naming ids that are there already and values that are too long; nothing is added then.
    """
    newcomers = [
        _shifted({**engine.newcomer_columns(person), "town_id": town.id, "source": "file"}, shift)
        for person in files.newcomers
    ]
    offers = [_shifted({**engine.offer_columns(offer), "town_id": town.id}, shift) for offer in files.offers]
    problems = {
        "newcomers": list(_problems(Newcomer, town, newcomers)),
        "offers": list(_problems(Offer, town, offers)),
    }
    if any(problems.values()):
        raise InvalidInput({name: _shortened(texts) for name, texts in problems.items() if texts})
    models: tuple[tuple[type[Record], list[dict[str, Any]]], ...] = ((Newcomer, newcomers), (Offer, offers))
    for model, rows in models:
        for start in range(0, len(rows), ROWS_AT_ONCE):
            db.session.execute(insert(model), rows[start : start + ROWS_AT_ONCE])
    record(actor, "people.loaded", town, newcomers=len(newcomers), offers=len(offers))


def _shifted(row: dict[str, Any], shift: timedelta | None) -> dict[str, Any]:
    moved = {name: row[name] + shift for name in _DATES if shift and isinstance(row.get(name), date)}
    return row | moved


def _shortened(texts: list[str]) -> list[str]:
    more = len(texts) - MOST_SHOWN
    return [*texts[:MOST_SHOWN], *([f"... and {more} more"] if more > 0 else [])]


def _problems(model: Any, town: Town, rows: Sequence[dict[str, Any]]) -> Iterable[str]:
    known = set(db.session.scalars(select(model.external_id).where(model.town_id == town.id)))
    lengths = {
        c.name: c.type.length for c in model.__table__.columns if isinstance(c.type, String) and c.type.length
    }
    for row in rows:
        if row["external_id"] in known:
            yield f"{row['external_id']} is in {town.name} already"
        for name, most in lengths.items():
            value = row.get(name)
            if isinstance(value, str) and len(value) > most:
                yield f"{row['external_id']}, {name}: expected at most {most} characters, got {len(value)}"
            if isinstance(value, str) and "\x00" in value:
                yield f"{row['external_id']}, {name}: expected text without null characters"
