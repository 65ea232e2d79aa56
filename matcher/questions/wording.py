"""The engine's answers as sentences, in any of its languages. It puts into words and finds out nothing."""

from __future__ import annotations

import gettext
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from functools import cache
from itertools import accumulate
from typing import Any

from babel import Locale
from babel.dates import format_date, get_day_names
from babel.numbers import format_decimal

from matcher.pairs.criteria import CRITERIA
from matcher.pairs.eligibility import RULES_BY_NAME
from matcher.pairs.policy import Policy
from matcher.pairs.scoring import shares
from matcher.questions.explanation import Explanation, Move
from matcher.questions.facts import PairFacts
from matcher.questions.fairness import FairnessReport
from matcher.questions.recruiting import PlaceWorth, Suggestion
from matcher.questions.relaxations import Adjustment, Relaxation
from matcher.records.vocabulary import CATALOGUES, MINUTES_A_DAY, WEEKDAYS, Hours, load_taxonomy


def _(text: str) -> str:
    """Mark a text for translation."""
    return text


PROPOSED = _("proposed")
PRICE = _("possible, but the place is worth more to others: insisting would cost the plan {points} points")
ABOUT = _("about, as meetings at the same hours had to be sorted out")
NOTHING = _("nothing proposed")
BRINGS = _("would bring the plan {points} points")
BRINGS_ANOTHER = _("would bring the plan {points} points and this person {finds}")
CHANGES: Mapping[str, str] = {
    "travel": _("{amount} more minutes of travel to {offer}"),
    "hours": _("time on {times} as well, for {offer}"),
    "language": _("a language level lower by {amount} at {offer}, or that much more learnt"),
    "free_place": _("one more place at {offer}"),
    "mixing_limit": _("one more place for this first language at {offer}"),
    "step_free": _("step-free access at {offer}"),
    "childcare": _("childcare at {offer}"),
    "low_cost": _("support with the cost of {offer}"),
    "wanted": _("taking on one more at once"),
}
"""By the rule that stands in the way: the change that would help."""
KIND_NAMES: Mapping[str, str] = {
    "association": _("association"),
    "mentor": _("mentor"),
    "neighbour": _("neighbour"),
}
WOMEN_ONLY = _("women only")
SUGGESTION = _("new: {what}: with one place, two, ... {worth} points, {helped} more people with a proposal")
FURTHER_PLACE = _("one more place at {offer}, two, ...: {worth} points")
SERVED = _("{n_matched} of {n} people who have nothing yet get a proposal ({share} %)")
NEED_GAP = _(
    "their share with greater need less that of the others: {gap} percentage points ({low} to {high})"
)
COMPARABLE_GAP = _("the same among people with about as many possible offers: {gap} ({low} to {high})")


@cache
def _translations(language: str) -> gettext.NullTranslations:
    return gettext.translation("matcher", CATALOGUES, languages=[language], fallback=True)


def translated(text: str, language: str) -> str:
    """A marked text in another language; as it is where there is no translation."""
    return _translations(language).gettext(text)


def why(explanation: Explanation, facts: PairFacts, policy: Policy, language: str) -> list[str]:
    """The parts of a score, the largest first: what speaks for the pair, and how much of what it could add.

    Parameters
    ----------
    explanation : Explanation
    facts : PairFacts
    policy : Policy
    language : str
        One of `vocabulary.LANGUAGES`.

    Returns
    -------
    list of str
        One sentence for each part that adds anything; in points of a hundred.
    """
    most = dict(zip((criterion.name for criterion in CRITERIA), shares(policy).tolist(), strict=True))
    criteria = {criterion.name: criterion for criterion in CRITERIA}
    sentences = []
    for name, part in sorted(explanation.parts.items(), key=lambda item: -item[1]):
        if part > 0:
            named = criteria[name].facts
            said = ", ".join(_FACTS[named](explanation, facts, language)) if named else ""
            text = translated(criteria[name].text, language)
            points = f"{100 * part:.0f}/{100 * most[name]:.0f}"
            sentences.append(f"{text}: {said} ({points})" if said else f"{text} ({points})")
    return sentences


