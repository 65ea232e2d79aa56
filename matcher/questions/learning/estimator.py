"""The chance that a proposal is accepted, as an estimator of scikit-learn. Knows no policy and no people.

Importing this file imports scikit-learn, which takes 2 to 3 seconds: only who learns does.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import check_is_fitted, check_random_state, validate_data

from matcher.pairs.encoding import BoolArray, FloatArray, IntArray

STRENGTHS = tuple(10.0 ** (step / 2) for step in range(-4, 5))
"""The values of C that are tried, from the strongest regularisation on."""


class AcceptanceClassifier(ClassifierMixin, BaseEstimator):
    """Logistic regression that is drawn towards multiples of some proportions.

    The chance of the second of two classes is modelled as

        log odds = a + beta . x

    and (a, beta) minimise

        sum of log losses + (|beta across w|^2 + |beta along w|^2 / freedom_along^2) / (2 C),

    with w the proportions: where the data say little, the coefficients stay in these proportions, and only
    what the data show moves them away.

    Parameters
    ----------
    proportions : array-like of float, shape (q,), optional
        The direction w; by default, the same for all features. All 0 is no direction.
    freedom_along : float, default 100
        How many times as free beta is along w as across; 1 is an ordinary regression.
    C : float, optional
        The inverse of the strength of regularisation; by default, the one out of `strengths` with the
        smallest log loss on folds left out, the strongest of equals.
    strengths : sequence of float
        The values of C to choose from.
    cv : int or iterable of (train, test), default 5
        How many stratified folds; or the folds themselves, as arrays of positions. With fewer than two of
        either class there are none, and the strongest regularisation is taken.
    random_state : int or RandomState, optional
        Of the folds, where `cv` is a number.

    Attributes
    ----------
    classes_ : ndarray, shape (2,)
    coef_ : ndarray of float64, shape (1, q)
        beta.
    intercept_ : ndarray of float64, shape (1,)
        a.
    C_ : float
        The C that was taken.
    n_features_in_ : int
    feature_names_in_ : ndarray of str
        Where X had names.

    Notes
    -----
    beta = R gamma with |gamma|^2 penalised, where R is the identity but for the direction of w, along which
    it stretches by `freedom_along`. Each fit is O(n q^2); there are `len(strengths)` x `cv` + 1 of them.

    Examples
    --------
    >>> X = np.random.default_rng(0).random((200, 2))
    >>> model = AcceptanceClassifier(proportions=[1.0, 3.0], random_state=0).fit(X, X @ [1.0, 3.0] > 2)
    >>> bool(model.coef_[0, 1] > model.coef_[0, 0] > 0)
    True
    """

    def __init__(
        self,
        proportions: Any = None,
        *,
        freedom_along: float = 100.0,
        C: float | None = None,
        strengths: Sequence[float] = STRENGTHS,
        cv: int | Iterable[tuple[IntArray, IntArray]] = 5,
        random_state: Any = None,
    ) -> None:
        self.proportions = proportions
        self.freedom_along = freedom_along
        self.C = C
        self.strengths = strengths
        self.cv = cv
        self.random_state = random_state

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        return tags

    def fit(self, X: Any, y: Any) -> AcceptanceClassifier:
        """Choose C, then fit all of the data.

        Parameters
        ----------
        X : array-like of float, shape (n, q)
        y : array-like, shape (n,)
            Two classes; of True and False, the chance of True is modelled.

        Returns
        -------
        AcceptanceClassifier
            Itself.

        Raises
        ------
        ValueError
            For X that is not finite, proportions of another length, and y without exactly two classes.
        """
        X, y = validate_data(self, X, y, dtype=np.float64)
        check_classification_targets(y)
        self.classes_, codes = np.unique(y, return_inverse=True)
        if len(self.classes_) > 2:
            raise ValueError(f"Only binary classification is supported. The target is {type_of_target(y)}.")
        if len(self.classes_) < 2:
            raise ValueError("Expected two classes, got one class: nothing can be told apart.")
        accepted = codes == 1
        stretched = X @ self._root()
        self.C_ = self._choose(stretched, accepted) if self.C is None else float(self.C)
        self.intercept_, gamma = _regress(stretched, accepted, self.C_)
        self.coef_ = (self._root() @ gamma)[None, :]
        return self

    def decision_function(self, X: Any) -> FloatArray:
        """The log odds of the second class, shape (n,)."""
        check_is_fitted(self)
        X = validate_data(self, X, dtype=np.float64, reset=False)
        return X @ self.coef_[0] + self.intercept_[0]

    def predict_proba(self, X: Any) -> FloatArray:
        """The chance of either class, shape (n, 2)."""
        chances = np.exp(-np.logaddexp(0.0, -self.decision_function(X)))
        return np.column_stack([1.0 - chances, chances])

    def predict(self, X: Any) -> Any:
        """The likelier class, shape (n,)."""
        log_odds = self.decision_function(X)
        return self.classes_[(log_odds > 0).astype(np.intp)]

    def _root(self) -> FloatArray:
        """R, shape (q, q)."""
        n_features = self.n_features_in_
        given = np.ones(n_features) if self.proportions is None else np.asarray(self.proportions, np.float64)
        if given.shape != (n_features,):
            raise ValueError(
                f"proportions: expected one for each of {n_features} features, got {given.shape}"
            )
        length = np.linalg.norm(given)
        along = given / length if length > 0 else given
        return np.eye(n_features) + (self.freedom_along - 1.0) * np.outer(along, along)

    def _choose(self, stretched: FloatArray, accepted: BoolArray) -> float:
        """The C with the smallest log loss on folds left out."""
        folds = self._folds(accepted)
        strengths = sorted(map(float, self.strengths))
        losses = [
            sum(
                _log_loss(stretched[test], accepted[test], *_regress(stretched[train], accepted[train], C))
                for train, test in folds
            )
            for C in strengths
        ]
        return strengths[int(np.argmin(losses))]

    def _folds(self, accepted: BoolArray) -> list[tuple[IntArray, IntArray]]:
        if not isinstance(self.cv, int | np.integer):
            return list(self.cv)
        n_folds = min(int(self.cv), int(accepted.sum()), int((~accepted).sum()))
        if n_folds < 2:
            return []
        random_state = check_random_state(self.random_state)
        return list(
            StratifiedKFold(n_folds, shuffle=True, random_state=random_state).split(accepted, accepted)
        )


def _regress(X: FloatArray, accepted: BoolArray, C: float) -> tuple[FloatArray, FloatArray]:
    fitted = LogisticRegression(C=C, solver="newton-cholesky", tol=1e-8, max_iter=200).fit(X, accepted)
    return fitted.intercept_, fitted.coef_[0]


def _log_loss(X: FloatArray, accepted: BoolArray, intercept: FloatArray, gamma: FloatArray) -> float:
    signed = np.where(accepted, -1.0, 1.0) * (X @ gamma + intercept)
    return float(np.logaddexp(0.0, signed).sum())
