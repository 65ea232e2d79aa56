"""What it would take to find somebody something: the smallest single changes that do, solved again each time.

Protective rules are never relaxed, and nobody is asked to give up a need or a wish about gender.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from matcher.arguments import a_whole_number, an_id
from matcher.exceptions import UnknownRecordError
from matcher.pairs.candidates import all_pairs
from matcher.pairs.eligibility import RULES, broken_rules
from matcher.pairs.encoding import IntArray
from matcher.pairs.situation import Pairs, mixing_limit
from matcher.planning.request import Ids
from matcher.planning.single import Plan, check_plan, make_again
from matcher.records.people import Newcomer, Offer
from matcher.records.vocabulary import KINDS, LEVELS, Hours, level_rank, primary_language

# How many changes are tried by solving again for one that is asked for.
_TRIED_A_CHANGE = 3
_MINUTES_A_STEP = 5
_PROTECTIVE = frozenset(rule.name for rule in RULES if rule.is_protective)


@dataclass(frozen=True)
class Relaxation:
    """One change, and what it would bring.

    Parameters
    ----------
    rule : str
        The rule that stands in the way now; ``free_place`` also where the places went to others.
    side : {"newcomer", "offer"}
        Who would have to change something.
    offer_id : str
        The offer that comes within reach.
    change : mapping of str to object
        Fields of that side's record with their new values.
    size : float
        How large the change is, from 0: what makes changes of different kinds comparable.
    amount : float
        The same in the unit of the rule: minutes of travel, hours, levels, places.
    gain : float
        How much more the plan would be worth, in units of score.
    finds : str
        Id of the offer that the person would be proposed then: mostly `offer_id`, but others may move too.
    is_exact : bool
        Whether both plans are proven the best.
    """

    newcomer_id: str
    kind: str
    rule: str
    side: str
    offer_id: str
    change: Mapping[str, Any]
    size: float
    amount: float
    gain: float
    finds: str
    is_exact: bool


@dataclass(frozen=True)
class Adjustment:
    """A change that would make an offer possible, or give it one more place; see `Relaxation`.

    Parameters
    ----------
    rule, side : str
    column : int
        Of the offer; -1 where any would do.
    change : mapping of str to object
    size, amount : float
    """

    rule: str
    side: str
    column: int
    change: Mapping[str, Any]
    size: float
    amount: float


def relaxations(
    plan: Plan, newcomer_id: str, kind: str | None = None, most: int = 5
) -> tuple[Relaxation, ...]:
    """The smallest single changes that would find somebody something more.

    Parameters
    ----------
    plan : Plan
    newcomer_id : str
    kind : str, optional
        Only for wishes of this kind; all that are open by default.
    most : int, default 5
        How many for each kind.

    Returns
    -------
    tuple of Relaxation
        Smallest first. Empty where there is no open wish, or a protective rule stands in the way of all.

    Raises
    ------
    UnknownRecordError
        When the plan was made without that person.

    Notes
    -----
    Considered is every offer that one practical rule alone keeps away, or that is full. The smallest changes
    are tried: people or offers are changed, the plan is made again, and a change counts only if the person is
    then proposed one more of the kind. Each trial takes as long as a plan; at most three a change asked for.
    """
    check_plan(plan)
    newcomer_id, most = an_id("newcomer_id", newcomer_id), a_whole_number("most", most)
    ids = Ids.of(plan.newcomers, plan.offers)
    if newcomer_id not in ids.newcomers:
        raise UnknownRecordError(f"the plan was made without newcomer {newcomer_id!r}")
    open_kinds = [wish.kind for wish in plan.unmatched if wish.newcomer_id == newcomer_id]
    row = ids.newcomers[newcomer_id]
    found = [
        relaxation
        for wanted in open_kinds
        if kind in (None, wanted)
        for relaxation in _that_help(plan, row, wanted, most)
    ]
    return tuple(sorted(found, key=lambda one: (one.size, -one.gain, one.offer_id)))


def apply(plan: Plan, relaxation: Relaxation) -> Plan:
    """The plan made again with one change."""
    newcomers, offers = list(plan.newcomers), list(plan.offers)
    ids = Ids.of(newcomers, offers)
    if relaxation.side == "newcomer":
        at = ids.newcomers[relaxation.newcomer_id]
        newcomers[at] = replace(newcomers[at], **relaxation.change)
    else:
        at = ids.offers[relaxation.offer_id]
        offers[at] = replace(offers[at], **relaxation.change)
    return make_again(plan, newcomers, offers)


def at_hand(plan: Plan) -> dict[tuple[str, str], Adjustment]:
    """For open wishes, the smallest single change that brings a place which nobody takes: nobody has to move.

    Parameters
    ----------
    plan : Plan

    Returns
    -------
    dict of (newcomer_id, kind) to Adjustment
        Without those whom no such change helps.

    Notes
    -----
    Nothing is solved again, which is why it takes milliseconds a person, where `relaxations` takes a plan a
    trial. After the change the person could be placed there at once. A new plan may do something better yet.
    """
    workings = plan.workings
    situation, offers = workings.situation, workings.situation.town.offers
    ids = Ids.of(plan.newcomers, plan.offers)
    own: dict[int, list[int]] = {}
    for row, column in workings.result.pairs.tolist():
        own.setdefault(row, []).append(column)
    n_taken = np.bincount(workings.result.pairs[:, 1], minlength=offers.age.size)
    is_spare = offers.is_active & (situation.free_places > n_taken)
    found: dict[tuple[str, str], Adjustment] = {}
    for wish in plan.unmatched:
        row = ids.newcomers[wish.newcomer_id]
        mine = own.get(row, [])
        if wish.reason in _PROTECTIVE or situation.open_total[row] <= len(mine):
            continue
        columns = np.flatnonzero(is_spare & (offers.kind == KINDS.index(wish.kind)))
        overlapping = offers.overlaps[offers.timetable[mine]].sum(axis=0) > 0
        columns = columns[~overlapping[offers.timetable[columns]]]
        changes = _smallest(_changes(plan, row, columns))
        changes = [change for change in changes if change.rule != "free_place"]
        if changes:
            found[wish.newcomer_id, wish.kind] = changes[0]
    return found


def _that_help(plan: Plan, row: int, kind: str, most: int) -> Iterator[Relaxation]:
    newcomer = plan.newcomers[row]
    before = _proposed(plan, newcomer.id, kind)
    found_before: set[str] = set()
    columns = np.flatnonzero(plan.workings.situation.town.offers.kind == KINDS.index(kind))
    changes = [*_one_more(plan, row), *_changes(plan, row, columns)]
    for change in _smallest(changes)[: _TRIED_A_CHANGE * most]:
        offer_id = "" if change.column < 0 else plan.offers[change.column].id
        trial = Relaxation(
            newcomer.id, kind, change.rule, change.side, offer_id, change.change, change.size, change.amount,
            0.0, "", False,
        )  # fmt: skip
        then = apply(plan, trial)
        after = _proposed(then, newcomer.id, kind)
        if len(after) > len(before):
            found = min(after - before, key=lambda offer: (offer != offer_id, offer))
            if found in found_before:  # a smaller change found it already
                continue
            found_before.add(found)
            yield replace(
                trial,
                offer_id=offer_id or found,
                gain=then.objective - plan.objective,
                finds=found,
                is_exact=plan.status == then.status == "optimal",
            )
        if len(found_before) == most:
            return


def _smallest(changes: Iterable[Adjustment]) -> list[Adjustment]:
    """Changes, smallest first; what comes to the same for a newcomer only once."""
    different: dict[object, Adjustment] = {}
    for change in sorted(changes, key=lambda one: (one.size, one.column)):
        same = change.column if change.side == "offer" else -1
        different.setdefault((same, change.rule, str(change.change)), change)
    return list(different.values())


def _proposed(plan: Plan, newcomer_id: str, kind: str) -> set[str]:
    return {p.offer_id for p in plan.proposals if p.newcomer_id == newcomer_id and p.kind == kind}


def _one_more(plan: Plan, row: int) -> Iterator[Adjustment]:
    """One more placement at once, for somebody who has as many as they want."""
    newcomer = plan.newcomers[row]
    open_total = plan.workings.situation.open_total[row]
    if newcomer.max_placements is not None and open_total <= _n_proposed(plan, newcomer.id):
        yield Adjustment("wanted", "newcomer", -1, {"max_placements": newcomer.max_placements + 1}, 0.25, 1)


def _changes(plan: Plan, row: int, columns: IntArray) -> Iterator[Adjustment]:
    """Every change that would make one of some offers possible, or give it one more place."""
    situation = plan.workings.situation
    pairs = all_pairs(situation, np.array([row]), columns)
    broken = broken_rules(pairs)
    names = [rule.name for rule in RULES]
    is_full = broken[:, names.index("free_place")]
    n_broken = broken.sum(axis=1)
    newcomer = plan.newcomers[row]
    for position in np.flatnonzero(n_broken <= 1).tolist():
        column = int(columns[position])
        offer = plan.offers[column]
        if n_broken[position] == 0 or is_full[position]:
            places = {"capacity": offer.taken + _n_fixed(plan, column) + _n_open(plan, column) + 1}
            yield Adjustment("free_place", "offer", column, places, 0.5, 1)
            continue
        rule = names[int(broken[position].argmax())]
        if rule in _WAYS:
            one = Pairs(situation, pairs.rows[[position]], pairs.columns[[position]])
            yield from _WAYS[rule](plan, one, newcomer, offer)


def _n_proposed(plan: Plan, newcomer_id: str) -> int:
    return sum(proposal.newcomer_id == newcomer_id for proposal in plan.proposals)


def _n_fixed(plan: Plan, column: int) -> int:
    return int(plan.workings.situation.fixed[:, [column]].sum())


def _n_open(plan: Plan, column: int) -> int:
    return int(plan.workings.situation.free_places[column])


# One rule at a time ----------------------------------------------------------------------------------


def _further(plan: Plan, pair: Pairs, newcomer: Newcomer, _offer: Offer) -> Iterator[Adjustment]:
    """A longer way."""
    now = plan.policy.travel.max_minutes_not_said if newcomer.max_minutes is None else newcomer.max_minutes
    minutes = math.ceil(float(pair.minutes[0]) / _MINUTES_A_STEP) * _MINUTES_A_STEP
    more = minutes - now
    if minutes <= 600:
        change = {"max_minutes": minutes}
        yield Adjustment("travel", "newcomer", int(pair.columns[0]), change, more / 60, more)


def _more_hours(plan: Plan, pair: Pairs, newcomer: Newcomer, offer: Offer) -> Iterator[Adjustment]:
    """One session, or one hour with a person, besides the free hours."""
    least, column = plan.policy.limits.common_minutes, int(pair.columns[0])
    for start, end in offer.times:
        wanted = Hours(start, end if offer.kind == "association" else min(end, start + least))
        hours = (wanted.end - wanted.start) / 60
        change = {"availability": (*newcomer.availability, wanted)}
        yield Adjustment("hours", "newcomer", column, change, 0.2 + hours / 10, hours)


def _language_steps(plan: Plan, pair: Pairs, newcomer: Newcomer, offer: Offer) -> Iterator[Adjustment]:
    """A lower level asked for, down to the newcomer's own; with a person, more of their language."""
    row, column = int(pair.rows[0]), int(pair.columns[0])
    if offer.min_level:
        own = max(0, int(pair.newcomers.levels[row, pair.offers.town_language[column]]))
        steps = level_rank(offer.min_level) - own
        yield Adjustment("language", "offer", column, {"min_level": LEVELS[own]}, 0.3 * steps, steps)
        return
    needed = plan.policy.limits.common_language_level
    steps_by_code = {
        code: level_rank(needed) - level_rank(level)
        for code, level in newcomer.languages.items()
        if _speaks(offer, code, needed) and level_rank(level) < level_rank(needed)
    }
    if steps_by_code:
        code = min(steps_by_code, key=lambda one: (steps_by_code[one], one))
        change = {"languages": {**newcomer.languages, code: needed}}
        steps = steps_by_code[code]
        yield Adjustment("language", "newcomer", column, change, 0.3 * steps, steps)


