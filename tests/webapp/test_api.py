"""The API's manners: tokens, one shape of error, one answer to one key."""

from __future__ import annotations

import json
import uuid
from datetime import timedelta

import pytest

from tests.web import Client
from webapp.access import system_actor
from webapp.accounts import services
from webapp.accounts.models import ApiToken
from webapp.database import db, utc_now, write_transaction
from webapp.exceptions import Conflict, NotFound
from webapp.idempotency import IdempotentAnswer, idempotent
from webapp.schemas import PageQuery, StrictSchema, bounded_int, clean_text


def test_a_token_speaks_for_its_town(api, make_town):
    answer = api("coordinator", "enschede").get("/api/v1/account")

    assert answer.status_code == 200
    assert answer.json == {
        "label": "API: tests coordinator",
        "role": "coordinator",
        "town_id": str(make_town("enschede")),
    }


def test_only_the_hash_of_a_token_is_kept(app, api):
    client = api()

    with app.app_context():
        token = db.session.scalars(db.select(ApiToken)).one()
        assert client.token not in json.dumps([token.secret_hash, token.label])
        assert token.last_used_at is None
    client.get("/api/v1/account")
    with app.app_context():
        assert db.session.scalars(db.select(ApiToken)).one().last_used_at is not None


def test_a_revoked_token_is_worth_nothing(app, api):
    client = api()
    with app.app_context(), write_transaction():
        token = db.session.scalars(db.select(ApiToken)).one()
        services.revoke_token(system_admin(token.town_id), token.id)

    assert client.get("/api/v1/account").status_code == 401


def system_admin(town_id: uuid.UUID):
    return system_actor(town_id).__class__(None, "tests", "admin", town_id)


@pytest.mark.parametrize("header", ["Bearer", "Bearer nonsense", "Basic YTpi", ""])
def test_without_a_valid_token_the_answer_is_json_401(client, header):
    answer = client.get("/api/v1/account", headers={"Authorization": header} if header else {})

    assert answer.status_code == 401
    assert answer.json["reason"] == "login_required"
    assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_a_session_works_too(login):
    assert login().get("/api/v1/account").json["role"] == "coordinator"


def test_flask_security_tokens_are_not_taken(client, make_user):
    make_user()

    assert client.get("/api/v1/account", headers={"Authentication-Token": "x"}).status_code == 401


def test_the_api_describes_itself(client):
    description = client.get("/api/v1/openapi.json").json

    assert description["openapi"] == "3.1.0"
    assert "/api/v1/account" in description["paths"]
    assert set(description["components"]["schemas"]["Error"]["properties"]) == {
        "status",
        "reason",
        "message",
        "fields",
    }


@pytest.mark.parametrize(("path", "status"), [("/api/v1/nothing", 404), ("/nothing", 404)])
def test_errors_are_json_for_programmes_and_pages_for_people(login, path, status):
    answer = login().get(path, headers={"Accept": "text/html"})

    assert answer.status_code == status
    assert answer.is_json == path.startswith("/api/")


def test_a_part_of_a_page_gets_a_part_as_error(login):
    answer = login().get("/nothing", headers={"HX-Request": "true"})

    assert answer.status_code == 404
    assert "<html" not in answer.text


@pytest.mark.parametrize(
    ("low", "high", "value"), [(0, 10, 11), (0, 10, -1), (0, 10, 1.9), (0, 10, "1_0"), (0, 2**31 - 1, 2**70)]
)
def test_whole_numbers_are_whole_and_bounded(low, high, value):
    schema = StrictSchema.from_dict({"n": bounded_int(low, high)})()

    assert "n" in schema.validate({"n": value})


@pytest.mark.parametrize("query", [{"page": "0"}, {"page_size": "201"}, {"page": "x"}, {"page": str(2**70)}])
def test_pages_are_bounded(query):
    assert PageQuery().validate(query)


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        (" Ana\u0000  Maria ", "Ana Maria"),
        ("a\u202eb", "ab"),
        ("\ud800x", "x"),
        ("نمی\u200cدانم", "نمی\u200cدانم"),
        ("e\u0301", "é"),
    ],
)
def test_text_is_cleaned_and_scripts_keep_their_joiners(text, clean):
    assert clean_text(text) == clean


# --- One answer to one key: an API of two routes, mounted for the tests ---


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
        assert db.session.scalars(db.select(IdempotentAnswer)).one().status == 409


# --- Signed links ---


def test_a_link_opens_its_subject_and_nothing_else(app, actor):
    coordinator, subject = actor(), uuid.uuid4()
    with app.app_context():
        with write_transaction():
            token = services.create_link(
                coordinator, purpose="capacity", subject_id=subject, expires_at=utc_now() + timedelta(days=1)
            )
        assert services.resolve_link("capacity", token).subject_id == subject
        for purpose, wrong in (("other", token), ("capacity", token[:-2] + "xx"), ("capacity", "")):
            with pytest.raises(NotFound):
                services.resolve_link(purpose, wrong)


@pytest.mark.parametrize("end", ["revoked", "expired"])
def test_a_link_ends(app, actor, end):
    coordinator, subject = actor(), uuid.uuid4()
    lifetime = timedelta(days=1) if end == "revoked" else timedelta(seconds=-1)
    with app.app_context():
        with write_transaction():
            token = services.create_link(
                coordinator, purpose="capacity", subject_id=subject, expires_at=utc_now() + lifetime
            )
        if end == "revoked":
            with write_transaction():
                assert services.revoke_links(coordinator, purpose="capacity", subject_id=subject) == 1
        with pytest.raises(NotFound):
            services.resolve_link("capacity", token)


def test_a_token_reads_nothing_without_bearer(app, api):
    token = api().token

    assert Client(app).get(f"/api/v1/account?auth_token={token}").status_code == 401
