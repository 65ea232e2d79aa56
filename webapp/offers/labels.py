"""What the pages of this room call things, and what their forms let one choose from."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from webapp import words
from webapp.engine import interest_groups
from webapp.forms import Form
from webapp.profile_fields import LANGUAGE_ROWS

STATUS_NAMES = {"active": _l("active"), "paused": _l("paused"), "closed": _l("closed")}
STATUS_TONES = {"active": "good", "paused": "wait", "closed": "quiet"}
SCREENING_NAMES = {
    "missing": _l("no screening"),
    "expired": _l("screening expired"),
    "soon": _l("screening ends soon"),
    "valid": _l("screening valid"),
}
SCREENING_TONES = {"missing": "bad", "expired": "bad", "soon": "wait", "valid": "good"}
ATTENTION_NAMES = {
    "free": _l("with free places"),
    "stale": _l("not confirmed for half a year"),
    "screening": _l("screening missing or ending"),
}
NEW_TITLES = {
    "association": _l("Add an association"),
    "mentor": _l("Add a mentor"),
    "neighbour": _l("Add a neighbour"),
}
KIND_STORIES = {
    "association": _l("An activity of a club, choir, sports group or centre, with places and sessions."),
    "mentor": _l("A volunteer who accompanies one or a few newcomers."),
    "neighbour": _l("A household next door that is glad to get to know somebody."),
}
_ACCESS_NAMES = {"step_free": _l("Without steps"), "childcare": _l("Childcare on the spot")}


def form_choices(form: Form) -> dict[str, Any]:
    """What the forms let one choose from."""
    chosen = [form.value(f"language_{row}") for row in range(1, LANGUAGE_ROWS + 1)]
    return {
        "language_rows": LANGUAGE_ROWS,
        "language_groups": words.language_groups(chosen),
        "levels": words.level_options(),
        "min_levels": [("", _("open to everybody")), *words.level_options()[1:-1]],
        "interest_groups": interest_groups(words.language_code()),
        "days": words.weekday_names(),
        "goals": words.options(words.GOAL_NAMES),
        "access": words.options(_ACCESS_NAMES),
        "gender_groups": words.options(words.GENDER_GROUP_NAMES),
        "genders": words.options(words.GENDER_NAMES, _("not said")),
        "preferences": words.options(words.PREFERENCE_NAMES, _("no wish")),
    }


def form_labels(kind: str) -> dict[str, str]:
    """What the fields of the form of one kind are called."""
    is_association = kind == "association"
    rows = range(1, LANGUAGE_ROWS + 1)
    return {
        **{f"hours_{day}": name for day, name in words.weekday_names()},
        **{f"language_{row}": _("Language %(number)s", number=row) for row in rows},
        **{f"level_{row}": _("Language %(number)s", number=row) for row in rows},
        "name": _("Name of the activity") if is_association else _("Name"),
        "contact_name": _("Contact person"),
        "contact_email": _("E-mail address"),
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
