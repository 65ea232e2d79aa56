"""Files to records and back: what is read, what is refused and how, that nothing is half written."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pyarrow
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from matcher.exceptions import InvalidFileError, RowProblem, UnknownColumnWarning, UnknownTermWarning
from matcher.records.files import (
    Pair,
    read_newcomers,
    read_offers,
    read_pairs,
    write_newcomers,
    write_offers,
    write_table,
)
from matcher.records.people import Newcomer, Offer
from matcher.records.vocabulary import GOALS, LEVELS, MODES, Hours
from tests.builders import a_newcomer, an_offer, hours


def newcomers_of(tmp_path: Path, text: str, name: str = "n.csv") -> Sequence[Newcomer]:
    (tmp_path / name).write_text(text, encoding="utf-8")
    return read_newcomers(tmp_path / name)


def problems_of(tmp_path: Path, text: str, name: str = "n.csv") -> list[tuple[int, str, str]]:
    with pytest.raises(InvalidFileError) as raised:
        newcomers_of(tmp_path, text, name)
    return [(problem.line, problem.column, problem.value) for problem in raised.value.problems]


def test_columns_of_offers_are_written_in_the_order_of_the_contract(tmp_path: Path) -> None:
    write_offers(tmp_path / "o.csv", [])
    columns = (tmp_path / "o.csv").read_text(encoding="utf-8").strip().split(",")
    assert columns[:3] == ["id", "kind", "town"]
    assert columns[columns.index("times") :][:3] == ["times", "capacity", "taken"]


@pytest.mark.parametrize("start", ["", "\ufeff"], ids=["plain", "byte-order-mark"])
@pytest.mark.parametrize("end", ["\n", "\r\n"], ids=["lf", "crlf"])
@pytest.mark.parametrize("separator", [",", ";"], ids=["comma", "semicolon"])
def test_the_usual_kinds_of_csv_are_read_alike(tmp_path: Path, start: str, end: str, separator: str) -> None:
    cells = [
        ["id", "languages", "availability", "wants", "consent", "lat", "lon"],
        [
            "a",
            '"uk:native;de:a2"',
            '"Mon 17:00-20:00;sat 9:00-13:00"',
            '"association:2;mentor"',
            "Yes",
            "51.5",
            "7.5",
        ],
    ]
    text = start + "".join(separator.join(row) + end for row in cells)
    (person,) = newcomers_of(tmp_path, text)
    assert person == Newcomer(
        id="a",
        languages={"uk": "native", "de": "A2"},
        availability=hours("mon 17:00-20:00", "sat 09:00-13:00"),
        wants={"association": 2, "mentor": 1},
        consent=True,
        lat=51.5,
        lon=7.5,
    )


def test_empty_cells_mean_not_said(tmp_path: Path) -> None:
    (person,) = newcomers_of(tmp_path, "id,languages,birth_year,wants,consent,status\na,uk:native,,,,\n")
    assert (person.birth_year, dict(person.wants)) == (None, {"association": 1})
    assert (person.consent, person.status) == (False, "ready")


def test_a_decimal_comma_is_read_where_semicolons_separate(tmp_path: Path) -> None:
    (person,) = newcomers_of(tmp_path, "id;languages;lat;lon\na;uk:native;51,96;7,63\n")
    assert (person.lat, person.lon) == (51.96, 7.63)


def test_line_breaks_inside_a_cell_keep_the_line_numbers_right(tmp_path: Path) -> None:
    text = 'id,languages,address,lat\na,uk:native,"Street 1\nsecond line",\nb,uk:native,,north\n'
    assert problems_of(tmp_path, text) == [(4, "lat", "north")]


def test_interests_are_known_by_id_and_by_name_in_any_language(tmp_path: Path) -> None:
    (person,) = newcomers_of(tmp_path, 'id,languages,interests\na,uk:native,"Fußball;chess"\n')
    assert person.interests == ("football", "chess")


def test_interests_outside_the_taxonomy_are_kept_and_named_once(tmp_path: Path) -> None:
    text = "id,languages,interests\na,uk:native,falconry\nb,uk:native,falconry\n"
    with pytest.warns(UnknownTermWarning, match="falconry") as warned:
        people = newcomers_of(tmp_path, text)
    assert [person.interests for person in people] == [("falconry",), ("falconry",)]
    assert len(warned) == 1


def test_unknown_columns_are_ignored_and_named(tmp_path: Path) -> None:
    with pytest.warns(UnknownColumnWarning, match="religion, shoe_size"):
        assert len(newcomers_of(tmp_path, "id,languages,religion,shoe_size\na,uk:native,x,38\n")) == 1


BAD_CELLS = [
    ("languages", "uk:fluent"),
    ("languages", "ukrainian language:B1"),
    ("languages", ""),
    ("id", ""),
    ("lat", "north"),
    ("lat", "91"),
    ("lat", "nan"),
    ("lat", "inf"),
    ("birth_year", "1990.5"),
    ("birth_year", "1_990"),
    ("birth_year", "١٩٩٠"),
    ("birth_year", "1066"),
    ("gender", "female"),
    ("goals", "happiness"),
    ("availability", "monday 17-20"),
    ("availability", "mon 20:00-17:00"),
    ("availability", "mon 23:00-25:00"),
    ("mobility", "horse"),
    ("max_minutes", "-5"),
    ("needs", "quiet"),
    ("wants", "choir:1"),
    ("wants", "mentor:many"),
    ("need_level", "5"),
    ("waiting_since", "31.12.2025"),
    ("consent", "perhaps"),
    ("status", "waiting"),
]


@pytest.mark.parametrize(("column", "value"), BAD_CELLS)
def test_a_cell_that_cannot_be_is_named_with_line_column_and_value(
    tmp_path: Path, column: str, value: str
) -> None:
    cells = {"id": "b", "languages": "uk:native", "lat": "51", "lon": "7"} | {column: value}
    good = ["ok", "uk:native", "51", "7", ""][: len(cells)]
    text = "".join(",".join(row) + "\n" for row in (cells, good, cells.values()))
    ((line, found_column, found_value),) = problems_of(tmp_path, text)
    assert (line, found_column) == (3, column)
    assert found_value in value or value in found_value


def test_all_that_is_wrong_is_said_at_once(tmp_path: Path) -> None:
    rows = ["id,languages,lat,birth_year", "a,uk:native,x,y", "a,uk:native,,", "b,,,", "id2,uk:native,,"]
    text = "\n".join([*rows, "id2,uk:native,,"])
    assert problems_of(tmp_path, text) == [
        (2, "lat", "x"),
        (2, "birth_year", "y"),
        (4, "languages", ""),
        (6, "id", "id2"),
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "column id"),
        ("name,languages\nx,uk:native\n", "column id"),
        ("id,languages,id\na,uk:native,b\n", "names each column once"),
        ("id,languages\na,uk:native,de:A1\n", "2 cells"),
        ('id,languages\na,"uk:native\n', "readable CSV"),
    ],
)
def test_a_file_that_is_no_table_is_refused(tmp_path: Path, text: str, expected: str) -> None:
    with pytest.raises(InvalidFileError, match=expected):
        newcomers_of(tmp_path, text)


def test_a_file_that_is_not_utf8_is_refused_with_the_line(tmp_path: Path) -> None:
    path = tmp_path / "n.csv"
    path.write_bytes("id,languages,name\na,uk:native,x\nb,uk:native,Müller\n".encode("latin-1"))
    with pytest.raises(InvalidFileError, match=r"line 3.*UTF-8"):
        read_newcomers(path)


def test_rows_that_cannot_be_read_may_be_left_out_and_are_listed(tmp_path: Path) -> None:
    path = tmp_path / "n.csv"
    path.write_text("id,languages,lat,lon\na,uk:native,x,7\nb,uk:native,51,7\n")
    problems: list[RowProblem] = []
    assert [person.id for person in read_newcomers(path, problems)] == ["b"]
    assert [(problem.line, problem.column) for problem in problems] == [(2, "lat")]


def test_json_is_read_with_lists_and_mappings_or_texts(tmp_path: Path) -> None:
    records = [
        {
            "id": "a",
            "languages": {"uk": "native"},
            "interests": ["football"],
            "consent": True,
            "lat": 51.5,
            "lon": 7,
        },
        {"id": 7, "languages": "uk:native", "birth_year": 1990, "wants": {"mentor": 1}, "name": None},
    ]
    first, second = newcomers_of(tmp_path, json.dumps(records), "n.json")
    assert (first.interests, first.consent, first.lon) == (("football",), True, 7.0)
    assert (second.id, second.birth_year, dict(second.wants)) == ("7", 1990, {"mentor": 1})


@pytest.mark.parametrize("text", ["{", '{"id": 1}', "[1]"])
def test_json_that_is_no_list_of_objects_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(InvalidFileError, match="JSON list of objects"):
        newcomers_of(tmp_path, text, "n.json")


def test_pairs_are_read_and_need_both_ids(tmp_path: Path) -> None:
    path = tmp_path / "p.csv"
    path.write_text("newcomer_id,offer_id,reason\na,o,too far\n")
    assert read_pairs(path) == [Pair("a", "o", "too far")]
    path.write_text("newcomer_id,offer_id\na,\n")
    with pytest.raises(InvalidFileError, match="line 2, column offer_id"):
        read_pairs(path)


def test_a_table_that_fails_halfway_leaves_the_old_file_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    path.write_text("old")

    def rows():  # type: ignore[no-untyped-def]
        yield ("a",)
        raise RuntimeError("stop")

    with pytest.raises(RuntimeError):
        write_table(path, ("id",), rows())
    assert path.read_text() == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["out.csv"]


def test_offers_keep_every_field_through_a_file(tmp_path: Path) -> None:
    offers = [
        an_offer(
            "a",
            name='Choir "Am See", mixed',
            contact_email="x@y.example",
            min_level="A2",
            interests=("choir",),
            times=hours("tue 18:00-20:00", "thu 18:00-24:00"),
            cost_eur_month=7.5,
            cost_support=True,
            access=("step_free",),
            language_share_max=0.3,
            confirmed_at=date(2026, 1, 31),
            age_min=18,
            accepts_minors=True,
        ),
        an_offer("m", kind="mentor", children_birth_years=(2015, 2018), prefers_gender="f", birth_year=1960),
    ]
    write_offers(tmp_path / "o.csv", offers)
    assert read_offers(tmp_path / "o.csv") == offers


some_hours = st.tuples(st.integers(0, 6), st.integers(0, 1438), st.integers(1, 300)).map(
    lambda t: Hours(t[0] * 1440 + t[1], min((t[0] + 1) * 1440, t[0] * 1440 + t[1] + t[2]))
)
texts = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=20).map(str.strip)
people = st.builds(
    a_newcomer,
    st.uuids().map(str),
    name=texts,
    address=texts,
    languages=st.dictionaries(st.sampled_from(["uk", "de", "ar", "ku"]), st.sampled_from(LEVELS), min_size=1),
    interests=st.lists(st.sampled_from(["football", "choir", "chess"]), unique=True).map(tuple),
    goals=st.lists(st.sampled_from(GOALS), unique=True).map(tuple),
    availability=st.lists(some_hours, max_size=4),
    mobility=st.lists(st.sampled_from(MODES), unique=True).map(tuple),
    lat=st.floats(-90, 90).map(lambda x: round(x, 6)),
    lon=st.floats(-180, 180).map(lambda x: round(x, 6)),
    max_minutes=st.none() | st.integers(0, 120),
    waiting_since=st.none() | st.dates(date(2020, 1, 1), date(2030, 1, 1)),
    need_level=st.none() | st.integers(1, 4),
)


@settings(max_examples=50, deadline=None)
@given(newcomers=st.lists(people, min_size=1, max_size=4, unique_by=lambda person: person.id))
def test_newcomers_keep_every_field_through_a_file(
    tmp_path_factory: pytest.TempPathFactory, newcomers: list[Newcomer]
) -> None:
    path = tmp_path_factory.mktemp("files") / "n.csv"
    write_newcomers(path, newcomers)
    assert read_newcomers(path) == newcomers


def test_an_offer_that_cannot_be_names_every_field(tmp_path: Path) -> None:
    path = tmp_path / "o.csv"
    path.write_text("id,kind,capacity,age_min,age_max\na,club,-1,30,20\n")
    with pytest.raises(InvalidFileError) as raised:
        read_offers(path)
    assert [problem.column for problem in raised.value.problems] == ["kind", "capacity", "age_max"]


def test_more_taken_than_there_are_places_is_read(tmp_path: Path) -> None:
    path = tmp_path / "o.csv"
    path.write_text("id,kind,capacity,taken\na,association,10,12\n")
    assert read_offers(path) == [Offer(id="a", kind="association", capacity=10, taken=12)]


def test_a_short_row_has_empty_cells_and_a_required_one_is_missed(tmp_path: Path) -> None:
    assert problems_of(tmp_path, "id,languages,lat,lon\na\n") == [(2, "languages", "")]
    (person,) = newcomers_of(tmp_path, "id,languages,lat,lon\na,uk:native\n")
    assert person.lat is None


def test_empty_cells_too_many_do_no_harm(tmp_path: Path) -> None:
    assert len(newcomers_of(tmp_path, "id,languages\na,uk:native,,\n")) == 1


def test_a_row_with_an_unquoted_list_can_be_left_out(tmp_path: Path) -> None:
    (tmp_path / "n.csv").write_text("id;languages\na;uk:native;de:A2\nb;uk:native\n")
    problems: list[RowProblem] = []
    assert [person.id for person in read_newcomers(tmp_path / "n.csv", problems)] == ["b"]
    assert [problem.line for problem in problems] == [2]


def test_a_column_of_the_other_file_is_ignored_like_any_unknown_one(tmp_path: Path) -> None:
    with pytest.warns(UnknownColumnWarning, match="kind"):
        assert len(newcomers_of(tmp_path, "id,languages,kind\na,uk:native,mentor\n")) == 1


def test_a_blank_line_before_the_header_does_no_harm(tmp_path: Path) -> None:
    assert len(newcomers_of(tmp_path, "\nid;languages\na;uk:native\n")) == 1


@pytest.mark.parametrize(("column", "value"), [("languages", "de:B2;de:A1"), ("wants", "mentor:1;mentor:2")])
def test_what_is_said_twice_is_refused(tmp_path: Path, column: str, value: str) -> None:
    cells = {"id": "a", "languages": "uk:native", "wants": ""} | {column: value}
    assert problems_of(tmp_path, f"{','.join(cells)}\n{','.join(cells.values())}\n") == [(2, column, value)]


def three_newcomers(tmp_path: Path) -> Sequence[Newcomer]:
    text = "id,languages,lat,lon\na,uk:native,51,7\nb,uk:native,,\nc,de:B1,51,7\n"
    return newcomers_of(tmp_path, text)


def test_people_of_a_file_behave_like_a_list(tmp_path: Path) -> None:
    people, records = (
        three_newcomers(tmp_path),
        [
            Newcomer(id="a", languages={"uk": "native"}, lat=51.0, lon=7.0),
            Newcomer(id="b", languages={"uk": "native"}),
            Newcomer(id="c", languages={"de": "B1"}, lat=51.0, lon=7.0),
        ],
    )
    assert isinstance(people, Sequence)
    assert (len(people), list(people), people) == (3, records, records)
    assert records == people
    assert people != records[:2]
    assert people != "abc"
    assert (people[0], people[-1], people.index(records[1])) == (records[0], records[2], 1)
    assert records[1] in people
    assert [person.id for person in reversed(people)] == ["c", "b", "a"]
    for part in (slice(1, None), slice(None, None, -2), slice(5, 9), slice(0, 2)):
        assert people[part] == records[part]
        assert people[part][:1] == records[part][:1]
    with pytest.raises(IndexError):
        people[3]
    with pytest.raises(TypeError):
        hash(people)
    assert "3 records" in repr(people)


def test_a_record_of_a_file_is_one_like_any_other(tmp_path: Path) -> None:
    person = three_newcomers(tmp_path)[0]
    assert repr(person) == repr(Newcomer(id="a", languages={"uk": "native"}, lat=51.0, lon=7.0))
    with pytest.raises(AttributeError):
        person.id = "b"  # type: ignore[misc]
    with pytest.raises(TypeError):
        person.languages["de"] = "A1"  # type: ignore[index]


def test_a_value_that_cannot_be_is_told_for_every_row_that_has_it(tmp_path: Path) -> None:
    rows = ["id,languages,gender,birth_year", "a,uk:native,x,1990", "b,uk:native,f,y", "c,uk:native,x,y"]
    assert problems_of(tmp_path, "\n".join([*rows, "d,uk:fluent,x,1990"])) == [
        (2, "gender", "x"),
        (3, "birth_year", "y"),
        (4, "birth_year", "y"),
        (5, "languages", "uk:fluent"),
        (5, "gender", "x"),
    ]


def test_half_a_point_is_no_point(tmp_path: Path) -> None:
    text = "id,languages,lat,lon\na,uk:native,51,\nb,uk:native,51,7\nc,uk:native,,7\n"
    assert problems_of(tmp_path, text) == [(2, "lon", ""), (4, "lat", "")]
    assert problems_of(tmp_path, "id,languages,lat\na,uk:native,51\n") == [(2, "lon", "")]


def test_an_id_counts_as_taken_only_by_a_row_that_can_be_read(tmp_path: Path) -> None:
    path = tmp_path / "n.csv"
    path.write_text("id,languages,lat,lon\na,uk:native,x,7\n a,uk:native,51,7\na ,uk:native,52,7\n")
    problems: list[RowProblem] = []
    assert [person.lat for person in read_newcomers(path, problems)] == [51]
    assert [(problem.line, problem.column) for problem in problems] == [(2, "lat"), (4, "id")]


def test_terms_of_rows_that_were_left_out_are_not_named(tmp_path: Path) -> None:
    (tmp_path / "n.csv").write_text(
        "id,languages,interests,dislikes\n"
        "a,,falconry,\nb,uk:native,kites;chess,yodelling\nc,uk:native,caving,kites\nd,uk:native,,caving\n"
    )
    with pytest.warns(UnknownTermWarning, match=": kites, yodelling, caving$"):
        read_newcomers(tmp_path / "n.csv", [])


def test_free_hours_that_touch_are_joined_and_sessions_stay_apart(tmp_path: Path) -> None:
    times = "mon 18:00-19:00;mon 17:00-18:00"
    (tmp_path / "o.csv").write_text(
        f'id,kind,capacity,times\na,association,1,"{times}"\nm,mentor,1,"{times}"\n', encoding="utf-8"
    )
    activity, mentor = read_offers(tmp_path / "o.csv")
    (person,) = newcomers_of(tmp_path, f'id,languages,availability\na,uk:native,"{times}"\n')
    assert activity.times == hours("mon 17:00-18:00", "mon 18:00-19:00")
    assert mentor.times == person.availability == hours("mon 17:00-19:00")
    assert [activity, mentor] == [
        Offer(id=offer.id, kind=offer.kind, capacity=1, times=hours(*times.split(";")))
        for offer in (activity, mentor)
    ]
    assert a_newcomer(availability=hours("mon 17:00-18:00", "mon 18:00-19:00")).availability == mentor.times


def test_an_error_far_down_is_told_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "n.csv"
    good = "".join(f"p{number},uk:native\n" for number in range(2000))
    path.write_text(f"id,languages\n{good}bad,uk:fluent\n")
    with pytest.raises(InvalidFileError, match="line 2002, column languages"):
        read_newcomers(path)
    path.write_text(f'id,languages\n{good}bad,"uk:native\n')
    with pytest.raises(InvalidFileError, match=r"line 2002, .* readable CSV"):
        read_newcomers(path)
    path.write_bytes(f'id,languages\n"broken"x,uk:native\n{good}'.encode() + b"M\xfcller,uk:native\n")
    with pytest.raises(InvalidFileError, match=r"line 2003, .* UTF-8"):
        read_newcomers(path)


ODD_CELLS = {
    "id": ["a", "b", "", " a"],
    "kind": ["association", "Mentor", "club", ""],
    "capacity": ["3", "-1", "many", ""],
    "languages": ["uk:native", "de:a2;uk", "uk:fluent", "de:A1;de:A2", ""],
    "interests": ["Fußball;chess;football", ""],
    "times": ["tue 18:00-20:00;tue 20:00-21:00", "mon 20:00-17:00", ""],
    "lat": ["51", "91", "north", ""],
    "lon": ["7", "-181", ""],
    "age_min": ["18", "60", ""],
    "age_max": ["30", "121", "old", ""],
    "goals": ["sport;Sport", "happiness;joy", ""],
    "children_birth_years": ["2015;2018", "2015;1066;x", "1066;1067"],
}


@settings(max_examples=60, deadline=None)
@given(
    rows=st.lists(st.fixed_dictionaries({name: st.sampled_from(odd) for name, odd in ODD_CELLS.items()})),
    suffix=st.sampled_from(["csv", "json", "parquet"]),
)
def test_rows_read_together_are_those_read_one_by_one(
    tmp_path_factory: pytest.TempPathFactory, rows: list[dict[str, str]], suffix: str
) -> None:
    folder = tmp_path_factory.mktemp("files")
    path = folder / f"o.{suffix}"

    def write(some: list[dict[str, str]]) -> None:
        if suffix == "json":
            in_order = [{name: row[name] for name in ODD_CELLS} for row in some]
            path.write_text(json.dumps(in_order), encoding="utf-8")
        elif suffix == "parquet":
            cells = {name: [row[name] or None for row in some] for name in ODD_CELLS}
            types = pyarrow.schema([(name, pyarrow.string()) for name in cells])
            parquet.write_table(pyarrow.table(cells, schema=types), path)
        else:
            with path.open("w", encoding="utf-8", newline="") as stream:
                writer = csv.DictWriter(stream, ODD_CELLS)
                writer.writeheader()
                writer.writerows(some)

    people: list[Offer] = []
    problems: list[RowProblem] = []
    first = 2 if suffix == "csv" else 1
    for line, row in enumerate(rows, start=first):
        alone: list[RowProblem] = []
        write([row])
        for person in read_offers(path, alone):
            if person.id in [other.id for other in people]:
                alone.append(RowProblem(str(path), first, "id", person.id, "an id that no row above has"))
            else:
                people.append(person)
        problems += [RowProblem(p.path, line, p.column, p.value, p.expected) for p in alone]
    if rows:
        write(rows)
        together: list[RowProblem] = []
        assert read_offers(path, together) == people
        assert together == problems


def write_parquet(path: Path, **columns: Any) -> Path:
    parquet.write_table(pyarrow.table(columns), path)
    return path


def test_parquet_is_read_with_lists_and_mappings_or_texts(tmp_path: Path) -> None:
    languages = pyarrow.array(
        [[("uk", "native"), ("de", "A2")], [("uk", "native")]],
        pyarrow.map_(pyarrow.string(), pyarrow.string()),
    )
    path = write_parquet(
        tmp_path / "n.parquet",
        ID=["a ", "b"],
        languages=languages,
        interests=[["football", "Schach"], None],
        goals=pyarrow.array(["sport;culture", None]).dictionary_encode(),
        wants=[{"mentor": 1, "association": None}, {"mentor": 2, "association": 1}],
        birth_year=[1990.0, None],
        lat=[51.5, 52.0],
        lon=[7, 8],
        consent=[True, None],
        waiting_since=[date(2026, 1, 31), None],
    )
    assert read_newcomers(path) == [
        Newcomer(
            id="a",
            languages={"uk": "native", "de": "A2"},
            interests=("football", "chess"),
            goals=("sport", "culture"),
            wants={"mentor": 1},
            birth_year=1990,
            lat=51.5,
            lon=7.0,
            consent=True,
            waiting_since=date(2026, 1, 31),
        ),
        Newcomer(
            id="b", languages={"uk": "native"}, wants={"mentor": 2, "association": 1}, lat=52.0, lon=8.0
        ),
    ]


def test_a_moment_at_midnight_in_parquet_is_a_day(tmp_path: Path) -> None:
    languages, moments = ["uk:native"] * 2, [datetime(2026, 1, 31), datetime(2026, 1, 31, 12)]
    path = write_parquet(tmp_path / "n.parquet", id=["a", "b"], languages=languages, waiting_since=moments)
    problems: list[RowProblem] = []
    assert [person.waiting_since for person in read_newcomers(path, problems)] == [date(2026, 1, 31)]
    assert [(problem.line, problem.column) for problem in problems] == [(2, "waiting_since")]


def test_rows_of_parquet_are_numbered_and_its_columns_are_asked_for(tmp_path: Path) -> None:
    path = write_parquet(
        tmp_path / "n.parquet", id=["a", "b"], languages=["uk:native", None], shoe_size=[38, 39]
    )
    with (
        pytest.warns(UnknownColumnWarning, match="shoe_size"),
        pytest.raises(InvalidFileError, match="line 2, column languages: expected a value"),
    ):
        read_newcomers(path)
    with pytest.raises(InvalidFileError, match="a header row with the column languages"):
        read_newcomers(write_parquet(path, id=["a"]))
    assert len(read_newcomers(write_parquet(path, id=pyarrow.array([], "string"), languages=[]))) == 0


def test_parquet_without_its_library_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_parquet(tmp_path / "n.PARQUET", id=["a"], languages=["uk:native"])
    assert len(read_newcomers(path)) == 1
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(InvalidFileError, match=r"pip install 'koppel\[parquet\]'"):
        read_newcomers(path)


def test_a_file_that_is_no_parquet_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "n.parquet"
    path.write_text("id,languages\na,uk:native\n")
    with pytest.raises(InvalidFileError, match="a Parquet file"):
        read_newcomers(path)
    with pytest.raises(FileNotFoundError):
        read_newcomers(tmp_path / "not there.parquet")


def test_pairs_are_read_from_parquet(tmp_path: Path) -> None:
    path = write_parquet(tmp_path / "p.parquet", newcomer_id=["a"], offer_id=[7])
    assert read_pairs(path) == [Pair("a", "7")]
