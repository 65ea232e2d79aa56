"""CSV files: read line by line, so that no more is kept than the columns that were asked for."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, count, islice
from pathlib import Path
from typing import Any, TextIO

import numpy as np
from numpy.typing import NDArray

from matcher.exceptions import InvalidFileError, RowProblem
from matcher.records.columns import Column, Numbering
from matcher.records.formats.raw import RawTable
from matcher.records.formats.sources import (
    MOST_CHARACTERS_A_CELL,
    MOST_CHARACTERS_A_LINE,
    MOST_COLUMNS,
    MOST_ROWS,
    check_text_file,
    null_character,
    refused_file,
    text_of,
)

_ROWS_AT_ONCE = 512  # few enough to stay in the cache of the processor


def csv_table(path: Path, known: Sequence[str]) -> RawTable:
    """The columns of a CSV file, those with a known name with their text.

    Raises
    ------
    InvalidFileError
        When it is no CSV, not in UTF-8, or has more columns or rows than anybody needs.
    OSError
        When the file cannot be opened.
    """
    check_text_file(path)
    try:
        with path.open(encoding="utf-8-sig") as stream:
            return _csv_columns(path, _lines(path, stream), known)
    except (UnicodeDecodeError, InvalidFileError):
        text_of(path)  # another encoding explains any other error, and is told with its line
        raise


def _lines(path: Path, stream: TextIO) -> Iterator[str]:
    """The lines of a file; refuses those that no table has."""
    for number in count(1):
        line = stream.readline(MOST_CHARACTERS_A_LINE + 1)
        if not line:
            return
        if len(line) > MOST_CHARACTERS_A_LINE:
            expected = f"lines of at most {MOST_CHARACTERS_A_LINE:,} characters"
            raise InvalidFileError([RowProblem(str(path), number, "-", line[:20], expected)])
        if "\0" in line:
            raise null_character(path, number)
        yield line


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
    if len(columns) > MOST_COLUMNS:
        raise refused_file(path, f"at most {MOST_COLUMNS:,} columns", f"{len(columns):,}")
    asked = {name: at for at, name in enumerate(columns) if name in known}
    numbers = {name: Numbering() for name in asked}
    codes: dict[str, list[NDArray[np.int32]]] = {name: [] for name in asked}
    lines: list[int] = []
    problems: dict[int, RowProblem] = {}
    fitted = _fitted_rows(rows, len(columns), delimiter)
    while some := list(islice(fitted, _ROWS_AT_ONCE)):
        for position, (line, _row, surplus) in enumerate(some):
            if surplus:
                expected = f"{len(columns)} cells (lists with {delimiter!r} inside a cell must be quoted)"
                problems[len(lines) + position] = RowProblem(str(path), line, "-", surplus, expected)
        lines += [line for line, _row, _surplus in some]
        if len(lines) > MOST_ROWS:
            raise refused_file(path, f"at most {MOST_ROWS:,} rows", "more")
        by_column = list(zip(*(row for _line, row, _surplus in some), strict=True))
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
        expected = f"a readable CSV row, with at most {MOST_CHARACTERS_A_CELL:,} characters a cell"
        raise InvalidFileError([RowProblem(str(path), line, "-", str(error), expected)]) from error


def _fitted_rows(
    rows: Iterable[tuple[int, list[str]]], n_columns: int, delimiter: str
) -> Iterator[tuple[int, list[str], str]]:
    """Rows of the header's length, and what is too much; missing cells are empty, empty ones do no harm."""
    for line, cells in rows:
        if len(cells) == n_columns:
            yield line, cells, ""
        else:
            surplus = delimiter.join(cells[n_columns:])
            is_said = bool(surplus.strip(f"{delimiter} "))
            yield line, [*cells[:n_columns], *[""] * (n_columns - len(cells))], surplus if is_said else ""
