"""How long a way takes, and how far one gets."""

from __future__ import annotations

import numpy as np
import pytest

from matcher.pairs.policy import Travel
from matcher.pairs.travel import reach_km, travel_minutes
from matcher.records.vocabulary import MODES


@pytest.mark.parametrize("mode", range(len(MODES)))
def test_the_reach_of_a_person_is_where_the_minutes_are_used_up(mode: int) -> None:
    modes = np.eye(len(MODES), dtype=bool)[[mode]]
    reach = reach_km(np.array([30.0]), modes, Travel())
    assert travel_minutes(reach, modes, Travel()) == pytest.approx([30.0])


def test_the_quickest_of_the_own_means_counts() -> None:
    far, near = np.array([8.0]), np.array([0.5])
    walk, both = np.array([[1, 0, 0, 0]], bool), np.array([[1, 0, 1, 0]], bool)
    assert travel_minutes(far, both, Travel())[0] < travel_minutes(far, walk, Travel())[0]
    assert travel_minutes(near, both, Travel())[0] == travel_minutes(near, walk, Travel())[0]


def test_a_way_from_nowhere_takes_no_known_time() -> None:
    assert np.isnan(travel_minutes(np.array([np.nan]), np.ones((1, 4), bool), Travel())).all()
