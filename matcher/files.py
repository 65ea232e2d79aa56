"""CSV and JSON files to records and back, every unreadable value named by row. Decides nothing on people."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from matcher.exceptions import (
    InvalidFileError,
    InvalidRecordError,
    RowProblem,
    UnknownColumnWarning,
    UnknownTermWarning,
)
from matcher.people import NEWCOMER_FIELDS, OFFER_FIELDS, Newcomer, Offer
from matcher.vocabulary import LEVELS, Hours, load_taxonomy, parse_hours

Person = TypeVar("Person", Newcomer, Offer)
PathLike = str | Path

NEWCOMER_COLUMNS, OFFER_COLUMNS = NEWCOMER_FIELDS, OFFER_FIELDS
"""The records have their fields in the order of the columns."""

_YES, _NO = ("yes", "true", "1"), ("no", "false", "0")


@dataclass(frozen=True)
class Pair:
    """A row of a fixed or banned file: who, which offer, and why."""

    newcomer_id: str
    offer_id: str
    reason: str = ""


class Row(NamedTuple):
    """A row of a file: its line, its text by column, and what is wrong with the row as such."""

    line: int
    cells: dict[str, str]
    problem: RowProblem | None = None


def read_newcomers(path: PathLike, problems: list[RowProblem] | None = None) -> list[Newcomer]:
    """Read newcomers from a CSV or JSON file.

    Parameters
    ----------
    path : str or Path
        Ends in ``.json`` for a JSON list of objects; anything else is read as CSV, UTF-8 with or without
        a byte order mark, comma or semicolon, with a header row.
    problems : list of RowProblem, optional
        Given: rows that cannot be read are left out and their problems appended here.
        Not given: a single unreadable row refuses the file.

    Returns
    -------
    list of Newcomer
        In the order of the file.

    Raises
    ------
    InvalidFileError
        With every row that cannot be read, unless `problems` is given; always when the file itself is not
        readable as such or a required column is missing.
    OSError
        When the file cannot be opened.

    Warns
    -----
    UnknownColumnWarning, UnknownTermWarning
        Columns that are ignored, and interests outside the taxonomy, named once.
    """
    return _read_people(Path(path), Newcomer, NEWCOMER_FIELDS, ("id", "languages"), problems)


def read_offers(path: PathLike, problems: list[RowProblem] | None = None) -> list[Offer]:
    """Read offers from a CSV or JSON file; parameters, raises and warnings as `read_newcomers`."""
    return _read_people(Path(path), Offer, OFFER_FIELDS, ("id", "kind", "capacity"), problems)


def read_pairs(path: PathLike) -> list[Pair]:
    """Read fixed or banned pairs: columns ``newcomer_id``, ``offer_id`` and, if you like, ``reason``.

    Raises
    ------
    InvalidFileError
        With every row that names no newcomer or no offer.
    """
    path = Path(path)
    columns, rows = _read_rows(path)
    _require_columns(path, columns, ("newcomer_id", "offer_id"))
    _warn_of_unknown_columns(path, columns, ("newcomer_id", "offer_id", "reason"))
    problems = [row.problem for row in rows if row.problem]
    problems += [
        RowProblem(str(path), row.line, column, "", "an id")
        for row in rows
        for column in ("newcomer_id", "offer_id")
        if not row.cells[column]
    ]
    pairs = [Pair(r.cells["newcomer_id"], r.cells["offer_id"], r.cells.get("reason", "")) for r in rows]
    if problems:
        raise InvalidFileError(problems)
    return pairs


def write_newcomers(path: PathLike, newcomers: Iterable[Newcomer]) -> None:
    """Write newcomers as CSV with every column, so that `read_newcomers` gives equal records back."""
    write_table(path, NEWCOMER_COLUMNS, (_to_row(person, NEWCOMER_COLUMNS) for person in newcomers))


def write_offers(path: PathLike, offers: Iterable[Offer]) -> None:
    """Write offers as CSV with every column, so that `read_offers` gives equal records back."""
    write_table(path, OFFER_COLUMNS, (_to_row(offer, OFFER_COLUMNS) for offer in offers))


def write_table(path: PathLike, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write a CSV table: all of it or, when anything fails, nothing.

    Raises
    ------
    OSError
        When the file cannot be written; what stood there before is untouched.
    """
    path = Path(path)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with unfinished.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.writer(stream, lineterminator="\n")
            writer.writerow(columns)
            writer.writerows(rows)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


# Reading ---------------------------------------------------------------------------------------------


