"""Keep room for people who have not arrived yet: futures drawn from past arrivals, and what they say today.

Arrays first (`forecast`, `held`, `is_blocking`), then people (`plan_ahead`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from types import MappingProxyType
from typing import Any

import numpy as np
from scipy import sparse

from matcher.arguments import IdPair
from matcher.assignment import AssignmentProblem, AssignmentResult, carry_over, solve
from matcher.exceptions import InvalidProblemError
from matcher.pairs.encoding import BoolArray, FloatArray, IntArray
from matcher.pairs.policy import Policy
from matcher.planning.request import PlanRequest, Progress
from matcher.planning.single import Plan, Proposal, id_pairs_of, solve_request
from matcher.planning.unmatched import Unmatched
from matcher.records.people import Newcomer, Offer
from matcher.records.vocabulary import KINDS

_IN_ALL = 1 - 1e-9
# Whoever is here comes before somebody alike who may come: a place is kept for those who bring more.
_LESS_FOR_THOSE_TO_COME = 0.95


@dataclass(frozen=True, eq=False)
class Forecast:
    """What sampled futures say about today's places and pairs.

    Parameters
    ----------
    values : ndarray of float64, shape (m,)
        What a place of each column is expected to be worth: 0 or more, in units of score and bonus.
    agreement : ndarray of float64, shape (nnz,)
        For each stored pair of today, the share of futures whose best choice has it: 0 to 1.
    """

    values: FloatArray
    agreement: FloatArray

    @classmethod
    def nobody_comes(cls, now: AssignmentProblem) -> Forecast:
        """Places are worth nothing to others, and no pair need wait."""
        return cls(np.zeros(now.n_columns), np.ones(now.scores.nnz))


def forecast(
    now: AssignmentProblem,
    pool: AssignmentProblem,
    weekly: IntArray,
    *,
    weeks: int,
    samples: int,
    rng: np.random.Generator,
) -> Forecast:
    r"""Solve sampled futures, average the prices of places, count in how many each pair of today is chosen.

    .. math::

        \bar p_j = \frac{0.95}{K} \sum_{k=1}^{K} p_j^k, \quad
        a_{ij} = \frac{1}{K} \, \bigl| \{ k : x_{ij}^k = 1 \} \bigr|, \quad
        (x^k, p^k) \text{ optimal for today's rows and those of future } k

    In array words: each future draws as many rows of `pool` as arrive in `weeks` weeks, puts them below the
    rows of `now` and solves; columns have the places of `now`.

    Parameters
    ----------
    now : AssignmentProblem
        People who wait today, over the places that are free today.
    pool : AssignmentProblem
        People who arrived in past weeks, as they were on arrival, over the same columns, kinds and groups.
        Its capacity and group capacity do not count.
    weekly : ndarray of int64, shape (w,)
        How many arrived in each past week, 0 or more.
    weeks : int
        How many weeks the places have to last after this one, 0 or more.
    samples : int
        How many futures, K, 1 or more.
    rng : numpy.random.Generator

    Returns
    -------
    Forecast
        Without past weeks, past people or weeks to come: values of 0, agreement of 1.

    Raises
    ------
    InvalidProblemError
        With all that is wrong with the arguments.

    Notes
    -----
    The number who come is a sum of past weeks drawn with replacement; who they are is drawn without
    replacement as long as the pool is large enough, else with it. Today's people are in every future: a
    price says what a place is worth beside them. The highest of several optimal prices may be all that a
    person of today brings; so a twentieth is left off, and where those to come never run short of a place by
    themselves, its value is 0. The same generator state gives the same forecast. 2 K times the cost of
    `solve`; each solution begins with the prices of the one before.

    References
    ----------
    .. [1] Ahani, Gölz, Procaccia, Teytelboym, Trapp, "Dynamic Placement in Refugee Resettlement",
       Operations Research, doi:10.1287/opre.2021.0534. Prices of sampled futures, subtracted, are theirs;
       asking all futures about a second placement is not.

    Examples
    --------
    One place, somebody whom it suits a little, and every week somebody whom it suits well:

    >>> import numpy as np
    >>> from scipy.sparse import csr_array
    >>> now = AssignmentProblem(csr_array(np.array([[0.25]])), capacity=[1])
    >>> pool = AssignmentProblem(csr_array(np.array([[0.75], [0.75]])), capacity=[1])
    >>> rng = np.random.default_rng(1)
    >>> seen = forecast(now, pool, np.array([1, 1]), weeks=2, samples=4, rng=rng)
    >>> seen.values.round(2).tolist(), seen.agreement.tolist()
    ([0.71], [0.0])
    """
    weekly = np.asarray(weekly, np.int64)
    _check(now, pool, weekly, weeks, samples)
    if weeks == 0 or pool.n_rows == 0 or weekly.sum() == 0:
        return Forecast.nobody_comes(now)
    nobody, _ = _split(now, 0)
    keys, agreement = now.rows * now.n_columns + now.columns, np.zeros(now.scores.nnz)
    values, needed = np.zeros(now.n_columns), np.zeros(now.n_columns)
    beside: AssignmentResult | None = None
    alone: AssignmentResult | None = None
    for _ in range(samples):
        n_come = int(rng.choice(weekly, weeks).sum())
        come = rng.choice(pool.n_rows, n_come, replace=n_come > pool.n_rows)
        beside = _solve(_with_arrivals(now, pool, come), beside)
        alone = _solve(_with_arrivals(nobody, pool, come), alone)
        values += beside.column_prices * _LESS_FOR_THOSE_TO_COME / samples
        needed += alone.column_prices
        today = beside.pairs[beside.pairs[:, 0] < now.n_rows]
        agreement[np.searchsorted(keys, today @ [now.n_columns, 1])] += 1
    return Forecast(np.where(needed > 0, values, 0.0), agreement / samples)


def held(pairs: IntArray, agreement: FloatArray, is_served: BoolArray) -> BoolArray:
    """Which chosen pairs had better wait: a further placement that is not in the best choice of every future.

    The first placement of a person is never held. Of several for somebody who has none, the first is the one
    in most futures.

    Parameters
    ----------
    pairs : ndarray of int64, shape (p, 2)
        Chosen rows and columns, in lexicographic order.
    agreement : ndarray of float64, shape (p,)
        Of the chosen pairs, as in `Forecast`.
    is_served : ndarray of bool, shape (n,)
        Rows that have a placement already.

    Returns
    -------
    ndarray of bool, shape (p,)

    Examples
    --------
    >>> pairs = np.array([[0, 0], [0, 1], [1, 2]])
    >>> held(pairs, np.array([0.5, 0.75, 0.5]), np.array([False, True])).tolist()
    [True, False, True]
    """
    rows = pairs[:, 0]
    order = np.lexsort([-agreement, rows])
    _, at = np.unique(rows[order], return_index=True)
    is_first = np.zeros(len(pairs), np.bool_)
    is_first[order[at]] = True
    return ~(is_first & ~is_served[rows]) & (agreement < _IN_ALL)


def is_blocking(
    problem: AssignmentProblem, pairs: IntArray, is_held: BoolArray, is_overdue: BoolArray
) -> BoolArray:
    """Which held pairs take a place from somebody who must not wait any longer and gets nothing.

    Parameters
    ----------
    problem : AssignmentProblem
    pairs : ndarray of int64, shape (p, 2)
        The choice.
    is_held : ndarray of bool, shape (p,)
    is_overdue : ndarray of bool, shape (n,)
        Rows without a placement that have waited as long as they may.

    Returns
    -------
    ndarray of bool, shape (p,)
    """
    left_out = is_overdue.copy()
    left_out[pairs[:, 0]] = False
    wanted = problem.columns[left_out[problem.rows] & (problem.scores.data >= 0)]
    return is_held & np.isin(pairs[:, 1], wanted)


def _check(
    now: AssignmentProblem, pool: AssignmentProblem, weekly: IntArray, weeks: int, samples: int
) -> None:
    problems = []
    if now.n_columns != pool.n_columns:
        problems.append(f"pool: expected {now.n_columns} columns as in `now`, got {pool.n_columns}")
    for name in ("kind_demand", "groups", "row_bonus"):
        if (getattr(now, name) is None) != (getattr(pool, name) is None):
            problems.append(f"pool: expected {name} where `now` has it, and only there")
    if weekly.ndim != 1 or (weekly < 0).any():
        problems.append(f"weekly: expected a number of people a week, 0 or more, got {weekly}")
    if weeks < 0:
        problems.append(f"weeks: expected 0 or more, got {weeks}")
    if samples < 1:
        problems.append(f"samples: expected 1 or more, got {samples}")
    if problems:
        raise InvalidProblemError(problems)


def _with_arrivals(now: AssignmentProblem, pool: AssignmentProblem, drawn: IntArray) -> AssignmentProblem:
    """Today's rows, and below them rows of the pool, over today's places."""

    def joined(name: str) -> Any:
        here, there = getattr(now, name), getattr(pool, name)
        return None if here is None else np.concatenate([here, there[drawn]])

    scores: Any = sparse.vstack([now.scores, pool.scores[drawn]], format="csr")
    return AssignmentProblem(
        scores, now.capacity, joined("demand"), now.kinds, joined("kind_demand"), joined("groups"),
        now.group_capacity, joined("row_bonus"), now.slots,
    )  # fmt: skip


def _solve(problem: AssignmentProblem, before: AssignmentResult | None) -> AssignmentResult:
    """Solve, beginning with the prices of a result for other rows over the same columns."""
    if before is None:
        return solve(problem)
    nowhere, columns = np.full(problem.n_rows, -1), np.arange(problem.n_columns)
    return solve(problem, warm_start=carry_over(before, problem, nowhere, columns))


# People ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Ahead:
    """A plan, and which of its proposals to make today.

    Parameters
    ----------
    plan : Plan
    proposals : tuple of Proposal
        To be made today: every first placement, and further ones that no future speaks against.
    held : tuple of Proposal
        The others of the plan: second or third placements for which a place is kept free as yet.
    place_values : mapping of str to float
        By offer: what a place is expected to be worth to people who have not arrived yet.
    """

    plan: Plan
    proposals: tuple[Proposal, ...]
    held: tuple[Proposal, ...]
    place_values: Mapping[str, float]


def plan_ahead(
    newcomers: Iterable[Newcomer],
    offers: Iterable[Offer],
    policy: Policy | None = None,
    *,
    today: date,
    past: Iterable[Newcomer],
    seed: int = 0,
    weeks_left: int | None = None,
    fixed: Iterable[IdPair] = (),
    banned: Iterable[IdPair] = (),
    previous: Plan | Iterable[IdPair] | None = None,
    progress: Progress | None = None,
) -> Ahead:
    """Make a plan that keeps room for people who have not arrived yet, where the policy says so.

    `make_plan` on pairs worth ``score - value of the place``; further placements that not every future has
    are held. With `Lookahead.is_on` off it is `make_plan`, and nothing is held.

    Parameters
    ----------
    newcomers, offers, policy, today, fixed, banned, previous, progress
        As `make_plan`. Whoever is fixed is among the newcomers.
    past : iterable of Newcomer
        Everybody who arrived in past weeks, whatever became of them, by `waiting_since`; they may be among
        the newcomers too. How many came in a week is counted from the first of these days to today.
    seed : int, default 0
        0 or more. The same people and seed give the same plan.
    weeks_left : int, optional
        Weeks after this one until the places are given out anew; at most `Lookahead.weeks` are looked at,
        and just as many where nothing is said.

    Returns
    -------
    Ahead

    Raises
    ------
    InvalidProblemError
        For past people without a `waiting_since`, or one after today, and for `weeks_left` below 0; as
        `make_plan`.
    UnknownRecordError
        As `make_plan`.

    Notes
    -----
    Nobody waits longer than `Lookahead.longest_wait_weeks` for the sake of people to come: afterwards no
    value counts against a person's pairs. Where a held proposal takes a place from somebody who has waited
    that long and gets nothing, the plan is made again without that pair. Further placements know no such
    limit: whoever has one may wait for the second until no future speaks against it.

    Candidates of past people are those that `make_plan` would look at today. Two plans or more, and
    2 x `samples` solutions of the assignment.

    Examples
    --------
    >>> from datetime import timedelta
    >>> from matcher.pairs.policy import Lookahead
    >>> today = date(2026, 3, 2)
    >>> def arrives(name, weeks_ago, interest, need):
    ...     since = today - timedelta(weeks=weeks_ago)
    ...     return Newcomer(id=name, birth_year=1990, consent=True, interests=(interest,),
    ...                     need_level=need, waiting_since=since)
    >>> past = [arrives(f"p{week}", week, "choir", 4) for week in range(1, 9)]
    >>> choir = Offer(id="choir", kind="association", capacity=1, interests=("choir",))
    >>> policy = Policy(lookahead=Lookahead(is_on=True))
    >>> ahead = plan_ahead([arrives("new", 0, "chess", 1)], [choir], policy, today=today, past=past)
    >>> ahead.proposals, round(ahead.place_values["choir"], 2)
    ((), 1.35)
    >>> waited = plan_ahead([arrives("new", 6, "chess", 1)], [choir], policy, today=today, past=past)
    >>> [proposal.newcomer_id for proposal in waited.proposals]
    ['new']
    """
    request = PlanRequest.of(
        newcomers,
        offers,
        policy,
        today=today,
        fixed=fixed,
        banned=banned,
        previous=id_pairs_of(previous),
        progress=progress,
    )
    begin = previous if isinstance(previous, Plan) else None
    return look_ahead(request, tuple(past), seed=seed, weeks_left=weeks_left, begin=begin)


def look_ahead(
    request: PlanRequest,
    past: Sequence[Newcomer],
    *,
    seed: int = 0,
    weeks_left: int | None = None,
    begin: Plan | None = None,
) -> Ahead:
    """`plan_ahead` of a request; `begin` is an earlier plan whose prices the assignment begins with.

    Raises
    ------
    InvalidProblemError, UnknownRecordError
        As `plan_ahead`.
    """
    newcomers, offers, policy = request.newcomers, request.offers, request.policy
    if not policy.lookahead.is_on:
        plan = solve_request(request, begin)
        return Ahead(plan, plan.proposals, (), MappingProxyType({}))
    weeks = policy.lookahead.weeks if weeks_left is None else min(weeks_left, policy.lookahead.weeks)
    weekly = _weekly(past, request.today, weeks)
    arrivals = [
        replace(person, id=f"{number}/{person.id}", waiting_since=request.today, status="ready")
        for number, person in enumerate(past)
    ]
    both = solve_request(replace(request, newcomers=[*newcomers, *arrivals], previous=None, progress=None))
    now, pool = _split(both.workings.problem, len(newcomers))
    rng = np.random.default_rng(seed)
    seen = forecast(now, pool, weekly, weeks=weeks, samples=policy.lookahead.samples, rng=rng)
    values = MappingProxyType(dict(zip((offer.id for offer in offers), seen.values.tolist(), strict=True)))
    placed = {newcomer for newcomer, _offer in request.fixed}
    is_served = np.array([person.id in placed for person in newcomers], np.bool_)
    is_overdue = ~is_served & _has_waited(newcomers, request.today, policy.lookahead.longest_wait_weeks)
    request = replace(request, place_values=values)
    while True:
        plan = solve_request(request, begin)
        pairs = plan.workings.result.pairs
        is_held = held(pairs, _agreement_of(now, seen, pairs), is_served)
        in_the_way = is_blocking(plan.workings.problem, pairs, is_held, is_overdue)
        if not in_the_way.any():
            break
        blocked = ((newcomers[row].id, offers[column].id) for row, column in pairs[in_the_way].tolist())
        request = replace(request, banned=(*request.banned, *blocked))
    wait = {(newcomers[row].id, offers[column].id) for row, column in pairs[is_held].tolist()}
    return Ahead(
        plan,
        tuple(p for p in plan.proposals if (p.newcomer_id, p.offer_id) not in wait),
        tuple(p for p in plan.proposals if (p.newcomer_id, p.offer_id) in wait),
        values,
    )


def arrivals_of(request: PlanRequest) -> tuple[Newcomer, ...]:
    """The newcomers of a request who came within the weeks its policy looks at, whatever became of them."""
    first = request.today - timedelta(weeks=request.policy.lookahead.weeks)
    return tuple(
        person
        for person in request.newcomers
        if person.waiting_since is not None and first < person.waiting_since <= request.today
    )


def made_today(ahead: Ahead) -> Plan:
    """The plan with what is to be proposed today; wishes that wait for others are ``kept_back``."""
    return replace(ahead.plan, proposals=ahead.proposals, unmatched=_with_kept_back(ahead))


def _with_kept_back(ahead: Ahead) -> tuple[Unmatched, ...]:
    """Open wishes, with those that wait because a place is kept."""
    plan, rows = ahead.plan, {newcomer.id: row for row, newcomer in enumerate(ahead.plan.newcomers)}
    problem, result, pairs = plan.workings.problem, plan.workings.result, plan.workings.pairs
    has_room = np.bincount(result.pairs[:, 1], minlength=problem.n_columns) < problem.capacity
    kinds = plan.workings.situation.town.offers.kind
    keeps = np.zeros((problem.n_rows, len(KINDS)), np.bool_)
    keeps[pairs.rows, kinds[pairs.columns]] |= has_room[pairs.columns]
    held = Counter((proposal.newcomer_id, proposal.kind) for proposal in ahead.held)
    wishes = {(wish.newcomer_id, wish.kind): wish for wish in plan.unmatched}
    for (newcomer, kind), n_held in held.items():
        wanted = int(plan.workings.situation.open_wants[rows[newcomer], KINDS.index(kind)])
        open_wish = wishes.get((newcomer, kind), Unmatched(newcomer, kind, wanted, wanted, "kept_back"))
        wishes[newcomer, kind] = replace(open_wish, proposed=open_wish.proposed - n_held)
    for key, wish in wishes.items():
        if wish.reason == "places_taken" and keeps[rows[key[0]], KINDS.index(key[1])]:
            wishes[key] = replace(wish, reason="kept_back")
    return tuple(sorted(wishes.values(), key=lambda wish: (rows[wish.newcomer_id], KINDS.index(wish.kind))))


def _weekly(past: Sequence[Newcomer], today: date, weeks: int) -> IntArray:
    """How many arrived in each past week; this week is the first."""
    wrong = [person.id for person in past if person.waiting_since is None or person.waiting_since > today]
    problems = []
    if wrong:
        problems.append(
            f"past: expected people with waiting_since up to {today}, got others: {', '.join(wrong)}"
        )
    if weeks < 0:
        problems.append(f"weeks_left: expected 0 or more, got {weeks}")
    if problems:
        raise InvalidProblemError(problems)
    ago = [(today - person.waiting_since).days // 7 for person in past if person.waiting_since is not None]
    return np.bincount(np.array(ago, np.int64))


def _split(both: AssignmentProblem, n_now: int) -> tuple[AssignmentProblem, AssignmentProblem]:
    """The first rows of a problem, and the others."""

    def part(rows: slice) -> AssignmentProblem:
        def own(name: str) -> Any:
            value = getattr(both, name)
            return None if value is None else value[rows]

        return AssignmentProblem(
            both.scores[rows], both.capacity, own("demand"), both.kinds, own("kind_demand"), own("groups"),
            both.group_capacity, own("row_bonus"), both.slots,
        )  # fmt: skip

    return part(slice(None, n_now)), part(slice(n_now, None))


def _has_waited(newcomers: Sequence[Newcomer], today: date, weeks: int) -> BoolArray:
    days = [0 if n.waiting_since is None else (today - n.waiting_since).days for n in newcomers]
    return np.array(days, np.int64) >= 7 * weeks


def _agreement_of(now: AssignmentProblem, seen: Forecast, pairs: IntArray) -> FloatArray:
    """Agreement on chosen pairs; 0 for one that no future looked at."""
    keys, wanted = now.rows * now.n_columns + now.columns, pairs @ np.array([now.n_columns, 1])
    at = np.minimum(np.searchsorted(keys, wanted), max(0, keys.size - 1))
    if keys.size == 0:
        return np.zeros(len(pairs))
    return np.where(keys[at] == wanted, seen.agreement[at], 0.0)
