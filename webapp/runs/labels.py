"""What runs are called: states, stages, changes, settings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from webapp.engine import texts
from webapp.profiles.labels import MODE_NAMES, names_of

STATE_NAMES: Mapping[str, Any] = {
    "queued": _l("waiting"),
    "running": _l("under way"),
    "done": _l("done"),
    "failed": _l("failed"),
}
TONES: Mapping[str, str] = {"queued": "wait", "running": "open", "done": "good", "failed": "bad"}
STAGE_NAMES: Mapping[str, Any] = {
    "": _l("Waiting for its turn"),
    "encode": _l("Reading people and offers"),
    "candidates": _l("Checking which pairs are possible, and how well they fit"),
    "assignment": _l("Finding the best plan for everybody at once"),
    "collect": _l("Writing down the reasons"),
    "store": _l("Storing the proposals"),
}
CHANGE_NAMES: Mapping[str, Any] = {
    "dropped": _l("No longer proposed"),
    "changed": _l("Now somebody else"),
    "added": _l("New"),
}
CHANGE_TONES: Mapping[str, str] = {"dropped": "bad", "changed": "wait", "added": "good"}
SECTION_NAMES: Mapping[str, Any] = {
    "bonus": _l("What serving somebody at all is worth"),
    "limits": _l("Limits"),
    "travel": _l("How long a way takes"),
}
SETTING_NAMES: Mapping[str, Any] = {
    "base": _l("for everybody"),
    "need": _l("more with the highest need"),
    "waiting": _l("more after the longest wait"),
    "waiting_weeks_full": _l("weeks until the wait counts in full"),
    "need_level_not_said": _l("level of need where none was judged"),
    "common_language_level": _l("level of a common language, at least"),
    "low_cost_eur_month": _l("euros a month that count as cheap"),
    "neighbours_need_screening": _l("neighbours need a screening"),
    "minors_one_to_one": _l("one-to-one contact with minors"),
    "common_minutes": _l("common minutes a week, at least"),
    "freshness_days": _l("days until confirmed places count as old"),
    "town_language_not_said": _l("language of a town that names none"),
    "candidates_per_kind": _l("candidates kept a person and kind"),
    "detour": _l("ways are longer than the straight line by"),
    "walk_kmh": _l("km/h on foot"),
    "bike_kmh": _l("km/h by bicycle"),
    "transit_kmh": _l("km/h by bus and train"),
    "car_kmh": _l("km/h by car"),
    "walk_fixed_minutes": _l("minutes before walking"),
    "bike_fixed_minutes": _l("minutes before cycling"),
    "transit_fixed_minutes": _l("minutes of waiting for bus or train"),
    "car_fixed_minutes": _l("minutes for parking a car"),
    "mobility_not_said": _l("means of transport where none was said"),
    "max_minutes_not_said": _l("minutes on the way where no limit was said"),
}


def why_text(reason: str) -> str:
    """The sentence for a rule, for a wish left open or for a change, in the reader's language."""
    return _(texts.why(reason))


def setting_text(value: Any) -> str:
    """The value of a setting as people write it."""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, list | tuple):
        return ", ".join(names_of(value, MODE_NAMES))
    return f"{value:g}" if isinstance(value, float) else str(value)
