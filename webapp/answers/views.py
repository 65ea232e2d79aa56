"""Answers to questions about the plan: why not, what it would take, what a town is short of, who waits."""

from __future__ import annotations

import uuid
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from webapp.answers import labels, sentences, services, tasks
from webapp.answers.services import Question
from webapp.newcomers.services import get_newcomer, newcomers_by_id
from webapp.offers.services import get_offer, offers_by_id
from webapp.placements.fit import waiting_weeks
from webapp.profiles.hours import weekday_names
from webapp.profiles.labels import reader_language
from webapp.runs.labels import why_text
from webapp.storage.access import Actor
from webapp.towns.services import today_of
from webapp.web.actor import current_actor
from webapp.web.parts import is_part_asked

bp = Blueprint("answers", __name__)


@bp.context_processor
def _sentences() -> dict[str, Any]:
    """What these pages write figures with."""
    return {"figure": sentences}


@bp.get("/newcomers/<uuid:newcomer_id>/answers")
def person(newcomer_id: uuid.UUID) -> ResponseReturnValue:
    """What a newcomer is proposed as things stand, what stays open and why, and what would help."""
    actor, question = current_actor(), Question(newcomer_id)
    standing = _standing(actor, question)
    if standing is None:
        return "", 204
    newcomer = get_newcomer(actor, newcomer_id)
    result = standing["result"]
    if result is None:
        left = services.left_by_run(actor, newcomer)
        named = [str(proposal.offer_id) for proposal in left["proposals"]]
    else:
        left = result
        found = [one["offer_id"] for one in result["proposals"]]
        named = [*found, *(one["finds"] for one in result["relaxations"])]
    return render_template(
        "answers/person.html",
        newcomer=newcomer,
        left=left,
        offers=offers_by_id(actor, named),
        weeks=waiting_weeks(newcomer, today_of(actor)),
        why_text=why_text,
        **standing,
    )


@bp.post("/newcomers/<uuid:newcomer_id>/answers")
def ask_about_person(newcomer_id: uuid.UUID) -> ResponseReturnValue:
    """Let the worker find out what would help a newcomer."""
    return _ask(Question(newcomer_id), url_for("answers.person", newcomer_id=newcomer_id))


@bp.get("/newcomers/<uuid:newcomer_id>/answers/<uuid:offer_id>")
def pair(newcomer_id: uuid.UUID, offer_id: uuid.UUID) -> ResponseReturnValue:
    """Why one pair is not proposed, what insisting would cost the plan, and who would be moved."""
    actor, question = current_actor(), Question(newcomer_id, offer_id)
    standing = _standing(actor, question)
    if standing is None:
        return "", 204
    moves = standing["result"]["moves"] if standing["result"] is not None else []
    return render_template(
        "answers/pair.html",
        newcomer=get_newcomer(actor, newcomer_id),
        offer=get_offer(actor, offer_id),
        moved=_moved(actor, newcomer_id, moves),
        **standing,
    )


@bp.post("/newcomers/<uuid:newcomer_id>/answers/<uuid:offer_id>")
def ask_about_pair(newcomer_id: uuid.UUID, offer_id: uuid.UUID) -> ResponseReturnValue:
    """Let the worker find out what insisting on a pair would cost."""
    address = url_for("answers.pair", newcomer_id=newcomer_id, offer_id=offer_id)
    return _ask(Question(newcomer_id, offer_id), address)


@bp.get("/shortage")
def shortage() -> ResponseReturnValue:
    """What the town is short of, and whether everybody is served alike."""
    actor = current_actor()
    standing = _standing(actor, Question())
    if standing is None:
        return "", 204
    result = standing["result"]
    places = result["further_places"] if result is not None else []
    return render_template(
        "answers/shortage.html",
        offers=offers_by_id(actor, [place["offer_id"] for place in places]),
        groups=_named_groups(result["fairness"]["groups"]) if result is not None else [],
        weekdays=dict(weekday_names()),
        **standing,
    )


@bp.post("/shortage")
def ask_about_town() -> ResponseReturnValue:
    """Let the worker find out what the town is short of."""
    return _ask(Question(), url_for("answers.shortage"))


def _ask(question: Question, address: str) -> ResponseReturnValue:
    tasks.put_to_work(current_actor(), question, reader_language())
    return redirect(address, 303)


def _standing(actor: Actor, question: Question) -> dict[str, Any] | None:
    """How far an answer is and what is known, for the pages; None for who polls for what is shown already."""
    answer = services.find_answer(actor, question, reader_language())
    seen = f"{answer.state} {answer.stage}" if answer is not None else ""
    if is_part_asked() and answer is not None and answer.is_under_way and request.args.get("seen") == seen:
        return None
    return {
        "answer": answer,
        "seen": seen,
        "result": answer.result if answer is not None and answer.found_at is not None else None,
        "is_current": answer is not None and services.is_current(actor, answer),
        "stages": labels.STAGE_NAMES,
        "asks_at_once": question != Question(),  # what a whole town is short of takes the longest
    }


def _moved(actor: Actor, newcomer_id: uuid.UUID, moves: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Whose proposals would change: who loses one first, then who gets another, then who gains."""
    people = newcomers_by_id(actor, [move["newcomer_id"] for move in moves])
    ids = [move[side] for move in moves for side in ("before", "after") if move[side] is not None]
    offers = offers_by_id(actor, ids)
    others = [
        {
            "newcomer": people[move["newcomer_id"]],
            "kind": move["kind"],
            "before": offers.get(move["before"]),
            "after": offers.get(move["after"]),
        }
        for move in moves
        if move["newcomer_id"] in people and move["newcomer_id"] != str(newcomer_id)
    ]
    return sorted(others, key=lambda move: (move["after"] is not None, move["before"] is None))


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
