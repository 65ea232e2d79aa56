"""Differences of shares with their intervals: of two groups, and of many strata together. Knows no people."""

from __future__ import annotations

import numpy as np

from matcher.exceptions import InvalidProblemError
from matcher.pairs.encoding import IntArray

Interval = tuple[float, float]
_Z = 1.959963984540054


def difference_interval(n_successes: int, n: int, n_successes_other: int, n_other: int) -> Interval:
    """Newcombe's hybrid score interval (95 %) of the difference of two shares of different people.

    low = d - sqrt((p - l)^2 + (u' - p')^2),  high = d + sqrt((u - p)^2 + (p' - l')^2),

    with d = p - p', and (l, u), (l', u') the Wilson intervals of p and p'.

    Parameters
    ----------
    n_successes, n, n_successes_other, n_other : int

    Returns
    -------
    (float, float)

    Raises
    ------
    InvalidProblemError
        When there is nobody on one side, or a number of successes is below 0 or above that of people.

    References
    ----------
    R. G. Newcombe (1998), method 10. doi:10.1002/(SICI)1097-0258(19980430)17:8<873::AID-SIM779>3.0.CO;2-I

    Examples
    --------
    >>> low, high = difference_interval(56, 70, 48, 80)
    >>> round(low, 4), round(high, 4)
    (0.0524, 0.3339)
    """
    sides = ((n_successes, n), (n_successes_other, n_other))
    problems = [
        f"expected 0 to n successes of n >= 1, got {y} of {m}" for y, m in sides if not 0 <= y <= m or not m
    ]
    if problems:
        raise InvalidProblemError(problems)
    (low, high), (low_other, high_other) = (_wilson(*side) for side in sides)
    share, share_other = n_successes / n, n_successes_other / n_other
    difference = share - share_other
    return (
        float(difference - np.hypot(share - low, high_other - share_other)),
        float(difference + np.hypot(high - share, share_other - low_other)),
    )


def _wilson(n_successes: int, n: int) -> Interval:
    # scipy.stats takes most of a second to import: only who reports pays it.
    from scipy.stats import binomtest

    interval = binomtest(n_successes, n).proportion_ci(method="wilson")
    return float(interval.low), float(interval.high)


def stratified_interval(tables: IntArray) -> tuple[float, Interval]:
    """The Mantel-Haenszel difference of two shares over strata, and Klingenberg's 95 % interval.

    d = sum_k w_k (y_k / n_k - y'_k / n'_k) / sum_k w_k,   w_k = n_k n'_k / (n_k + n'_k).

    The interval holds every delta with (d - delta)^2 W^2 <= z^2 (delta P + Q): Sato's variance, taken at
    delta itself.

    Parameters
    ----------
    tables : ndarray of int64, shape (k, 4)
        Successes and people of the one side, successes and people of the other, stratum by stratum; each
        side has somebody in each stratum.

    Returns
    -------
    difference : float
    interval : (float, float)

    Raises
    ------
    InvalidProblemError
        Without strata, or with a stratum that has nobody on one side.

    References
    ----------
    B. Klingenberg (2014). doi:10.1002/sim.6122

    Examples
    --------
    >>> difference, (low, high) = stratified_interval(np.array([[30, 40, 20, 40], [10, 40, 5, 40]]))
    >>> round(difference, 4), round(low, 3), round(high, 3)
    (0.1875, 0.049, 0.317)
    """
    if not len(tables) or (tables[:, [1, 3]] < 1).any():
        raise InvalidProblemError("tables: expected strata with people on both sides")
    y, n, y_other, n_other = np.asarray(tables, np.float64).T
    both = n + n_other
    weight = float((n * n_other / both).sum())
    difference = float(((y * n_other - y_other * n) / both).sum()) / weight
    p = (n**2 * y_other - n_other**2 * y + n * n_other * (n_other - n) / 2) / both**2
    q = (y * (n_other - y_other) + y_other * (n - y)) / (2 * both)
    z2 = _Z**2
    middle = difference + z2 * p.sum() / (2 * weight**2)
    half = float(np.sqrt(max(0.0, middle**2 - difference**2 + z2 * q.sum() / weight**2)))
    return difference, (max(-1.0, float(middle - half)), min(1.0, float(middle + half)))
