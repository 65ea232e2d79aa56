"""What a solver hands back: the chosen pairs, their value and the prices of all limits. No computing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.sparse import csr_array

from matcher.assignment.problem import FloatArray, IntArray


@dataclass(frozen=True, eq=False)
class AssignmentResult:
    """Chosen pairs, what they are worth, and prices that show how much better any choice could be.

    Attributes
    ----------
    pairs : int array, shape (p, 2)
        Row and column of each chosen pair, in lexicographic order, no pair twice.
    objective : float
        `score_sum` plus the bonus of every row with at least one pair.
    score_sum : float
        Scores of the chosen pairs.
    bound : float
        No choice of pairs has a larger objective. ``objective <= bound``.
    status : {"optimal", "feasible"}
        "optimal" when the prices leave no gap at all for scores rounded to whole numbers, which makes the
        bound differ from the objective by at most 1e-6 a chosen pair; otherwise "feasible", and
        ``bound - objective`` says how much better another choice could be at most.
    method : str
        The method that ran.
    reason : str
        Why it was this method.
    row_prices : float array, shape (n,)
        Price of the demand of each row.
    column_prices : float array, shape (m,)
        Price of the capacity of each column.
    kind_prices : float array, shape (n, K), or None
        Price of the demand of each row for each kind; None without kinds.
    group_prices : float array, shape (m, G), or None
        Price of the capacity of each column for each group; None without groups.
    bonus_shares : float array, shape (n,), or None
        The share of each row's bonus that its pairs may count on, from 0 to the bonus; None without
        bonuses.
    slot_prices : scipy.sparse.csr_array of float, shape (n, number of slots), or None
        Price of having one column a slot, for each row; None without slots.

    Notes
    -----
    All prices are 0 or more, in units of score. They are bounds: one more unit of a limit raises the
    optimum by at most its price. The exact gain comes from solving again. Of several prices that prove the
    same, those of the rows' limits are the lowest, so that most of the bound may stand in what the chosen
    pairs are worth beyond their prices.
    """

    pairs: IntArray
    objective: float
    score_sum: float
    bound: float
    status: Literal["optimal", "feasible"]
    method: str
    row_prices: FloatArray
    column_prices: FloatArray
    kind_prices: FloatArray | None = None
    group_prices: FloatArray | None = None
    bonus_shares: FloatArray | None = None
    slot_prices: csr_array[np.float64] | None = None
    reason: str = ""
