"""CSV, JSON and Parquet files to records and back, every unreadable value named by row.

Decides nothing on people. A file is read by columns: most cells repeat, so each distinct text of a column is
converted and checked once.
"""

from __future__ import annotations

import csv
import json
import os
import re
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import cache, lru_cache
from itertools import chain, islice, starmap
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from matcher.exceptions import (
    FieldProblem,
    InvalidFileError,
    RowProblem,
    UnknownColumnWarning,
    UnknownTermWarning,
)
from matcher.records.columns import Column, Numbering, People, joint
from matcher.records.people import (
    NEWCOMER_FIELDS,
    NEWCOMER_RULES,
    OFFER_FIELDS,
    OFFER_RULES,
    Newcomer,
    Offer,
    Person,
    Rules,
)
from matcher.records.vocabulary import LEVELS, Hours, load_taxonomy, parse_hours

PathLike = str | Path
BoolArray = NDArray[np.bool_]

NEWCOMER_COLUMNS, OFFER_COLUMNS = NEWCOMER_FIELDS, OFFER_FIELDS
"""The records have their fields in the order of the columns."""

_YES, _NO = ("yes", "true", "1"), ("no", "false", "0")
_ROWS_AT_ONCE = 512  # few enough to stay in the cache of the processor
_MOST_ITEMS_REMEMBERED = 1 << 14


@dataclass(frozen=True)
class Pair:
    """A row of a fixed or banned file: who, which offer, and why."""

    newcomer_id: str
    offer_id: str
    reason: str = ""


@dataclass(frozen=True)
class _Table:
    """A file as columns of text.

    Parameters
    ----------
    columns : list of str
        All of the header, in its order.
    cells : mapping of str to Column
        The text of the columns that were asked for, without blanks around it.
    lines : sequence of int
        Where each row begins; of JSON and Parquet, the number of the record.
    problems : mapping of int to RowProblem
        By row: what is wrong with the row as such.
    """

    columns: list[str]
    cells: Mapping[str, Column[str]]
    lines: Sequence[int]
    problems: Mapping[int, RowProblem]


def read_newcomers(path: PathLike, problems: list[RowProblem] | None = None) -> People[Newcomer]:
    """Read newcomers from a CSV, JSON or Parquet file.

    Parameters
    ----------
    path : str or Path
        Ends in ``.json`` for a JSON list of objects, in ``.parquet`` for a Parquet file, whose lists may be
        lists or text as in CSV; anything else is read as CSV, UTF-8 with or without a byte order mark, comma
        or semicolon, with a header row.
    problems : list of RowProblem, optional
        Given: rows that cannot be read are left out and their problems appended here.
        Not given: a single unreadable row refuses the file.

    Returns
    -------
    People of Newcomer
        In the order of the file; behaves like a list that cannot be changed, and keeps the columns.

    Raises
    ------
    InvalidFileError
        With every row that cannot be read, unless `problems` is given; always when the file itself is not
        readable as such or a required column is missing, and for Parquet where pyarrow is not installed.
    OSError
        When the file cannot be opened.

    Warns
    -----
    UnknownColumnWarning, UnknownTermWarning
        Columns that are ignored, and interests outside the taxonomy, named once.

    Notes
    -----
    O(rows) to split the file; converting and checking takes as long as there are distinct texts in a column.
    """
    return _read_people(Path(path), Newcomer, NEWCOMER_RULES, ("id", "languages"), problems)


def read_offers(path: PathLike, problems: list[RowProblem] | None = None) -> People[Offer]:
    """Read offers from a CSV, JSON or Parquet file; parameters, raises and warnings as `read_newcomers`."""
    return _read_people(Path(path), Offer, OFFER_RULES, ("id", "kind", "capacity"), problems)


def read_pairs(path: PathLike) -> list[Pair]:
    """Read fixed or banned pairs: columns ``newcomer_id``, ``offer_id`` and, if you like, ``reason``.

    Raises
    ------
    InvalidFileError
        With every row that names no newcomer or no offer.
    """
    path = Path(path)
    known, required = ("newcomer_id", "offer_id", "reason"), ("newcomer_id", "offer_id")
    table = _read_table(path, known)
    _require_columns(path, table.columns, required)
    _warn_of_unknown_columns(path, table.columns, known)
    cells = {name: column.each() for name, column in table.cells.items()}
    problems = list(table.problems.values())
    problems += [
        RowProblem(str(path), line, name, "", "an id")
        for row, line in enumerate(table.lines)
        for name in required
        if not cells[name][row]
    ]
    if problems:
        raise InvalidFileError(problems)
    reasons = cells.get("reason") or [""] * len(table.lines)
    return [Pair(*pair) for pair in zip(cells["newcomer_id"], cells["offer_id"], reasons, strict=True)]


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


