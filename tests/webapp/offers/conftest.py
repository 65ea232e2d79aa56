"""Offers for the tests of their room."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from tests.web import Client
from webapp.offers import services
from webapp.storage.access import Actor, system_actor
from webapp.storage.database import write_transaction


@pytest.fixture
def make_offer(app: Flask, make_town: Callable[..., uuid.UUID]) -> Callable[..., uuid.UUID]:
    """Makes an offer of a town and gives the id: ``make_offer("mentor", capacity=2, town="enschede")``."""

    def make(kind: str = "association", town: str = "muenster", **values: Any) -> uuid.UUID:
        actor = system_actor(make_town(town))
        known = {
            "name": "Choir on the Hill",
            "contact_name": "Petra Contact",
            "contact_email": "petra@choir.example",
            "capacity": 10,
            "taken_elsewhere": 4,
            "interests": ["choir"],
            "times": ["thu 18:00-19:30"],
            "postcode": "48143",
        }
        with app.app_context(), write_transaction():
            return services.create_offer(actor, kind=kind, **{**known, **values}).id

    return make


@pytest.fixture
def make_link(app: Flask, make_town: Callable[..., uuid.UUID]) -> Callable[..., str]:
    """Makes the capacity link of an offer and gives its token."""

    def make(offer_id: uuid.UUID, town: str = "muenster") -> str:
        actor: Actor = system_actor(make_town(town))
        with app.app_context(), write_transaction():
            return services.create_capacity_link(actor, offer_id)[0]

    return make


@pytest.fixture
def coordinator(login: Callable[..., Client]) -> Callable[..., Client]:
    """A browser with a coordinator logged in who reads English."""

    def log_in(town: str = "muenster") -> Client:
        client = login("coordinator", town)
        client.get("/account?lang=en")
        return client

    return log_in
