"""The API's manners: it describes itself, and every error has one shape."""

from __future__ import annotations

import pytest


def test_the_api_describes_itself(client):
    description = client.get("/api/v1/openapi.json").json

    assert description["openapi"] == "3.1.0"
    assert "/api/v1/account" in description["paths"]
    assert set(description["components"]["schemas"]["Error"]["properties"]) == {
        "status",
        "reason",
        "message",
        "fields",
    }


@pytest.mark.parametrize(("path", "status"), [("/api/v1/nothing", 404), ("/nothing", 404)])
def test_errors_are_json_for_programmes_and_pages_for_people(login, path, status):
    answer = login().get(path, headers={"Accept": "text/html"})

    assert answer.status_code == status
    assert answer.is_json == path.startswith("/api/")


def test_a_part_of_a_page_gets_a_part_as_error(login):
    answer = login().get("/nothing", headers={"HX-Request": "true"})

    assert answer.status_code == 404
    assert "<html" not in answer.text
