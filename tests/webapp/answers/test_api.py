"""The plan's answers as JSON: the same as the engine's, and of one's own town alone."""

from __future__ import annotations

import uuid
from collections.abc import Callable

import pytest
from flask import Flask

from tests.web import Client

UNKNOWN = uuid.UUID(int=7)
ROOT = "/api/v1"


def test_a_proposed_pair_says_why(rivals: dict[str, uuid.UUID], programme: Client) -> None:
    answer = programme.get(
        f"{ROOT}/newcomers/{rivals['first']}/explanation/{rivals['club']}?language=de"
    ).json
    assert answer["is_proposed"]
    assert answer["why_not"] == ["vorgeschlagen"]
    assert sum(answer["parts"].values()) == pytest.approx(answer["score"])
    assert any(sentence.startswith("passende freie Zeiten: Di 18:00–20:00") for sentence in answer["why"])


def test_a_full_offer_says_what_insisting_costs_and_who_would_move(
    rivals: dict[str, uuid.UUID], programme: Client
) -> None:
    answer = programme.get(f"{ROOT}/newcomers/{rivals['second']}/explanation/{rivals['club']}").json
    assert answer["is_possible"]
    assert not answer["is_proposed"]
    assert answer["price"] > 0
    assert answer["price_is_exact"]
    assert {(move["newcomer_id"], move["before"], move["after"]) for move in answer["moves"]} >= {
        (str(rivals["second"]), None, str(rivals["club"])),
    }
    assert any("Newcomer first: Offer club" in sentence for sentence in answer["moves_in_words"])


def test_a_forbidden_pair_names_the_rule_and_the_values(
    rivals: dict[str, uuid.UUID], programme: Client
) -> None:
    answer = programme.get(f"{ROOT}/newcomers/{rivals['second']}/explanation/{rivals['far']}").json
    assert answer["rules"] == ["travel"]
    assert answer["price"] is None
    assert answer["collisions"]["travel"]["most"] == 20
    assert "min > 20 min" in answer["why_not"][0]


def test_a_person_is_told_what_it_would_take(rivals: dict[str, uuid.UUID], programme: Client) -> None:
    answer = programme.get(f"{ROOT}/newcomers/{rivals['second']}/explanation?language=nl").json
    assert answer["proposals"] == []
    assert [wish["kind"] for wish in answer["open_wishes"]] == ["association"]
    assert {(change["rule"], change["finds"]) for change in answer["relaxations"]} == {
        ("travel", str(rivals["far"])),
        ("free_place", str(rivals["club"])),
    }
    assert any(
        change["in_words"].startswith("één plaats meer bij Offer club") for change in answer["relaxations"]
    )


def test_a_town_is_told_what_it_is_short_of(rivals: dict[str, uuid.UUID], programme: Client) -> None:
    answer = programme.get(f"{ROOT}/explanation").json
    assert [place["offer_id"] for place in answer["further_places"]] == [str(rivals["club"])]
    assert answer["recruiting"][0]["kind"] == "association"
    assert answer["recruiting"][0]["n_helped"][0] == 1
    assert answer["fairness"]["groups"]
    in_german = programme.get(f"{ROOT}/explanation?language=de").json
    assert in_german["further_places"][0]["in_words"].startswith("ein Platz mehr bei Offer club, zwei, ...: ")


@pytest.mark.parametrize("path", ["newcomers/{0}/explanation", "newcomers/{0}/explanation/{1}"])
def test_people_and_offers_of_another_town_are_not_there(
    rivals: dict[str, uuid.UUID], api: Callable[..., Client], path: str
) -> None:
    own, other = api(), api(town="enschede")
    address = f"{ROOT}/{path.format(rivals['first'], rivals['club'])}"
    assert own.get(address).status_code == 200
    assert (
        other.get(address).status_code
        == own.get(f"{ROOT}/{path.format(UNKNOWN, UNKNOWN)}").status_code
        == 404
    )


def test_an_unknown_language_is_refused_with_the_field(
    rivals: dict[str, uuid.UUID], programme: Client
) -> None:
    answer = programme.get(f"{ROOT}/newcomers/{rivals['first']}/explanation?language=xx")
    assert answer.status_code == 422
    assert "language" in str(answer.json)


def test_questions_change_nothing(app: Flask, rivals: dict[str, uuid.UUID], programme: Client) -> None:
    before = programme.get(f"{ROOT}/proposals").json
    for path in (f"newcomers/{rivals['second']}/explanation", "explanation"):
        assert programme.get(f"{ROOT}/{path}").status_code == 200
    assert programme.get(f"{ROOT}/proposals").json == before