def _speaks(offer: Offer, code: str, level: str) -> bool:
    return any(
        primary_language(spoken) == primary_language(code) and level_rank(own) >= level_rank(level)
        for spoken, own in offer.languages.items()
    )


def _more_of_a_language(_plan: Plan, pair: Pairs, newcomer: Newcomer, offer: Offer) -> Iterator[Adjustment]:
    """A larger share for people with one first language: one place more for them."""
    group = int(pair.newcomers.group[pair.rows[0]])
    left = int(pair.situation.group_places[pair.columns[0], group])
    limit = mixing_limit(np.array([offer.capacity]), np.array([offer.language_share_max or 0.0]))
    allowed = int(limit[0])
    change = {"language_share_max": min(1.0, (allowed + 1 - min(0, left)) / max(1, offer.capacity))}
    yield Adjustment("mixing_limit", "offer", int(pair.columns[0]), change, 0.6, 1)


def _accessible(need: str) -> Any:
    def changes(_plan: Plan, pair: Pairs, _newcomer: Newcomer, offer: Offer) -> Iterator[Adjustment]:
        change = {"access": (*offer.access, need)}
        yield Adjustment(need, "offer", int(pair.columns[0]), change, 0.7, 1)

    return changes


def _cheaper(_plan: Plan, pair: Pairs, _newcomer: Newcomer, _offer: Offer) -> Iterator[Adjustment]:
    """Support with paying."""
    yield Adjustment("low_cost", "offer", int(pair.columns[0]), {"cost_support": True}, 0.4, 1)


_WAYS: Mapping[str, Any] = {
    "travel": _further,
    "hours": _more_hours,
    "language": _language_steps,
    "mixing_limit": _more_of_a_language,
    "step_free": _accessible("step_free"),
    "childcare": _accessible("childcare"),
    "low_cost": _cheaper,
}
