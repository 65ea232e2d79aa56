"""A table as it came, by columns, whatever it came from; cells that no text can have. No files, no people."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any

import numpy as np

from matcher.exceptions import InvalidFileError, InvalidTableError, RowProblem
from matcher.records.columns import Column
from matcher.records.formats.sources import MOST_CHARACTERS_A_CELL

_NO_TEXT = re.compile("[\x00\ud800-\udfff]")


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


def table_of_texts(name: str, columns: list[str], cells: Mapping[str, Column[str]], n_rows: int) -> RawTable:
    """The table of values that came as text; a row with what no text can have has a problem."""
    problems: dict[int, RowProblem] = {}
    for column, texts in cells.items():
        odd = {code: expected for code, text in enumerate(texts.values) if (expected := _oddity(text))}
        if odd:
            for row in np.flatnonzero(np.isin(texts.codes, list(odd))).tolist():
                code = int(texts.codes[row])
                problem = RowProblem(name, row + 1, column, texts.values[code], odd[code])
                problems.setdefault(row, problem)
    return RawTable(name, columns, cells, range(1, n_rows + 1), problems)


def _oddity(text: str) -> str:
    """What was expected instead of a text that cannot be; nothing where it can be."""
    if len(text) > MOST_CHARACTERS_A_CELL:
        return f"at most {MOST_CHARACTERS_A_CELL:,} characters"
    return "text without null characters and halves of characters" if _NO_TEXT.search(text) else ""


def plain_text(value: Any) -> str:
    """A value of JSON or Parquet as the text of a cell; raises RecursionError for lists in lists in lists."""
    match value:
        case None:
            text = ""
        case str():
            text = value.strip()
        case bool():
            text = "yes" if value else "no"
        case list():
            text = ";".join(plain_text(item) for item in value)
        case dict():
            text = ";".join(f"{key}:{plain_text(item)}" for key, item in value.items())
        case tuple():  # an entry of a mapping in Parquet
            text = ":".join(plain_text(part) for part in value)
        case float() if value.is_integer():
            text = str(int(value))
        case datetime() if value.time() == time.min:
            text = value.date().isoformat()
        case _:
            text = str(value).strip()
    return text
