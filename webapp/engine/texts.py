"""The engine's own texts, in English; both catalogues translate as one."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import resources

from matcher.pairs.criteria import CRITERIA
from matcher.pairs.eligibility import RULES
from matcher.planning.unmatched import REASONS
from matcher.questions.explanation import CHANGE_REASONS
from matcher.questions.fairness import NOT_SAID
from matcher.records.vocabulary import LANGUAGES

__all__ = [
    "CATALOGUES",
    "CRITERIA",
    "CRITERION_REASONS",
    "CRITERION_TEXTS",
    "LANGUAGES",
    "NOT_SAID",
    "PROTECTIVE_RULES",
    "REASONS",
    "RULE_TEXTS",
    "why",
]

CATALOGUES = str(resources.files("matcher").joinpath("translations"))
"""The folder of the engine's translations."""

RULE_TEXTS: Mapping[str, str] = {rule.name: rule.text for rule in RULES}
PROTECTIVE_RULES = frozenset(rule.name for rule in RULES if rule.is_protective)
CRITERION_TEXTS: Mapping[str, str] = {criterion.name: criterion.text for criterion in CRITERIA}
CRITERION_REASONS: Mapping[str, str] = {c.name: c.reason for c in CRITERIA if c.reason}
"""In the few words of a list; criteria that show as a number anyway have none."""


def why(reason: str) -> str:
    """The text of a rule, of a reason for an open wish, or of a reason for a change."""
    return CHANGE_REASONS.get(reason) or REASONS.get(reason, reason)
