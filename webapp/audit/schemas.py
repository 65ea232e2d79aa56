"""What can be asked of the history."""

from __future__ import annotations

import marshmallow as ma

from webapp.profile_fields import Day
from webapp.schemas import Text


class HistoryQuery(ma.Schema):
    """The filter of the history: part of a person's name, an action, a stretch of days."""

    class Meta:
        unknown = ma.EXCLUDE

    who = Text(100, load_default="")
    action = Text(80, load_default="")
    since = Day(may_be_later=True)
    until = Day(may_be_later=True)
