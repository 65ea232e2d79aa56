"""What states are called, and how they look."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

STATUS_NAMES = {
    "new": _l("to check"),
    "ready": _l("ready"),
    "paused": _l("paused"),
    "closed": _l("closed"),
}
STATUS_TONES = {"new": "open", "ready": "good", "paused": "wait", "closed": "quiet"}
