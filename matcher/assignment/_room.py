"""What is left of every limit once some pairs are taken. It counts; it chooses nothing."""

from __future__ import annotations

import numpy as np

from matcher.assignment.problem import NO_LIMIT, NO_SLOT, AssignmentProblem, BoolArray, IntArray


class Room:
    """The limits of a problem less what `entries`, positions of stored pairs, take of them."""

    def __init__(self, problem: AssignmentProblem, entries: IntArray) -> None:
        rows, columns = problem.rows, problem.columns
        # Each limit with the place that every stored entry has in it.
        self._limits: list[tuple[IntArray, IntArray]] = [(problem.demand, rows), (problem.capacity, columns)]
        if problem.kinds is not None and problem.kind_demand is not None:
            place = rows * problem.kind_demand.shape[1] + problem.kinds[columns]
            self._limits.append((problem.kind_demand.ravel(), place))
        if problem.groups is not None and problem.group_capacity is not None:
            place = columns * problem.group_capacity.shape[1] + problem.groups[rows]
            self._limits.append((problem.group_capacity.ravel(), place))
        if problem.slots is not None:
            has_slot = problem.slots[columns] != NO_SLOT
            keys = rows * (int(problem.slots.max(initial=0)) + 1) + problem.slots[columns]
            taken_keys, number = np.unique(keys[has_slot], return_inverse=True)
            place = np.full(len(rows), len(taken_keys))
            place[has_slot] = number
            self._limits.append((np.append(np.ones(len(taken_keys), np.int64), NO_LIMIT), place))
        self._taken = [np.bincount(place[entries], minlength=len(limit)) for limit, place in self._limits]

    def open_entries(self) -> BoolArray:
        """Whether one more pair fits, for every stored entry."""
        fits = [
            ((limit == NO_LIMIT) | (taken < limit))[place]
            for (limit, place), taken in zip(self._limits, self._taken, strict=True)
        ]
        return np.asarray(np.logical_and.reduce(fits), dtype=np.bool_)

    def fits(self, entry: int) -> bool:
        """Whether this pair still fits."""
        return all(
            limit[place[entry]] == NO_LIMIT or taken[place[entry]] < limit[place[entry]]
            for (limit, place), taken in zip(self._limits, self._taken, strict=True)
        )

    def take(self, entry: int) -> None:
        """Count this pair as taken."""
        for (_, place), taken in zip(self._limits, self._taken, strict=True):
            taken[place[entry]] += 1
