"""What of a pair matters to whoever decides: what both sides share, where the score comes from.

Only what helps the decision is shown: how to reach people, where they live and when they were born is not.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from flask_babel import format_date
from flask_babel import gettext as _

from webapp.engine import vocabulary
from webapp.engine.vocabulary import Hours
from webapp.newcomers.models import Newcomer
from webapp.offers.models import Offer
from webapp.placements import sentences
from webapp.placements.labels import REASON_NAMES, criterion_text
from webapp.profiles import labels as profile_labels
from webapp.profiles.hours import hours_text

STRONG = 0.6
"""From this share of the most it could be, a part of the score is named as a reason."""


@dataclass(frozen=True)
class SideWord:
    """A word on one side, and whether the other side has it too."""

    text: str
    is_shared: bool = False


@dataclass(frozen=True)
class Aspect:
    """One line of the comparison: what it is about, and what stands on either side."""

    name: str
    newcomer: Sequence[SideWord]
    offer: Sequence[SideWord]

    @property
    def is_shared(self) -> bool:
        """Whether the two have something in common here."""
        return any(term.is_shared for term in (*self.newcomer, *self.offer))


@dataclass(frozen=True)
class Part:
    """A part of the score: what it adds and the most it could add, in points of a hundred."""

    name: str
    text: str
    points: float
    most: float

    @property
    def is_strong(self) -> bool:
        """Whether it is near the most it could be."""
        return self.most > 0 and self.points >= STRONG * self.most


def parts_of(parts: Mapping[str, float], limits: Mapping[str, float]) -> list[Part]:
    """The parts of a score in the order in which people read them; those without weight are left out."""
    return [
        Part(name, criterion_text(name), 100 * parts.get(name, 0.0), 100 * most)
        for name, most in limits.items()
        if most > 0
    ]


def reasons_for(
    newcomer: Newcomer, offer: Offer, parts: Mapping[str, float], limits: Mapping[str, float], most: int = 3
) -> list[str]:
    """The strongest parts of a score in words; shared interests by their names."""
    close = [term for term in offer.interests if _is_close_to_any(term, newcomer.interests)]
    shared = [term for term in close if term in newcomer.interests] or close
    names = (
        {**REASON_NAMES, "interests": ", ".join(profile_labels.interest_names(shared[:2]))}
        if shared
        else REASON_NAMES
    )
    named = [
        part
        for part in parts_of(parts, limits)
        if part.name in names and (part.is_strong or (shared and part.name == "interests"))
    ]
    named.sort(key=lambda part: -part.points)
    return [str(names[part.name]) for part in named[:most]]


def compare_sides(newcomer: Newcomer, offer: Offer, today: date, way: str = "") -> list[Aspect]:
    """Both sides, aspect by aspect; aspects of which neither side says anything are left out."""
    aspects = [
        _languages(newcomer, offer),
        _interests(_("Interests"), newcomer.interests, offer.interests),
        _dislikes(newcomer, offer),
        _named(_("Goals"), newcomer.goals, offer.goals, profile_labels.GOAL_NAMES),
        _interests(_("Gives and looks for"), newcomer.can_offer, offer.seeks),
        _hours(newcomer, offer),
        _named(_("Needs"), newcomer.needs, _provided(offer), profile_labels.NEED_NAMES),
        Aspect(_("Conditions"), _wishes(newcomer), _conditions(offer)),
        Aspect(_("Way"), _mobility(newcomer) if way else [], [SideWord(way)] if way else []),
        Aspect(_("How it stands"), _waiting(newcomer, today), _places(offer)),
    ]
    return [aspect for aspect in aspects if aspect.newcomer or aspect.offer]


def waiting_weeks(newcomer: Newcomer, today: date) -> int | None:
    """How many weeks somebody has waited; None where it is not known."""
    if newcomer.waiting_since is None:
        return None
    return max(0, (today - newcomer.waiting_since).days // 7)


def common_hours(newcomer: Newcomer, offer: Offer) -> list[str]:
    """The hours in which the two can meet: whole sessions of an activity, any stretch with a person."""
    free = _joined(vocabulary.parse_hours(text) for text in newcomer.availability)
    times = [vocabulary.parse_hours(text) for text in offer.times]
    if offer.kind == "association":
        return [str(session) for session in times if any(hours.contains(session) for hours in free)]
    return [
        str(Hours(max(one.start, other.start), min(one.end, other.end)))
        for one in _joined(times)
        for other in free
        if one.overlaps(other)
    ]


def _joined(stretches: Iterable[Hours]) -> list[Hours]:
    joined: list[Hours] = []
    for hours in sorted(stretches):
        if joined and hours.start <= joined[-1].end and _same_day(joined[-1], hours):
            joined[-1] = Hours(joined[-1].start, max(joined[-1].end, hours.end))
        else:
            joined.append(hours)
    return joined


def _same_day(one: Hours, other: Hours) -> bool:
    return one.start // (24 * 60) == other.start // (24 * 60)


# Aspects ---------------------------------------------------------------------------------------------


def _languages(newcomer: Newcomer, offer: Offer) -> Aspect:
    def of(one: Sequence[Any], other: Sequence[Any]) -> list[SideWord]:
        known = {vocabulary.primary_language(row["code"]) for row in other}
        return [
            SideWord(
                _language(row), vocabulary.primary_language(row["code"]) in known and row["level"] != "A0"
            )
            for row in one
        ]

    asked = [SideWord(_("asked for: %(level)s", level=offer.min_level))] if offer.min_level else []
    return Aspect(
        _("Languages"),
        of(newcomer.languages, offer.languages),
        [*of(offer.languages, newcomer.languages), *asked],
    )


def _language(row: Mapping[str, str]) -> str:
    name = profile_labels.language_name(row["code"])
    if row["level"] == "native":
        return name
    return f"{name} {row['level']}"


def _interests(name: str, ones: Sequence[str], others: Sequence[str]) -> Aspect:
    def of(terms: Sequence[str], against: Sequence[str]) -> list[SideWord]:
        marked = [
            SideWord(profile_labels.interest_names([term])[0], _is_close_to_any(term, against))
            for term in terms
        ]
        return sorted(marked, key=lambda term: not term.is_shared)

    return Aspect(name, of(ones, others), of(others, ones))


def _is_close_to_any(term: str, others: Sequence[str]) -> bool:
    return any(vocabulary.are_close(term, other) for other in others)


def _dislikes(newcomer: Newcomer, offer: Offer) -> Aspect:
    """Only what meets an interest of the other side: the rest is nobody's business here."""
    return Aspect(
        _("Would rather not"),
        [SideWord(profile_labels.interest_names([t])[0]) for t in newcomer.dislikes if t in offer.interests],
        [SideWord(profile_labels.interest_names([t])[0]) for t in offer.dislikes if t in newcomer.interests],
    )


