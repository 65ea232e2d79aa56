"""People to arrays: the transformer keeps scikit-learn's protocol, and the engine does not import it."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.metrics.pairwise import cosine_similarity
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import Normalizer

from matcher.encoding import encode
from matcher.generate import generate_town
from matcher.interests import InterestEncoder
from matcher.policy import Policy
from tests.builders import TODAY, a_newcomer, an_offer, hours

INTERESTS = [("football", "chess"), ("volleyball",), ("falconry",), ()]


def test_the_interest_encoder_works_in_a_scikit_learn_pipeline() -> None:
    vectors = make_pipeline(InterestEncoder(), Normalizer()).fit_transform(INTERESTS)
    similar = cosine_similarity(vectors)
    assert similar[0, 0] == pytest.approx(1)
    assert 0 < similar[0, 1] < 1
    assert similar[0, 2] == 0
    assert not similar[3].any()


def test_the_interest_encoder_can_be_cloned_with_its_parameters() -> None:
    encoder = clone(InterestEncoder(broader_weight=0.0))
    row = encoder.fit_transform(INTERESTS)[[0]]
    assert sorted(encoder.get_feature_names_out()[row.indices]) == ["chess", "football"]


def test_interests_that_were_not_fitted_are_left_out() -> None:
    encoder = InterestEncoder().fit([("football",)])
    assert encoder.transform([("falconry",)]).nnz == 0


def test_an_unknown_parameter_is_refused() -> None:
    with pytest.raises(ValueError, match="broader_weight"):
        InterestEncoder().set_params(depth=3)


def test_matching_from_file_to_file_does_not_import_scikit_learn() -> None:
    code = (
        "import sys, matcher.cli; sys.exit(any(m in sys.modules for m in ('sklearn', 'flask', 'sqlalchemy')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_only_offers_with_overlapping_sessions_clash() -> None:
    offers = [
        an_offer("a", times=hours("tue 18:00-20:00", "sat 09:00-10:00")),
        an_offer("b", times=hours("sat 09:30-11:00")),
        an_offer("c", times=hours("tue 20:00-21:00")),
        an_offer("d", kind="mentor", times=hours("tue 18:00-20:00")),
    ]
    town = encode([a_newcomer()], offers, Policy(), TODAY)
    assert np.argwhere(town.offers.clashes.toarray()).tolist() == [[0, 1], [1, 0]]


def test_a_language_is_the_same_in_every_script_and_region() -> None:
    people = [a_newcomer(languages={"zh-Hant": "native"}), a_newcomer("m", languages={"zh-CN": "B1"})]
    town = encode(people, [an_offer()], Policy(), TODAY)
    column = town.languages.index("zh")
    assert town.newcomers.levels[:, column].tolist() == [7, 3]


def test_offers_of_one_slot_all_exclude_each_other_and_most_clashes_are_within_slots() -> None:
    people = generate_town("muenster", 60, 400, np.random.default_rng(3), TODAY)
    offers = encode(*people, Policy(), TODAY).offers
    clashes, slots = offers.clashes.toarray(), offers.slots
    same = (slots[:, None] == slots) & (slots >= 0) & ~np.eye(len(slots), dtype=bool)
    assert same.any()
    assert clashes[same].all()
    assert same.sum() > clashes.sum() / 2
    assert (offers.n_sessions[slots >= 0] > 0).all()


def test_an_offer_that_clashes_with_none_has_no_slot() -> None:
    offers = [
        an_offer("early", times=hours("mon 17:00-19:00")),
        an_offer("late", times=hours("mon 18:00-20:00")),
        an_offer("alone", times=hours("tue 18:00-20:00")),
    ]
    slots = encode([a_newcomer()], offers, Policy(), TODAY).offers.slots.tolist()
    assert slots[0] == slots[1] >= 0
    assert slots[2] == -1
