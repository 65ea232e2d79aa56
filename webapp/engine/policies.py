"""Policies: what a town matches by."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from matcher.exceptions import InvalidPolicyError
from matcher.pairs.criteria import CRITERIA
from matcher.pairs.policy import Policy
from matcher.pairs.scoring import shares

__all__ = [
    "InvalidPolicyError",
    "Policy",
    "part_limits",
    "policy_of",
    "read_policy",
]


def read_policy(text: str) -> Policy:
    """A town's policy from its TOML text; an empty text is the default.

    Raises
    ------
    InvalidPolicyError
    """
    return Policy.from_toml(text)


def policy_of(plain: Mapping[str, Any]) -> Policy:
    """The policy that a run kept with its result."""
    return Policy.from_dict(plain)


def part_limits(policy: Policy) -> dict[str, float]:
    """The most each part of a score can be under a policy, by criterion; they sum to 1."""
    return {criterion.name: float(share) for criterion, share in zip(CRITERIA, shares(policy), strict=True)}
