"""Rows for tests of the web application: newcomers and offers that fit each other, proposals of a run."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from tests.builders import a_newcomer, an_offer
from webapp.engine import records, terminal
from webapp.exceptions import Conflict
from webapp.newcomers.models import Newcomer
from webapp.offers.models import Offer
from webapp.placements.models import Placement
from webapp.placements.services import place_by_hand
from webapp.proposals.models import Proposal
from webapp.runs import executing
from webapp.runs import services as runs
from webapp.runs.solving import RunResult
from webapp.storage.database import db, write_transaction

FRESH_SCREENING = "2100-01-01"


def add_newcomer(town_id: uuid.UUID, external_id: str = "n", **fields: Any) -> uuid.UUID:
    """Store a newcomer as `builders.a_newcomer` makes them; returns the id."""
    columns = records.newcomer_columns(a_newcomer(external_id, **{"wants": {"association": 1}, **fields}))
    with write_transaction():
        row = Newcomer(**{**columns, "town_id": town_id, "name": f"Newcomer {external_id}"})
        db.session.add(row)
    return row.id


def add_offer(
    town_id: uuid.UUID, external_id: str = "o", kind: str = "association", **fields: Any
) -> uuid.UUID:
    """Store an offer as `builders.an_offer` makes it; returns the id."""
    if kind != "association":
        fields = {"screening_valid_until": terminal.a_day(FRESH_SCREENING), **fields}
    columns = records.offer_columns(an_offer(external_id, kind=kind, **fields))
    with write_transaction():
        row = Offer(**{**columns, "town_id": town_id, "name": f"Offer {external_id}"})
        db.session.add(row)
    return row.id


def run_matching(actor: Any, **options: Any) -> RunResult:
    """Run the matching of the actor's town to its end."""
    with write_transaction():
        run_id = runs.start_run(actor, **options).id
    return executing.execute_run(run_id)


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


def place(actor: Any, newcomer_id: uuid.UUID, offer_id: uuid.UUID) -> uuid.UUID:
    """Couple two by hand; returns the id of the placement."""
    with write_transaction():
        return place_by_hand(actor, newcomer_id, offer_id).id


def refusal(actor: Any, newcomer_id: uuid.UUID, offer_id: uuid.UUID) -> str:
    """The reason of the conflict; asserts that it changed nothing."""
    before = counters(offer_id)
    with pytest.raises(Conflict) as raised:
        place(actor, newcomer_id, offer_id)
    assert counters(offer_id) == before
    return raised.value.reason


def proposals_of(newcomer_id: uuid.UUID) -> dict[uuid.UUID, str]:
    """The state of each proposal of a newcomer, by offer."""
    rows = db.session.execute(
        db.select(Proposal.offer_id, Proposal.state).where(Proposal.newcomer_id == newcomer_id)
    )
    return {row.offer_id: row.state for row in rows}


def change(model: Any, id_: uuid.UUID, **values: Any) -> None:
    """Change a row behind the back of every service."""
    with write_transaction():
        db.session.execute(db.update(model).where(model.id == id_).values(**values))
