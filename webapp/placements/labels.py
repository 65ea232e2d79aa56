"""What placements and pairs are called: states, reasons, rules, parts of the score."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from webapp.engine.texts import CRITERION_TEXTS, RULE_TEXTS

END_REASON_NAMES: Mapping[str, Any] = {
    "goal_reached": _l("The goal is reached"),
    "moved": _l("Moved away"),
    "time_work": _l("No time any more, or found work"),
    "no_contact": _l("The contact fell asleep"),
    "no_show": _l("Did not come"),
    "mismatch": _l("The two did not fit"),
    "boundary_problem": _l("A boundary was crossed"),
    "offer_ended": _l("The offer has ended"),
    "screening_expired": _l("The screening has expired"),
    "programme_end": _l("The programme ended"),
    "other": _l("Something else"),
}
EARLIER_END_REASON_NAMES: Mapping[str, Any] = {"illness": _l("Something else")}
"""Reasons that are asked for no more, as placements of earlier releases keep them: health stays out."""
STATE_NAMES: Mapping[str, Any] = {
    "active": _l("active"),
    "ended": _l("ended"),
    "undone": _l("taken back"),
}
TONES: Mapping[str, str] = {"active": "good", "ended": "quiet", "undone": "quiet"}
NUMBER_NAMES: Mapping[str, Any] = {
    "taken": _l("places taken"),
    "capacity": _l("places in all"),
    "limit": _l("places for one first language"),
}
"""What a conflict tells of how things stand now."""
MET_BY_NAMES: Mapping[str, Any] = {
    "women_only": _l("Women only"),
    "woman": _l("Woman"),
    "cost_support": _l("support with paying"),
    "cost_not_said": _l("price not said"),
}
"""What of an offer meets a need, where it is not the need's own name or a price."""


def rule_text(rule: str) -> str:
    """The sentence for a hard rule."""
    return _(RULE_TEXTS.get(rule, rule))


def rules_text(rules: Iterable[str]) -> str:
    """The sentences for some hard rules, in one line."""
    return ", ".join(rule_text(rule) for rule in rules)


def criterion_text(criterion: str) -> str:
    """What a part of the score is called."""
    return _(CRITERION_TEXTS.get(criterion, criterion))
