"""Records of values of any type: what is taken as a file's cell would be read, what is refused and how."""

from __future__ import annotations

import copy
import dataclasses
import pickle
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
import pandas as pd
import pytest

from matcher import Newcomer, Offer
from matcher.exceptions import InvalidFileError, InvalidRecordError
from matcher.records.files import read_newcomers
from tests.builders import a_newcomer, an_offer, hours


class Sport(StrEnum):
    FOOTBALL = "football"


TAKEN: list[tuple[str, Any, Any]] = [
    ("id", 7, "7"),
    ("id", 7.0, "7"),
    ("id", np.int64(7), "7"),
    ("id", UUID(int=1), "00000000-0000-0000-0000-000000000001"),
    ("id", " as written ", " as written "),
    ("name", None, ""),
    ("name", float("nan"), ""),
    ("postcode", 48143, "48143"),
    ("contact_language", "UK", "uk"),
    ("gender", "F", "f"),
    ("gender", np.str_("f"), "f"),
    ("gender", pd.NA, ""),
    ("status", "Paused", "paused"),
    ("status", "", "ready"),
    ("status", None, "ready"),
    ("interests", "football;Schach", ("football", "chess")),
    ("interests", "football", ("football",)),
    ("interests", ["football", "football", "Falconry"], ("football", "falconry")),
    ("interests", ("Fußball",), ("football",)),
    ("interests", {"football", "chess"}, ("chess", "football")),
    ("interests", np.array(["football", "chess"]), ("football", "chess")),
    ("interests", (term for term in ("football", None)), ("football",)),
    ("interests", [Sport.FOOTBALL], ("football",)),
    ("interests", None, ()),
    ("goals", "sport;Culture", ("sport", "culture")),
    ("goals", ["sport"], ("sport",)),
    ("needs", frozenset({"step_free"}), ("step_free",)),
    ("mobility", "bike", ("bike",)),
    ("languages", "uk:native;de:a2", {"uk": "native", "de": "A2"}),
    ("languages", {"UK": "Native"}, {"uk": "native"}),
    ("languages", ["uk:native", "de"], {"uk": "native", "de": "C1"}),
    ("languages", [("uk", "native"), ("de", "A2")], {"uk": "native", "de": "A2"}),
    ("languages", {"uk": "native", "de": None}, {"uk": "native"}),
    ("languages", None, {}),
    ("wants", "mentor:2;association", {"mentor": 2, "association": 1}),
    ("wants", {"mentor": 2.0, "association": None}, {"mentor": 2}),
    ("wants", {}, {"association": 1}),
    ("availability", "mon 17:00-20:00", hours("mon 17:00-20:00")),
    ("availability", ["mon 19:00-20:00", "mon 17:00-19:00"], hours("mon 17:00-20:00")),
    ("availability", hours("mon 17:00-20:00")[0], hours("mon 17:00-20:00")),
    ("availability", [(1020, 1200)], hours("mon 17:00-20:00")),
    ("availability", [], ()),
    ("children_birth_years", [2012, "2015", 2018.0], (2012, 2015, 2018)),
    ("children_birth_years", 2012, (2012,)),
    ("children_birth_years", "2012;2015", (2012, 2015)),
    ("birth_year", "1990", 1990),
    ("birth_year", 1990.0, 1990),
    ("birth_year", np.float64("nan"), None),
    ("lat", "51,5", 51.5),
    ("lat", 51, 51.0),
    ("lat", Decimal("51.5"), 51.5),
    ("lat", np.float32(51.5), 51.5),
    ("lat", "", None),
    ("consent", "yes", True),
    ("consent", 1, True),
    ("consent", np.False_, False),
    ("consent", None, False),
    ("waiting_since", "2026-03-31", date(2026, 3, 31)),
    ("waiting_since", datetime(2026, 3, 31), date(2026, 3, 31)),
    ("waiting_since", pd.Timestamp(2026, 3, 31), date(2026, 3, 31)),
    ("waiting_since", np.datetime64("2026-03-31"), date(2026, 3, 31)),
    ("waiting_since", np.datetime64("2026-03-31", "ns"), date(2026, 3, 31)),
    ("waiting_since", pd.NaT, None),
    ("waiting_since", np.datetime64("NaT"), None),
]


@pytest.mark.parametrize(("field", "said", "kept"), TAKEN)
def test_what_is_said_otherwise_is_read_as_a_file_would(field: str, said: Any, kept: Any) -> None:
    point = {"lat": 51.0, "lon": 7.0} if field == "lat" and kept is not None else {}
    made = Newcomer(**{"id": "x"} | point | {field: said})
    value = getattr(made, field)
    assert value == kept
    assert type(value) is type(kept) or field in {"languages", "wants"}


