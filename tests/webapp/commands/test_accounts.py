"""`koppel user` and `koppel token`: the secret alone on standard output, and it works."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from tests.web import Client
from webapp.commands.accounts import token, user

EMAIL = "me@town.example"


def can_log_in(app: Flask, password: str) -> bool:
    return Client(app).post_form("/login", email=EMAIL, password=password).status_code == 303


def test_the_password_that_is_printed_logs_in(app: Flask, command: Callable[..., Any]) -> None:
    made = command(user, "create", "--email", EMAIL, "--town", "muenster")
    assert made.exit_code == 0, made.output
    assert can_log_in(app, made.stdout.strip())


def test_a_forgotten_password_is_replaced_and_the_old_one_is_dead(
    app: Flask, command: Callable[..., Any]
) -> None:
    old = command(user, "create", "--email", EMAIL, "--town", "muenster").stdout.strip()
    reset = command(user, "reset-password", "--email", EMAIL)
    assert reset.exit_code == 0, reset.output
    assert not can_log_in(app, old)
    assert can_log_in(app, reset.stdout.strip())


@pytest.mark.parametrize(
    "arguments",
    [
        ("create", "--email", EMAIL, "--town", "atlantis"),
        ("create", "--email", EMAIL, "--town", "muenster", "--password", "short"),
        ("reset-password", "--email", "nobody@town.example"),
    ],
)
def test_what_cannot_be_done_exits_with_2_and_a_sentence(
    command: Callable[..., Any], arguments: tuple[str, ...]
) -> None:
    result = command(user, *arguments)
    assert result.exit_code == 2
    assert result.stderr.strip()
    assert result.stdout == ""


def test_a_token_that_is_printed_opens_the_api_of_its_town(app: Flask, command: Callable[..., Any]) -> None:
    made = command(token, "create", "--town", "enschede")
    client = Client(app)
    client.token = made.stdout.strip()
    assert client.get("/api/v1/newcomers").status_code == 200
