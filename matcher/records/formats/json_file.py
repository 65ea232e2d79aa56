"""JSON files: a list of objects, one a row."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from matcher.exceptions import InvalidFileError, RowProblem
from matcher.records.columns import Column
from matcher.records.formats.raw import RawTable, plain_text, table_of_texts
from matcher.records.formats.sources import MOST_COLUMNS, MOST_ROWS, MOST_VALUES, refused_file, text_of

MOST_JSON_MEGABYTES = 500
_EXPECTED = "a JSON list of objects"


def json_table(path: Path, known: Sequence[str]) -> RawTable:
    """The columns of a JSON file, those with a known name with their text.

    Raises
    ------
    InvalidFileError
        When it is no JSON list of objects, nested too deeply, or with more values than anybody needs.
    OSError
        When the file cannot be opened.
    """
    text = text_of(path, MOST_JSON_MEGABYTES)
    # What begins with one of these, or stands behind one, is a value: a bound that costs no reading.
    if sum(map(text.count, ",[{")) > MOST_VALUES:
        raise refused_file(path, f"at most {MOST_VALUES:,} values (CSV and Parquet may have more)", "more")
    try:
        # A number of any length is kept as it is written, for its column to judge.
        return _table(path, text, json.loads(text, parse_int=str), known)
    except json.JSONDecodeError as error:
        raise InvalidFileError([RowProblem(str(path), error.lineno, "-", error.msg, _EXPECTED)]) from error
    except RecursionError as error:
        raise refused_file(path, f"{_EXPECTED}, with lists in them", "lists in lists in lists") from error


def _table(path: Path, text: str, records: object, known: Sequence[str]) -> RawTable:
    if not isinstance(records, list) or not all(isinstance(record, dict) for record in records):
        raise InvalidFileError([RowProblem(str(path), 1, "-", text[:20], _EXPECTED)])
    if len(records) > MOST_ROWS:
        raise refused_file(path, f"at most {MOST_ROWS:,} rows", f"{len(records):,}")
    folded = [{key.strip().lower(): value for key, value in record.items()} for record in records]
    columns = list(dict.fromkeys(key for record in folded for key in record))
    if len(columns) > MOST_COLUMNS:
        raise refused_file(path, f"at most {MOST_COLUMNS:,} columns", f"{len(columns):,}")
    cells = {
        name: Column.of(plain_text(record.get(name)) for record in folded)
        for name in columns
        if name in known
    }
    return table_of_texts(str(path), columns, cells, len(folded))
