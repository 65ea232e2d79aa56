"""The words of the field: kinds, levels, weekly hours, interest taxonomy. No people, no policy, no texts."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import NamedTuple

KINDS = ("association", "mentor", "neighbour")
LEVELS = ("A0", "A1", "A2", "B1", "B2", "C1", "C2", "native")
GOALS = (
    "language",
    "contact",
    "sport",
    "culture",
    "work",
    "school",
    "health",
    "help_children",
    "give_back",
)
NEEDS = ("women_only", "step_free", "childcare", "low_cost")
ACCESS = ("step_free", "childcare")
MODES = ("walk", "bike", "transit", "car")
GENDERS = ("f", "m", "d")
GENDER_GROUPS = ("mixed", "women_only", "men_only")
NEWCOMER_STATUSES = ("new", "ready", "paused", "closed")
OFFER_STATUSES = ("active", "paused", "closed")
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
CATALOGUES = Path(__file__).parents[1] / "translations"
LANGUAGES = ("en", *sorted(folder.name for folder in CATALOGUES.iterdir() if folder.is_dir()))
"""What Koppel speaks: English, in which its texts are written, and every language with a catalogue."""

MINUTES_A_DAY = 24 * 60
MINUTES_A_WEEK = 7 * MINUTES_A_DAY

_HOURS = re.compile(r"(?P<day>[a-z]{3})\s+(?P<start>\d{1,2}:\d{2})\s*-\s*(?P<end>\d{1,2}:\d{2})")


class Hours(NamedTuple):
    """A stretch of the week, from `start` to `end` in minutes since Monday 00:00; within one day."""

    start: int
    end: int

    def __str__(self) -> str:
        day, start = divmod(self.start, MINUTES_A_DAY)
        end = self.end - day * MINUTES_A_DAY
        return f"{WEEKDAYS[day]} {start // 60:02d}:{start % 60:02d}-{end // 60:02d}:{end % 60:02d}"

    def contains(self, other: Hours) -> bool:
        """Whether `other` lies wholly inside."""
        return self.start <= other.start and other.end <= self.end

    def overlaps(self, other: Hours) -> bool:
        """Whether the two share a minute; touching ends do not."""
        return self.start < other.end and other.start < self.end


def parse_hours(text: str) -> Hours:
    """Read one stretch of the week.

    Parameters
    ----------
    text : str
        Weekday, start and end: ``mon 17:00-20:00``; the end of the day is ``24:00``.

    Returns
    -------
    Hours

    Raises
    ------
    ValueError
        When the text does not have that form, or ends before it starts.

    Examples
    --------
    >>> parse_hours("tue 18:30-20:00")
    Hours(start=2550, end=2640)
    >>> str(parse_hours("sat 9:00-13:00"))
    'sat 09:00-13:00'
    """
    match = _HOURS.fullmatch(text.strip().lower())
    if match is None or match["day"] not in WEEKDAYS:
        raise ValueError("a weekday and hours, as in 'mon 17:00-20:00'")
    midnight = WEEKDAYS.index(match["day"]) * MINUTES_A_DAY
    start, end = (_minute_of_day(match[side]) for side in ("start", "end"))
    if end <= start:
        raise ValueError("hours that end after they start, on one day, as in 'mon 17:00-20:00'")
    return Hours(midnight + start, midnight + end)


def _minute_of_day(clock: str) -> int:
    hour, minute = (int(part) for part in clock.split(":"))
    total = hour * 60 + minute
    if minute > 59 or total > MINUTES_A_DAY:
        raise ValueError("a time of day from 00:00 to 24:00")
    return total


def merge_hours(hours: Iterable[Hours]) -> tuple[Hours, ...]:
    """Sort stretches of the week and join those that touch or overlap on one day.

    Examples
    --------
    >>> [str(h) for h in merge_hours([parse_hours("mon 18:00-20:00"), parse_hours("mon 17:00-18:00")])]
    ['mon 17:00-20:00']
    """
    merged: list[Hours] = []
    for start, end in sorted(hours):
        touches = (
            merged and start <= merged[-1].end and start // MINUTES_A_DAY == merged[-1].start // MINUTES_A_DAY
        )
        if touches:
            merged[-1] = Hours(merged[-1].start, max(end, merged[-1].end))
        else:
            merged.append(Hours(start, end))
    return tuple(merged)


def level_rank(level: str) -> int:
    """Position of a CEFR level in `LEVELS`: 0 for A0, 7 for native."""
    return LEVELS.index(level)


def primary_language(code: str) -> str:
    """The language of a BCP 47 code without script and region.

    Examples
    --------
    >>> primary_language("zh-Hant-TW")
    'zh'
    """
    return code.strip().lower().replace("_", "-").split("-")[0]


@dataclass(frozen=True)
class Term:
    """One interest: its id, the broader interest it belongs to, its names and its OpenStreetMap tag."""

    id: str
    parent: str
    names: Mapping[str, str]
    osm: str

    def name(self, language: str) -> str:
        """The name in `language`, else in English."""
        return self.names.get(language) or self.names["en"]


@dataclass(frozen=True)
class Taxonomy:
    """The interests that newcomers and offers can name.

    Parameters
    ----------
    terms : mapping of str to Term
        By id, in the order of the file.
    """

    terms: Mapping[str, Term]

    def __contains__(self, term_id: str) -> bool:
        return term_id in self.terms

    def broader(self, term_id: str) -> str:
        """The interest one step broader, or an empty string."""
        term = self.terms.get(term_id)
        return term.parent if term else ""


def open_seed(name: str) -> Traversable:
    """A file that is shipped in ``data/seed``, by name."""
    return resources.files("matcher.seed").joinpath(name)


def read_seed_table(name: str) -> list[dict[str, str]]:
    """The rows of a CSV table that is shipped in ``data/seed``."""
    with open_seed(name).open("r", encoding="utf-8") as lines:
        return list(csv.DictReader(lines))


@cache
def load_taxonomy() -> Taxonomy:
    """The taxonomy of ``data/seed/interests.csv``, read once."""
    terms = {
        row["id"]: Term(
            row["id"], row["parent"], {language: row[language] for language in LANGUAGES}, row["osm"]
        )
        for row in read_seed_table("interests.csv")
    }
    return Taxonomy(terms)


@cache
def load_languages() -> dict[str, dict[str, str]]:
    """Languages by BCP 47 code: names in each of `LANGUAGES` and the language's own (``autonym``)."""
    return {row["code"]: row for row in read_seed_table("languages.csv")}