def why_not(explanation: Explanation, language: str) -> list[str]:
    """What stands in the way of a pair, with the values that collide; or what insisting would cost."""
    if explanation.is_proposed:
        return [translated(PROPOSED, language)]
    if explanation.rules:
        return [
            _with_facts(
                translated(RULES_BY_NAME[name].text, language),
                _collision_facts(name, explanation.collisions.get(name, {}), language),
            )
            for name in explanation.rules
        ]
    if explanation.price is None:
        return []
    sentence = translated(PRICE, language).format(points=_points(explanation.price, language))
    return [sentence if explanation.price_is_exact else _with_facts(sentence, translated(ABOUT, language))]


def move_in_words(move: Move, names: Mapping[str, str], language: str) -> str:
    """Who would go from where to where."""
    none = translated(NOTHING, language)
    before, after = (none if side is None else names.get(side, side) for side in (move.before, move.after))
    return f"{names.get(move.newcomer_id, move.newcomer_id)}: {before} → {after}"


def relaxation_in_words(relaxation: Relaxation, names: Mapping[str, str], language: str) -> str:
    """One change, and what it would bring."""
    offer = names.get(relaxation.offer_id, relaxation.offer_id)
    is_same = relaxation.finds == relaxation.offer_id
    brings = translated(BRINGS if is_same else BRINGS_ANOTHER, language).format(
        points=_points(relaxation.gain, language), finds=names.get(relaxation.finds, relaxation.finds)
    )
    return f"{change_in_words(relaxation, offer, language)}: {brings}"


def change_in_words(change: Adjustment | Relaxation, offer: str, language: str) -> str:
    """One change that concerns an offer of this name."""
    return translated(CHANGES[change.rule], language).format(
        amount=format_decimal(change.amount, "0.##", locale=language),
        offer=offer,
        times=", ".join(hours_in_words(change.change.get("availability", ())[-1:], language)),
    )


def suggestion_in_words(suggestion: Suggestion, language: str) -> str:
    """An offer that there is not, and what its first, second, ... place would bring."""
    days = get_day_names("wide", locale=language)
    what = [
        translated(KIND_NAMES[suggestion.kind], language),
        suggestion.district,
        days[WEEKDAYS.index(suggestion.weekday)] if suggestion.weekday else "",
        *_terms(filter(None, [suggestion.interest]), language),
        Locale.parse(language).languages.get(suggestion.language, suggestion.language),
        translated(WOMEN_ONLY, language) if suggestion.women_only else "",
    ]
    return translated(SUGGESTION, language).format(
        what=", ".join(filter(None, what)),
        worth=_points_in_turn(suggestion.worth, language),
        helped=", ".join(map(str, suggestion.n_helped)),
    )


def further_place_in_words(place: PlaceWorth, names: Mapping[str, str], language: str) -> str:
    """What the first, second, ... further place at an offer would bring."""
    return translated(FURTHER_PLACE, language).format(
        offer=names.get(place.offer_id, place.offer_id), worth=_points_in_turn(place.worth, language)
    )


def fairness_in_words(report: FairnessReport, language: str) -> list[str]:
    """How many are served, and how that differs by need; the groups stand in the report itself."""
    overall, sentences = report.overall, []
    if overall.share is not None:
        share = format_decimal(100 * overall.share, "0", locale=language)
        served = translated(SERVED, language)
        sentences.append(served.format(n_matched=overall.n_matched, n=overall.n, share=share))
    for text, gap in ((NEED_GAP, report.raw_gap), (COMPARABLE_GAP, report.comparable_gap)):
        if gap is not None:
            figures = (
                format_decimal(round(100 * value), "+0;-0", locale=language)
                for value in (gap.difference, *gap.interval)
            )
            sentences.append(
                translated(text, language).format(**dict(zip(("gap", "low", "high"), figures, strict=True)))
            )
    return sentences


def hours_in_words(times: Iterable[Hours], language: str) -> list[str]:
    """Stretches of the week with the day's name."""
    days = get_day_names("abbreviated", context="stand-alone", locale=language)
    named = []
    for start, end in sorted(times):
        day, begin = divmod(start, MINUTES_A_DAY)
        close = end - day * MINUTES_A_DAY
        clock = f"{begin // 60:02d}:{begin % 60:02d}–{close // 60:02d}:{close % 60:02d}"
        named.append(f"{days[day]} {clock}")
    return named


