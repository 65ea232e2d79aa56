"""Where one more place would help most: offers that there are not, weighed by prices, then solved for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import numpy as np
from scipy.sparse import csr_array

from matcher.arguments import a_whole_number
from matcher.pairs.candidates import CandidateSearch, Tariff
from matcher.pairs.encoding import FloatArray, encode
from matcher.pairs.situation import Situation
from matcher.planning.column_generation import floors_of
from matcher.planning.single import Plan, check_plan, make_again
from matcher.records.geography import District, district_of, load_towns
from matcher.records.people import Newcomer, Offer, first_native_language
from matcher.records.vocabulary import KINDS, MINUTES_A_DAY, WEEKDAYS, Hours, primary_language

# What a new offer looks like where nothing else is asked for.
SESSION_MINUTES = 120
STARTS = (10 * 60, 16 * 60, 18 * 60)
PLACES_TRIED = 3
WORTH_ANYTHING = 1e-6  # less is what rounding leaves
_LANGUAGES, _HOURS, _INTERESTS = 3, 3, 3
# How many offers are solved for, for one that is asked for.
_TRIED_A_SUGGESTION = 2


@dataclass(frozen=True)
class Suggestion:
    """An offer that there is not, and what it would bring.

    Parameters
    ----------
    kind, district, language, weekday, interest : str
        Which offer it would be; `language` is the one it is spoken in, `interest` of an activity.
    women_only : bool
    offer : Offer
        Just this offer, with as many places as were tried.
    worth : tuple of float
        What the plan gains by its first, second, ... place, in units of score.
    n_helped : tuple of int
        How many people more are served with one, two, ... places.
    is_exact : bool
        Whether all plans compared are proven the best.
    """

    kind: str
    district: str
    language: str
    weekday: str
    interest: str
    women_only: bool
    offer: Offer
    worth: tuple[float, ...]
    n_helped: tuple[int, ...]
    is_exact: bool


@dataclass(frozen=True)
class PlaceWorth:
    """What further places at an offer there is would bring: the first, the second, ..."""

    offer_id: str
    worth: tuple[float, ...]


def further_places(plan: Plan, most: int = 10, n_places: int = PLACES_TRIED) -> tuple[PlaceWorth, ...]:
    """The offers at which one more place is worth most.

    Parameters
    ----------
    plan : Plan
    most : int, default 10
        How many offers.
    n_places : int, default 3
        How many further places at each.

    Returns
    -------
    tuple of PlaceWorth
        Best first; only offers where a place is worth anything.

    Notes
    -----
    A price is what a place is worth at most: the offers with the highest prices are asked in the live state
    of the plan, which gives the exact gain of the assignment (but for sessions that overlap).
    """
    check_plan(plan)
    most, n_places = a_whole_number("most", most), a_whole_number("n_places", n_places, least=1)
    prices = np.array([plan.prices[offer.id] for offer in plan.offers])
    problem, session = plan.workings.problem, plan.workings.session
    found = []
    for column in np.argsort(-prices, kind="stable")[: 3 * most].tolist():
        if prices[column] > 0:
            here = int(problem.capacity[column])
            gains = [session.what_if(capacity={column: here + k}).gain for k in range(1, n_places + 1)]
            worth = np.diff([0.0, *gains])
            if worth[0] > WORTH_ANYTHING:
                found.append(PlaceWorth(plan.offers[column].id, tuple(np.maximum(0.0, worth).tolist())))
    found.sort(key=lambda one: (-one.worth[0], one.offer_id))
    return tuple(found[:most])


def recruiting(plan: Plan, most: int = 5, n_places: int = PLACES_TRIED) -> tuple[Suggestion, ...]:
    """Which kind of offer, where, in which language and when, would help most.

    Parameters
    ----------
    plan : Plan
    most : int, default 5
        How many suggestions.
    n_places : int, default 3
        For how many places each is solved for.

    Returns
    -------
    tuple of Suggestion
        Best first place first; one for each kind and district.

    Notes
    -----
    Hypothetical offers are drawn up from what people with open wishes have in common: their districts, first
    languages, free hours, interests, and whether women ask to be among women. The prices of the plan say what
    each would be worth at most: the sum of the largest reduced values it would give to as many people as it
    has places. The best few are solved for, place by place: what is handed out is exact.
    """
    check_plan(plan)
    most, n_places = a_whole_number("most", most), a_whole_number("n_places", n_places, least=1)
    drafts = [*_drafts(plan)]
    if not drafts:
        return ()
    bounds = _bounds(plan, drafts, n_places)
    order = np.argsort(-bounds[:, 0], kind="stable").tolist()
    tried: dict[tuple[str, str], Suggestion] = {}
    for at in order:
        if bounds[at, 0] <= 0 or len(tried) == _TRIED_A_SUGGESTION * most:
            break
        draft = drafts[at]
        if (draft.kind, draft.district) not in tried:
            tried[draft.kind, draft.district] = _solved(plan, draft, n_places)
    found = [one for one in tried.values() if one.worth[0] > WORTH_ANYTHING]
    return tuple(sorted(found, key=lambda one: -one.worth[0])[:most])


def _solved(plan: Plan, draft: Suggestion, n_places: int) -> Suggestion:
    served = len({proposal.newcomer_id for proposal in plan.proposals})
    values, n_helped, is_exact = [plan.objective], [], plan.status == "optimal"
    for capacity in range(1, n_places + 1):
        then = make_again(plan, offers=(*plan.offers, replace(draft.offer, capacity=capacity)))
        values.append(then.objective)
        n_helped.append(len({proposal.newcomer_id for proposal in then.proposals}) - served)
        is_exact = is_exact and then.status == "optimal"
    worth = tuple(np.maximum(0.0, np.diff(values)).tolist())
    offer = replace(draft.offer, capacity=n_places)
    return replace(draft, offer=offer, worth=worth, n_helped=tuple(n_helped), is_exact=is_exact)


def _bounds(plan: Plan, drafts: Sequence[Suggestion], n_places: int) -> FloatArray:
    """What each draft would be worth at most with one, two, ... places, shape (drafts, places)."""
    result = plan.workings.result
    newcomers, policy = plan.newcomers, plan.policy
    offers = [replace(draft.offer, capacity=len(newcomers) + 1) for draft in drafts]
    situation = Situation(
        encode(newcomers, offers, policy, plan.today), policy, _none(len(newcomers), len(offers)),
        _none(len(newcomers), len(offers)),
    )  # fmt: skip
    floors = floors_of(result, len(KINDS))
    found = CandidateSearch(situation).best(tariff=Tariff(floors=floors))
    pairs = found.pairs
    value = found.scores - floors[pairs.rows, pairs.offers.kind[pairs.columns]]
    best_first = np.lexsort((-value, pairs.columns))
    columns = pairs.columns[best_first]
    rank = np.arange(columns.size) - np.searchsorted(columns, columns)
    is_used = rank < n_places
    bounds = np.zeros((len(drafts), n_places))
    bounds[columns[is_used], rank[is_used]] = value[best_first[is_used]]
    return bounds


def _none(n: int, m: int) -> Any:
    return csr_array((n, m), dtype=np.bool_)


# Drafts ----------------------------------------------------------------------------------------------


def _drafts(plan: Plan) -> Iterator[Suggestion]:
    """Offers that people with open wishes might be glad of."""
    by_id = {person.id: person for person in plan.newcomers}
    waiting = [(by_id[wish.newcomer_id], wish.kind) for wish in plan.unmatched]
    waiting = [(person, kind) for person, kind in waiting if person.consent and person.status == "ready"]
    places = dict(zip(by_id, plan.workings.situation.town.newcomers.places, strict=True))
    number = 0
    for kind in KINDS:
        by_district: dict[District, list[Newcomer]] = {}
        for person, wanted in waiting:
            district = district_of(places[person.id])
            if wanted == kind and district is not None:
                by_district.setdefault(district, []).append(person)
        most_first = sorted(by_district.items(), key=lambda item: (-len(item[1]), item[0].district))
        for district, there in most_first:
            languages = _commonest((_language_of(person) for person in there), _LANGUAGES)
            interests = _commonest((term for person in there for term in person.interests), _INTERESTS)
            is_asked = any("women_only" in person.needs for person in there)
            for hours in _commonest((hours for person in there for hours in _usable(person)), _HOURS):
                for women_only in (False, True)[: 1 + is_asked]:
                    for word in (interests or [""]) if kind == "association" else languages:
                        number += 1
                        draft_id = f"suggestion-{number}"
                        yield _draft(draft_id, kind, district, word, hours, women_only=women_only)


def _draft(
    draft_id: str, kind: str, district: District, word: str, hours: Hours, *, women_only: bool
) -> Suggestion:
    """An activity around an interest, open to all who do not speak the town's language yet; or a person."""
    spoken = load_towns()[district.town].language
    is_activity = kind == "association"
    languages = {spoken: "native"} if is_activity or word == spoken else {word: "native", spoken: "C1"}
    offer = Offer(
        id=draft_id,
        kind=kind,
        town=district.town,
        lat=district.lat,
        lon=district.lon,
        languages=languages,
        interests=(word,) if is_activity and word else (),
        times=(hours,),
        capacity=1,
        access=("step_free",),
        gender_group="women_only" if women_only and kind != "mentor" else "mixed",
        gender="" if is_activity or not women_only else "f",
        screening_valid_until=None if is_activity else date.max,
    )
    return Suggestion(
        kind=kind,
        district=district.name,
        language=spoken if is_activity else word,
        weekday=WEEKDAYS[hours.start // MINUTES_A_DAY],
        interest=word if is_activity else "",
        women_only=women_only,
        offer=offer,
        worth=(),
        n_helped=(),
        is_exact=False,
    )


def _language_of(person: Newcomer) -> str:
    return primary_language(first_native_language(person))


def _usable(person: Newcomer) -> Iterator[Hours]:
    """Usual hours of a session that lie in somebody's free hours."""
    for day in range(len(WEEKDAYS)):
        for start in STARTS:
            begin = day * MINUTES_A_DAY + start
            session = Hours(begin, begin + SESSION_MINUTES)
            if any(free.contains(session) for free in person.availability):
                yield session


def _commonest(values: Iterable[Any], most: int) -> list[Any]:
    """The values that occur most often; among equals in their own order."""
    counts = Counter(value for value in values if value)
    return sorted(counts, key=lambda value: (-counts[value], value))[:most]
