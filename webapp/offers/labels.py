"""What states, screenings and kinds of offers are called, and how they look."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

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
