"""The whole way in one call: people and a policy to a plan. A plan is data; questions are asked elsewhere.

Stages: encode, candidates, assignment, collect.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from math import isnan
from types import MappingProxyType
from typing import Any

import numpy as np
from scipy import sparse

from matcher.assignment import (
    AssignmentProblem,
    AssignmentResult,
    AssignmentSession,
    Certificate,
    carry_over,
    certify,
    keep_apart,
)
from matcher.exceptions import InvalidProblemError, UnknownRecordError
from matcher.pairs.candidates import Sieve
from matcher.pairs.criteria import CRITERIA
from matcher.pairs.encoding import FloatArray, encode
from matcher.pairs.policy import Policy
from matcher.pairs.scoring import row_bonus, score_parts
from matcher.pairs.situation import Pairs, Situation
from matcher.planning.column_generation import Field, pose_problem
from matcher.planning.unmatched import Unmatched, hopeless_wishes, open_wishes
from matcher.records.columns import People, columns_of
from matcher.records.people import Newcomer, Offer, Person
from matcher.records.vocabulary import KINDS

_CRITERIA = tuple(criterion.name for criterion in CRITERIA)
STAGES = ("encode", "candidates", "assignment", "collect")
IdPair = tuple[str, str]
Progress = Callable[[str], None]


@dataclass(frozen=True)
class Proposal:
    """A pair that the engine suggests, and why: nobody has agreed yet.

    Parameters
    ----------
    newcomer_id, offer_id : str
    kind : str
    score : float
        0..1, the sum of `parts`.
    distance_km, travel_minutes : float or None
        As the crow flies, and by the quickest own means; None where a point is not known.
    parts : mapping of str to float
        What each criterion adds, by name.
    """

    newcomer_id: str
    offer_id: str
    kind: str
    score: float
    distance_km: float | None
    travel_minutes: float | None
    parts: Mapping[str, float]


@dataclass(frozen=True)
class Settings:
    """What a plan was asked for beside people and policy, in the words of `make_plan`."""

    fixed: tuple[IdPair, ...]
    banned: tuple[IdPair, ...]
    previous: tuple[IdPair, ...] | None
    place_values: Mapping[str, float]
    method: str


@dataclass(frozen=True)
class Workings:
    """What a plan was made from, kept for questions about it.

    Parameters
    ----------
    settings : Settings
    field : Field
        The candidates the assignment chose from, with their scores.
    problem : AssignmentProblem
    result : AssignmentResult
    """

    settings: Settings
    field: Field
    problem: AssignmentProblem
    result: AssignmentResult

    @property
    def situation(self) -> Situation:
        """The town as it stood."""
        return self.field.situation

    @property
    def pairs(self) -> Pairs:
        """The candidates, sorted by row, then column."""
        return self.field.pairs

    @cached_property
    def session(self) -> AssignmentSession:
        """The live state of the assignment, for "what if"; leave it as it was."""
        return AssignmentSession(self.problem, self.result)


@dataclass(frozen=True)
class Plan:
    """Proposals for everybody at once, with the proof of how good they are.

    Parameters
    ----------
    proposals : tuple of Proposal
        In the order of the newcomers, then of the offers.
    unmatched : tuple of Unmatched
    certificate : Certificate
        The proof, recomputed from pairs and prices alone: `objective`, the value of the plan in scores,
        switching bonuses and bonuses for serving a person at all, and `bound`, what no plan can exceed.
    status : {"optimal", "feasible"}
    n_candidates : int
        Pairs that every rule allows. Of these `n_left_out` were beyond the best of their newcomer and kind
        (`Limits.candidates_per_kind`) and left out.
    is_whole : bool
        Whether `bound` holds over what was left out too, as the prices show. If not, the proof speaks of the
        candidates that were looked at alone.
    prices, urgency : mapping of str to float
        By offer: what one place less or more is worth at most. By newcomer: the bonus for serving them.
    seconds : mapping of str to float
        Wall-clock seconds of each stage.
    """

    newcomers: Sequence[Newcomer]
    offers: Sequence[Offer]
    policy: Policy
    today: date
    proposals: tuple[Proposal, ...]
    unmatched: tuple[Unmatched, ...]
    certificate: Certificate
    status: str
    method: str
    n_candidates: int
    n_left_out: int
    is_whole: bool
    prices: Mapping[str, float]
    urgency: Mapping[str, float]
    seconds: Mapping[str, float] = field(compare=False)
    workings: Workings = field(compare=False, repr=False)

    @property
    def objective(self) -> float:
        """Value of the plan."""
        return self.certificate.objective

    @property
    def bound(self) -> float:
        """What no plan can exceed."""
        return self.certificate.bound

    @property
    def mean_score(self) -> float:
        """Mean score of the proposals; 0 without any."""
        scores = [proposal.score for proposal in self.proposals]
        return sum(scores) / len(scores) if scores else 0.0


def make_plan(
    newcomers: Iterable[Newcomer],
    offers: Iterable[Offer],
    policy: Policy | None = None,
    *,
    today: date,
    fixed: Iterable[IdPair] = (),
    banned: Iterable[IdPair] = (),
    previous: Plan | Iterable[IdPair] | None = None,
    place_values: Mapping[str, float] | None = None,
    method: str = "auto",
    progress: Progress | None = None,
) -> Plan:
    """Propose clubs, mentors and neighbours for everybody at once.

    Maximise the sum of scores and of bonuses for people served at all, over the pairs that every hard rule
    allows, within the places of every offer and the wishes of every newcomer.

    Parameters
    ----------
    newcomers, offers : iterable of Newcomer, of Offer
        Ids are unique in each.
    policy : Policy, optional
    today : date
        The day ages, waiting times and screenings are counted from.
    fixed : iterable of (newcomer_id, offer_id)
        Confirmed placements: never proposed again; they take places, wishes and hours.
    banned : iterable of (newcomer_id, offer_id)
        Pairs that must not be proposed.
    previous : Plan or iterable of (newcomer_id, offer_id), optional
        Proposals that are still open; each keeps a small bonus, so that a re-match changes little.
    place_values : mapping of str to float, optional
        By offer: what a place is expected to be worth to people who have not arrived yet, in units of score
        and bonus. It counts against every pair, but for people who have waited as long as the policy allows
        (`Lookahead.longest_wait_weeks`).
    method : str, default "auto"
        As `matcher.assignment.solve`.
    progress : callable, optional
        Called with the name of each stage (`STAGES`) when it begins.

    Returns
    -------
    Plan

    Raises
    ------
    UnknownRecordError
        When `fixed` or `banned` name people or offers that are not given, listing all of them, and when an
        id is given twice.
    InvalidProblemError
        For an unknown method, and for a pair that is fixed and banned at once.

    Notes
    -----
    Deterministic: the same people in the same order give the same plan; in another order a plan of the same
    value. Two offers with sessions at the same hours are never proposed to one person.

    Examples
    --------
    >>> from matcher import Newcomer, Offer, Policy, make_plan
    >>> amina = Newcomer(id="amina", languages={"ar": "native"}, birth_year=1990, consent=True)
    >>> choir = Offer(id="choir", kind="association", capacity=1)
    >>> plan = make_plan([amina], [choir], today=date(2026, 3, 2))
    >>> [(p.newcomer_id, p.offer_id) for p in plan.proposals]
    [('amina', 'choir')]
    """
    policy = policy or Policy()
    newcomers, offers = _settled(newcomers), _settled(offers)
    settings = Settings(
        *_without_contradiction(fixed, banned),
        None if previous is None else tuple(_id_pairs(previous)),
        MappingProxyType(dict(place_values or {})),
        method,
    )
    seconds: dict[str, float] = {}

    @contextmanager
    def stage(name: str) -> Iterator[None]:
        if progress is not None:
            progress(name)
        started = time.perf_counter()
        yield
        seconds[name] = time.perf_counter() - started

    with stage("encode"):
        ids = Ids.of(newcomers, offers)
        town = encode(newcomers, offers, policy, today)
        situation = Situation(town, policy, ids.matrix(settings.fixed), ids.matrix(settings.banned))
    with stage("candidates"):
        sieve = Sieve(situation)
        still_open = ids.known_matrix(settings.previous or ())
        field = Field(sieve, _place_values(ids, settings.place_values), still_open)
    with ThreadPoolExecutor(1) as beside:
        # Whoever has no candidates at all: why is asked while the others are assigned, on another processor.
        hopeless = beside.submit(hopeless_wishes, sieve.single_threaded(), field.pairs)
        with stage("assignment"):
            begin = _begin_with(previous, ids, field) if isinstance(previous, Plan) else None
            problem, relaxed = field.solve(method, begin)
            before = None
            if previous is not None:
                before = np.column_stack([field.pairs.rows, field.pairs.columns])[field.was_open]
            offered = town.offers
            result = keep_apart(problem, relaxed, offered.overlaps, offered.timetable, before)
        with stage("collect"):
            workings = Workings(settings, field, problem, result)
            proposals = _proposals(workings, ids)
            unmatched = open_wishes(field.pairs, result, list(ids.newcomers), hopeless.result())
    return Plan(
        newcomers=newcomers,
        offers=offers,
        policy=policy,
        today=today,
        proposals=proposals,
        unmatched=unmatched,
        certificate=certify(problem, result),
        status=result.status,
        method=result.method,
        n_candidates=field.n_allowed,
        n_left_out=field.n_allowed - field.pairs.rows.size,
        is_whole=field.is_whole,
        prices=MappingProxyType(dict(zip(ids.offers, result.column_prices.tolist(), strict=True))),
        urgency=MappingProxyType(dict(zip(ids.newcomers, row_bonus(situation).tolist(), strict=True))),
        seconds=MappingProxyType(seconds),
        workings=workings,
    )


def _settled(people: Iterable[Person]) -> Sequence[Person]:
    """People as a sequence that nobody changes."""
    return people if isinstance(people, People) else tuple(people)


def make_again(
    plan: Plan, newcomers: Iterable[Newcomer] | None = None, offers: Iterable[Offer] | None = None
) -> Plan:
    """The same plan for other people or offers: what would be if.

    Parameters
    ----------
    plan : Plan
    newcomers, offers : iterable of Newcomer, of Offer, optional
        Instead of those of the plan; whoever is fixed or banned must still be among them.

    Returns
    -------
    Plan
        With the same policy and day, fixed and banned pairs, open proposals and places kept back.

    Raises
    ------
    UnknownRecordError, InvalidProblemError
        As `make_plan`.
    """
    settings = plan.workings.settings
    return make_plan(
        plan.newcomers if newcomers is None else newcomers,
        plan.offers if offers is None else offers,
        plan.policy,
        today=plan.today,
        fixed=settings.fixed,
        banned=settings.banned,
        previous=settings.previous,
        place_values=settings.place_values,
        method=settings.method,
    )


def _without_contradiction(
    fixed: Iterable[IdPair], banned: Iterable[IdPair]
) -> tuple[tuple[IdPair, ...], tuple[IdPair, ...]]:
    fixed, banned = tuple(fixed), tuple(banned)
    both = sorted(set(fixed) & set(banned))
    if both:
        pairs = ", ".join(f"{newcomer!r} with {offer!r}" for newcomer, offer in both)
        raise InvalidProblemError(f"expected no pair to be fixed and banned at once, got {pairs}")
    return fixed, banned


def _place_values(ids: Ids, place_values: Mapping[str, float]) -> FloatArray:
    """By column; raises UnknownRecordError for offers that are not given."""
    unknown = sorted(place_values.keys() - ids.offers.keys())
    if unknown:
        raise UnknownRecordError(f"place_values: expected offers of this plan, got {', '.join(unknown)}")
    return np.array([place_values.get(offer, 0.0) for offer in ids.offers], np.float64)


def _begin_with(previous: Plan, ids: Ids, field: Field) -> AssignmentResult:
    """The result of an earlier plan in the rows and columns of this one, matched by id."""
    old = Ids.of(previous.newcomers, previous.offers)
    rows = [old.newcomers.get(newcomer, -1) for newcomer in ids.newcomers]
    columns = [old.offers.get(offer, -1) for offer in ids.offers]
    return carry_over(previous.workings.result, pose_problem(field.pairs, field.worth), rows, columns)


@dataclass(frozen=True)
class Ids:
    """Rows and columns by the ids of newcomers and offers."""

    newcomers: Mapping[str, int]
    offers: Mapping[str, int]

    @classmethod
    def of(cls, newcomers: Sequence[Newcomer], offers: Sequence[Offer]) -> Ids:
        """Number people in their order; raises UnknownRecordError when an id is given twice."""
        ids = cls(
            {own: row for row, own in enumerate(columns_of(newcomers)("id").each())},
            {own: column for column, own in enumerate(columns_of(offers)("id").each())},
        )
        if len(ids.newcomers) < len(newcomers) or len(ids.offers) < len(offers):
            raise UnknownRecordError("expected every newcomer and every offer to have an id of its own")
        return ids

    def matrix(self, id_pairs: Iterable[IdPair]) -> sparse.csr_array:
        """Pairs of ids as a boolean matrix; raises UnknownRecordError with every id that is not there."""
        id_pairs = list(dict.fromkeys((newcomer, offer) for newcomer, offer in id_pairs))
        unknown = [f"newcomer {n!r}" for n, _o in id_pairs if n not in self.newcomers]
        unknown += [f"offer {o!r}" for _n, o in id_pairs if o not in self.offers]
        if unknown:
            names = ", ".join(dict.fromkeys(unknown))
            raise UnknownRecordError(
                f"fixed or banned pairs name people or offers that are not given: {names}"
            )
        return self.known_matrix(id_pairs)

    def known_matrix(self, id_pairs: Iterable[IdPair]) -> sparse.csr_array:
        """Pairs of ids as a boolean matrix; those with an unknown id are left out."""
        known = {(n, o) for n, o in id_pairs if n in self.newcomers and o in self.offers}
        rows = np.array([self.newcomers[n] for n, _o in known], np.int64)
        columns = np.array([self.offers[o] for _n, o in known], np.int64)
        shape = (len(self.newcomers), len(self.offers))
        return sparse.csr_array((np.ones(len(known), np.bool_), (rows, columns)), shape=shape)


def _id_pairs(previous: Plan | Iterable[IdPair] | None) -> Iterable[IdPair]:
    if previous is None:
        return ()
    if isinstance(previous, Plan):
        return [(proposal.newcomer_id, proposal.offer_id) for proposal in previous.proposals]
    return previous


def summary(plan: Plan) -> dict[str, Any]:
    """Counts, value, proof and seconds of a plan as plain data, ready for JSON."""
    served = {proposal.newcomer_id for proposal in plan.proposals}
    return {
        "newcomers": len(plan.newcomers),
        "offers": len(plan.offers),
        "candidates": plan.n_candidates,
        "candidates_left_out": plan.n_left_out,
        "is_whole": plan.is_whole,
        "proposals": len(plan.proposals),
        "proposals_by_kind": {k: sum(p.kind == k for p in plan.proposals) for k in KINDS},
        "newcomers_served": len(served),
        "open_wishes": sum(u.wanted - u.proposed for u in plan.unmatched),
        "open_wishes_by_reason": _open_by_reason(plan),
        "mean_score": round(plan.mean_score, 6),
        "objective": plan.objective,
        "bound": plan.bound,
        "status": plan.status,
        "method": plan.method,
        "policy": plan.policy.version,
        "seconds": {stage: round(seconds, 4) for stage, seconds in plan.seconds.items()},
    }


def _open_by_reason(plan: Plan) -> dict[str, int]:
    counts: dict[str, int] = {}
    for wish in plan.unmatched:
        counts[wish.reason] = counts.get(wish.reason, 0) + wish.wanted - wish.proposed
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


# Collecting ------------------------------------------------------------------------------------------


def _proposals(workings: Workings, ids: Ids) -> tuple[Proposal, ...]:
    chosen = workings.result.pairs
    pairs = Pairs(workings.situation, chosen[:, 0], chosen[:, 1])
    all_parts = score_parts(pairs)
    newcomer_ids, offer_ids = list(ids.newcomers), list(ids.offers)
    return tuple(
        Proposal(
            newcomer_id=newcomer_ids[row],
            offer_id=offer_ids[column],
            kind=KINDS[kind],
            score=score,
            distance_km=known(distance),
            travel_minutes=known(minutes),
            parts=parts_by_name(parts),
        )
        for row, column, kind, distance, minutes, score, parts in zip(
            pairs.rows.tolist(),
            pairs.columns.tolist(),
            pairs.offers.kind[pairs.columns].tolist(),
            pairs.distance_km.tolist(),
            pairs.minutes.tolist(),
            all_parts.sum(axis=1).tolist(),
            all_parts.tolist(),
            strict=True,
        )
    )


def parts_by_name(parts: Iterable[float]) -> Mapping[str, float]:
    """One row of score parts by the name of the criterion."""
    return MappingProxyType(dict(zip(_CRITERIA, parts, strict=True)))


def known(value: float) -> float | None:
    """A number, or None for NaN: a thing that is not known."""
    return None if isnan(value) else value
