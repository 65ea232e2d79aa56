"""Newcomers and offers from tables in memory: pandas, polars, Arrow, rows of dictionaries. No files.

No library of tables is imported unless somebody hands over a table of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import Any, Protocol

import numpy as np

from matcher.exceptions import InvalidTableError, RowProblem
from matcher.records.columns import Column, People
from matcher.records.fields import NEWCOMER, OFFER, RecordFields
from matcher.records.files import people_of
from matcher.records.formats.raw import RawTable
from matcher.records.people import Newcomer, Offer, Person, shown


class ArrowStream(Protocol):
    """A table that exports itself to others: of pandas, polars, Arrow and many more."""

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """The table as Arrow's C stream."""


Table = Iterable[Mapping[str, Any]] | Mapping[str, Iterable[Any]] | ArrowStream
"""Rows, columns, or a table of another library."""
NewcomersLike = Iterable[Newcomer] | Table
OffersLike = Iterable[Offer] | Table

_EXPECTED = "records, a list of dictionaries, or a table of pandas, polars or Arrow"


def newcomers_from(table: Table, problems: list[RowProblem] | None = None) -> People[Newcomer]:
    """Newcomers of a table in memory, with the columns of the newcomers file.

    Parameters
    ----------
    table : table
        A pandas or polars data frame, an Arrow table, a list of dictionaries (one a row), a dictionary of
        lists (one a column), or anything that exports itself by ``__arrow_c_stream__`` or ``__dataframe__``.
        A cell holds what a record takes: a list or the text of a file's cell, a date or its text. None, NaN
        and their like are not said, and so is an entry of a mapping that has no value.
    problems : list of RowProblem, optional
        Given: rows that cannot be taken are left out and their problems appended here. Not given: a single
        one refuses the table. The first row has number 1.

    Returns
    -------
    People of Newcomer
        In the order of the table.

    Raises
    ------
    InvalidTableError
        With every row that cannot be taken, unless `problems` is given; always when this is no table, when a
        column is missing that a file must have, or when pyarrow is needed and not installed.

    Warns
    -----
    UnknownColumnWarning, UnknownTermWarning
        As `matcher.records.files.read_newcomers`.

    Examples
    --------
    >>> people = newcomers_from([{"id": 7, "languages": "uk:native", "interests": ["football"]}])
    >>> people[0].id, people[0].interests
    ('7', ('football',))
    """
    return _people_from(table, Newcomer, problems)


def offers_from(table: Table, problems: list[RowProblem] | None = None) -> People[Offer]:
    """Offers of a table in memory, with the columns of the offers file; all else as `newcomers_from`."""
    return _people_from(table, Offer, problems)


def as_newcomers(people: NewcomersLike) -> Sequence[Newcomer]:
    """Newcomers as a sequence that nobody changes: records as they are, or those of a table.

    Parameters
    ----------
    people : iterable of Newcomer, or table
        See `newcomers_from`.

    Raises
    ------
    InvalidTableError
        As `newcomers_from`; and with the row of each thing that is no newcomer.
    """
    return _as_people(people, Newcomer)


def as_offers(people: OffersLike) -> Sequence[Offer]:
    """Offers as a sequence that nobody changes; all else as `as_newcomers`."""
    return _as_people(people, Offer)


def _fields_and_name(record: type[Newcomer] | type[Offer]) -> tuple[RecordFields, str]:
    return (NEWCOMER, "newcomers") if record is Newcomer else (OFFER, "offers")


def _people_from(table: Any, record: type[Person], problems: list[RowProblem] | None) -> People[Person]:
    fields, name = _fields_and_name(record)
    if isinstance(table, Iterable) and not isinstance(table, Mapping | Sequence) and not _is_frame(table):
        table = list(table)
    columns = _columns_of_table(table, name)
    if columns is None:
        raise InvalidTableError([_of_table(name, shown(table), _EXPECTED)])
    if not columns and isinstance(table, Sequence):
        columns = [(column, []) for column in fields.required]  # no rows are no people
    names = [str(column).strip().lower() for column, _values in columns]
    lengths = {len(values) for _column, values in columns}
    if len(lengths) > 1:
        raise InvalidTableError([_of_table(name, str(sorted(lengths)), "columns of one length")])
    cells = {
        column: _column(values)
        for column, (_name, values) in zip(names, columns, strict=True)
        if column in fields.names
    }
    n_rows = lengths.pop() if lengths else 0
    raw = RawTable(name, names, cells, range(1, n_rows + 1), {}, is_in_memory=True)
    return people_of(raw, record, fields, problems)


