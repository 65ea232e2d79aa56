"""What people read for the engine's words: kinds, levels, goals, needs, hours. No forms, no rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import Any

from babel import Locale
from flask import Flask
from flask_babel import format_timedelta, get_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from webapp import engine
from webapp.engine import WEEKDAYS, parse_hours

Options = list[tuple[str, str]]

KIND_NAMES: Mapping[str, Any] = {
    "association": _l("Association"),
    "mentor": _l("Mentor"),
    "neighbour": _l("Neighbour"),
}
KIND_PLURALS: Mapping[str, Any] = {
    "association": _l("Associations"),
    "mentor": _l("Mentors"),
    "neighbour": _l("Neighbours"),
}
LEVEL_NAMES: Mapping[str, Any] = {
    "A0": _l("nothing yet"),
    "A1": _l("a few words"),
    "A2": _l("simple sentences"),
    "B1": _l("everyday talk"),
    "B2": _l("fluent in most things"),
    "C1": _l("very good"),
    "C2": _l("almost like a first language"),
    "native": _l("first language"),
}
GOAL_NAMES: Mapping[str, Any] = {
    "language": _l("Practise the language"),
    "contact": _l("Meet people"),
    "sport": _l("Sport and movement"),
    "culture": _l("Music and culture"),
    "work": _l("Work and career"),
    "school": _l("School and training"),
    "health": _l("Health and well-being"),
    "help_children": _l("Support for children"),
    "give_back": _l("Help others"),
}
NEED_NAMES: Mapping[str, Any] = {
    "women_only": _l("Among women only"),
    "step_free": _l("Without steps"),
    "childcare": _l("Childcare on the spot"),
    "low_cost": _l("Free or very cheap"),
}
MODE_NAMES: Mapping[str, Any] = {
    "walk": _l("On foot"),
    "bike": _l("By bicycle"),
    "transit": _l("By bus and train"),
    "car": _l("By car"),
}
GENDER_NAMES: Mapping[str, Any] = {"f": _l("Woman"), "m": _l("Man"), "d": _l("Diverse")}
PREFERENCE_NAMES: Mapping[str, Any] = {"f": _l("Women"), "m": _l("Men"), "d": _l("Diverse people")}
GENDER_GROUP_NAMES: Mapping[str, Any] = {
    "mixed": _l("Everybody"),
    "women_only": _l("Women only"),
    "men_only": _l("Men only"),
}
PRECISION_NAMES: Mapping[str, Any] = {
    "exact": _l("exact place"),
    "postcode": _l("centre of the postcode area"),
    "district": _l("centre of the district"),
    "town": _l("centre of the town"),
    "none": _l("no place found"),
}
NEED_LEVEL_NAMES: Mapping[int, Any] = {
    1: _l("can wait"),
    2: _l("as usual"),
    3: _l("needs it soon"),
    4: _l("urgent"),
}


def options(names: Mapping[Any, Any], empty: str | None = None) -> Options:
    """Choices of a field, with a first line for "not said" where `empty` is given."""
    first = [] if empty is None else [("", empty)]
    return [*first, *((str(value), str(name)) for value, name in names.items())]


def level_options() -> Options:
    """Language levels with their CEFR letters, for people who know these."""
    return [
        (level, str(name) if level == "native" else f"{level} – {name}")
        for level, name in LEVEL_NAMES.items()
    ]


def names_of(values: Iterable[str], names: Mapping[str, Any]) -> list[str]:
    """The names of some values; what has none is its own name."""
    return [str(names.get(value, value)) for value in values]


def language_code() -> str:
    """The language of this page, as the tables of interests and languages call it."""
    return str(get_locale() or "en")


def interest_names(terms: Iterable[str]) -> list[str]:
    """The names of interests in the reader's language."""
    return [engine.interest_name(term, language_code()) for term in terms]


