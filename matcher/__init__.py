"""Koppel's engine: arrays in, plan out. Public names are handed out lazily: each import costs only itself."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matcher.pairs.policy import Policy
    from matcher.planning.plan import make_plan
    from matcher.planning.single import Plan, Proposal, make_again
    from matcher.planning.unmatched import Unmatched
    from matcher.questions.explanation import Explanation, compare, explain
    from matcher.questions.recruiting import further_places, recruiting
    from matcher.questions.relaxations import relaxations
    from matcher.records.people import Newcomer, Offer

_HOME = {
    "Newcomer": "matcher.records.people",
    "Offer": "matcher.records.people",
    "Policy": "matcher.pairs.policy",
    "Plan": "matcher.planning.single",
    "Proposal": "matcher.planning.single",
    "Unmatched": "matcher.planning.unmatched",
    "make_plan": "matcher.planning.plan",
    "Explanation": "matcher.questions.explanation",
    "compare": "matcher.questions.explanation",
    "explain": "matcher.questions.explanation",
    "make_again": "matcher.planning.single",
    "further_places": "matcher.questions.recruiting",
    "recruiting": "matcher.questions.recruiting",
    "relaxations": "matcher.questions.relaxations",
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
