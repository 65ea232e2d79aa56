"""Why two cannot be coupled, or a thing not be changed: a word for machines, a sentence for people."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l

from webapp.engine.texts import RULE_TEXTS
from webapp.exceptions import Conflict

REASON_OF_RULE = {"free_place": "full", "status": "closed", "wanted": "demand_full"}
"""Hard rules that the API knows by another name."""

MESSAGES = {
    "full": _l("No place is free any more."),
    "closed": _l("The newcomer is not ready, or the offer is paused or closed."),
    "demand_full": _l("The newcomer has all they asked for of this kind."),
    "mixing_limit": _l("The activity has as many people of this first language as its mix allows."),
    "already_placed": _l("The two are coupled already."),
    "changed": _l("Somebody else changed this in the meantime. Please look again."),
    "banned": _l("This pair was rejected before, or the two must not meet."),
    "time_clash": _l("The session is at the same time as one of a confirmed placement."),
    "run_active": _l("A matching run is under way already."),
    "too_late": _l("It is too late to undo this. End the placement instead."),
}


def conflict(reason: str, **current: Any) -> Conflict:
    """The conflict of this reason, or of the hard rule of this name."""
    name = REASON_OF_RULE.get(reason, reason)
    text = MESSAGES.get(name)
    if text is None:
        text = _l("Not possible: %(rule)s.", rule=_l(RULE_TEXTS[reason]))
    return Conflict(name, text, **current)
