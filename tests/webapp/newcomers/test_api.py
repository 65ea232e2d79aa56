"""Newcomers as JSON."""

from __future__ import annotations

import uuid


def test_the_list_is_a_page_of_the_contract(api, make_newcomer):
    id_ = make_newcomer(external_id="F-1")
    make_newcomer(name="Paused", status="paused")
    client = api()

    answer = client.get("/api/v1/newcomers?page=1&page_size=1").json

    assert answer["total"] == 2
    [item] = answer["items"]
    assert item["id"] == str(id_)
    assert item["version"] == 1
    assert (item["external_id"], item["name"], item["status"]) == ("F-1", "Amina Yusuf", "ready")
    assert "email" not in item
    assert "phone" not in item


def test_status_and_state_both_filter(api, make_newcomer):
    make_newcomer()
    make_newcomer(name="Paused", status="paused")
    client = api()

    for name in ("status", "state"):
        answer = client.get(f"/api/v1/newcomers?{name}=paused").json
        assert [item["name"] for item in answer["items"]] == ["Paused"]
    assert client.get("/api/v1/newcomers?status=happy").status_code == 422


def test_one_newcomer_and_the_same_404_for_what_is_not_yours(api, make_newcomer):
    id_ = make_newcomer()

    assert api().get(f"/api/v1/newcomers/{id_}").json["name"] == "Amina Yusuf"
    foreign = api(town="enschede")
    assert foreign.get(f"/api/v1/newcomers/{id_}").status_code == 404
    assert (
        foreign.get(f"/api/v1/newcomers/{id_}").json == foreign.get(f"/api/v1/newcomers/{uuid.uuid4()}").json
    )
    assert foreign.get("/api/v1/newcomers").json == {"items": [], "total": 0}


def test_nobody_reads_without_a_token(client, make_newcomer):
    make_newcomer()

    assert client.get("/api/v1/newcomers").status_code == 401
