"""What proposals are called: states, reasons, what happened to a pair."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from webapp.proposals.models import BAN_DAYS

REJECT_REASON_NAMES: Mapping[str, Any] = {
    "too_far": _l("Too far"),
    "time": _l("The hours do not work out"),
    "language": _l("They would not understand each other"),
    "no_capacity": _l("No place after all"),
    "wish": _l("Against a wish of one side"),
    "known_conflict": _l("The two know each other and do not get along"),
    "safety": _l("Concern for somebody's safety"),
    "not_interested": _l("One side is not interested"),
    "already_in_contact": _l("In contact already"),
    "other": _l("Something else"),
}
BAN_LENGTH_NAMES: Mapping[int | None, Any] = {
    30: _l("a month"),
    90: _l("three months"),
    180: _l("half a year"),
    None: _l("for good"),
}


def reject_options() -> list[tuple[str, str]]:
    """The reasons to choose from, each with how long the pair is then not proposed again."""
    named = [
        (reason, f"{name} ({BAN_LENGTH_NAMES[BAN_DAYS[reason]]})")
        for reason, name in REJECT_REASON_NAMES.items()
    ]
    return [("", _("Please choose")), *named]


WITHDRAWN_REASON_NAMES: Mapping[str, Any] = {
    "full": _l("No place is free any more"),
    "mixing_limit": _l("The activity has as many people of this first language as its mix allows"),
    "time_clash": _l("At the same time as another placement"),
    "wish_met": _l("The newcomer has all they asked for"),
    "offer_closed": _l("The offer is closed"),
    "offer_paused": _l("The offer pauses"),
    "newcomer_closed": _l("The newcomer takes part no longer"),
    "consent": _l("The newcomer no longer agrees to take part"),
    "came_back": _l("What was proposed before is possible again"),
}
"""Why a proposal went away though nobody had decided on it; without one a newer run had another."""
STATE_NAMES: Mapping[str, Any] = {
    "open": _l("open"),
    "confirmed": _l("confirmed"),
    "rejected": _l("rejected"),
    "superseded": _l("overtaken"),
}
TONES: Mapping[str, str] = {"open": "open", "confirmed": "good", "rejected": "quiet", "superseded": "quiet"}
EVENT_NAMES: Mapping[str, Any] = {
    "proposed": _l("Proposed by a matching run"),
    "confirmed": _l("Confirmed"),
    "rejected": _l("Rejected"),
    "superseded": _l("Overtaken by a newer run or another decision"),
    "withdrawn": _l("Went away"),
    "added": _l("Proposed in place of another that went away"),
    "placed": _l("Coupled"),
    "ended": _l("Placement ended"),
    "undone": _l("Taken back"),
    "banned": _l("Not to be proposed again"),
    "lifted": _l("May be proposed again"),
}
