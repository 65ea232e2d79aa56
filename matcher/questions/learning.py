"""Weights learnt from coordinators' decisions, proposed and never applied. Sees no people, only criteria.

A decision is the criterion values of a proposed pair and the answer. Nothing else can enter: who was
proposed, and whatever is known of them, is not part of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from math import floor, log10
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from matcher.exceptions import FieldProblem, InvalidProblemError, InvalidRecordError, UnknownRecordError
from matcher.pairs.criteria import CRITERIA, NEUTRAL
from matcher.pairs.encoding import BoolArray, FloatArray, IntArray, encode
from matcher.pairs.policy import Policy, Weights
from matcher.pairs.scoring import shares
from matcher.pairs.situation import Pairs, Situation
from matcher.planning.request import Ids
from matcher.records.people import Newcomer, Offer

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

_NAMES = tuple(criterion.name for criterion in CRITERIA)
_STRENGTHS = tuple(10.0 ** (step / 2) for step in range(-4, 5))
_FREEDOM_ALONG = 100.0
_FOLDS = 5
_Z = 1.959963984540054
_DOES_NOT_VARY = 1e-9


@dataclass(frozen=True)
class Decision:
    """A coordinator's answer to one proposal.

    Parameters
    ----------
    values : mapping of str to float
        What every criterion of `matcher.pairs.criteria.CRITERIA` said of the pair, 0..1, by name.
    accepted : bool

    Raises
    ------
    InvalidRecordError
        With every name that is no criterion, every criterion left out and every value outside 0..1.

    Examples
    --------
    >>> Decision({"gender": 1.0}, accepted=True)  # doctest: +IGNORE_EXCEPTION_DETAIL
    Traceback (most recent call last):
    matcher.exceptions.InvalidRecordError: gender: expected a criterion ...
    """

    values: Mapping[str, float]
    accepted: bool

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", MappingProxyType(dict(self.values)))
        known = ", ".join(_NAMES)
        problems = [
            FieldProblem(name, str(value), f"a criterion out of {known}")
            for name, value in self.values.items()
            if name not in _NAMES
        ]
        problems += [
            FieldProblem(name, "nothing", "a number from 0 to 1")
            for name in _NAMES
            if name not in self.values
        ]
        problems += [
            FieldProblem(name, str(self.values[name]), "a number from 0 to 1")
            for name in _NAMES
            if name in self.values and not 0 <= self.values[name] <= 1
        ]
        if problems:
            raise InvalidRecordError(problems)


class Estimate(NamedTuple):
    """A number with its 95 % interval."""

    value: float
    low: float
    high: float


class Change(NamedTuple):
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
    def diff(self) -> tuple[Change, ...]:
        """The weights that the proposed policy changes; empty when there is no reason to."""
        if not self.is_better:
            return ()
        changes = (Change(w.name, w.weight_before, w.weight_after) for w in self.weights)
        return tuple(change for change in changes if change.before != change.after)


def observe(
    newcomers: Sequence[Newcomer],
    offers: Sequence[Offer],
    policy: Policy,
    answers: Iterable[tuple[str, str, bool]],
    *,
    today: date,
) -> list[Decision]:
    """Turn answers to proposals into decisions: what the criteria said of each pair.

    Parameters
    ----------
    newcomers, offers : sequence of Newcomer, of Offer
    policy : Policy
        Its travel speeds and limits are read, not its weights: a criterion of weight 0 is measured too.
    answers : iterable of (newcomer_id, offer_id, accepted)
    today : date
        The day the answers were given: how fresh a place is, and how old people are, depends on it.

    Returns
    -------
    list of Decision
        In the order of the answers.

    Raises
    ------
    UnknownRecordError
        When answers name people or offers that are not given, listing all of them.

    Examples
    --------
    >>> amina = Newcomer(id="amina", interests=("choir",), consent=True)
    >>> choir = Offer(id="choir", kind="association", interests=("choir",), capacity=1)
    >>> [decision] = observe(
    ...     [amina], [choir], Policy(), [("amina", "choir", True)], today=date(2026, 3, 2)
    ... )
    >>> decision.values["interests"], decision.accepted
    (1.0, True)
    """
    answers = list(answers)
    ids = Ids.of(newcomers, offers)
    unknown = [f"newcomer {n!r}" for n, _o, _accepted in answers if n not in ids.newcomers]
    unknown += [f"offer {o!r}" for _n, o, _accepted in answers if o not in ids.offers]
    if unknown:
        names = ", ".join(dict.fromkeys(unknown))
        raise UnknownRecordError(f"answers name people or offers that are not given: {names}")
    nothing = ids.matrix(())
    situation = Situation(encode(newcomers, offers, policy, today), policy, nothing, nothing)
    rows = np.array([ids.newcomers[n] for n, _o, _accepted in answers], np.int64)
    columns = np.array([ids.offers[o] for _n, o, _accepted in answers], np.int64)
    pairs = Pairs(situation, rows, columns)
    values = np.column_stack([criterion.measure(pairs) for criterion in CRITERIA])
    return [
        Decision(dict(zip(_NAMES, row, strict=True)), bool(accepted))
        for row, (_n, _o, accepted) in zip(values.tolist(), answers, strict=True)
    ]


def recall(parts: Mapping[str, float], kept: Policy | Mapping[str, float], *, accepted: bool) -> Decision:
    """A decision from what was kept of a proposal: what each criterion added to its score.

    Parameters
    ----------
    parts : mapping of str to float
        As `matcher.planning.single.Proposal.parts`.
    kept : Policy or mapping of str to float
        The policy the proposal was made with, or the share of each criterion in a score then. A criterion
        that had none, or was not there yet, says nothing: it is neutral. One that is gone is left out.
    accepted : bool

    Returns
    -------
    Decision

    Raises
    ------
    InvalidRecordError
        As `Decision`, for parts that do not belong to the policy.

    Examples
    --------
    >>> parts = dict.fromkeys((criterion.name for criterion in CRITERIA), 0.0) | {"interests": 0.125}
    >>> recall(parts, Policy(), accepted=True).values["interests"]
    0.5
    """
    most = dict(zip(_NAMES, shares(kept).tolist(), strict=True)) if isinstance(kept, Policy) else kept
    values = {
        name: round(parts[name] / most[name], 9) if name in parts and most.get(name) else NEUTRAL
        for name in _NAMES
    }
    return Decision(values, accepted)


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
    >>> some = Decision({criterion.name: 0.5 for criterion in CRITERIA}, accepted=True)
    >>> lesson = learn([some] * 99)
    >>> lesson.can_tell, lesson.reason
    (False, 'cannot tell: there are fewer than 100 decisions')
    """
    if n_resamples < 20:
        raise InvalidProblemError(f"n_resamples: expected 20 or more, got {n_resamples}")
    policy = policy or Policy()
    values, accepted = _sorted_arrays(decisions)
    n, n_accepted = accepted.size, int(accepted.sum())
    if n < ENOUGH_DECISIONS or min(n_accepted, n - n_accepted) < ENOUGH_OF_EACH:
        verdict = "too_few" if n < ENOUGH_DECISIONS else "one_sided"
        return Lesson(verdict, n, n_accepted, (), None, None, None, None, None, policy)
    rng = np.random.default_rng(seed)
    folds = _stratified_folds(accepted, rng)
    model = _Model(shares(policy))
    strength = model.choose_strength(values, accepted, folds)
    coefficients = model.fit(values, accepted, strength)[1]
    resampled = _resampled(model, values, accepted, strength, n_resamples, rng)
    chances, scores = _foreseen(model, values, accepted, folds, rng)
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
        calibration=_calibration(chances, accepted),
        strength=1.0 / strength,
        policy=replace(policy, weights=weights) if verdict == "better" else policy,
    )


