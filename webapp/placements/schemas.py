"""What coordinators fill in and ask for; a placement as JSON, and why there is none."""

from __future__ import annotations

from typing import Any

import marshmallow as ma
from flask_babel import gettext as _
from marshmallow import fields, validate

from webapp.engine.vocabulary import KINDS
from webapp.placements.models import END_REASONS, OVERRIDABLE, PLACEMENT_STATES
from webapp.web.fields import FormSchema, PageQuery, StrictSchema, Text

LONGEST_NOTE = 2000
SHORTEST_REASON = 5


class PairQuery(FormSchema):
    """A filter by name or number, and kind."""

    search = Text(100, load_default="")
    kind = fields.String(load_default="", validate=validate.OneOf(KINDS))


class PlacementQuery(PairQuery):
    """The filter of the placements."""

    state = fields.String(load_default="active", validate=validate.OneOf(("active", "ended")))
    whose = Text(40, load_default="")


class NoteFormSchema(FormSchema):
    """A confirmation, with a note if there is something to remember."""

    note = Text(LONGEST_NOTE, lines=True, load_default="")


class OverrideFormSchema(NoteFormSchema):
    """A coordinator's own choice, with the reason where rules that the page showed are set aside."""

    set_aside = fields.List(fields.String(validate=validate.OneOf(sorted(OVERRIDABLE))), load_default=list)
    override_reason = Text(LONGEST_NOTE, lines=True, load_default="")

    @ma.validates("override_reason")
    def _is_a_reason(self, value: str, **_kwargs: Any) -> None:
        if value and len(value) < SHORTEST_REASON:
            raise ma.ValidationError(_("Please write a few words, so that others can follow it."))


class EndFormSchema(FormSchema):
    """The end of a placement."""

    reason = fields.String(required=True, validate=validate.OneOf(END_REASONS))


class PlacementPageQuery(PageQuery):
    """A page of placements, of one state or all."""

    class Meta:
        unknown = ma.EXCLUDE

    state = fields.String(load_default="", validate=validate.OneOf(["", *PLACEMENT_STATES]))


class PlaceSchema(StrictSchema):
    """A coordinator's own choice."""

    newcomer_id = fields.UUID(required=True)
    offer_id = fields.UUID(required=True)
    note = Text(LONGEST_NOTE, lines=True, load_default="")
    set_aside = fields.List(fields.String(validate=validate.OneOf(sorted(OVERRIDABLE))), load_default=list)
    override_reason = Text(LONGEST_NOTE, lines=True, load_default="")

    @ma.validates_schema
    def _say_why(self, values: dict[str, Any], **_kwargs: Any) -> None:
        if values.get("set_aside") and not values.get("override_reason"):
            raise ma.ValidationError({"override_reason": ["Say why these rules may be set aside."]})


class EndSchema(StrictSchema):
    """Why a placement ends."""

    reason = fields.String(required=True, validate=validate.OneOf(END_REASONS))


class PlacementSchema(ma.Schema):
    """A confirmed tie; without `proposal_id` and `run_id` it was a coordinator's own choice."""

    id = fields.UUID()
    version = fields.Integer()
    newcomer_id = fields.UUID()
    offer_id = fields.UUID()
    proposal_id = fields.UUID(allow_none=True)
    run_id = fields.UUID(allow_none=True)
    kind = fields.String()
    state = fields.String()
    note = fields.String()
    overridden = fields.List(fields.String())
    override_reason = fields.String()
    created_at = fields.DateTime()
    confirmed_by = fields.String()
    ended_at = fields.DateTime(allow_none=True)
    ended_by = fields.String()
    end_reason = fields.String()


class ConflictSchema(ma.Schema):
    """Why something cannot be done now; numbers that tell how things stand may be added."""

    status = fields.Integer(required=True)
    reason = fields.String(
        required=True,
        metadata={
            "description": "full, demand_full, closed, changed, banned, time_clash, mixing_limit, "
            "already_placed, or the name of a hard rule"
        },
    )
    message = fields.String(required=True)
