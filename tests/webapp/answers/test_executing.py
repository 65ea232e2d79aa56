"""Answers are worked out by the worker, once for a state of the town, and never in a request."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from tests.office import Office
from tests.rows import change
from tests.web import Client
from webapp.answers import executing, services
from webapp.answers.api import PAUSE
from webapp.answers.models import Answer
from webapp.answers.services import Question
from webapp.answers.tasks import answer, begin_answers, put_to_work
from webapp.audit.services import write_entry
from webapp.newcomers.services import erase_newcomer
from webapp.runs.services import start_run
from webapp.runs.tasks import solve_run
from webapp.storage.beating import DEAD_AFTER, FORGOTTEN_AFTER
from webapp.storage.database import db, utc_now, write_transaction
from webapp.towns.models import Town
from webapp.worker import init_worker

Rivals = dict[str, uuid.UUID]


@pytest.fixture
def queued(app: Flask, tmp_path: Path) -> Iterator[Flask]:
    """The application with a queue on file, that nobody works on."""
    before = {name: app.config[name] for name in ("WORKER_IMMEDIATE", "KOPPEL_HOME")}
    app.config.update(WORKER_IMMEDIATE=False, KOPPEL_HOME=tmp_path)
    init_worker(app)
    yield app
    app.config.update(before)
    init_worker(app)


def answers(office: Office) -> list[Answer]:
    with office.app.app_context():
        return list(db.session.scalars(select(Answer)))


def found_at(office: Office) -> datetime | None:
    (only,) = answers(office)
    return only.found_at


def test_looking_at_a_page_asks_nothing_and_shows_what_the_run_left(
    office: Office, rivals: Rivals, browser: Client
) -> None:
    page = browser.get(f"/newcomers/{rivals['second']}/answers").text
    assert "All fitting places went to others" in page
    assert "Find out" in page
    proposed = browser.get(f"/newcomers/{rivals['first']}/answers").text
    assert "Proposed by the newest run" in proposed
    assert "Offer club" in proposed
    assert answers(office) == []


def test_a_question_is_answered_once_as_long_as_nothing_changes(
    office: Office, rivals: Rivals, browser: Client
) -> None:
    address = f"/newcomers/{rivals['second']}/answers"
    browser.post_form(address)
    first = found_at(office)
    assert first is not None
    browser.post_form(address)
    browser.post_form("/account/language", language="en")
    assert found_at(office) == first
    assert "nothing has changed since" in browser.get(address).text

    office.place(rivals["first"], rivals["club"])
    page = browser.get(address).text
    assert "Something has changed in the town since then." in page
    assert "more minutes of travel to Offer far" in page  # the old answer stays until the new one is there
    browser.post_form(address)
    assert (found_at(office) or first) > first
    assert "nothing has changed since" in browser.get(address).text


def test_an_answer_holds_for_a_day_and_a_policy(
    office: Office, rivals: Rivals, monkeypatch: pytest.MonkeyPatch
) -> None:
    with office.app.app_context():
        before = services.state_of(office.me)
        assert services.state_of(office.me) == before
    office.change(Town, office.me.town_id, policy="[travel]\nwalk_kmh = 3.0\n")
    with office.app.app_context():
        assert services.state_of(office.me) != before


def test_what_is_under_way_is_shown_and_asked_for_once(
    office: Office, rivals: Rivals, queued: Flask, browser: Client, programme: Client
) -> None:
    address = f"/newcomers/{rivals['second']}/answers"
    assert browser.post_form(address).status_code == 303
    page = browser.get(address).text
    assert "Beginning in a moment" in page
    assert "every 1s" in page
    assert '<noscript><meta http-equiv="refresh"' in page
    assert browser.get(f"{address}?seen=queued+", headers={"HX-Request": "true"}).status_code == 204
    assert browser.get(f"{address}?seen=queued+").status_code == 200
    browser.post_form(address)
    assert queued.extensions["koppel_worker"].queue.pending_count() == 1

    told = programme.get("/api/v1/newcomers/{second}/explanation".format(**rivals))
    assert (told.status_code, told.json) == (202, {"state": "queued", "stage": ""})
    assert int(told.headers["Retry-After"]) > 0


def test_the_worker_is_asked_again_when_it_has_died_or_forgotten(
    office: Office, rivals: Rivals, queued: Flask
) -> None:
    def n_queued() -> int:
        count: int = queued.extensions["koppel_worker"].queue.pending_count()
        return count

    with queued.app_context():
        put_to_work(office.me, Question(), "en")
        (only,) = answers(office)
        assert n_queued() == 1
        for state, silent, expected in [
            ("queued", FORGOTTEN_AFTER / 2, 1),
            ("queued", FORGOTTEN_AFTER * 2, 2),
            ("running", DEAD_AFTER / 2, 2),
            ("running", DEAD_AFTER * 2, 3),
            ("failed", timedelta(0), 4),
        ]:
            change(Answer, only.id, state=state, beat_at=utc_now() - silent)
            put_to_work(office.me, Question(), "en")
            assert n_queued() == expected, (state, silent)


def test_what_was_written_first_and_stored_last_changes_the_state_too(office: Office, rivals: Rivals) -> None:
    with office.app.app_context():
        before = services.state_of(office.me)
    with office.writing():
        entry = write_entry(office.me, "newcomer.paused", None)
        entry.at = utc_now() - timedelta(minutes=5)
    with office.app.app_context():
        assert services.state_of(office.me) != before


def test_a_programme_is_told_that_an_answer_failed_and_begins_it_after_a_while(
    office: Office, rivals: Rivals, queued: Flask, programme: Client
) -> None:
    address = "/api/v1/explanation"
    assert programme.get(address).status_code == 202
    (only,) = answers(office)
    with queued.app_context():
        executing.give_up(only.id)
    told = programme.get(address)
    assert (told.status_code, told.json["reason"]) == (503, "failed")
    assert [one.state for one in answers(office)] == ["failed"]
    office.change(Answer, only.id, beat_at=utc_now() - PAUSE)
    assert programme.get(address).status_code == 202


def test_the_timer_begins_what_was_forgotten_and_fails_the_dead(
    office: Office, rivals: Rivals, queued: Flask
) -> None:
    with queued.app_context():
        put_to_work(office.me, Question(), "en")
        (only,) = answers(office)
        queue = queued.extensions["koppel_worker"].queue
        begin_answers.function()
        assert queue.pending_count() == 1
        change(Answer, only.id, beat_at=utc_now() - 2 * DEAD_AFTER)
        begin_answers.function()
        begin_answers.function()
        assert queue.pending_count() == 2
        change(Answer, only.id, state="running", beat_at=utc_now() - 2 * DEAD_AFTER)
        begin_answers.function()
    assert [one.state for one in answers(office)] == ["failed"]


def test_an_answer_that_cannot_be_worked_out_says_so(
    office: Office, rivals: Rivals, queued: Flask, browser: Client
) -> None:
    browser.post_form("/shortage")
    (only,) = answers(office)
    with queued.app_context():
        assert answer.if_it_dies is not None
        answer.if_it_dies(str(only.id))
    page = browser.get("/shortage").text
    assert "This could not be worked out" in page
    assert "Try once more" in page


def test_a_worker_that_stops_puts_an_answer_back(office: Office, rivals: Rivals, queued: Flask) -> None:
    with queued.app_context():
        put_to_work(office.me, Question(), "en")
    (only,) = answers(office)
    office.change(Answer, only.id, state="running", stage="answer")
    with queued.app_context():
        assert answer.if_it_stops is not None
        answer.if_it_stops(str(only.id))
    assert [(one.state, one.stage) for one in answers(office)] == [("queued", "")]


def test_a_fault_of_the_engine_ends_in_failed_and_not_in_silence(
    office: Office, rivals: Rivals, queued: Flask
) -> None:
    with queued.app_context():
        put_to_work(office.me, Question(), "en")
    (only,) = answers(office)
    office.change(Town, office.me.town_id, policy="no policy at all")
    with queued.app_context(), pytest.raises(ValueError, match="TOML"):
        executing.work_out(only.id)
    assert [one.state for one in answers(office)] == ["failed"]


def test_two_workers_do_not_answer_the_same(office: Office, rivals: Rivals, queued: Flask) -> None:
    with queued.app_context():
        put_to_work(office.me, Question(), "en")
    (only,) = answers(office)
    with queued.app_context():
        executing.work_out(only.id)
        first = found_at(office)
        executing.work_out(only.id)
    assert first is not None
    assert found_at(office) == first


def test_after_a_run_it_is_known_what_is_missing(office: Office, rivals: Rivals, app: Flask) -> None:
    with app.app_context():
        with write_transaction():
            run_id = start_run(office.me).id
        solve_run(str(run_id))
    (only,) = answers(office)
    assert (only.question, only.language, only.state) == ("town", "de", "done")


def test_nobody_stands_in_an_answer_after_being_erased(
    office: Office, rivals: Rivals, browser: Client
) -> None:
    browser.post_form(f"/newcomers/{rivals['second']}/answers/{rivals['club']}")
    assert "Newcomer first" in str([one.result for one in answers(office)])
    with office.writing():
        erase_newcomer(office.me, rivals["first"])
    assert answers(office) == []


def test_answers_nobody_asks_for_are_forgotten(office: Office, rivals: Rivals, browser: Client) -> None:
    browser.post_form("/shortage")
    (only,) = answers(office)
    with office.app.app_context():
        assert executing.forget_old_answers() == 0
    office.change(Answer, only.id, beat_at=utc_now() - executing.KEPT - timedelta(hours=1))
    with office.app.app_context():
        assert executing.forget_old_answers() == 1
    assert answers(office) == []
