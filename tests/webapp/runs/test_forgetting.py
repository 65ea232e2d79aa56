"""What old runs leave behind goes after a while, in short transactions; what anything needs stays."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event

from tests.rows import add_newcomer, add_offer
from webapp.placements.models import Placement
from webapp.proposals.models import PROPOSAL_STATES, Proposal
from webapp.runs.models import Run, RunChange
from webapp.runs.services import forget_changes, forget_withdrawn
from webapp.runs.tasks import clean_up_runs
from webapp.storage.access import Actor
from webapp.storage.database import DELETED_AT_ONCE, db, utc_now, write_transaction

A_YEAR = 365
MANY = 3_000


@pytest.fixture
def pair(me: Actor) -> tuple[uuid.UUID, uuid.UUID]:
    return add_newcomer(me.town_id), add_offer(me.town_id)


def add_run(me: Actor, *, days_ago: int, state: str = "done") -> uuid.UUID:
    at = utc_now() - timedelta(days=days_ago, seconds=1)
    with write_transaction() as session:
        run = Run(town_id=me.town_id, started_by="", today=at.date(), state=state, finished_at=at)
        session.add(run)
        return run.id


def add_proposal(me: Actor, run: uuid.UUID, pair: tuple[uuid.UUID, uuid.UUID], **values: Any) -> uuid.UUID:
    with write_transaction() as session:
        session.add(proposal := a_proposal(me, run, pair, **values))
        return proposal.id


def a_proposal(me: Actor, run: uuid.UUID, pair: tuple[uuid.UUID, uuid.UUID], **values: Any) -> Proposal:
    usual = {"kind": "association", "score": 0.5, "parts": {}, "urgency": 0.0, "state": "superseded"}
    place = {"town_id": me.town_id, "run_id": run, "newcomer_id": pair[0], "offer_id": pair[1]}
    return Proposal(**{**usual, **place, **values})


def proposals() -> set[uuid.UUID]:
    return set(db.session.scalars(db.select(Proposal.id)))


@contextmanager
def deletions() -> Iterator[list[int]]:
    """How many rows each transaction deleted."""
    counts: list[int] = []

    def note(_connection: Any, cursor: Any, statement: str, *_rest: Any) -> None:
        if statement.startswith("DELETE"):
            counts[-1] += cursor.rowcount

    engine = db.engine
    event.listen(engine, "begin", begin := lambda _connection: counts.append(0))
    event.listen(engine, "after_cursor_execute", note)
    yield counts
    event.remove(engine, "begin", begin)
    event.remove(engine, "after_cursor_execute", note)


@pytest.mark.parametrize(
    ("run_days", "decided_days", "is_kept"),
    [
        (A_YEAR, None, False),
        (A_YEAR, A_YEAR, False),
        (A_YEAR, A_YEAR - 1, True),
        (A_YEAR - 1, None, True),
    ],
)
def test_an_overtaken_proposal_goes_a_year_after_its_run_and_its_end(
    me: Actor, pair: tuple[uuid.UUID, uuid.UUID], run_days: int, decided_days: int | None, is_kept: bool
) -> None:
    decided_at = utc_now() - timedelta(days=decided_days, seconds=1) if decided_days else None
    old = add_proposal(me, add_run(me, days_ago=run_days), pair, decided_at=decided_at)
    add_run(me, days_ago=0)
    assert forget_withdrawn() == int(not is_kept)
    assert proposals() == ({old} if is_kept else set())


@pytest.mark.parametrize("state", [state for state in PROPOSAL_STATES if state != "superseded"])
def test_a_proposal_that_was_not_overtaken_stays_for_good(
    me: Actor, pair: tuple[uuid.UUID, uuid.UUID], state: str
) -> None:
    old = add_proposal(me, add_run(me, days_ago=10 * A_YEAR), pair, state=state)
    add_run(me, days_ago=0)
    clean_up_runs()
    assert proposals() == {old}


@pytest.mark.parametrize("newer", [None, "failed"])
def test_nothing_of_the_newest_run_of_a_town_goes(
    me: Actor, pair: tuple[uuid.UUID, uuid.UUID], newer: str | None
) -> None:
    run = add_run(me, days_ago=2 * A_YEAR)
    old = add_proposal(me, run, pair)
    with write_transaction() as session:
        session.add(RunChange(run_id=run, newcomer_id=pair[0], kind="association", action="added", reason=""))
    if newer:
        add_run(me, days_ago=0, state=newer)
    clean_up_runs()
    assert proposals() == {old}
    assert db.session.scalar(db.select(db.func.count(RunChange.id))) == 1


def test_what_a_placement_or_another_proposal_comes_from_stays(
    me: Actor, pair: tuple[uuid.UUID, uuid.UUID]
) -> None:
    run = add_run(me, days_ago=2 * A_YEAR)
    add_run(me, days_ago=0)
    placed, replaced, gone = (add_proposal(me, run, pair) for _ in range(3))
    instead = add_proposal(me, run, pair, state="rejected", added_for=replaced)
    with write_transaction() as session:
        ends = {"state": "undone", "ended_at": utc_now(), "confirmed_by": "", "language_group": ""}
        where = {"town_id": me.town_id, "newcomer_id": pair[0], "offer_id": pair[1]}
        session.add(Placement(**where, **ends, proposal_id=placed, kind="association"))
    assert forget_withdrawn() == 1
    assert proposals() == {placed, replaced, instead}
    assert gone not in proposals()


def test_much_goes_in_transactions_that_nobody_notices(me: Actor, pair: tuple[uuid.UUID, uuid.UUID]) -> None:
    run = add_run(me, days_ago=2 * A_YEAR)
    add_run(me, days_ago=0)
    change = {"newcomer_id": pair[0], "kind": "association", "action": "added", "reason": ""}
    with write_transaction() as session:
        session.add_all(a_proposal(me, run, pair) for _ in range(MANY))
        session.add_all(RunChange(run_id=run, **change) for _ in range(MANY))
    with deletions() as counts:
        assert (forget_withdrawn(), forget_changes()) == (MANY, MANY)
    assert sum(counts) == 2 * MANY
    assert max(counts) == DELETED_AT_ONCE == 500
