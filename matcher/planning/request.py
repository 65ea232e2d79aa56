"""What a plan is asked for, as one value, and its people by id. No arrays of the engine, no solving."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType

import numpy as np
from scipy import sparse

from matcher.arguments import IdPair, a_day, a_mapping, a_number, an_id, an_instance, id_pairs, refused
from matcher.exceptions import InvalidProblemError, UnknownRecordError
from matcher.pairs.encoding import FloatArray, encode
from matcher.pairs.policy import Policy
from matcher.pairs.situation import Situation
from matcher.records.columns import columns_of
from matcher.records.people import Newcomer, Offer
from matcher.records.tables import NewcomersLike, OffersLike, as_newcomers, as_offers

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Ids:
    """Rows and columns by the ids of newcomers and offers."""

    newcomers: Mapping[str, int]
    offers: Mapping[str, int]

    @classmethod
    def of(cls, newcomers: Sequence[Newcomer], offers: Sequence[Offer]) -> Ids:
        """Number people in their order; raises UnknownRecordError when an id is given twice."""
        ids = cls(
            {own: row for row, own in enumerate(columns_of(newcomers)("id").each())},
            {own: column for column, own in enumerate(columns_of(offers)("id").each())},
        )
        if len(ids.newcomers) < len(newcomers) or len(ids.offers) < len(offers):
            raise UnknownRecordError("expected every newcomer and every offer to have an id of its own")
        return ids

    def matrix(self, id_pairs: Iterable[IdPair]) -> sparse.csr_array:
        """Pairs of ids as a boolean matrix; raises UnknownRecordError with every id that is not there."""
        id_pairs = list(dict.fromkeys((newcomer, offer) for newcomer, offer in id_pairs))
        unknown = [f"newcomer {n!r}" for n, _o in id_pairs if n not in self.newcomers]
        unknown += [f"offer {o!r}" for _n, o in id_pairs if o not in self.offers]
        if unknown:
            names = ", ".join(dict.fromkeys(unknown))
            raise UnknownRecordError(
                f"fixed or banned pairs name people or offers that are not given: {names}"
            )
        return self.known_matrix(id_pairs)

    def known_matrix(self, id_pairs: Iterable[IdPair]) -> sparse.csr_array:
        """Pairs of ids as a boolean matrix; those with an unknown id are left out."""
        known = {(n, o) for n, o in id_pairs if n in self.newcomers and o in self.offers}
        rows = np.array([self.newcomers[n] for n, _o in known], np.int64)
        columns = np.array([self.offers[o] for _n, o in known], np.int64)
        shape = (len(self.newcomers), len(self.offers))
        return sparse.csr_array((np.ones(len(known), np.bool_), (rows, columns)), shape=shape)


def as_policy(policy: Policy | None) -> Policy:
    """The policy that was given, or the default for None; raises InvalidProblemError for anything else."""
    if policy is None:
        return Policy()
    return an_instance("policy", policy, Policy, "a Policy (Policy.from_dict reads plain data), or None")


@dataclass(frozen=True)
class PlanRequest:
    """People, policy, and what is settled or still open: what `make_plan` is given, in its words.

    Parameters
    ----------
    newcomers, offers : sequence of Newcomer, of Offer
    policy : Policy
    today : date
    fixed, banned : tuple of (newcomer_id, offer_id)
    previous : tuple of (newcomer_id, offer_id) or None
        Proposals that are still open.
    place_values : mapping of str to float
    method : str
    progress : callable or None

    Raises
    ------
    InvalidProblemError
        For a pair that is fixed and banned at once.
    """

    newcomers: Sequence[Newcomer]
    offers: Sequence[Offer]
    policy: Policy
    today: date
    fixed: tuple[IdPair, ...] = ()
    banned: tuple[IdPair, ...] = ()
    previous: tuple[IdPair, ...] | None = None
    place_values: Mapping[str, float] = field(default_factory=dict)
    method: str = "auto"
    progress: Progress | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        both = sorted(set(self.fixed) & set(self.banned))
        if both:
            pairs = ", ".join(f"{newcomer!r} with {offer!r}" for newcomer, offer in both)
            raise InvalidProblemError(f"expected no pair to be fixed and banned at once, got {pairs}")

    @classmethod
    def of(
        cls,
        newcomers: NewcomersLike,
        offers: OffersLike,
        policy: Policy | None,
        *,
        today: date,
        fixed: Iterable[IdPair] = (),
        banned: Iterable[IdPair] = (),
        previous: Iterable[IdPair] | None = None,
        place_values: Mapping[str, float] | None = None,
        method: str = "auto",
        progress: Progress | None = None,
    ) -> PlanRequest:
        """Settle arguments as `make_plan` takes them; raises as the class, and for those of other types."""
        if progress is not None and not callable(progress):
            raise refused("progress", "a function, or None", progress)
        values = a_mapping("place_values", place_values or {}, "a mapping of offers to values")
        return cls(
            as_newcomers(newcomers),
            as_offers(offers),
            as_policy(policy),
            a_day("today", today),
            tuple(id_pairs("fixed", fixed)),
            tuple(id_pairs("banned", banned)),
            None if previous is None else tuple(id_pairs("previous", previous)),
            MappingProxyType(
                {
                    an_id("place_values", offer): a_number(f"place_values, {offer!r}", value)
                    for offer, value in values.items()
                }
            ),
            method,
            progress,
        )

    def ids(self) -> Ids:
        """Rows and columns by id; raises UnknownRecordError when an id is given twice."""
        return Ids.of(self.newcomers, self.offers)

    def situation(self, ids: Ids) -> Situation:
        """The town as it stands, encoded; raises UnknownRecordError for fixed or banned pairs of others."""
        town = encode(self.newcomers, self.offers, self.policy, self.today)
        return Situation(town, self.policy, ids.matrix(self.fixed), ids.matrix(self.banned))

    def values_by_column(self, ids: Ids) -> FloatArray:
        """`place_values` as an array; raises UnknownRecordError for offers that are not given."""
        unknown = sorted(self.place_values.keys() - ids.offers.keys())
        if unknown:
            raise UnknownRecordError(f"place_values: expected offers of this plan, got {', '.join(unknown)}")
        return np.array([self.place_values.get(offer, 0.0) for offer in ids.offers], np.float64)
