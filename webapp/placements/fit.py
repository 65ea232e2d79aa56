"""What of a pair matters to whoever decides: what both sides share, where the score comes from.

Only what helps the decision is shown: how to reach people, where they live and when they were born is not.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from flask_babel import format_date, format_decimal
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from webapp.engine.policies import Policy
from webapp.engine.questions import Need, PairFacts, interests_in_common, pair_facts
from webapp.engine.records import to_newcomer, to_offer
from webapp.engine.texts import CRITERION_REASONS
from webapp.engine.vocabulary import Hours, parse_hours, primary_language
from webapp.newcomers.models import Newcomer
from webapp.offers.models import Offer
from webapp.placements import sentences
from webapp.placements.labels import MET_BY_NAMES, criterion_text
from webapp.profiles import labels as profile_labels
from webapp.profiles.hours import hours_text

STRONG = 0.6
"""From this share of the most it could be, a part of the score is named as a reason."""


@dataclass(frozen=True)
class SideWord:
    """A word on one side, and whether the other side has it too: quite, or in part."""

    text: str
    is_shared: bool = False
    is_akin: bool = False


@dataclass(frozen=True)
class Aspect:
    """One line of the comparison: what it is about, and what stands on either side."""

    name: str
    newcomer: Sequence[SideWord]
    offer: Sequence[SideWord]

    @property
    def is_shared(self) -> bool:
        """Whether the two have something in common here."""
        return any(term.is_shared or term.is_akin for term in (*self.newcomer, *self.offer))


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


def facts_of(newcomer: Newcomer, offer: Offer, policy: Policy, today: date) -> PairFacts:
    """What the engine finds out about two rows: what they share, what is met and by what."""
    return pair_facts(to_newcomer(newcomer, ""), to_offer(offer, ""), policy, today)


def parts_of(parts: Mapping[str, float], limits: Mapping[str, float]) -> list[Part]:
    """The parts of a score in the order in which people read them; those without weight are left out."""
    return [
        Part(name, criterion_text(name), 100 * parts.get(name, 0.0), 100 * most)
        for name, most in limits.items()
        if most > 0
    ]


def reasons_for(
    newcomer: Newcomer,
    offer: Offer,
    parts: Mapping[str, float],
    limits: Mapping[str, float],
    most: int = 3,
) -> list[str]:
    """The strongest parts of a score in words; shared interests by their names."""
    shared = interests_in_common(newcomer.interests, offer.interests)
    names = {name: str(_l(text)) for name, text in CRITERION_REASONS.items()}
    if shared:
        names["interests"] = ", ".join(profile_labels.interest_names(shared[:2]))
    named = [
        part
        for part in parts_of(parts, limits)
        if part.name in names and (part.is_strong or (shared and part.name == "interests"))
    ]
    named.sort(key=lambda part: -part.points)
    return [names[part.name] for part in named[:most]]


def compare_sides(
    newcomer: Newcomer, offer: Offer, facts: PairFacts, today: date, way: str = ""
) -> list[Aspect]:
    """Both sides, aspect by aspect; aspects of which neither side says anything are left out.

    What is shared or met stands in the facts, as the engine found it out; nothing is judged here.
    """
    related = facts.related_interests
    aspects = [
        _languages(newcomer, offer, facts),
        Aspect(
            _("Interests"),
            _shared_first(newcomer.interests, facts.interests, [own for own, _other in related]),
            _shared_first(offer.interests, facts.interests, [other for _own, other in related]),
        ),
        Aspect(_("Would rather not"), _interests(facts.disliked), _interests(facts.unwelcome)),
        Aspect(
            _("Goals"),
            _named(newcomer.goals, facts.goals, profile_labels.GOAL_NAMES),
            _named(offer.goals, facts.goals, profile_labels.GOAL_NAMES),
        ),
        Aspect(
            _("Gives and looks for"),
            _shared_first(newcomer.can_offer, facts.reciprocity),
            _shared_first(offer.seeks, facts.reciprocity),
        ),
        _hours(newcomer, offer, facts),
        _needs(offer, facts),
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


# Aspects ---------------------------------------------------------------------------------------------


def _languages(newcomer: Newcomer, offer: Offer, facts: PairFacts) -> Aspect:
    counts = {common.code: common.counts for common in facts.languages}

    def of(rows: Sequence[Any]) -> list[SideWord]:
        found = [(_language(row), counts.get(primary_language(row["code"]))) for row in rows]
        return [SideWord(text, is_shared=bool(enough), is_akin=enough is False) for text, enough in found]

    asked = [SideWord(_("asked for: %(level)s", level=offer.min_level))] if offer.min_level else []
    return Aspect(_("Languages"), of(newcomer.languages), [*of(offer.languages), *asked])


def _language(row: Mapping[str, str]) -> str:
    name = profile_labels.language_name(row["code"])
    if row["level"] == "native":
        return name
    return f"{name} {row['level']}"


def _interests(
    terms: Iterable[str], shared: Collection[str] = (), akin: Collection[str] = ()
) -> list[SideWord]:
    return [
        SideWord(
            profile_labels.interest_names([term])[0], term in shared, term not in shared and term in akin
        )
        for term in terms
    ]


def _shared_first(
    terms: Iterable[str], shared: Collection[str], akin: Collection[str] = ()
) -> list[SideWord]:
    return sorted(_interests(terms, shared, akin), key=lambda word: (not word.is_shared, not word.is_akin))


def _named(values: Iterable[str], shared: Collection[str], names: Mapping[str, Any]) -> list[SideWord]:
    return [SideWord(profile_labels.names_of([value], names)[0], value in shared) for value in values]


def _needs(offer: Offer, facts: PairFacts) -> Aspect:
    """What the newcomer needs, and what of the offer meets it; then what else the offer has."""
    met = {need.need: need for need in facts.needs if need.is_met}
    also = [what for what in offer.access if what not in met]
    if offer.gender_group == "women_only" and "women_only" not in met:
        also.append("women_only")
    names = profile_labels.NEED_NAMES

    def mark(text: str, need: Need) -> SideWord:
        is_known = need.met_by != "cost_not_said"
        return SideWord(text, is_shared=need.is_met and is_known, is_akin=need.is_met and not is_known)

    return Aspect(
        _("Needs"),
        [mark(profile_labels.names_of([need.need], names)[0], need) for need in facts.needs],
        [*(mark(_met_by(need, offer), need) for need in met.values()), *_named(also, (), names)],
    )


def _met_by(need: Need, offer: Offer) -> str:
    if need.met_by == "access":
        return profile_labels.names_of([need.need], profile_labels.NEED_NAMES)[0]
    if need.met_by == "cost":
        return _cost(offer)
    return str(MET_BY_NAMES[need.met_by])


def _hours(newcomer: Newcomer, offer: Offer, facts: PairFacts) -> Aspect:
    def of(times: Sequence[str]) -> list[SideWord]:
        stretches = sorted(parse_hours(text) for text in times)
        return [
            SideWord(hours_name(hours), any(hours.overlaps(one) for one in facts.meeting))
            for hours in stretches
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
    euros = _amount(offer.cost_eur_month)
    if offer.cost_support:
        return _("%(euros)s € a month, support possible", euros=euros)
    return _("%(euros)s € a month", euros=euros)


def _amount(euros: float) -> str:
    """An amount as people of the language write it: with cents, or with none."""
    return format_decimal(euros, "#,##0" if euros == int(euros) else "#,##0.00")


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
    found = [_("%(taken)s of %(capacity)s taken", taken=offer.there, capacity=offer.capacity)]
    if offer.confirmed_at is not None:
        found.append(_("confirmed on %(day)s", day=format_date(offer.confirmed_at, "medium")))
    return [SideWord(text) for text in found]
