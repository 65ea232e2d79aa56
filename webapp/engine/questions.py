"""Questions to a plan, to pairs, and to decisions."""

from __future__ import annotations

from matcher.questions.answers import about_pair, about_person, about_town
from matcher.questions.explanation import Explanation, examine
from matcher.questions.facts import Need, PairFacts, pair_facts
from matcher.questions.learning import Lesson, learn, recall

__all__ = [
    "Explanation",
    "Lesson",
    "Need",
    "PairFacts",
    "about_pair",
    "about_person",
    "about_town",
    "examine",
    "learn",
    "pair_facts",
    "recall",
]
