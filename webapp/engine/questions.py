"""Questions to a plan, to pairs, and to decisions."""

from __future__ import annotations

import hashlib
import pickle
from typing import Any

from matcher.questions import explanation
from matcher.questions.answers import about_pair, about_person, about_town
from matcher.questions.explanation import Explanation, examine
from matcher.questions.facts import Need, PairFacts, interests_in_common, pair_facts
from matcher.questions.learning import Lesson, learn, recall

__all__ = [
    "Explanation",
    "Lesson",
    "Need",
    "PairFacts",
    "about_pair",
    "about_person",
    "about_town",
    "digest",
    "examine",
    "interests_in_common",
    "learn",
    "obstacles",
    "pair_facts",
    "recall",
]


def obstacles(*people: Any, **settled: Any) -> tuple[str, ...]:
    """The rules that keep two apart, as `matcher.questions.explanation.obstacles` finds them."""
    return explanation.obstacles(*people, **settled)


def digest(*people: Any, **settled: Any) -> bytes:
    """What a question is known by: the same for the same arguments, and nothing of them can be read in it."""
    return hashlib.sha256(pickle.dumps((people, settled))).digest()
