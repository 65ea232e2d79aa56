"""Answers about a plan as plain data with sentences: the same for the command line and the API."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from matcher.planning.request import Ids
from matcher.planning.single import Plan, check_plan
from matcher.planning.unmatched import REASONS
from matcher.questions.explanation import Explanation, explain
from matcher.questions.facts import pair_facts
from matcher.questions.fairness import fairness
from matcher.questions.recruiting import further_places, recruiting
from matcher.questions.relaxations import relaxations
from matcher.questions.wording import (
    KIND_NAMES,
    change_in_words,
    fairness_in_words,
    further_place_in_words,
    move_in_words,
    relaxation_in_words,
    suggestion_in_words,
    translated,
    why,
    why_not,
)
from matcher.records.people import Newcomer, Offer
from matcher.records.vocabulary import Hours

Answer = dict[str, Any]


def about_pair(plan: Plan, newcomer_id: str, offer_id: str, language: str = "en") -> Answer:
    """Why a pair was proposed, or why not, and what insisting would cost.

    Parameters
    ----------
    plan : Plan
    newcomer_id, offer_id : str
    language : str, default "en"
        One of `matcher.records.vocabulary.LANGUAGES`.

    Returns
    -------
    dict
        The fields of `Explanation`, with ``why`` and ``why_not`` in sentences.

    Raises
    ------
    UnknownRecordError
        When the plan was made without that person or offer.
    """
    explanation = explain(plan, newcomer_id, offer_id)
    names = _names(plan)
    return plain(explanation) | {
        "is_possible": explanation.is_possible,
        "why": _why(plan, explanation, language),
        "why_not": why_not(explanation, language),
        "moves_in_words": [move_in_words(move, names, language) for move in explanation.moves],
    }


def about_person(plan: Plan, newcomer_id: str, language: str = "en", most: int = 3) -> Answer:
    """What somebody is proposed and why, which wishes stay open and why, and what it would take.

    Parameters
    ----------
    plan : Plan
    newcomer_id : str
    language : str, default "en"
    most : int, default 3
        How many changes for each open wish.

    Returns
    -------
    dict

    Raises
    ------
    UnknownRecordError
        When the plan was made without that person.
    """
    check_plan(plan)
    names = _names(plan)
    changes = relaxations(plan, newcomer_id, most=most)
    return {
        "newcomer_id": newcomer_id,
        "proposals": [
            about_pair(plan, newcomer_id, proposal.offer_id, language)
            for proposal in plan.proposals
            if proposal.newcomer_id == newcomer_id
        ],
        "open_wishes": [
            plain(wish) | {"in_words": translated(REASONS[wish.reason], language)}
            for wish in plan.unmatched
            if wish.newcomer_id == newcomer_id
        ],
        "relaxations": [
            plain(change)
            | {
                "in_words": relaxation_in_words(change, names, language),
                "change_in_words": change_in_words(change, names[change.offer_id], language),
            }
            for change in changes
        ],
    }


def about_town(plan: Plan, language: str = "en", most: int = 5) -> Answer:
    """What a town is short of, and whether everybody is served alike.

    Parameters
    ----------
    plan : Plan
    language : str, default "en"
    most : int, default 5
        How many suggestions, and how many offers with further places.

    Returns
    -------
    dict
    """
    report, names = fairness(plan), _names(plan)
    return {
        "recruiting": [
            plain(suggestion) | {"in_words": suggestion_in_words(suggestion, language)}
            for suggestion in recruiting(plan, most)
        ],
        "further_places": [
            plain(place) | {"in_words": further_place_in_words(place, names, language)}
            for place in further_places(plan, most)
        ],
        "fairness": plain(report) | {"in_words": fairness_in_words(report, language)},
    }


def plain(value: Any) -> Any:
    """A value as JSON can hold it: records as objects, dates and hours as text."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Hours):
        return str(value)
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return value.isoformat() if isinstance(value, date) else value


def _why(plan: Plan, explanation: Explanation, language: str) -> list[str]:
    ids = Ids.of(plan.newcomers, plan.offers)
    newcomer = plan.newcomers[ids.newcomers[explanation.newcomer_id]]
    offer = plan.offers[ids.offers[explanation.offer_id]]
    return why(explanation, pair_facts(newcomer, offer, plan.policy, plan.today), plan.policy, language)


def _names(plan: Plan) -> Mapping[str, str]:
    """What newcomers and offers are called, where they have a name."""
    people: tuple[Newcomer | Offer, ...] = (*plan.newcomers, *plan.offers)
    return {one.id: one.name or one.id for one in people}


# As lines of text -----------------------------------------------------------------------------------


def answer_lines(answer: Answer, language: str = "en") -> Iterator[str]:
    """An answer in a language line by line, for people to read."""
    if "recruiting" in answer:
        yield from _town_lines(answer)
    elif "proposals" in answer:
        for proposal in answer["proposals"]:
            yield from _pair_lines(proposal, language)
        for wish in answer["open_wishes"]:
            kind = translated(KIND_NAMES[wish["kind"]], language)
            yield f"{kind}: {wish['proposed']}/{wish['wanted']}, {wish['in_words']}"
        for change in answer["relaxations"]:
            yield f"  + {change['in_words']}"
    else:
        yield from _pair_lines(answer, language)


def _pair_lines(answer: Answer, language: str) -> Iterator[str]:
    kind, points = translated(KIND_NAMES[answer["kind"]], language), f"{100 * answer['score']:.0f}/100"
    yield f"{answer['newcomer_id']} - {answer['offer_id']} ({kind}): {points}"
    for sentence in answer["why_not"]:
        yield f"  {sentence}"
    for sentence in answer["moves_in_words"]:
        yield f"    {sentence}"
    for sentence in answer["why"]:
        yield f"  * {sentence}"


def _town_lines(answer: Answer) -> Iterator[str]:
    for suggestion_or_place in (*answer["recruiting"], *answer["further_places"]):
        yield suggestion_or_place["in_words"]
    yield from answer["fairness"]["in_words"]
