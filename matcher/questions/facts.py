"""The facts of a pair, found out once: what both share, what is met and by what, what collides. No words.

Rules and criteria judge everybody at once, in arrays; what is here says of one pair what they rest on, and
the tests hold the one against the other. Sentences, pages and the API print it and judge nothing again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Any

from matcher.records.people import Newcomer, Offer, first_native_language
from matcher.records.sections import PolicyLike
from matcher.records.vocabulary import Hours, level_rank, load_taxonomy, merge_hours, primary_language


@dataclass(frozen=True)
class CommonLanguage:
    """A language that both sides name, with the level of each, and whether that is enough.

    Parameters
    ----------
    code : str
        Without script and region.
    newcomer_level, offer_level : str
        The better one, where a side names several variants.
    counts : bool
        Whether both speak it well enough for the rule on languages (`Limits.common_language_level`).
    """

    code: str
    newcomer_level: str
    offer_level: str
    counts: bool


@dataclass(frozen=True)
class Need:
    """A need of the newcomer, and what of the offer meets it.

    Parameters
    ----------
    need : str
        Of `vocabulary.NEEDS`.
    met_by : str
        ``access``, ``women_only``, ``woman``, ``cost``, ``cost_support`` or ``cost_not_said``; empty where it
        is not met.
    """

    need: str
    met_by: str

    @property
    def is_met(self) -> bool:
        """Whether the offer meets it."""
        return bool(self.met_by)


@dataclass(frozen=True)
class PairFacts:
    """What there is to say about a newcomer and an offer, whatever plan they are in.

    Parameters
    ----------
    newcomer, offer : Newcomer, Offer
    policy : PolicyLike
    today : date
    languages : tuple of CommonLanguage
        In the newcomer's order.
    interests : tuple of str
        Named by both, in the newcomer's order.
    related_interests : tuple of (str, str)
        One of the newcomer's and one of the offer's, where one is the broader of the other or both belong
        to the same broader one.
    disliked, unwelcome : tuple of str
        Interests of the offer that the newcomer would rather not have, and the other way round.
    goals : tuple of str
        The newcomer's that the offer serves.
    reciprocity : tuple of str
        What the newcomer can offer and the other side seeks.
    meeting : tuple of Hours
        When both can: whole sessions of an association, any common stretch with a person.
    needs : tuple of Need
    age : int or None
        In years, today's year less the birth year.
    """

    newcomer: Newcomer
    offer: Offer
    policy: PolicyLike
    today: date
    languages: tuple[CommonLanguage, ...]
    interests: tuple[str, ...]
    related_interests: tuple[tuple[str, str], ...]
    disliked: tuple[str, ...]
    unwelcome: tuple[str, ...]
    goals: tuple[str, ...]
    reciprocity: tuple[str, ...]
    meeting: tuple[Hours, ...]
    needs: tuple[Need, ...]
    age: int | None


@dataclass(frozen=True)
class Standing:
    """How a pair stands in a town: what depends on the others.

    Parameters
    ----------
    travel_minutes, distance_km : float or None
    n_free : int
        Places left, confirmed placements counted.
    mix_left : int or None
        Places left for people of the newcomer's first language; None without a limit.
    open_wishes : int
        Wishes for this kind that are still open.
    """

    travel_minutes: float | None
    distance_km: float | None
    n_free: int
    mix_left: int | None
    open_wishes: int


def pair_facts(newcomer: Newcomer, offer: Offer, policy: PolicyLike, today: date) -> PairFacts:
    """Find out the facts of a pair.

    Parameters
    ----------
    newcomer, offer : Newcomer, Offer
    policy : PolicyLike
    today : date
        The day ages are counted from.

    Returns
    -------
    PairFacts

    Examples
    --------
    >>> from matcher.pairs.policy import Policy
    >>> amina = Newcomer(id="amina", languages={"ar": "native", "de": "A1"}, needs=("low_cost",))
    >>> german = {"de": "native"}
    >>> choir = Offer(id="choir", kind="association", capacity=1, languages=german, cost_support=True)
    >>> facts = pair_facts(amina, choir, Policy(), date(2026, 3, 2))
    >>> [(common.code, common.counts) for common in facts.languages], facts.needs[0].met_by
    ([('de', False)], 'cost_support')
    """
    shared = _both(newcomer.interests, offer.interests)
    return PairFacts(
        newcomer=newcomer,
        offer=offer,
        policy=policy,
        today=today,
        languages=tuple(_common_languages(newcomer, offer, policy)),
        interests=shared,
        related_interests=tuple(_related(newcomer.interests, offer.interests)),
        disliked=_named_or_narrower(offer.interests, newcomer.dislikes),
        unwelcome=_named_or_narrower(newcomer.interests, offer.dislikes),
        goals=_both(newcomer.goals, offer.goals),
        reciprocity=_both(newcomer.can_offer, offer.seeks),
        meeting=tuple(_meeting(newcomer, offer)),
        needs=tuple(Need(need, _met_by(need, offer, policy)) for need in newcomer.needs),
        age=None if newcomer.birth_year is None else today.year - newcomer.birth_year,
    )


def interests_in_common(ones: Iterable[str], others: Sequence[str]) -> tuple[str, ...]:
    """What to name of the others' interests: those that both have, else those akin to one's own."""
    ones = tuple(ones)
    return _both(ones, others) or tuple(dict.fromkeys(other for _own, other in _related(ones, others)))


def collisions(rules: Iterable[str], facts: PairFacts, standing: Standing) -> Mapping[str, Mapping[str, Any]]:
    """Of each of some rules, the values that it holds against each other.

    Parameters
    ----------
    rules : iterable of str
        Names of rules that forbid the pair.
    facts : PairFacts
    standing : Standing

    Returns
    -------
    mapping of str to mapping
        Empty for a rule that has nothing to show.
    """
    return {name: _COLLISIONS[name](facts, standing) if name in _COLLISIONS else {} for name in rules}


# Finding out -----------------------------------------------------------------------------------------


def _both(ones: Iterable[str], others: Iterable[str]) -> tuple[str, ...]:
    there = set(others)
    return tuple(dict.fromkeys(one for one in ones if one in there))


def _common_languages(newcomer: Newcomer, offer: Offer, policy: PolicyLike) -> Iterator[CommonLanguage]:
    least = level_rank(policy.limits.common_language_level)
    own, there = _best_levels(newcomer.languages), _best_levels(offer.languages)
    for code, level in own.items():
        if code in there:
            counts = min(level_rank(level), level_rank(there[code])) >= least
            yield CommonLanguage(code, level, there[code], counts)


def _best_levels(languages: Mapping[str, str]) -> dict[str, str]:
    best: dict[str, str] = {}
    for code, level in languages.items():
        language = primary_language(code)
        best[language] = max(level, best.get(language, level), key=level_rank)
    return best


def _related(ones: Iterable[str], others: Iterable[str]) -> Iterator[tuple[str, str]]:
    others = tuple(others)
    broader = load_taxonomy().broader
    for one in ones:
        for other in others:
            if one != other and {one, broader(one)} & {other, broader(other)} - {"", None}:
                yield one, other


def _named_or_narrower(interests: Iterable[str], dislikes: Iterable[str]) -> tuple[str, ...]:
    """Interests that are disliked: themselves, or the broader one they belong to."""
    against, broader = set(dislikes), load_taxonomy().broader
    return tuple(dict.fromkeys(term for term in interests if term in against or broader(term) in against))


def _meeting(newcomer: Newcomer, offer: Offer) -> Iterator[Hours]:
    free = merge_hours(newcomer.availability)
    for times in offer.times:
        if offer.kind == "association":
            if any(hours.contains(times) for hours in free):
                yield times
        else:
            yield from (
                Hours(max(times.start, hours.start), min(times.end, hours.end))
                for hours in free
                if times.overlaps(hours)
            )


def _met_by(need: str, offer: Offer, policy: PolicyLike) -> str:
    if need == "women_only":
        if offer.kind == "mentor":
            return "woman" if offer.gender == "f" else ""
        return "women_only" if offer.gender_group == "women_only" else ""
    if need == "low_cost":
        if offer.cost_support:
            return "cost_support"
        if offer.cost_eur_month is None:
            return "cost_not_said"
        return "cost" if offer.cost_eur_month <= policy.limits.low_cost_eur_month else ""
    return "access" if need in offer.access else ""


# What collides ---------------------------------------------------------------------------------------

Values = Mapping[str, Any]


def _status(pair: PairFacts, _standing: Standing) -> Values:
    return {"newcomer": pair.newcomer.status, "offer": pair.offer.status}


def _gender_group(pair: PairFacts, _standing: Standing) -> Values:
    return {
        "newcomer": pair.newcomer.gender or None,
        "needs_women_only": "women_only" in pair.newcomer.needs,
        "offer": pair.offer.gender_group,
        "host": pair.offer.gender or None,
    }


def _age(pair: PairFacts, _standing: Standing) -> Values:
    return {"age": pair.age, "from": pair.offer.age_min, "to": pair.offer.age_max}


def _minors(pair: PairFacts, _standing: Standing) -> Values:
    return {
        "age": pair.age,
        "guardian_consent": pair.newcomer.guardian_consent,
        "accepts_minors": pair.offer.accepts_minors,
    }


def _screening(pair: PairFacts, _standing: Standing) -> Values:
    return {"valid_until": pair.offer.screening_valid_until, "today": pair.today}


def _wanted(pair: PairFacts, standing: Standing) -> Values:
    return {"kind": pair.offer.kind, "open_wishes": standing.open_wishes}


def _free_place(pair: PairFacts, standing: Standing) -> Values:
    return {"capacity": pair.offer.capacity, "free": standing.n_free}


def _mixing_limit(pair: PairFacts, standing: Standing) -> Values:
    return {
        "language": first_native_language(pair.newcomer),
        "share_max": pair.offer.language_share_max,
        "left": standing.mix_left,
    }


def _language(pair: PairFacts, _standing: Standing) -> Values:
    return {
        "newcomer": dict(pair.newcomer.languages),
        "offer": dict(pair.offer.languages),
        "asked": pair.offer.min_level or None,
        "common_level": pair.policy.limits.common_language_level,
    }


def _access(need: str) -> Callable[[PairFacts, Standing], Values]:
    return lambda pair, _standing: {"needed": need, "provided": list(pair.offer.access)}


def _low_cost(pair: PairFacts, _standing: Standing) -> Values:
    return {"cost_eur_month": pair.offer.cost_eur_month, "most": pair.policy.limits.low_cost_eur_month}


def _prefers_gender(pair: PairFacts, _standing: Standing) -> Values:
    return {
        "newcomer": pair.newcomer.gender or None,
        "newcomer_wishes": pair.newcomer.prefers_gender or None,
        "offer": pair.offer.gender or None,
        "offer_wishes": pair.offer.prefers_gender or None,
    }


def _travel(pair: PairFacts, standing: Standing) -> Values:
    most = pair.newcomer.max_minutes
    return {
        "minutes": standing.travel_minutes,
        "most": pair.policy.travel.max_minutes_not_said if most is None else most,
    }


def _hours(pair: PairFacts, _standing: Standing) -> Values:
    return {"free": [*pair.newcomer.availability], "times": [*pair.offer.times]}


def _time_clash(pair: PairFacts, _standing: Standing) -> Values:
    return {"times": [*pair.offer.times]}


_COLLISIONS: Mapping[str, Callable[[PairFacts, Standing], Values]] = MappingProxyType(
    {
        "status": _status,
        "gender_group": _gender_group,
        "age": _age,
        "minors": _minors,
        "screening": _screening,
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
"""By the name of the rule; those that are not here show nothing."""
