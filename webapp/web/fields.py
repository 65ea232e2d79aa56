"""What every room's schemas share: strict fields, forms that overlook what is not theirs, pages."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

import marshmallow as ma
from flask import has_app_context
from flask_babel import get_timezone
from flask_babel import gettext as _
from marshmallow import fields, validate

from webapp.web.pagination import LAST_PAGE, MOST_ON_A_PAGE, PAGE_SIZE

_INT32 = 2**31 - 1
# Joiners that Persian and Indic scripts need; every other control or format character is dropped.
_JOINERS = {"\u200c", "\u200d"}


class StrictSchema(ma.Schema):
    """A schema that refuses fields it does not know."""

    class Meta:
        unknown = ma.RAISE


class FormSchema(ma.Schema):
    """A schema of an HTML form: what it does not know is somebody else's."""

    class Meta:
        unknown = ma.EXCLUDE


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


def choice(values: Iterable[str], **kwargs: Any) -> Text:
    """One of `values`, or nothing."""
    kwargs.setdefault("load_default", "")
    return Text(40, validate=validate.OneOf(["", *values]), **kwargs)


def choices(values: Iterable[str]) -> fields.List[str]:
    """Some of `values`."""
    allowed = list(values)
    return fields.List(
        Text(40, validate=validate.OneOf(allowed)),
        load_default=list,
        validate=validate.Length(max=len(allowed)),
    )


def flag() -> fields.Boolean:
    """A box to tick."""
    return fields.Boolean(load_default=False)


def optional_int(low: int, high: int) -> fields.Integer:
    """A whole number that may be left out."""
    return bounded_int(low, high, load_default=None, allow_none=True)


class Number(fields.Float):
    """A number from `low` to `high` that may be left out; takes a comma as well as a point."""

    default_error_messages = {"special": "Not a valid number."}  # noqa: RUF012

    def __init__(self, low: float, high: float) -> None:
        super().__init__(load_default=None, allow_none=True, validate=validate.Range(low, high))

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        plain = value.strip().replace(",", ".") if isinstance(value, str) else value
        return super()._deserialize(plain, attr, data, **kwargs)


class Day(fields.Date):
    """A day that may be left out, from 1990 on; up to today unless `may_be_later`."""

    def __init__(self, *, may_be_later: bool = False, **kwargs: Any) -> None:
        self.may_be_later = may_be_later
        super().__init__(load_default=None, allow_none=True, **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        day = super()._deserialize(value, attr, data, **kwargs)
        if not self.may_be_later and day > _today():
            raise ma.ValidationError(_("This day has not come yet."))
        if not date(1990, 1, 1) <= day <= date(2100, 12, 31):
            raise ma.ValidationError(_("Please look at the year."))
        return day


class Year(fields.Integer):
    """A year from 1900 to this one that may be left out."""

    def __init__(self) -> None:
        super().__init__(strict=True, load_default=None, allow_none=True)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        return checked_year(super()._deserialize(value, attr, data, **kwargs))


class Years(fields.Field[list[int]]):
    """Years, separated by commas or spaces: ``2012, 2015``."""

    def __init__(self) -> None:
        super().__init__(load_default=list)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> list[int]:
        words = re.split(r"[\s,;]+", clean_text(str(value)))
        if not all(re.fullmatch(r"\d{4}", word) for word in words if word) or len(words) > 20:
            raise ma.ValidationError(_("Please give years, such as 2012, 2015."))
        return [checked_year(int(word)) for word in words if word]


def checked_year(year: int) -> int:
    """The year, when somebody living can be born in it."""
    this_year = _today().year
    if not 1900 <= year <= this_year:
        raise ma.ValidationError(
            _("Please give a year from %(low)s to %(high)s.", low=1900, high=str(this_year))
        )
    return year


def _today() -> date:
    """The day in the reader's town, whatever the server's clock is set to."""
    return datetime.now(get_timezone() if has_app_context() else None).date()


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
