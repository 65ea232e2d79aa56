"""A coordinator's answers as decisions: what the criteria said of a pair, and yes or no. No people."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from numbers import Real
from types import MappingProxyType
from typing import Any

import numpy as np

from matcher.arguments import a_day, a_mapping, a_number, an_id, an_instance, listed, refused, yes_or_no
from matcher.exceptions import FieldProblem, InvalidRecordError, UnknownRecordError
from matcher.pairs.criteria import CRITERIA, NEUTRAL
from matcher.pairs.encoding import BoolArray, FloatArray, encode
from matcher.pairs.policy import Policy
from matcher.pairs.scoring import shares
from matcher.pairs.situation import Pairs, Situation
from matcher.planning.request import Ids, as_policy
from matcher.records.people import shown
from matcher.records.tables import NewcomersLike, OffersLike, as_newcomers, as_offers

NAMES = tuple(criterion.name for criterion in CRITERIA)


@dataclass(frozen=True)
class Decision:
    """A coordinator's answer to one proposal.

    Parameters
    ----------
    values : mapping of str to float
        What each criterion of `matcher.pairs.criteria.CRITERIA` said of the pair, 0..1, by name. One that is
        left out says nothing: it is neutral.
    accepted : bool

    Raises
    ------
    InvalidRecordError
        With every name that is no criterion, every value outside 0..1, and an answer that is no yes or no.

    Examples
    --------
    >>> Decision({"gender": 1.0}, accepted=True)  # doctest: +IGNORE_EXCEPTION_DETAIL
    Traceback (most recent call last):
    matcher.exceptions.InvalidRecordError: gender: expected a criterion ...
    """

    values: Mapping[str, float]
    accepted: bool

    def __post_init__(self) -> None:
        if not isinstance(self.values, Mapping):
            raise InvalidRecordError([FieldProblem("values", shown(self.values), "numbers by criterion")])
        said = dict(self.values)
        neutral = {name: NEUTRAL for name in NAMES if name not in said}
        object.__setattr__(self, "values", MappingProxyType(said | neutral))
        known = ", ".join(NAMES)
        problems = [
            FieldProblem(name, str(value), f"a criterion out of {known}")
            for name, value in self.values.items()
            if name not in NAMES
        ]
        problems += [
            FieldProblem(name, shown(self.values[name]), "a number from 0 to 1")
            for name in NAMES
            if not (isinstance(self.values[name], Real) and 0 <= self.values[name] <= 1)
        ]
        if type(self.accepted).__name__ not in {"bool", "bool_"}:
            problems.append(FieldProblem("accepted", shown(self.accepted), "True or False"))
        if problems:
            raise InvalidRecordError(problems)


def observe(
    newcomers: NewcomersLike,
    offers: OffersLike,
    policy: Policy,
    answers: Iterable[tuple[str, str, bool]],
    *,
    today: date,
) -> list[Decision]:
    """Turn answers to proposals into decisions: what the criteria said of each pair.

    Parameters
    ----------
    newcomers, offers : iterable of Newcomer, of Offer; or tables
    policy : Policy
        Its travel speeds and limits are read, not its weights: a criterion of weight 0 is measured too.
    answers : iterable of (newcomer_id, offer_id, accepted)
    today : date
        The day the answers were given: how fresh a place is, and how old people are, depends on it.

    Returns
    -------
    list of Decision
        In the order of the answers.

    Raises
    ------
    UnknownRecordError
        When answers name people or offers that are not given, listing all of them.

    Examples
    --------
    >>> from matcher import Newcomer, Offer
    >>> amina = Newcomer(id="amina", interests=("choir",), consent=True)
    >>> choir = Offer(id="choir", kind="association", interests=("choir",), capacity=1)
    >>> [decision] = observe(
    ...     [amina], [choir], Policy(), [("amina", "choir", True)], today=date(2026, 3, 2)
    ... )
    >>> decision.values["interests"], decision.accepted
    (1.0, True)
    """
    newcomers, offers = as_newcomers(newcomers), as_offers(offers)
    policy, today = as_policy(policy), a_day("today", today)
    answers = [_an_answer(one) for one in listed("answers", answers, "answers to proposals")]
    ids = Ids.of(newcomers, offers)
    unknown = [f"newcomer {n!r}" for n, _o, _accepted in answers if n not in ids.newcomers]
    unknown += [f"offer {o!r}" for _n, o, _accepted in answers if o not in ids.offers]
    if unknown:
        names = ", ".join(dict.fromkeys(unknown))
        raise UnknownRecordError(f"answers name people or offers that are not given: {names}")
    nothing = ids.matrix(())
    situation = Situation(encode(newcomers, offers, policy, today), policy, nothing, nothing)
    rows = np.array([ids.newcomers[n] for n, _o, _accepted in answers], np.int64)
    columns = np.array([ids.offers[o] for _n, o, _accepted in answers], np.int64)
    pairs = Pairs(situation, rows, columns)
    values = np.column_stack([criterion.measure(pairs) for criterion in CRITERIA])
    return [
        Decision(dict(zip(NAMES, row, strict=True)), accepted)
        for row, (_n, _o, accepted) in zip(values.tolist(), answers, strict=True)
    ]


def _an_answer(said: Any) -> tuple[str, str, bool]:
    """An answer as it can be used; raises InvalidProblemError."""
    expected = "a newcomer's id, an offer's id, and True or False"
    if isinstance(said, str | bytes | Mapping) or not isinstance(said, Iterable):
        raise refused("answers", expected, said)
    values = tuple(said)
    if len(values) != 3:
        raise refused("answers", expected, said)
    newcomer, offer, accepted = values
    return an_id("answers", newcomer), an_id("answers", offer), yes_or_no("answers", accepted)


def recall(parts: Mapping[str, float], kept: Policy | Mapping[str, float], *, accepted: bool) -> Decision:
    """A decision from what was kept of a proposal: what each criterion added to its score.

    Parameters
    ----------
    parts : mapping of str to float
        As `matcher.planning.single.Proposal.parts`.
    kept : Policy or mapping of str to float
        The policy the proposal was made with, or the share of each criterion in a score then. A criterion
        that had none, or was not there yet, says nothing: it is neutral. One that is gone is left out.
    accepted : bool

    Returns
    -------
    Decision

    Raises
    ------
    InvalidRecordError
        As `Decision`, for parts that do not belong to the policy.

    Examples
    --------
    >>> parts = dict.fromkeys((criterion.name for criterion in CRITERIA), 0.0) | {"interests": 0.125}
    >>> recall(parts, Policy(), accepted=True).values["interests"]
    0.5
    """
    most = dict(zip(NAMES, shares(kept).tolist(), strict=True)) if isinstance(kept, Policy) else kept
    a_mapping("kept", most, "a Policy, or the share of each criterion")
    a_mapping("parts", parts, "what each criterion added, by name")
    values = {
        name: round(a_number(f"parts, {name}", parts[name]) / a_number(f"kept, {name}", most[name]), 9)
        if name in parts and most.get(name)
        else NEUTRAL
        for name in NAMES
    }
    return Decision(values, accepted)


def decision_arrays(decisions: Iterable[Decision]) -> tuple[FloatArray, BoolArray]:
    """Values (n, q) and answers (n,), sorted by both: folds must not depend on who answered first."""
    decisions = [
        an_instance("decisions", one, Decision, "a Decision")
        for one in listed("decisions", decisions, "decisions")
    ]
    values = np.array([[d.values[name] for name in NAMES] for d in decisions], np.float64)
    values = values.reshape(-1, len(NAMES))
    accepted = np.array([d.accepted for d in decisions], np.bool_)
    order = np.lexsort((accepted, *values.T))
    return values[order], accepted[order]
