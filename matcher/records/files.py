"""Newcomers, offers and pairs to and from files, every unreadable value named by row.

Decides nothing on people. A file is read by columns: most cells repeat, so each distinct text of a column is
converted and checked once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, starmap
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from matcher.exceptions import (
    FieldProblem,
    FileProblem,
    InvalidFileError,
    InvalidTableError,
    OtherFileError,
    RowProblem,
    UnknownTermWarning,
)
from matcher.records.columns import Column, People, joint
from matcher.records.fields import MISSING, NEWCOMER, OFFER, Field, RecordFields
from matcher.records.formats.raw import RawTable
from matcher.records.kinds import Text, is_said
from matcher.records.people import Newcomer, Offer, Person, shown
from matcher.records.texts import (
    PathLike,
    read_raw_table,
    require_columns,
    warn_caller,
    warn_of_unknown_columns,
    write_table,
)
from matcher.records.vocabulary import load_taxonomy

Read = TypeVar("Read")

__all__ = [
    "Pair",
    "read_all",
    "read_newcomers",
    "read_offers",
    "read_pairs",
    "read_people",
    "write_newcomers",
    "write_offers",
    "write_table",
]


@dataclass(frozen=True)
class Pair:
    """A row of a fixed or banned file: who, which offer, and why; its line is not compared."""

    newcomer_id: str
    offer_id: str
    reason: str = ""
    line: int = field(default=0, compare=False)


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
        readable as such, asks for more memory than anybody's town or a required column is missing, and for
        Parquet where pyarrow is not installed. As `OtherFileError` when it holds offers, or pairs.
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
    return _people_of_file(Path(path), Newcomer, NEWCOMER, problems)


def read_offers(path: PathLike, problems: list[RowProblem] | None = None) -> People[Offer]:
    """Read offers from a CSV, JSON or Parquet file; parameters, raises and warnings as `read_newcomers`."""
    return _people_of_file(Path(path), Offer, OFFER, problems)


def read_people(path: PathLike) -> People[Newcomer] | People[Offer]:
    """Read newcomers or offers, whichever the columns of a file tell of.

    Raises
    ------
    InvalidFileError
        As `read_newcomers`; and when the columns tell of neither.
    """
    table = read_raw_table(Path(path), tuple(dict.fromkeys((*NEWCOMER.names, *OFFER.names))))
    if _contents(table.columns) == "offers":
        return people_of(table, Offer, OFFER, None)
    return people_of(table, Newcomer, NEWCOMER, None)


def read_pairs(path: PathLike) -> list[Pair]:
    """Read fixed or banned pairs: columns ``newcomer_id``, ``offer_id`` and, if you like, ``reason``.

    Raises
    ------
    InvalidFileError
        With every row that names no newcomer or no offer; and for newcomers or offers instead of pairs.
    """
    table = read_raw_table(Path(path), _OF_PAIRS)
    _check_contents(table, "pairs")
    required = _REQUIRED["pairs"]
    require_columns(table, required)
    warn_of_unknown_columns(table, _OF_PAIRS)
    cells = {name: column.each() for name, column in table.cells.items()}
    problems = list(table.problems.values())
    problems += [
        table.problem(row, name, "", "an id")
        for row in range(len(table.lines))
        for name in required
        if not cells[name][row]
    ]
    if problems:
        raise table.error(problems)
    reasons = cells.get("reason") or [""] * len(table.lines)
    rows = zip(cells["newcomer_id"], cells["offer_id"], reasons, table.lines, strict=True)
    return list(starmap(Pair, rows))


def read_all(*readings: Callable[[], Read]) -> list[Read]:
    """What each of some readings of files gives; or the problems of all files in one error.

    Raises
    ------
    InvalidFileError
        At once for a file of something else: where two were swapped, one sentence tells of both.
    """
    problems: list[RowProblem] = []
    read: list[Read] = []
    for reading in readings:
        try:
            read.append(reading())
        except OtherFileError:
            raise
        except InvalidFileError as error:
            problems += error.problems
    if problems:
        raise InvalidFileError(problems)
    return read


def write_newcomers(path: PathLike, newcomers: Iterable[Newcomer]) -> None:
    """Write newcomers as CSV with every column, so that `read_newcomers` gives equal records back."""
    write_table(path, NEWCOMER.names, _rows_of(newcomers, NEWCOMER))


def write_offers(path: PathLike, offers: Iterable[Offer]) -> None:
    """Write offers as CSV with every column, so that `read_offers` gives equal records back."""
    write_table(path, OFFER.names, _rows_of(offers, OFFER))


def _rows_of(people: Iterable[Person], fields: RecordFields) -> Iterator[list[str]]:
    for person in people:
        yield [field.kind.write(getattr(person, field.name)) for field in fields]


# What a file holds -----------------------------------------------------------------------------------

_OF_PAIRS = ("newcomer_id", "offer_id", "reason")
_REQUIRED = {"newcomers": NEWCOMER.required, "offers": OFFER.required, "pairs": ("newcomer_id", "offer_id")}
_OWN_COLUMNS = {
    "newcomers": set(NEWCOMER.names) - set(OFFER.names),
    "offers": set(OFFER.names) - set(NEWCOMER.names),
    "pairs": set(_OF_PAIRS),
}


def _contents(columns: Sequence[str]) -> str:
    """What columns tell of: the sort of file of whose own columns there are most; nothing for a tie."""
    own = {
        contents: len(_OWN_COLUMNS[contents] & set(columns))
        for contents, required in _REQUIRED.items()
        if set(required) <= set(columns)
    }
    most = max(own.values(), default=0)
    found = [contents for contents, n in own.items() if n == most]
    return found[0] if len(found) == 1 else ""


def _check_contents(table: RawTable, expected: str) -> None:
    """Refuse a table that tells of something else than was expected."""
    contents = _contents(table.columns)
    if contents in {"", expected}:
        return
    columns = ", ".join(_REQUIRED[contents])
    arrived = f"what looks like {contents} (columns {columns}); give it where {contents} are expected"
    error = InvalidTableError if table.is_in_memory else OtherFileError
    raise error([FileProblem(table.name, 0, "", arrived, expected)])


# Reading ---------------------------------------------------------------------------------------------


def _people_of_file(
    path: Path, record: type[Person], fields: RecordFields, problems: list[RowProblem] | None
) -> People[Person]:
    return people_of(read_raw_table(path, fields.names), record, fields, problems)


def people_of(
    table: RawTable, record: type[Person], fields: RecordFields, problems: list[RowProblem] | None
) -> People[Person]:
    """The people of a table; parameters, raises and warnings as `read_newcomers`."""
    _check_contents(table, "newcomers" if fields is NEWCOMER else "offers")
    require_columns(table, fields.required)
    warn_of_unknown_columns(table, fields.names)
    converted = {field.name: _converted(table, field) for field in fields}
    columns = _kept({name: one.column for name, one in converted.items()}, fields)
    found = _problems_by_row(table, converted, _checked(columns, fields))
    found |= _repeated_ids(table, columns["id"], found)
    if found and problems is None:
        raise table.error(chain.from_iterable(found[row] for row in sorted(found)))
    if problems is not None:
        problems += chain.from_iterable(found[row] for row in sorted(found))
    rows = np.delete(np.arange(len(table.lines)), sorted(found)) if found else None
    people = People(record, columns, rows)
    _warn_of_unknown_terms(table, people)
    return people


@dataclass(frozen=True)
class _Converted:
    """A column after conversion, and by number of the value what was expected where it cannot be read."""

    column: Column[Any]
    unreadable: Mapping[int, str]


def _converted(table: RawTable, field: Field) -> _Converted:
    """A column of values; the default, or None, stands for those that cannot be read."""
    default = None if field.default is MISSING else field.default
    if field.name not in table.cells:
        return _Converted(Column.constant(default, len(table.lines)), {})
    cells = table.cells[field.name]
    holds, convert = (is_said, field.kind.take) if table.is_in_memory else (bool, field.kind.read)
    if not table.is_in_memory and type(field.kind) is Text and default == "":
        return _Converted(cells, {})
    values: list[Any] = []
    unreadable: dict[int, str] = {}
    for code, cell in enumerate(cells.values):
        value = default
        if holds(cell):
            try:
                value = convert(cell)
            except ValueError as error:
                unreadable[code] = str(error)
        elif field.is_column_required:
            unreadable[code] = "a value; the column is required"
        values.append(value)
    return _Converted(Column(values, cells.codes), unreadable)


def _kept(columns: dict[str, Column[Any]], fields: RecordFields) -> dict[str, Column[Any]]:
    """The columns with values as a record keeps them."""
    all_kept = dict(columns)
    for kept in fields.kept:
        if len(kept.fields) == 1:
            all_kept[kept.name] = columns[kept.name].map(kept.keep)
        else:
            together = joint([columns[name] for name in kept.fields])
            all_kept[kept.name] = Column(list(starmap(kept.keep, together.values)), together.codes)
    return all_kept


def _checked(
    columns: Mapping[str, Column[Any]], fields: RecordFields
) -> list[tuple[Column[Any], dict[int, list[FieldProblem]]]]:
    """Each check's column, and by number of its value what is wrong with it."""
    checked = []
    for check in fields.checks:
        if len(check.fields) == 1:
            (name,) = check.fields
            column = columns[name]
            # Without a default there is no value to check where none could be read.
            skips_none = name not in fields.defaults
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
    table: RawTable,
    converted: Mapping[str, _Converted],
    checked: Sequence[tuple[Column[Any], Mapping[int, list[FieldProblem]]]],
) -> dict[int, list[RowProblem]]:
    """What is wrong with a row: the row as such, else its cells, else the record they would make."""
    found = {row: [problem] for row, problem in table.problems.items()}
    cells = [
        (name, converted[name]) for name in table.columns if name in converted and converted[name].unreadable
    ]
    for row in _rows_with([(one.column, one.unreadable) for _name, one in cells]):
        if row not in found:
            found[row] = [
                table.problem(row, name, shown(table.cells[name].values[code]), expected)
                for name, one in cells
                if (expected := one.unreadable.get(code := int(one.column.codes[row])))
            ]
    of_records = {
        row: [
            table.problem(row, problem.field, problem.value, problem.expected)
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
    table: RawTable, ids: Column[str], found: Mapping[int, object]
) -> dict[int, list[RowProblem]]:
    """Rows, of those without a problem, with the id of a row above that has none either."""
    taken: set[str] = set()
    repeated = {}
    for row, own in enumerate(ids.each()):
        if row in found:
            continue
        if own in taken:
            repeated[row] = [table.problem(row, "id", own, "an id that no row above has")]
        taken.add(own)
    return repeated


def _warn_of_unknown_terms(table: RawTable, people: People[Any]) -> None:
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
        message = f"{table.name}: interests outside the taxonomy are kept as they are: {', '.join(terms)}"
        warn_caller(UnknownTermWarning(message))
