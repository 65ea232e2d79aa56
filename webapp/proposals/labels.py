"""What proposals are called: states, reasons, what happened to a pair."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import lazy_gettext as _l

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
    "placed": _l("Coupled"),
    "ended": _l("Placement ended"),
    "undone": _l("Taken back"),
    "banned": _l("Not to be proposed again"),
    "lifted": _l("May be proposed again"),
}
