"""Questions to a plan, to pairs, and to decisions."""

from __future__ import annotations

from matcher.answers import about_pair, about_person, about_town
from matcher.explanation import Explanation, examine
from matcher.learning import Lesson, learn, recall

__all__ = [
    "Explanation",
    "Lesson",
    "about_pair",
    "about_person",
    "about_town",
    "examine",
    "learn",
    "recall",
]
