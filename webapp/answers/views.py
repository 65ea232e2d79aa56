"""Answers to questions about the plan: why not, what it would take, what a town is short of, who waits."""

from __future__ import annotations

import uuid
from typing import Any

from flask import Blueprint, render_template

from webapp.answers import labels, sentences, services
from webapp.newcomers.services import get_newcomer
from webapp.offers.services import get_offer, offers_by_id
from webapp.placements.fit import waiting_weeks
from webapp.profiles.hours import weekday_names
from webapp.profiles.labels import reader_language
from webapp.towns.services import today_of
from webapp.web.actor import current_actor

bp = Blueprint("answers", __name__)


@bp.context_processor
def _sentences() -> dict[str, Any]:
    """What these pages write figures with."""
    return {"figure": sentences}


@bp.get("/newcomers/<uuid:newcomer_id>/answers")
def person(newcomer_id: uuid.UUID) -> str:
    """What a newcomer is proposed as things stand, what stays open and why, and what would help."""
    actor = current_actor()
    answer = services.explain_person(actor, newcomer_id, reader_language())
    newcomer = get_newcomer(actor, newcomer_id)  # as it is after the answer was found
    named = [one["offer_id"] for one in answer["proposals"]] + [one["finds"] for one in answer["relaxations"]]
    return render_template(
        "answers/person.html",
        newcomer=newcomer,
        answer=answer,
        offers=offers_by_id(actor, named),
        weeks=waiting_weeks(newcomer, today_of(actor)),
    )


@bp.get("/newcomers/<uuid:newcomer_id>/answers/<uuid:offer_id>")
def pair(newcomer_id: uuid.UUID, offer_id: uuid.UUID) -> str:
    """Why one pair is not proposed, what insisting would cost the plan, and who would be moved."""
    actor = current_actor()
    answer = services.explain_pair(actor, newcomer_id, offer_id, reader_language())
    return render_template(
        "answers/pair.html",
        newcomer=get_newcomer(actor, newcomer_id),
        offer=get_offer(actor, offer_id),
        answer=answer,
    )


@bp.get("/shortage")
def shortage() -> str:
    """What the town is short of, and whether everybody is served alike."""
    actor = current_actor()
    answer = services.explain_town(actor, reader_language())
    return render_template(
        "answers/shortage.html",
        suggestions=answer["recruiting"],
        further_places=answer["further_places"],
        offers=offers_by_id(actor, [place["offer_id"] for place in answer["further_places"]]),
        fairness=answer["fairness"],
        groups=_named_groups(answer["fairness"]["groups"]),
        weekdays=dict(weekday_names()),
    )


def _named_groups(groups: dict[str, list[dict[str, Any]]]) -> list[tuple[str, list[dict[str, Any]]]]:
    """The groups of the report in the order people look for them, with what they are called."""
    return [
        (
            str(name),
            [cell | {"text": labels.group_text(dimension, cell["name"])} for cell in groups[dimension]],
        )
        for dimension, name in labels.DIMENSION_NAMES.items()
        if dimension in groups
    ]
