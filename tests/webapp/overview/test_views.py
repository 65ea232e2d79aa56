"""An administrator of all towns: sees how they stand, and none of their people before choosing one."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from tests.office import Office, text_of, words
from tests.web import Client
from webapp.newcomers.models import Newcomer
from webapp.storage.access import Actor
from webapp.storage.database import db
from webapp.towns.models import Town

MakeTown = Callable[..., object]


@pytest.fixture
def chief(login: Callable[..., Client], make_town: MakeTown) -> Client:
    """The browser of an administrator of all towns, of which there are two."""
    for town in ("muenster", "enschede"):
        make_town(town)
    client = login("admin", None)
    client.get("/account?lang=en")
    return client


def rows(client: Client) -> dict[str, str]:
    """What stands in the row of each town."""
    found = re.findall(r'<tr>\s*<th scope="row">(\w+)(.*?)</tr>', client.get("/towns").text, flags=re.DOTALL)
    return {name: words(f"<main>{name}{cells}") for name, cells in found}


def test_the_first_page_shows_how_every_town_stands(chief: Client, office: Office) -> None:
    office.newcomer("served")
    office.newcomer("waits", wants={"mentor": 1})
    office.change(Newcomer, office.newcomer("form"), status="new")
    office.offer()
    office.run()

    first = chief.get("/")
    page = chief.get(first.location)

    assert (first.location, page.status_code) == ("/board", 303)
    assert page.location == "/towns?next=/board"
    assert re.search(r"Münster 1 1 1 .+ Work in Münster", rows(chief)["Münster"])
    assert "Enschede 0 0 0 none yet Work in Enschede" in rows(chief)["Enschede"]


@pytest.mark.parametrize("url", ["/board", "/newcomers", "/runs", "/history", "/search?q=anna", "/kept"])
def test_nothing_of_a_town_is_shown_before_one_is_chosen(chief: Client, office: Office, url: str) -> None:
    office.newcomer("anna")

    answer = chief.get(url)

    assert (answer.status_code, answer.location.partition("?")[0]) == (303, "/towns")
    assert "anna" not in chief.get("/towns").text


def test_choosing_a_town_leads_to_where_one_wanted_to_go(chief: Client, office: Office) -> None:
    newcomer = office.newcomer("anna")
    page = chief.get(chief.get(f"/newcomers/{newcomer}").location).text
    form = dict(re.findall(r'name="(town|next)" value="([^"]*)"', page.partition("Work in Enschede")[2]))

    answer = chief.post_form("/account/town", **form)

    assert answer.location == f"/newcomers/{newcomer}"
    assert "Newcomer anna" in text_of(chief, answer.location)
    assert "You work here now" in rows(chief)["Münster"]


def test_nothing_is_changed_in_a_town_that_was_not_chosen(chief: Client, office: Office) -> None:
    answer = chief.post_form("/runs")

    assert (answer.status_code, answer.location) == (303, "/towns")
    assert chief.get("/api/v1/newcomers").status_code == 403


@pytest.mark.parametrize("url", ["/account", "/users", "/tokens", "/help", "/nowhere"])
def test_what_needs_no_town_is_there(chief: Client, url: str) -> None:
    assert chief.get(url).status_code == (404 if url == "/nowhere" else 200)


def test_the_only_town_is_no_choice(login: Callable[..., Client], office: Office) -> None:
    client = login("admin", None)
    assert client.get("/board").status_code == 303
    with office.writing() as session:
        session.execute(db.delete(Town).where(Town.id != office.me.town_id))

    assert client.get("/board").status_code == 200


@pytest.mark.parametrize(("role", "town"), [("coordinator", "muenster"), ("admin", "muenster")])
def test_who_belongs_to_a_town_sees_no_other(
    login: Callable[..., Client], actor: Callable[..., Actor], role: str, town: str
) -> None:
    actor(town="enschede")
    client = login(role, town)

    assert client.get("/towns").status_code == 403
    assert "/towns" not in client.get("/board").text
