"""Nothing that was typed is lost with a session: it is kept for its owner, and sent when they say so."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy.exc import OperationalError

from tests.office import Office, Pair
from tests.web import PASSWORD, Client
from webapp.accounts import kept
from webapp.accounts.models import KeptForm
from webapp.placements.models import Placement
from webapp.storage.database import db, utc_now, write_transaction

PARTS = {"HX-Request": "true"}


@pytest.fixture
def logged_in(client: Client, login: Callable[..., Client]) -> Client:
    """A coordinator who logged in by the form, in English."""
    login("coordinator")
    client.post_form("/logout")
    log_in(client)
    return client


def log_in(client: Client, email: str = "coordinator@muenster.example"):
    client.get("/login?lang=en")
    return client.post_form("/login", email=email, password=PASSWORD)


def end_session(client: Client) -> None:
    """What the browser does when the session's hour is over."""
    client.delete_cookie("koppel")


def forms(app: Flask) -> list[KeptForm]:
    with app.app_context():
        return list(db.session.scalars(db.select(KeptForm)))


def test_what_was_sent_after_the_session_comes_back_and_is_done_when_one_says_so(
    app: Flask, logged_in: Client, office: Office, pair: Pair
) -> None:
    end_session(logged_in)
    answer = logged_in.post_form(f"/proposals/{pair.proposal}/confirm?day=tue", note="call first, then write")
    assert "/login" in answer.location
    with app.app_context():
        assert db.session.scalars(db.select(Placement)).all() == []
    answer = log_in(logged_in)
    assert answer.location == "/kept"
    page = logged_in.get("/kept").text
    assert "call first, then write" in page
    assert f'action="/proposals/{pair.proposal}/confirm?day=tue"' in page
    assert ">tue<" not in page  # what was asked of the board is no text that somebody typed
    fields = dict(
        re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page.split("throw-away")[0])
    )
    logged_in.post(f"/proposals/{pair.proposal}/confirm", data=fields)
    assert office.the(Placement).note == "call first, then write"
    assert forms(app) == []
    assert logged_in.get("/kept").location == "/board"


def test_a_click_on_the_board_asks_for_the_log_in(app: Flask, logged_in: Client, pair: Pair) -> None:
    end_session(logged_in)
    answer = logged_in.post(f"/proposals/{pair.proposal}/confirm", data={"note": ""}, headers=PARTS)
    assert answer.status_code == 401
    assert "/login" in answer.headers["HX-Redirect"]
    assert len(forms(app)) == 1


def test_it_is_for_whom_it_belongs_to(
    app: Flask, logged_in: Client, login: Callable[..., Client], pair: Pair
) -> None:
    end_session(logged_in)
    logged_in.post_form(f"/proposals/{pair.proposal}/confirm", note="private")
    other = login("admin")
    assert other.get("/kept").location == "/board"
    (kept_form,) = forms(app)
    other.post_form("/kept/throw-away", kept_form=str(kept_form.id))
    assert len(forms(app)) == 1
    log_in(logged_in)
    logged_in.post_form("/kept/throw-away", kept_form=str(kept_form.id))
    assert forms(app) == []


def test_after_half_an_hour_it_is_gone(app: Flask, logged_in: Client, pair: Pair) -> None:
    end_session(logged_in)
    logged_in.post_form(f"/proposals/{pair.proposal}/confirm", note="late")
    with app.app_context(), write_transaction():
        db.session.execute(
            db.update(KeptForm).values(created_at=utc_now() - kept.KEPT - timedelta(seconds=1))
        )
    assert log_in(logged_in).location == "/board"
    with app.app_context():
        assert kept.forget_old_forms() == 1


def test_nothing_is_kept_of_strangers_of_passwords_and_of_too_much(
    app: Flask, client: Client, logged_in: Client, pair: Pair
) -> None:
    end_session(logged_in)
    logged_in.post_form("/account/password", old_password="secret", new_password="secret")
    logged_in.post_form(f"/proposals/{pair.proposal}/confirm", note="x" * (kept.MOST_CHARACTERS + 1))
    logged_in.delete_cookie("koppel-desk")
    logged_in.post_form(f"/proposals/{pair.proposal}/confirm", note="whose is it?")
    logged_in.set_cookie("koppel-desk", "forged")
    logged_in.post_form(f"/proposals/{pair.proposal}/confirm", note="whose is it?")
    assert forms(app) == []


def test_the_newest_few_are_kept(app: Flask, logged_in: Client, pair: Pair) -> None:
    end_session(logged_in)
    for number in range(kept.MOST_KEPT + 2):
        logged_in.post_form(f"/proposals/{pair.proposal}/confirm", note=f"note {number}")
    notes = {value for form in forms(app) for _name, value in form.fields}
    assert notes == {f"note {number}" for number in range(2, kept.MOST_KEPT + 2)}


def test_a_form_of_the_public_is_not_lost_with_its_token(client: Client, office: Office) -> None:
    """Whoever filled in the intake for an hour sends it once more, and types nothing again."""
    stale = client.post("/intake/muenster?lang=en", data={"name": "Amal", "interests": ["chess", "choir"]})
    assert stale.status_code == 400
    assert "What you filled in is still here." in stale.text
    for name, value in (("name", "Amal"), ("interests", "chess"), ("interests", "choir")):
        assert f'<input type="hidden" name="{name}" value="{value}">' in stale.text


def test_a_log_in_page_that_was_open_for_hours_is_shown_again(client: Client, office: Office) -> None:
    client.get("/login?lang=en")
    data = {"email": "coordinator@muenster.example", "password": PASSWORD}
    stale = client.post("/login", data=data)
    assert stale.status_code == 400
    assert "open for long" in stale.text
    assert 'value="coordinator@muenster.example"' in stale.text
    assert PASSWORD not in stale.text


def test_the_page_says_when_nothing_can_be_reached(logged_in: Client) -> None:
    page = logged_in.get("/board").text
    assert 'id="connection"' in page
    assert "koppel.js" in page


def test_it_is_kept_as_long_as_the_server_could_not_take_it(
    app: Flask, logged_in: Client, pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    end_session(logged_in)
    logged_in.post_form(f"/proposals/{pair.proposal}/confirm", note="not lost")
    log_in(logged_in)
    (kept_form,) = forms(app)

    def busy(*_args: object, **_values: object) -> None:
        raise OperationalError("UPDATE", {}, Exception("database is locked"))

    again = {"note": "not lost", "kept_form": str(kept_form.id)}
    with monkeypatch.context() as trouble:
        trouble.setattr("webapp.proposals.services.couple", busy)
        assert logged_in.post_form(f"/proposals/{pair.proposal}/confirm", **again).status_code == 503
    assert len(forms(app)) == 1
    logged_in.post_form(f"/proposals/{pair.proposal}/confirm", **again)
    assert forms(app) == []
