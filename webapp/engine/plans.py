"""Making a plan, and what a plan is made of."""

from __future__ import annotations

from matcher.planning.plan import make_plan
from matcher.planning.single import STAGES, Plan, Proposal, summary
from matcher.planning.unmatched import Unmatched
from matcher.questions.explanation import ProposalChange, compare

__all__ = [
    "STAGES",
    "Plan",
    "Proposal",
    "ProposalChange",
    "Unmatched",
    "compare",
    "make_plan",
    "summary",
]
