"""Scores as whole numbers: the one scale that all methods and the proof share. No solving."""

from __future__ import annotations

import numpy as np

from matcher.assignment.problem import AssignmentProblem, FloatArray, IntArray

# Values below 2**27 leave room in 32 bits for the sum of a score, a bonus and a pair that is insisted on.
SHORT_BITS = 27
# With 21 binary digits after the point, rounding costs less than a millionth of a score unit a pair.
LEAST_DIGITS = 21
# Larger values become floats and come back unchanged, and scipy's sums of them stay whole numbers.
LONG_BITS = 46
# 2.0 to more than this is no number; so values below 2**-996 lose digits, which nobody will miss.
MOST_DIGITS = 1023
# No path of a network may cost more: int64 with room for what the solvers add.
LONGEST_PATH_BITS = 60


def whole_scale(problem: AssignmentProblem) -> int:
    """Power of two to multiply scores by.

    The largest value, of a score or a bonus, gets 27 binary digits; where fewer than 21 of them would stand
    after the point, as many as every solver can take, at most 46.
    """
    bonus = 0.0 if problem.row_bonus is None else float(problem.row_bonus.max(initial=0.0))
    top = max(problem.highest_score, bonus)
    if top <= 0.0:
        return 0
    # frexp: top < 2**exponent, so top * 2**(bits - exponent) < 2**bits.
    exponent = int(np.frexp(top)[1])
    if SHORT_BITS - exponent >= LEAST_DIGITS:
        return min(SHORT_BITS - exponent, MOST_DIGITS)
    limits = (problem.kind_demand, problem.group_capacity)
    n_limits = sum(0 if limit is None else min(limit.size, problem.scores.nnz) for limit in limits)
    n_nodes = 1 + problem.n_rows + problem.n_columns + n_limits + problem.n_rows * (problem.slots is not None)
    return min(LONG_BITS, LONGEST_PATH_BITS - n_nodes.bit_length()) - exponent


def whole_numbers(values: FloatArray, scale: int) -> IntArray:
    """`values` times ``2**scale``, to the nearest whole number."""
    return np.rint(np.ldexp(values, scale)).astype(np.int64)
