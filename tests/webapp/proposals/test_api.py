"""Proposals as JSON: the contract, every reason of a refusal, one answer to one key."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest

from tests.office import TownOfApi, confirm
from tests.web import Client
from webapp.newcomers.models import Newcomer
from webapp.offers.models import Offer
from webapp.placements.models import Ban, Placement
from webapp.proposals.models import Proposal

UNKNOWN = uuid.UUID(int=7)


def test_proposals_are_listed_with_what_the_contract_names(programme: Client, town: TownOfApi) -> None:
    answer = programme.get("/api/v1/proposals?state=open").json

    (item,) = answer["items"]
    assert answer["total"] == 1
    assert item["id"] == str(town.proposal)
    assert (item["newcomer_id"], item["offer_id"]) == (str(town.newcomer), str(town.offer))
    assert (item["kind"], item["state"], item["version"]) == ("association", "open", 2)
    assert sum(item["parts"].values()) == pytest.approx(item["score"])
    assert uuid.UUID(item["run_id"])
    assert item["created_at"].endswith("+00:00")


def test_proposals_and_placements_are_filtered_by_state_and_paged(programme: Client, town: TownOfApi) -> None:
    confirm(programme, town)

    def total(path: str) -> int:
        return int(programme.get(f"/api/v1/{path}").json["total"])

    assert (total("proposals?state=open"), total("proposals?state=confirmed"), total("proposals")) == (
        0,
        1,
        1,
    )
    assert (total("placements?state=active"), total("placements?state=ended")) == (1, 0)
    assert programme.get("/api/v1/placements?page=2&page_size=1").json == {"items": [], "total": 1}


@pytest.mark.parametrize("query", ["state=staged", "state=nonsense", "page=0", "page_size=1000"])
def test_a_filter_that_makes_no_sense_is_refused(programme: Client, query: str) -> None:
    assert programme.get(f"/api/v1/proposals?{query}").status_code == 422


def test_another_town_sees_nothing_and_changes_nothing(api: Callable[..., Client], town: TownOfApi) -> None:
    stranger = api(town="enschede")

    assert stranger.get("/api/v1/proposals").json == {"items": [], "total": 0}
    assert confirm(stranger, town).status_code == 404
    body = {"newcomer_id": str(town.newcomer), "offer_id": str(town.offer)}
    assert stranger.post("/api/v1/placements", json=body).status_code == 404
    assert town.counters() == (0, 0, 0)


@pytest.mark.parametrize(
    "path",
    [
        f"/api/v1/proposals/{UNKNOWN}/confirm",
        f"/api/v1/proposals/{UNKNOWN}/reject",
        f"/api/v1/placements/{UNKNOWN}/end",
    ],
)
def test_what_is_not_there_is_404(programme: Client, path: str) -> None:
    answer = programme.post(path, json={} if "confirm" in path else {"reason": "other"})

    assert (answer.status_code, answer.json["reason"]) == (404, "not_found")


def test_confirming_answers_with_the_placement(programme: Client, town: TownOfApi) -> None:
    answer = confirm(programme, town)

    assert answer.status_code == 201
    assert answer.json["state"] == "active"
    assert answer.json["proposal_id"] == str(town.proposal)
    assert (answer.json["newcomer_id"], answer.json["offer_id"]) == (str(town.newcomer), str(town.offer))
    assert answer.json["run_id"]
    assert town.counters() == (1, 1, 1)


def test_confirming_needs_no_body_at_all(programme: Client, town: TownOfApi) -> None:
    assert programme.post(f"/api/v1/proposals/{town.proposal}/confirm").status_code == 201


def test_a_confirmation_may_carry_a_note(programme: Client, town: TownOfApi) -> None:
    assert confirm(programme, town, note="call first").json["note"] == "call first"


def test_a_proposal_is_confirmed_once(programme: Client, town: TownOfApi) -> None:
    answers = [confirm(programme, town) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [201, 409]
    assert answers[1].json["reason"] == "already_placed"
    assert town.counters() == (1, 1, 1)


def test_a_full_offer_is_refused_with_its_numbers(programme: Client, town: TownOfApi) -> None:
    town.change(Offer, town.offer, taken=2)

    answer = confirm(programme, town)

    assert answer.status_code == 409
    assert {name: answer.json[name] for name in ("status", "reason", "taken", "capacity")} == {
        "status": 409,
        "reason": "full",
        "taken": 2,
        "capacity": 2,
    }
    assert town.counters() == (2, 0, 0)


@pytest.mark.parametrize(
    ("model", "values", "reason"),
    [
        (Offer, {"status": "paused"}, "closed"),
        (Newcomer, {"status": "closed"}, "closed"),
        (Newcomer, {"wants_association": 0}, "demand_full"),
        (Newcomer, {"consent": False}, "consent"),
        (Offer, {"gender_group": "men_only"}, "gender_group"),
    ],
)
def test_what_changed_since_the_run_is_refused(
    programme: Client, town: TownOfApi, model: Any, values: dict[str, Any], reason: str
) -> None:
    town.change(model, town.offer if model is Offer else town.newcomer, **values)

    answer = confirm(programme, town)

    assert (answer.status_code, answer.json["reason"]) == (409, reason)
    assert answer.json["message"]
    assert town.counters() == (0, 0, 0)


def test_a_rejected_proposal_bans_the_pair(programme: Client, town: TownOfApi) -> None:
    body = {"reason": "too_far", "ban_until": "2100-01-31"}
    answer = programme.post(f"/api/v1/proposals/{town.proposal}/reject", json=body)
    by_hand = programme.post(
        "/api/v1/placements", json={"newcomer_id": str(town.newcomer), "offer_id": str(town.offer)}
    )

    assert (answer.status_code, answer.json["state"], answer.json["reason"]) == (200, "rejected", "too_far")
    assert (by_hand.status_code, by_hand.json["reason"]) == (409, "banned")
    assert confirm(programme, town).json["reason"] in ("banned", "changed")
    (ban,) = town.all(Ban)
    assert ban.ban_until.isoformat() == "2100-01-31"
    assert town.counters() == (0, 0, 0)


def test_without_a_day_the_ban_holds_until_it_is_lifted(programme: Client, town: TownOfApi) -> None:
    body = {"reason": "other", "ban_until": None}

    assert programme.post(f"/api/v1/proposals/{town.proposal}/reject", json=body).status_code == 200
    assert town.all(Ban)[0].ban_until is None


def test_a_proposal_that_was_decided_in_the_meantime_has_changed(programme: Client, town: TownOfApi) -> None:
    town.change(Proposal, town.proposal, state="superseded")

    assert confirm(programme, town).json["reason"] == "changed"
    rejected = programme.post(f"/api/v1/proposals/{town.proposal}/reject", json={"reason": "other"})
    assert (rejected.status_code, rejected.json["reason"]) == (409, "changed")
    assert town.counters() == (0, 0, 0)


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("proposals/{proposal}/reject", {}, "reason"),
        ("proposals/{proposal}/reject", {"reason": "nonsense"}, "reason"),
        ("proposals/{proposal}/reject", {"reason": "other", "ban_until": "soon"}, "ban_until"),
        ("proposals/{proposal}/reject", {"reason": "other", "until": "2100-01-01"}, "until"),
        ("proposals/{proposal}/confirm", {"note": "x" * 2001}, "note"),
        ("placements", {"newcomer_id": "x"}, "newcomer_id"),
        ("placements", {}, "offer_id"),
        ("placements/{proposal}/end", {}, "reason"),
    ],
)
def test_a_body_that_cannot_be_used_names_its_field(
    programme: Client, town: TownOfApi, path: str, body: dict[str, str], field: str
) -> None:
    answer = programme.post(f"/api/v1/{path.format(proposal=town.proposal)}", json=body)

    assert answer.status_code == 422
    assert field in answer.json["fields"]
    assert [row.state for row in town.all(Proposal)] == ["open"]
    assert town.all(Placement) == []


def test_the_same_key_confirms_once_and_answers_the_same(programme: Client, town: TownOfApi) -> None:
    answers = [confirm(programme, town, key="k-1") for _ in range(3)]

    assert [answer.status_code for answer in answers] == [201, 201, 201]
    assert len({answer.text for answer in answers}) == 1
    assert town.counters() == (1, 1, 1)


def test_the_same_key_with_another_body_is_refused(programme: Client, town: TownOfApi) -> None:
    confirm(programme, town, key="k-1")

    answer = confirm(programme, town, key="k-1", note="another")

    assert answer.status_code == 422
    assert "Idempotency-Key" in answer.json["fields"]


def test_a_refusal_is_kept_with_its_key(programme: Client, town: TownOfApi) -> None:
    town.change(Offer, town.offer, taken=2)
    first = confirm(programme, town, key="k-1")
    town.change(Offer, town.offer, taken=0)

    second = confirm(programme, town, key="k-1")

    assert (first.status_code, second.status_code) == (409, 409)
    assert first.json == second.json
    assert town.counters() == (0, 0, 0)


def test_a_session_needs_the_csrf_token(login: Callable[..., Client], town: TownOfApi) -> None:
    browser = login()
    url = f"/api/v1/proposals/{town.proposal}/confirm"

    assert browser.post(url, json={}).status_code == 400
    assert browser.post(url, json={}, headers={"X-CSRFToken": browser.csrf_token()}).status_code == 201


def test_the_description_names_bodies_answers_and_refusals(client: Client) -> None:
    paths = client.get("/api/v1/openapi.json").json["paths"]

    for path, success in (
        ("/api/v1/proposals/{proposal_id}/confirm", "201"),
        ("/api/v1/proposals/{proposal_id}/reject", "200"),
        ("/api/v1/placements", "201"),
        ("/api/v1/placements/{placement_id}/end", "200"),
    ):
        described = paths[path]["post"]
        assert {success, "404", "409", "422"} <= set(described["responses"])
        assert "requestBody" in described
        assert "Idempotency-Key" in {parameter.get("name") for parameter in described["parameters"]}
        assert described["summary"]
    names = {parameter.get("name") for parameter in paths["/api/v1/proposals"]["get"]["parameters"]}
    assert {"state", "page", "page_size"} <= names
