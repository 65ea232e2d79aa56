"""Questions about pairs and plans: why, why not, the price of insisting, what changed. Decides nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import zip_longest
from typing import Any

import numpy as np
from scipy.sparse import csr_array

from matcher.arguments import IdPair, an_id, id_pairs, listed
from matcher.assignment import AssignmentProblem, keep_apart
from matcher.exceptions import UnknownRecordError
from matcher.pairs.candidates import all_pairs
from matcher.pairs.eligibility import RULES, broken_rules
from matcher.pairs.encoding import FloatArray, IntArray
from matcher.pairs.policy import Policy
from matcher.pairs.scoring import score_parts
from matcher.pairs.situation import Pairs
from matcher.planning.request import Ids, PlanRequest
from matcher.planning.single import Plan, check_plan, known, parts_by_name
from matcher.questions.facts import PairFacts, Standing, collisions, pair_facts
from matcher.records.people import Newcomer, Offer
from matcher.records.vocabulary import KINDS


@dataclass(frozen=True)
class Move:
    """What insisting on a pair would do to one person's proposals of one kind.

    Parameters
    ----------
    before, after : str or None
        Id of the offer proposed before, and then; None: none.
    """

    newcomer_id: str
    kind: str
    before: str | None
    after: str | None


@dataclass(frozen=True)
class Explanation:
    """What there is to say about one pair.

    Parameters
    ----------
    rules : tuple of str
        Names of the hard rules that forbid the pair; empty when it is possible.
    score : float
        0..1, the sum of `parts`; also given for a forbidden pair.
    parts : mapping of str to float
    distance_km, travel_minutes : float or None
    is_proposed : bool
    price : float or None
        What insisting on the pair would cost the plan, in units of score: the value of the best plan less
        that of the best plan with the pair. None where a rule forbids it, or where no plan was asked.
    price_is_exact : bool
        False where sessions that overlap had to be repaired, so that neither plan is proven the best.
    collisions : mapping of str to mapping
        For each rule in `rules`, the values that collide; see `matcher.questions.facts`. Only from `explain`.
    moves : tuple of Move
        Who would be moved where if one insisted.
    """

    newcomer_id: str
    offer_id: str
    kind: str
    rules: tuple[str, ...]
    score: float
    parts: Mapping[str, float]
    distance_km: float | None
    travel_minutes: float | None
    is_proposed: bool = False
    price: float | None = None
    price_is_exact: bool = True
    collisions: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    moves: tuple[Move, ...] = ()

    @property
    def is_possible(self) -> bool:
        """Whether no rule forbids the pair."""
        return not self.rules


@dataclass(frozen=True)
class ProposalChange:
    """What a new plan does to one proposal of the old one.

    Parameters
    ----------
    before, after : str or None
        Id of the offer proposed before and now; None: none.
    reason : str
        Why the old proposal is gone: the name of a rule, ``newcomer_gone``, ``offer_gone`` or
        ``better_elsewhere``. For a proposal that is only added: ``place_freed`` when somebody else's
        proposal for the same offer is gone, else ``newly_possible``.
    """

    newcomer_id: str
    kind: str
    before: str | None
    after: str | None
    reason: str

    @property
    def action(self) -> str:
        """``added``, ``dropped`` or ``changed``."""
        if self.before is None:
            return "added"
        return "dropped" if self.after is None else "changed"


def _(text: str) -> str:
    """Mark a text for translation."""
    return text


CHANGE_REASONS: Mapping[str, str] = {
    "newcomer_gone": _("newcomer no longer takes part"),
    "offer_gone": _("offer withdrawn"),
    "better_elsewhere": _("better for the plan as a whole"),
    "place_freed": _("a place has become free"),
    "newly_possible": _("newly possible, or now a better fit"),
}
"""Why a proposal changed, beside the names of the rules."""


def explain(plan: Plan, newcomer_id: str, offer_id: str) -> Explanation:
    """Why a pair was proposed, or why not.

    Parameters
    ----------
    plan : Plan
    newcomer_id, offer_id : str

    Returns
    -------
    Explanation
        With the price of insisting: what the best plan with the pair is worth less; or with what collides.

    Raises
    ------
    UnknownRecordError
        When the plan was made without that person or offer.

    Examples
    --------
    >>> from matcher import make_plan
    >>> amina = Newcomer(id="amina", languages={"ar": "native"}, birth_year=1990, consent=True)
    >>> choir = Offer(id="choir", kind="association", capacity=1)
    >>> plan = make_plan([amina], [choir], today=date(2026, 3, 2))
    >>> explanation = explain(plan, "amina", "choir")
    >>> explanation.is_proposed, explanation.rules, explanation.price
    (True, (), 0.0)
    """
    check_plan(plan)
    newcomer_id, offer_id = an_id("newcomer_id", newcomer_id), an_id("offer_id", offer_id)
    ids = Ids.of(plan.newcomers, plan.offers)
    unknown = [f"newcomer {newcomer_id!r}"] * (newcomer_id not in ids.newcomers)
    unknown += [f"offer {offer_id!r}"] * (offer_id not in ids.offers)
    if unknown:
        raise UnknownRecordError(f"the plan was made without {' and '.join(unknown)}")
    row, column = ids.newcomers[newcomer_id], ids.offers[offer_id]
    pair = Pairs(plan.workings.situation, np.array([row]), np.array([column]))
    explanation = _explanations(pair, [newcomer_id], [offer_id])[0]
    if not explanation.is_possible:
        found = collisions(explanation.rules, _facts(plan, pair), _standing(pair, explanation))
        return replace(explanation, collisions=found)
    if any(p.newcomer_id == newcomer_id and p.offer_id == offer_id for p in plan.proposals):
        return replace(explanation, is_proposed=True, price=0.0)
    price, is_exact, there = insist(plan, pair)
    moves = tuple(_moves(plan, there))
    return replace(explanation, price=price, price_is_exact=is_exact, moves=moves)


def examine(
    newcomers: Sequence[Newcomer],
    offers: Sequence[Offer],
    policy: Policy,
    *,
    today: date,
    fixed: Iterable[IdPair] = (),
    banned: Iterable[IdPair] = (),
    only: Iterable[str] | None = None,
) -> list[Explanation]:
    """Hold newcomers against offers, rule by rule and criterion by criterion, without making a plan.

    Parameters
    ----------
    newcomers, offers, policy, today, fixed, banned
        As `matcher.planning.single.make_plan`.
    only : iterable of str, optional
        Ids of the newcomers to speak of; the others only take the places `fixed` gives them.

    Returns
    -------
    list of Explanation
        One a pair: in the order of the newcomers, then of the offers.

    Raises
    ------
    UnknownRecordError
        As `make_plan`.
    """
    request = PlanRequest.of(newcomers, offers, policy, today=today, fixed=fixed, banned=banned)
    ids = request.ids()
    situation = request.situation(ids)
    wanted = ids.newcomers if only is None else {an_id("only", one) for one in listed("only", only, "ids")}
    rows = np.array([row for newcomer, row in ids.newcomers.items() if newcomer in wanted], np.int64)
    pairs = all_pairs(situation, rows, np.arange(len(offers)))
    return _explanations(pairs, list(ids.newcomers), list(ids.offers), numbered=True)


def obstacles(
    newcomer: Newcomer,
    offer: Offer,
    policy: Policy,
    *,
    today: date,
    beside: Sequence[Offer] = (),
    fixed: Iterable[IdPair] = (),
    banned: Iterable[IdPair] = (),
) -> tuple[str, ...]:
    """The rules that keep two apart, without a score: for who must know it within milliseconds.

    Parameters
    ----------
    newcomer : Newcomer
    offer : Offer
    policy, today, fixed, banned
        As `matcher.planning.single.make_plan`.
    beside : sequence of Offer
        The other offers that `fixed` names.

    Returns
    -------
    tuple of str
        Names of rules, in the order of `RULES`; empty when the pair is possible.

    Raises
    ------
    UnknownRecordError
        As `make_plan`.
    """
    # What no rule reads is not encoded.
    person = replace(newcomer, interests=(), dislikes=(), goals=(), can_offer=())
    offers = [replace(one, interests=(), dislikes=(), goals=(), seeks=()) for one in (offer, *beside)]
    request = PlanRequest.of([person], offers, policy, today=today, fixed=fixed, banned=banned)
    situation = request.situation(request.ids())
    broken = broken_rules(Pairs(situation, np.array([0]), np.array([0])))[0]
    return tuple(rule.name for rule, is_broken in zip(RULES, broken, strict=True) if is_broken)


def compare(previous: Iterable[IdPair], plan: Plan) -> list[ProposalChange]:
    """What a plan changes about the proposals that were open before, and why.

    Parameters
    ----------
    previous : iterable of (newcomer_id, offer_id)
    plan : Plan

    Returns
    -------
    list of ProposalChange
        Sorted by newcomer, kind, offer before and after; empty when nothing changes.
    """
    check_plan(plan)
    before = set(id_pairs("previous", previous))
    after = {(proposal.newcomer_id, proposal.offer_id) for proposal in plan.proposals}
    ids = Ids.of(plan.newcomers, plan.offers)
    dropped = _by_person_and_kind(before - after, plan, ids)
    added = _by_person_and_kind(after - before, plan, ids)
    freed = {offer for _newcomer, offer in before - after}
    changes = []
    for newcomer, kind in sorted(dropped.keys() | added.keys()):
        old, new = dropped[newcomer, kind], added[newcomer, kind]
        for position in range(max(len(old), len(new))):
            was = old[position] if position < len(old) else None
            now = new[position] if position < len(new) else None
            if was is not None:
                reason = _reason_gone(plan, ids, newcomer, was)
            else:
                reason = "place_freed" if now in freed else "newly_possible"
            changes.append(ProposalChange(newcomer, kind, was, now, reason))
    return changes


def _explanations(
    pairs: Pairs, newcomer_ids: Sequence[str], offer_ids: Sequence[str], *, numbered: bool = False
) -> list[Explanation]:
    """One explanation a pair; `numbered`: the ids are those of all rows and columns, else of the pairs."""
    parts, broken = score_parts(pairs), broken_rules(pairs)
    kinds = pairs.offers.kind[pairs.columns]
    rows = pairs.rows if numbered else np.arange(pairs.rows.size)
    columns = pairs.columns if numbered else np.arange(pairs.rows.size)
    return [
        Explanation(
            newcomer_id=newcomer_ids[rows[position]],
            offer_id=offer_ids[columns[position]],
            kind=KINDS[kinds[position]],
            rules=tuple(
                rule.name for rule, is_broken in zip(RULES, broken[position], strict=True) if is_broken
            ),
            score=float(parts[position].sum()),
            parts=parts_by_name(parts[position].tolist()),
            distance_km=known(float(pairs.distance_km[position])),
            travel_minutes=known(float(pairs.minutes[position])),
        )
        for position in range(pairs.rows.size)
    ]


def _facts(plan: Plan, pair: Pairs) -> PairFacts:
    row, column = int(pair.rows[0]), int(pair.columns[0])
    return pair_facts(plan.newcomers[row], plan.offers[column], plan.policy, plan.today)


def _standing(pair: Pairs, explanation: Explanation) -> Standing:
    situation = pair.situation
    row, column = int(pair.rows[0]), int(pair.columns[0])
    group = int(situation.town.newcomers.group[row])
    left = int(situation.group_places[column, group]) if group >= 0 else -1
    return Standing(
        travel_minutes=explanation.travel_minutes,
        distance_km=explanation.distance_km,
        n_free=int(situation.free_places[column]),
        mix_left=None if left < 0 else left,
        open_wishes=int(situation.open_wants[row, situation.town.offers.kind[column]]),
    )


def insist(plan: Plan, pair: Pairs) -> tuple[float, bool, IntArray]:
    """What the best plan with one more pair costs.

    Parameters
    ----------
    plan : Plan
    pair : Pairs
        One pair that every rule allows.

    Returns
    -------
    float
        Value of the plan less that of the best plan with the pair.
    bool
        Whether both are proven the best.
    ndarray of int64, shape (q, 2)
        The pairs of that plan.

    Notes
    -----
    From the live state of the plan, where it looked at all possible pairs and has no sessions that overlap to
    be repaired; else solved anew, beginning with the plan.
    """
    workings = plan.workings
    if plan.status == "optimal" and plan.n_left_out == 0:
        change = workings.session.what_if(force=[(int(pair.rows[0]), int(pair.columns[0]))])
        there = _changed(workings.result.pairs, change.dropped, change.added)
        if not _has_clash(plan, there):
            return max(0.0, -change.gain), True, there
    return _insist_anew(plan, pair)


def _changed(pairs: IntArray, dropped: IntArray, added: IntArray) -> IntArray:
    there = ({*map(tuple, pairs.tolist())} - {*map(tuple, dropped.tolist())}) | {*map(tuple, added.tolist())}
    return np.array(sorted(there), np.int64).reshape(-1, 2)


def _has_clash(plan: Plan, pairs: IntArray) -> bool:
    """Whether anybody has two offers at the same hours."""
    offers = plan.workings.situation.town.offers
    rows, sets = pairs[:, 0], offers.timetable[pairs[:, 1]]
    attends = csr_array(
        (np.ones(len(pairs)), (rows, sets)), shape=(plan.workings.problem.n_rows, offers.overlaps.shape[0])
    )
    n_overlapping: Any = attends @ offers.overlaps.astype(np.float64)
    itself = offers.overlaps.diagonal()[sets]
    return bool((n_overlapping[rows, sets] > itself).any())


def _insist_anew(plan: Plan, pair: Pairs) -> tuple[float, bool, IntArray]:
    workings = plan.workings
    insisting = _more_than_anything(workings.pool.worth, workings.problem)
    pool = workings.pool.insisting_on(pair, insisting)
    problem, relaxed = pool.solve(plan.method, workings.result)
    offers = workings.situation.town.offers
    result = keep_apart(problem, relaxed, offers.overlaps, offers.timetable)
    price = plan.objective - (result.objective - insisting)
    is_exact = plan.status == result.status == "optimal" and plan.is_whole and pool.is_whole
    return max(0.0, price), is_exact, result.pairs


def _moves(plan: Plan, there: IntArray) -> Iterator[Move]:
    """What another choice of pairs does to whom, beside the plan's own."""
    here = {*map(tuple, plan.workings.result.pairs.tolist())}
    then = {*map(tuple, there.tolist())}
    kinds = plan.workings.situation.town.offers.kind
    affected: dict[tuple[int, int], tuple[list[int], list[int]]] = {}
    for side, pairs in enumerate((here - then, then - here)):
        for row, column in sorted(pairs):
            affected.setdefault((row, int(kinds[column])), ([], []))[side].append(column)
    for (row, kind), (before, after) in sorted(affected.items()):
        for was, now in zip_longest(before, after):
            yield Move(
                plan.newcomers[row].id,
                KINDS[kind],
                None if was is None else plan.offers[was].id,
                None if now is None else plan.offers[now].id,
            )


def _more_than_anything(scores: FloatArray, problem: AssignmentProblem) -> float:
    """More than a pair can displace: one pair, with its bonus, of each limit it uses."""
    bonus = 0.0 if problem.row_bonus is None else float(problem.row_bonus.max(initial=0.0))
    return 1.0 + 8.0 * (float(scores.max(initial=0.0)) + bonus)


def _by_person_and_kind(
    pairs: Iterable[IdPair], plan: Plan, ids: Ids
) -> defaultdict[tuple[str, str], list[str]]:
    grouped: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for newcomer, offer in sorted(pairs):
        kind = plan.offers[ids.offers[offer]].kind if offer in ids.offers else ""
        grouped[newcomer, kind].append(offer)
    return grouped


def _reason_gone(plan: Plan, ids: Ids, newcomer: str, offer: str) -> str:
    if newcomer not in ids.newcomers:
        return "newcomer_gone"
    if offer not in ids.offers:
        return "offer_gone"
    row, column = ids.newcomers[newcomer], ids.offers[offer]
    broken = broken_rules(Pairs(plan.workings.situation, np.array([row]), np.array([column])))[0]
    return next(
        (rule.name for rule, is_broken in zip(RULES, broken, strict=True) if is_broken), "better_elsewhere"
    )
