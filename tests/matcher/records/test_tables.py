"""People from tables in memory: every library's table says the same, rows that cannot be are named."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from matcher.exceptions import InvalidTableError, RowProblem, UnknownColumnWarning, UnknownTermWarning
from matcher.records.columns import People
from matcher.records.files import read_newcomers, read_offers, write_newcomers, write_offers
from matcher.records.people import Newcomer, Offer
from matcher.records.tables import as_newcomers, as_offers, newcomers_from, offers_from
from tests.builders import a_newcomer, an_offer, hours

ROWS: list[dict[str, Any]] = [
    {
        "ID": 1,
        "languages": {"uk": "native", "de": "A2"},
        "interests": ["football", "Schach"],
        "goals": "sport;culture",
        "availability": ["mon 19:00-20:00", "mon 17:00-19:00"],
        "children_birth_years": [2012, 2015],
        "birth_year": 1990,
        "lat": 51.5,
        "lon": 7.0,
        "consent": True,
        "waiting_since": date(2026, 1, 31),
        "wants": {"mentor": 1, "association": 2},
        "name": "Amina",
    },
    {"ID": 2, "languages": {"uk": "B1"}, "interests": [], "consent": False},
]
ROWS[1] = dict.fromkeys(ROWS[0]) | ROWS[1]
PEOPLE = [
    Newcomer(
        id="1",
        languages={"uk": "native", "de": "A2"},
        interests=("football", "chess"),
        goals=("sport", "culture"),
        availability=hours("mon 17:00-20:00"),
        children_birth_years=(2012, 2015),
        birth_year=1990,
        lat=51.5,
        lon=7.0,
        consent=True,
        waiting_since=date(2026, 1, 31),
        wants={"mentor": 1, "association": 2},
        name="Amina",
    ),
    Newcomer(id="2", languages={"uk": "B1"}),
]


class Exported:
    """A table of a library nobody knows, that can be read as Arrow."""

    def __init__(self, table: Any) -> None:
        self.table = table

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        return self.table.__arrow_c_stream__(requested_schema)


class Interchanged:
    """A table of a library nobody knows, with the older protocol."""

    def __init__(self, table: Any) -> None:
        self.table = table

    def __dataframe__(self, **options: Any) -> Any:
        return self.table.__dataframe__(**options)


TABLES: dict[str, Callable[[list[dict[str, Any]]], Any]] = {
    "pandas": pd.DataFrame,
    "pandas nullable": lambda rows: pd.DataFrame(rows).convert_dtypes(),
    "polars": pl.DataFrame,
    "arrow table": pa.Table.from_pylist,
    "arrow batch": pa.RecordBatch.from_pylist,
    "arrow reader": lambda rows: pa.Table.from_pylist(rows).to_reader(),
    "arrow stream": lambda rows: Exported(pl.DataFrame(rows)),
    "rows": list,
    "rows once": iter,
    "columns": lambda rows: {name: [row[name] for row in rows] for name in rows[0]},
}


@pytest.mark.parametrize("make", TABLES.values(), ids=TABLES)
def test_a_table_of_any_library_has_the_people_of_its_rows(make: Callable[..., Any]) -> None:
    assert newcomers_from(make(ROWS)) == PEOPLE
    assert as_newcomers(make(ROWS)) == PEOPLE


def test_a_table_with_the_older_protocol_is_read() -> None:
    table = Interchanged(pa.table({"id": [1, 2], "languages": ["uk:native;de:A2", "uk:B1"]}))
    assert [person.id for person in newcomers_from(table)] == ["1", "2"]


@pytest.mark.parametrize("library", [pd.read_csv, pl.read_csv])
def test_a_file_read_by_another_library_has_the_same_people(tmp_path: Path, library: Any) -> None:
    newcomers = [a_newcomer("a", postcode="48143", interests=("chess", "football")), a_newcomer("b")]
    offers = [an_offer("a", cost_eur_month=7.5, access=("step_free",)), an_offer("m", kind="mentor")]
    write_newcomers(tmp_path / "n.csv", newcomers)
    write_offers(tmp_path / "o.csv", offers)
    assert newcomers_from(library(tmp_path / "n.csv")) == newcomers == read_newcomers(tmp_path / "n.csv")
    assert offers_from(library(tmp_path / "o.csv")) == offers == read_offers(tmp_path / "o.csv")


@pytest.mark.parametrize("make", [pd.DataFrame, pl.DataFrame, list])
def test_every_row_that_cannot_be_is_named_with_column_and_value(make: Callable[..., Any]) -> None:
    rows = [
        {"id": "a", "languages": "uk:native", "birth_year": "x", "gender": "f"},
        {"id": None, "languages": "uk:native", "birth_year": "1990", "gender": "f"},
        {"id": "c", "languages": "uk:fluent", "birth_year": "1990", "gender": "x"},
        {"id": "d", "languages": "uk:native", "birth_year": "1990", "gender": "f"},
        {"id": "d", "languages": "uk:native", "birth_year": "1990", "gender": "f"},
    ]
    problems: list[RowProblem] = []
    assert [person.id for person in newcomers_from(make(rows), problems)] == ["d"]
    told = [
        "newcomers, row 1, column birth_year: expected a whole number, got 'x'",
        "newcomers, row 2, column id: expected a value; the column is required, got ''",
        "newcomers, row 3, column languages: expected a level out of "
        "A0, A1, A2, B1, B2, C1, C2, native, got 'uk:fluent'",
        "newcomers, row 3, column gender: expected one of f, m, d, got 'x'",
        "newcomers, row 5, column id: expected an id that no row above has, got 'd'",
    ]
    assert list(map(str, problems)) == told
    with pytest.raises(InvalidTableError) as raised:
        newcomers_from(make(rows))
    assert str(raised.value).split("\n") == told


@pytest.mark.parametrize(
    "thing",
    [None, 5, "people.csv", b"x", pd.Series([1]), pl.Series([1]), pl.DataFrame().lazy(), {"id": 1}],
    ids=lambda thing: type(thing).__name__,
)
def test_what_is_no_table_is_refused(thing: Any) -> None:
    with pytest.raises(InvalidTableError, match=r"^newcomers: expected records, a list of dictionaries"):
        as_newcomers(thing)


def test_a_table_without_what_a_file_must_have_is_refused() -> None:
    with pytest.raises(InvalidTableError, match="offers, column kind: expected a table with the column kind"):
        offers_from(pd.DataFrame({"id": ["a"], "capacity": [1]}))
    with pytest.raises(InvalidTableError, match="names each column once"):
        offers_from(pd.DataFrame([["a", "mentor", 1, 1]], columns=["id", "kind", "capacity", "Capacity"]))
    with pytest.raises(InvalidTableError, match="columns of one length"):
        offers_from({"id": ["a"], "kind": [], "capacity": []})


def test_unknown_columns_and_terms_are_named_at_the_line_that_called() -> None:
    rows = [{"id": "a", "languages": "uk", "shoe_size": 38, "interests": "falconry"}]
    with pytest.warns() as warned:
        as_newcomers(pd.DataFrame(rows))
    assert [warning.category for warning in warned] == [UnknownColumnWarning, UnknownTermWarning]
    assert {warning.filename for warning in warned} == {__file__}


def test_records_stay_as_they_are_and_others_are_named() -> None:
    people = [a_newcomer("a"), a_newcomer("b")]
    assert as_newcomers(people) == tuple(people)
    assert as_newcomers(iter(people)) == tuple(people)
    assert as_newcomers([]) == as_offers(()) == ()
    assert newcomers_from([]) == []
    kept = newcomers_from(ROWS)
    assert isinstance(kept, People)
    assert as_newcomers(kept) is kept
    with pytest.raises(
        InvalidTableError, match=r"newcomers, row 2: expected a record of Newcomer, got .Offer"
    ):
        as_newcomers([people[0], an_offer()])
    with pytest.raises(InvalidTableError, match="offers: expected records of Offer"):
        as_offers(kept)


def test_a_value_of_another_type_is_another_value_though_it_is_equal() -> None:
    problems: list[RowProblem] = []
    rows = [
        {"id": "a", "languages": "uk", "birth_year": 1990},
        {"id": "b", "languages": "uk", "need_level": 1},
    ]
    rows += [{"id": "c", "languages": "uk", "need_level": True}]
    assert [person.id for person in newcomers_from(rows, problems)] == ["a", "b"]
    assert [(p.line, p.column, p.value) for p in problems] == [(3, "need_level", "True")]


def test_arrays_in_cells_are_lists() -> None:
    table = pd.DataFrame({"id": ["a"], "kind": ["association"], "capacity": [np.int32(3)]})
    table["interests"] = [np.array(["chess", "football"])]
    (offer,) = offers_from(table)
    assert offer == Offer(id="a", kind="association", capacity=3, interests=("chess", "football"))


def test_no_library_of_tables_is_imported_for_rows() -> None:
    code = (
        "import sys; from matcher.records.tables import newcomers_from; "
        "newcomers_from([{'id': 1, 'languages': 'uk'}]); "
        "print([name for name in ('pandas', 'polars', 'pyarrow') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_a_table_of_an_unknown_library_needs_arrow_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(InvalidTableError, match=r"pip install 'koppel\[parquet\]'"):
        newcomers_from(Exported(None))
