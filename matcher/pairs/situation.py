"""A town as it stands, and lists of its pairs: what rules and criteria look at. Judges nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from matcher.pairs.encoding import (
    BoolArray,
    EncodedNewcomers,
    EncodedOffers,
    EncodedTown,
    FloatArray,
    IntArray,
)
from matcher.pairs.travel import travel_minutes
from matcher.records.sections import PolicyLike
from matcher.records.vocabulary import KINDS

Value = TypeVar("Value", bound=np.generic)


@dataclass(frozen=True)
class Situation:
    """A town as it stands: people, policy, and what is settled already.

    Parameters
    ----------
    town : EncodedTown
    policy : PolicyLike
    fixed : csr_array of bool, shape (n, m)
        Confirmed placements: they take places, wishes and hours.
    banned : csr_array of bool, shape (n, m)
        Pairs that must not be proposed: rejected ones whose ban has not ended, and no-contact pairs.
    """

    town: EncodedTown
    policy: PolicyLike
    fixed: sparse.csr_array
    banned: sparse.csr_array

    @cached_property
    def free_places(self) -> IntArray:
        """Places left, shape (m,)."""
        return np.maximum(0, self.town.offers.free - _count(self.fixed.sum(axis=0)))

    @cached_property
    def open_wants(self) -> IntArray:
        """Wishes not yet served by kind, shape (n, 3)."""
        by_kind = np.eye(len(KINDS))[self.town.offers.kind].reshape(-1, len(KINDS))
        served = _count(self.fixed.astype(np.float64) @ by_kind)
        return np.maximum(0, self.town.newcomers.wanted - served)

    @cached_property
    def open_total(self) -> IntArray:
        """Placements a newcomer can still take on, shape (n,)."""
        newcomers = self.town.newcomers
        left = np.maximum(0, newcomers.max_placements - _count(self.fixed.sum(axis=1)))
        wished = self.open_wants.sum(axis=1)
        return np.where(newcomers.max_placements < 0, wished, np.minimum(left, wished))

    @cached_property
    def group_places(self) -> IntArray:
        """Places left for each language group, shape (m, G); -1 without a limit.

        `mixing_limit` less those placed already; activities only.
        """
        offers, newcomers = self.town.offers, self.town.newcomers
        n_groups = len(self.town.languages)
        is_activity = offers.kind == KINDS.index("association")
        limit = mixing_limit(offers.capacity, np.where(is_activity, offers.language_share_max, np.nan))
        in_group = sparse.csr_array(np.eye(n_groups)[newcomers.group] * (newcomers.group >= 0)[:, None])
        placed = _count((self.fixed.astype(np.float64).T @ in_group).toarray())
        return np.where(limit[:, None] >= 0, np.maximum(0, limit[:, None] - placed), -1)

    @cached_property
    def busy(self) -> sparse.csr_array:
        """Offers whose sessions overlap with a confirmed one, shape (n, m)."""
        if not self.fixed.nnz:
            return sparse.csr_array(self.fixed.shape)
        return sparse.csr_array(self.fixed.astype(np.float64) @ self.town.offers.clashes)


@dataclass(frozen=True)
class Pairs:
    """A list of pairs to judge: row of the newcomer, column of the offer.

    Parameters
    ----------
    situation : Situation
    rows, columns : ndarray of int64, shape (p,)
    """

    situation: Situation
    rows: IntArray
    columns: IntArray

    @property
    def newcomers(self) -> EncodedNewcomers:
        """The encoded newcomers the rows point into."""
        return self.situation.town.newcomers

    @property
    def offers(self) -> EncodedOffers:
        """The encoded offers the columns point into."""
        return self.situation.town.offers

    @property
    def policy(self) -> PolicyLike:
        """The policy of the run."""
        return self.situation.policy

    @cached_property
    def distance_km(self) -> FloatArray:
        """Distance as the crow flies, shape (p,); NaN where a point is not known."""
        difference = self.newcomers.points_km[self.rows] - self.offers.points_km[self.columns]
        return np.sqrt(np.einsum("pd,pd->p", difference, difference))

    @cached_property
    def minutes(self) -> FloatArray:
        """Travel minutes by the quickest own means, shape (p,); NaN where a point is not known."""
        return travel_minutes(self.distance_km, self.newcomers.modes[self.rows], self.policy.travel)

    def is_kind(self, kind: str) -> BoolArray:
        """Whether the offer is of this kind, shape (p,)."""
        return self.offers.kind[self.columns] == KINDS.index(kind)

    def only(self, keep: BoolArray) -> Pairs:
        """The pairs where `keep` is true."""
        return Pairs(self.situation, self.rows[keep], self.columns[keep])


def by_kind(
    pairs: Pairs,
    with_activity: Callable[[Pairs], NDArray[Value]],
    with_person: Callable[[Pairs], NDArray[Value]],
) -> NDArray[Value]:
    """One measure for activities of associations, another for persons; each only where it applies."""
    is_activity = pairs.is_kind("association")
    of_activities, of_persons = with_activity(pairs.only(is_activity)), with_person(pairs.only(~is_activity))
    values = np.empty(pairs.rows.size, of_activities.dtype)
    values[is_activity], values[~is_activity] = of_activities, of_persons
    return values


def mixing_limit(capacity: IntArray, share: FloatArray) -> IntArray:
    """How many people of one first language an activity takes: max(1, floor(share x capacity)).

    Parameters
    ----------
    capacity : ndarray of int64, shape (m,)
    share : ndarray of float64, shape (m,)
        0..1; NaN without a limit.

    Returns
    -------
    ndarray of int64, shape (m,)
        -1 without a limit.

    Examples
    --------
    >>> mixing_limit(np.array([10, 3, 10]), np.array([0.3, 0.1, np.nan])).tolist()
    [3, 1, -1]
    """
    is_limited = ~np.isnan(share)
    # A third of three places is one place, whatever rounding makes of it.
    limit = np.floor(np.where(is_limited, share, 0.0) * capacity + 1e-9).astype(np.int64)
    return np.where(is_limited, np.maximum(1, limit), -1)


def is_stored(matrix: sparse.csr_array, pairs: Pairs) -> BoolArray:
    """Whether each pair is a stored entry of a matrix of shape (n, m)."""
    return is_stored_at(matrix, pairs.rows, pairs.columns)


def is_stored_at(matrix: sparse.csr_array, rows: IntArray, columns: IntArray) -> BoolArray:
    """Whether each row and column is a stored entry of a matrix."""
    if matrix.nnz == 0:
        return np.zeros(rows.size, np.bool_)
    entries = sparse.coo_array(matrix)
    width = np.int64(matrix.shape[1])
    stored = np.sort(entries.row.astype(np.int64) * width + entries.col)
    wanted = rows * width + columns
    position = np.minimum(np.searchsorted(stored, wanted), stored.size - 1)
    return stored[position] == wanted


def _count(values: object) -> IntArray:
    return np.rint(np.asarray(values, np.float64)).astype(np.int64)
