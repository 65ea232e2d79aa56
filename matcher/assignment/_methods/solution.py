"""What goes into a method and what it hands back, in stored entries instead of pairs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from matcher.assignment._arrays.entries import entries_of
from matcher.assignment._arrays.prices import Prices
from matcher.assignment.certificate import check_shapes
from matcher.assignment.problem import AssignmentProblem, FloatArray, IntArray
from matcher.assignment.result import AssignmentResult


@dataclass(frozen=True, eq=False)
class Start:
    """Entries and prices of an earlier result, to begin with."""

    entries: IntArray
    column_prices: FloatArray
    group_prices: FloatArray | None

    @classmethod
    def of(cls, problem: AssignmentProblem, result: AssignmentResult) -> Start:
        """The prices of a result, and its pairs as far as they are stored in `problem`."""
        check_shapes(problem, result)
        entries = entries_of(problem, result.pairs)
        return cls(np.sort(entries[entries >= 0]), result.column_prices, result.group_prices)


@dataclass(frozen=True, eq=False)
class Solution:
    """Chosen stored entries, ascending, with prices for the shapes of the problem."""

    entries: IntArray
    prices: Prices
