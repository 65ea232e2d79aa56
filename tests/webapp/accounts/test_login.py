"""Logging in and out: who gets in, what the others learn (nothing), where one lands."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from tests.web import PASSWORD, Client
from webapp.accounts import services
from webapp.accounts.login import LONGEST_SESSION
from webapp.accounts.models import User
from webapp.audit.models import AuditEntry
from webapp.storage.database import db, write_transaction

COORDINATOR = "coordinator@muenster.example"


def without_tokens(page: str) -> str:
    return re.sub(r'name="csrf_token" value="[^"]*"', "", page)


@pytest.mark.parametrize(
    ("role", "town"), [("coordinator", "muenster"), ("admin", "muenster"), ("admin", None)]
)
def test_both_roles_log_in_and_see_their_account(login, role, town):
    page = login(role, town).get("/account")

    assert page.status_code == 200
    assert f"{role}@{town or 'koppel'}.example" in page.text


def test_a_log_in_stands_in_the_history(app, login):
    login()

    with app.app_context():
        assert [entry.action for entry in db.session.scalars(db.select(AuditEntry))][-1] == "user.logged_in"
        assert db.session.scalars(db.select(User)).one().logged_in_at is not None


def test_wrong_password_unknown_person_and_locked_person_get_the_same_answer(app, client, make_user):
    make_user()
    locked = make_user("coordinator", "enschede")
    with app.app_context(), write_transaction():
        db.session.get_one(User, locked.user_id).active = False

    answers = [
        client.post_form("/login", email=email, password=password)
        for email, password in (
            (COORDINATOR, "wrong"),
            ("nobody@muenster.example", PASSWORD),
            ("coordinator@enschede.example", PASSWORD),
        )
    ]

    assert {answer.status_code for answer in answers} == {401}
    bodies = {re.sub(r'type="email" value="[^"]*"', "", without_tokens(answer.text)) for answer in answers}
    assert len(bodies) == 1


def test_the_password_never_comes_back_in_a_page(client, make_user):
    make_user()

    assert "secret words" not in client.post_form("/login", email=COORDINATOR, password="secret words").text


def test_an_email_address_is_read_in_any_case(client, make_user):
    make_user()

    assert client.post_form("/login", email=COORDINATOR.upper(), password=PASSWORD).status_code == 303


def test_log_in_without_csrf_token_is_refused(client, make_user):
    make_user()

    answer = client.post("/login", data={"email": COORDINATOR, "password": PASSWORD})

    assert answer.status_code == 400
    assert client.get("/account").status_code == 303


def test_many_wrong_passwords_are_stopped(client, make_user):
    make_user()

    answers = [client.post_form("/login", email=COORDINATOR, password="wrong") for _ in range(11)]

    assert [answer.status_code for answer in answers] == [401] * 10 + [429]


def test_the_session_of_before_does_not_survive_the_log_in(client, make_user):
    make_user()
    with client.session_transaction() as session:
        session["planted"] = "by somebody else"
    client.post_form("/login", email=COORDINATOR, password=PASSWORD)

    with client.session_transaction() as session:
        assert "planted" not in session


def test_a_copied_cookie_is_dead_after_log_out(app, login):
    client = login()
    copy = Client(app)
    copy.set_cookie("koppel", client.get_cookie("koppel").value)
    assert copy.get("/account").status_code == 200

    client.post_form("/logout")

    assert client.get("/account").status_code == 303
    assert copy.get("/account").status_code == 303


def test_changing_the_password_ends_other_sessions_and_keeps_this_one(login):
    client, other = login(), login()

    answer = client.post_form(
        "/account/password",
        password=PASSWORD,
        new_password="other unrelated words",
        new_password_again="other unrelated words",
    )

    assert answer.status_code == 303
    assert client.get("/account").status_code == 200
    assert other.get("/account").status_code == 303


def test_a_wrong_present_password_changes_nothing(app, login):
    client = login()
    values = {"new_password": "other unrelated words", "new_password_again": "other unrelated words"}

    answer = client.post_form("/account/password", password="wrong", **values)

    assert answer.status_code == 422
    assert 'aria-describedby="error-password"' in answer.text
    with app.app_context():
        assert services.check_credentials(COORDINATOR, PASSWORD) is not None


def test_a_session_ends_after_ten_hours_whatever_happens(login):
    client = login()
    with client.session_transaction() as session:
        session["logged_in_at"] -= int((LONGEST_SESSION + timedelta(seconds=1)).total_seconds())

    assert client.get("/account").status_code == 303


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example",
        "\\\\evil.example",
        "/%2f%2fevil.example",
        "javascript:alert(1)",
        "/history\r\nX: y",
        "/\t/evil.example",
        "http:evil.example",
        "/no/such/page",
        "/logout",
        "",
    ],
)
def test_next_leads_nowhere_else(client, make_user, target):
    make_user()

    answer = client.post_form("/login", email=COORDINATOR, password=PASSWORD, next=target)

    assert answer.status_code == 303
    assert answer.location in {"/board", "/history"}


def test_next_leads_to_the_page_one_came_for(client, make_user):
    make_user()
    page = client.get("/account?lang=en")

    assert page.location == "/login?next=/account?lang%3Den"
    answer = client.post_form("/login", email=COORDINATOR, password=PASSWORD, next="/account?lang=en")
    assert answer.location == "/account?lang=en"


def test_a_request_from_another_site_is_refused(login):
    client = login()
    fields = {"csrf_token": client.csrf_token(), "language": "nl"}

    answer = client.post("/account/language", data=fields, headers={"Origin": "https://evil.example"})

    assert answer.status_code == 400