def _read_people(
    path: Path,
    record: type[Person],
    known: Sequence[str],
    required: Sequence[str],
    problems: list[RowProblem] | None,
) -> list[Person]:
    columns, rows = _read_rows(path)
    _require_columns(path, columns, required)
    _warn_of_unknown_columns(path, columns, known)
    people: dict[str, Person] = {}
    found: list[RowProblem] = []
    for row in rows:
        person, row_problems = _read_person(path, row, record, known, required)
        if person is not None and person.id in people:
            row_problems.append(
                RowProblem(str(path), row.line, "id", person.id, "an id that no row above has")
            )
        if row_problems or person is None:
            found += row_problems
        else:
            people[person.id] = person
    if found and problems is None:
        raise InvalidFileError(found)
    if problems is not None:
        problems += found
    _warn_of_unknown_terms(path, people.values())
    return list(people.values())


def _read_person(
    path: Path, row: Row, record: type[Person], known: Sequence[str], required: Sequence[str]
) -> tuple[Person | None, list[RowProblem]]:
    if row.problem:
        return None, [row.problem]
    line = row.line
    values: dict[str, Any] = {}
    problems: list[RowProblem] = []
    for column, text in row.cells.items():
        try:
            if column in required and not text:
                raise ValueError("a value; the column is required")
            if column in known and text:
                values[column] = _CONVERTERS[column](text)
        except ValueError as error:
            problems.append(RowProblem(str(path), line, column, text, str(error)))
    if problems:
        return None, problems
    try:
        return record(**values), []
    except InvalidRecordError as error:
        return None, [
            RowProblem(str(path), line, problem.field, problem.value, problem.expected)
            for problem in error.problems
        ]


def _read_rows(path: Path) -> tuple[list[str], list[Row]]:
    """Columns and rows; of JSON, the number of the record stands for the line."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        value = repr(error.object[error.start : error.start + 10])
        raise InvalidFileError([RowProblem(str(path), line, "-", value, "text encoded as UTF-8")]) from error
    return _json_rows(path, text) if path.suffix.lower() == ".json" else _csv_rows(path, text)


def _csv_rows(path: Path, text: str) -> tuple[list[str], list[Row]]:
    header = next((line for line in text.splitlines() if line.strip()), "")
    delimiter = ";" if header.count(";") > header.count(",") else ","
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    rows: list[Row] = []
    columns: list[str] = []
    line = 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                if columns:
                    rows.append(_csv_row(path, line, columns, cells, delimiter))
                else:
                    columns = [cell.strip().lower() for cell in cells]
            line = reader.line_num + 1
    except csv.Error as error:
        problem = RowProblem(str(path), line, "-", str(error), "a readable CSV row")
        raise InvalidFileError([problem]) from error
    return columns, rows


def _csv_row(path: Path, line: int, columns: Sequence[str], cells: list[str], delimiter: str) -> Row:
    """One row; cells that are missing at its end are empty, empty ones too many do no harm."""
    surplus = delimiter.join(cells[len(columns) :])
    padded = [*cells, *[""] * (len(columns) - len(cells))]
    problem = None
    if surplus.strip(f"{delimiter} "):
        expected = f"{len(columns)} cells (lists with {delimiter!r} inside a cell must be quoted)"
        problem = RowProblem(str(path), line, "-", surplus, expected)
    return Row(line, {c: cell.strip() for c, cell in zip(columns, padded, strict=False)}, problem)


def _json_rows(path: Path, text: str) -> tuple[list[str], list[Row]]:
    try:
        records = json.loads(text)
    except json.JSONDecodeError as error:
        raise InvalidFileError(
            [RowProblem(str(path), error.lineno, "-", error.msg, "a JSON list of objects")]
        ) from error
    if not isinstance(records, list) or not all(isinstance(record, dict) for record in records):
        raise InvalidFileError([RowProblem(str(path), 1, "-", text[:20], "a JSON list of objects")])
    folded = [{key.strip().lower(): value for key, value in record.items()} for record in records]
    columns = list(dict.fromkeys(key for record in folded for key in record))
    rows = [
        Row(number, {column: _json_text(record.get(column)) for column in columns})
        for number, record in enumerate(folded, start=1)
    ]
    return columns, rows


def _json_text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ";".join(_json_text(item) for item in value)
    if isinstance(value, dict):
        return ";".join(f"{key}:{_json_text(item)}" for key, item in value.items())
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()


def _require_columns(path: Path, columns: Sequence[str], required: Sequence[str]) -> None:
    arrived = ", ".join(columns) or "nothing"
    problems = [
        RowProblem(str(path), 1, column, arrived, f"a header row with the column {column}")
        for column in required
        if column not in columns
    ]
    problems += [
        RowProblem(str(path), 1, column, arrived, "a header row that names each column once")
        for column in dict.fromkeys(columns)
        if column and columns.count(column) > 1
    ]
    if problems:
        raise InvalidFileError(problems)


def _warn_of_unknown_columns(path: Path, columns: Sequence[str], known: Sequence[str]) -> None:
    unknown = [column for column in columns if column and column not in known]
    if unknown:
        message = f"{path}: columns not known here are ignored: {', '.join(unknown)}"
        warnings.warn(UnknownColumnWarning(message), stacklevel=4)


def _warn_of_unknown_terms(path: Path, people: Iterable[Newcomer | Offer]) -> None:
    taxonomy = load_taxonomy()
    unknown: dict[str, None] = {}
    for person in people:
        terms = (*person.interests, *person.dislikes)
        unknown |= dict.fromkeys(term for term in terms if term not in taxonomy)
    if unknown:
        message = f"{path}: interests outside the taxonomy are kept as they are: {', '.join(unknown)}"
        warnings.warn(UnknownTermWarning(message), stacklevel=4)


# One cell --------------------------------------------------------------------------------------------


def _yes_no(text: str) -> bool:
    if text.lower() not in _YES + _NO:
        raise ValueError("yes or no")
    return text.lower() in _YES


def _whole_number(text: str) -> int:
    if not re.fullmatch(r"[+-]?[0-9]{1,15}", text):
        raise ValueError("a whole number")
    return int(text)


def _number(text: str) -> float:
    try:
        return float(text.replace(",", "."))
    except ValueError:
        raise ValueError("a number") from None


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError("a date such as 2026-03-31") from None


def _items(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(item.strip() for item in text.split(";") if item.strip()))


def _words(text: str) -> tuple[str, ...]:
    return tuple(item.lower() for item in _items(text))


def _years(text: str) -> tuple[int, ...]:
    return tuple(_whole_number(item.strip()) for item in text.split(";") if item.strip())


def _weekly_hours(text: str) -> tuple[Hours, ...]:
    return tuple(parse_hours(item) for item in _items(text))


def _languages(text: str) -> dict[str, str]:
    """``uk:native;de:A2``; a language without a level is spoken well (C1)."""
    spoken = {}
    for item in _items(text):
        code, _, level = (part.strip() for part in item.partition(":"))
        if code.lower() in spoken:
            raise ValueError("each language once")
        spoken[code.lower()] = _level(level or "C1")
    return spoken


def _level(text: str) -> str:
    """A level in the usual spelling; anything else as it is, for the record to refuse."""
    return next((level for level in LEVELS if level.lower() == text.lower()), text)


def _wants(text: str) -> dict[str, int]:
    wanted = {}
    for item in _items(text):
        kind, _, count = (part.strip() for part in item.partition(":"))
        if kind.lower() in wanted:
            raise ValueError("each kind once")
        wanted[kind.lower()] = _whole_number(count or "1")
    return wanted


def _terms(text: str) -> tuple[str, ...]:
    """Interests by id, or by their name in one of the taxonomy's languages."""
    by_name = _term_by_name()
    return tuple(dict.fromkeys(by_name.get(item.casefold(), item.lower()) for item in _items(text)))


