"""The learner and the interest encoder by scikit-learn's own rules, and in its tools."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError, SkipTestWarning
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.utils import estimator_checks
from sklearn.utils.estimator_checks import check_estimator

from matcher.pairs.policy import Policy
from matcher.pairs.scoring import shares
from matcher.questions.learning import learn
from matcher.questions.learning.estimator import STRENGTHS, AcceptanceClassifier
from matcher.records.interests import InterestEncoder
from tests.matcher.questions.test_learning import NAMES, some_decisions

NEEDS_AN_ENVIRONMENT_OF_ITS_OWN = {"check_array_api_input"}  # SCIPY_ARRAY_API, set before scipy is imported


def data(n: int = 300, seed: int = 1) -> tuple[Any, Any]:
    rng = np.random.default_rng(seed)
    X = rng.random((n, 3))
    return X, rng.random(n) < 1 / (1 + np.exp(-6 * (X @ [0.2, 0.7, 0.1] - 0.5)))


# The learner -----------------------------------------------------------------------------------------


@pytest.mark.filterwarnings("default")
def test_the_learner_passes_every_check_of_scikit_learn() -> None:
    results = check_estimator(AcceptanceClassifier(), on_fail=None, on_skip=None)
    assert {r["check_name"] for r in results if r["status"] != "passed"} <= NEEDS_AN_ENVIRONMENT_OF_ITS_OWN
    assert len(results) > 40


def test_without_proportions_to_follow_it_is_an_ordinary_regression() -> None:
    X, y = data()
    ours = AcceptanceClassifier(freedom_along=1.0, C=2.0).fit(X, y)
    theirs = LogisticRegression(C=2.0, tol=1e-8).fit(X, y)
    assert ours.coef_ == pytest.approx(theirs.coef_, abs=1e-3)
    assert ours.predict_proba(X) == pytest.approx(theirs.predict_proba(X), abs=1e-3)
    assert (ours.predict(X) == theirs.predict(X)).mean() > 0.99


def test_with_little_freedom_it_keeps_the_proportions() -> None:
    X, y = data()
    learnt = AcceptanceClassifier([1.0, 2.0, 4.0], C=1e-6).fit(X, y).coef_[0]
    assert learnt / learnt[0] == pytest.approx([1.0, 2.0, 4.0], rel=1e-2)


def test_the_strength_is_one_of_those_given_and_the_same_for_the_same_seed() -> None:
    X, y = data()
    models = [AcceptanceClassifier(random_state=3).fit(X, y) for _ in range(2)]
    assert models[0].C_ in STRENGTHS
    assert (models[0].coef_ == models[1].coef_).all()
    assert AcceptanceClassifier(strengths=(0.5,)).fit(X, y).C_ == 0.5
    assert AcceptanceClassifier(C=7.0).fit(X, y).C_ == 7.0
    few = AcceptanceClassifier().fit(X[:4], [True, False, False, False])
    assert min(STRENGTHS) == few.C_


def test_the_learner_works_in_grid_search_and_cross_validation() -> None:
    X, y = data()
    search = GridSearchCV(AcceptanceClassifier(C=1.0), {"freedom_along": [1.0, 100.0]}, cv=3).fit(X, y)
    assert search.best_params_["freedom_along"] in (1.0, 100.0)
    assert cross_val_score(AcceptanceClassifier(C=1.0), X, y, scoring="roc_auc", cv=3).mean() > 0.6


@pytest.mark.parametrize(
    ("params", "y", "match"),
    [
        ({"proportions": [1.0, 2.0]}, [0, 1] * 10, "one for each of 3 features"),
        ({}, [0] * 20, "one class"),
        ({}, [0, 1, 2, 0] * 5, "binary"),
    ],
)
def test_what_cannot_be_learnt_from_is_refused(params: dict[str, Any], y: list[int], match: str) -> None:
    with pytest.raises(ValueError, match=match):
        AcceptanceClassifier(**params).fit(data(20)[0], y)


def test_a_lesson_is_what_the_estimator_learns() -> None:
    decisions = some_decisions(300, 1)
    lesson = learn(decisions, n_resamples=20)
    assert lesson.strength is not None
    X = [[decision.values[name] for name in NAMES] for decision in decisions]
    model = AcceptanceClassifier(shares(Policy()), C=1 / lesson.strength)
    model.fit(X, [decision.accepted for decision in decisions])
    assert [weight.coefficient.value for weight in lesson.weights] == pytest.approx(model.coef_[0].tolist())


# The encoder -----------------------------------------------------------------------------------------


def test_scikit_learn_sees_that_the_encoder_takes_lists_of_text() -> None:
    with pytest.warns(SkipTestWarning, match="string=True"):
        results = check_estimator(InterestEncoder(), on_fail=None)
    assert [result["check_name"] for result in results if result["status"] != "passed"] == []


# Those that scikit-learn runs on every estimator, and that need no table of numbers.
@pytest.mark.parametrize(
    "check",
    [
        "check_estimator_cloneable",
        "check_estimator_tags_renamed",
        "check_valid_tag_types",
        "check_estimator_repr",
        "check_no_attributes_set_in_init",
        "check_do_not_raise_errors_in_init_or_set_param",
        "check_parameters_default_constructible",
        "check_get_params_invariance",
        "check_set_params",
        "check_mixin_order",
    ],
)
def test_the_encoder_passes_the_checks_that_need_no_table_of_numbers(check: str) -> None:
    run = getattr(estimator_checks, check, None) or getattr(estimator_checks, f"{check}s")
    run("InterestEncoder", InterestEncoder())


def test_the_encoder_before_fit_is_not_fitted() -> None:
    encoder = InterestEncoder()
    for use in (encoder.transform, encoder.transform_named, encoder.get_feature_names_out):
        with pytest.raises(NotFittedError, match="expected fit"):
            use([("football",)])
    assert clone(encoder.fit([("football",)])).__sklearn_is_fitted__() is False


def test_a_text_instead_of_a_list_is_refused_and_not_read_by_its_letters() -> None:
    with pytest.raises(
        ValueError, match="expected a list of interests for each person, got 'chess' in row 1"
    ):
        InterestEncoder().fit([("football",), "chess"])


def test_the_encoder_is_searched_over_in_a_pipeline() -> None:
    interests = [("football",), ("volleyball",), ("chess",), ("choir",)] * 10
    likes_sport = [True, True, False, False] * 10
    pipeline = make_pipeline(InterestEncoder(), AcceptanceClassifier(C=1.0))
    grid = {"interestencoder__broader_weight": [0.0, 0.75]}
    with pytest.raises(TypeError, match="dense data is required"):
        pipeline.fit(interests, likes_sport)
    search = GridSearchCV(make_pipeline(InterestEncoder(), LogisticRegression()), grid, cv=2)
    assert search.fit(interests, likes_sport).score(interests, likes_sport) == 1.0
    assert json.dumps(search.best_params_)
