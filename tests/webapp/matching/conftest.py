"""What several files here begin with."""

from __future__ import annotations

import uuid
from collections.abc import Callable

import pytest
from flask import Flask

from tests.rows import add_newcomer, add_offer, run_matching
from webapp.access import Actor


@pytest.fixture
def rivals(app: Flask, actor: Callable[..., Actor]) -> dict[str, uuid.UUID]:
    """Two people and one near place, which goes to the one with the greater need; a far place is left."""
    me = actor()
    with app.app_context():
        one_wish = {"wants": {"association": 1}, "max_minutes": 20}
        rows = {
            "first": add_newcomer(me.town_id, "first", need_level=4, **one_wish),
            "second": add_newcomer(me.town_id, "second", need_level=1, **one_wish),
            "club": add_offer(me.town_id, "club", capacity=1),
            "far": add_offer(me.town_id, "far", capacity=1, lat=52.02),
        }
        run_matching(me)
    return rows
