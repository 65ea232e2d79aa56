"""Wishes that are left open, and the reason of each. Chooses nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from scipy import sparse

from matcher.assignment import AssignmentResult
from matcher.pairs.candidates import CandidateSearch
from matcher.pairs.eligibility import RULES
from matcher.pairs.encoding import BoolArray, IntArray
from matcher.pairs.situation import Pairs, Situation, is_stored, is_stored_at
from matcher.records.vocabulary import KINDS


@dataclass(frozen=True)
class Unmatched:
    """Wishes of one kind that are left open, and the reason.

    Parameters
    ----------
    wanted : int
        Wishes of this kind that are not confirmed yet.
    proposed : int
        How many of them the plan serves; less than `wanted`.
    reason : str
        A name in `REASONS`.
    """

    newcomer_id: str
    kind: str
    wanted: int
    proposed: int
    reason: str


def _(text: str) -> str:
    """Mark a text for translation."""
    return text


REASONS: Mapping[str, str] = MappingProxyType(
    {rule.name: rule.text for rule in RULES}
    | {
        "no_offers": _("no offer of this kind"),
        "places_taken": _("all fitting places went to others (need, waiting time, fit)"),
        "kept_back": _("a place is kept for people still to come whom it may help more"),
        "max_placements": _("as many other proposals as can be taken on at once"),
    }
)
"""Why a wish is left open: the name of the rule that stands in the way, or one of four more."""


Cell = tuple[int, int]


def hopeless_wishes(search: CandidateSearch, pairs: Pairs) -> dict[Cell, str]:
    """The wishes that no possible pair could serve, with what stands in the way, by row and kind.

    They stay open whatever is chosen: this can be asked while others choose.

    Parameters
    ----------
    search : CandidateSearch
    pairs : Pairs
        Candidates: of each newcomer and kind some, where any are possible.
    """
    situation = search.situation
    reasons: dict[Cell, str] = {}
    is_hopeless = situation.open_wants * (situation.open_total > 0)[:, None] > 0
    is_hopeless &= ~_with_candidates(pairs, is_hopeless.shape)
    for kind in range(is_hopeless.shape[1]):
        rows = np.flatnonzero(is_hopeless[:, kind])
        names = _blocking_rules(search, rows, kind) if rows.size else []
        reasons |= {(row, kind): name for row, name in zip(rows.tolist(), names, strict=True)}
    return reasons


def _with_candidates(pairs: Pairs, shape: tuple[int, ...]) -> BoolArray:
    found = np.zeros(shape, np.bool_)
    found[pairs.rows, pairs.offers.kind[pairs.columns]] = True
    return found


def open_wishes(
    pairs: Pairs, result: AssignmentResult, newcomer_ids: Sequence[str], hopeless: dict[Cell, str]
) -> tuple[Unmatched, ...]:
    """The wishes that a result leaves open, each with its reason.

    Parameters
    ----------
    pairs : Pairs
        The candidates the result chose from, sorted by row.
    result : AssignmentResult
    newcomer_ids : sequence of str
        By row.
    hopeless : dict of (int, int) to str
        See `hopeless_wishes`.

    Returns
    -------
    tuple of Unmatched
        By row, then kind.
    """
    situation = pairs.situation
    kind_of = situation.town.offers.kind
    proposed = np.zeros_like(situation.open_wants)
    np.add.at(proposed, (result.pairs[:, 0], kind_of[result.pairs[:, 1]]), 1)
    reasons = _reasons(pairs, result, proposed) | hopeless
    return tuple(
        Unmatched(
            newcomer_id=newcomer_ids[row],
            kind=KINDS[kind],
            wanted=int(situation.open_wants[row, kind]),
            proposed=int(proposed[row, kind]),
            reason=reasons[row, kind],
        )
        for row, kind in np.argwhere(situation.open_wants > proposed).tolist()
    )


def _reasons(pairs: Pairs, result: AssignmentResult, proposed: IntArray) -> dict[Cell, str]:
    """The reason of every wish that is left open though it had candidates, by row and kind."""
    situation = pairs.situation
    short = situation.open_wants > proposed
    is_full = short & (situation.open_total == 0)[:, None]
    reasons = {(row, kind): _why_nothing_more(situation, row) for row, kind in np.argwhere(is_full).tolist()}
    short &= ~is_full
    served: BoolArray = proposed.sum(axis=1) > 0
    at_limit = served & (proposed.sum(axis=1) >= situation.open_total)
    had_a_choice = short & _with_candidates(pairs, short.shape)
    may_clash = had_a_choice & (served & ~at_limit)[:, None]
    all_clash = may_clash & _all_clash(situation, pairs, result, may_clash)
    reasons |= dict.fromkeys(_cells(had_a_choice), "places_taken")
    reasons |= dict.fromkeys(_cells(all_clash), "time_clash")
    reasons |= dict.fromkeys(_cells(had_a_choice & at_limit[:, None]), "max_placements")
    return reasons


def _cells(flags: BoolArray) -> list[Cell]:
    return [(row, kind) for row, kind in np.argwhere(flags).tolist()]


def _all_clash(situation: Situation, pairs: Pairs, result: AssignmentResult, asked: BoolArray) -> BoolArray:
    """Where all that is left of somebody's candidates of a kind clashes with what they got: (n, kinds)."""
    kind_of, shape = situation.town.offers.kind, situation.fixed.shape
    rows, columns = result.pairs.T
    own = np.asarray(asked.any(axis=1))[rows]
    got = sparse.csr_array((np.ones(own.sum()), (rows[own], columns[own])), shape=shape)
    timetable, overlaps = situation.town.offers.timetable, situation.town.offers.overlaps
    attends = sparse.csr_array(
        (np.ones(own.sum()), (rows[own], timetable[columns[own]])), shape=(shape[0], overlaps.shape[0])
    )
    busy = sparse.csr_array(attends @ overlaps.astype(np.float64))
    of_cell = pairs.only(asked[pairs.rows, kind_of[pairs.columns]])
    left = of_cell.only(~is_stored(got, of_cell))
    n_left, n_clashing = np.zeros(asked.shape, np.int64), np.zeros(asked.shape, np.int64)
    np.add.at(n_left, (left.rows, kind_of[left.columns]), 1)
    clashing = left.only(is_stored_at(busy, left.rows, timetable[left.columns].astype(np.int64)))
    np.add.at(n_clashing, (clashing.rows, kind_of[clashing.columns]), 1)
    return (n_left > 0) & (n_left == n_clashing)


