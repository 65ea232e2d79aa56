"""What can be asked of the history."""

from __future__ import annotations

from webapp.web.fields import Day, FormSchema, Text


class HistoryQuery(FormSchema):
    """The filter of the history: part of a person's name, an action, a stretch of days."""

    who = Text(100, load_default="")
    action = Text(80, load_default="")
    since = Day(may_be_later=True)
    until = Day(may_be_later=True)
