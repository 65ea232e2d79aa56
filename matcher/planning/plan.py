"""The whole way in one call: people and a policy to a plan, with room kept for people to come or without."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date

from matcher.arguments import IdPair
from matcher.pairs.policy import Policy
from matcher.planning.lookahead import arrivals_of, look_ahead, made_today
from matcher.planning.request import PlanRequest, Progress
from matcher.planning.single import Plan, id_pairs_of, solve_request
from matcher.records.tables import NewcomersLike, OffersLike


def make_plan(
    newcomers: NewcomersLike,
    offers: OffersLike,
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
    allows, within the places of every offer and the wishes of every newcomer. Where the policy looks ahead,
    room is kept for people to come, unless `place_values` say what a place is worth to them: the newcomers
    who came within `Lookahead.weeks`, whatever became of them, are the past that futures are drawn from, and
    wishes that wait because a place is kept have the reason ``kept_back``.

    Parameters
    ----------
    newcomers, offers : iterable of Newcomer, of Offer; or tables
        Ids are unique in each. Tables as `matcher.records.tables.newcomers_from` takes them.
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
    InvalidTableError
        For a table with rows that cannot be.
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
    request = PlanRequest.of(
        newcomers,
        offers,
        policy,
        today=today,
        fixed=fixed,
        banned=banned,
        previous=id_pairs_of(previous),
        place_values=place_values,
        method=method,
        progress=progress,
    )
    begin = previous if isinstance(previous, Plan) else None
    if not request.policy.lookahead.is_on or place_values is not None:
        return solve_request(request, begin)
    return made_today(look_ahead(request, arrivals_of(request), begin=begin))
