"""The kinds of values a record keeps: how each is read, taken, written and checked. No field by its name.

A cell of a file is *read*. A value of Python is *taken*: one that is kept as it is costs a look, any other
is read as the cell with its text would be.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import KW_ONLY, dataclass
from datetime import date, datetime, time
from decimal import Decimal
from enum import Enum
from functools import cache, lru_cache
from itertools import pairwise
from numbers import Integral
from types import MappingProxyType
from typing import Any, ClassVar
from uuid import UUID

import numpy as np

from matcher.exceptions import FieldProblem
from matcher.records.vocabulary import (
    KINDS,
    LEVELS,
    MINUTES_A_DAY,
    MINUTES_A_WEEK,
    Hours,
    load_taxonomy,
    merge_hours,
    parse_hours,
)

_LANGUAGE_CODE = re.compile(r"[A-Za-z]{2,3}([-_][A-Za-z0-9]{1,8})*")
_YES, _NO = ("yes", "true", "1"), ("no", "false", "0")
_LEVEL_BY_NAME = {level.lower(): level for level in LEVELS}
_MOST_ITEMS_REMEMBERED = 1 << 14


class Stored(Enum):
    """What a table of rows needs to keep a value of some kind."""

    TEXT = "text"
    WHOLE_NUMBER = "whole number"
    NUMBER = "number"
    YES_NO = "yes or no"
    DAY = "day"
    LIST = "list"
    COUNTS = "counts by kind of offer"


class Kind(ABC):
    """A kind of value.

    Attributes
    ----------
    stored : Stored
    expected : str
        What a value of another type is told.
    is_ordered : bool
        Whether the order of what is in it matters.
    keep : callable or None
        Makes what a record keeps of a value that was read or taken; None: the value itself.
    beside : tuple of str
        Other fields of the record whose values `keep` needs after its own.
    """

    stored: ClassVar[Stored]
    is_ordered: ClassVar[bool] = False
    keep: ClassVar[Callable[..., Any] | None] = None
    beside: ClassVar[tuple[str, ...]] = ()

    @property
    @abstractmethod
    def expected(self) -> str:
        """What would be a value of this kind."""

    @abstractmethod
    def read(self, text: str) -> Any:
        """The value of a cell with some text in it; raises ValueError with what was expected."""

    def take(self, said: Any) -> Any:
        """The value for what a caller passed; raises ValueError with what was expected.

        Not for None and its like: see `is_said`.
        """
        if self.is_kept(said):
            return said
        try:
            text = self._text(said)
        except TypeError:
            raise ValueError(self.expected) from None
        return self.read(text)

    @abstractmethod
    def is_kept(self, said: Any) -> bool:
        """Whether a value is one that `read` could have given."""

    def write(self, value: Any) -> str:
        """The text of a cell that reads as the same value; empty for None."""
        return "" if value is None else str(value)

    def problems(self, name: str, value: Any) -> Iterator[FieldProblem]:
        """What cannot be of the value of the field with this name."""
        yield from ()

    def _text(self, said: Any) -> str:
        """The cell for a value of another type; raises TypeError where there is none."""
        return _plain_text(said)


@dataclass(frozen=True)
class Text(Kind):
    """A line of text, kept as it was written.

    Parameters
    ----------
    longest : int
        How many characters a table of rows has for it. Files may have more.
    """

    longest: int
    stored = Stored.TEXT
    expected = "text"

    def read(self, text: str) -> str:
        return text

    def is_kept(self, said: Any) -> bool:
        return type(said) is str

    def _text(self, said: Any) -> str:
        if isinstance(said, UUID):
            return str(said)
        return str.__str__(said) if isinstance(said, str) else _number_text(said)


@dataclass(frozen=True)
class Identifier(Text):
    """A text that is never empty."""

    expected = "an id"

    def problems(self, name: str, value: str) -> Iterator[FieldProblem]:
        if not value.strip():
            yield FieldProblem(name, value, self.expected)


@dataclass(frozen=True)
class LanguageCode(Text):
    """The code of one language, in small letters."""

    def read(self, text: str) -> str:
        return text.lower()

    def is_kept(self, said: Any) -> bool:
        return type(said) is str and said == said.lower()


@dataclass(frozen=True)
class Word(Kind):
    """One word out of some, or nothing.

    Parameters
    ----------
    choices : tuple of str
    longest : int
        As `Text`.
    may_be_empty : bool
    """

    choices: tuple[str, ...]
    longest: int
    _: KW_ONLY
    may_be_empty: bool = True
    stored = Stored.TEXT

    @property
    def expected(self) -> str:
        return f"one of {', '.join(self.choices)}"

    def read(self, text: str) -> str:
        return text.lower()

    def is_kept(self, said: Any) -> bool:
        return type(said) is str and said in self.choices

    def problems(self, name: str, value: str) -> Iterator[FieldProblem]:
        if value or not self.may_be_empty:
            yield from _choice_problems(name, (value,), self.choices)


@dataclass(frozen=True)
class Level(Word):
    """A level of a language in its usual spelling, or nothing."""

    choices: tuple[str, ...] = LEVELS
    longest: int = 10

    def read(self, text: str) -> str:
        return _level(text)


@dataclass(frozen=True)
class Words(Kind):
    """Any number of words out of some."""

    choices: tuple[str, ...]
    stored = Stored.LIST

    @property
    def expected(self) -> str:
        return f"words out of {', '.join(self.choices)}"

    def read(self, text: str) -> tuple[str, ...]:
        return tuple(item.lower() for item in dict.fromkeys(_items(text)))

    def is_kept(self, said: Any) -> bool:
        return _is_tuple_of(str, said) and all(map(self.choices.__contains__, said)) and _is_unique(said)

    def write(self, value: Iterable[object]) -> str:
        return ";".join(map(str, value))

    def problems(self, name: str, value: Iterable[str]) -> Iterator[FieldProblem]:
        yield from _choice_problems(name, value, self.choices)

    def _text(self, said: Any) -> str:
        return _list_text(said)


@dataclass(frozen=True)
class Terms(Kind):
    """Interests: those of the taxonomy by id, others as they were called.

    Parameters
    ----------
    longest, most : int
        Characters of an interest, and interests, that forms take. Files may have more.
    """

    longest: int = 60
    most: int = 60
    stored = Stored.LIST
    expected = "interests, as in 'football;cooking'"

    def read(self, text: str) -> tuple[str, ...]:
        return tuple(dict.fromkeys(map(_term, _items(text))))

    def is_kept(self, said: Any) -> bool:
        return _is_tuple_of(str, said) and all(map(_is_kept_term, said)) and _is_unique(said)

    def write(self, value: Iterable[str]) -> str:
        return ";".join(value)

    def _text(self, said: Any) -> str:
        return _list_text(said)


@dataclass(frozen=True)
class Number(Kind):
    """A number between two others, or None."""

    low: float
    high: float
    stored = Stored.NUMBER
    expected = "a number"

    def read(self, text: str) -> float:
        try:
            return float(text.replace(",", "."))
        except ValueError:
            raise ValueError(self.expected) from None

    def is_kept(self, said: Any) -> bool:
        return type(said) is float and said == said  # noqa: PLR0124 - NaN is not said

    def write(self, value: float | None) -> str:
        if value is None:
            return ""
        return str(int(value)) if float(value).is_integer() else repr(value)

    def problems(self, name: str, value: float | None) -> Iterator[FieldProblem]:
        yield from _range_problems(name, (value,), self.low, self.high)


@dataclass(frozen=True)
class WholeNumber(Kind):
    """A whole number between two others, or None."""

    low: int
    high: int
    stored = Stored.WHOLE_NUMBER
    expected = "a whole number"

    def read(self, text: str) -> int:
        return _whole_number(text)

    def is_kept(self, said: Any) -> bool:
        return type(said) is int

    def problems(self, name: str, value: int | None) -> Iterator[FieldProblem]:
        yield from _range_problems(name, (value,), self.low, self.high)


@dataclass(frozen=True)
class Years(Kind):
    """Any number of years between two others.

    Parameters
    ----------
    low, high : int
    most : int
        How many a form takes.
    """

    low: int
    high: int
    most: int = 20
    stored = Stored.LIST
    expected = "years, as in '2012;2015'"

    def read(self, text: str) -> tuple[int, ...]:
        return tuple(map(_whole_number, _items(text)))

    def is_kept(self, said: Any) -> bool:
        return _is_tuple_of(int, said)

    def write(self, value: Iterable[int]) -> str:
        return ";".join(map(str, value))

    def problems(self, name: str, value: Iterable[int]) -> Iterator[FieldProblem]:
        yield from _range_problems(name, value, self.low, self.high)

    def _text(self, said: Any) -> str:
        return _list_text(said)


class YesNo(Kind):
    """Yes or no."""

    stored = Stored.YES_NO
    expected = "yes or no"

    def read(self, text: str) -> bool:
        if text.lower() not in _YES + _NO:
            raise ValueError(self.expected)
        return text.lower() in _YES

    def is_kept(self, said: Any) -> bool:
        return type(said) is bool

    def write(self, value: bool) -> str:
        return "yes" if value else "no"

    def _text(self, said: Any) -> str:
        return ("yes" if said else "no") if isinstance(said, np.bool_) else _plain_text(said)


class Day(Kind):
    """A day, or None."""

    stored = Stored.DAY
    expected = "a date such as 2026-03-31"

    def read(self, text: str) -> date:
        try:
            return date.fromisoformat(text)
        except ValueError:
            raise ValueError(self.expected) from None

    def is_kept(self, said: Any) -> bool:
        return type(said) is date

    def _text(self, said: Any) -> str:
        return _day_text(said) if isinstance(said, date | np.datetime64) else _plain_text(said)


class FreeHours(Kind):
    """Stretches of the week, sorted; those that touch are joined."""

    stored = Stored.LIST
    expected = "a weekday and hours, as in 'mon 17:00-20:00'"

    def read(self, text: str) -> tuple[Hours, ...]:
        return tuple(map(_stretch, dict.fromkeys(_items(text))))

    def is_kept(self, said: Any) -> bool:
        return _is_tuple_of(Hours, said) and all(map(_is_of_one_day, said))

    def write(self, value: Iterable[Hours]) -> str:
        return ";".join(map(str, value))

    @staticmethod
    def keep(hours: Iterable[Hours]) -> tuple[Hours, ...]:
        hours = tuple(hours)
        return hours if all(a.end < b.start for a, b in pairwise(hours)) else merge_hours(hours)

    def _text(self, said: Any) -> str:
        if isinstance(said, Hours):
            return str(said)
        if isinstance(said, Iterable) and not isinstance(said, str | bytes | Mapping):
            return ";".join(map(_stretch_text, said))
        return _plain_text(said)


class Sessions(FreeHours):
    """Sessions of an association, which stay apart where they touch; free hours of a person."""

    beside = ("kind",)

    @staticmethod
    def keep(hours: Iterable[Hours], kind: str) -> tuple[Hours, ...]:  # type: ignore[override]
        return tuple(sorted(set(hours))) if kind == "association" else FreeHours.keep(hours)


class Languages(Kind):
    """Languages by BCP 47 code, each with a level; the first native one is a group of the mixing limit."""

    stored = Stored.LIST
    is_ordered = True
    expected = "languages and their levels, as in 'uk:native;de:A2'"

    def read(self, text: str) -> dict[str, str]:
        """``uk:native;de:A2``; a language without a level is spoken well (C1)."""
        spoken = {}
        for item in dict.fromkeys(_items(text)):
            code, _, level = (part.strip() for part in item.partition(":"))
            if code.lower() in spoken:
                raise ValueError("each language once")
            spoken[code.lower()] = _level(level or "C1")
        return spoken

    def is_kept(self, said: Any) -> bool:
        return isinstance(said, dict | MappingProxyType) and all(
            type(code) is str and level in LEVELS and code == code.lower() and ";" not in code
            for code, level in said.items()
        )

    def write(self, value: Mapping[str, str]) -> str:
        return _pairs_text(value)

    def problems(self, name: str, value: Mapping[str, str]) -> Iterator[FieldProblem]:
        for code, level in value.items():
            if not _LANGUAGE_CODE.fullmatch(code):
                yield FieldProblem(name, code, "a language code such as 'de', 'uk' or 'ar'")
            if level not in LEVELS:
                yield FieldProblem(name, f"{code}:{level}", f"a level out of {', '.join(LEVELS)}")

    @staticmethod
    def keep(value: Mapping[str, str]) -> Mapping[str, str]:
        return MappingProxyType(dict(value))

    def _text(self, said: Any) -> str:
        return _pairs_text(said)


@dataclass(frozen=True)
class Wants(Kind):
    """How many offers of each kind; of none: one association."""

    low: int
    high: int
    stored = Stored.COUNTS
    expected = "kinds and numbers, as in 'association:2;mentor:1'"

    def read(self, text: str) -> dict[str, int]:
        wanted = {}
        for item in dict.fromkeys(_items(text)):
            kind, _, count = (part.strip() for part in item.partition(":"))
            if kind.lower() in wanted:
                raise ValueError("each kind once")
            wanted[kind.lower()] = _whole_number(count or "1")
        return wanted

    def is_kept(self, said: Any) -> bool:
        return isinstance(said, dict | MappingProxyType) and all(
            kind in KINDS and type(count) is int for kind, count in said.items()
        )

    def write(self, value: Mapping[str, int]) -> str:
        return _pairs_text(value)

    def problems(self, name: str, value: Mapping[str, int]) -> Iterator[FieldProblem]:
        yield from _choice_problems(name, value, KINDS)
        yield from _range_problems(name, value.values(), self.low, self.high)

    @staticmethod
    def keep(value: Mapping[str, int]) -> Mapping[str, int]:
        return MappingProxyType(dict(value) or {"association": 1})

    def _text(self, said: Any) -> str:
        return _pairs_text(said)


def is_said(value: Any) -> bool:
    """Whether a value says something: not None, an empty text, or what stands for a missing one in a table.

    Examples
    --------
    >>> [is_said(value) for value in (None, "", float("nan"), 0, False, ())]
    [False, False, False, True, True, True]
    """
    if isinstance(value, str):
        return value != ""
    if value is None or type(value).__name__ == "NAType":
        return False
    if isinstance(value, float | Decimal | datetime | np.generic):
        return bool(value == value)  # noqa: PLR0124 - a missing number or moment equals nothing
    return True


# Text of values that are of another type -------------------------------------------------------------


def _plain_text(said: Any) -> str:
    """A number or a text, as a cell has it; raises TypeError for anything else."""
    return str.__str__(said).strip() if isinstance(said, str) else _number_text(said)


def _number_text(said: Any) -> str:
    if isinstance(said, Integral) and not isinstance(said, bool):
        return str(int(said))
    if isinstance(said, float | np.floating | Decimal):
        number = float(said)
        return str(int(number)) if number.is_integer() else repr(number)
    raise TypeError(said)


def _day_text(said: Any) -> str:
    """A day, or a moment at the beginning of one; any other moment in full."""
    if isinstance(said, np.datetime64):
        said = said.astype("datetime64[us]").item()
    if isinstance(said, datetime):
        return said.date().isoformat() if said.time() == time.min else str(said)
    return said.isoformat() if isinstance(said, date) else str(said)


def _list_text(said: Any) -> str:
    """Texts or numbers as one cell; sets in an order that is the same each time."""
    if not isinstance(said, Iterable) or isinstance(said, str | bytes | Mapping):
        return _plain_text(said)
    items = sorted(said, key=str) if isinstance(said, set | frozenset) else said
    return ";".join(_plain_text(item) for item in items if is_said(item))


def _pairs_text(said: Any) -> str:
    """A mapping, or a list of pairs or of texts, as one cell; an entry without a value is not said."""
    if not isinstance(said, Iterable) or isinstance(said, str | bytes | set | frozenset):
        return _plain_text(said)
    pairs = [pair for pair in said.items() if is_said(pair[1])] if isinstance(said, Mapping) else said
    return ";".join(
        ":".join(_plain_text(part) if is_said(part) else "" for part in pair)
        if isinstance(pair, tuple)
        else _plain_text(pair)
        for pair in pairs
    )


def _stretch_text(said: Any) -> str:
    """A stretch of the week as text; two numbers are minutes since Monday 00:00."""
    if isinstance(said, tuple) and len(said) == 2:
        start, end = said
        return str(Hours(int(_number_text(start)), int(_number_text(end))))
    return _plain_text(said)


def _is_tuple_of(kind: type, said: Any) -> bool:
    return type(said) is tuple and set(map(type, said)) <= {kind}


def _is_unique(items: tuple[str, ...]) -> bool:
    return len(set(items)) == len(items)


def _is_of_one_day(hours: Hours) -> bool:
    return 0 <= hours.start < hours.end <= MINUTES_A_WEEK and (
        hours.start // MINUTES_A_DAY == (hours.end - 1) // MINUTES_A_DAY
    )


# What is in a cell -----------------------------------------------------------------------------------


def _items(text: str) -> list[str]:
    return [item for item in map(str.strip, text.split(";")) if item]


def _whole_number(text: str) -> int:
    if not re.fullmatch(r"[+-]?[0-9]{1,15}", text):
        raise ValueError("a whole number")
    return int(text)


@lru_cache(_MOST_ITEMS_REMEMBERED)
def _stretch(item: str) -> Hours:
    return parse_hours(item)


def _level(text: str) -> str:
    """A level in the usual spelling; anything else as it is, for the check to refuse."""
    return _LEVEL_BY_NAME.get(text.lower(), text)


@lru_cache(_MOST_ITEMS_REMEMBERED)
def _term(item: str) -> str:
    """An interest by id, or by its name in one of the taxonomy's languages."""
    return _term_by_name().get(item.casefold(), item.lower())


@lru_cache(_MOST_ITEMS_REMEMBERED)
def _is_kept_term(item: str) -> bool:
    return list(map(_term, _items(item))) == [item]


@cache
def _term_by_name() -> dict[str, str]:
    terms = load_taxonomy().terms
    names = {name.casefold(): term.id for term in terms.values() for name in term.names.values()}
    return names | {term_id: term_id for term_id in terms}


def _choice_problems(name: str, values: Iterable[str], choices: tuple[str, ...]) -> Iterator[FieldProblem]:
    for value in values:
        if value not in choices:
            yield FieldProblem(name, str(value), f"one of {', '.join(choices)}")


def _range_problems(
    name: str, values: Iterable[float | None], low: float, high: float
) -> Iterator[FieldProblem]:
    for value in values:
        if value is not None and not low <= value <= high:
            yield FieldProblem(name, str(value), f"a number from {low} to {high}")
