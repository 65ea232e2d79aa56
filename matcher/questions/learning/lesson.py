"""Weights learnt from coordinators' decisions: what they come to, proposed and never applied."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from math import floor, log10
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from matcher.arguments import a_whole_number
from matcher.pairs.encoding import BoolArray, FloatArray, IntArray
from matcher.pairs.policy import Policy, Weights
from matcher.pairs.scoring import shares
from matcher.planning.request import as_policy
from matcher.questions.learning.auc import Estimate, compare_auc
from matcher.questions.learning.calibration import Calibration, calibrate
from matcher.questions.learning.decisions import NAMES, Decision, decision_arrays

if TYPE_CHECKING:
    from matcher.questions.learning.estimator import AcceptanceClassifier

ENOUGH_DECISIONS = 100
ENOUGH_OF_EACH = 20
VERDICTS: Mapping[str, str] = MappingProxyType(
    {
        "too_few": f"cannot tell: there are fewer than {ENOUGH_DECISIONS} decisions",
        "one_sided": f"cannot tell: fewer than {ENOUGH_OF_EACH} proposals were accepted, or rejected",
        "none_counts": "nothing to propose: no criterion goes with acceptance",
        "no_better": "no reason to change: other weights do not foresee the answers better",
        "better": "other weights foresee the answers better than the current ones",
    }
)
"""What a lesson comes to, by name."""

_N_FOLDS = 5
_DOES_NOT_VARY = 1e-9


class WeightChange(NamedTuple):
    """A weight of the policy before and after."""

    name: str
    before: float
    after: float


@dataclass(frozen=True)
class LearntWeight:
    """What the decisions say about one criterion.

    Parameters
    ----------
    name : str
    coefficient : Estimate
        By how much the log odds of acceptance rise when the criterion goes from 0 to 1.
    weight_before, weight_after : float
        In the current policy; and as learnt: in proportion to the coefficient, 0 where that is negative, all
        of them with the sum of the current weights.
    varies : bool
        False where every decision had the same value: nothing was learnt, and the coefficient only follows
        the current weight.
    """

    name: str
    coefficient: Estimate
    weight_before: float
    weight_after: float
    varies: bool

    @property
    def goes_against(self) -> bool:
        """Whether higher values go with rejection, so that the weight became 0."""
        return self.coefficient.value < 0


@dataclass(frozen=True)
class Lesson:
    """What was learnt, and the policy it leads to: a proposal that a person accepts or leaves.

    Parameters
    ----------
    verdict : str
        A name in `VERDICTS`.
    n_decisions, n_accepted : int
    weights : tuple of LearntWeight
        In the order of the criteria; empty where it cannot be told.
    auc_before, auc_after, auc_gain : Estimate or None
        Chance that an accepted pair scores above a rejected one, by the current weights, by the learnt ones
        (on decisions that were not learnt from), and the difference.
    calibration : Calibration or None
    strength : float or None
        The strength of regularisation that was chosen: 1 / C.
    policy : Policy
        With the learnt weights when they are better, else the current policy, unchanged.
    """

    verdict: str
    n_decisions: int
    n_accepted: int
    weights: tuple[LearntWeight, ...]
    auc_before: Estimate | None
    auc_after: Estimate | None
    auc_gain: Estimate | None
    calibration: Calibration | None
    strength: float | None
    policy: Policy

    @property
    def can_tell(self) -> bool:
        """Whether there were decisions enough, of both answers."""
        return bool(self.weights)

    @property
    def is_better(self) -> bool:
        """Whether the learnt weights foresee the answers better than the current ones."""
        return self.verdict == "better"

    @property
    def reason(self) -> str:
        """The verdict in words."""
        return VERDICTS[self.verdict]

    @property
    def diff(self) -> tuple[WeightChange, ...]:
        """The weights that the proposed policy changes; empty when there is no reason to."""
        if not self.is_better:
            return ()
        changes = (WeightChange(w.name, w.weight_before, w.weight_after) for w in self.weights)
        return tuple(change for change in changes if change.before != change.after)


def learn(
    decisions: Iterable[Decision], policy: Policy | None = None, *, seed: int = 0, n_resamples: int = 200
) -> Lesson:
    """Learn what weights the coordinators' answers imply, and hold them against the current ones.

    The chance that a pair with criterion values v is accepted is modelled as

        log odds = a + beta . v

    and (a, beta) minimise

        sum of log losses + |beta - k w|^2 / (2 C),

    with w the current weights, k free and C chosen by cross-validation: where the decisions say little, the
    weights stay in the proportions they have, and only what the decisions show moves them away.

    Parameters
    ----------
    decisions : iterable of Decision
    policy : Policy, optional
        The current one; by default the engine's.
    seed : int, default 0
        Of the folds and of the resamples.
    n_resamples : int, default 200
        Bootstrap samples behind the intervals of the coefficients; at least 20.

    Returns
    -------
    Lesson
        It cannot tell with fewer than 100 decisions, or fewer than 20 of either answer. It proposes new
        weights only when the interval of their gain in AUC lies above 0.

    Raises
    ------
    InvalidProblemError
        For fewer than 20 resamples.

    Notes
    -----
    Deterministic for a seed, and the order of the decisions does not matter. About 500 fits, each
    O(n q^2) for n decisions and q criteria: some seconds for 3,000 decisions.

    Chances and the AUC of the learnt weights come from five stratified folds: each decision is judged by
    weights (and a C) learnt without it. The AUC intervals are DeLong's, paired for the gain; they take the
    weights of each fold as given. Intervals of coefficients are bootstrap percentiles at the chosen C; what
    regularisation draws towards the current proportions is not in them.

    Not promised: that answers are right, or that they would be the same for pairs nobody proposed.
    Coordinators answer only what the current weights proposed.

    References
    ----------
    E. R. DeLong, D. M. DeLong, D. L. Clarke-Pearson (1988): Comparing the areas under two or more
    correlated receiver operating characteristic curves. Biometrics 44. doi:10.2307/2531595

    X. Sun, W. Xu (2014): Fast implementation of DeLong's algorithm. IEEE Signal Processing Letters 21.
    doi:10.1109/LSP.2014.2337313

    Examples
    --------
    >>> some = Decision(dict.fromkeys(NAMES, 0.5), accepted=True)
    >>> lesson = learn([some] * 99)
    >>> lesson.can_tell, lesson.reason
    (False, 'cannot tell: there are fewer than 100 decisions')
    """
    n_resamples = a_whole_number("n_resamples", n_resamples, least=20)
    seed, policy = a_whole_number("seed", seed), as_policy(policy)
    values, accepted = decision_arrays(decisions)
    n, n_accepted = accepted.size, int(accepted.sum())
    if n < ENOUGH_DECISIONS or min(n_accepted, n - n_accepted) < ENOUGH_OF_EACH:
        verdict = "too_few" if n < ENOUGH_DECISIONS else "one_sided"
        return Lesson(verdict, n, n_accepted, (), None, None, None, None, None, policy)
    rng = np.random.default_rng(seed)
    folds = _stratified_folds(accepted, rng)
    model = _classifier(policy, cv=_splits(folds)).fit(values, accepted)
    coefficients = model.coef_[0]
    resampled = _resampled(_classifier(policy, C=model.C_), values, accepted, n_resamples, rng)
    log_odds, scores = _foreseen(policy, values, accepted, folds, rng)
    before, after, gain = compare_auc(values @ shares(policy), scores, accepted)
    weights = _weights(coefficients, policy)
    counts = coefficients.max() > 0
    verdict = "none_counts" if not counts else "better" if gain.low > 0 else "no_better"
    return Lesson(
        verdict=verdict,
        n_decisions=n,
        n_accepted=n_accepted,
        weights=_learnt_weights(values, coefficients, resampled, weights, policy),
        auc_before=before,
        auc_after=after,
        auc_gain=gain,
        calibration=calibrate(log_odds, accepted),
        strength=1.0 / model.C_,
        policy=replace(policy, weights=weights) if verdict == "better" else policy,
    )


def _classifier(policy: Policy, **params: Any) -> AcceptanceClassifier:
    # Importing scikit-learn takes 2 to 3 seconds: only who learns pays it.
    from matcher.questions.learning.estimator import AcceptanceClassifier

    return AcceptanceClassifier(shares(policy), **params)


def _stratified_folds(accepted: BoolArray, rng: np.random.Generator) -> IntArray:
    """The fold of each decision, both answers spread evenly."""
    folds = np.empty(accepted.size, np.int64)
    for answer in (False, True):
        of_answer = np.flatnonzero(accepted == answer)
        folds[rng.permutation(of_answer)] = np.arange(of_answer.size) % _N_FOLDS
    return folds


def _splits(folds: IntArray) -> list[tuple[IntArray, IntArray]]:
    return [(np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)) for fold in range(_N_FOLDS)]


def _foreseen(
    policy: Policy, values: FloatArray, accepted: BoolArray, folds: IntArray, rng: np.random.Generator
) -> tuple[FloatArray, FloatArray]:
    """Log odds of acceptance and score by the learnt weights, each from the other folds alone."""
    log_odds, scores = np.empty(accepted.size), np.empty(accepted.size)
    for others, out in _splits(folds):
        inner = _splits(_stratified_folds(accepted[others], rng))
        model = _classifier(policy, cv=inner).fit(values[others], accepted[others])
        positive = np.maximum(0.0, model.coef_[0])
        log_odds[out] = model.decision_function(values[out])
        scores[out] = values[out] @ positive / max(positive.sum(), 1e-12)
    return log_odds, scores


def _resampled(
    model: AcceptanceClassifier,
    values: FloatArray,
    accepted: BoolArray,
    n_resamples: int,
    rng: np.random.Generator,
) -> FloatArray:
    """Coefficients of bootstrap samples, shape (n_resamples, q)."""
    coefficients = np.empty((n_resamples, values.shape[1]))
    yes, no = np.flatnonzero(accepted), np.flatnonzero(~accepted)
    for sample in range(n_resamples):
        drawn = np.concatenate([rng.choice(yes, yes.size), rng.choice(no, no.size)])
        coefficients[sample] = model.fit(values[drawn], accepted[drawn]).coef_[0]
    return coefficients


def _weights(coefficients: FloatArray, policy: Policy) -> Weights:
    """Positive coefficients scaled to the sum of the current weights, to about a thousandth of that sum.

    Rounded by largest remainders, so that the rounded weights keep the sum.
    """
    positive = np.maximum(0.0, coefficients)
    if not positive.any():
        return policy.weights
    total = sum(getattr(policy.weights, name) for name in NAMES)
    decimals = max(0, 3 - floor(log10(total)))
    exact = positive / positive.sum() * total * 10**decimals
    units = np.floor(exact)
    left_over = round(total * 10**decimals) - int(units.sum())
    units[np.argsort(units - exact, kind="stable")[:left_over]] += 1
    rounded = (round(unit / 10**decimals, decimals) for unit in units.tolist())
    return replace(policy.weights, **dict(zip(NAMES, rounded, strict=True)))


def _learnt_weights(
    values: FloatArray, coefficients: FloatArray, resampled: FloatArray, weights: Weights, policy: Policy
) -> tuple[LearntWeight, ...]:
    low, high = np.quantile(resampled, [0.025, 0.975], axis=0)
    spread = values.max(axis=0) - values.min(axis=0)
    return tuple(
        LearntWeight(
            name=name,
            coefficient=Estimate(float(coefficients[i]), float(low[i]), float(high[i])),
            weight_before=getattr(policy.weights, name),
            weight_after=getattr(weights, name),
            varies=bool(spread[i] > _DOES_NOT_VARY),
        )
        for i, name in enumerate(NAMES)
    )
