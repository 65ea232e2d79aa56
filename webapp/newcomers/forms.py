"""The forms of this room: what they let one choose from, and what their fields are called."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from webapp.audit.services import describe_details
from webapp.engine.vocabulary import interest_groups
from webapp.newcomers.schemas import INTAKE_LANGUAGES, PARTS_OF_DAY
from webapp.profiles import labels as profile_labels
from webapp.profiles.hours import weekday_names
from webapp.profiles.schemas import LANGUAGE_ROWS
from webapp.web.forms import PageForm

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


def form_choices(form: PageForm) -> dict[str, Any]:
    """What the coordinators' form lets one choose from."""
    chosen = [form.value(f"language_{row}") for row in range(1, LANGUAGE_ROWS + 1)]
    return {
        "language_rows": LANGUAGE_ROWS,
        "language_groups": profile_labels.language_groups([*chosen, form.value("contact_language")]),
        "levels": profile_labels.level_options(),
        "interest_groups": interest_groups(profile_labels.reader_language()),
        "days": weekday_names(),
        "goals": profile_labels.options(profile_labels.GOAL_NAMES),
        "needs": profile_labels.options(profile_labels.NEED_NAMES),
        "modes": profile_labels.options(profile_labels.MODE_NAMES),
        "genders": profile_labels.options(profile_labels.GENDER_NAMES, _("not said")),
        "preferences": profile_labels.options(profile_labels.PREFERENCE_NAMES, _("no wish")),
    }


def intake_choices(town_language: str) -> dict[str, Any]:
    """What the intake form lets a newcomer choose from, in plain words."""
    short = dict(weekday_names("short"))
    parts = [
        (part, name, f"{int(part[:2])}–{int(part[6:8])}")
        for part, name in zip(PARTS_OF_DAY, _NAMES_OF_PARTS, strict=True)
    ]
    return {
        "town_language": profile_labels.language_name(town_language),
        "language_groups": profile_labels.language_groups(),
        "last_language": INTAKE_LANGUAGES,
        "town_levels": profile_labels.options(_LEVELS_IN_PLAIN_WORDS),
        "levels": profile_labels.options(profile_labels.LEVEL_NAMES),
        "interest_groups": interest_groups(profile_labels.reader_language()),
        "days": [(day, name, short[day]) for day, name in weekday_names()],
        "parts": parts,
        "kinds": profile_labels.options(_KINDS_IN_PLAIN_WORDS),
        "goals": profile_labels.options(profile_labels.GOAL_NAMES),
        "needs": profile_labels.options(profile_labels.NEED_NAMES),
        "modes": profile_labels.options(profile_labels.MODE_NAMES),
        "genders": profile_labels.options(profile_labels.GENDER_NAMES, _("I would rather not say")),
        "preferences": profile_labels.options(profile_labels.PREFERENCE_NAMES, _("It does not matter")),
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
        "town_level": _(
            "How well do you speak %(language)s?", language=profile_labels.language_name(town_language)
        ),
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
    days = {f"hours_{day}": name for day, name in weekday_names()}
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


def column_labels() -> dict[str, str]:
    """What the columns are called that the form changes."""
    return form_labels() | {
        "languages": _("Languages"),
        "availability": _("Free hours"),
        "place_precision": _("How exactly the place is known"),
        "coordinator_id": _("Coordinator"),
    }


describe_details({"fields": lambda _actor, values: {k: v for k, v in column_labels().items() if k in values}})
