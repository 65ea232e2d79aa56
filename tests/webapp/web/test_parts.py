"""Slots: a page knows where others may add something, and not what."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Blueprint, Flask, render_template_string
from jinja2 import DictLoader

from webapp.web.parts import fill_slot, init_parts, is_part_asked


@pytest.fixture
def house() -> Flask:
    """An application with one page that has a slot, and one room that fills it."""
    app = Flask("house", root_path=str(Path(__file__).parent))
    app.jinja_loader = DictLoader({"upstairs/_part.html": "<p>{{ name }}: {{ n }}</p>"})
    init_parts(app)
    upstairs = Blueprint("upstairs", __name__)
    fill_slot(upstairs, "person", "upstairs/_part.html", lambda name: {"n": len(name)})
    app.register_blueprint(upstairs)
    return app


def test_a_slot_shows_the_part_of_the_room_above_with_what_the_page_hands_over(house: Flask) -> None:
    with house.test_request_context():
        page = render_template_string("{{ slot('person', name='<Ana>') }}")
    assert page == "<p>&lt;Ana&gt;: 5</p>"


def test_a_slot_that_nobody_fills_is_empty(house: Flask) -> None:
    with house.test_request_context():
        assert render_template_string("[{{ slot('nobody') }}]") == "[]"


def test_whether_a_part_alone_is_asked_for_stands_in_the_request(house: Flask) -> None:
    with house.test_request_context(headers={"HX-Request": "true"}):
        assert is_part_asked()
    with house.test_request_context():
        assert not is_part_asked()
