"""Questions to the plan as it would be now: why, why not, what it would take, what the town is short of."""

from __future__ import annotations

import uuid
from typing import Any

from webapp import engine
from webapp.access import Actor
from webapp.matching.runs import solve
from webapp.matching.services import today_of
from webapp.newcomers.services import get_newcomer
from webapp.offers.services import get_offer


def explain_pair(actor: Actor, newcomer_id: uuid.UUID, offer_id: uuid.UUID, language: str) -> dict[str, Any]:
    """Why a pair of the actor's town is proposed, or why not, and what insisting would cost.

    Raises
    ------
    NotFound
        For people and offers that are not there, or of another town.
    """
    newcomer, offer = get_newcomer(actor, newcomer_id), get_offer(actor, offer_id)
    pair = str(newcomer.id), str(offer.id)
    return engine.about_pair(_plan(actor), *pair, language)


def explain_person(actor: Actor, newcomer_id: uuid.UUID, language: str) -> dict[str, Any]:
    """What a newcomer of the actor's town is proposed, what stays open, and what it would take.

    Raises
    ------
    NotFound
        For people who are not there, or of another town.
    """
    person = str(get_newcomer(actor, newcomer_id).id)
    return engine.about_person(_plan(actor), person, language)


def explain_town(actor: Actor) -> dict[str, Any]:
    """What the actor's town is short of, and who is served."""
    return engine.about_town(_plan(actor))


def _plan(actor: Actor) -> engine.Plan:
    return solve(actor, today_of(actor)).plan
