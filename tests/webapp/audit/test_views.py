"""The page of the history: what happened in words, who did it, and the way to what it happened to."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from tests.office import Office, questions, text_of
from tests.web import Client
from webapp.audit.services import write_entry
from webapp.newcomers.forms import column_labels as newcomer_labels
from webapp.newcomers.models import Newcomer
from webapp.newcomers.services import erase_newcomer
from webapp.offers.forms import column_labels as offer_labels
from webapp.offers.models import Offer
from webapp.runs.models import Run
from webapp.storage.access import Actor, system_actor

NEVER_IN_A_FORM = {
    *("id", "version", "town_id", "external_id", "status", "source", "kind", "created_at", "consent_at"),
    *(
        "placed_association",
        "placed_mentor",
        "placed_neighbour",
        "need_level",
        "need_reason",
        "placed",
        "excess",
    ),
    *("screening_valid_until", "screening_checked_by"),
}


def links_of(client: Client, url: str = "/history") -> dict[str, str]:
    """What leads where from the table of the history."""
    table = client.get(url).text.partition("<tbody")[2].partition("</tbody")[0]
    found = re.findall(r'<a href="([^"]+)">(.*?)</a>', table)
    return {html.unescape(text): href for href, text in found}


def test_what_happened_leads_to_the_pages_of_those_it_happened_to(browser: Client, office: Office) -> None:
    newcomer, offer = office.newcomer("anna"), office.offer("choir")
    office.run()
    placement = office.place(newcomer, offer)

    links = links_of(browser)

    assert links["Newcomer anna"] == f"/newcomers/{newcomer}"
    assert links["Offer choir"] == f"/offers/{offer}"
    assert links["Placed by hand"] == f"/placements/{placement}"
    assert links["Matching run done"] == f"/runs/{office.the(Run).id}"
    assert all(browser.get(address).status_code == 200 for address in links.values())


def test_what_is_gone_is_said_and_leads_nowhere(browser: Client, office: Office) -> None:
    newcomer, offer = office.newcomer("anna"), office.offer("choir")
    office.place(newcomer, offer)
    with office.writing():
        erase_newcomer(office.me, newcomer)

    page = text_of(browser, "/history")

    assert set(links_of(browser)) == {"Offer choir"}
    assert "Newcomer erased" in page
    assert "anna" not in page.replace("Number anna", "")


def test_rows_of_another_town_are_neither_named_nor_linked(
    browser: Client, office: Office, actor: Callable[..., Actor], app: Flask
) -> None:
    elsewhere = Office(app, actor(town="enschede"))
    newcomer = elsewhere.newcomer("secret")
    with office.writing() as session:
        person = session.get_one(Newcomer, newcomer)
        entry = write_entry(office.me, "newcomer.created", person, newcomer=str(newcomer))
        entry.town_id = office.me.town_id

    assert "secret" not in browser.get("/history").text
    assert links_of(browser) == {}


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ["Coordinator", "Link of an offer", "Form for newcomers", "Programme", "Need urgent"]),
        (
            "de",
            ["Koordinator", "Link eines Angebots", "Formular für Neuzugewanderte", "Programm"],
        ),
        ("nl", ["Coördinator", "Link van een aanbod", "Formulier voor nieuwkomers", "Programma"]),
    ],
)
def test_actors_stand_with_their_role_in_words(
    browser: Client, office: Office, language: str, words: list[str]
) -> None:
    labels = ("/capacity: Offer choir", "/intake/muenster", "API: our register", "Koppel")
    with office.writing():
        for label in labels:
            write_entry(system_actor(office.me.town_id, label), "newcomer.need_set", need_level=4)
        write_entry(office.me, "newcomer.need_set", need_level=4)

    page = text_of(browser, f"/history?lang={language}")

    assert [word for word in words if word not in page] == []
    assert "Offer choir" in page
    assert "our register" in page
    for code in ("/capacity", "/intake/", "API:", "Need 4"):
        assert code not in page


def test_codes_and_days_of_details_are_words(browser: Client, office: Office) -> None:
    mentor = office.offer("mentor", kind="mentor")
    with office.writing():
        write_entry(office.me, "offer.updated", None, kind="mentor", fields=["cost_support", "languages"])
        write_entry(office.me, "offer.screening_set", None, offer=str(mentor), valid_until="2027-05-04")

    page = text_of(browser, "/history")

    assert "Kind Mentor" in page
    assert "Fields Support with the costs is possible , Languages" in page
    assert "Valid until May 4, 2027" in page


@pytest.mark.parametrize(("model", "labels"), [(Newcomer, newcomer_labels), (Offer, offer_labels)])
def test_every_column_that_a_form_changes_is_called_something(
    sqlite_app: Flask, model: Any, labels: Callable[[], dict[str, str]]
) -> None:
    with sqlite_app.test_request_context():
        assert {column.key for column in model.__mapper__.columns} - NEVER_IN_A_FORM - set(labels()) == set()


def test_a_longer_history_asks_as_little(app: Flask, browser: Client, office: Office) -> None:
    def happen(name: str) -> None:
        office.place(office.newcomer(name), office.offer(name))

    happen("first")
    with questions(app) as few:
        browser.get("/history")
    for number in range(8):
        happen(f"later {number}")
    with questions(app) as many:
        browser.get("/history")

    assert len(many) == len(few)
