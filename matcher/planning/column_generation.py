"""The candidates that a plan looks at: the best of everybody, and what prices show to matter. No rules."""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from matcher.assignment import AssignmentProblem, AssignmentResult, solve
from matcher.pairs.candidates import Candidates, CandidateSearch, Tariff
from matcher.pairs.eligibility import allowed
from matcher.pairs.encoding import BoolArray, FloatArray, IntArray
from matcher.pairs.scoring import kept_back, row_bonus, score_parts
from matcher.pairs.situation import Pairs, Situation, is_stored

_WORTH_MORE = 1e-9


class CandidatePool:
    """Candidates with what they count for; it grows, and stays sorted by row, then column.

    Parameters
    ----------
    search : CandidateSearch
    costs : ndarray of float64, shape (m,)
        What a place is expected to be worth to somebody who has not arrived yet.
    still_open : csr_array of bool, shape (n, m)
        Pairs that are open proposals now: they stay among the candidates while the rules allow them.

    Attributes
    ----------
    search : CandidateSearch
    pairs : Pairs
    scores : ndarray of float64, shape (p,)
    n_allowed : int
        How many pairs every rule allows.
    is_whole : bool
        Whether prices have shown that no pair that was left out could lift what the assignment is worth.
    """

    def __init__(self, search: CandidateSearch, costs: FloatArray, still_open: sparse.csr_array) -> None:
        self.search, self._costs, self._still_open = search, costs, still_open
        self._most = search.situation.policy.limits.candidates_per_kind
        self._insisting: dict[int, float] = {}
        self._before: _Prices | None = None
        self._best: Candidates = search.best(self._most, tariff=Tariff(costs))
        self.pairs, self.scores = self._best.pairs, self._best.scores
        self.n_allowed = self._best.n_allowed
        self.is_whole = self.n_allowed == self.pairs.rows.size
        entries = sparse.coo_array(still_open)
        here = allowed(Pairs(search.situation, entries.row.astype(np.int64), entries.col.astype(np.int64)))
        self._take_in(here, score_parts(here).sum(axis=1))

    def insisting_on(self, pair: Pairs, amount: float) -> CandidatePool:
        """The same candidates and one pair, which counts for so much more."""
        other = copy(self)
        other._before = None
        other._insisting = self._insisting | dict.fromkeys(_keys(pair).tolist(), amount)
        other.is_whole = self.n_allowed == self.pairs.rows.size
        other._take_in(pair, score_parts(pair).sum(axis=1))
        return other

    @property
    def situation(self) -> Situation:
        """The town as it stands."""
        return self.search.situation

    @property
    def was_open(self) -> BoolArray:
        """Which pairs are open proposals now, shape (p,)."""
        return is_stored(self._still_open, self.pairs)

    @property
    def switching(self) -> FloatArray:
        """The bonus of pairs that are open proposals now, shape (p,)."""
        return np.where(self.was_open, self.search.situation.policy.switching_bonus, 0.0)

    @property
    def kept_back(self) -> FloatArray:
        """What the place of each pair is kept back for, shape (p,)."""
        return kept_back(self.pairs, self.scores, self._costs)

    @property
    def worth(self) -> FloatArray:
        """What each pair counts for in the assignment, shape (p,)."""
        worth = self.scores + self.switching - self.kept_back
        for key, amount in self._insisting.items():
            worth[np.searchsorted(_keys(self.pairs), key)] += amount
        return worth

    def solve(
        self, method: str, begin: AssignmentResult | None
    ) -> tuple[AssignmentProblem, AssignmentResult]:
        """Solve for the candidates there are; take in what is worth more than the prices; until nothing is.

        The prices then prove the result over all pairs, those that were left out too (column generation).
        """
        problem = pose_problem(self.pairs, self.worth)
        result = solve(problem, method, warm_start=begin)
        while not self.is_whole:
            found = self._worth_more(result)
            if not found.pairs.rows.size:
                break
            self._take_in(found.pairs, found.scores)
            problem = pose_problem(self.pairs, self.worth)
            result = solve(problem, method, warm_start=result)
        return problem, result

    def _worth_more(self, result: AssignmentResult) -> Candidates:
        """Pairs that were left out and are worth more than the limits they use."""
        now = _Prices.of(result, self._best.cut_at)
        rows = np.flatnonzero((self._best.cut_at > now.floors).any(axis=1))
        before, self._before = self._before, now
        if before is None:
            found = self._search(now, rows, None)
        else:
            # What was not worth its price is worth it now only where a price fell.
            is_cheaper = now.are_lower_for(before)
            found = _joined(
                self._search(now, rows[is_cheaper[rows]], None),
                self._search(now, rows[~is_cheaper[rows]], now.columns_below(before)),
            )
        # Where all that was found is here already, what was cut off may be new.
        is_new = ~self._has(found.pairs)
        now.is_cut[:] = (found.cut_at > now.floors).any(axis=1)
        is_stuck = now.is_cut.copy()
        is_stuck[found.pairs.rows[is_new]] = False
        if is_stuck.any():
            found = _joined(found, self._search(now, np.flatnonzero(is_stuck), None, every=True))
            is_new = ~self._has(found.pairs)
        self.is_whole = not is_new.any()
        return Candidates(found.pairs.only(is_new), found.scores[is_new], found.n_allowed, found.cut_at)

    def _search(
        self, now: _Prices, rows: IntArray, columns: IntArray | None, *, every: bool = False
    ) -> Candidates:
        result = now.result
        tariff = Tariff(
            self._costs, result.column_prices, result.group_prices, result.slot_prices,
            now.floors, self._best.cut_at,
        )  # fmt: skip
        return self.search.best(None if every else self._most, rows=rows, columns=columns, tariff=tariff)

    def _has(self, pairs: Pairs) -> BoolArray:
        keys, others = _keys(self.pairs), _keys(pairs)
        at = np.searchsorted(keys, others)
        return np.append(keys, -1)[at] == others

    def _take_in(self, pairs: Pairs, scores: FloatArray) -> None:
        new = ~self._has(pairs)
        if not new.any():
            return
        rows = np.concatenate([self.pairs.rows, pairs.rows[new]])
        columns = np.concatenate([self.pairs.columns, pairs.columns[new]])
        both = Pairs(self.pairs.situation, rows, columns)
        order = np.argsort(_keys(both), kind="stable")
        self.pairs = Pairs(self.pairs.situation, rows[order], columns[order])
        self.scores = np.concatenate([self.scores, scores[new]])[order]


