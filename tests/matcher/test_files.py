"""Files to records and back: what is read, what is refused and how, that nothing is half written."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.exceptions import InvalidFileError, RowProblem, UnknownColumnWarning, UnknownTermWarning
from matcher.files import (
    Pair,
    read_newcomers,
    read_offers,
    read_pairs,
    write_newcomers,
    write_offers,
    write_table,
)
from matcher.people import Newcomer, Offer
from matcher.vocabulary import GOALS, LEVELS, MODES, Hours
from tests.builders import a_newcomer, an_offer, hours


def newcomers_of(tmp_path: Path, text: str, name: str = "n.csv") -> list[Newcomer]:
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
