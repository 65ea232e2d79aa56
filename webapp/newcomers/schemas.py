"""What coordinators and newcomers fill in, what a list can be asked, and a newcomer as JSON."""

from __future__ import annotations

from typing import Any

import marshmallow as ma
from flask_babel import gettext as _
from marshmallow import fields, validate

from webapp.engine.vocabulary import GENDERS, GOALS, KINDS, LEVELS, MODES, NEEDS, WEEKDAYS
from webapp.newcomers.models import STATUSES
from webapp.profiles.labels import is_language
from webapp.profiles.schemas import (
    AddressFields,
    HoursByDay,
    InterestFields,
    LanguageRows,
    PlaceFields,
    Terms,
)
from webapp.web.fields import (
    Day,
    FormSchema,
    PageQuery,
    Text,
    Year,
    Years,
    bounded_int,
    choice,
    choices,
    flag,
    optional_int,
)

# The parts of a day that the intake form asks for.
PARTS_OF_DAY = ("09:00-12:00", "12:00-15:00", "15:00-18:00", "18:00-21:00")
INTAKE_HOURS = tuple(f"{day} {part}" for day in WEEKDAYS for part in PARTS_OF_DAY)
INTAKE_LANGUAGES = 3


class _PersonFields(AddressFields, InterestFields):
    email = fields.Email(load_default="", validate=validate.Length(max=254))
    phone = Text(60, load_default="")
    contact_language = Text(40, load_default="")
    birth_year = Year()
    gender = choice(GENDERS)
    prefers_gender = choice(GENDERS)
    goals = choices(GOALS)
    can_offer = Terms()
    mobility = choices(MODES)
    max_minutes = optional_int(0, 600)
    needs = choices(NEEDS)
    notes = Text(4000, lines=True, load_default="")

    @ma.validates("contact_language")
    def _check_contact_language(self, code: str, data_key: str = "") -> None:
        if code and not is_language(code):
            raise ma.ValidationError(_("Please choose a language of the list."))


class NewcomerFormSchema(_PersonFields, PlaceFields, LanguageRows, HoursByDay):
    """A newcomer as a coordinator writes them down."""

    name = Text(200, required=True)
    household_id = Text(100, load_default="")
    children_birth_years = Years()
    guardian_consent = flag()
    wants_association = bounded_int(0, 20, load_default=0)
    wants_mentor = bounded_int(0, 20, load_default=0)
    wants_neighbour = bounded_int(0, 20, load_default=0)
    max_placements = optional_int(0, 60)
    waiting_since = Day()
    consent = flag()
    version = bounded_int(1, load_default=None, allow_none=True)


class IntakeSchema(_PersonFields):
    """What a newcomer fills in about themselves; the languages of the form become one list."""

    name = Text(200, required=True)
    language_1 = Text(40, required=True)
    town_level = choice(LEVELS)
    language_2 = Text(40, load_default="")
    level_2 = choice(LEVELS)
    language_3 = Text(40, load_default="")
    level_3 = choice(LEVELS)
    availability = choices(INTAKE_HOURS)
    wants = choices(KINDS)
    consent = flag()
    website = fields.String(load_default="")

    def __init__(self, *, town_language: str, **kwargs: Any) -> None:
        self.town_language = town_language
        super().__init__(**kwargs)

    @ma.validates_schema(skip_on_field_errors=False)
    def _check_consent(self, values: dict[str, Any], **_kwargs: Any) -> None:
        if not values.get("consent"):
            raise ma.ValidationError(
                {"consent": [_("We need your agreement before we can look for anybody.")]}
            )

    @ma.validates_schema(skip_on_field_errors=False)
    def _check_contact(self, values: dict[str, Any], **_kwargs: Any) -> None:
        if not values.get("email") and not values.get("phone"):
            raise ma.ValidationError(
                {
                    "phone": [
                        _("Please give us a phone number or an e-mail address, so that we can reach you.")
                    ]
                }
            )

    @ma.validates_schema(skip_on_field_errors=False)
    def _check_languages(self, values: dict[str, Any], **_kwargs: Any) -> None:
        problems: dict[str, list[str]] = {}
        for row in range(1, INTAKE_LANGUAGES + 1):
            code = values.get(f"language_{row}", "")
            if code and not is_language(code):
                problems[f"language_{row}"] = [_("Please choose a language of the list.")]
            elif row > 1 and code and not values.get(f"level_{row}"):
                problems[f"level_{row}"] = [_("Please say how well.")]
        if problems:
            raise ma.ValidationError(problems)

    @ma.post_load
    def _join_languages(self, values: dict[str, Any], **_kwargs: Any) -> dict[str, Any]:
        levels = {values.pop("language_1"): "native"}
        town_level = values.pop("town_level")
        if town_level:
            levels.setdefault(self.town_language, town_level)
        for row in range(2, INTAKE_LANGUAGES + 1):
            code, level = values.pop(f"language_{row}"), values.pop(f"level_{row}")
            if code:
                levels.setdefault(code, level)
        return {**values, "languages": [{"code": code, "level": level} for code, level in levels.items()]}

    @ma.post_load
    def _count_wants(self, values: dict[str, Any], **_kwargs: Any) -> dict[str, Any]:
        chosen = values.pop("wants") or ["association"]
        return {**values, **{f"wants_{kind}": int(kind in chosen) for kind in KINDS}}


class NeedSchema(FormSchema):
    """How urgent it is, and why; empty: not judged."""

    need_level = optional_int(1, 4)
    need_reason = Text(1000, lines=True, load_default="")


class NewcomerQuery(FormSchema):
    """The filter of the list."""

    search = Text(100, load_default="")
    status = choice(STATUSES)
    need = optional_int(1, 4)
    kind = choice(KINDS)
    whose = Text(40, load_default="")
    since = Day()


class HandOverSchema(FormSchema):
    """Who looks after a newcomer from now on; empty: nobody."""

    coordinator_id = fields.UUID(load_default=None)


class HandOverAllSchema(FormSchema):
    """Who takes over everybody whom somebody looks after; from nobody: those without a coordinator."""

    from_id = fields.UUID(load_default=None)
    to_id = fields.UUID(required=True)


class AbsenceSchema(FormSchema):
    """Until when somebody is away, and who stands in; without a day they are back."""

    away_until = Day(may_be_later=True)
    deputy_id = fields.UUID(load_default=None)


class NewcomerPageQuery(PageQuery):
    """A page of newcomers, of one status or all."""

    class Meta:
        unknown = ma.EXCLUDE

    status = fields.String(load_default="", validate=validate.OneOf(["", *STATUSES]))
    state = fields.String(load_default="", validate=validate.OneOf(["", *STATUSES]))


class NewcomerSchema(ma.Schema):
    """A newcomer as a programme reads them; how to reach them is not part of it."""

    id = fields.UUID()
    version = fields.Integer()
    external_id = fields.String()
    name = fields.String()
    status = fields.String()
    need_level = fields.Integer(allow_none=True)
    waiting_since = fields.Date(allow_none=True)
    wants_association = fields.Integer()
    wants_mentor = fields.Integer()
    wants_neighbour = fields.Integer()
    placed_association = fields.Integer()
    placed_mentor = fields.Integer()
    placed_neighbour = fields.Integer()