REFUSED: list[tuple[str, Any, str, str]] = [
    ("id", None, "", "an id"),
    ("id", " ", " ", "an id"),
    ("id", True, "True", "an id"),
    ("name", ["a", "b"], "['a', 'b']", "text"),
    ("name", b"a", "b'a'", "text"),
    ("gender", "female", "female", "one of f, m, d"),
    ("gender", 1, "1", "one of f, m, d"),
    ("gender", ["f"], "['f']", "one of f, m, d"),
    ("goals", "happiness", "happiness", "one of language, contact"),
    ("goals", {"sport": 1}, "{'sport': 1}", "words out of language, contact"),
    ("interests", 3.5j, "3.5j", "interests, as in"),
    ("interests", [["football"]], "[['football']]", "interests, as in"),
    ("interests", [("football", "chess")], "[('football', 'chess')]", "interests, as in"),
    ("languages", {"uk": "fluent"}, "uk:fluent", "a level out of"),
    ("languages", "de:A1;de:A2", "de:A1;de:A2", "each language once"),
    ("wants", {"choir": 1}, "choir", "one of association, mentor, neighbour"),
    ("wants", {"mentor": "many"}, "{'mentor': 'many'}", "a whole number"),
    ("availability", "monday", "monday", "a weekday and hours"),
    ("availability", [1, 2], "[1, 2]", "a weekday and hours"),
    ("availability", [(1380, 1500)], "[(1380, 1500)]", "a time of day"),
    ("availability", 5, "5", "a weekday and hours"),
    ("birth_year", 1990.5, "1990.5", "a whole number"),
    ("birth_year", True, "True", "a whole number"),
    ("birth_year", date(1990, 1, 1), "datetime.date(1990, 1, 1)", "a whole number"),
    ("birth_year", 1066, "1066", "a number from 1900 to 2100"),
    ("lat", "north", "north", "a number"),
    ("lat", "nan", "nan", "a number from -90 to 90"),
    ("consent", "perhaps", "perhaps", "yes or no"),
    ("consent", 2, "2", "yes or no"),
    ("waiting_since", "31.12.2025", "31.12.2025", "a date such as 2026-03-31"),
    ("waiting_since", datetime(2026, 3, 31, 12), "datetime.datetime(2026, 3, 31, 12, 0)", "a date such as"),
]


@pytest.mark.parametrize(("field", "said", "shown", "expected"), REFUSED)
def test_what_cannot_be_is_refused_with_field_value_and_what_was_expected(
    field: str, said: Any, shown: str, expected: str
) -> None:
    with pytest.raises(InvalidRecordError) as raised:
        Newcomer(**{"id": "x", "lon": 7.0 if field == "lat" else None} | {field: said})
    (problem,) = [problem for problem in raised.value.problems if problem.field == field]
    assert (problem.value, problem.expected[: len(expected)]) == (shown, expected)
    assert str(problem) in str(raised.value)


def test_everything_that_is_wrong_is_said_at_once() -> None:
    with pytest.raises(InvalidRecordError) as raised:
        Offer(  # type: ignore[call-arg]
            id=None,  # type: ignore[arg-type]
            kind="club",
            capacity="many",  # type: ignore[arg-type]
            age_min=30,
            age_max=20,
            confirmed_at="soon",  # type: ignore[arg-type]
        )
    assert [problem.field for problem in raised.value.problems] == [
        *("id", "capacity", "confirmed_at"),
        *("kind", "age_max"),
    ]


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("lat", "north"),
        ("birth_year", "19.5"),
        ("consent", "perhaps"),
        ("waiting_since", "31.12.2025"),
        ("availability", "mon 20:00-17:00"),
        ("languages", "uk:fluent"),
        ("wants", "mentor:many"),
        ("goals", "happiness"),
        ("need_level", "5"),
    ],
)
def test_a_record_says_of_a_text_what_the_file_says_of_the_cell(
    tmp_path: Path, field: str, text: str
) -> None:
    cells = {"id": "a", "languages": "uk:native", "lat": "51", "lon": "7"} | {field: text}
    (tmp_path / "n.csv").write_text(f"{','.join(cells)}\n{','.join(cells.values())}\n")
    with pytest.raises(InvalidFileError) as of_file:
        read_newcomers(tmp_path / "n.csv")
    with pytest.raises(InvalidRecordError) as of_record:
        Newcomer(**cells)  # type: ignore[arg-type]
    assert [(p.field, p.value, p.expected) for p in of_record.value.problems] == [
        (p.column, p.value, p.expected) for p in of_file.value.problems
    ]


@pytest.mark.parametrize("record", [a_newcomer(interests=("chess",)), an_offer(access=("step_free",))])
def test_a_record_can_be_kept_in_a_set_copied_and_sent_to_another_process(record: Newcomer | Offer) -> None:
    again = pickle.loads(pickle.dumps(record))  # noqa: S301 - our own
    for other in (again, copy.deepcopy(record), copy.copy(record), dataclasses.replace(record)):
        assert other == record
        assert hash(other) == hash(record)
        assert type(other.languages) is type(record.languages)
    assert len({record, again, dataclasses.replace(record, id="other")}) == 2
    with pytest.raises(TypeError):
        again.languages["de"] = "A1"


def test_values_that_are_kept_as_they_are_are_not_copied() -> None:
    interests, free = ("football", "chess"), hours("mon 17:00-20:00")
    made = Newcomer(id="x", interests=interests, availability=free)
    assert made.interests is interests
    assert made.availability is free
