"""API tokens: one town, one role, kept as a hash, worth nothing once revoked."""

from __future__ import annotations

import json
import uuid

import pytest

from tests.web import Client
from webapp.accounts import tokens
from webapp.accounts.models import ApiToken
from webapp.storage.access import system_actor
from webapp.storage.database import db, write_transaction


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
        tokens.revoke_token(system_admin(token.town_id), token.id)

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


def test_a_token_reads_nothing_without_bearer(app, api):
    token = api().token

    assert Client(app).get(f"/api/v1/account?auth_token={token}").status_code == 401
