"""How what a run proposes becomes visible: staged where nobody sees it, then switched over in one step."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete, exists, insert, select, update

from webapp.newcomers.models import Newcomer
from webapp.offers.models import Offer
from webapp.placements.models import Placement
from webapp.proposals.models import Proposal
from webapp.proposals.settling import find_displaced, find_settled, withdraw
from webapp.storage.access import system_actor
from webapp.storage.database import Model, db

IdPair = tuple[uuid.UUID, uuid.UUID]

_PROPOSALS: Any = Proposal.__table__
_REFRESHED = ("run_id", "added_for", "score", "parts", "urgency", "distance_km", "travel_minutes")
_OFFER_COLUMNS = ("offer_id", "before_id", "after_id")


def open_pairs(town_id: uuid.UUID) -> dict[IdPair, uuid.UUID]:
    """The open proposals of a town, by pair."""
    found = select(Proposal.newcomer_id, Proposal.offer_id, Proposal.id).where(
        Proposal.town_id == town_id, Proposal.state == "open"
    )
    return {(newcomer, offer): id_ for newcomer, offer, id_ in db.session.execute(found)}


def pair_of(row: dict[str, Any]) -> IdPair:
    """Newcomer and offer of a row to be stored."""
    return row["newcomer_id"], row["offer_id"]


def insert_of_those_there(model: type[Model], rows: Sequence[dict[str, Any]]) -> None:
    """Add rows, but those of newcomers and offers that were erased while the plan was made."""
    newcomers = _existing(Newcomer, (row["newcomer_id"] for row in rows))
    names = [name for name in _OFFER_COLUMNS if name in rows[0]]
    offers = _existing(Offer, (row[name] for row in rows for name in names))
    there = [
        row
        for row in rows
        if row["newcomer_id"] in newcomers and all(row[name] is None or row[name] in offers for name in names)
    ]
    if there:
        db.session.execute(insert(model), there)


def _existing(model: type[Model], ids: Iterable[uuid.UUID | None]) -> set[uuid.UUID]:
    return set(db.session.scalars(select(model.id).where(model.id.in_({id_ for id_ in ids if id_}))))


def switch_over(
    run_id: uuid.UUID, town_id: uuid.UUID, rows: Sequence[dict[str, Any]], since: datetime
) -> None:
    """From one moment to the next what a run proposes is open: those known keep their row, staged ones show.

    Decided ones are not touched; what became impossible `since` the run began leaves the board.
    """
    open_now = open_pairs(town_id)
    staying = [{**row, "known_id": open_now[pair_of(row)]} for row in rows if pair_of(row) in open_now]
    leaving = set(open_now.values()) - {row["known_id"] for row in staying}
    if leaving:
        _set_states(_PROPOSALS.c.id.in_(leaving), "superseded")
    if staying:
        refreshed: dict[str, Any] = {name: bindparam(name) for name in _REFRESHED}
        db.session.execute(
            update(_PROPOSALS)
            .where(_PROPOSALS.c.id == bindparam("known_id"), _PROPOSALS.c.state == "open")
            .values(version=_PROPOSALS.c.version + 1, **refreshed),
            [{name: row[name] for name in ("known_id", *_REFRESHED)} for row in staying],
        )
    # While the plan was made somebody may have placed by hand what it proposes.
    placed = exists().where(
        Placement.state == "active",
        Placement.newcomer_id == _PROPOSALS.c.newcomer_id,
        Placement.offer_id == _PROPOSALS.c.offer_id,
    )
    db.session.execute(
        delete(_PROPOSALS).where(_PROPOSALS.c.run_id == run_id, _PROPOSALS.c.state == "staged", placed)
    )
    _set_states((_PROPOSALS.c.run_id == run_id) & (_PROPOSALS.c.state == "staged"), "open")
    actor = system_actor(town_id)
    withdraw(actor, find_settled(town_id))
    made_since = select(Placement.id, Placement.newcomer_id, Placement.offer_id).where(
        Placement.town_id == town_id, Placement.state == "active", Placement.created_at >= since
    )
    for id_, newcomer_id, offer_id in db.session.execute(made_since):
        withdraw(actor, find_displaced(newcomer_id, offer_id, is_coupled=True), id_)


def _set_states(condition: Any, state: str) -> None:
    db.session.execute(
        update(_PROPOSALS).where(condition).values(state=state, version=_PROPOSALS.c.version + 1)
    )


def remove_staged(run_id: uuid.UUID) -> None:
    """Remove what a run left behind unseen."""
    db.session.execute(delete(Proposal).where(Proposal.run_id == run_id, Proposal.state == "staged"))
