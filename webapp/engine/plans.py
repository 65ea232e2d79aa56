"""Making a plan, and what a plan is made of."""

from __future__ import annotations

from matcher.explanation import Change, compare
from matcher.lookahead import plan_by_policy
from matcher.plan import STAGES, Plan, Proposal, summary
from matcher.unmatched import Unmatched

__all__ = [
    "STAGES",
    "Change",
    "Plan",
    "Proposal",
    "Unmatched",
    "compare",
    "plan_by_policy",
    "summary",
]
