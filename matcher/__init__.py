"""Koppel's engine: arrays in, plan out. Public names are handed out lazily: each import costs only itself."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matcher.easing import relaxations
    from matcher.explanation import Explanation, compare, explain
    from matcher.people import Newcomer, Offer
    from matcher.plan import Plan, Proposal, make_again, make_plan
    from matcher.policy import Policy
    from matcher.prices import further_places, recruiting
    from matcher.unmatched import Unmatched

_HOME = {
    "Newcomer": "matcher.people",
    "Offer": "matcher.people",
    "Policy": "matcher.policy",
    "Plan": "matcher.plan",
    "Proposal": "matcher.plan",
    "Unmatched": "matcher.unmatched",
    "make_plan": "matcher.plan",
    "Explanation": "matcher.explanation",
    "compare": "matcher.explanation",
    "explain": "matcher.explanation",
    "make_again": "matcher.plan",
    "further_places": "matcher.prices",
    "recruiting": "matcher.prices",
    "relaxations": "matcher.easing",
}

__all__ = [
    "Explanation",
    "Newcomer",
    "Offer",
    "Plan",
    "Policy",
    "Proposal",
    "Unmatched",
    "compare",
    "explain",
    "further_places",
    "make_again",
    "make_plan",
    "recruiting",
    "relaxations",
]


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(_HOME[name]), name)
    raise AttributeError(f"module 'matcher' has no attribute {name!r}")