@dataclass(frozen=True)
class _Read:
    """A column after conversion, and by number of the value what was expected where it cannot be read."""

    column: Column[Any]
    unreadable: Mapping[int, str]


def _read_people(
    path: Path,
    record: type[Person],
    rules: Rules,
    required: Sequence[str],
    problems: list[RowProblem] | None,
) -> People[Person]:
    known = NEWCOMER_FIELDS if record is Newcomer else OFFER_FIELDS
    table = _read_table(path, known)
    _require_columns(path, table.columns, required)
    _warn_of_unknown_columns(path, table.columns, known)
    read = {name: _converted(table, name, rules.defaults.get(name), name in required) for name in known}
    columns = _kept({name: read[name].column for name in known}, rules)
    found = _problems_by_row(path, table, read, _checked(columns, rules))
    found |= _repeated_ids(path, table, columns["id"], found)
    if found and problems is None:
        raise InvalidFileError(chain.from_iterable(found[row] for row in sorted(found)))
    if problems is not None:
        problems += chain.from_iterable(found[row] for row in sorted(found))
    rows = np.delete(np.arange(len(table.lines)), sorted(found)) if found else None
    people = People(record, columns, rows)
    _warn_of_unknown_terms(path, people)
    return people


def _converted(table: _Table, name: str, default: Any, is_required: bool) -> _Read:
    """A column of values; the default, or None, stands for those that cannot be read."""
    if name not in table.cells:
        return _Read(Column.constant(default, len(table.lines)), {})
    texts, convert = table.cells[name], _CONVERTERS[name]
    if convert is str and default == "":
        return _Read(texts, {})
    values: list[Any] = []
    unreadable: dict[int, str] = {}
    for code, text in enumerate(texts.values):
        value = default
        if text:
            try:
                value = convert(text)
            except ValueError as error:
                unreadable[code] = str(error)
        elif is_required:
            unreadable[code] = "a value; the column is required"
        values.append(value)
    return _Read(Column(values, texts.codes), unreadable)


def _kept(columns: dict[str, Column[Any]], rules: Rules) -> dict[str, Column[Any]]:
    """The columns with values as a record keeps them."""
    kept = dict(columns)
    for form in rules.forms:
        if len(form.fields) == 1:
            kept[form.name] = columns[form.name].map(form.kept)
        else:
            together = joint([columns[name] for name in form.fields])
            kept[form.name] = Column(list(starmap(form.kept, together.values)), together.codes)
    return kept


def _checked(
    columns: Mapping[str, Column[Any]], rules: Rules
) -> list[tuple[Column[Any], dict[int, list[FieldProblem]]]]:
    """Each check's column, and by number of its value what is wrong with it."""
    checked = []
    for check in rules.checks:
        if len(check.fields) == 1:
            (name,) = check.fields
            column = columns[name]
            # Without a default there is no value to check where none could be read.
            skips_none = name not in rules.defaults
            found = {
                code: wrong
                for code, value in enumerate(column.values)
                if not (value is None and skips_none) and (wrong := list(check.problems(value)))
            }
        else:
            column = joint([columns[name] for name in check.fields])
            found = {
                code: wrong
                for code, values in enumerate(column.values)
                if (wrong := list(check.problems(*values)))
            }
        if found:
            checked.append((column, found))
    return checked


def _problems_by_row(
    path: Path,
    table: _Table,
    read: Mapping[str, _Read],
    checked: Sequence[tuple[Column[Any], Mapping[int, list[FieldProblem]]]],
) -> dict[int, list[RowProblem]]:
    """What is wrong with a row: the row as such, else its cells, else the record they would make."""
    found = {row: [problem] for row, problem in table.problems.items()}
    cells = [(name, read[name]) for name in table.columns if name in read and read[name].unreadable]
    for row in _rows_with([(one.column, one.unreadable) for _name, one in cells]):
        if row not in found:
            found[row] = [
                RowProblem(str(path), table.lines[row], name, table.cells[name].values[code], expected)
                for name, one in cells
                if (expected := one.unreadable.get(code := int(one.column.codes[row])))
            ]
    of_records = {
        row: [
            RowProblem(str(path), table.lines[row], problem.field, problem.value, problem.expected)
            for column, wrong in checked
            for problem in wrong.get(int(column.codes[row]), ())
        ]
        for row in _rows_with(checked)
        if row not in found
    }
    return found | of_records


