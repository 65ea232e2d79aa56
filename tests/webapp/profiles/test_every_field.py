"""Every field of a record, all values filled: table, forms, pages and files hold what is declared of it."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from datetime import date
from html.parser import HTMLParser
from typing import Any

import marshmallow as ma
import pytest
from flask import Flask
from sqlalchemy import JSON
from sqlalchemy import inspect as inspect_model
from werkzeug.datastructures import MultiDict

from matcher.records.fields import MISSING, NEWCOMER, OFFER, Field, FormName
from matcher.records.files import read_newcomers, read_offers
from matcher.records.kinds import Stored, Wants
from matcher.records.people import Newcomer as NewcomerRecord
from matcher.records.people import Offer as OfferRecord
from matcher.records.vocabulary import open_seed, parse_hours
from tests.web import Client
from webapp.engine.records import newcomer_columns, offer_columns, to_newcomer, to_offer
from webapp.engine.vocabulary import KINDS
from webapp.newcomers.models import Newcomer
from webapp.newcomers.schemas import IntakeSchema, NeedSchema, NewcomerFormSchema
from webapp.offers.models import Offer
from webapp.offers.schemas import FORM_OF_KIND
from webapp.storage.access import Actor
from webapp.storage.database import db, write_transaction

HOURS = (parse_hours("mon 09:00-10:30"), parse_hours("sat 18:00-24:00"))
LANGUAGES = {"uk": "native", "de": "A2", "zh-hant": "B1"}
NEWCOMER_VALUES: dict[str, Any] = {
    **{"id": "N-1", "town": "muenster", "name": "Ada Ö.", "email": "ada@post.example", "phone": "0251 12"},
    **{"contact_language": "uk", "languages": LANGUAGES, "interests": ("football", "stamps of lviv")},
    **{"dislikes": ("chess", "loud music"), "goals": ("language", "work")},
    **{"can_offer": ("cooking", "borscht"), "address": "Hafenweg 7", "postcode": "48155"},
    **{"lat": 51.9512345, "lon": 7.6412345, "birth_year": 1990, "gender": "d", "prefers_gender": "f"},
    **{"household_id": "H-1", "children_birth_years": (2014, 2019), "guardian_consent": True},
    **{"availability": HOURS, "mobility": ("walk", "bike"), "max_minutes": 25, "needs": ("step_free",)},
    **{"wants": {"association": 2, "mentor": 1, "neighbour": 1}, "max_placements": 3, "need_level": 3},
    **{"waiting_since": date(2026, 3, 2), "consent": True, "status": "paused"},
}
OFFER_VALUES: dict[str, Any] = {
    **{"id": "O-1", "town": "muenster", "name": "Turnverein", "contact_name": "Bo", "status": "paused"},
    **{"contact_phone": "0251 111 2222", "about": "We meet whatever the weather."},
    **{"contact_email": "bo@club.example", "languages": LANGUAGES, "min_level": "A2"},
    **{"interests": ("football", "walking backwards"), "dislikes": ("chess", "rain"), "goals": ("sport",)},
    **{"seeks": ("cooking", "a piano"), "address": "Am Stadion 1", "postcode": "48151", "lat": 51.93},
    **{"lon": 7.61, "times": HOURS, "capacity": 9, "taken": 4, "age_min": 14, "age_max": 70},
    **{"accepts_minors": True, "gender_group": "women_only", "gender": "f", "birth_year": 1970},
    **{"prefers_gender": "m", "children_birth_years": (2012,), "access": ("step_free", "childcare")},
    **{"cost_eur_month": 7.5, "cost_support": True, "language_share_max": 0.35},
    **{"screening_valid_until": date(2031, 1, 1), "confirmed_at": date(2026, 11, 2)},
}
# What another offer of the same kind would say where a field has no default.
OTHER_VALUES = {"capacity": 5, "id": "O-2", "kind": "neighbour"}
# What else goes with a field on the page: who is told that a guardian has not agreed; a point has two halves.
BESIDE: dict[str, dict[str, Any]] = {
    "guardian_consent": {"birth_year": 2012},
    "lat": {"lon": None},
    "lon": {"lat": None},
}
# The page is the town's own; the number is made anew for each row here.
NOT_ON_THE_PAGE = {"id", "town"}
NOT_IN_THE_DEMO: set[str] = set()
READERS: dict[str, Callable[..., Any]] = {"newcomers": read_newcomers, "offers": read_offers}
# What is asked of a field's form under other names than its own.
NEWCOMER_ASKED = {
    "languages": ("language_1", "level_1"),
    "availability": ("hours_mon",),
    "wants": tuple(f"wants_{kind}" for kind in KINDS),
}
OFFER_ASKED = {
    "languages": ("language_1", "level_1"),
    "times": ("hours_mon",),
    "language_share_max": ("language_share_percent",),
    "taken": ("taken_elsewhere",),
}
PYTHON_TYPES = {
    Stored.TEXT: str,
    Stored.WHOLE_NUMBER: int,
    Stored.NUMBER: float,
    Stored.YES_NO: bool,
    Stored.DAY: date,
}
EVERY_FIELD = [pytest.param(Newcomer, field, id=f"newcomer-{field.name}") for field in NEWCOMER] + [
    pytest.param(Offer, field, id=f"offer-{field.name}") for field in OFFER
]


class Controls(HTMLParser):
    """What a browser would send of the form with some action: the values of its controls."""

    def __init__(self, action: str) -> None:
        super().__init__()
        self.action, self.sent = action, []
        self._is_inside, self._select, self._area = False, "", ""

    def handle_starttag(self, tag: str, given: list[tuple[str, str | None]]) -> None:
        at = dict(given)
        if tag == "form":
            self._is_inside = at.get("method") == "post" and at.get("action", self.action) == self.action
        if not self._is_inside or "disabled" in at:
            return
        name = at.get("name") or ""
        if tag == "input" and name and at.get("type") not in {"submit", "button"}:
            if at.get("type") not in {"checkbox", "radio"} or "checked" in at:
                self.sent.append((name, at.get("value") or ""))
        elif tag == "textarea":
            self._area = name
            self.sent.append((name, ""))
        elif tag == "select":
            self._select = name
        elif tag == "option" and "selected" in at:
            self.sent.append((self._select, at.get("value") or ""))

    def handle_data(self, data: str) -> None:
        if self._area:
            name, text = self.sent[-1]
            self.sent[-1] = (name, text + data)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._is_inside = False
        if tag == "textarea":
            self._area = ""


@pytest.fixture
def me(app: Flask, actor: Callable[..., Actor]) -> Iterator[Actor]:
    coordinator = actor()
    with app.app_context():
        yield coordinator


def store(me: Actor, model: Any, columns: dict[str, Any]) -> uuid.UUID:
    with write_transaction():
        row = model(**{**columns, "town_id": me.town_id, "external_id": uuid.uuid4().hex[:8]})
        db.session.add(row)
    return row.id


def filled(kind: str = "", **other: Any) -> dict[str, Any]:
    """The columns of a newcomer with every field filled, or of an offer with all that its kind is asked."""
    if not kind:
        return newcomer_columns(NewcomerRecord(**(NEWCOMER_VALUES | other)))
    asked = {name: OFFER_VALUES[name] for name in OFFER_VALUES if kind in OFFER.by_name[name].of_kinds}
    return offer_columns(OfferRecord(kind=kind, **(asked | other)))


def columns_of(model: Any, id_: uuid.UUID) -> dict[str, Any]:
    """A row as it is now, but for its version."""
    db.session.expire_all()
    row = db.session.get_one(model, id_)
    names = {column.key for column in inspect_model(model).columns} - {"version"}
    return {name: getattr(row, name) for name in names}


def page_of(model: Any, id_: uuid.UUID) -> str:
    return f"/{'newcomers' if model is Newcomer else 'offers'}/{id_}"


# Declared and filled --------------------------------------------------------------------------------


def test_every_field_has_a_value_here_that_is_not_its_default() -> None:
    assert set(NEWCOMER_VALUES) == set(NEWCOMER.names)
    assert {*OFFER_VALUES, "kind"} == set(OFFER.names)
    for fields, values in ((NEWCOMER, NEWCOMER_VALUES), (OFFER, OFFER_VALUES)):
        for name, value in values.items():
            assert value != fields.by_name[name].default, name


@pytest.mark.parametrize(("model", "field"), EVERY_FIELD)
def test_a_field_has_its_column_with_the_type_and_length_that_are_declared(model: Any, field: Field) -> None:
    if field.name in {"id", "town"}:  # `external_id`, and the row of the town
        return
    if isinstance(field.kind, Wants):
        assert all(hasattr(model, f"{field.name}_{kind}") for kind in KINDS)
        return
    column = inspect_model(model).columns[field.name]
    if field.kind.stored is Stored.LIST:
        assert isinstance(column.type, JSON)
    else:
        assert column.type.python_type is PYTHON_TYPES[field.kind.stored]
        assert column.nullable == (field.default is None)
    longest = getattr(field.kind, "longest", None)
    if field.kind.stored is Stored.TEXT and longest is not None:
        assert column.type.length == longest


@pytest.mark.parametrize(("model", "field"), EVERY_FIELD)
def test_a_field_says_why_it_is_kept_and_who_sees_it(model: Any, field: Field) -> None:
    assert field.purpose[0].isupper()
    assert field.purpose.endswith(".")
    assert field.visibility


# Forms ----------------------------------------------------------------------------------------------


def forms_of(model: Any, field: Field) -> Iterator[tuple[FormName, type[ma.Schema]]]:
    if model is Newcomer:
        schemas = {
            FormName.INTAKE: IntakeSchema,
            FormName.COORDINATOR: NewcomerFormSchema,
            FormName.NEED: NeedSchema,
        }
        yield from ((form, schemas[form]) for form in schemas)
    else:
        yield from ((FormName.COORDINATOR, FORM_OF_KIND[kind]) for kind in field.of_kinds)


@pytest.mark.parametrize(("model", "field"), EVERY_FIELD)
def test_just_the_declared_forms_ask_for_a_field(model: Any, field: Field) -> None:
    asked_as = (NEWCOMER_ASKED if model is Newcomer else OFFER_ASKED).get(field.name, (field.name,))
    for form, schema in forms_of(model, field):
        names = set(schema._declared_fields)
        if form is FormName.INTAKE:
            names |= {"hours_mon"} if "availability" in names else set()
            names |= {f"wants_{kind}" for kind in KINDS} if "wants" in names else set()
            names |= {"level_1"}
        assert (form in field.forms) == (set(asked_as) <= names), (form, schema)


@pytest.mark.parametrize("kind", ["", *KINDS])
def test_saving_an_unchanged_form_changes_nothing(me: Actor, login: Callable[..., Client], kind: str) -> None:
    model = Offer if kind else Newcomer
    id_ = store(me, model, filled(kind))
    before = columns_of(model, id_)
    browser = login()
    address = f"{page_of(model, id_)}/edit"
    page = browser.get(address)
    controls = Controls(address)
    controls.feed(page.text)
    assert len(controls.sent) > 20
    answer = browser.post(address, data=MultiDict(controls.sent))
    assert answer.status_code == 303, answer.text
    after = columns_of(model, id_)
    assert {name: (before[name], after[name]) for name in after if after[name] != before[name]} == {}


# Pages and records ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("model", "field"), EVERY_FIELD)
def test_the_page_of_a_person_or_an_offer_shows_a_field(
    me: Actor, login: Callable[..., Client], model: Any, field: Field
) -> None:
    """Without its value the page reads otherwise."""
    if field.name in NOT_ON_THE_PAGE:
        return
    kind = "" if model is Newcomer else field.of_kinds[0]
    default = field.default if field.default is not MISSING else OTHER_VALUES[field.name]
    beside = BESIDE.get(field.name, {})
    kept = {name: value for name, value in beside.items() if value is not None}
    id_ = store(me, model, filled(kind, **kept))
    browser = login()
    with_value = browser.get(page_of(model, id_)).text
    columns = filled(kind, **({field.name: default} if field.name not in {"id", "kind"} else {}), **beside)
    if field.name == "kind":
        columns["kind"] = "neighbour"
    with write_transaction():
        row = db.session.get_one(model, id_)
        for name, value in columns.items():
            if name != "external_id":
                setattr(row, name, value)
    assert browser.get(page_of(model, id_)).text != with_value


@pytest.mark.parametrize("kind", ["", *KINDS])
def test_a_record_comes_back_from_its_row_as_it_was(me: Actor, kind: str) -> None:
    model, columns = (Offer if kind else Newcomer), filled(kind)
    row = db.session.get_one(model, store(me, model, columns))
    record = to_offer(row, "muenster", others=row.taken) if kind else to_newcomer(row, "muenster")
    told_otherwise = {"id"}
    fields, values = (OFFER, OFFER_VALUES) if kind else (NEWCOMER, NEWCOMER_VALUES)
    for name in set(values) - told_otherwise:
        if not kind or kind in fields.by_name[name].of_kinds:
            assert getattr(record, name) == values[name], name


@pytest.mark.parametrize(("model", "field"), EVERY_FIELD)
def test_the_demo_has_somebody_with_a_value_for_a_field(model: Any, field: Field) -> None:
    if field.name in NOT_IN_THE_DEMO:
        return
    name = "newcomers" if model is Newcomer else "offers"
    people = READERS[name](open_seed(f"muenster/{name}.csv"))
    assert any(getattr(one, field.name) != field.default for one in people)
