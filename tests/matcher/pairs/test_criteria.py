"""Every soft criterion: its ends, its middle, and the neutral value where a thing was not said."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.pairs.criteria import CRITERIA, NEUTRAL
from matcher.pairs.policy import Policy, Weights
from matcher.questions.explanation import examine
from matcher.records.vocabulary import GOALS, LEVELS, load_taxonomy
from tests.builders import TODAY, a_newcomer, an_offer, hours

NAMES = [criterion.name for criterion in CRITERIA]


def value(name: str, newcomer: dict[str, Any], offer: dict[str, Any]) -> float:
    """The value of one criterion: what it adds when only it counts."""
    only = Policy(weights=Weights(**{other: float(other == name) for other in NAMES}))
    (explanation,) = examine([a_newcomer(**newcomer)], [an_offer(**offer)], only, today=TODAY)
    return explanation.score


HERE = {"lat": 51.96, "lon": 7.63}
VALUES: list[tuple[str, dict[str, Any], dict[str, Any], float]] = [
    ("interests", {"interests": ("football",)}, {"interests": ("football",)}, 1.0),
    ("interests", {"interests": ("football", "choir", "chess")}, {"interests": ("football",)}, 1.0),
    ("interests", {"interests": ("choir",)}, {"interests": ("football",)}, 0.0),
    ("interests", {"interests": ("football",)}, {"interests": ("volleyball",)}, 0.36),
    ("interests", {"interests": ()}, {"interests": ("football",)}, NEUTRAL),
    ("interests", {"interests": ("football",)}, {"interests": ()}, NEUTRAL),
    ("interests", {"interests": ("football",), "dislikes": ("football",)}, {"interests": ("football",)}, 0.0),
    ("interests", {"dislikes": ("football",)}, {"interests": ("football", "choir")}, 0.0),
    (
        "interests",
        {"interests": ("football", "chess")},
        {"interests": ("chess",), "dislikes": ("football",)},
        0.5,
    ),
    ("interests", {"interests": ("own_word",)}, {"interests": ("own_word",)}, 1.0),
    ("language", {"languages": {"de": "C1"}}, {"languages": {"de": "native"}}, (5 / 6 + NEUTRAL) / 2),
    ("language", {"languages": {"de": "native"}}, {"languages": {"de": "native"}}, (1 + NEUTRAL) / 2),
    (
        "language",
        {"languages": {"uk": "native", "de": "A2"}},
        {"languages": {"de": "native"}},
        (2 / 6 + 1) / 2,
    ),
    ("language", {"languages": {"uk": "native"}}, {"languages": {"uk": "native"}}, 0.5),
    ("language", {"languages": {"uk": "native"}}, {"languages": {"ar": "native"}}, 0.0),
    ("language", {}, {"languages": {}}, NEUTRAL),
    ("travel", HERE, HERE, 1.0),
    ("travel", HERE | {"mobility": ("walk",)}, {"lat": 52.3, "lon": 7.63}, 0.0),
    ("travel", {"lat": None, "lon": None, "town": ""}, HERE, NEUTRAL),
    (
        "hours",
        {"availability": hours("tue 18:00-20:00")},
        {"times": hours("tue 18:00-20:00", "thu 18:00-20:00")},
        0.5,
    ),
    ("hours", {}, {}, 1.0),
    ("hours", {"availability": hours("tue 18:00-20:00")}, {"kind": "mentor"}, 0.5),
    (
        "hours",
        {"availability": hours("tue 08:00-22:00")},
        {"kind": "mentor", "times": hours("tue 08:00-22:00")},
        1.0,
    ),
    ("hours", {"availability": ()}, {}, NEUTRAL),
    ("hours", {}, {"times": ()}, NEUTRAL),
    ("goals", {"goals": ("language", "work")}, {"goals": ("work",)}, 1.0),
    ("goals", {"goals": ("language", "work")}, {"goals": ("work", "sport")}, 0.5),
    ("goals", {"goals": ("language",)}, {"goals": ("sport",)}, 0.0),
    ("goals", {"goals": ()}, {"goals": ("sport",)}, NEUTRAL),
    ("life_phase", {"children_birth_years": (2019,)}, {"children_birth_years": (2010, 2022)}, 0.5),
    ("life_phase", {"birth_year": 1990}, {"kind": "mentor", "birth_year": 1990}, 1.0),
    ("life_phase", {"birth_year": 1990}, {"kind": "mentor", "birth_year": 1960}, 0.0),
    (
        "life_phase",
        {"birth_year": 1990, "children_birth_years": (2019,)},
        {"kind": "mentor", "birth_year": 1990, "children_birth_years": (2009,)},
        0.5,
    ),
    ("life_phase", {}, {}, NEUTRAL),
    ("reciprocity", {"can_offer": ("sewing",)}, {"seeks": ("sewing", "cooking")}, 1.0),
    ("reciprocity", {"can_offer": ("sewing",)}, {"seeks": ("cooking",)}, 0.0),
    ("reciprocity", {"can_offer": ("sewing",)}, {}, NEUTRAL),
    ("freshness", {}, {"confirmed_at": TODAY}, 1.0),
    ("freshness", {}, {"confirmed_at": TODAY - timedelta(days=90)}, 0.5),
    ("freshness", {}, {"confirmed_at": TODAY - timedelta(days=400)}, 0.0),
    ("freshness", {}, {"confirmed_at": None}, NEUTRAL),
]


@pytest.mark.parametrize(("name", "newcomer", "offer", "expected"), VALUES)
def test_the_criterion_gives(
    name: str, newcomer: dict[str, Any], offer: dict[str, Any], expected: float
) -> None:
    assert value(name, newcomer, offer) == pytest.approx(expected, abs=1e-9)


def test_every_criterion_has_a_neutral_value_and_another() -> None:
    for name in NAMES:
        expected = {value for criterion, _n, _o, value in VALUES if criterion == name}
        assert NEUTRAL in expected
        assert len(expected) > 1


def test_a_dislike_of_a_broad_interest_counts_against_what_belongs_to_it() -> None:
    broad = load_taxonomy().broader("football")
    assert (
        value("interests", {"interests": ("football",), "dislikes": (broad,)}, {"interests": ("football",)})
        == 0
    )


def test_a_nearer_offer_is_never_worse() -> None:
    ways = [value("travel", HERE, {"lat": 51.96 + step / 100}) for step in range(20)]
    assert ways == sorted(ways, reverse=True)


def test_every_criterion_has_a_weight_of_its_name_and_every_weight_a_criterion() -> None:
    assert set(NAMES) == set(Weights.__dataclass_fields__)


terms = st.lists(st.sampled_from(["football", "volleyball", "choir", "cooking", "odd_word"]), max_size=3).map(
    tuple
)
spoken = st.dictionaries(st.sampled_from(["de", "uk", "ar"]), st.sampled_from(LEVELS), max_size=3)
goals = st.lists(st.sampled_from(GOALS), max_size=3).map(tuple)
years = st.lists(st.integers(2005, 2025), max_size=2).map(tuple)
week = st.lists(st.sampled_from(["mon 17:00-20:00", "tue 18:00-20:00", "sat 09:00-13:00"]), max_size=2).map(
    lambda texts: hours(*texts)
)


@settings(max_examples=60, deadline=None)
@given(
    newcomer=st.fixed_dictionaries(
        {"interests": terms, "dislikes": terms, "languages": spoken, "goals": goals, "can_offer": terms}
        | {"children_birth_years": years, "availability": week}
    ),
    offer=st.fixed_dictionaries(
        {"interests": terms, "dislikes": terms, "languages": spoken, "goals": goals, "seeks": terms}
        | {"children_birth_years": years, "times": week, "kind": st.sampled_from(["association", "mentor"])}
    ),
    weights=st.lists(st.floats(0, 10), min_size=len(NAMES), max_size=len(NAMES)).filter(
        lambda w: sum(w) > 0.1
    ),
)
def test_parts_are_shares_of_the_weights_and_sum_to_the_score(
    newcomer: dict[str, Any], offer: dict[str, Any], weights: list[float]
) -> None:
    policy = Policy(weights=Weights(**dict(zip(NAMES, weights, strict=True))))
    (found,) = examine([a_newcomer(**newcomer)], [an_offer(**offer)], policy, today=TODAY)
    assert sum(found.parts.values()) == pytest.approx(found.score, abs=1e-12)
    assert 0 <= found.score <= 1 + 1e-12
    most = np.array(weights) / sum(weights)
    assert all(0 <= part <= share + 1e-12 for part, share in zip(found.parts.values(), most, strict=True))
