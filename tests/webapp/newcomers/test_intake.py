"""The form a newcomer fills in, without a log-in."""

from __future__ import annotations

import pytest

from webapp.audit.models import AuditEntry
from webapp.newcomers.models import Newcomer
from webapp.storage.database import db

PERSON = {
    "name": "Omar Haddad",
    "phone": "0251 000 8",
    "language_1": "ar",
    "town_level": "A1",
    "language_2": "fr",
    "level_2": "B2",
    "interests": ["football"],
    "availability": ["mon 18:00-21:00", "sat 09:00-12:00"],
    "wants": ["association", "mentor"],
    "consent": "yes",
}


def newcomers(app) -> list[Newcomer]:
    with app.app_context():
        return list(db.session.scalars(db.select(Newcomer)))


def test_what_a_newcomer_sends_waits_to_be_checked(app, client, make_town):
    make_town()
    assert client.get("/intake/muenster").status_code == 200

    answer = client.post_form("/intake/muenster", **PERSON)

    assert answer.status_code == 303
    assert "Thank you" in client.get(answer.location).text
    [row] = newcomers(app)
    assert (row.status, row.source, row.consent) == ("new", "intake", True)
    assert row.consent_at is not None
    assert row.languages == [
        {"code": "ar", "level": "native"},
        {"code": "de", "level": "A1"},
        {"code": "fr", "level": "B2"},
    ]
    assert (row.wants_association, row.wants_mentor, row.wants_neighbour) == (1, 1, 0)
    assert row.availability == ["mon 18:00-21:00", "sat 09:00-12:00"]
    with app.app_context():
        [entry] = db.session.scalars(db.select(AuditEntry).where(AuditEntry.object_id == row.id))
        assert (entry.action, entry.actor_label) == ("newcomer.submitted", "/intake/muenster")
        assert "Omar" not in str(entry.details)


def test_the_coordinator_of_the_town_finds_it_and_the_other_town_does_not(client, make_town, login):
    make_town()
    client.post_form("/intake/muenster", **PERSON)

    assert "Omar Haddad" in login().get("/newcomers?status=new").text
    assert "Omar Haddad" not in login(town="enschede").get("/newcomers").text


def test_whom_they_want_may_be_left_out_and_means_a_group(app, client, make_town):
    make_town()
    client.post_form("/intake/muenster", **{**PERSON, "wants": []})

    [row] = newcomers(app)
    assert (row.wants_association, row.wants_mentor, row.wants_neighbour) == (1, 0, 0)


def test_the_town_language_as_first_language_stays_the_first_language(app, client, make_town):
    make_town()
    client.post_form("/intake/muenster", **{**PERSON, "language_1": "de", "language_2": "", "level_2": ""})

    [row] = newcomers(app)
    assert row.languages == [{"code": "de", "level": "native"}]


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"name": ""}, "name"),
        ({"phone": ""}, "phone"),
        ({"language_1": ""}, "language_1"),
        ({"language_1": "zz"}, "language_1"),
        ({"level_2": ""}, "level_2"),
        ({"consent": ""}, "consent"),
        ({"consent": "no"}, "consent"),
        ({"birth_year": "2999"}, "birth_year"),
        ({"availability": ["mon 18:00-21:00", "mon 03:00-04:00"]}, "availability"),
        ({"email": "omar"}, "email"),
    ],
)
def test_what_is_missing_gets_a_sentence_and_everything_typed_stays(app, client, make_town, changed, field):
    make_town()

    answer = client.post_form("/intake/muenster", **{**PERSON, "notes": "I sing.", **changed})

    assert answer.status_code == 422
    assert f'href="#field-{field}"' in answer.text
    assert f'id="field-{field}"' in answer.text
    assert "I sing." in answer.text
    assert 'value="mon 18:00-21:00" checked' in answer.text
    assert 'value="football" checked' in answer.text
    assert newcomers(app) == []


def test_a_robot_that_fills_in_the_hidden_field_learns_nothing(app, client, make_town):
    make_town()

    answer = client.post_form("/intake/muenster", **PERSON, website="https://spam.example")

    assert answer.status_code == 303
    assert newcomers(app) == []


def test_somebody_known_already_gets_the_same_answer(app, client, make_town):
    make_town()

    first = client.post_form("/intake/muenster", **PERSON)
    second = client.post_form("/intake/muenster", **PERSON)

    assert (first.status_code, first.location) == (second.status_code, second.location)
    assert len(newcomers(app)) == 2


def test_sending_it_many_times_is_stopped(app, client, make_town):
    make_town()

    answers = [client.post_form("/intake/muenster", **PERSON).status_code for _time in range(12)]

    assert answers.count(303) == 10
    assert answers[-1] == 429


def test_a_town_nobody_knows_has_no_form(client, make_town):
    make_town()

    assert client.get("/intake/atlantis").status_code == 404
    assert client.post_form("/intake/atlantis", **PERSON).status_code == 404


def test_the_form_needs_its_token(app, client, make_town):
    make_town()

    assert client.post("/intake/muenster", data=PERSON).status_code == 400
    assert newcomers(app) == []


@pytest.mark.parametrize(
    ("language", "heading"), [("de", "Münster"), ("nl", "Münster"), ("en", "Welcome to")]
)
def test_the_form_speaks_the_language_asked_for(client, make_town, language, heading):
    make_town()

    page = client.get(f"/intake/muenster?lang={language}").text

    assert f'<html lang="{language}"' in page
    assert heading in page
    assert "<script" not in page.split("</head>")[1]