def _sorted_arrays(decisions: Iterable[Decision]) -> tuple[FloatArray, BoolArray]:
    """Values (n, q) and answers (n,), sorted by both: folds must not depend on who answered first."""
    decisions = list(decisions)
    values = np.array([[d.values[name] for name in _NAMES] for d in decisions], np.float64)
    values = values.reshape(-1, len(_NAMES))
    accepted = np.array([d.accepted for d in decisions], np.bool_)
    order = np.lexsort((accepted, *values.T))
    return values[order], accepted[order]


# Fitting ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Model:
    """Logistic regression that is drawn towards multiples of some proportions.

    beta = root gamma with |gamma|^2 penalised: the root is the identity but for the direction of the
    proportions, along which beta is a hundred times as free.
    """

    proportions: FloatArray

    @property
    def root(self) -> FloatArray:
        along = self.proportions / np.linalg.norm(self.proportions)
        return np.eye(along.size) + (_FREEDOM_ALONG - 1.0) * np.outer(along, along)

    def fit(self, values: FloatArray, accepted: BoolArray, strength: float) -> tuple[float, FloatArray]:
        """Intercept and coefficients; `strength` is C, the inverse of the penalty."""
        return _regress(values @ self.root, accepted, strength, self.root)

    def choose_strength(self, values: FloatArray, accepted: BoolArray, folds: IntArray) -> float:
        """The C with the smallest log loss on folds left out; the smallest of equals."""
        losses = [
            sum(
                _log_loss(values[folds == fold], accepted[folds == fold], *fitted)
                for fold in range(_FOLDS)
                for fitted in [self.fit(values[folds != fold], accepted[folds != fold], strength)]
            )
            for strength in _STRENGTHS
        ]
        return _STRENGTHS[int(np.argmin(losses))]


