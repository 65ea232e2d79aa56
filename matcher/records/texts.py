"""Tables of text in CSV, JSON and Parquet files: split when read, written whole or not at all. No people."""

from __future__ import annotations

import csv
import json
import os
import sys
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from itertools import chain, islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from matcher.exceptions import InvalidFileError, InvalidTableError, RowProblem, UnknownColumnWarning
from matcher.records.columns import Column, Numbering

PathLike = str | Path
_ROWS_AT_ONCE = 512  # few enough to stay in the cache of the processor


@dataclass(frozen=True)
class RawTable:
    """A table as it came, by columns.

    Parameters
    ----------
    name : str
        What errors call it: the path of a file.
    columns : list of str
        All of the header, in its order.
    cells : mapping of str to Column
        Those that were asked for: the text of a file without blanks around it, or values.
    lines : sequence of int
        Where each row begins; of JSON and Parquet, the number of the record.
    problems : mapping of int to RowProblem
        By row: what is wrong with the row as such.
    is_in_memory : bool
        Whether cells are values, to be taken; else they are text, to be read.
    """

    name: str
    columns: list[str]
    cells: Mapping[str, Column[Any]]
    lines: Sequence[int]
    problems: Mapping[int, RowProblem]
    is_in_memory: bool = False

    def problem(self, row: int, column: str, value: str, expected: str) -> RowProblem:
        """A value of a row that cannot be."""
        counted = "row" if self.is_in_memory else "line"
        return RowProblem(self.name, self.lines[row], column, value, expected, counted)

    def error(self, problems: Iterable[RowProblem]) -> InvalidTableError:
        """What to raise for some problems of this table."""
        return InvalidTableError(problems) if self.is_in_memory else InvalidFileError(problems)


def read_raw_table(path: Path, known: Sequence[str]) -> RawTable:
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


def _csv_table(path: Path, known: Sequence[str]) -> RawTable:
    try:
        with path.open(encoding="utf-8-sig") as stream:
            return _csv_columns(path, stream, known)
    except (UnicodeDecodeError, InvalidFileError):
        _text_of(path)  # another encoding explains any other error, and is told with its line
        raise


def _csv_columns(path: Path, stream: Iterator[str], known: Sequence[str]) -> RawTable:
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
    return RawTable(
        str(path),
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


def _json_table(path: Path, known: Sequence[str]) -> RawTable:
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
    return RawTable(str(path), columns, cells, range(1, len(folded) + 1), {})


def _parquet_table(path: Path, known: Sequence[str]) -> RawTable:
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
    return RawTable(str(path), columns, cells, range(1, table.num_rows + 1), {})


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


def require_columns(table: RawTable, required: Sequence[str]) -> None:
    """Refuse a table without a column that it needs, or with a column twice."""
    columns = table.columns
    arrived = ", ".join(columns) or "nothing"
    line, what = (0, "a table") if table.is_in_memory else (1, "a header row")
    problems = [
        RowProblem(table.name, line, column, arrived, f"{what} with the column {column}")
        for column in required
        if column not in columns
    ]
    problems += [
        RowProblem(table.name, line, column, arrived, f"{what} that names each column once")
        for column in dict.fromkeys(columns)
        if column and columns.count(column) > 1
    ]
    if problems:
        raise table.error(problems)


def warn_of_unknown_columns(table: RawTable, known: Sequence[str]) -> None:
    """Name the columns that are ignored."""
    unknown = [column for column in table.columns if column and column not in known]
    if unknown:
        message = f"{table.name}: columns not known here are ignored: {', '.join(unknown)}"
        warn_caller(UnknownColumnWarning(message))


def warn_caller(warning: Warning) -> None:
    """Warn, and point to the line outside of the engine that called it."""
    level, frame = 2, sys._getframe(1)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith("matcher."):
        level, frame = level + 1, frame.f_back
    warnings.warn(warning, stacklevel=level)


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
