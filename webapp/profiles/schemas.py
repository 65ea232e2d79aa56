"""Form fields that newcomers and offers share: languages, hours of the week, interests, a place."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import marshmallow as ma
from flask_babel import gettext as _
from marshmallow import fields, validate

from webapp.engine.vocabulary import LEVELS, WEEKDAYS, interest_groups, parse_hours
from webapp.profiles.labels import is_language
from webapp.web.fields import FormSchema, Number, Text, choice, clean_text

LANGUAGE_ROWS = 6
MOST_TERMS = 60
_HOURS = re.compile(
    r"(?P<h1>\d{1,2})(?:[:.](?P<m1>\d{2}))?\s*(?:h|uhr|uur)?\s*(?:-|–|—|bis|tot|to)\s*"
    r"(?P<h2>\d{1,2})(?:[:.](?P<m2>\d{2}))?\s*(?:h|uhr|uur)?"
)


class HoursLine(fields.Field[list[str]]):
    """The hours of one weekday as people write them: ``9-12, 17:30-20``."""

    def __init__(self, day: str) -> None:
        self.day = day
        super().__init__(load_default=list)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> list[str]:
        parts = [part for part in re.split(r"\s*[,;]\s*", clean_text(str(value)).lower()) if part]
        if len(parts) > 8:
            raise ma.ValidationError(_("At most 8 stretches a day."))
        return [self._read(part) for part in parts]

    def _read(self, part: str) -> str:
        match = _HOURS.fullmatch(part)
        try:
            if match is None:
                raise ValueError(part)
            start, end = (f"{match[f'h{n}']}:{match[f'm{n}'] or '00'}" for n in (1, 2))
            return str(parse_hours(f"{self.day} {start}-{end}"))
        except ValueError:
            raise ma.ValidationError(
                _("Please write hours like 17:00-20:00; several with a comma.")
            ) from None


class HoursByDay(FormSchema):
    """Seven lines, one a weekday, that become one list of hours."""

    hours_mon, hours_tue, hours_wed, hours_thu, hours_fri, hours_sat, hours_sun = (
        HoursLine(day) for day in WEEKDAYS
    )
    hours_name = "availability"

    @ma.post_load
    def _join_hours(self, values: dict[str, Any], **_kwargs: Any) -> dict[str, Any]:
        by_day = [values.pop(f"hours_{day}") for day in WEEKDAYS]
        return {**values, self.hours_name: [text for texts in by_day for text in texts]}


class LanguageRows(FormSchema):
    """Lines of a language and its level that become one list, in their order."""

    language_1, language_2, language_3, language_4, language_5, language_6 = (
        Text(40, load_default="") for _row in range(LANGUAGE_ROWS)
    )
    level_1, level_2, level_3, level_4, level_5, level_6 = (choice(LEVELS) for _row in range(LANGUAGE_ROWS))

    @ma.validates_schema(skip_on_field_errors=False)
    def _check_languages(self, values: dict[str, Any], **_kwargs: Any) -> None:
        seen: set[str] = set()
        problems: dict[str, list[str]] = {}
        for row in range(1, LANGUAGE_ROWS + 1):
            code, level = values.get(f"language_{row}", ""), values.get(f"level_{row}", "")
            if code and not _may_be_language(code):
                problems[f"language_{row}"] = [_("Please choose a language of the list.")]
            elif code and code in seen:
                problems[f"language_{row}"] = [_("This language stands here twice.")]
            elif level and not code:
                problems[f"language_{row}"] = [_("Please choose the language, too.")]
            elif code and not level:
                problems[f"level_{row}"] = [_("Please say how well.")]
            seen.add(code)
        if problems:
            raise ma.ValidationError(problems)

    @ma.post_load
    def _join_languages(self, values: dict[str, Any], **_kwargs: Any) -> dict[str, Any]:
        rows = [
            (values.pop(f"language_{row}"), values.pop(f"level_{row}")) for row in range(1, LANGUAGE_ROWS + 1)
        ]
        return {**values, "languages": [{"code": code, "level": level} for code, level in rows if code]}


def _may_be_language(code: str) -> bool:
    """Of the list; or a code with script or region, as files have them."""
    return is_language(code) or bool(re.fullmatch(r"[a-z]{2,3}([-_][A-Za-z0-9]{1,8})*", code))


class Terms(fields.List[str]):
    """Interests that were ticked."""

    def __init__(self) -> None:
        super().__init__(Text(60), load_default=list, validate=validate.Length(max=MOST_TERMS))


class InterestFields(FormSchema):
    """Interests, ticked or in words of one's own."""

    interests = Terms()
    interests_other = Text(300, load_default="")
    dislikes = Terms()

    @ma.post_load
    def _join_interests(self, values: dict[str, Any], **_kwargs: Any) -> dict[str, Any]:
        own = [clean_text(term)[:60] for term in values.pop("interests_other").split(",")]
        every = [*values["interests"], *(term for term in own if term)]
        return {
            **values,
            "interests": list(dict.fromkeys(every)),
            "dislikes": list(dict.fromkeys(values["dislikes"])),
        }


class AddressFields(FormSchema):
    """Where somebody lives or meets."""

    address = Text(300, load_default="")
    postcode = Text(20, load_default="")


class PlaceFields(AddressFields):
    """The same with a point, where it is known better than the address."""

    lat = Number(-90, 90)
    lon = Number(-180, 180)

    @ma.validates_schema(skip_on_field_errors=False)
    def _check_point(self, values: dict[str, Any], **_kwargs: Any) -> None:
        for name, other in (("lat", "lon"), ("lon", "lat")):
            if values.get(name) is None and values.get(other) is not None:
                raise ma.ValidationError({name: [_("Please give both numbers, or neither.")]})


def form_values(row: Any, schema: type[FormSchema]) -> dict[str, Any]:
    """What stands in the fields of a form for a row: its columns, and what is made of several."""
    plain = {name: getattr(row, name) for name in schema._declared_fields if hasattr(row, name)}
    return plain | _profile_values(row, hours_name=getattr(schema, "hours_name", ""))


def _profile_values(row: Any, *, hours_name: str) -> dict[str, Any]:
    known = {
        term for broad, _name, terms in interest_groups("en") for term in [broad, *(id_ for id_, _n in terms)]
    }
    values: dict[str, Any] = {
        "interests": [term for term in row.interests if term in known],
        "interests_other": ", ".join(term for term in row.interests if term not in known),
        "children_birth_years": ", ".join(str(year) for year in row.children_birth_years),
    }
    for position, language in enumerate(row.languages[:LANGUAGE_ROWS], start=1):
        values[f"language_{position}"], values[f"level_{position}"] = language["code"], language["level"]
    return values | hours_values(getattr(row, hours_name))


def hours_values(times: Iterable[str]) -> dict[str, str]:
    """Hours of the week as the seven lines of a form."""
    by_day: dict[str, list[str]] = {day: [] for day in WEEKDAYS}
    for text in times:
        day, clock = text.split(" ", 1)
        by_day[day].append(clock)
    return {f"hours_{day}": ", ".join(texts) for day, texts in by_day.items()}
