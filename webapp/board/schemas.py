"""What the town is searched for."""

from __future__ import annotations

from webapp.web.fields import FormSchema, Text


class SearchQuery(FormSchema):
    """What is looked for in the whole town."""

    q = Text(100, load_default="")
