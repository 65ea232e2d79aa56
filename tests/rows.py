"""Rows for tests of the web application: newcomers and offers that fit each other, proposals of a run."""

from __future__ import annotations

import uuid
from typing import Any

from tests.builders import a_newcomer, an_offer
from webapp import engine
from webapp.database import db, write_transaction
from webapp.matching import runs
from webapp.matching.models import Placement, Proposal
from webapp.newcomers.models import Newcomer
from webapp.offers.models import Offer

FRESH_SCREENING = "2100-01-01"


def add_newcomer(town_id: uuid.UUID, external_id: str = "n", **fields: Any) -> uuid.UUID:
    """Store a newcomer as `builders.a_newcomer` makes them; returns the id."""
    columns = engine.newcomer_columns(a_newcomer(external_id, **{"wants": {"association": 1}, **fields}))
    with write_transaction():
        row = Newcomer(**{**columns, "town_id": town_id, "name": f"Newcomer {external_id}"})
        db.session.add(row)
    return row.id


def add_offer(
    town_id: uuid.UUID, external_id: str = "o", kind: str = "association", **fields: Any
) -> uuid.UUID:
    """Store an offer as `builders.an_offer` makes it; returns the id."""
    if kind != "association":
        fields = {"screening_valid_until": engine.a_day(FRESH_SCREENING), **fields}
    columns = engine.offer_columns(an_offer(external_id, kind=kind, **fields))
    with write_transaction():
        row = Offer(**{**columns, "town_id": town_id, "name": f"Offer {external_id}"})
        db.session.add(row)
    return row.id


def run_matching(actor: Any, **options: Any) -> runs.Outcome:
    """Run the matching of the actor's town to its end."""
    with write_transaction():
        run_id = runs.start_run(actor, **options).id
    return runs.execute_run(run_id)


def open_proposal(newcomer_id: uuid.UUID, offer_id: uuid.UUID) -> uuid.UUID:
    """The id of the open proposal of a pair."""
    return db.session.scalars(
        db.select(Proposal.id).where(
            Proposal.newcomer_id == newcomer_id, Proposal.offer_id == offer_id, Proposal.state == "open"
        )
    ).one()


def counters(offer_id: uuid.UUID) -> tuple[int, int, int]:
    """Taken, placed and the number of active placements of an offer, as they are stored now."""
    db.session.rollback()
    offer = db.session.get_one(Offer, offer_id)
    active = db.select(db.func.count()).where(Placement.offer_id == offer_id, Placement.state == "active")
    return offer.taken, offer.placed, db.session.scalar(active) or 0
