"""Questions to a plan, to pairs, and to decisions."""

from __future__ import annotations

import pickle
from functools import lru_cache
from typing import Any

from matcher.questions import explanation
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
    "obstacles",
    "pair_facts",
    "recall",
]

ASKED_LATELY = 1_000
"""So many answers of `obstacles` are kept: it is asked before a place is taken, and again while it is."""


def obstacles(*people: Any, **settled: Any) -> tuple[str, ...]:
    """The rules that keep two apart, as `matcher.questions.explanation.obstacles` finds them; kept a while.

    The answer follows from the arguments alone, and it is found again by their content: whoever has asked
    before a lock was taken gets it at once while holding it, and only if nothing has changed in between.
    """
    return _obstacles(pickle.dumps((people, settled)))


@lru_cache(maxsize=ASKED_LATELY)
def _obstacles(question: bytes) -> tuple[str, ...]:
    people, settled = pickle.loads(question)  # noqa: S301 -- written a moment ago, in this process
    return explanation.obstacles(*people, **settled)
