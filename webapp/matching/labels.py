"""What the pages of this room call things: states, reasons, stages, settings. One table a kind of code."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from webapp import engine
from webapp.words import GENDER_NAMES, MODE_NAMES, NEED_LEVEL_NAMES, language_name, names_of

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
END_REASON_NAMES: Mapping[str, Any] = {
    "goal_reached": _l("The goal is reached"),
    "moved": _l("Moved away"),
    "time_work": _l("No time any more, or found work"),
    "no_contact": _l("The contact fell asleep"),
    "no_show": _l("Did not come"),
    "mismatch": _l("The two did not fit"),
    "boundary_problem": _l("A boundary was crossed"),
    "illness": _l("Illness"),
    "screening_expired": _l("The screening has expired"),
    "programme_end": _l("The programme ended"),
    "other": _l("Something else"),
}
PROPOSAL_STATE_NAMES: Mapping[str, Any] = {
    "open": _l("open"),
    "confirmed": _l("confirmed"),
    "rejected": _l("rejected"),
    "superseded": _l("overtaken"),
}
PLACEMENT_STATE_NAMES: Mapping[str, Any] = {
    "active": _l("active"),
    "ended": _l("ended"),
    "undone": _l("taken back"),
}
RUN_STATE_NAMES: Mapping[str, Any] = {
    "queued": _l("waiting"),
    "running": _l("under way"),
    "done": _l("done"),
    "failed": _l("failed"),
}
TONES: Mapping[str, str] = {
    **{"open": "open", "confirmed": "good", "rejected": "quiet", "superseded": "quiet"},
    **{"active": "good", "ended": "quiet", "undone": "quiet"},
    **{"queued": "wait", "running": "open", "done": "good", "failed": "bad"},
}
NEED_TONES: Mapping[int, str] = {3: "quiet", 4: "wait"}
"""Levels of need that a pill points out; the lower ones are plain words."""

STAGE_NAMES: Mapping[str, Any] = {
    "": _l("Waiting for its turn"),
    "encode": _l("Reading people and offers"),
    "candidates": _l("Checking which pairs are possible, and how well they fit"),
    "assignment": _l("Finding the best plan for everybody at once"),
    "collect": _l("Writing down the reasons"),
    "store": _l("Storing the proposals"),
}
CHANGE_NAMES: Mapping[str, Any] = {
    "changed": _l("Now somebody else"),
    "dropped": _l("No longer proposed"),
    "added": _l("New"),
}
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
NUMBER_NAMES: Mapping[str, Any] = {
    "taken": _l("places taken"),
    "capacity": _l("places in all"),
    "limit": _l("places for one first language"),
}
"""What a conflict tells of how things stand now."""

REASON_NAMES: Mapping[str, Any] = {
    "interests": _l("shared interests"),
    "language": _l("they understand each other"),
    "hours": _l("hours match"),
    "goals": _l("goals match"),
    "life_phase": _l("similar phase of life"),
    "reciprocity": _l("give and take"),
}
"""Parts of the score in the few words of the board; what stands there as a number anyway is left out."""

DIMENSION_NAMES: Mapping[str, Any] = {
    "need_level": _l("Need"),
    "gender": _l("Gender"),
    "age_band": _l("Age"),
    "language": _l("First language"),
    "district": _l("District"),
}
AGE_BAND_NAMES: Mapping[str, Any] = {
    "under 18": _l("under 18"),
    "18 to 27": _l("18 to 27"),
    "28 to 39": _l("28 to 39"),
    "40 to 64": _l("40 to 64"),
    "65 and over": _l("65 and over"),
}
"""Groups of the report on who is served; they count for no score."""

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
    return _(engine.why(reason))


def rule_text(rule: str) -> str:
    """The sentence for a hard rule."""
    return _(engine.RULE_TEXTS.get(rule, rule))


def criterion_text(criterion: str) -> str:
    """What a part of the score is called."""
    return _(engine.CRITERION_TEXTS.get(criterion, criterion))


def group_text(dimension: str, name: str) -> str:
    """What a group of the report on who is served is called."""
    if name == engine.NOT_SAID:
        return _("not said")
    if dimension == "language":
        return language_name(name)
    if dimension == "need_level":
        return str(NEED_LEVEL_NAMES[int(name)])
    return str({"gender": GENDER_NAMES, "age_band": AGE_BAND_NAMES}.get(dimension, {}).get(name, name))


def setting_text(value: Any) -> str:
    """The value of a setting as people write it."""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, list | tuple):
        return ", ".join(names_of(value, MODE_NAMES))
    return f"{value:g}" if isinstance(value, float) else str(value)


def first_upper(text: str) -> str:
    """A sentence's first letter as a capital, the others as they are."""
    return text[:1].upper() + text[1:]