@cache
def _term_by_name() -> dict[str, str]:
    terms = load_taxonomy().terms
    names = {name.casefold(): term.id for term in terms.values() for name in term.names.values()}
    return names | {term_id: term_id for term_id in terms}


_CONVERTERS: dict[str, Callable[[str], Any]] = {
    **dict.fromkeys(
        ("id", "town", "name", "email", "phone", "contact_name", "contact_email", "address", "postcode"), str
    ),
    "household_id": str,
    **dict.fromkeys(
        ("contact_language", "gender", "prefers_gender", "status", "kind", "gender_group"), str.lower
    ),
    **dict.fromkeys(("interests", "dislikes", "can_offer", "seeks"), _terms),
    **dict.fromkeys(("goals", "mobility", "needs", "access"), _words),
    **dict.fromkeys(("children_birth_years",), _years),
    **dict.fromkeys(("lat", "lon", "cost_eur_month", "language_share_max"), _number),
    **dict.fromkeys(("birth_year", "max_minutes", "max_placements", "need_level"), _whole_number),
    **dict.fromkeys(("capacity", "taken", "age_min", "age_max"), _whole_number),
    **dict.fromkeys(("guardian_consent", "consent", "accepts_minors", "cost_support"), _yes_no),
    **dict.fromkeys(("waiting_since", "screening_valid_until", "confirmed_at"), _date),
    **dict.fromkeys(("availability", "times"), _weekly_hours),
    "languages": _languages,
    "min_level": _level,
    "wants": _wants,
}


# Writing ---------------------------------------------------------------------------------------------


def _to_row(person: Newcomer | Offer, columns: Sequence[str]) -> list[str]:
    return [to_cell(getattr(person, column)) for column in columns]


def to_cell(value: object) -> str:
    """One value as the text of a cell: lists joined with ``;``, yes and no, dates in ISO form, None empty."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    if isinstance(value, Mapping):
        return ";".join(f"{key}:{item}" for key, item in value.items())
    if isinstance(value, tuple) and not isinstance(value, Hours):
        return ";".join(str(item) for item in value)
    return str(value)
