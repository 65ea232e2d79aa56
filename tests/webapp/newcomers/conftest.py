"""Newcomers for the tests of their room."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from tests.web import Client
from webapp.newcomers import services
from webapp.storage.access import system_actor
from webapp.storage.database import write_transaction


@pytest.fixture
def make_newcomer(app: Flask, make_town: Callable[..., uuid.UUID]) -> Callable[..., uuid.UUID]:
    """Makes a newcomer of a town and gives the id: ``make_newcomer(name="Amina", town="enschede")``."""

    def make(town: str = "muenster", **values: Any) -> uuid.UUID:
        actor = system_actor(make_town(town))
        known = {
            "name": "Amina Yusuf",
            "email": "amina@mail.example",
            "phone": "0251 000 4711",
            "birth_year": 1990,
            "languages": [{"code": "so", "level": "native"}, {"code": "de", "level": "A2"}],
            "interests": ["cooking", "kite making"],
            "availability": ["mon 17:00-20:00"],
            "postcode": "48143",
            "consent": True,
            "notes": "Likes tea.",
        }
        with app.app_context(), write_transaction():
            return services.create_newcomer(actor, **{**known, **values}).id

    return make


@pytest.fixture
def coordinator(login: Callable[..., Client]) -> Callable[..., Client]:
    """A browser with a coordinator logged in who reads English."""

    def log_in(town: str = "muenster") -> Client:
        client = login("coordinator", town)
        client.get("/account?lang=en")
        return client

    return log_in