def floors_of(result: AssignmentResult, n_kinds: int) -> FloatArray:
    """What a pair of each row and kind must be worth beyond its place to pay for the row's own limits."""
    floors = np.repeat(result.row_prices[:, None], n_kinds, axis=1)
    if result.kind_prices is not None:
        floors = floors + result.kind_prices
    if result.bonus_shares is not None:
        floors = floors - result.bonus_shares[:, None]
    return floors


@dataclass(frozen=True)
class _Prices:
    """The prices that a search was made at, and whose finds had to be cut off."""

    result: AssignmentResult
    floors: FloatArray  # (n, kinds): what a pair must be worth more than, beyond its place
    is_cut: BoolArray  # (n,)

    @classmethod
    def of(cls, result: AssignmentResult, cut_at: FloatArray) -> _Prices:
        """The prices of a result."""
        floors = floors_of(result, cut_at.shape[1])
        return cls(result, floors + _WORTH_MORE, np.zeros(len(floors), np.bool_))

    def are_lower_for(self, before: _Prices) -> BoolArray:
        """Rows whose own limits cost less than before, or whose finds were cut off then."""
        is_lower: BoolArray = before.is_cut | (self.floors < before.floors).any(axis=1)
        old, new = before.result.slot_prices, self.result.slot_prices
        if old is not None and new is not None:
            change = sparse.coo_array(old - new)
            is_lower[change.row[change.data > 0]] = True
        return is_lower

    def columns_below(self, before: _Prices) -> IntArray:
        """Columns whose places cost less than before, to anybody."""
        is_lower: BoolArray = self.result.column_prices < before.result.column_prices
        old, new = before.result.group_prices, self.result.group_prices
        if old is not None and new is not None:
            is_lower = is_lower | (
                self.result.column_prices[:, None] + new < before.result.column_prices[:, None] + old
            ).any(axis=1)
        return np.flatnonzero(is_lower)


def _joined(one: Candidates, other: Candidates) -> Candidates:
    pairs = Pairs(
        one.pairs.situation,
        np.concatenate([one.pairs.rows, other.pairs.rows]),
        np.concatenate([one.pairs.columns, other.pairs.columns]),
    )
    scores, cut_at = np.concatenate([one.scores, other.scores]), np.maximum(one.cut_at, other.cut_at)
    return Candidates(pairs, scores, one.n_allowed + other.n_allowed, cut_at)


def _keys(pairs: Pairs) -> IntArray:
    return pairs.rows * pairs.offers.age.size + pairs.columns


def pose_problem(pairs: Pairs, scores: FloatArray) -> AssignmentProblem:
    """The assignment problem of some candidates: free places, open wishes, mixing limits, bonuses.

    Parameters
    ----------
    pairs : Pairs
        Sorted by row, then column; each once.
    scores : ndarray of float64, shape (p,)

    Returns
    -------
    AssignmentProblem
    """
    situation = pairs.situation
    newcomers, offers = situation.town.newcomers, situation.town.offers
    n, m = newcomers.age.size, offers.age.size
    group_places = situation.group_places
    has_group_limits = bool((group_places >= 0).any())
    starts = np.concatenate([[0], np.cumsum(np.bincount(pairs.rows, minlength=n))])
    return AssignmentProblem(
        sparse.csr_array((scores, pairs.columns, starts), shape=(n, m)),
        situation.free_places,
        demand=situation.open_total,
        kinds=offers.kind,
        kind_demand=situation.open_wants,
        groups=_groups(newcomers.group, group_places.shape[1]) if has_group_limits else None,
        group_capacity=_with_free_group(group_places) if has_group_limits else None,
        row_bonus=row_bonus(situation),
        slots=offers.slots,
    )


def _groups(group: IntArray, n_groups: int) -> IntArray:
    """Whoever named no native language is in a group of their own without limits."""
    return np.where(group < 0, n_groups, group)


def _with_free_group(group_places: IntArray) -> IntArray:
    return np.column_stack([group_places, np.full(group_places.shape[0], -1, np.int64)])
