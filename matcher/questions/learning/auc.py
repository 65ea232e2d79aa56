"""How well scores foresee answers: the AUC, and the gain of one score over another, with intervals."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from matcher.exceptions import InvalidProblemError
from matcher.pairs.encoding import BoolArray, FloatArray

_Z = 1.959963984540054


class Estimate(NamedTuple):
    """A number with its 95 % interval."""

    value: float
    low: float
    high: float


def compare_auc(
    before: FloatArray, after: FloatArray, accepted: BoolArray
) -> tuple[Estimate, Estimate, Estimate]:
    """The AUC of two scores of the same pairs, and of the second less the first, with DeLong's intervals.

    AUC = P(score of an accepted pair > score of a rejected one) + P(equal) / 2.

    Parameters
    ----------
    before, after : ndarray of float64, shape (n,)
    accepted : ndarray of bool, shape (n,)
        At least two of either answer.

    Returns
    -------
    before, after, gain : Estimate
        95 % intervals; those of the AUCs end at 0 and 1.

    Raises
    ------
    InvalidProblemError
        With fewer than two of either answer.

    Notes
    -----
    O(n log n), by midranks.

    References
    ----------
    E. R. DeLong, D. M. DeLong, D. L. Clarke-Pearson (1988). doi:10.2307/2531595

    Examples
    --------
    >>> accepted = np.array([True, True, False, False])
    >>> first, second, gain = compare_auc(
    ...     np.array([4.0, 2.0, 3.0, 1.0]), np.array([4.0, 3.0, 2.0, 1.0]), accepted
    ... )
    >>> first.value, second.value, gain.value
    (0.75, 1.0, 0.25)
    """
    n_yes, n_no = int(accepted.sum()), int((~accepted).sum())
    if min(n_yes, n_no) < 2:
        raise InvalidProblemError(f"accepted: expected at least two of either answer, got {n_yes} and {n_no}")
    of_yes, of_no = zip(*(_placements(scores, accepted) for scores in (before, after)), strict=True)
    areas = np.mean(of_yes, axis=1)
    covariance = np.cov(of_yes) / n_yes + np.cov(of_no) / n_no
    ends = [_Z * np.sqrt(max(0.0, variance)) for variance in np.diag(covariance)]
    first, second = (
        Estimate(float(area), float(max(0.0, area - end)), float(min(1.0, area + end)))
        for area, end in zip(areas, ends, strict=True)
    )
    against = np.array([-1.0, 1.0])
    gain, end = float(against @ areas), float(_Z * np.sqrt(max(0.0, against @ covariance @ against)))
    return first, second, Estimate(gain, gain - end, gain + end)


def _placements(scores: FloatArray, accepted: BoolArray) -> tuple[FloatArray, FloatArray]:
    """Of each accepted pair, the share of rejected ones below it; of each rejected, of accepted above it."""
    # scipy.stats takes most of a second to import, and scikit-learn needs it anyway.
    from scipy.stats import rankdata

    yes, no = scores[accepted], scores[~accepted]
    ranks = rankdata(np.concatenate([yes, no]))
    below = (ranks[: yes.size] - rankdata(yes)) / no.size
    above = 1.0 - (ranks[yes.size :] - rankdata(no)) / yes.size
    return below, above
