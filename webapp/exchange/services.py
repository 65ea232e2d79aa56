"""Newcomers and offers from files into a town of the database: all of them, or none."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import String, insert, select

from webapp.audit.services import name_actions, name_details, write_entry
from webapp.engine import records
from webapp.engine.files import TownFiles
from webapp.exceptions import InvalidInput
from webapp.newcomers.models import Newcomer
from webapp.offers.models import Offer
from webapp.storage.access import Actor
from webapp.storage.database import Model, db
from webapp.towns.models import Town

ROWS_AT_ONCE = 1_000
MOST_SHOWN = 20
_DATES = ("waiting_since", "screening_valid_until", "confirmed_at")


name_actions({"people.loaded": _l("People added from files")})
name_details({"newcomers": _l("Newcomers"), "offers": _l("Offers")})


def add_people(actor: Actor, town: Town, files: TownFiles, *, shift: timedelta | None = None) -> None:
    """Add people of files to a town, with their dates shifted.

    Raises
    ------
    InvalidInput
        Naming ids that are there already and values that are too long; nothing is added then.
    """
    newcomers = [
        _shifted({**records.newcomer_columns(person), "town_id": town.id, "source": "file"}, shift)
        for person in files.newcomers
    ]
    offers = [_shifted({**records.offer_columns(offer), "town_id": town.id}, shift) for offer in files.offers]
    problems = {
        "newcomers": list(_problems(Newcomer, town, newcomers)),
        "offers": list(_problems(Offer, town, offers)),
    }
    if any(problems.values()):
        raise InvalidInput({name: _shortened(texts) for name, texts in problems.items() if texts})
    models: tuple[tuple[type[Model], list[dict[str, Any]]], ...] = ((Newcomer, newcomers), (Offer, offers))
    for model, rows in models:
        for start in range(0, len(rows), ROWS_AT_ONCE):
            db.session.execute(insert(model), rows[start : start + ROWS_AT_ONCE])
    write_entry(actor, "people.loaded", town, newcomers=len(newcomers), offers=len(offers))


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
