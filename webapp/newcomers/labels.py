"""What the pages of this room call things, and what their forms let one choose from."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from webapp import words
from webapp.engine import interest_groups
from webapp.forms import Form
from webapp.newcomers.schemas import INTAKE_LANGUAGES, PARTS_OF_DAY
from webapp.profile_fields import LANGUAGE_ROWS

STATUS_NAMES = {
    "new": _l("to check"),
    "ready": _l("ready"),
    "paused": _l("paused"),
    "closed": _l("closed"),
}
STATUS_TONES = {"new": "open", "ready": "good", "paused": "wait", "closed": "quiet"}
NEED_TONES = {1: "quiet", 2: "quiet", 3: "wait", 4: "bad"}

_NAMES_OF_PARTS = (_l("Morning"), _l("Midday"), _l("Afternoon"), _l("Evening"))
_LEVELS_IN_PLAIN_WORDS = {
    "A0": _l("Not yet."),
    "A1": _l("A few words: hello, thank you, numbers."),
    "A2": _l("Simple sentences: shopping, family, the way."),
    "B1": _l("I can talk about my day and say what I think."),
    "B2": _l("I can talk with almost everybody."),
    "C1": _l("Very well, also difficult things."),
}
_KINDS_IN_PLAIN_WORDS = {
    "association": _l("A group or club: sport, music, cooking, talking …"),
    "mentor": _l("One person who helps me and explains things (mentor)"),
    "neighbour": _l("Neighbours who are glad to get to know me"),
}
_MINUTES = (10, 15, 20, 30, 45, 60)


def form_choices(form: Form) -> dict[str, Any]:
    """What the coordinators' form lets one choose from."""
    chosen = [form.value(f"language_{row}") for row in range(1, LANGUAGE_ROWS + 1)]
    return {
        "language_rows": LANGUAGE_ROWS,
        "language_groups": words.language_groups([*chosen, form.value("contact_language")]),
        "levels": words.level_options(),
        "interest_groups": interest_groups(words.language_code()),
        "days": words.weekday_names(),
        "goals": words.options(words.GOAL_NAMES),
        "needs": words.options(words.NEED_NAMES),
        "modes": words.options(words.MODE_NAMES),
        "genders": words.options(words.GENDER_NAMES, _("not said")),
        "preferences": words.options(words.PREFERENCE_NAMES, _("no wish")),
    }


def intake_choices(town_language: str) -> dict[str, Any]:
    """What the intake form lets a newcomer choose from, in plain words."""
    short = dict(words.weekday_names("short"))
    parts = [
        (part, name, f"{int(part[:2])}–{int(part[6:8])}")
        for part, name in zip(PARTS_OF_DAY, _NAMES_OF_PARTS, strict=True)
    ]
    return {
        "town_language": words.language_name(town_language),
        "language_groups": words.language_groups(),
        "last_language": INTAKE_LANGUAGES,
        "town_levels": words.options(_LEVELS_IN_PLAIN_WORDS),
        "levels": words.options(words.LEVEL_NAMES),
        "interest_groups": interest_groups(words.language_code()),
        "days": [(day, name, short[day]) for day, name in words.weekday_names()],
        "parts": parts,
        "kinds": words.options(_KINDS_IN_PLAIN_WORDS),
        "goals": words.options(words.GOAL_NAMES),
        "needs": words.options(words.NEED_NAMES),
        "modes": words.options(words.MODE_NAMES),
        "genders": words.options(words.GENDER_NAMES, _("I would rather not say")),
        "preferences": words.options(words.PREFERENCE_NAMES, _("It does not matter")),
        "minutes": [
            ("", _("It does not matter")),
            *((str(n), _("%(minutes)s minutes", minutes=n)) for n in _MINUTES),
        ],
    }


def intake_labels(town_language: str) -> dict[str, str]:
    """What the fields of the intake form are called."""
    return {
        "name": _("What is your name?"),
        "birth_year": _("In which year were you born?"),
        "gender": _("You are"),
        "language_1": _("Which language did you grow up with?"),
        "town_level": _("How well do you speak %(language)s?", language=words.language_name(town_language)),
        "language_2": _("Another language"),
        "level_2": _("How well do you speak it?"),
        "language_3": _("One more language"),
        "level_3": _("How well do you speak it?"),
        "interests": _("What do you like doing?"),
        "interests_other": _("Something that is not in the list?"),
        "dislikes": _("Is there something you do not like at all?"),
        "can_offer": _("What could you show or teach others?"),
        "goals": _("What is important to you?"),
        "availability": _("When do you often have time?"),
        "wants": _("Whom would you like to meet?"),
        "prefers_gender": _("Would you rather meet women or men?"),
        "needs": _("What do you need?"),
        "mobility": _("How do you get around?"),
        "max_minutes": _("How long may the way take?"),
        "address": _("Your street and number"),
        "postcode": _("Your postcode"),
        "phone": _("Your telephone number"),
        "email": _("Your e-mail address"),
        "contact_language": _("In which language shall we write to you?"),
        "notes": _("Is there something else we should know?"),
        "consent": _("Your agreement"),
    }


def form_labels() -> dict[str, str]:
    """What the fields of the coordinators' form are called."""
    days = {f"hours_{day}": name for day, name in words.weekday_names()}
    rows = range(1, LANGUAGE_ROWS + 1)
    return {
        **days,
        **{f"language_{row}": _("Language %(number)s", number=row) for row in rows},
        **{f"level_{row}": _("Language %(number)s", number=row) for row in rows},
        "name": _("Name"),
        "email": _("E-mail address"),
        "phone": _("Telephone"),
        "contact_language": _("Language to write in"),
        "birth_year": _("Year of birth"),
        "gender": _("Gender"),
        "prefers_gender": _("Would rather meet"),
        "household_id": _("Household"),
        "children_birth_years": _("Children, born in"),
        "guardian_consent": _("Parents or guardian agree"),
        "interests": _("Likes"),
        "interests_other": _("Likes, in other words"),
        "dislikes": _("Would rather not"),
        "can_offer": _("Can show or teach others"),
        "goals": _("Goals"),
        "address": _("Street and number"),
        "postcode": _("Postcode"),
        "lat": _("Latitude"),
        "lon": _("Longitude"),
        "mobility": _("Gets around"),
        "max_minutes": _("Minutes on the way, at most"),
        "needs": _("Needs"),
        "wants_association": _("Associations"),
        "wants_mentor": _("Mentors"),
        "wants_neighbour": _("Neighbours"),
        "max_placements": _("In all, at most"),
        "waiting_since": _("Waiting since"),
        "consent": _("Agreed to take part"),
        "notes": _("Notes"),
    }
