"""Fields are declared once: the records, their types and defaults, and what forms need are held to it."""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest

from matcher.exceptions import InvalidRecordError
from matcher.records.fields import MISSING, NEWCOMER, OFFER, Field, FormName, RecordFields, Visibility
from matcher.records.kinds import (
    Day,
    FreeHours,
    Kind,
    Languages,
    Number,
    Sessions,
    Stored,
    Terms,
    Text,
    Wants,
    WholeNumber,
    Word,
    Words,
    Years,
    YesNo,
)
from matcher.records.people import Newcomer, Offer
from matcher.records.vocabulary import KINDS, Hours

Record = type[Newcomer] | type[Offer]
RECORDS: list[tuple[Record, RecordFields]] = [(Newcomer, NEWCOMER), (Offer, OFFER)]
EVERY_FIELD = [
    pytest.param(record, field, id=f"{record.__name__}.{field.name}")
    for record, fields in RECORDS
    for field in fields
]
TYPES: dict[type[Kind], Any] = {
    Text: str,
    Word: str,
    YesNo: bool,
    Words: tuple[str, ...],
    Terms: tuple[str, ...],
    Years: tuple[int, ...],
    Sessions: tuple[Hours, ...],
    FreeHours: tuple[Hours, ...],
    Languages: Mapping[str, str],
    Wants: Mapping[str, int],
    Number: float,
    WholeNumber: int,
    Day: date,
}


@pytest.mark.parametrize(("record", "fields"), RECORDS)
def test_a_record_has_the_fields_that_are_declared_in_their_order(
    record: Record, fields: RecordFields
) -> None:
    assert tuple(field.name for field in dataclasses.fields(record)) == fields.names
    assert all(field.kw_only for field in dataclasses.fields(record))


@pytest.mark.parametrize(("record", "declared"), EVERY_FIELD)
def test_a_field_has_the_type_and_the_default_that_are_declared(record: Record, declared: Field) -> None:
    (field,) = (field for field in dataclasses.fields(record) if field.name == declared.name)
    (kept_as,) = {TYPES[kind] for kind in type(declared.kind).__mro__ if kind in TYPES}
    hint = typing.get_type_hints(record)[declared.name]
    assert hint == (kept_as | None if declared.default is None else kept_as)
    if declared.default is MISSING:
        assert field.default is field.default_factory is dataclasses.MISSING
    elif field.default_factory is not dataclasses.MISSING:
        assert field.default_factory() == declared.default
    else:
        assert field.default == declared.default


@pytest.mark.parametrize(("record", "declared"), EVERY_FIELD)
def test_a_field_says_what_tables_forms_and_the_register_need(record: Record, declared: Field) -> None:
    assert isinstance(declared.kind.stored, Stored)
    assert isinstance(declared.visibility, Visibility)
    assert all(isinstance(form, FormName) for form in declared.forms)
    assert declared.purpose.endswith(".")
    assert declared.purpose[0].isupper()
    assert set(declared.of_kinds) <= set(KINDS)
    assert declared.of_kinds
    assert declared.kind.expected
    if declared.kind.stored is Stored.TEXT:
        kind = declared.kind
        assert isinstance(kind, Text | Word)
        assert isinstance(kind, Text) or max(map(len, kind.choices)) <= kind.longest


@pytest.mark.parametrize(("record", "fields"), RECORDS)
def test_a_value_not_said_passes_every_check(record: Record, fields: RecordFields) -> None:
    said: dict[str, Any] = {"id": "x", "kind": "mentor", "capacity": 1}
    made = record(**{name: said[name] for name in fields.names if name in said})
    for field in fields:
        if field.default is not MISSING and field.name != "wants":
            assert getattr(made, field.name) == field.default
            assert field.kind.write(field.default) == field.kind.write(getattr(made, field.name))


SAID: dict[type[Kind], tuple[str, Any]] = {
    Text: ("Ab c", "Ab c"),
    YesNo: ("yes", True),
    Terms: ("Fußball;own", ("football", "own")),
    Years: ("2012;2012", (2012, 2012)),
    FreeHours: ("mon 9:00-10:00;tue 17:00-24:00", (Hours(540, 600), Hours(2460, 2880))),
    Languages: ("UK:Native;de", {"uk": "native", "de": "C1"}),
    Wants: ("mentor:2;association", {"mentor": 2, "association": 1}),
    Day: ("2026-03-31", date(2026, 3, 31)),
}


def a_cell_of(kind: Kind) -> tuple[str, Any]:
    if isinstance(kind, Word | Words):
        word = kind.choices[0]
        return (word.upper(), (word,) if isinstance(kind, Words) else word)
    if isinstance(kind, Number | WholeNumber):
        return (str(kind.high), kind.high)
    text, value = next(SAID[base] for base in type(kind).__mro__ if base in SAID)
    return (text, value.lower() if kind.read(text) != value and isinstance(value, str) else value)


@pytest.mark.parametrize(("record", "declared"), EVERY_FIELD)
def test_what_is_read_from_a_cell_is_written_to_one_and_taken_as_it_is(
    record: Record, declared: Field
) -> None:
    kind = declared.kind
    text, value = a_cell_of(kind)
    read = kind.read(text)
    assert read == value
    assert kind.is_kept(read)
    assert kind.take(read) is read
    assert kind.read(kind.write(read)) == read
    assert kind.take(text) == read
    assert list(kind.problems(declared.name, read)) == []


@pytest.mark.parametrize(
    ("record", "wrong", "told"),
    [
        (
            Newcomer,
            {"languages": {"uk": "fluent"}, "lat": 91.0, "birth_year": 1066, "needs": ("quiet",)}
            | {
                "mobility": ("horse",),
                "status": "x",
                "wants": {"choir": 30},
                "need_level": 5,
                "goals": ("x",),
            },
            [
                "languages",
                "goals",
                "lat",
                "lon",
                "birth_year",
                "needs",
                "mobility",
                "status",
                "wants",
                "wants",
                "need_level",
            ],
        ),
        (
            Offer,
            {"kind": "club", "capacity": -1, "access": ("x",), "min_level": "Z", "age_min": 30, "age_max": 20}
            | {"language_share_max": 2.0, "gender": "x"},
            ["gender", "kind", "access", "min_level", "capacity", "language_share_max", "age_max"],
        ),
    ],
)
def test_problems_are_told_in_an_order_that_does_not_change(
    record: Record, wrong: dict[str, Any], told: list[str]
) -> None:
    with pytest.raises(InvalidRecordError) as raised:
        record(id="x", **wrong)
    assert [problem.field for problem in raised.value.problems] == told


@pytest.mark.parametrize(("record", "fields"), RECORDS)
def test_every_field_says_whether_the_order_in_it_matters(record: Record, fields: RecordFields) -> None:
    assert [field.name for field in fields if field.kind.is_ordered] == ["languages"]
