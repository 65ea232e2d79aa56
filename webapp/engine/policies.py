"""Policies: what a town matches by."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from matcher.exceptions import InvalidPolicyError
from matcher.pairs.criteria import CRITERIA
from matcher.pairs.policy import Policy
from matcher.pairs.scoring import shares

__all__ = [
    "InvalidPolicyError",
    "Policy",
    "part_limits",
    "policy_text",
    "read_policy",
    "shares_kept",
]


@lru_cache(maxsize=64)
def read_policy(text: str) -> Policy:
    """A town's policy from its TOML text; an empty text is the default.

    Raises
    ------
    InvalidPolicyError
    """
    return Policy.from_toml(text)


def policy_text(path: Path) -> str:
    """The text of a policy's file, which can be read as one.

    Raises
    ------
    InvalidPolicyError
        With the file and the line of each problem.
    """
    Policy.from_file(path)
    return path.read_text("utf-8-sig")


def shares_kept(policy: Mapping[str, Any]) -> dict[str, float]:
    """The share of each criterion in a score under a policy as a run kept it, with all its values.

    Neither criteria nor defaults of today are read: what was not there then counted nothing. Empty where no
    policy was kept.
    """
    weights: Mapping[str, float] = policy.get("weights", {})
    total = sum(weights.values())
    return {name: weight / total for name, weight in weights.items()} if total > 0 else {}


def part_limits(policy: Policy) -> dict[str, float]:
    """The most each part of a score can be under a policy, by criterion; they sum to 1."""
    return {criterion.name: float(share) for criterion, share in zip(CRITERIA, shares(policy), strict=True)}
