"""What coordinators fill in, what lists can be asked, and proposals and placements as JSON."""

from __future__ import annotations

import marshmallow as ma
from marshmallow import fields, validate

from webapp.engine import KINDS, LANGUAGES, REASONS
from webapp.matching.models import END_REASONS, REJECT_REASONS
from webapp.schemas import PageQuery, StrictSchema, Text

LONGEST_NOTE = 2000
VISIBLE_PROPOSALS = ("open", "confirmed", "rejected", "superseded")
VISIBLE_PLACEMENTS = ("active", "ended", "undone")


class _Filter(ma.Schema):
    class Meta:
        unknown = ma.EXCLUDE


class BoardQuery(_Filter):
    """The filter of the board."""

    search = Text(100, load_default="")
    kind = fields.String(load_default="", validate=validate.OneOf(KINDS))


class PlacementQuery(BoardQuery):
    """The filter of the placements."""

    state = fields.String(load_default="active", validate=validate.OneOf(("active", "ended")))


class WishQuery(_Filter):
    """The filter of the open wishes."""

    kind = fields.String(load_default="", validate=validate.OneOf(KINDS))
    reason = fields.String(load_default="", validate=validate.OneOf(list(REASONS)))
    unserved = fields.Boolean(load_default=False)


class SearchQuery(_Filter):
    """What is looked for in the whole town."""

    q = Text(100, load_default="")


class NoteForm(_Filter):
    """A confirmation, with a note if there is something to remember."""

    note = Text(LONGEST_NOTE, lines=True, load_default="")


class RejectForm(_Filter):
    """A rejection: why, and until when the pair is not proposed again."""

    reason = fields.String(required=True, validate=validate.OneOf(REJECT_REASONS))
    ban_until = fields.Date(load_default=None)


class EndForm(_Filter):
    """The end of a placement."""

    reason = fields.String(required=True, validate=validate.OneOf(END_REASONS))


# API -------------------------------------------------------------------------------------------------


class ProposalPageQuery(PageQuery):
    """A page of proposals, of one state or all."""

    class Meta:
        unknown = ma.EXCLUDE

    state = fields.String(load_default="", validate=validate.OneOf(["", *VISIBLE_PROPOSALS]))


class PlacementPageQuery(PageQuery):
    """A page of placements, of one state or all."""

    class Meta:
        unknown = ma.EXCLUDE

    state = fields.String(load_default="", validate=validate.OneOf(["", *VISIBLE_PLACEMENTS]))


class ConfirmSchema(StrictSchema):
    """What a confirmation may carry."""

    note = Text(LONGEST_NOTE, lines=True, load_default="")


class RejectSchema(StrictSchema):
    """Why a proposal is rejected; without a day the ban holds until somebody lifts it."""

    reason = fields.String(required=True, validate=validate.OneOf(REJECT_REASONS))
    ban_until = fields.Date(load_default=None, allow_none=True)


class PlaceSchema(ConfirmSchema):
    """A coordinator's own choice."""

    newcomer_id = fields.UUID(required=True)
    offer_id = fields.UUID(required=True)


class EndSchema(StrictSchema):
    """Why a placement ends."""

    reason = fields.String(required=True, validate=validate.OneOf(END_REASONS))


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


class LanguageQuery(ma.Schema):
    """The language of the sentences."""

    class Meta:
        unknown = ma.EXCLUDE

    language = fields.String(load_default="en", validate=validate.OneOf(LANGUAGES))


class MoveSchema(ma.Schema):
    """What insisting would do to one person; null is no offer."""

    newcomer_id = fields.UUID()
    kind = fields.String()
    before = fields.UUID(allow_none=True)
    after = fields.UUID(allow_none=True)


class PairAnswerSchema(ma.Schema):
    """Why a pair is proposed, or why not: the `rules` that forbid it and what collides, or the price."""

    newcomer_id = fields.UUID()
    offer_id = fields.UUID()
    kind = fields.String()
    is_possible = fields.Boolean()
    is_proposed = fields.Boolean()
    score = fields.Float()
    parts = fields.Dict(keys=fields.String(), values=fields.Float())
    distance_km = fields.Float(allow_none=True)
    travel_minutes = fields.Float(allow_none=True)
    rules = fields.List(fields.String())
    collisions = fields.Dict(keys=fields.String(), values=fields.Dict())
    price = fields.Float(allow_none=True)
    price_is_exact = fields.Boolean()
    moves = fields.List(fields.Nested(MoveSchema))
    why = fields.List(fields.String())
    why_not = fields.List(fields.String())
    moves_in_words = fields.List(fields.String())


class OpenWishSchema(ma.Schema):
    """A wish that stays open."""

    kind = fields.String()
    wanted = fields.Integer()
    proposed = fields.Integer()
    reason = fields.String()
    in_words = fields.String()


class RelaxationSchema(ma.Schema):
    """One change that would find the person something; `finds` is the offer proposed then."""

    kind = fields.String()
    rule = fields.String()
    side = fields.String()
    offer_id = fields.UUID()
    change = fields.Dict(keys=fields.String())
    size = fields.Float()
    amount = fields.Float()
    gain = fields.Float()
    finds = fields.UUID()
    is_exact = fields.Boolean()
    in_words = fields.String()


class PersonAnswerSchema(ma.Schema):
    """What somebody is proposed and why, what stays open, and what it would take."""

    newcomer_id = fields.UUID()
    proposals = fields.List(fields.Nested(PairAnswerSchema))
    open_wishes = fields.List(fields.Nested(OpenWishSchema))
    relaxations = fields.List(fields.Nested(RelaxationSchema))


class SuggestionSchema(ma.Schema):
    """An offer that there is not: what its first, second, ... place would bring, and to how many people."""

    kind = fields.String()
    district = fields.String()
    language = fields.String()
    weekday = fields.String()
    interest = fields.String()
    women_only = fields.Boolean()
    worth = fields.List(fields.Float())
    n_helped = fields.List(fields.Integer())
    is_exact = fields.Boolean()
    in_words = fields.String()


class PlaceWorthSchema(ma.Schema):
    """What the first, second, ... further place at an offer would bring."""

    offer_id = fields.UUID()
    worth = fields.List(fields.Float())
    in_words = fields.String()


class TownAnswerSchema(ma.Schema):
    """What the town is short of, and whether everybody is served alike."""

    recruiting = fields.List(fields.Nested(SuggestionSchema))
    further_places = fields.List(fields.Nested(PlaceWorthSchema))
    fairness = fields.Dict()
