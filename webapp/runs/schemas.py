"""What the changes of a run and the open wishes can be asked."""

from __future__ import annotations

from marshmallow import fields, validate

from webapp.engine.texts import REASONS
from webapp.engine.vocabulary import KINDS
from webapp.runs.models import CHANGE_ACTIONS
from webapp.web.fields import FormSchema, Text


class ChangeQuery(FormSchema):
    """The filter of what a run changed."""

    search = Text(100, load_default="")
    action = fields.String(load_default="", validate=validate.OneOf(CHANGE_ACTIONS))


class WishQuery(FormSchema):
    """The filter of the open wishes."""

    kind = fields.String(load_default="", validate=validate.OneOf(KINDS))
    reason = fields.String(load_default="", validate=validate.OneOf(list(REASONS)))
    whose = Text(40, load_default="")
    unserved = fields.Boolean(load_default=False)
