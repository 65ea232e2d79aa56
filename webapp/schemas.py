"""What every room's schemas share: strict fields, pages, the shape of an error."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from typing import Any

import marshmallow as ma
from flask_babel import gettext
from marshmallow import fields, validate

from webapp.pagination import LAST_PAGE, MOST_ON_A_PAGE, PAGE_SIZE

_INT32 = 2**31 - 1
# Joiners that Persian and Indic scripts need; every other control or format character is dropped.
_JOINERS = {"\u200c", "\u200d"}


class StrictSchema(ma.Schema):
    """A schema that refuses fields it does not know."""

    class Meta:
        unknown = ma.RAISE


class Text(fields.String):
    """A line or a paragraph: trimmed, in NFC, without control characters, not longer than `most`."""

    default_error_messages = {  # noqa: RUF012
        "too_long": "Longer than {most} characters.",
        "empty": "Missing data for required field.",
    }

    def __init__(self, most: int = 200, *, lines: bool = False, **kwargs: Any) -> None:
        self.most = most
        self.lines = lines
        kwargs.setdefault("metadata", {})
        super().__init__(**kwargs)

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> str:
        text = clean_text(super()._deserialize(value, attr, data, **kwargs) or "", lines=self.lines)
        if self.required and not text:
            raise self.make_error("empty")
        if len(text) > self.most:
            raise self.make_error("too_long", most=self.most)
        return text


def clean_text(text: str, *, lines: bool = False) -> str:
    """Text in NFC without control characters and stray surrogates, trimmed."""
    kept = "\n" if lines else ""
    composed = unicodedata.normalize("NFC", text.replace("\r\n", "\n"))
    if not lines:
        composed = " ".join(composed.split())
    return "".join(
        sign
        for sign in composed
        if sign in _JOINERS or sign in kept or unicodedata.category(sign) not in {"Cc", "Cf", "Cs"}
    ).strip()


def bounded_int(low: int = 0, high: int = _INT32, **kwargs: Any) -> fields.Integer:
    """A whole number from `low` to `high`; takes no fractions, never more than the database holds."""
    return fields.Integer(strict=True, validate=validate.Range(low, high), **kwargs)


class PageQuery(ma.Schema):
    """``page`` and ``page_size`` of a list."""

    class Meta:
        unknown = ma.EXCLUDE

    page = fields.Integer(load_default=1, validate=validate.Range(1, LAST_PAGE))
    page_size = fields.Integer(load_default=PAGE_SIZE, validate=validate.Range(1, MOST_ON_A_PAGE))


def page_of(item: type[ma.Schema]) -> type[ma.Schema]:
    """The schema of a page of `item`: ``{"items": [...], "total": n}``."""
    name = item.__name__.removesuffix("Schema") + "PageSchema"
    members = {"items": fields.List(fields.Nested(item), required=True), "total": bounded_int(required=True)}
    return ma.Schema.from_dict(members, name=name)  # type: ignore[arg-type]


class ErrorSchema(ma.Schema):
    """The one shape of every error answer."""

    status = fields.Integer(required=True, metadata={"description": "HTTP status"})
    reason = fields.String(required=True, metadata={"description": "one word for machines"})
    message = fields.String(required=True, metadata={"description": "one sentence for people"})
    fields_ = fields.Dict(
        keys=fields.String(),
        values=fields.List(fields.String()),
        data_key="fields",
        metadata={"description": "with 422: the sentences of every field"},
    )


def translated(sentence: str) -> str:
    """A sentence of marshmallow's in the reader's language, where the catalogue has it."""
    return gettext(sentence)
