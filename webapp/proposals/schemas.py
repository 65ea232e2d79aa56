"""What coordinators fill in, what lists can be asked, a proposal as JSON."""

from __future__ import annotations

import marshmallow as ma
from marshmallow import fields, validate

from webapp.placements.schemas import LONGEST_NOTE
from webapp.proposals.models import REJECT_REASONS
from webapp.web.fields import FormSchema, PageQuery, StrictSchema, Text, flag

VISIBLE_STATES = ("open", "confirmed", "rejected", "superseded")


class RejectFormSchema(FormSchema):
    """A rejection: why, and until when the pair is not proposed again, if not as long as is usual."""

    reason = fields.String(required=True, validate=validate.OneOf(REJECT_REASONS))
    note = Text(LONGEST_NOTE, lines=True, load_default="")
    ban_until = fields.Date(load_default=None)
    for_good = flag()


class ProposalPageQuery(PageQuery):
    """A page of proposals, of one state or all."""

    class Meta:
        unknown = ma.EXCLUDE

    state = fields.String(load_default="", validate=validate.OneOf(["", *VISIBLE_STATES]))


class ConfirmSchema(StrictSchema):
    """What a confirmation may carry."""

    note = Text(LONGEST_NOTE, lines=True, load_default="")


class RejectSchema(StrictSchema):
    """Why a proposal is rejected; without a day the ban holds until somebody lifts it."""

    reason = fields.String(required=True, validate=validate.OneOf(REJECT_REASONS))
    note = Text(LONGEST_NOTE, lines=True, load_default="")
    ban_until = fields.Date(load_default=None, allow_none=True)


class ProposalSchema(ma.Schema):
    """A pair that a run suggests; `parts` sum to `score`."""

    id = fields.UUID()
    version = fields.Integer()
    newcomer_id = fields.UUID()
    offer_id = fields.UUID()
    run_id = fields.UUID()
    kind = fields.String()
    state = fields.String()
    score = fields.Float()
    parts = fields.Dict(keys=fields.String(), values=fields.Float())
    urgency = fields.Float()
    distance_km = fields.Float(allow_none=True)
    travel_minutes = fields.Float(allow_none=True)
    created_at = fields.DateTime()
    decided_at = fields.DateTime(allow_none=True)
    decided_by = fields.String()
    reason = fields.String()
    note = fields.String()
