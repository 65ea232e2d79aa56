"""The prices of all limits and the reduced value they leave every pair. Not how prices are found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from matcher._compiled import inlined, kernel
from matcher.assignment._arrays.scaling import whole_numbers
from matcher.assignment.problem import AssignmentProblem, FloatArray, IntArray
from matcher.assignment.result import AssignmentResult


@dataclass(frozen=True, eq=False)
class Prices:
    """One array a limit; None where the problem has no such limit. Shapes as in `AssignmentResult`."""

    rows: FloatArray
    columns: FloatArray
    kinds: FloatArray | None = None
    groups: FloatArray | None = None
    bonus_shares: FloatArray | None = None
    slots: csr_array[np.float64] | None = None

    @classmethod
    def of(cls, result: AssignmentResult) -> Prices:
        return cls(
            result.row_prices,
            result.column_prices,
            result.kind_prices,
            result.group_prices,
            result.bonus_shares,
            result.slot_prices,
        )

    def rounded(self, scale: int) -> Prices:
        """The same prices in whole numbers over ``2**scale``; itself if they are that already."""

        def of(values: FloatArray | None) -> FloatArray | None:
            return None if values is None else _rounded(values, scale)

        slots = self.slots
        if slots is not None:
            slots = slots.copy()
            slots.data = _rounded(slots.data, scale)
        rounded = Prices(
            _rounded(self.rows, scale), _rounded(self.columns, scale), of(self.kinds), of(self.groups),
            of(self.bonus_shares), slots,
        )  # fmt: skip
        pairs: list[tuple[Any, Any]] = [
            (self.rows, rounded.rows),
            (self.columns, rounded.columns),
            (self.kinds, rounded.kinds),
        ]
        pairs += [(self.groups, rounded.groups), (self.bonus_shares, rounded.bonus_shares)]
        if self.slots is not None and slots is not None:
            pairs.append((self.slots.data, slots.data))
        same = all(one is None or np.array_equal(one, other) for one, other in pairs)
        return self if same else rounded


def _rounded(values: FloatArray, scale: int) -> FloatArray:
    return np.ldexp(np.rint(np.ldexp(values, scale)), -scale)


class Charges(NamedTuple):
    """Prices of the limits a pair may use besides its row and column, with where to find them; or empty."""

    kinds: NDArray[Any]
    kind: FloatArray  # (n, K)
    groups: NDArray[Any]
    group: FloatArray  # (m, G)
    slots: NDArray[Any]
    slot_start: NDArray[Any]  # as in a csr_array
    slot_index: NDArray[Any]
    slot: FloatArray


def charges_of(problem: AssignmentProblem, prices: Prices) -> Charges:
    """The prices of all limits but those of rows and columns."""
    none, no_prices = np.zeros(0, np.int64), np.zeros((0, 0))
    of_kinds: tuple[IntArray, FloatArray] = (none, no_prices)
    of_groups: tuple[IntArray, FloatArray] = (none, no_prices)
    of_slots: tuple[IntArray, Any, Any, FloatArray] = (none, none, none, np.zeros(0))
    if prices.kinds is not None and problem.kinds is not None:
        of_kinds = problem.kinds, prices.kinds
    if prices.groups is not None and problem.groups is not None:
        of_groups = problem.groups, prices.groups
    if prices.slots is not None and problem.slots is not None:
        by_row = prices.slots.tocsr()
        of_slots = problem.slots, by_row.indptr, by_row.indices, by_row.data
    return Charges(*of_kinds, *of_groups, *of_slots)


@inlined
def charge(charges: Charges, row: int, column: int) -> float:
    """The price of the kind and the group of a pair."""
    price = 0.0
    if len(charges.kinds):
        price += charges.kind[row, charges.kinds[column]]
    if len(charges.groups):
        price += charges.group[column, charges.groups[row]]
    return price


@inlined
def slot_charge(charges: Charges, row: int, column: int) -> float:
    """The price of the slot of a pair."""
    price = 0.0
    if len(charges.slots) and charges.slots[column] >= 0:
        for s in range(charges.slot_start[row], charges.slot_start[row + 1]):
            if charges.slot_index[s] == charges.slots[column]:
                price = charges.slot[s]
    return price


def reduced_at(problem: AssignmentProblem, prices: Prices, entries: IntArray | None = None) -> FloatArray:
    """Score plus bonus share less all prices: of some stored entries, or of all, shape (nnz,)."""
    own = prices.rows if prices.bonus_shares is None else prices.rows - prices.bonus_shares
    charges, scores = charges_of(problem, prices), problem.scores
    if entries is None:
        values = scores.data.copy()
        _reduce(scores.indptr, scores.indices, own, prices.columns, charges, values)
    else:
        values = scores.data[entries]
        _reduce_some(problem.rows, scores.indices, own, prices.columns, charges, entries, values)
    return values


@inlined
def _charged(own: FloatArray, columns: FloatArray, charges: Charges, row: int, column: int) -> float:
    """All prices of a pair together."""
    return own[row] + columns[column] + charge(charges, row, column) + slot_charge(charges, row, column)


@kernel
def _reduce(
    indptr: NDArray[Any], indices: NDArray[Any], own: FloatArray, columns: FloatArray, charges: Charges,
    values: FloatArray,
) -> None:  # fmt: skip
    """O(nnz), and for each pair with a slot the priced slots of its row."""
    for row in range(len(own)):
        for e in range(indptr[row], indptr[row + 1]):
            values[e] -= _charged(own, columns, charges, row, indices[e])


@kernel
def _reduce_some(
    rows: IntArray, indices: NDArray[Any], own: FloatArray, columns: FloatArray, charges: Charges,
    entries: IntArray, values: FloatArray,
) -> None:  # fmt: skip
    """The same for some entries."""
    for t in range(len(entries)):
        values[t] -= _charged(own, columns, charges, rows[entries[t]], indices[entries[t]])


def charge_closed_limits(problem: AssignmentProblem, prices: Prices, scale: int) -> None:
    """Price demands of 0, which methods leave out, at the best that a first unit could bring.

    In whole numbers over ``2**scale``, like all prices.
    """
    rows = problem.rows
    counts = problem.scores.data >= 0
    shift = np.ldexp(whole_numbers(problem.scores.data, scale), -scale) - problem.scores.data

    def values() -> FloatArray:  # rounded up: a price of nothing costs nothing
        return np.ldexp(np.ceil(np.ldexp(reduced_at(problem, prices) + shift, scale)), -scale)

    if problem.kinds is not None and problem.kind_demand is not None and prices.kinds is not None:
        kinds = problem.kinds[problem.columns]
        closed = counts & (problem.demand[rows] > 0) & (problem.kind_demand[rows, kinds] == 0)
        np.maximum.at(prices.kinds, (rows[closed], kinds[closed]), values()[closed])
    closed = counts & (problem.demand[rows] == 0)
    np.maximum.at(prices.rows, rows[closed], values()[closed])


def reduced_values(problem: AssignmentProblem, result: AssignmentResult) -> FloatArray:
    r"""What every allowed pair is worth beyond the prices of the limits it uses.

    .. math:: r_{ij} = s_{ij} + \beta_i - u_i - v_{i k(j)} - q_{i t(j)} - p_j - w_{j g(i)}

    Parameters
    ----------
    problem : AssignmentProblem
    result : AssignmentResult
        Its prices must have the shapes of `problem`; see `certify` for a checked way.

    Returns
    -------
    float array, shape (nnz,)
        In the order of ``problem.scores.data``.

    Raises
    ------
    IndexError, ValueError
        Where the shapes do not fit.

    Notes
    -----
    Of an optimal result, a chosen pair has a value of 0 or more and a pair that was not chosen 0 or
    less. Insisting on a pair that was not chosen costs at least ``max(0, -value)``: a bound, not the
    exact loss. For pairs with a negative score, which are never chosen, the value says nothing.

    Examples
    --------
    >>> import numpy as np
    >>> from scipy.sparse import csr_array
    >>> from matcher.assignment import AssignmentProblem, solve
    >>> problem = AssignmentProblem(csr_array(np.array([[0.75], [0.5]])), capacity=[1])
    >>> bool(reduced_values(problem, solve(problem))[1] <= 0)
    True
    """
    return reduced_at(problem, Prices.of(result))
