"""Koppel's engine: arrays in, plan out. Public names are handed out lazily: each import costs only itself.

See ``docs/library.md`` for a tour.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matcher.assignment import AssignmentProblem, AssignmentResult, Certificate, certify, solve
    from matcher.exceptions import (
        FieldProblem,
        FileProblem,
        InvalidFileError,
        InvalidPolicyError,
        InvalidProblemError,
        InvalidRecordError,
        InvalidTableError,
        KoppelError,
        KoppelWarning,
        OtherFileError,
        RowProblem,
        SettingProblem,
        UnknownColumnWarning,
        UnknownRecordError,
        UnknownTermWarning,
    )
    from matcher.generate import generate_town
    from matcher.pairs.encoding import encode
    from matcher.pairs.policy import Policy, Weights
    from matcher.planning.plan import make_plan
    from matcher.planning.single import Plan, Proposal, make_again, summary
    from matcher.planning.tables import PlanTables, plan_tables, write_proposals, write_unmatched
    from matcher.planning.unmatched import Unmatched
    from matcher.questions.answers import about_pair, about_person, about_town, answer_lines
    from matcher.questions.explanation import Explanation, compare, explain
    from matcher.questions.fairness import FairnessReport, fairness
    from matcher.questions.learning import Decision, Lesson, learn, observe, recall
    from matcher.questions.learning.estimator import AcceptanceClassifier
    from matcher.questions.recruiting import further_places, recruiting
    from matcher.questions.relaxations import Relaxation, relaxations
    from matcher.records.files import (
        Pair,
        read_newcomers,
        read_offers,
        read_pairs,
        write_newcomers,
        write_offers,
    )
    from matcher.records.interests import InterestEncoder
    from matcher.records.people import Newcomer, Offer
    from matcher.records.sections import Bonus, Limits, Lookahead, Travel
    from matcher.records.tables import newcomers_from, offers_from
    from matcher.records.vocabulary import Hours, parse_hours

_PUBLIC = {
    "matcher.assignment": ("AssignmentProblem", "AssignmentResult", "Certificate", "certify", "solve"),
    "matcher.exceptions": (
        "FieldProblem",
        "FileProblem",
        "InvalidFileError",
        "InvalidPolicyError",
        "InvalidProblemError",
        "InvalidRecordError",
        "InvalidTableError",
        "KoppelError",
        "KoppelWarning",
        "OtherFileError",
        "RowProblem",
        "SettingProblem",
        "UnknownColumnWarning",
        "UnknownRecordError",
        "UnknownTermWarning",
    ),
    "matcher.generate": ("generate_town",),
    "matcher.pairs.encoding": ("encode",),
    "matcher.pairs.policy": ("Policy", "Weights"),
    "matcher.planning.plan": ("make_plan",),
    "matcher.planning.single": ("Plan", "Proposal", "make_again", "summary"),
    "matcher.planning.tables": ("PlanTables", "plan_tables", "write_proposals", "write_unmatched"),
    "matcher.planning.unmatched": ("Unmatched",),
    "matcher.questions.answers": ("about_pair", "about_person", "about_town", "answer_lines"),
    "matcher.questions.explanation": ("Explanation", "compare", "explain"),
    "matcher.questions.fairness": ("FairnessReport", "fairness"),
    "matcher.questions.learning": ("Decision", "Lesson", "learn", "observe", "recall"),
    "matcher.questions.learning.estimator": ("AcceptanceClassifier",),
    "matcher.questions.recruiting": ("further_places", "recruiting"),
    "matcher.questions.relaxations": ("Relaxation", "relaxations"),
    "matcher.records.files": (
        "Pair",
        "read_newcomers",
        "read_offers",
        "read_pairs",
        "write_newcomers",
        "write_offers",
    ),
    "matcher.records.interests": ("InterestEncoder",),
    "matcher.records.people": ("Newcomer", "Offer"),
    "matcher.records.sections": ("Bonus", "Limits", "Lookahead", "Travel"),
    "matcher.records.tables": ("newcomers_from", "offers_from"),
    "matcher.records.vocabulary": ("Hours", "parse_hours"),
}
"""Where the public names live."""

_HOME = {name: home for home, names in _PUBLIC.items() for name in names}

__all__ = [
    "AcceptanceClassifier",
    "AssignmentProblem",
    "AssignmentResult",
    "Bonus",
    "Certificate",
    "Decision",
    "Explanation",
    "FairnessReport",
    "FieldProblem",
    "FileProblem",
    "Hours",
    "InterestEncoder",
    "InvalidFileError",
    "InvalidPolicyError",
    "InvalidProblemError",
    "InvalidRecordError",
    "InvalidTableError",
    "KoppelError",
    "KoppelWarning",
    "Lesson",
    "Limits",
    "Lookahead",
    "Newcomer",
    "Offer",
    "OtherFileError",
    "Pair",
    "Plan",
    "PlanTables",
    "Policy",
    "Proposal",
    "Relaxation",
    "RowProblem",
    "SettingProblem",
    "Travel",
    "UnknownColumnWarning",
    "UnknownRecordError",
    "UnknownTermWarning",
    "Unmatched",
    "Weights",
    "about_pair",
    "about_person",
    "about_town",
    "answer_lines",
    "certify",
    "compare",
    "encode",
    "explain",
    "fairness",
    "further_places",
    "generate_town",
    "learn",
    "make_again",
    "make_plan",
    "newcomers_from",
    "observe",
    "offers_from",
    "parse_hours",
    "plan_tables",
    "read_newcomers",
    "read_offers",
    "read_pairs",
    "recall",
    "recruiting",
    "relaxations",
    "solve",
    "summary",
    "write_newcomers",
    "write_offers",
    "write_proposals",
    "write_unmatched",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'matcher' has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(_HOME[name]), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME})
