"""The forms of this room: what they let one choose from, and what their fields are called."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from webapp.audit.services import describe_details
from webapp.engine.vocabulary import interest_groups
from webapp.profiles import labels as profile_labels
from webapp.profiles.hours import weekday_names
from webapp.profiles.schemas import LANGUAGE_ROWS
from webapp.web.forms import PageForm

_ACCESS_NAMES = {"step_free": _l("Without steps"), "childcare": _l("Childcare on the spot")}


def form_choices(form: PageForm) -> dict[str, Any]:
    """What the forms let one choose from."""
    chosen = [form.value(f"language_{row}") for row in range(1, LANGUAGE_ROWS + 1)]
    return {
        "language_rows": LANGUAGE_ROWS,
        "language_groups": profile_labels.language_groups(chosen),
        "levels": profile_labels.level_options(),
        "min_levels": [("", _("open to everybody")), *profile_labels.level_options()[1:-1]],
        "interest_groups": interest_groups(profile_labels.reader_language()),
        "days": weekday_names(),
        "goals": profile_labels.options(profile_labels.GOAL_NAMES),
        "access": profile_labels.options(_ACCESS_NAMES),
        "gender_groups": profile_labels.options(profile_labels.GENDER_GROUP_NAMES),
        "genders": profile_labels.options(profile_labels.GENDER_NAMES, _("not said")),
        "preferences": profile_labels.options(profile_labels.PREFERENCE_NAMES, _("no wish")),
    }


def form_labels(kind: str) -> dict[str, str]:
    """What the fields of the form of one kind are called."""
    is_association = kind == "association"
    rows = range(1, LANGUAGE_ROWS + 1)
    return {
        **{f"hours_{day}": name for day, name in weekday_names()},
        **{f"language_{row}": _("Language %(number)s", number=row) for row in rows},
        **{f"level_{row}": _("Language %(number)s", number=row) for row in rows},
        "name": _("Name of the activity") if is_association else _("Name"),
        "contact_name": _("Contact person"),
        "contact_email": _("E-mail address"),
        "contact_phone": _("Telephone"),
        "about": _("About themselves"),
        "capacity": _("Places"),
        "taken_elsewhere": _("Taken by people not placed here"),
        "confirmed_at": _("Places confirmed on"),
        "min_level": _("Needs the town's language at"),
        "interests": _("What is done") if is_association else _("Likes"),
        "interests_other": _("In other words"),
        "dislikes": _("Would rather not"),
        "goals": _("Good for"),
        "seeks": _("Would be glad of"),
        "accepts_minors": _("Open to people under 18"),
        "access": _("On the spot"),
        "age_min": _("Age from"),
        "age_max": _("Age to"),
        "gender_group": _("For"),
        "cost_eur_month": _("Euros a month"),
        "cost_support": _("Support with the costs is possible"),
        "language_share_percent": _("At most this share with one first language, in percent"),
        "gender": _("Gender"),
        "birth_year": _("Year of birth"),
        "prefers_gender": _("Would rather meet"),
        "children_birth_years": _("Children, born in"),
        "address": _("Street and number"),
        "postcode": _("Postcode"),
        "lat": _("Latitude"),
        "lon": _("Longitude"),
        "notes": _("Notes"),
    }


def column_labels() -> dict[str, str]:
    """What the columns are called that the forms change, of whatever kind."""
    return form_labels("mentor") | {
        "languages": _("Languages"),
        "times": _("Times"),
        "language_share_max": _("At most this share with one first language, in percent"),
        "place_precision": _("How exactly the place is known"),
        "taken": _("Taken by people not placed here"),
    }


describe_details({"fields": lambda _actor, values: {k: v for k, v in column_labels().items() if k in values}})
