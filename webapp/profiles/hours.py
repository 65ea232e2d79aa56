"""The hours of a week, and stretches of time, as people read them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from babel import Locale
from flask import Flask
from flask_babel import get_locale, ngettext
from flask_babel import gettext as _

from webapp.engine.vocabulary import WEEKDAYS, parse_hours

WEEKS_SAID, MONTHS_SAID = 13, 24
DAYS_OF_A_MONTH = 365.25 / 12


def weekday_names(width: str = "wide") -> list[tuple[str, str]]:
    """The days of the week as (id, name), Monday first."""
    locale = get_locale() or Locale("en")
    names = locale.days["stand-alone"][width]
    return [(day, names[position]) for position, day in enumerate(WEEKDAYS)]


@dataclass(frozen=True)
class WeekDay:
    """One day of the week: its name, its hours as text, and the same as (start, length) in minutes."""

    day: str
    name: str
    texts: list[str]
    bars: list[tuple[int, int]]


def week(times: Sequence[str]) -> list[WeekDay]:
    """Hours of the week by day, in order."""
    by_day: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for hours in sorted(parse_hours(text) for text in times):
        day, start = divmod(hours.start, 24 * 60)
        by_day[day].append((start, hours.end - hours.start))
    return [
        WeekDay(day, name, [_clock_range(*bar) for bar in by_day[position]], by_day[position])
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
    """How long it is from one day to another, in words: 3 weeks, 5 months, 2 years."""
    return weeks_text((until - since).days / 7)


def weeks_text(weeks: float) -> str:
    """So many weeks in words, the same on every page: months from 13 weeks on, years from 24 months on."""
    if weeks < 1:
        return _("less than a week")
    if weeks < WEEKS_SAID:
        return ngettext("%(num)s week", "%(num)s weeks", int(weeks))
    months = round(weeks * 7 / DAYS_OF_A_MONTH)
    if months < MONTHS_SAID:
        return ngettext("%(num)s month", "%(num)s months", months)
    return ngettext("%(num)s year", "%(num)s years", months // 12)


def init_hours(app: Flask) -> None:
    """Let templates write hours."""
    app.add_template_filter(hours_text)
    app.add_template_filter(week)
