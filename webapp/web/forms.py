"""HTML forms: the same schemas as the API, with what was typed and what is wrong kept for the page."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import marshmallow as ma
from flask import request
from flask_babel import gettext as _
from marshmallow import fields

from webapp.exceptions import InvalidInput


@dataclass
class PageForm:
    """A form as a page shows it: what stands in the fields, what is wrong, what can be used.

    Parameters
    ----------
    values : mapping
        What stands in the fields: lists for fields with several values.
    errors : mapping of str to list of str
        Sentences by field, translated.
    data : mapping
        The validated values; empty while there are errors.
    """

    values: Mapping[str, Any] = field(default_factory=dict)
    errors: dict[str, list[str]] = field(default_factory=dict)
    data: dict[str, Any] = field(default_factory=dict)

    @property
    def is_valid(self) -> bool:
        """Whether the values can be used."""
        return not self.errors

    def value(self, name: str) -> Any:
        """What stands in a field."""
        found = self.values.get(name)
        return "" if found is None else found

    def add_errors(self, error: InvalidInput) -> None:
        """Take over what a service found."""
        for name, texts in error.fields.items():
            self.errors.setdefault(name, []).extend(texts)


def empty_form(values: Any = None, names: Iterable[str] = ()) -> PageForm:
    """A form that was not sent yet: empty, from a mapping, or from the attributes `names` of a row."""
    if values is None or isinstance(values, Mapping):
        return PageForm(values=values or {})
    return PageForm(values={name: getattr(values, name) for name in names})


def read_form(schema: type[ma.Schema] | ma.Schema) -> PageForm:
    """The form of this request, validated. An empty field counts as not filled in."""
    checked = schema if isinstance(schema, ma.Schema) else schema()
    values = {name: _typed(checked.fields[name], name) for name in checked.fields if _is_sent(name)}
    given = {name: value for name, value in values.items() if value not in ("", [])}
    try:
        return PageForm(values=values, data=checked.load(given))
    except ma.ValidationError as error:
        return PageForm(values=values, errors=_by_field(error))


def _is_sent(name: str) -> bool:
    return name in request.form


def _typed(kind: fields.Field[Any], name: str) -> Any:
    if isinstance(kind, fields.List):
        return [value for value in request.form.getlist(name) if value != ""]
    text = request.form.get(name, "")
    is_number = isinstance(kind, fields.Integer) and re.fullmatch(r"-?[0-9]{1,18}", text.strip())
    return int(text) if is_number else text


def _by_field(error: ma.ValidationError) -> dict[str, list[str]]:
    messages: dict[str, Any] = error.normalized_messages()  # type: ignore[no-untyped-call]
    return {name: sorted({explain(text) for text in _leaves(value)}) for name, value in messages.items()}


def _leaves(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [text for inner in value.values() for text in _leaves(inner)]
    return [str(text) for text in value] if isinstance(value, list) else [str(value)]


# marshmallow's sentences are English; these are the ones people meet.
_SENTENCES: tuple[tuple[str, Callable[..., str]], ...] = (
    (r"Missing data for required field\.|Field may not be null\.", lambda: _("Please fill this in.")),
    (r"Not a valid email address\.", lambda: _("Please give a full e-mail address.")),
    (r"Not a valid (integer|number)\.", lambda _kind: _("Please give a number.")),
    (r"Not a valid (date|datetime|time)\.", lambda _kind: _("Please give a date.")),
    (
        r"Must be greater than or equal to (\S+) and less than or equal to (\S+)\.",
        lambda low, high: _("Please give a number from %(low)s to %(high)s.", low=low, high=high),
    ),
    (r"Longer than (\d+) characters\.", lambda most: _("At most %(most)s characters.", most=most)),
    (r"Shorter than minimum length (\d+)\.", lambda low: _("At least %(low)s characters.", low=low)),
    (r"Longer than maximum length (\d+)\.", lambda most: _("At most %(most)s characters.", most=most)),
    (
        r"Length must be between (\d+) and (\d+)\.",
        lambda low, high: _("Between %(low)s and %(high)s characters.", low=low, high=high),
    ),
    (r"Must be one of: .*", lambda: _("Please choose one of the list.")),
)


def explain(sentence: str) -> str:
    """A sentence of marshmallow's in the reader's language."""
    for pattern, translate in _SENTENCES:
        match = re.fullmatch(pattern, sentence.removesuffix(".") + ".", re.DOTALL)
        if match:
            return translate(*match.groups())
    return sentence


def read_query(schema: type[ma.Schema]) -> PageForm:
    """A filter form in the address: what cannot be read is left out and said."""
    checked = schema()
    values = {name: request.args.get(name, "") for name in checked.fields}
    given = {name: value for name, value in values.items() if value != ""}
    try:
        return PageForm(values=values, data=checked.load(given))
    except ma.ValidationError as error:
        errors = _by_field(error)
        usable = {name: value for name, value in given.items() if name not in errors}
        return PageForm(values=values, errors=errors, data=checked.load(usable))
