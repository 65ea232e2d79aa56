"""What the board is narrowed to, and what the town is searched for."""

from __future__ import annotations

from marshmallow import fields, validate

from webapp.engine.vocabulary import WEEKDAYS
from webapp.placements.schemas import PairQuery
from webapp.web.fields import FormSchema, Text

AGE_BANDS = {"minor": (0, 17), "young": (18, 27), "adult": (28, 59), "older": (60, 200)}
"""Years of age, from and up to; whoever may be either counts in both."""
ORDERS = ("need", "name")


class BoardQuery(PairQuery):
    """A filter of the board: who, which kind, day, language and age; and in what order."""

    day = fields.String(load_default="", validate=validate.OneOf(["", *WEEKDAYS]))
    language = Text(20, load_default="")
    age = fields.String(load_default="", validate=validate.OneOf(["", *AGE_BANDS]))
    whose = Text(40, load_default="")
    order = fields.String(load_default="need", validate=validate.OneOf(ORDERS))


class SearchQuery(FormSchema):
    """What is looked for in the whole town."""

    q = Text(100, load_default="")