def _points(worth: float, language: str) -> str:
    return format_decimal(100 * worth, "0.0", locale=language)


def _points_in_turn(worth: Iterable[float], language: str) -> str:
    return ", ".join(_points(value, language) for value in accumulate(worth))


def _with_facts(text: str, facts: str) -> str:
    return f"{text} ({facts})" if facts else text


# Facts of the criteria -------------------------------------------------------------------------------


def _terms(terms: Iterable[str], language: str) -> list[str]:
    known = load_taxonomy().terms
    return [known[term].names.get(language, term) if term in known else term for term in terms]


def _languages(facts: PairFacts, language: str) -> list[str]:
    names = Locale.parse(language).languages
    return [names.get(common.code, common.code) for common in facts.languages if common.counts]


def _way(explanation: Explanation, language: str) -> list[str]:
    if explanation.travel_minutes is None or explanation.distance_km is None:
        return []
    km = format_decimal(explanation.distance_km, "0.0", locale=language)
    return [f"{explanation.travel_minutes:.0f} min", f"{km} km"]


def _confirmed(facts: PairFacts, language: str) -> list[str]:
    day = facts.offer.confirmed_at
    return [] if day is None else [format_date(day, "medium", locale=language)]


# By what a criterion's declaration calls its facts.
_FACTS: Mapping[str, Callable[[Explanation, PairFacts, str], list[str]]] = {
    "interests": lambda _e, facts, language: _terms(facts.interests, language),
    "languages": lambda _e, facts, language: _languages(facts, language),
    "way": lambda explanation, _f, language: _way(explanation, language),
    "meeting": lambda _e, facts, language: hours_in_words(facts.meeting, language),
    "reciprocity": lambda _e, facts, language: _terms(facts.reciprocity, language),
    "freshness": lambda _e, facts, language: _confirmed(facts, language),
}


# Facts of the rules ----------------------------------------------------------------------------------


Collision = Mapping[str, Any]


def _too_far(values: Collision, _language: str) -> str:
    minutes = values["minutes"]
    return "" if minutes is None else f"{minutes:.0f} min > {values['most']} min"


def _age_limits(values: Collision, _language: str) -> str:
    limits = (("≥", values["from"]), ("≤", values["to"]))
    asked = " ".join(f"{sign} {limit}" for sign, limit in limits if limit is not None)
    return f"{'?' if values['age'] is None else values['age']}; {asked}"


def _other_hours(values: Collision, language: str) -> str:
    sides = (hours_in_words(values[side], language) for side in ("free", "times"))
    return " | ".join(", ".join(side) or "?" for side in sides)


def _levels(values: Collision, _language: str) -> str:
    own, there = (
        ", ".join(f"{code} {level}" for code, level in values[side].items()) or "?"
        for side in ("newcomer", "offer")
    )
    return f"{own} | ≥ {values['asked']}" if values["asked"] else f"{own} | {there}"


def _cost(values: Collision, _language: str) -> str:
    cost = values["cost_eur_month"]
    return "" if cost is None else f"{cost:g} € > {values['most']:g} €"


def _valid_until(values: Collision, language: str) -> str:
    until: date | None = values["valid_until"]
    return "" if until is None else format_date(until, "medium", locale=language)


# The values side by side, without words that would need a translation of their own.
_COLLISION_FACTS: Mapping[str, Callable[[Collision, str], str]] = {
    "travel": _too_far,
    "age": _age_limits,
    "hours": _other_hours,
    "time_clash": lambda values, language: ", ".join(hours_in_words(values["times"], language)),
    "language": _levels,
    "low_cost": _cost,
    "free_place": lambda values, _language: f"{values['free']}/{values['capacity']}",
    "screening": _valid_until,
}


def _collision_facts(rule: str, values: Collision, language: str) -> str:
    return _COLLISION_FACTS[rule](values, language) if values and rule in _COLLISION_FACTS else ""
