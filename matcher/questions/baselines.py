"""How good a plan is, held against handing offers out one by one. Makes no plan and changes none."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from matcher.assignment import ResidualCapacity
from matcher.assignment.certificate import value_of
from matcher.exceptions import InvalidProblemError
from matcher.pairs.encoding import IntArray
from matcher.planning.single import Plan

ORDERS = ("waiting", "urgency", "score")


@dataclass(frozen=True)
class BaselineResult:
    """What a choice of pairs is worth, in the measure of a plan.

    Parameters
    ----------
    value, score_sum : float
        Scores and bonuses, as the plan's objective; scores alone.
    n_pairs : int
    served : frozenset of str
        Ids of the newcomers who get something.
    """

    value: float
    score_sum: float
    n_pairs: int
    served: frozenset[str]


def outcome(plan: Plan) -> BaselineResult:
    """The outcome of a plan's own proposals."""
    return _outcome(plan, plan.workings.result.pairs)


def hand_out(plan: Plan, order: str) -> BaselineResult:
    """What would come of the plan's candidates if places were given away one by one, never looking ahead.

    Parameters
    ----------
    plan : Plan
        Its candidates, scores and limits hold here too, and sessions that overlap exclude each other.
    order : {"waiting", "urgency", "score"}
        "waiting": whoever waits longest chooses all they wish for, then the next. "urgency": the same by
        need and waiting time, as the plan weighs them. "score": of all pairs that still fit, the best.

    Returns
    -------
    BaselineResult

    Raises
    ------
    InvalidProblemError
        For an unknown order.

    Notes
    -----
    Whoever chooses takes their best offers. Ties go to the newcomer, then the offer, that comes first.

    Examples
    --------
    >>> from datetime import date
    >>> from matcher import Newcomer, Offer, make_plan
    >>> newcomers = [Newcomer(id=name, birth_year=1990, consent=True) for name in ("amina", "boris")]
    >>> choir = Offer(id="choir", kind="association", capacity=1)
    >>> plan = make_plan(newcomers, [choir], today=date(2026, 3, 2))
    >>> hand_out(plan, "waiting").served
    frozenset({'amina'})
    """
    if order not in ORDERS:
        raise InvalidProblemError(f"order: expected one of {', '.join(ORDERS)}, got {order!r}")
    problem, clashes = plan.workings.problem, plan.workings.situation.town.offers.clashes
    room = ResidualCapacity(problem, np.empty(0, np.int64))
    taken: list[int] = []
    own: dict[int, list[int]] = {}
    for entry in _in_order(plan, order):
        row, column = int(problem.rows[entry]), int(problem.columns[entry])
        mine = own.setdefault(row, [])
        if room.fits(entry) and not clashes[[column]][:, mine].nnz:
            room.take(entry)
            mine.append(column)
            taken.append(entry)
    taken.sort()
    return _outcome(plan, np.column_stack([problem.rows[taken], problem.columns[taken]]))


def _in_order(plan: Plan, order: str) -> list[int]:
    """Positions of the candidates in the order in which they are looked at."""
    problem, newcomers = plan.workings.problem, plan.workings.situation.town.newcomers
    best_first = -problem.scores.data
    if order == "score":
        return np.argsort(best_first, kind="stable").tolist()
    precedence = newcomers.waiting_weeks if order == "waiting" else np.array(list(plan.urgency.values()))
    return np.lexsort((best_first, problem.rows, -precedence[problem.rows])).tolist()


def _outcome(plan: Plan, pairs: IntArray) -> BaselineResult:
    score_sum, value = value_of(plan.workings.problem, pairs)
    served = frozenset(plan.newcomers[row].id for row in pairs[:, 0].tolist())
    return BaselineResult(value, score_sum, len(pairs), served)