def _named(name: str, ones: Sequence[str], others: Sequence[str], names: Mapping[str, Any]) -> Aspect:
    def of(values: Sequence[str], against: Sequence[str]) -> list[SideWord]:
        return [SideWord(profile_labels.names_of([value], names)[0], value in against) for value in values]

    return Aspect(name, of(ones, others), of(others, ones))


def _provided(offer: Offer) -> list[str]:
    """Which needs an offer meets, in the words of needs."""
    met = [need for need in ("step_free", "childcare") if need in offer.access]
    return [*met, *(["women_only"] if offer.gender_group == "women_only" else [])]


def _hours(newcomer: Newcomer, offer: Offer) -> Aspect:
    meeting = [vocabulary.parse_hours(text) for text in common_hours(newcomer, offer)]

    def of(times: Sequence[str]) -> list[SideWord]:
        stretches = sorted(vocabulary.parse_hours(text) for text in times)
        return [
            SideWord(hours_name(hours), any(hours.overlaps(one) for one in meeting)) for hours in stretches
        ]

    return Aspect(_("Hours"), of(newcomer.availability), of(offer.times))


def hours_name(hours: Hours | str) -> str:
    """A stretch of the week as people write it."""
    return hours_text([str(hours)], 1)


def _wishes(newcomer: Newcomer) -> list[SideWord]:
    if not newcomer.prefers_gender:
        return []
    preferred = profile_labels.names_of([newcomer.prefers_gender], profile_labels.PREFERENCE_NAMES)[0]
    return [SideWord(_("would rather meet: %(whom)s", whom=preferred))]


def _conditions(offer: Offer) -> list[SideWord]:
    found = []
    if offer.gender_group == "men_only":
        found.append(profile_labels.names_of([offer.gender_group], profile_labels.GENDER_GROUP_NAMES)[0])
    if offer.age_min is not None and offer.age_max is not None:
        found.append(_("from %(low)s to %(high)s years", low=offer.age_min, high=offer.age_max))
    elif offer.age_min is not None:
        found.append(_("from %(low)s years", low=offer.age_min))
    elif offer.age_max is not None:
        found.append(_("up to %(high)s years", high=offer.age_max))
    if offer.cost_eur_month is not None:
        found.append(_cost(offer))
    if offer.prefers_gender:
        preferred = profile_labels.names_of([offer.prefers_gender], profile_labels.PREFERENCE_NAMES)[0]
        found.append(_("would rather meet: %(whom)s", whom=preferred))
    return [SideWord(text) for text in found]


def _cost(offer: Offer) -> str:
    if not offer.cost_eur_month:
        return _("free of charge")
    cost = _("%(euros)s € a month", euros=f"{offer.cost_eur_month:g}")
    return f"{cost}, {_('support possible')}" if offer.cost_support else cost


def _mobility(newcomer: Newcomer) -> list[SideWord]:
    found = profile_labels.names_of(newcomer.mobility, profile_labels.MODE_NAMES)
    if newcomer.max_minutes is not None:
        found.append(_("up to %(minutes)s minutes", minutes=newcomer.max_minutes))
    return [SideWord(text) for text in found]


def _waiting(newcomer: Newcomer, today: date) -> list[SideWord]:
    found = []
    if newcomer.need_level:
        found.append(str(profile_labels.NEED_LEVEL_NAMES[newcomer.need_level]))
    weeks = waiting_weeks(newcomer, today)
    if weeks is not None:
        found.append(sentences.waiting_text(weeks))
    return [SideWord(text) for text in found]


def _places(offer: Offer) -> list[SideWord]:
    found = [_("%(taken)s of %(capacity)s taken", taken=offer.taken, capacity=offer.capacity)]
    if offer.confirmed_at is not None:
        found.append(_("confirmed on %(day)s", day=format_date(offer.confirmed_at, "medium")))
    return [SideWord(text) for text in found]
