"""What exactly stands in the way of a pair: the values on either side that collide. Judges nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Any

from matcher.pairs.policy import Policy
from matcher.records.people import Newcomer, Offer, first_native_language


@dataclass(frozen=True)
class Encounter:
    """Two sides that a rule keeps apart, with what is known about their pair.

    Parameters
    ----------
    newcomer, offer : Newcomer, Offer
    policy : Policy
    today : date
    travel_minutes : float or None
    n_free : int
        Places left, confirmed placements counted.
    mix_left : int or None
        Places left for people of the newcomer's first language; None without a limit.
    open_wishes : int
        Wishes for this kind that are still open.
    """

    newcomer: Newcomer
    offer: Offer
    policy: Policy
    today: date
    travel_minutes: float | None
    n_free: int
    mix_left: int | None
    open_wishes: int


Values = Mapping[str, Any]


def _status(pair: Encounter) -> Values:
    return {"newcomer": pair.newcomer.status, "offer": pair.offer.status}


def _gender_group(pair: Encounter) -> Values:
    return {
        "newcomer": pair.newcomer.gender or None,
        "needs_women_only": "women_only" in pair.newcomer.needs,
        "offer": pair.offer.gender_group,
        "host": pair.offer.gender or None,
    }


def _age_of(pair: Encounter) -> int | None:
    return None if pair.newcomer.birth_year is None else pair.today.year - pair.newcomer.birth_year


def _age(pair: Encounter) -> Values:
    return {"age": _age_of(pair), "from": pair.offer.age_min, "to": pair.offer.age_max}


def _minors(pair: Encounter) -> Values:
    return {
        "age": _age_of(pair),
        "guardian_consent": pair.newcomer.guardian_consent,
        "accepts_minors": pair.offer.accepts_minors,
    }


def _screening(pair: Encounter) -> Values:
    return {"valid_until": pair.offer.screening_valid_until, "today": pair.today}


def _wanted(pair: Encounter) -> Values:
    return {"kind": pair.offer.kind, "open_wishes": pair.open_wishes}


def _free_place(pair: Encounter) -> Values:
    return {"capacity": pair.offer.capacity, "free": pair.n_free}


def _mixing_limit(pair: Encounter) -> Values:
    return {
        "language": first_native_language(pair.newcomer),
        "share_max": pair.offer.language_share_max,
        "left": pair.mix_left,
    }


def _language(pair: Encounter) -> Values:
    return {
        "newcomer": dict(pair.newcomer.languages),
        "offer": dict(pair.offer.languages),
        "asked": pair.offer.min_level or None,
        "common_level": pair.policy.limits.common_language_level,
    }


def _access(need: str) -> Callable[[Encounter], Values]:
    return lambda pair: {"needed": need, "provided": list(pair.offer.access)}


def _low_cost(pair: Encounter) -> Values:
    return {"cost_eur_month": pair.offer.cost_eur_month, "most": pair.policy.limits.low_cost_eur_month}


def _prefers_gender(pair: Encounter) -> Values:
    return {
        "newcomer": pair.newcomer.gender or None,
        "newcomer_wishes": pair.newcomer.prefers_gender or None,
        "offer": pair.offer.gender or None,
        "offer_wishes": pair.offer.prefers_gender or None,
    }


def _travel(pair: Encounter) -> Values:
    most = pair.newcomer.max_minutes
    return {
        "minutes": pair.travel_minutes,
        "most": pair.policy.travel.max_minutes_not_said if most is None else most,
    }


def _hours(pair: Encounter) -> Values:
    return {"free": [*pair.newcomer.availability], "times": [*pair.offer.times]}


def _time_clash(pair: Encounter) -> Values:
    return {"times": [*pair.offer.times]}


def _nothing(_pair: Encounter) -> Values:
    return {}


COLLISIONS: Mapping[str, Callable[[Encounter], Values]] = MappingProxyType(
    {
        "consent": _nothing,
        "status": _status,
        "banned": _nothing,
        "gender_group": _gender_group,
        "age": _age,
        "minors": _minors,
        "screening": _screening,
        "already_placed": _nothing,
        "wanted": _wanted,
        "free_place": _free_place,
        "mixing_limit": _mixing_limit,
        "language": _language,
        "step_free": _access("step_free"),
        "childcare": _access("childcare"),
        "low_cost": _low_cost,
        "prefers_gender": _prefers_gender,
        "travel": _travel,
        "hours": _hours,
        "time_clash": _time_clash,
    }
)
"""By the name of the rule: the values that it holds against each other."""