def _rows_with(found: Sequence[tuple[Column[Any], Mapping[int, Any]]]) -> list[int]:
    """The rows that have one of the values found in one of the columns."""
    rows: set[int] = set()
    for column, wrong in found:
        is_wrong = np.zeros(len(column.values), np.bool_)
        is_wrong[list(wrong)] = True
        rows.update(np.flatnonzero(is_wrong[column.codes]).tolist())
    return sorted(rows)


def _repeated_ids(
    path: Path, table: _Table, ids: Column[str], found: Mapping[int, object]
) -> dict[int, list[RowProblem]]:
    """Rows, of those without a problem, with the id of a row above that has none either."""
    taken: set[str] = set()
    repeated = {}
    for row, own in enumerate(ids.each()):
        if row in found:
            continue
        if own in taken:
            problem = RowProblem(str(path), table.lines[row], "id", own, "an id that no row above has")
            repeated[row] = [problem]
        taken.add(own)
    return repeated


# Splitting a file ------------------------------------------------------------------------------------


def _read_table(path: Path, known: Sequence[str]) -> _Table:
    """The columns of a file, those with a known name with their text."""
    match path.suffix.lower():
        case ".json":
            return _json_table(path, known)
        case ".parquet":
            return _parquet_table(path, known)
        case _:
            return _csv_table(path, known)


