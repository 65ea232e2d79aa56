"""How a rule or a criterion lies for the compiled pass over everybody: the forms that pass knows.

A declaration in one of the first forms is all the pass needs. What fits none of them is written out in
`matcher.pairs._kernels`, and its declaration says so.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

# What is asked for everybody is asked of a `matcher.pairs.situation.Situation`, which stands above this file.
Asked = Any


@dataclass(frozen=True)
class Bits:
    """A rule in bits: a pair is forbidden where a claim of the newcomer meets a denial of the offer.

    Parameters
    ----------
    claims : callable
        Of a situation: for each bit, the newcomers who have it, bool arrays of shape (n,).
    denials : callable
        For the same bits in the same order, the offers that do not go with it, shape (m,).
    """

    claims: Callable[[Asked], Sequence[NDArray[np.bool_]]]
    denials: Callable[[Asked], Sequence[NDArray[np.bool_]]]


@dataclass(frozen=True)
class Settled:
    """A rule about single pairs: those stored in a matrix of shape (n, m) are forbidden."""

    pairs: Callable[[Asked], sparse.csr_array]


@dataclass(frozen=True)
class OfOffer:
    """A criterion that is the same for everybody: a value an offer, float64 of shape (m,)."""

    values: Callable[[Asked], NDArray[np.float64]]


@dataclass(frozen=True)
class Overlap:
    """A criterion that is the overlap of two sets: the names of their matrices among the encoded people.

    overlap = a.b / min(a.a, b.b), neutral where one is empty.
    """

    newcomers: str
    offers: str


@dataclass(frozen=True)
class Table:
    """A criterion that is looked up by a class of the newcomer and a class of the offer.

    Parameters
    ----------
    newcomers, offers : callable
        Of a situation: the class of each, int64 of shape (n,) and (m,), 0 or more.
    values : callable
        Of a situation: float64 of shape (classes of newcomers, classes of offers).
    """

    newcomers: Callable[[Asked], NDArray[np.int64]]
    offers: Callable[[Asked], NDArray[np.int64]]
    values: Callable[[Asked], NDArray[np.float64]]


@dataclass(frozen=True)
class WrittenOut:
    """Fits none of the forms: written out by hand in `matcher.pairs._kernels`, under the same name."""


RulePacking = Bits | Settled | WrittenOut
CriterionPacking = OfOffer | Overlap | Table | WrittenOut
