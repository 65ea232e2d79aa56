"""One plan for one request. A plan is data; questions about it are asked elsewhere.

Stages: encode, candidates, assignment, collect.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from math import isnan
from types import MappingProxyType
from typing import Any

import numpy as np

from matcher.arguments import IdPair, an_instance
from matcher.assignment import (
    AssignmentProblem,
    AssignmentResult,
    AssignmentSession,
    Certificate,
    carry_over,
    certify,
    keep_apart,
)
from matcher.pairs.candidates import CandidateSearch
from matcher.pairs.criteria import CRITERIA
from matcher.pairs.policy import Policy
from matcher.pairs.scoring import row_bonus, score_parts
from matcher.pairs.situation import Pairs, Situation
from matcher.planning.column_generation import CandidatePool, pose_problem
from matcher.planning.request import Ids, PlanRequest
from matcher.planning.unmatched import Unmatched, hopeless_wishes, open_wishes
from matcher.records.people import Newcomer, Offer
from matcher.records.tables import NewcomersLike, OffersLike, as_newcomers, as_offers
from matcher.records.vocabulary import KINDS

_CRITERIA = tuple(criterion.name for criterion in CRITERIA)
STAGES = ("encode", "candidates", "assignment", "collect")


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
class Workings:
    """What a plan was made from, kept for questions about it.

    Parameters
    ----------
    request : PlanRequest
    pool : CandidatePool
        The candidates the assignment chose from, with their scores.
    problem : AssignmentProblem
    result : AssignmentResult
    """

    request: PlanRequest
    pool: CandidatePool
    problem: AssignmentProblem
    result: AssignmentResult

    @property
    def situation(self) -> Situation:
        """The town as it stood."""
        return self.pool.situation

    @property
    def pairs(self) -> Pairs:
        """The candidates, sorted by row, then column."""
        return self.pool.pairs

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


def solve_request(request: PlanRequest, begin: Plan | None = None) -> Plan:
    """One plan for one request: encode, candidates, assignment, collect; places kept back as it says.

    Parameters
    ----------
    request : PlanRequest
    begin : Plan, optional
        An earlier plan whose prices the assignment begins with.

    Returns
    -------
    Plan

    Raises
    ------
    UnknownRecordError, InvalidProblemError
        As `matcher.planning.plan.make_plan`.
    """
    seconds: dict[str, float] = {}

    @contextmanager
    def stage(name: str) -> Iterator[None]:
        if request.progress is not None:
            request.progress(name)
        started = time.perf_counter()
        yield
        seconds[name] = time.perf_counter() - started

    with stage("encode"):
        ids = request.ids()
        situation = request.situation(ids)
    with stage("candidates"):
        search = CandidateSearch(situation)
        still_open = ids.known_matrix(request.previous or ())
        pool = CandidatePool(search, request.values_by_column(ids), still_open)
    with ThreadPoolExecutor(1) as beside:
        # Whoever has no candidates at all: why is asked while the others are assigned, on another processor.
        hopeless = beside.submit(hopeless_wishes, search.single_threaded(), pool.pairs)
        with stage("assignment"):
            problem, relaxed = pool.solve(
                request.method, None if begin is None else _begin_with(begin, ids, pool)
            )
            before = None
            if request.previous is not None:
                before = np.column_stack([pool.pairs.rows, pool.pairs.columns])[pool.was_open]
            offered = situation.town.offers
            result = keep_apart(problem, relaxed, offered.overlaps, offered.timetable, before)
        with stage("collect"):
            workings = Workings(request, pool, problem, result)
            proposals = _proposals(workings, ids)
            unmatched = open_wishes(pool.pairs, result, list(ids.newcomers), hopeless.result())
    return Plan(
        newcomers=request.newcomers,
        offers=request.offers,
        policy=request.policy,
        today=request.today,
        proposals=proposals,
        unmatched=unmatched,
        certificate=certify(problem, result),
        status=result.status,
        method=result.method,
        n_candidates=pool.n_allowed,
        n_left_out=pool.n_allowed - pool.pairs.rows.size,
        is_whole=pool.is_whole,
        prices=MappingProxyType(dict(zip(ids.offers, result.column_prices.tolist(), strict=True))),
        urgency=MappingProxyType(dict(zip(ids.newcomers, row_bonus(situation).tolist(), strict=True))),
        seconds=MappingProxyType(seconds),
        workings=workings,
    )


def make_again(plan: Plan, newcomers: NewcomersLike | None = None, offers: OffersLike | None = None) -> Plan:
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
        As `matcher.planning.plan.make_plan`.
    """
    check_plan(plan)
    return solve_request(
        replace(
            plan.workings.request,
            newcomers=plan.newcomers if newcomers is None else as_newcomers(newcomers),
            offers=plan.offers if offers is None else as_offers(offers),
            progress=None,
        )
    )


def _begin_with(previous: Plan, ids: Ids, pool: CandidatePool) -> AssignmentResult:
    """The result of an earlier plan in the rows and columns of this one, matched by id."""
    old = Ids.of(previous.newcomers, previous.offers)
    rows = [old.newcomers.get(newcomer, -1) for newcomer in ids.newcomers]
    columns = [old.offers.get(offer, -1) for offer in ids.offers]
    return carry_over(previous.workings.result, pose_problem(pool.pairs, pool.worth), rows, columns)


def id_pairs_of(previous: Plan | Iterable[IdPair] | None) -> Iterable[IdPair] | None:
    """The open proposals, by id, of an earlier plan or as they are given."""
    if isinstance(previous, Plan):
        return [(proposal.newcomer_id, proposal.offer_id) for proposal in previous.proposals]
    return previous


def check_plan(plan: Plan) -> None:
    """Raise InvalidProblemError for anything that is no plan."""
    an_instance("plan", plan, Plan, "a Plan, as make_plan makes it")


def summary(plan: Plan) -> dict[str, Any]:
    """Counts, value, proof and seconds of a plan as plain data, ready for JSON."""
    check_plan(plan)
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