def language_name(code: str) -> str:
    """The name of a language in the reader's language; a code nobody knows is its own name."""
    name = engine.language_name(code, language_code())
    return _locale_names(language_code()).get(code, name) if name == code else name


def language_groups(chosen: Iterable[str] = ()) -> list[tuple[str, Options]]:
    """Languages to choose from: those often met first, then the others; `chosen` are always among them."""
    common = engine.language_options(language_code())
    known = {code for code, _name in common}
    names = _locale_names(language_code())
    other = {code for code in names if len(code) == 2} | {code for code in chosen if code}
    rest = sorted(((code, language_name(code)) for code in other - known), key=lambda one: one[1].casefold())
    return [(_("Often met here"), common), (_("More languages"), rest)]


def is_language(code: str) -> bool:
    """Whether a code is one of the languages to choose from."""
    common = {known for known, _name in engine.language_options("en")}
    return code in common or (len(code) == 2 and code in _locale_names("en"))


@lru_cache(maxsize=8)
def _locale_names(language: str) -> Mapping[str, str]:
    return dict(Locale.parse(language.replace("-", "_")).languages)


def weekday_names(width: str = "wide") -> list[tuple[str, str]]:
    """The days of the week as (id, name), Monday first."""
    locale = get_locale() or Locale("en")
    names = locale.days["stand-alone"][width]
    return [(day, names[position]) for position, day in enumerate(WEEKDAYS)]


@dataclass(frozen=True)
class DayHours:
    """One day of the week: its name, its hours as text, and the same as (start, length) in minutes."""

    day: str
    name: str
    texts: list[str]
    bars: list[tuple[int, int]]


def week(times: Sequence[str]) -> list[DayHours]:
    """Hours of the week by day, in order."""
    by_day: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for hours in sorted(parse_hours(text) for text in times):
        day, start = divmod(hours.start, 24 * 60)
        by_day[day].append((start, hours.end - hours.start))
    return [
        DayHours(day, name, [_clock_range(*bar) for bar in by_day[position]], by_day[position])
        for position, (day, name) in enumerate(weekday_names())
    ]


def hours_text(times: Sequence[str], most: int = 2) -> str:
    """Hours of the week in a few words: ``Mon 17:00–20:00, Thu 18:00–19:30 +2``."""
    short = dict(weekday_names("abbreviated"))
    texts = [f"{short[day.day]} {text}" for day in week(times) for text in day.texts]
    more = f" +{len(texts) - most}" if len(texts) > most else ""
    return ", ".join(texts[:most]) + more


def _clock_range(start: int, length: int) -> str:
    end = start + length
    return f"{start // 60:02d}:{start % 60:02d}–{end // 60:02d}:{end % 60:02d}"


def duration(since: date, until: date) -> str:
    """How long it is from one day to another, in words: 3 weeks, 5 months."""
    days = (until - since).days
    if days < 1:
        return _("since today")
    return format_timedelta(timedelta(days=days), granularity="day", threshold=1.5)


def init_words(app: Flask) -> None:
    """Let templates name things."""
    for name, function in {
        "interest_names": interest_names,
        "language_name": language_name,
        "hours_text": hours_text,
        "week": week,
    }.items():
        app.add_template_filter(function, name)
    app.add_template_global(names_of)
    app.jinja_env.globals.update(
        KIND_NAMES=KIND_NAMES,
        KIND_PLURALS=KIND_PLURALS,
        LEVEL_NAMES=LEVEL_NAMES,
        GOAL_NAMES=GOAL_NAMES,
        NEED_NAMES=NEED_NAMES,
        MODE_NAMES=MODE_NAMES,
        GENDER_NAMES=GENDER_NAMES,
        PREFERENCE_NAMES=PREFERENCE_NAMES,
        GENDER_GROUP_NAMES=GENDER_GROUP_NAMES,
        PRECISION_NAMES=PRECISION_NAMES,
        NEED_LEVEL_NAMES=NEED_LEVEL_NAMES,
    )