def _regress(
    values: FloatArray, accepted: BoolArray, strength: float, root: FloatArray
) -> tuple[float, FloatArray]:
    # Importing scikit-learn takes 2 to 3 seconds: only who learns pays it.
    from sklearn.linear_model import LogisticRegression

    fitted = LogisticRegression(C=strength, solver="newton-cholesky", tol=1e-8, max_iter=200)
    fitted.fit(values, accepted)
    return float(fitted.intercept_[0]), root @ fitted.coef_[0]


def _log_odds(values: FloatArray, intercept: float, coefficients: FloatArray) -> FloatArray:
    return intercept + values @ coefficients


def _log_loss(values: FloatArray, accepted: BoolArray, intercept: float, coefficients: FloatArray) -> float:
    signed = np.where(accepted, -1.0, 1.0) * _log_odds(values, intercept, coefficients)
    return float(np.logaddexp(0.0, signed).sum())


def _stratified_folds(accepted: BoolArray, rng: np.random.Generator) -> IntArray:
    """The fold of each decision, both answers spread evenly."""
    folds = np.empty(accepted.size, np.int64)
    for answer in (False, True):
        of_answer = np.flatnonzero(accepted == answer)
        folds[rng.permutation(of_answer)] = np.arange(of_answer.size) % _FOLDS
    return folds


def _foreseen(
    model: _Model, values: FloatArray, accepted: BoolArray, folds: IntArray, rng: np.random.Generator
) -> tuple[FloatArray, FloatArray]:
    """Log odds of acceptance and score by the learnt weights, each from the other folds alone."""
    log_odds, scores = np.empty(accepted.size), np.empty(accepted.size)
    for fold in range(_FOLDS):
        out = folds == fold
        inner = _stratified_folds(accepted[~out], rng)
        strength = model.choose_strength(values[~out], accepted[~out], inner)
        intercept, coefficients = model.fit(values[~out], accepted[~out], strength)
        positive = np.maximum(0.0, coefficients)
        log_odds[out] = _log_odds(values[out], intercept, coefficients)
        scores[out] = values[out] @ positive / max(positive.sum(), 1e-12)
    return log_odds, scores


def _resampled(
    model: _Model,
    values: FloatArray,
    accepted: BoolArray,
    strength: float,
    n_resamples: int,
    rng: np.random.Generator,
) -> FloatArray:
    """Coefficients of bootstrap samples, shape (n_resamples, q)."""
    coefficients = np.empty((n_resamples, values.shape[1]))
    yes, no = np.flatnonzero(accepted), np.flatnonzero(~accepted)
    for sample in range(n_resamples):
        drawn = np.concatenate([rng.choice(yes, yes.size), rng.choice(no, no.size)])
        coefficients[sample] = model.fit(values[drawn], accepted[drawn], strength)[1]
    return coefficients


# Judging ---------------------------------------------------------------------------------------------


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


def _calibration(log_odds: FloatArray, accepted: BoolArray) -> Calibration:
    chances = 1.0 / (1.0 + np.exp(-log_odds))
    n_bins = min(10, accepted.size // 20)
    intercept, slope = _regress(log_odds[:, None], accepted, 1e6, np.eye(1))
    share = accepted.mean()
    return Calibration(
        bins=tuple(
            _bin(chances[part], accepted[part])
            for part in np.array_split(np.argsort(chances, kind="stable"), n_bins)
        ),
        slope=float(slope[0]),
        intercept=intercept,
        brier=float(np.mean((chances - accepted) ** 2)),
        brier_of_share=float(share * (1.0 - share)),
    )


def _bin(chances: FloatArray, accepted: BoolArray) -> CalibrationBin:
    from scipy.stats import binomtest  # see _placements

    n, n_accepted = accepted.size, int(accepted.sum())
    interval = binomtest(n_accepted, n).proportion_ci(method="wilson")
    share = Estimate(n_accepted / n, float(interval.low), float(interval.high))
    return CalibrationBin(n, float(chances.mean()), share)


# Proposing -------------------------------------------------------------------------------------------


def _weights(coefficients: FloatArray, policy: Policy) -> Weights:
    """Positive coefficients scaled to the sum of the current weights, to about a thousandth of that sum.

    Rounded by largest remainders, so that the rounded weights keep the sum.
    """
    positive = np.maximum(0.0, coefficients)
    if not positive.any():
        return policy.weights
    total = sum(getattr(policy.weights, name) for name in _NAMES)
    decimals = max(0, 3 - floor(log10(total)))
    exact = positive / positive.sum() * total * 10**decimals
    units = np.floor(exact)
    left_over = round(total * 10**decimals) - int(units.sum())
    units[np.argsort(units - exact, kind="stable")[:left_over]] += 1
    rounded = (round(unit / 10**decimals, decimals) for unit in units.tolist())
    return replace(policy.weights, **dict(zip(_NAMES, rounded, strict=True)))


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
        for i, name in enumerate(_NAMES)
    )
