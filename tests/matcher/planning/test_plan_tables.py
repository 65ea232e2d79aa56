"""A plan as tables: the same columns in memory and in files, in every library."""

from __future__ import annotations

import csv
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from matcher.pairs.criteria import CRITERIA
from matcher.planning.plan import make_plan
from matcher.planning.single import Plan
from matcher.planning.tables import ColumnTable, plan_tables, write_proposals, write_unmatched
from tests.builders import TODAY, a_newcomer, an_offer

MATCHES = ["newcomer_id", "offer_id", "kind", "score", "distance_km", "parts"]
UNMATCHED = ["newcomer_id", "kind", "wanted", "proposed", "reason", "relaxation"]


@pytest.fixture(scope="module")
def plan() -> Plan:
    """Two newcomers, one of whom has no known place, and places for some of their wishes."""
    newcomers = [a_newcomer("a", interests=("chess",)), a_newcomer("b", lat=None, lon=None, town="")]
    return make_plan(newcomers, [an_offer("o"), an_offer("m", kind="mentor", capacity=1)], today=TODAY)


def libraries(table: ColumnTable) -> list[list[dict[str, Any]]]:
    frame = table.to_pandas()
    return [
        frame.astype(object).where(frame.notna(), None).to_dict("records"),
        table.to_polars().to_dicts(),
        table.to_arrow().to_pylist(),
    ]


def test_a_plan_has_its_proposals_and_open_wishes_as_columns(plan: Plan) -> None:
    tables = plan_tables(plan, {("b", "neighbour"): "a neighbour nearby"})
    assert (list(tables.proposals), list(tables.unmatched)) == (MATCHES, UNMATCHED)
    assert tables.proposals["newcomer_id"] == [p.newcomer_id for p in plan.proposals]
    assert tables.proposals["parts"] == [dict(p.parts) for p in plan.proposals]
    assert None in tables.proposals["distance_km"]
    assert tables.unmatched["reason"] == [u.reason for u in plan.unmatched]
    assert "a neighbour nearby" in tables.unmatched["relaxation"]


def test_every_library_has_the_same_rows(plan: Plan) -> None:
    for table in plan_tables(plan):
        rows = [dict(zip(table, row, strict=True)) for row in zip(*table.values(), strict=True)]
        assert rows
        assert libraries(table) == [rows] * 3


def test_tables_without_rows_have_the_types_of_the_others(plan: Plan) -> None:
    empty = plan_tables(make_plan([], [], today=TODAY))
    for table, full in zip(empty, plan_tables(plan), strict=True):
        assert table.to_polars().schema == full.to_polars().schema
        assert table.to_arrow().schema == full.to_arrow().schema
        assert list(table.to_pandas().dtypes) == list(full.to_pandas().dtypes)
        assert pl.concat([table.to_polars(), full.to_polars()]).height == len(full["newcomer_id"])
    assert list(empty.proposals.to_polars().schema["parts"].to_schema()) == [c.name for c in CRITERIA]
    assert isinstance(empty.proposals.to_arrow(), pa.Table)
    assert isinstance(empty.proposals.to_pandas(), pd.DataFrame)


def test_files_have_the_same_columns(plan: Plan, tmp_path: Path) -> None:
    tables = plan_tables(plan)
    write_proposals(tmp_path / "m.csv", plan)
    write_unmatched(tmp_path / "u.csv", plan, {("b", "neighbour"): "more"})
    for name, table, columns in (("m", tables.proposals, MATCHES), ("u", tables.unmatched, UNMATCHED)):
        with (tmp_path / f"{name}.csv").open(encoding="utf-8") as stream:
            rows = list(csv.DictReader(stream))
        assert list(rows[0]) == columns
        assert [row["newcomer_id"] for row in rows] == table["newcomer_id"]
    with (tmp_path / "m.csv").open(encoding="utf-8") as stream:
        first = next(csv.DictReader(stream))
    assert first["score"] == f"{plan.proposals[0].score:.6f}"
    assert first["parts"].startswith(f"interests={plan.proposals[0].parts['interests']:.6f};")


@pytest.mark.parametrize("library", ["pandas", "polars", "pyarrow"])
def test_a_library_that_is_not_installed_is_named(
    plan: Plan, library: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, library, None)
    table = plan_tables(plan).proposals
    convert = {"pandas": table.to_pandas, "polars": table.to_polars, "pyarrow": table.to_arrow}[library]
    with pytest.raises(ImportError, match=f"pip install {library}"):
        convert()
