"""A coordinator's answers as decisions: what the criteria said of a pair, and yes or no. No people."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType

import numpy as np

from matcher.exceptions import FieldProblem, InvalidRecordError, UnknownRecordError
from matcher.pairs.criteria import CRITERIA, NEUTRAL
from matcher.pairs.encoding import BoolArray, FloatArray, encode
from matcher.pairs.policy import Policy
from matcher.pairs.scoring import shares
from matcher.pairs.situation import Pairs, Situation
from matcher.planning.request import Ids
from matcher.records.tables import NewcomersLike, OffersLike, as_newcomers, as_offers

NAMES = tuple(criterion.name for criterion in CRITERIA)


@dataclass(frozen=True)
class Decision:
    """A coordinator's answer to one proposal.

    Parameters
    ----------
    values : mapping of str to float
        What every criterion of `matcher.pairs.criteria.CRITERIA` said of the pair, 0..1, by name.
    accepted : bool

    Raises
    ------
    InvalidRecordError
        With every name that is no criterion, every criterion left out and every value outside 0..1.

    Examples
    --------
    >>> Decision({"gender": 1.0}, accepted=True)  # doctest: +IGNORE_EXCEPTION_DETAIL
    Traceback (most recent call last):
    matcher.exceptions.InvalidRecordError: gender: expected a criterion ...
    """

    values: Mapping[str, float]
    accepted: bool

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", MappingProxyType(dict(self.values)))
        known = ", ".join(NAMES)
        problems = [
            FieldProblem(name, str(value), f"a criterion out of {known}")
            for name, value in self.values.items()
            if name not in NAMES
        ]
        problems += [
            FieldProblem(name, "nothing", "a number from 0 to 1") for name in NAMES if name not in self.values
        ]
        problems += [
            FieldProblem(name, str(self.values[name]), "a number from 0 to 1")
            for name in NAMES
            if name in self.values and not 0 <= self.values[name] <= 1
        ]
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
    newcomers, offers, answers = as_newcomers(newcomers), as_offers(offers), list(answers)
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
        Decision(dict(zip(NAMES, row, strict=True)), bool(accepted))
        for row, (_n, _o, accepted) in zip(values.tolist(), answers, strict=True)
    ]


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
    values = {
        name: round(parts[name] / most[name], 9) if name in parts and most.get(name) else NEUTRAL
        for name in NAMES
    }
    return Decision(values, accepted)


def decision_arrays(decisions: Iterable[Decision]) -> tuple[FloatArray, BoolArray]:
    """Values (n, q) and answers (n,), sorted by both: folds must not depend on who answered first."""
    decisions = list(decisions)
    values = np.array([[d.values[name] for name in NAMES] for d in decisions], np.float64)
    values = values.reshape(-1, len(NAMES))
    accepted = np.array([d.accepted for d in decisions], np.bool_)
    order = np.lexsort((accepted, *values.T))
    return values[order], accepted[order]
