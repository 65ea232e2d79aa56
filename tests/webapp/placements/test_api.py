"""Placements as JSON: a coordinator's own choice, the same guards, an end that frees the place."""

from __future__ import annotations

from tests.office import TownOfApi, confirm
from tests.web import Client


def test_a_coordinators_own_choice_passes_the_same_guards(programme: Client, town: TownOfApi) -> None:
    newcomer, offer = town.add_newcomer("own", wants={"association": 2}), town.add_offer("own", times=())
    body = {"newcomer_id": newcomer, "offer_id": offer, "note": "their wish"}

    first = programme.post("/api/v1/placements", json=body)
    second = programme.post("/api/v1/placements", json=body)

    assert (first.status_code, first.json["note"], first.json["proposal_id"]) == (201, "their wish", None)
    assert (second.status_code, second.json["reason"]) == (409, "already_placed")


def test_two_sessions_at_the_same_hours_clash(programme: Client, town: TownOfApi) -> None:
    newcomer = town.add_newcomer("busy", wants={"association": 2})
    one, other = town.add_offer("one"), town.add_offer("other")
    town.place(newcomer, one)

    answer = programme.post("/api/v1/placements", json={"newcomer_id": newcomer, "offer_id": other})

    assert (answer.status_code, answer.json["reason"]) == (409, "time_clash")


def test_the_mix_of_an_activity_is_kept(programme: Client, town: TownOfApi) -> None:
    offer = town.add_offer("mixed", capacity=3, language_share_max=0.4)
    town.place(town.add_newcomer("first"), offer)

    answer = programme.post(
        "/api/v1/placements", json={"newcomer_id": town.add_newcomer("second"), "offer_id": offer}
    )

    assert (answer.status_code, answer.json["reason"], answer.json["limit"]) == (409, "mixing_limit", 1)


def test_ending_frees_the_place_once(programme: Client, town: TownOfApi) -> None:
    placement = confirm(programme, town).json["id"]

    answers = [
        programme.post(f"/api/v1/placements/{placement}/end", json={"reason": "moved"}) for _ in range(2)
    ]

    assert [answer.status_code for answer in answers] == [200, 409]
    assert (answers[0].json["state"], answers[0].json["end_reason"]) == ("ended", "moved")
    assert answers[1].json["reason"] == "changed"
    assert town.counters() == (0, 0, 0)
