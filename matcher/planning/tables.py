"""A plan as tables: columns for pandas, polars and Arrow, and the files of the command line. No solving.

The columns of the two tables stand here and nowhere else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from matcher.pairs.criteria import CRITERIA
from matcher.planning.single import Plan, check_plan
from matcher.records.texts import write_table

Changes = Mapping[tuple[str, str], str]
_NO_CHANGES: Changes = MappingProxyType({})


@dataclass(frozen=True)
class PlanColumn:
    """A column of a table of a plan.

    Parameters
    ----------
    name : str
    type : type
        Of its values: str, int, float, or dict for the parts of a score.
    value : callable
        What a proposal, or an open wish, has in it.
    text : callable, optional
        The cell of a file for a value.
    """

    name: str
    type: type
    value: Callable[[Any], Any]
    text: Callable[[Any], str] = str


PROPOSAL_COLUMNS = (
    PlanColumn("newcomer_id", str, lambda p: p.newcomer_id),
    PlanColumn("offer_id", str, lambda p: p.offer_id),
    PlanColumn("kind", str, lambda p: p.kind),
    PlanColumn("score", float, lambda p: p.score, lambda score: f"{score:.6f}"),
    PlanColumn("distance_km", float, lambda p: p.distance_km, lambda km: "" if km is None else f"{km:.3f}"),
    PlanColumn(
        "parts",
        dict,
        lambda p: dict(p.parts),
        lambda parts: ";".join(f"{name}={part:.6f}" for name, part in parts.items()),
    ),
)
UNMATCHED_COLUMNS = (
    PlanColumn("newcomer_id", str, lambda u: u.newcomer_id),
    PlanColumn("kind", str, lambda u: u.kind),
    PlanColumn("wanted", int, lambda u: u.wanted),
    PlanColumn("proposed", int, lambda u: u.proposed),
    PlanColumn("reason", str, lambda u: u.reason),
)
_RELAXATION = "relaxation"


class ColumnTable(dict[str, list[Any]]):
    """Columns of a table by name, each a list, with the types for a data frame.

    Parameters
    ----------
    columns : mapping of str to list
    types : mapping of str to type
        str, int, float or dict.

    Examples
    --------
    >>> table = ColumnTable({"kind": ["mentor"], "score": [0.5]}, {"kind": str, "score": float})
    >>> table["score"], list(table)
    ([0.5], ['kind', 'score'])
    """

    def __init__(self, columns: Mapping[str, list[Any]], types: Mapping[str, type]) -> None:
        super().__init__(columns)
        self.types = MappingProxyType(dict(types))

    def to_pandas(self) -> Any:
        """The table as a `pandas.DataFrame`; raises ImportError where pandas is not installed."""
        try:
            import pandas as pd  # only those who ask for it wait for its import
        except ImportError as error:
            raise ImportError(_needs("pandas")) from error
        types = {str: "object", int: "int64", float: "float64", dict: "object"}
        return pd.DataFrame(
            {name: pd.Series(values, dtype=types[self.types[name]]) for name, values in self.items()}
        )

    def to_polars(self) -> Any:
        """The table as a `polars.DataFrame`; raises ImportError where polars is not installed."""
        try:
            import polars as pl  # as above
        except ImportError as error:
            raise ImportError(_needs("polars")) from error
        parts = pl.Struct({criterion.name: pl.Float64 for criterion in CRITERIA})
        types: dict[type, Any] = {str: pl.String, int: pl.Int64, float: pl.Float64, dict: parts}
        return pl.DataFrame(dict(self), schema={name: types[self.types[name]] for name in self})

    def to_arrow(self) -> Any:
        """The table as a `pyarrow.Table`; raises ImportError where pyarrow is not installed."""
        try:
            import pyarrow as pa  # as above
        except ImportError as error:
            raise ImportError(_needs("pyarrow")) from error
        parts = pa.struct([(criterion.name, pa.float64()) for criterion in CRITERIA])
        types = {str: pa.string(), int: pa.int64(), float: pa.float64(), dict: parts}
        return pa.table(dict(self), schema=pa.schema([(name, types[self.types[name]]) for name in self]))


class PlanTables(NamedTuple):
    """The two tables of a plan."""

    proposals: ColumnTable
    unmatched: ColumnTable


def plan_tables(plan: Plan, changes: Changes = _NO_CHANGES) -> PlanTables:
    """A plan as tables, with the columns of the command line's files.

    Parameters
    ----------
    plan : Plan
    changes : mapping of (newcomer_id, kind) to str
        What it would take to fulfil an open wish, for the column ``relaxation``.

    Returns
    -------
    PlanTables
        `proposals`, with ``parts`` a dictionary a row, and `unmatched`, the open wishes; in the plan's order.

    Examples
    --------
    >>> from datetime import date
    >>> from matcher import Newcomer, Offer, make_plan
    >>> amina = Newcomer(id="amina", languages={"ar": "native"}, birth_year=1990, consent=True)
    >>> choir = Offer(id="choir", kind="association", capacity=1)
    >>> tables = plan_tables(make_plan([amina], [choir], today=date(2026, 3, 2)))
    >>> tables.proposals["offer_id"], tables.unmatched["reason"]
    (['choir'], [])
    """
    check_plan(plan)
    columns = (*UNMATCHED_COLUMNS, _relaxation(changes))
    return PlanTables(_table(PROPOSAL_COLUMNS, plan.proposals), _table(columns, plan.unmatched))


def write_proposals(path: str | Path, plan: Plan) -> None:
    """Write the proposals of a plan as a CSV file; raises OSError when it cannot be written."""
    check_plan(plan)
    _write(path, PROPOSAL_COLUMNS, plan.proposals)


def write_unmatched(path: str | Path, plan: Plan, changes: Changes = _NO_CHANGES) -> None:
    """Write the open wishes of a plan as a CSV file; `changes` and columns as in `plan_tables`.

    Raises
    ------
    OSError
        When the file cannot be written.
    """
    check_plan(plan)
    _write(path, (*UNMATCHED_COLUMNS, _relaxation(changes)), plan.unmatched)


def _relaxation(changes: Changes) -> PlanColumn:
    return PlanColumn(_RELAXATION, str, lambda u: changes.get((u.newcomer_id, u.kind), ""))


def _table(columns: Iterable[PlanColumn], rows: Iterable[Any]) -> ColumnTable:
    rows = list(rows)
    values = {column.name: [column.value(row) for row in rows] for column in columns}
    return ColumnTable(values, {column.name: column.type for column in columns})


def _write(path: str | Path, columns: tuple[PlanColumn, ...], rows: Iterable[Any]) -> None:
    cells = ([column.text(column.value(row)) for column in columns] for row in rows)
    write_table(path, [column.name for column in columns], cells)


def _needs(library: str) -> str:
    return f"expected {library} to make a table of it with; get it with pip install {library}"
