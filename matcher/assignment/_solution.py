"""What goes into a method and what it hands back, in stored entries instead of pairs."""

from __future__ import annotations

from dataclasses import dataclass

from matcher.assignment._prices import Prices
from matcher.assignment.problem import FloatArray, IntArray


@dataclass(frozen=True, eq=False)
class Start:
    """Entries and prices of an earlier result, to begin with."""

    entries: IntArray
    column_prices: FloatArray
    group_prices: FloatArray | None


@dataclass(frozen=True, eq=False)
class Solution:
    """Chosen stored entries, ascending, with prices for the shapes of the problem."""

    entries: IntArray
    prices: Prices
