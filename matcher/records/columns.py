"""People by columns: each distinct value once, and who has it. No files, no arrays of the engine."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Generic, TypeVar, overload

import numpy as np
from numpy.typing import DTypeLike, NDArray

from matcher.records.people import Newcomer, Offer, Person, checked_record

Value_co = TypeVar("Value_co", covariant=True)
Other = TypeVar("Other")

_MOST_KEYS = 2**62


@dataclass(frozen=True, eq=False)
class Column(Generic[Value_co]):
    """One field of many people: its distinct values, and the number of the value of each person.

    What depends on a value alone is worked out once a value, and handed to those who have it.

    Parameters
    ----------
    values : sequence
        Somebody has each of them; two may be equal.
    codes : ndarray of int32, shape (n,)
        Positions in `values`.

    Examples
    --------
    >>> genders = Column.of(["f", "m", "f"])
    >>> genders.values, genders.codes.tolist()
    (['f', 'm'], [0, 1, 0])
    >>> genders.map(str.upper).each()
    ['F', 'M', 'F']
    """

    values: Sequence[Value_co]
    codes: NDArray[np.int32]

    @staticmethod
    def of(values: Iterable[Other]) -> Column[Other]:
        """The column of these values, one a person; mappings are equal only in the same order."""
        values = list(values)
        numbers = Numbering()
        keys = map(_key, values) if _needs_key(values) else values
        codes = np.fromiter(map(numbers.__getitem__, keys), np.int32, len(values))
        _codes, first = np.unique(codes, return_index=True)
        return Column([values[row] for row in first.tolist()], codes)

    @staticmethod
    def constant(value: Other, n: int) -> Column[Other]:
        """The same value for n people."""
        return Column([value] if n else [], np.zeros(n, np.int32))

    def __len__(self) -> int:
        return self.codes.size

    def each(self) -> list[Value_co]:
        """The value of each person."""
        return list(map(self.values.__getitem__, self.codes.tolist()))

    def map(self, function: Callable[[Value_co], Other]) -> Column[Other]:
        """The column of what a function makes of each distinct value."""
        return Column([function(value) for value in self.values], self.codes)

    def array(self, function: Callable[[Value_co], Any], dtype: DTypeLike) -> NDArray[Any]:
        """What a function makes of each distinct value, as an array with one entry (or row) a person."""
        return np.array([function(value) for value in self.values], dtype)[self.codes]

    def take(self, rows: NDArray[np.integer[Any]]) -> Column[Value_co]:
        """The column of some of the people, without the values that none of them has."""
        used, codes = np.unique(self.codes[rows], return_inverse=True)
        return Column([self.values[code] for code in used.tolist()], codes.astype(np.int32))

    def merged(self) -> Column[Value_co]:
        """The same column with equal values made one."""
        distinct = Column.of(self.values)
        return Column(distinct.values, distinct.codes[self.codes])


class Numbering(dict[Any, int]):
    """Numbers things in the order in which they are first asked for."""

    def __missing__(self, thing: object) -> int:
        number = self[thing] = len(self)
        return number


def joint(columns: Sequence[Column[Any]]) -> Column[tuple[Any, ...]]:
    """The column of the combinations that occur of several columns of the same people.

    Examples
    --------
    >>> joint([Column.of(["f", "m", "f"]), Column.of([1, 2, 1])]).values
    [('f', 1), ('m', 2)]
    """
    keys = np.zeros(len(columns[0]), np.int64)
    n_keys = 1
    for column in columns:
        if n_keys * max(1, len(column.values)) > _MOST_KEYS:
            used, keys = np.unique(keys, return_inverse=True)
            n_keys = used.size
        keys = keys * len(column.values) + column.codes
        n_keys *= len(column.values)
    _used, first, codes = np.unique(keys, return_index=True, return_inverse=True)
    parts = [[column.values[code] for code in column.codes[first].tolist()] for column in columns]
    return Column(list(zip(*parts, strict=True)), codes.astype(np.int32))


class People(Sequence[Person]):
    """Newcomers or offers kept as columns; behaves like a list of records, each made when it is asked for.

    Read-only. A record is made anew each time, equal to the one before: the columns are what is kept.

    Parameters
    ----------
    record : type
        `Newcomer` or `Offer`.
    columns : mapping of str to Column
        By field, every field of the record, with values taken, kept and checked.
    rows : ndarray of int, optional
        Which rows of the columns, in which order; default: all.

    Examples
    --------
    >>> from matcher.records.fields import NEWCOMER
    >>> said = {"id": ["a", "b"], "languages": [{"uk": "native"}] * 2}
    >>> columns = {f.name: Column.of(said.get(f.name) or [f.default] * 2) for f in NEWCOMER}
    >>> people = People(Newcomer, columns)
    >>> people[1].id, people.column("languages").values
    ('b', [{'uk': 'native'}])
    """

    def __init__(
        self,
        record: type[Person],
        columns: Mapping[str, Column[Any]],
        rows: NDArray[np.integer[Any]] | None = None,
    ) -> None:
        self._record: type[Person] = record
        self._columns = columns
        self._rows = rows
        self._taken: dict[str, Column[Any]] = {}

    @property
    def record(self) -> type[Person]:
        """`Newcomer` or `Offer`."""
        return self._record

    def column(self, name: str) -> Column[Any]:
        """The values of one field."""
        if self._rows is None:
            return self._columns[name]
        if name not in self._taken:
            self._taken[name] = self._columns[name].take(self._rows)
        return self._taken[name]

    def __len__(self) -> int:
        return len(self._columns["id"]) if self._rows is None else self._rows.size

    @overload
    def __getitem__(self, index: int) -> Person: ...

    @overload
    def __getitem__(self, index: slice) -> People[Person]: ...

    def __getitem__(self, index: int | slice) -> Person | People[Person]:
        rows = range(len(self)) if self._rows is None else self._rows
        if isinstance(index, slice):
            return People(self._record, self._columns, np.asarray(rows[index], np.int64))
        row = int(rows[index])
        values = {name: column.values[column.codes[row]] for name, column in self._columns.items()}
        return checked_record(self._record, values)

    def __iter__(self) -> Iterator[Person]:
        rows = slice(None) if self._rows is None else self._rows
        columns = self._columns.values()
        each = [map(column.values.__getitem__, column.codes[rows].tolist()) for column in columns]
        for values in zip(*each, strict=True):
            yield checked_record(self._record, dict(zip(self._columns, values, strict=True)))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sequence) or len(self) != len(other):
            return NotImplemented if not isinstance(other, Sequence) else False
        return all(mine == theirs for mine, theirs in zip(self, other, strict=True))

    __hash__ = None  # type: ignore[assignment]  # as a list

    def __repr__(self) -> str:
        return f"<{len(self)} records: {self._record.__name__}>"


def columns_of(people: Sequence[Newcomer] | Sequence[Offer]) -> Callable[[str], Column[Any]]:
    """The column of a field by its name: as `people` keep it, else made of their records when asked for."""
    if isinstance(people, People):
        return people.column
    return cache(lambda name: Column.of(getattr(person, name) for person in people))


def _needs_key(values: Iterable[object]) -> bool:
    return any(issubclass(kind, Mapping | list) for kind in set(map(type, values)))


def _key(value: object) -> object:
    """What stands for a value in a dictionary: order counts, since the first native language is a group."""
    if isinstance(value, Mapping):
        return tuple(value.items())
    return tuple(value) if isinstance(value, list) else value
