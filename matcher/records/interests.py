"""Interests as sparse vectors, by scikit-learn's transformer protocol. Knows the taxonomy, no people."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from matcher.records.vocabulary import load_taxonomy

BROADER_WEIGHT = 0.75
"""Weight of the broader interest beside the one that was named: two team sports share 0.36 of a vector."""


class InterestEncoder:
    """Interests as sparse vectors: 1 for each interest named, 0.75 for the broader one it belongs to.

    Follows scikit-learn's transformer protocol (clone, pipelines, feature names) without importing it, which
    would cost a command line two seconds.

    Parameters
    ----------
    broader_weight : float, default 0.75
        Weight of the broader interest; 0 counts only what was named.

    Attributes
    ----------
    terms_ : tuple of str
        The interest each column stands for, sorted: the taxonomy's, then any others met in `fit`.

    Examples
    --------
    >>> encoder = InterestEncoder().fit([("football", "chess"), ("volleyball",)])
    >>> encoder.transform([("football",)]).shape[0]
    1
    """

    def __init__(self, broader_weight: float = BROADER_WEIGHT) -> None:
        self.broader_weight = broader_weight

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The constructor's arguments, as scikit-learn asks for them."""
        return {"broader_weight": self.broader_weight}

    def set_params(self, **params: Any) -> InterestEncoder:
        """Set constructor arguments; raises ValueError on a name that is none."""
        for name, value in params.items():
            if name not in self.get_params():
                raise ValueError(f"expected broader_weight, got {name!r}")
            setattr(self, name, value)
        return self

    def __repr__(self) -> str:
        return f"InterestEncoder(broader_weight={self.broader_weight!r})"

    def __sklearn_tags__(self) -> Any:
        # scikit-learn asks only where it is imported already.
        from sklearn.utils import InputTags, Tags, TargetTags, TransformerTags

        return Tags(
            estimator_type=None,
            target_tags=TargetTags(required=False),
            transformer_tags=TransformerTags(),
            input_tags=InputTags(two_d_array=False, string=True),
        )

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "terms_")

    def fit(self, X: Iterable[Sequence[str]], y: object = None) -> InterestEncoder:
        """Learn which interests there are.

        Parameters
        ----------
        X : iterable of sequences of str
            The interests of each person.

        Raises
        ------
        ValueError
            When a person has a text instead of a list of them.
        """
        taxonomy = load_taxonomy()
        others = {term for terms in _lists(X) for term in terms} - set(taxonomy.terms)
        self.terms_ = (*taxonomy.terms, *sorted(others))
        self._column = {term: column for column, term in enumerate(self.terms_)}
        below = [(t.parent, t.id) for t in taxonomy.terms.values() if t.parent in self._column]
        pairs = np.array([[self._column[term] for term in pair] for pair in below], np.int64).reshape(-1, 2)
        shape = (len(self.terms_), len(self.terms_))
        self._narrower = sparse.csr_array((np.ones(len(below)), (pairs[:, 0], pairs[:, 1])), shape=shape)
        return self

    def fit_transform(self, X: Sequence[Sequence[str]], y: object = None) -> sparse.csr_array:
        """`fit`, then `transform` the same people."""
        return self.fit(X).transform(X)

    def transform(self, X: Iterable[Sequence[str]]) -> sparse.csr_array:
        """One row a person; interests that `fit` has not seen are left out.

        Returns
        -------
        scipy.sparse.csr_array of float64, shape (n, T)

        Raises
        ------
        sklearn.exceptions.NotFittedError
            Before `fit`; so do the other methods that need it.
        ValueError
            As `fit`.
        """
        named = self._named(X)
        if not named.nnz:
            return named
        broader = named @ self._narrower.T
        broader.data[:] = self.broader_weight
        broader.eliminate_zeros()
        return _sorted(named + (broader - broader.multiply(named)))

    def transform_named(self, X: Iterable[Sequence[str]], *, narrower: bool = False) -> sparse.csr_array:
        """1 for each interest named, and with `narrower` for each that belongs to it; else 0."""
        named = self._named(X)
        if narrower and named.nnz:
            named = named + named @ self._narrower
            named.data[:] = 1.0
        return _sorted(named)

    def get_feature_names_out(self, input_features: object = None) -> NDArray[np.object_]:
        """The interest of each column."""
        self._check_is_fitted()
        return np.array(self.terms_, dtype=object)

    def _check_is_fitted(self) -> None:
        if not self.__sklearn_is_fitted__():
            # What scikit-learn's own tools look for; importing it is what such an error costs.
            from sklearn.exceptions import NotFittedError

            raise NotFittedError(f"{self!r}: expected fit() before this")

    def _named(self, X: Iterable[Sequence[str]]) -> sparse.csr_array:
        """1 for each interest named that `fit` has seen; else 0."""
        self._check_is_fitted()
        lists = _lists(X)
        n_terms = len(self.terms_)
        if not any(lists):
            return sparse.csr_array((len(lists), n_terms))
        rows = np.repeat(np.arange(len(lists)), np.fromiter(map(len, lists), np.int64, len(lists)))
        columns = np.array([self._column.get(term, n_terms) for terms in lists for term in terms], np.int64)
        is_seen = columns < n_terms
        ones = np.ones(np.count_nonzero(is_seen))
        shape = (len(lists), n_terms)
        named = sparse.csr_array((ones, (rows[is_seen], columns[is_seen])), shape=shape)
        named.data[:] = 1.0  # one that is named twice was added up
        return named


def _lists(X: Iterable[Sequence[str]]) -> list[Sequence[str]]:
    lists = list(X)
    for row, terms in enumerate(lists):
        if isinstance(terms, str):
            raise ValueError(f"expected a list of interests for each person, got {terms!r} in row {row}")
    return lists


def _sorted(matrix: sparse.csr_array) -> sparse.csr_array:
    matrix.sort_indices()
    return matrix