def _text_of(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        value = repr(error.object[error.start : error.start + 10])
        raise InvalidFileError([RowProblem(str(path), line, "-", value, "text encoded as UTF-8")]) from error


def _csv_table(path: Path, known: Sequence[str]) -> _Table:
    try:
        with path.open(encoding="utf-8-sig") as stream:
            return _csv_columns(path, stream, known)
    except (UnicodeDecodeError, InvalidFileError):
        _text_of(path)  # another encoding explains any other error, and is told with its line
        raise


def _csv_columns(path: Path, stream: Iterator[str], known: Sequence[str]) -> _Table:
    above = []
    for text in stream:
        above.append(text)
        if text.strip():
            break
    header = next((part for text in above for part in text.splitlines() if part.strip()), "")
    delimiter = ";" if header.count(";") > header.count(",") else ","
    rows = _csv_rows(path, csv.reader(chain(above, stream), delimiter=delimiter, strict=True))
    columns = [cell.strip().lower() for cell in next(rows, (1, []))[1]]
    asked = {name: at for at, name in enumerate(columns) if name in known}
    numbers = {name: Numbering() for name in asked}
    codes: dict[str, list[NDArray[np.int32]]] = {name: [] for name in asked}
    lines: list[int] = []
    problems: dict[int, RowProblem] = {}
    while some := list(islice(rows, _ROWS_AT_ONCE)):
        cells = [row for _line, row in some]
        for position, (line, row) in enumerate(some):
            if len(row) != len(columns):
                cells[position], surplus = _fitted(row, len(columns), delimiter)
                if surplus:
                    expected = f"{len(columns)} cells (lists with {delimiter!r} inside a cell must be quoted)"
                    problems[len(lines) + position] = RowProblem(str(path), line, "-", surplus, expected)
        lines += [line for line, _row in some]
        by_column = list(zip(*cells, strict=True))
        for name, at in asked.items():
            found = map(numbers[name].__getitem__, by_column[at])
            codes[name].append(np.fromiter(found, np.int32, len(some)))
    texts = {name: [text.strip() for text in numbers[name]] for name in asked}
    nobody = np.zeros(0, np.int32)
    return _Table(
        columns,
        {name: Column(texts[name], np.concatenate([nobody, *codes[name]])) for name in asked},
        lines,
        problems,
    )


def _csv_rows(path: Path, reader: Any) -> Iterator[tuple[int, list[str]]]:
    """The rows that are not empty, each with the line it begins on; the header comes first."""
    line = 1
    try:
        for cells in reader:
            if any(map(str.strip, cells)):
                yield line, cells
            line = reader.line_num + 1
    except csv.Error as error:
        problem = RowProblem(str(path), line, "-", str(error), "a readable CSV row")
        raise InvalidFileError([problem]) from error


def _fitted(cells: list[str], n_columns: int, delimiter: str) -> tuple[list[str], str]:
    """A row of the header's length, and what is too much; missing cells are empty, empty ones do no harm."""
    surplus = delimiter.join(cells[n_columns:])
    fitted = [*cells[:n_columns], *[""] * (n_columns - len(cells))]
    return fitted, surplus if surplus.strip(f"{delimiter} ") else ""


def _json_table(path: Path, known: Sequence[str]) -> _Table:
    text = _text_of(path)
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
    cells = {
        name: Column.of(_plain_text(record.get(name)) for record in folded)
        for name in columns
        if name in known
    }
    return _Table(columns, cells, range(1, len(folded) + 1), {})


def _parquet_table(path: Path, known: Sequence[str]) -> _Table:
    try:
        # An extra, which not every installation has; and only those who read Parquet wait for its import.
        import pyarrow
        from pyarrow import parquet
    except ImportError as error:
        expected = "pyarrow to read it with (get it with pip install 'koppel[parquet]'), or a CSV file"
        raise InvalidFileError([RowProblem(str(path), 1, "-", "a Parquet file", expected)]) from error
    with path.open("rb") as stream:
        try:
            table = parquet.read_table(stream)
        except (pyarrow.ArrowException, OSError) as error:
            raise InvalidFileError([RowProblem(str(path), 1, "-", str(error), "a Parquet file")]) from error
    columns = [name.strip().lower() for name in table.column_names]
    cells = {
        name: _arrow_texts(table.column(at), pyarrow.types)
        for at, name in enumerate(columns)
        if name in known
    }
    return _Table(columns, cells, range(1, table.num_rows + 1), {})


def _arrow_texts(cells: Any, types: Any) -> Column[str]:
    """A column of Parquet as text; lists and mappings have no dictionary of their own and go cell by cell."""
    if types.is_struct(cells.type):
        # Every row has every key of a structure; those without a value were not said.
        said = ({k: v for k, v in (cell or {}).items() if v is not None} for cell in cells.to_pylist())
        return Column.of(map(_plain_text, said))
    if types.is_nested(cells.type):
        return Column.of(map(_plain_text, cells.to_pylist()))
    if types.is_dictionary(cells.type):
        cells = cells.cast(cells.type.value_type)
    numbered = cells.combine_chunks().dictionary_encode(null_encoding="encode")
    texts = list(map(_plain_text, numbered.dictionary.to_pylist()))
    return Column(texts, numbered.indices.to_numpy(zero_copy_only=False).astype(np.int32))


def _plain_text(value: Any) -> str:
    """A value of JSON or Parquet as the text of a cell."""
    match value:
        case None:
            text = ""
        case str():
            text = value.strip()
        case bool():
            text = "yes" if value else "no"
        case list():
            text = ";".join(_plain_text(item) for item in value)
        case dict():
            text = ";".join(f"{key}:{_plain_text(item)}" for key, item in value.items())
        case tuple():  # an entry of a mapping in Parquet
            text = ":".join(_plain_text(part) for part in value)
        case float() if value.is_integer():
            text = str(int(value))
        case datetime() if value.time() == time.min:
            text = value.date().isoformat()
        case _:
            text = str(value).strip()
    return text


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


def _warn_of_unknown_terms(path: Path, people: People[Any]) -> None:
    taxonomy = load_taxonomy()
    named: list[tuple[int, int, list[str]]] = []
    for order, column in enumerate((people.column("interests"), people.column("dislikes"))):
        unknown = {
            code: others
            for code, terms in enumerate(column.values)
            if (others := [term for term in terms if term not in taxonomy])
        }
        if unknown:
            _codes, first = np.unique(column.codes, return_index=True)
            named += [(int(first[code]), order, others) for code, others in unknown.items()]
    if named:
        # In the order in which the rows name them.
        terms = dict.fromkeys(term for _row, _order, others in sorted(named) for term in others)
        message = f"{path}: interests outside the taxonomy are kept as they are: {', '.join(terms)}"
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


def _items(text: str) -> list[str]:
    return [item for item in map(str.strip, text.split(";")) if item]


def _words(text: str) -> tuple[str, ...]:
    return tuple(item.lower() for item in dict.fromkeys(_items(text)))


def _years(text: str) -> tuple[int, ...]:
    return tuple(_whole_number(item) for item in _items(text))


def _weekly_hours(text: str) -> tuple[Hours, ...]:
    return tuple(map(_stretch, dict.fromkeys(_items(text))))


@lru_cache(_MOST_ITEMS_REMEMBERED)
def _stretch(item: str) -> Hours:
    return parse_hours(item)


def _languages(text: str) -> dict[str, str]:
    """``uk:native;de:A2``; a language without a level is spoken well (C1)."""
    spoken = {}
    for item in dict.fromkeys(_items(text)):
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
    for item in dict.fromkeys(_items(text)):
        kind, _, count = (part.strip() for part in item.partition(":"))
        if kind.lower() in wanted:
            raise ValueError("each kind once")
        wanted[kind.lower()] = _whole_number(count or "1")
    return wanted


def _terms(text: str) -> tuple[str, ...]:
    """Interests by id, or by their name in one of the taxonomy's languages."""
    return tuple(dict.fromkeys(map(_term, _items(text))))


@lru_cache(_MOST_ITEMS_REMEMBERED)
def _term(item: str) -> str:
    return _term_by_name().get(item.casefold(), item.lower())


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
