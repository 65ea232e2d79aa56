"""The answers as JSON, and the language they are asked in."""

from __future__ import annotations

import marshmallow as ma
from marshmallow import fields, validate

from webapp.engine.texts import LANGUAGES


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
    change_in_words = fields.String()


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


class UnderWaySchema(ma.Schema):
    """How far an answer is that is not there yet."""

    state = fields.String()
    stage = fields.String(dump_default="")
