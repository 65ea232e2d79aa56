"""Tables of text: read by a file's format, asked for columns, written whole or not at all. No people."""

from __future__ import annotations

import csv
import os
import sys
import warnings
from collections.abc import Iterable, Sequence
from pathlib import Path

from matcher.exceptions import RowProblem, UnknownColumnWarning, brief
from matcher.records.formats.csv_file import csv_table
from matcher.records.formats.json_file import json_table
from matcher.records.formats.parquet_file import parquet_table
from matcher.records.formats.raw import RawTable

PathLike = str | Path
_MOST_NAMED = 50


def read_raw_table(path: Path, known: Sequence[str]) -> RawTable:
    """The columns of a file, those with a known name with their text."""
    match path.suffix.lower():
        case ".json":
            return json_table(path, known)
        case ".parquet":
            return parquet_table(path, known)
        case _:
            return csv_table(path, known)


def require_columns(table: RawTable, required: Sequence[str]) -> None:
    """Refuse a table without a column that it needs, or with a column twice."""
    columns = table.columns
    arrived = named(columns) or "nothing"
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


def named(columns: Sequence[str]) -> str:
    """Names of columns for a sentence: not more than can be read, and nothing that cannot be printed."""
    shown = [name if name.isprintable() else ascii(name) for name in map(brief, columns[:_MOST_NAMED])]
    more = len(columns) - len(shown)
    return ", ".join(shown) + (f" and {more:,} more" if more else "")


def warn_of_unknown_columns(table: RawTable, known: Sequence[str]) -> None:
    """Name the columns that are ignored."""
    unknown = [column for column in table.columns if column and column not in known]
    if unknown:
        message = f"{table.name}: columns not known here are ignored: {named(unknown)}"
        warn_caller(UnknownColumnWarning(message))


def warn_caller(warning: Warning) -> None:
    """Warn, and point to the line outside of the engine that called it."""
    level, frame = 2, sys._getframe(1)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith("matcher."):
        level, frame = level + 1, frame.f_back
    warnings.warn(warning, stacklevel=level)


def write_table(path: PathLike, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write a CSV table: all of it or, when anything fails, nothing.

    A pipe or a device is written to as it is.

    Raises
    ------
    OSError
        When the file cannot be written; what stood there before is untouched.
    """
    path = Path(path).resolve()
    if path.exists() and not path.is_file():
        _write_rows(path, columns, rows)
        return
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        _write_rows(unfinished, columns, rows)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def _write_rows(path: Path, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)
