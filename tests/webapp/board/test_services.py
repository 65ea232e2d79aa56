"""The board: the most urgent first."""

from __future__ import annotations

from tests.rows import (
    add_newcomer,
    add_offer,
    change,
    run_matching,
)
from webapp.board.services import query_board
from webapp.newcomers.models import Newcomer
from webapp.storage.access import Actor
from webapp.storage.database import db


def test_the_board_shows_the_most_urgent_first_and_nobody_who_paused(me: Actor) -> None:
    calm = add_newcomer(me.town_id, "calm", need_level=1)
    urgent = add_newcomer(me.town_id, "urgent", need_level=4)
    paused = add_newcomer(me.town_id, "paused", need_level=4)
    add_offer(me.town_id, capacity=9)
    run_matching(me)
    change(Newcomer, paused, status="paused")
    board = db.session.scalars(query_board(me)).all()
    assert [proposal.newcomer_id for proposal in board] == [urgent, calm]