def _why_nothing_more(situation: Situation, row: int) -> str:
    """Somebody who can take on nothing more, or does not take part at all."""
    newcomers = situation.town.newcomers
    if not newcomers.has_consent[row]:
        return "consent"
    return "max_placements" if newcomers.is_ready[row] else "status"


def _blocking_rules(search: CandidateSearch, rows: IntArray, kind: int) -> list[str]:
    """The rule that stands most in the way of each row, given the offers of one kind.

    That rule which alone keeps the largest number of offers away; where no single rule does, the one that
    forbids most offers. Consent and readiness come before any other reason.
    """
    town = search.situation.town
    columns = np.flatnonzero(town.offers.kind == kind)
    has_consent, is_ready = town.newcomers.has_consent[rows], town.newcomers.is_ready[rows]
    names = np.where(has_consent, "status", "consent").astype(object)
    if not columns.size:
        names[has_consent & is_ready] = "no_offers"
        return names.tolist()
    asked = np.flatnonzero(has_consent & is_ready & town.offers.is_active[columns].any())
    counts = search.obstacles(rows[asked], columns, only_alone=True)
    nothing_alone = np.flatnonzero(~counts.any(axis=1))
    counts[nothing_alone] = search.obstacles(rows[asked[nothing_alone]], columns, only_alone=False)
    names[asked] = np.array([rule.name for rule in RULES], object)[counts.argmax(axis=1)]
    return names.tolist()
