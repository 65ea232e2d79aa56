"""What people and programmes send to, and read of, the accounts."""

from __future__ import annotations

from marshmallow import fields, validate

from webapp.config import LANGUAGES
from webapp.storage.access import ROLES
from webapp.web.fields import FormSchema, StrictSchema, Text

LEAST_PASSWORD, MOST_PASSWORD = 12, 200


class LoginSchema(FormSchema):
    """E-mail and password; nothing is said about which of the two was wrong."""

    email = Text(254, required=True)
    password = fields.String(required=True, validate=validate.Length(max=MOST_PASSWORD))


class PasswordSchema(FormSchema):
    """The old password, the new one, and the new one again."""

    password = fields.String(required=True, validate=validate.Length(max=MOST_PASSWORD))
    new_password = fields.String(required=True, validate=validate.Length(LEAST_PASSWORD, MOST_PASSWORD))
    new_password_again = fields.String(required=True)


class LanguageSchema(FormSchema):
    """The language of the pages; empty: the town's."""

    language = Text(20, load_default="", validate=validate.OneOf(["", *LANGUAGES]))


class UserSchema(FormSchema):
    """A new person who logs in."""

    name = Text(200, required=True)
    email = fields.Email(required=True, validate=validate.Length(max=254))
    role = Text(20, required=True, validate=validate.OneOf(ROLES))
    town_id = fields.UUID(load_default=None)
    password = fields.String(required=True, validate=validate.Length(LEAST_PASSWORD, MOST_PASSWORD))


class TokenSchema(FormSchema):
    """A new API token."""

    label = Text(200, required=True)
    role = Text(20, required=True, validate=validate.OneOf(ROLES))
    town_id = fields.UUID(required=True)


class ActorSchema(StrictSchema):
    """Who the server takes you for."""

    label = fields.String(required=True)
    role = fields.String(required=True)
    town_id = fields.UUID(required=True, allow_none=True)
