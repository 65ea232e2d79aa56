"""What is left of every limit once some pairs are taken. It counts; it chooses nothing."""

from __future__ import annotations

from typing import Any

import numpy as np

from matcher.assignment.problem import NO_LIMIT, NO_SLOT, AssignmentProblem, IntArray


class ResidualCapacity:
    """The limits of a problem less what `entries`, positions of stored pairs, take of them."""

    def __init__(self, problem: AssignmentProblem, entries: IntArray) -> None:
        self._problem = problem
        limits = [problem.demand, problem.capacity]
        limits += [
            limit.ravel() for limit in (problem.kind_demand, problem.group_capacity) if limit is not None
        ]
        self._limits: list[IntArray] = limits
        self._taken = [
            np.bincount(place, minlength=len(limit))
            for limit, place in zip(limits, self._places(entries), strict=True)
        ]
        self._slots_taken = set(self._slot_keys(entries).tolist()) - {NO_SLOT}

    def _places(self, entries: Any) -> list[Any]:
        """The place of stored pairs, or of one, in each limit."""
        problem = self._problem
        rows, columns = problem.rows[entries], problem.columns[entries]
        places = [rows, columns]
        if problem.kinds is not None and problem.kind_demand is not None:
            places.append(rows * problem.kind_demand.shape[1] + problem.kinds[columns])
        if problem.groups is not None and problem.group_capacity is not None:
            places.append(columns * problem.group_capacity.shape[1] + problem.groups[rows])
        return places

    def _slot_keys(self, entries: Any) -> IntArray:
        """Row and slot of stored pairs, or of one, as one number; `NO_SLOT` without one."""
        slots = self._problem.slots
        if slots is None:
            return np.full(np.shape(entries), NO_SLOT)
        slot = slots[self._problem.columns[entries]]
        keys = self._problem.rows[entries] * (int(slots.max(initial=0)) + 1) + slot
        return np.where(slot == NO_SLOT, NO_SLOT, keys)

    def open_entries(self) -> IntArray:
        """The stored pairs of which one more fits, ascending."""
        is_open = [
            (limit == NO_LIMIT) | (taken < limit)
            for limit, taken in zip(self._limits, self._taken, strict=True)
        ]
        problem = self._problem
        entries = np.flatnonzero(np.repeat(is_open[0], np.diff(problem.scores.indptr)))
        entries = entries[is_open[1][problem.scores.indices[entries]]]
        fits = [flags[place] for flags, place in zip(is_open[2:], self._places(entries)[2:], strict=True)]
        fits.append(~np.isin(self._slot_keys(entries), list(self._slots_taken)))
        return entries[np.logical_and.reduce(fits)]

    def fits(self, entry: int) -> bool:
        """Whether this pair still fits."""
        if int(self._slot_keys(entry)) in self._slots_taken:
            return False
        return all(
            limit[place] == NO_LIMIT or taken[place] < limit[place]
            for limit, taken, place in zip(self._limits, self._taken, self._places(entry), strict=True)
        )

    def take(self, entry: int) -> None:
        """Count this pair as taken."""
        for taken, place in zip(self._taken, self._places(entry), strict=True):
            taken[place] += 1
        self._slots_taken |= {int(self._slot_keys(entry))} - {NO_SLOT}
