"""What a method hands to `solve`: which stored entries it chose, at which prices."""

from __future__ import annotations

from dataclasses import dataclass

from matcher.assignment._prices import Prices
from matcher.assignment.problem import IntArray


@dataclass(frozen=True, eq=False)
class Solution:
    """Chosen stored entries, ascending, with prices for the shapes of the problem."""

    entries: IntArray
    prices: Prices
