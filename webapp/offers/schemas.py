"""What coordinators fill in for an offer, by kind; what link holders send; an offer as JSON."""

from __future__ import annotations

from typing import Any

import marshmallow as ma
from flask_babel import gettext as _
from marshmallow import fields, validate

from webapp.engine.vocabulary import ACCESS, GENDER_GROUPS, GENDERS, GOALS, KINDS, LEVELS
from webapp.offers.models import STATUSES
from webapp.profiles.schemas import HoursByDay, InterestFields, LanguageRows, PlaceFields, Terms
from webapp.web.fields import (
    Day,
    FormSchema,
    Number,
    PageQuery,
    StrictSchema,
    Text,
    Year,
    Years,
    bounded_int,
    choice,
    choices,
    flag,
    optional_int,
)

MOST_PLACES = 100_000
ATTENTION = ("free", "stale", "screening")


class OfferFormSchema(PlaceFields, InterestFields, LanguageRows, HoursByDay):
    """What offers of every kind have in common."""

    hours_name = "times"

    name = Text(200, required=True)
    contact_name = Text(200, load_default="")
    contact_email = fields.Email(load_default="", validate=validate.Length(max=254))
    contact_phone = Text(60, load_default="")
    about = Text(1000, lines=True, load_default="")
    min_level = choice(LEVELS)
    goals = choices(GOALS)
    seeks = Terms()
    capacity = bounded_int(0, MOST_PLACES, required=True)
    taken_elsewhere = bounded_int(0, MOST_PLACES, load_default=0)
    accepts_minors = flag()
    access = choices(ACCESS)
    confirmed_at = Day()
    notes = Text(4000, lines=True, load_default="")
    version = bounded_int(1, load_default=None, allow_none=True)


class AssociationFormSchema(OfferFormSchema):
    """An association's activity."""

    age_min = optional_int(0, 120)
    age_max = optional_int(0, 120)
    gender_group = Text(20, load_default="mixed", validate=validate.OneOf(GENDER_GROUPS))
    cost_eur_month = Number(0, 10_000)
    cost_support = flag()
    language_share_percent = Number(0, 100)

    @ma.validates_schema(skip_on_field_errors=False)
    def _check_ages(self, values: dict[str, Any], **_kwargs: Any) -> None:
        low, high = values.get("age_min"), values.get("age_max")
        if low is not None and high is not None and low > high:
            raise ma.ValidationError({"age_max": [_("The highest age is below the lowest.")]})

    @ma.post_load
    def _to_share(self, values: dict[str, Any], **_kwargs: Any) -> dict[str, Any]:
        percent = values.pop("language_share_percent")
        return {**values, "language_share_max": None if percent is None else round(percent / 100, 6)}


class _PersonFormSchema(OfferFormSchema):
    gender = choice(GENDERS)
    birth_year = Year()
    prefers_gender = choice(GENDERS)
    children_birth_years = Years()


class MentorFormSchema(_PersonFormSchema):
    """A volunteer who accompanies a newcomer."""


class NeighbourFormSchema(_PersonFormSchema):
    """People next door."""


FORM_OF_KIND: dict[str, type[OfferFormSchema]] = {
    "association": AssociationFormSchema,
    "mentor": MentorFormSchema,
    "neighbour": NeighbourFormSchema,
}


class ScreeningSchema(FormSchema):
    """Until when a screening is valid and who looked at it; never the document."""

    screening_valid_until = Day(may_be_later=True)
    screening_checked_by = Text(200, load_default="")


class OfferQuery(FormSchema):
    """The filter of the list."""

    kind = choice(KINDS)
    search = Text(100, load_default="")
    status = choice(STATUSES)
    attention = choice(ATTENTION)


class CapacityFormSchema(FormSchema):
    """The number of places, as a link holder or coordinator sends it from a page."""

    capacity = bounded_int(0, MOST_PLACES, required=True)
    version = bounded_int(1, load_default=None, allow_none=True)


class CapacitySchema(StrictSchema):
    """A new number of places; with `version` only if nothing changed since."""

    capacity = bounded_int(0, MOST_PLACES, required=True)
    version = bounded_int(1, load_default=None, allow_none=True)


class OfferPageQuery(PageQuery):
    """A page of offers, of one kind and status or all."""

    class Meta:
        unknown = ma.EXCLUDE

    kind = fields.String(load_default="", validate=validate.OneOf(["", *KINDS]))
    status = fields.String(load_default="", validate=validate.OneOf(["", *STATUSES]))
    state = fields.String(load_default="", validate=validate.OneOf(["", *STATUSES]))


class OfferSchema(ma.Schema):
    """An offer as a programme reads it."""

    id = fields.UUID()
    version = fields.Integer()
    external_id = fields.String()
    name = fields.String()
    kind = fields.String()
    status = fields.String()
    capacity = fields.Integer()
    taken = fields.Integer()
    placed = fields.Integer()
    confirmed_at = fields.Date(allow_none=True)
    screening_valid_until = fields.Date(allow_none=True)
