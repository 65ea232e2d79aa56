"""The policy: read, written, versioned, and refused with all that is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from matcher.exceptions import InvalidPolicyError
from matcher.pairs.policy import Bonus, Policy, Travel, Weights


def test_a_policy_survives_toml_and_plain_data() -> None:
    policy = Policy(
        name='Münster "2026"',
        weights=Weights(travel=0),
        travel=Travel(mobility_not_said=("bike",)),
        switching_bonus=0.1,
    )
    assert Policy.from_toml(policy.to_toml()) == policy
    assert Policy.from_dict(policy.to_dict()) == policy


def test_what_a_file_does_not_name_keeps_its_default(tmp_path: Path) -> None:
    (tmp_path / "policy.toml").write_text("[weights]\ninterests = 9\n")
    assert Policy.from_file(tmp_path / "policy.toml") == Policy(weights=Weights(interests=9))


def test_equal_policies_have_equal_versions_and_others_do_not() -> None:
    assert Policy().version == Policy().version
    assert Policy().version != Policy(bonus=Bonus(need=0.5)).version


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("weights = 3", "weights: expected a table"),
        ("[weights]\nhobbies = 1", r"weights\.hobbies.*interests"),
        ("[weight]\ninterests = 1", "unknown setting 'weight'; there are name, weights"),
        ("[weights]\ninterests = 'much'", "weights.interests: expected a number, got 'much'"),
        ("[weights]\ninterests = nan", "weights.interests: expected a number from 0"),
        ("[weights]\ninterests = -1", "weights.interests: expected a number from 0"),
        ("[limits]\nneighbours_need_screening = 1", "expected true or false, got 1"),
        ("[limits]\nfreshness_days = 1.5", "expected a whole number, got 1.5"),
        ("[limits]\ncommon_language_level = 'Z9'", "expected one of A0"),
        ("[travel]\nmobility_not_said = ['horse']", "expected some of walk"),
        ("[travel]\nmobility_not_said = []", "got none"),
        ("[travel]\nwalk_kmh = 0", r"travel\.walk_kmh: expected a number from 0\.1"),
        ("[bonus]\nneed_level_not_said = 7", "from 1 to 4, got 7"),
        ("switching_bonus = 2", "switching_bonus: expected a number from 0 to 1"),
        ("name = [", "not readable as TOML"),
    ],
)
def test_a_setting_that_cannot_be_is_refused_with_what_was_expected(text: str, expected: str) -> None:
    with pytest.raises(InvalidPolicyError, match=expected):
        Policy.from_toml(text)


def test_weights_that_are_all_zero_are_refused() -> None:
    with pytest.raises(InvalidPolicyError, match="at least one above 0"):
        Policy(weights=Weights(**dict.fromkeys(Weights.__dataclass_fields__, 0.0)))


def test_all_that_is_wrong_is_said_at_once() -> None:
    with pytest.raises(InvalidPolicyError) as raised:
        Policy.from_toml("colour = 1\nswitching_bonus = 'x'\n[limits]\nfreshness_days = 'y'\n")
    assert len(raised.value.problems) == 3
