"""Offers as JSON, and saying how many places there are."""

from __future__ import annotations

import uuid

import pytest

from webapp.offers.models import Offer
from webapp.storage.database import db


def test_the_list_is_a_page_of_the_contract(api, make_offer):
    id_ = make_offer(external_id="F-1")
    make_offer("mentor", name="Karin")

    answer = api().get("/api/v1/offers?page_size=1").json

    assert answer["total"] == 2
    [item] = answer["items"]
    assert item["id"] == str(id_)
    assert item["version"] == 1
    assert (item["external_id"], item["name"], item["kind"]) == ("F-1", "Choir on the Hill", "association")
    assert (item["capacity"], item["taken"], item["status"]) == (10, 4, "active")


def test_kind_and_status_filter(api, make_offer):
    make_offer()
    make_offer("mentor", name="Karin", status="paused")
    client = api()

    for query in ("kind=mentor", "status=paused", "state=paused"):
        assert [item["name"] for item in client.get(f"/api/v1/offers?{query}").json["items"]] == ["Karin"]
    assert client.get("/api/v1/offers?kind=elf").status_code == 422


def test_capacity_is_put_and_the_offer_comes_back(app, api, make_offer):
    id_ = make_offer()

    answer = api().put(f"/api/v1/offers/{id_}/capacity", json={"capacity": 20, "version": 1})

    assert answer.status_code == 200
    assert (answer.json["capacity"], answer.json["version"], answer.json["id"]) == (20, 2, str(id_))
    with app.app_context():
        assert db.session.get(Offer, id_).capacity == 20


def test_capacity_below_what_is_taken_or_of_an_old_version_is_a_conflict(app, api, make_offer):
    id_ = make_offer()
    client = api()
    address = f"/api/v1/offers/{id_}/capacity"

    below = client.put(address, json={"capacity": 3, "version": 1})
    assert (below.status_code, below.json["reason"]) == (409, "below_taken")
    assert (below.json["taken"], below.json["capacity"]) == (4, 10)
    client.put(address, json={"capacity": 20, "version": 1})
    old = client.put(address, json={"capacity": 30, "version": 1})
    assert (old.status_code, old.json["reason"]) == (409, "changed")
    with app.app_context():
        assert db.session.get(Offer, id_).capacity == 20


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"capacity": -1, "version": 1},
        {"capacity": "3", "version": "x"},
        {"capacity": 3.5, "version": 1},
        {"capacity": True, "version": 1},
        {"capacity": 2**40, "version": 1},
        {"capacity": 12, "version": 0},
        {"capacity": 12, "version": 1, "taken": 0},
        [],
    ],
)
def test_a_body_that_cannot_be_is_refused(app, api, make_offer, body):
    id_ = make_offer()

    answer = api().put(f"/api/v1/offers/{id_}/capacity", json=body)

    assert answer.status_code == 422
    with app.app_context():
        assert db.session.get(Offer, id_).capacity == 10


def test_another_town_gets_404_as_for_an_unknown_id(app, api, make_offer):
    id_ = make_offer()
    foreign = api(town="enschede")

    for known, unknown in ((id_, uuid.uuid4()),):
        assert foreign.get(f"/api/v1/offers/{known}").json == foreign.get(f"/api/v1/offers/{unknown}").json
        answers = [
            foreign.put(f"/api/v1/offers/{one}/capacity", json={"capacity": 20, "version": 1})
            for one in (known, unknown)
        ]
        assert [answer.status_code for answer in answers] == [404, 404]
        assert answers[0].json == answers[1].json
    assert foreign.get("/api/v1/offers").json == {"items": [], "total": 0}
    with app.app_context():
        assert db.session.get(Offer, id_).capacity == 10


@pytest.mark.parametrize("number", ["9" * 5000, "NaN"])
def test_a_number_that_cannot_be_read_is_a_bad_request(api, make_offer, number):
    answer = api().put(
        f"/api/v1/offers/{make_offer()}/capacity",
        data=f'{{"capacity": {number}}}',
        content_type="application/json",
    )

    assert answer.status_code == 400
    assert answer.json["reason"] == "bad_request"
