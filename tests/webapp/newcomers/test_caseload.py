"""Who looks after whom: handing over, standing in, and lists narrowed to one's own people."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from tests.office import Office, text_of
from tests.rows import add_newcomer
from tests.web import Client
from webapp.accounts.models import User
from webapp.accounts.services import create_user, set_user_active
from webapp.exceptions import InvalidInput, NotFound
from webapp.newcomers import caseload
from webapp.newcomers.models import Newcomer
from webapp.offers.models import Offer
from webapp.storage.access import Actor
from webapp.storage.database import db, write_transaction
from webapp.towns.services import today_of


@pytest.fixture
def colleague(office: Office, actor: Callable[..., Actor]) -> Actor:
    """Another coordinator of Münster."""
    with office.app.app_context():
        boss = actor("admin")
        with write_transaction():
            user = create_user(
                boss,
                email="petra@muenster.example",
                name="Petra",
                password="a few unrelated words",
                role="coordinator",
                town_id=office.me.town_id,
            )
            return Actor(user.id, "Petra", "coordinator", office.me.town_id)


def whose(office: Office, actor: Actor, asked: str) -> set[str]:
    """The numbers of those whom somebody looks after."""
    with office.app.app_context():
        found = select(Newcomer.external_id).where(caseload.is_looked_after(actor, asked))
        return set(db.session.scalars(found))


def give(office: Office, newcomer_id: uuid.UUID, to: Actor | None) -> None:
    with office.writing():
        caseload.hand_over(office.me, newcomer_id, to.user_id if to else None)


def test_lists_are_narrowed_to_ones_own_people(office: Office, browser: Client, colleague: Actor) -> None:
    people = {name: office.newcomer(name) for name in ("mine", "hers", "nobodys")}
    office.offer(capacity=9)
    office.run()
    give(office, people["mine"], office.me)
    give(office, people["hers"], colleague)

    for asked, expected in (
        ("mine", {"mine"}),
        ("nobody", {"nobodys"}),
        (str(colleague.user_id), {"hers"}),
        ("nonsense", set()),
        ("", {"mine", "hers", "nobodys"}),
    ):
        for page in ("/newcomers", "/board"):
            shown = text_of(browser, f"{page}?whose={asked}")
            assert {name for name in people if f"Newcomer {name}" in shown} == expected, (page, asked)
    with office.app.app_context():
        offer = db.session.scalars(select(Offer.id)).one()
    for id_ in people.values():
        office.place(id_, offer)
    placed = text_of(browser, "/placements?whose=mine")
    assert ("Newcomer mine" in placed, "Newcomer hers" in placed) == (True, False)
    office.change(Newcomer, people["hers"], max_minutes=0, status="ready")
    assert "Petra" in browser.get("/open-wishes?whose=mine&reason=travel").text


def test_whoever_adds_somebody_looks_after_them_and_hands_them_over(
    office: Office, browser: Client, colleague: Actor
) -> None:
    added = browser.post_form("/newcomers", name="Amina", wants_association="1", status="ready")
    assert added.status_code == 303, added.text
    newcomer = office.the(Newcomer)
    assert newcomer.coordinator_id == office.me.user_id
    handed = browser.post_form(f"/newcomers/{newcomer.id}/coordinator", coordinator_id=str(colleague.user_id))
    assert handed.status_code == 303
    assert office.the(Newcomer).coordinator_id == colleague.user_id
    assert "Handed over" in text_of(browser, "/history")
    assert "Petra" in text_of(browser, "/history")
    browser.post_form(f"/newcomers/{newcomer.id}/coordinator", coordinator_id="")
    assert office.the(Newcomer).coordinator_id is None


def test_somebody_away_is_stood_in_for_until_the_day(office: Office, colleague: Actor) -> None:
    give(office, office.newcomer("hers"), colleague)
    assert whose(office, office.me, "mine") == set()
    with office.app.app_context():
        today = today_of(office.me)
    with office.writing():
        caseload.set_absence(colleague, until=today, deputy_id=office.me.user_id)
    assert whose(office, office.me, "mine") == {"hers"}
    assert whose(office, colleague, "mine") == {"hers"}
    office.change(User, colleague.user_id or uuid.uuid4(), away_until=today - timedelta(days=1))
    assert whose(office, office.me, "mine") == set()
    for until, deputy, field in (
        (today - timedelta(days=1), office.me.user_id, "away_until"),
        (today, None, "deputy_id"),
        (today, colleague.user_id, "deputy_id"),
    ):
        with pytest.raises(InvalidInput) as raised, office.writing():
            caseload.set_absence(colleague, until=until, deputy_id=deputy)
        assert list(raised.value.fields) == [field]


def test_everybody_is_handed_over_at_once_also_from_a_closed_account(
    office: Office, browser: Client, colleague: Actor, actor: Callable[..., Actor]
) -> None:
    for name in ("a", "b"):
        give(office, office.newcomer(name), colleague)
    give(office, office.newcomer("gone", status="closed"), colleague)
    with office.app.app_context():
        boss = actor("admin")
        with write_transaction():
            set_user_active(boss, colleague.user_id or uuid.uuid4(), False)
    page = text_of(browser, "/newcomers/coordinators")
    assert "Petra account closed 0 2 0 2" in page

    browser.post_form("/newcomers/coordinators", from_id=str(colleague.user_id), to_id=str(office.me.user_id))

    assert whose(office, office.me, "mine") == {"a", "b"}
    assert "2 newcomers handed over." in browser.get("/newcomers/coordinators").text
    assert "Petra" not in text_of(browser, "/newcomers/coordinators")
    refused = browser.post_form("/newcomers/coordinators", to_id=str(colleague.user_id))
    assert refused.status_code == 404


def test_nobody_of_another_town_looks_after_ours(
    app: Flask, office: Office, actor: Callable[..., Actor]
) -> None:
    newcomer = office.newcomer("ours")
    stranger = actor("coordinator", "enschede")
    with app.app_context():
        theirs = add_newcomer(stranger.town_id, "theirs")
    for who, whom, to in (
        (office.me, newcomer, stranger.user_id),
        (office.me, theirs, office.me.user_id),
        (stranger, newcomer, stranger.user_id),
    ):
        with pytest.raises(NotFound), office.writing():
            caseload.hand_over(who, whom, to)
    with pytest.raises(NotFound), office.writing():
        caseload.hand_over_all(office.me, None, stranger.user_id or uuid.uuid4())


def test_the_page_sets_an_absence_and_says_what_is_wrong(
    office: Office, browser: Client, colleague: Actor
) -> None:
    address = "/newcomers/coordinators/absence"
    wrong = browser.post_form(address, away_until="2100-01-01")
    assert (wrong.status_code, "Please choose somebody else" in wrong.text) == (422, True)
    browser.post_form(address, away_until="2100-01-01", deputy_id=str(colleague.user_id))
    assert "Petra stands in" in text_of(browser, "/newcomers/coordinators")
    browser.post_form(address)
    assert "stands in," not in text_of(browser, "/newcomers/coordinators")
    assert office.get(User, office.me.user_id or uuid.uuid4()).away_until is None


def test_a_closed_account_is_named_wherever_it_is_still_responsible(
    office: Office, browser: Client, colleague: Actor, actor: Callable[..., Actor]
) -> None:
    newcomer = office.newcomer("hers")
    give(office, newcomer, colleague)
    with office.writing():
        caseload.set_absence(office.me, until=today_of(office.me), deputy_id=colleague.user_id)
    with office.app.app_context():
        boss = actor("admin")
        with write_transaction():
            set_user_active(boss, colleague.user_id or uuid.uuid4(), False)
    page = browser.get(f"/newcomers/{newcomer}").text
    assert f'value="{colleague.user_id}" selected>Petra (account closed)' in page
    listed = browser.get(f"/newcomers?whose={colleague.user_id}").text
    assert f'value="{colleague.user_id}" selected>Petra (account closed)' in listed
    assert "Petra (account closed) stands in" in text_of(browser, "/newcomers/coordinators")


def test_handing_over_leaves_open_forms_alone(office: Office, colleague: Actor) -> None:
    newcomer = office.newcomer("hers")
    version = office.get(Newcomer, newcomer).version
    give(office, newcomer, colleague)
    assert office.get(Newcomer, newcomer).version == version
    assert office.get(Newcomer, newcomer).coordinator_id == colleague.user_id
    with office.writing():
        assert caseload.hand_over_all(office.me, colleague.user_id, colleague.user_id or newcomer) == 0


def test_days_far_off_are_no_fault(browser: Client) -> None:
    for day in ("0001-01-01", "9999-12-31", "1899-01-01"):
        assert browser.get(f"/newcomers?since={day}").status_code == 200
        assert browser.get(f"/history?since={day}&until={day}").status_code == 200
