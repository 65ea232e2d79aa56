"""What the report on who is served calls its groups."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from webapp.engine.texts import NOT_SAID
from webapp.profiles.labels import GENDER_NAMES, NEED_LEVEL_NAMES, language_name
from webapp.runs.labels import STAGE_NAMES as RUN_STAGES

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
STAGE_NAMES: Mapping[str, Any] = {
    **{stage: name for stage, name in RUN_STAGES.items() if stage != "store"},
    "": _l("Beginning in a moment"),
    "answer": _l("Trying out what would help"),
}
"""How far the working out of an answer is."""


def group_text(dimension: str, name: str) -> str:
    """What a group of the report on who is served is called."""
    if name == NOT_SAID:
        return _("not said")
    if dimension == "language":
        return language_name(name)
    if dimension == "need_level":
        return str(NEED_LEVEL_NAMES[int(name)])
    return str({"gender": GENDER_NAMES, "age_band": AGE_BAND_NAMES}.get(dimension, {}).get(name, name))
