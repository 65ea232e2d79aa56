"""Whether foreseen chances of acceptance come true."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from matcher.pairs.encoding import BoolArray, FloatArray
from matcher.questions.learning.auc import Estimate


@dataclass(frozen=True)
class CalibrationBin:
    """Decisions with about the same foreseen chance, and how many of them were accepted.

    Parameters
    ----------
    n : int
    foreseen : float
        Mean chance of acceptance that was foreseen, 0..1.
    accepted : Estimate
        Share accepted, with its Wilson interval.
    """

    n: int
    foreseen: float
    accepted: Estimate


@dataclass(frozen=True)
class Calibration:
    """Whether foreseen chances come true, on decisions that were not learnt from.

    Parameters
    ----------
    bins : tuple of CalibrationBin
        From the lowest chances to the highest, about the same number of decisions in each.
    slope, intercept : float
        Of the logistic regression of the answers on the log odds foreseen: 1 and 0 where chances come true;
        a slope below 1 means that they are too extreme.
    brier, brier_of_share : float
        Mean squared error of the chances; and of foreseeing the share accepted for every pair.
    """

    bins: tuple[CalibrationBin, ...]
    slope: float
    intercept: float
    brier: float
    brier_of_share: float


def calibrate(log_odds: FloatArray, accepted: BoolArray) -> Calibration:
    """Hold foreseen log odds against the answers.

    Parameters
    ----------
    log_odds : ndarray of float64, shape (n,)
        Foreseen without the answers; n >= 40.
    accepted : ndarray of bool, shape (n,)
        Both answers occur.

    Returns
    -------
    Calibration
        With at most ten bins, of 20 decisions or more.
    """
    # Importing scikit-learn takes 2 to 3 seconds: only who learns pays it.
    from matcher.questions.learning.estimator import AcceptanceClassifier

    chances = 1.0 / (1.0 + np.exp(-log_odds))
    n_bins = min(10, accepted.size // 20)
    fitted = AcceptanceClassifier(C=1e6, freedom_along=1.0).fit(log_odds[:, None], accepted)
    share = accepted.mean()
    return Calibration(
        bins=tuple(
            _bin(chances[part], accepted[part])
            for part in np.array_split(np.argsort(chances, kind="stable"), n_bins)
        ),
        slope=float(fitted.coef_[0, 0]),
        intercept=float(fitted.intercept_[0]),
        brier=float(np.mean((chances - accepted) ** 2)),
        brier_of_share=float(share * (1.0 - share)),
    )


def _bin(chances: FloatArray, accepted: BoolArray) -> CalibrationBin:
    from scipy.stats import binomtest  # takes most of a second to import; see above

    n, n_accepted = accepted.size, int(accepted.sum())
    interval = binomtest(n_accepted, n).proportion_ci(method="wilson")
    share = Estimate(n_accepted / n, float(interval.low), float(interval.high))
    return CalibrationBin(n, float(chances.mean()), share)
