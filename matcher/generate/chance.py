"""Single draws from weights: whole numbers, choices, several at once. Knows nothing of towns."""

from __future__ import annotations

from bisect import bisect
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Table:
    """Values with weights, ready to draw from."""

    values: tuple[str, ...]
    cumulative: tuple[float, ...]

    @classmethod
    def of(cls, weights: Mapping[str, float], without: Collection[str] = ()) -> Table:
        kept = {value: weight for value, weight in weights.items() if value not in without}
        return cls(tuple(kept), tuple(accumulate(kept.values())))


class Dice:
    """Single draws out of blocks of uniform numbers: as quick as a loop over people needs it."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng
        self._block: Iterator[float] = iter(())

    def roll(self) -> float:
        for value in self._block:
            return value
        self._block = iter(self._rng.random(8192).tolist())
        return next(self._block)

    def chance(self, share: float) -> bool:
        return self.roll() < share

    def integer(self, low: int, high: int) -> int:
        """A whole number from `low` to `high`, both included."""
        return low + int(self.roll() * (high - low + 1))

    def choice(self, values: Sequence[Any]) -> Any:
        return values[int(self.roll() * len(values))]

    def pick(self, table: Table) -> str:
        return table.values[bisect(table.cumulative, self.roll() * table.cumulative[-1])]

    def several(self, table: Table, n: int) -> tuple[str, ...]:
        """`n` different values, in the order drawn."""
        drawn: dict[str, None] = {}
        while len(drawn) < min(n, len(table.values)):
            drawn[self.pick(table)] = None
        return tuple(drawn)

    def around(self, spread: float) -> float:
        """A number between -spread and spread, small ones likelier."""
        return (self.roll() + self.roll() - 1) * spread
