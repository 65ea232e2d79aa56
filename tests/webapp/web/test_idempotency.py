"""One answer to one key: an API of two routes, mounted for the tests."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from tests.web import Client
from webapp.exceptions import Conflict
from webapp.storage.database import db, utc_now, write_transaction
from webapp.web.idempotency import StoredResponse, forget_old_responses, idempotent


@pytest.fixture
def counter(app, api, monkeypatch):
    """An API that counts its calls, and refuses where it is told to."""
    calls: list[str] = []

    def count():
        calls.append("call")
        if app.config.get("REFUSE"):
            raise Conflict("full", taken=3)
        return {"n": len(calls)}, 201

    monkeypatch.setitem(app.view_functions, "accounts.log_out", idempotent(count))
    monkeypatch.setitem(app.config, "REFUSE", False)
    return calls


def test_the_same_key_and_body_get_the_same_answer(app, api, counter):
    client = api()

    answers = [client.post("/logout", json={"a": 1}, headers={"Idempotency-Key": "k"}) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [201, 201, 201]
    assert len({answer.text for answer in answers}) == 1
    assert len(counter) == 1
    assert answers[1].headers["Idempotent-Replayed"] == "true"


def test_the_same_key_with_another_body_is_refused(api, counter):
    client = api()
    client.post("/logout", json={"a": 1}, headers={"Idempotency-Key": "k"})

    answer = client.post(
        "/logout", json={"a": 2}, headers={"Idempotency-Key": "k", "Accept": "application/json"}
    )

    assert answer.status_code == 422
    assert "Idempotency-Key" in answer.json["fields"]
    assert len(counter) == 1


def test_keys_of_different_actors_do_not_meet(api, counter):
    for client in (api(town="muenster"), api(town="enschede")):
        assert client.post("/logout", headers={"Idempotency-Key": "k"}).status_code == 201

    assert len(counter) == 2


def test_without_a_key_every_request_counts(api, counter):
    client = api()

    assert [client.post("/logout").json["n"] for _ in range(2)] == [1, 2]


def test_a_conflict_is_kept_as_well(app, api, counter):
    client = api()
    app.config["REFUSE"] = True
    first = client.post("/logout", headers={"Idempotency-Key": "k"})
    app.config["REFUSE"] = False

    second = client.post("/logout", headers={"Idempotency-Key": "k"})

    assert (first.status_code, first.json["reason"], first.json["taken"]) == (409, "full", 3)
    assert second.text == first.text
    with app.app_context():
        assert db.session.scalars(db.select(StoredResponse)).one().status == 409


def test_the_same_key_at_the_same_moment_gets_one_answer(app, api, counter):
    token, together = api().token, threading.Barrier(4)

    def ask(_number: int) -> str:
        client = Client(app)
        client.token = token
        together.wait()
        return client.post("/logout", headers={"Idempotency-Key": "k"}).text

    with ThreadPoolExecutor(4) as pool:
        answers = set(pool.map(ask, range(4)))

    assert len(answers) == len(counter) == 1


def test_an_answer_is_kept_for_some_weeks_and_no_longer(app, api, counter):
    client = api()
    for key in ("old", "fresh"):
        client.post("/logout", headers={"Idempotency-Key": key})
    with app.app_context():
        with write_transaction() as session:
            row = session.scalars(db.select(StoredResponse).where(StoredResponse.key == "old")).one()
            row.created_at = utc_now() - timedelta(days=30, seconds=1)
        assert forget_old_responses() == 1

    replayed = [client.post("/logout", headers={"Idempotency-Key": key}) for key in ("fresh", "old")]

    assert ["Idempotent-Replayed" in answer.headers for answer in replayed] == [True, False]
    assert len(counter) == 3