def _as_people(people: Any, record: type[Person]) -> Sequence[Person]:
    _fields, name = _fields_and_name(record)
    if isinstance(people, People):
        if people.record is not record:
            raise InvalidTableError([_of_table(name, repr(people), f"records of {record.__name__}")])
        return people
    if _is_frame(people) or isinstance(people, Mapping | str | bytes) or not isinstance(people, Iterable):
        return _people_from(people, record, None)
    records = tuple(people)
    kinds = set(map(type, records))
    if kinds and all(issubclass(kind, Mapping) for kind in kinds):
        return _people_from(records, record, None)
    if not all(issubclass(kind, record) for kind in kinds):
        raise InvalidTableError(
            RowProblem(name, row, "", shown(one), f"a record of {record.__name__}", "row")
            for row, one in enumerate(records, start=1)
            if not isinstance(one, record)
        )
    return records


def _of_table(name: str, value: str, expected: str) -> RowProblem:
    """What is wrong with a table as such."""
    return RowProblem(name, 0, "", value, expected, "row")


# Tables of other libraries ---------------------------------------------------------------------------


def _is_frame(table: Any) -> bool:
    """Whether this is a table of some library; decided without importing one."""
    return hasattr(table, "__arrow_c_stream__") or hasattr(table, "__dataframe__")


def _columns_of_table(table: Any, name: str) -> list[tuple[Any, list[Any]]] | None:
    """Name and values of each column, None where nothing is said; None: this is no table."""
    if _is_frame(table):
        return _columns_of_frame(table, name)
    if isinstance(table, Mapping):
        are_lists = all(isinstance(v, Iterable) and not isinstance(v, str | bytes) for v in table.values())
        return [(column, list(values)) for column, values in table.items()] if are_lists else None
    if isinstance(table, Sequence) and all(isinstance(row, Mapping) for row in table):
        keys = dict.fromkeys(chain.from_iterable(table))
        return [(key, [row.get(key) for row in table]) for key in keys]
    return None


def _columns_of_frame(table: Any, name: str) -> list[tuple[Any, list[Any]]]:
    match type(table).__module__.partition(".")[0]:
        case "pandas" if hasattr(table, "columns"):
            return [(own, _of_series(table.iloc[:, at])) for at, own in enumerate(table.columns)]
        case "polars" if hasattr(table, "get_columns"):
            return [(series.name, series.to_list()) for series in table.get_columns()]
        case "pyarrow" if hasattr(table, "column"):
            return [(own, table.column(at).to_pylist()) for at, own in enumerate(table.schema.names)]
        case _:
            return _columns_of_frame(_as_arrow(table, name), name)


def _of_series(series: Any) -> list[Any]:
    """The values of a column of pandas; NaN, NaT and NA become None."""
    return [value if said else None for value, said in zip(series.tolist(), series.notna(), strict=True)]


def _as_arrow(table: Any, name: str) -> Any:
    """A table of a library not known here, as one of Arrow."""
    try:
        # An extra, which not every installation has; and only those who hand over such a table need it.
        import pyarrow
        from pyarrow import interchange
    except ImportError as error:
        expected = "pyarrow to read it with (get it with pip install 'koppel[parquet]'), or dictionaries"
        raise InvalidTableError([_of_table(name, type(table).__name__, expected)]) from error
    try:
        if hasattr(table, "__arrow_c_stream__"):
            return pyarrow.table(table)
        return interchange.from_dataframe(table)
    except (pyarrow.ArrowException, TypeError, ValueError) as error:
        raise InvalidTableError([_of_table(name, str(error), _EXPECTED)]) from error


def _column(values: list[Any]) -> Column[Any]:
    """A column of values, equal ones once where that can be told."""
    kinds = set(map(type, values))
    if np.ndarray in kinds:
        values = [value.tolist() if isinstance(value, np.ndarray) else value for value in values]
    each_apart = Column(values, np.arange(len(values), dtype=np.int32))
    if bool in kinds and not kinds <= {bool, type(None)}:
        return each_apart  # True equals 1, and is another value all the same
    try:
        return Column.of(values)
    except TypeError:  # some values have no hash
        return each_apart
