"""Which pairs are possible, and the best of these for each newcomer and kind. Assigns nothing."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from copy import copy
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from scipy import sparse

from matcher.pairs._kernels.hours import HALF_HOUR_WORDS
from matcher.pairs._kernels.masks import Masks, n_words
from matcher.pairs._kernels.packing import (
    Grid,
    PackedOffers,
    pack_marks,
    pack_masks,
    pack_newcomers,
    pack_offers,
    prices_by_row,
)
from matcher.pairs._kernels.searching import Best, Scratch, Terms, count_obstacles, find_best, judge_pairs
from matcher.pairs._kernels.weighing import DECLARED, Shared
from matcher.pairs.criteria import CRITERIA
from matcher.pairs.eligibility import RULES, common_run
from matcher.pairs.encoding import BoolArray, FloatArray, IntArray
from matcher.pairs.scoring import row_bonus, shares
from matcher.pairs.situation import Pairs, Situation
from matcher.pairs.travel import pace
from matcher.records.vocabulary import KINDS, MODES

# Newcomers that one thread looks at in one go, and how many pairs it may keep meanwhile.
_ROWS_AT_ONCE, _PAIRS_AT_ONCE = 8_000, 3_000_000


@dataclass(frozen=True)
class Candidates:
    """Possible pairs with their scores.

    Parameters
    ----------
    pairs : Pairs
        Sorted by row, then column.
    scores : ndarray of float64, shape (p,)
        As the sums of `matcher.pairs.scoring.score_parts`, to 1e-6.
    n_allowed : int
        How many pairs every rule allows; those not in `pairs` were left out.
    cut_at : ndarray of float64, shape (n, kinds)
        No pair of this newcomer and kind that was left out is worth more than this; ``-inf`` where none was.
    """

    pairs: Pairs
    scores: FloatArray
    n_allowed: int
    cut_at: FloatArray


@dataclass(frozen=True, eq=False)
class Tariff:
    """What places cost, and how much a pair must be worth; None is nothing, and no bound.

    Parameters
    ----------
    costs : ndarray of float64, shape (m,), optional
        What a place costs whoever can wait (see `matcher.pairs.policy.Lookahead`).
    prices : ndarray of float64, shape (m,), optional
        What it costs everybody.
    group_prices : ndarray of float64, shape (m, G + 1), optional
        And what it costs people of each first language; the last column is for those without one.
    slot_prices : csr_array of float64, shape (n, slots), optional
        And what the hours of each slot cost each newcomer.
    floors : ndarray of float64, shape (n, kinds), optional
        Only pairs that are worth more than this.
    most : ndarray of float64, shape (n, kinds), optional
        And only pairs that are worth no more than this before prices: others are at hand already. Not all of
        them are counted as allowed then.
    """

    costs: FloatArray | None = None
    prices: FloatArray | None = None
    group_prices: FloatArray | None = None
    slot_prices: sparse.csr_array | None = None
    floors: FloatArray | None = None
    most: FloatArray | None = None


class CandidateSearch:
    """A situation made ready for passes over all its pairs.

    Parameters
    ----------
    situation : Situation

    Notes
    -----
    A pass uses as many threads as there are processors, unless the search is `single_threaded`, and gives the
    same with any number of them.
    """

    def __init__(self, situation: Situation) -> None:
        self.situation = situation
        self._newcomers = pack_newcomers(situation)
        self._n_threads = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1

    def single_threaded(self) -> CandidateSearch:
        """The same search, for passes beside other work: it leaves a processor to that."""
        other = copy(self)
        other._n_threads = 1
        return other

    def best(
        self,
        n_best: int | None = None,
        *,
        rows: IntArray | None = None,
        columns: IntArray | None = None,
        tariff: Tariff | None = None,
    ) -> Candidates:
        """The possible pairs that are worth most: score less what the place costs.

        Parameters
        ----------
        n_best : int, optional
            How many a newcomer keeps of each kind; ties go to the offer that comes first. None: all.
        rows : ndarray of int64, optional
            Newcomers to look at, ascending; all of them by default.
        columns : ndarray of int64, optional
            Offers to look at, ascending; all of them by default.
        tariff : Tariff, optional
            What places cost, and how much a pair must be worth; nothing by default.

        Returns
        -------
        Candidates
        """
        town = self.situation.town
        n, m = town.newcomers.age.size, town.offers.age.size
        offers, grid, masks = self._open_offers if columns is None else self._pack(columns)
        marks = pack_marks(self.situation, offers.position)
        terms = self._terms(offers, tariff or Tariff())
        asked = np.arange(n) if rows is None else rows
        asked = asked[town.newcomers.is_ready[asked] & town.newcomers.has_consent[asked]]
        asked = asked[self.situation.open_total[asked] > 0]
        n_kept = min(offers.column.size, m if n_best is None else n_best)
        width = min(offers.column.size, len(KINDS) * n_kept)

        def search(block: IntArray) -> tuple[IntArray, IntArray, FloatArray, IntArray, FloatArray]:
            best = Best(
                np.empty((block.size, width), np.int32), np.empty((block.size, width)),
                np.zeros(block.size, np.int64), np.zeros(block.size, np.int64),
                np.empty((block.size, len(KINDS))),
            )  # fmt: skip
            find_best(
                self._newcomers, offers, grid, masks, marks, terms, block,
                self._scratch(offers, n_kept), best,
            )  # fmt: skip
            used = np.arange(width) < best.n_kept[:, None]
            found = np.repeat(block, best.n_kept)
            columns, scores = best.column[used].astype(np.int64), best.score[used]
            order = np.argsort(found * m + columns)
            return found[order], columns[order], scores[order], best.n_allowed, best.cut_at

        blocks = self._blocks(asked, min(_ROWS_AT_ONCE, _PAIRS_AT_ONCE // max(1, width)))
        parts = self._in_threads(search, blocks)
        cut_at = np.full((n, len(KINDS)), -np.inf)
        for block, part in zip(blocks, parts, strict=True):
            cut_at[block] = part[4]
        found_rows, found_columns = (
            np.concatenate([np.empty(0, np.int64), *(part[k] for part in parts)]) for k in (0, 1)
        )
        return Candidates(
            Pairs(self.situation, found_rows, found_columns),
            np.concatenate([np.empty(0), *(part[2] for part in parts)]),
            int(sum(part[3].sum() for part in parts)),
            cut_at,
        )

    @cached_property
    def _open_offers(self) -> tuple[PackedOffers, Grid, Masks]:
        return self._pack(np.arange(self.situation.town.offers.age.size))

    def _pack(self, columns: IntArray) -> tuple[PackedOffers, Grid, Masks]:
        """Those of some offers that have places left."""
        is_open = self.situation.town.offers.is_active & (self.situation.free_places > 0)
        offers, grid = pack_offers(self.situation, columns[is_open[columns]])
        return offers, grid, pack_masks(self.situation, offers)

    def obstacles(
        self, rows: IntArray, columns: IntArray, *, ignored: str = "wanted", only_alone: bool
    ) -> IntArray:
        """How many of some offers each rule keeps away from some newcomers.

        Parameters
        ----------
        rows, columns : ndarray of int64
        ignored : str
            A rule that is not looked at.
        only_alone : bool
            Count only offers that one rule alone keeps away.

        Returns
        -------
        ndarray of int64, shape (rows, number of rules)
        """
        if not rows.size:
            return np.zeros((0, len(RULES)), np.int64)
        offers, _grid = pack_offers(self.situation, columns)
        marks, terms = pack_marks(self.situation, offers.position), self._terms(offers)
        names = [rule.name for rule in RULES]
        at = np.arange(columns.size)

        def count(block: IntArray) -> IntArray:
            counts = np.zeros((block.size, len(RULES)), np.int64)
            scratch = self._scratch(offers)
            count_obstacles(
                self._newcomers, offers, marks, terms, block, at, 1 << names.index(ignored), only_alone,
                scratch, counts,
            )  # fmt: skip
            return counts

        counts = self._in_threads(count, self._blocks(rows, _ROWS_AT_ONCE))
        return np.concatenate([np.zeros((0, len(RULES)), np.int64), *counts])

    def judge(self, pairs: Pairs) -> tuple[BoolArray, FloatArray]:
        """Every rule and criterion of some pairs: what the passes over all pairs rest on.

        Returns
        -------
        ndarray of bool, shape (p, number of rules)
            As `matcher.pairs.eligibility.broken_rules`.
        ndarray of float64, shape (p, number of criteria)
        """
        offers, _grid = pack_offers(self.situation, np.arange(self.situation.town.offers.age.size))
        rules = np.zeros(pairs.rows.size, np.int64)
        values = np.zeros((pairs.rows.size, len(CRITERIA)))
        judge_pairs(
            self._newcomers, offers, pack_marks(self.situation, offers.position), self._terms(offers),
            pairs.rows, offers.position[pairs.columns], self._scratch(offers), rules, values,
        )  # fmt: skip
        return (rules[:, None] >> np.arange(len(RULES)) & 1).astype(np.bool_), values

    def _terms(self, offers: PackedOffers, tariff: Tariff = Tariff()) -> Terms:
        policy, at = self.situation.policy, offers.column
        n = self.situation.open_total.size

        def given(values: FloatArray | None, shape: tuple[int, ...], instead: float = 0.0) -> FloatArray:
            return np.full(shape, instead) if values is None else values

        return Terms(
            shares=shares(policy).copy(),
            minutes_a_km=np.array([pace(mode, policy.travel)[1] for mode in MODES]),
            form=DECLARED.form,
            place=DECLARED.place,
            run=common_run(policy),
            costs=given(tariff.costs, offers.position.shape)[at],
            bonuses=row_bonus(self.situation),
            prices=given(tariff.prices, offers.position.shape)[at],
            group_prices=given(tariff.group_prices, (offers.position.size, 0))[at],
            slot_prices=prices_by_row(
                sparse.csr_array((n, 1)) if tariff.slot_prices is None else tariff.slot_prices
            ),
            floors=given(tariff.floors, (n, len(KINDS)), -np.inf),
            most=given(tariff.most, (n, len(KINDS)), np.inf),
        )

    def _scratch(self, offers: PackedOffers, n_best: int = 0) -> Scratch:
        m, kinds = offers.column.size, len(KINDS)
        return Scratch(
            shared=Shared(
                likes=np.zeros(offers.interests.norm.size),
                against=np.zeros(offers.terms.norm.size),
                unwelcome=np.zeros(offers.dislikes.norm.size),
                overlaps=tuple(np.zeros(profiles.norm.size) for profiles in offers.overlaps),
                level=np.zeros(offers.speakers.says.size, np.int8),
                comfort=np.zeros(offers.speakers.says.size),
                children_apart=np.zeros(offers.children.norm.size),
            ),
            steps=np.zeros((2, offers.free.steps.shape[1]), np.uint64),
            marked=np.zeros(m, np.int32),
            denied=np.zeros(offers.denial_words.size, np.int64),
            attends=np.zeros(offers.sessions.norm.size),
            open=np.zeros(n_words(m), np.uint64), at_hours=np.zeros(n_words(m), np.uint64),
            runs=np.zeros(HALF_HOUR_WORDS, np.uint64),
            near=np.zeros(m + 1, np.uint32),
            minutes=np.zeros(m + 1), hours=np.zeros(m + 1), scores=np.zeros(m + 1),
            now=np.zeros(m + 1), worths=np.zeros(m + 1),
            worth=np.empty((kinds, n_best)), score=np.empty((kinds, n_best)),
            held=np.empty((kinds, n_best), np.int64), size=np.zeros(kinds, np.int64),
        )  # fmt: skip

    def _blocks(self, rows: IntArray, most: int) -> list[IntArray]:
        """Rows in blocks, several for each thread."""
        size = max(1, min(most, rows.size // (4 * self._n_threads) + 1))
        return [rows[start : start + size] for start in range(0, rows.size, size)]

    def _in_threads(self, work: Callable[[IntArray], Any], blocks: list[IntArray]) -> list[Any]:
        if self._n_threads < 2 or len(blocks) < 2:
            return [work(block) for block in blocks]
        with ThreadPoolExecutor(self._n_threads) as threads:
            return list(threads.map(work, blocks))


def find_candidates(situation: Situation) -> Pairs:
    """Every pair that all hard rules allow, sorted by row, then column.

    Parameters
    ----------
    situation : Situation

    Returns
    -------
    Pairs
    """
    return CandidateSearch(situation).best().pairs


def all_pairs(situation: Situation, rows: IntArray, columns: IntArray) -> Pairs:
    """Every row with every column, possible or not.

    Parameters
    ----------
    situation : Situation
    rows, columns : ndarray of int64
    """
    return Pairs(situation, np.repeat(rows, columns.size), np.tile(columns, rows.size))
