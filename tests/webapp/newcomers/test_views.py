"""The pages about newcomers: what coordinators see and send, and what is refused with a sentence."""

from __future__ import annotations

import html
import uuid
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from webapp.audit.models import AuditEntry
from webapp.config import LANGUAGES
from webapp.engine import files
from webapp.exchange.services import add_people
from webapp.newcomers import services
from webapp.newcomers.models import Newcomer
from webapp.offers.models import Offer
from webapp.storage.access import system_actor
from webapp.storage.database import count_rows, db, write_transaction
from webapp.towns.services import get_town

PERSON = {
    "name": "Selin Arslan",
    "email": "selin@mail.example",
    "language_1": "tr",
    "level_1": "native",
    "language_2": "de",
    "level_2": "B1",
    "interests": ["football", "music"],
    "interests_other": "kite making, chess boxing",
    "dislikes": ["boxing"],
    "goals": ["contact"],
    "hours_mon": "9-12, 17.30-20",
    "hours_sat": "9:00-13:00",
    "postcode": "48143",
    "birth_year": "1991",
    "children_birth_years": "2012, 2015",
    "wants_association": "2",
    "wants_mentor": "1",
    "wants_neighbour": "0",
    "mobility": ["walk", "bike"],
    "consent": "yes",
}


def only_newcomer() -> Newcomer:
    return db.session.scalars(db.select(Newcomer)).one()


def test_the_list_shows_the_town_and_an_empty_list_says_what_to_do(coordinator, make_newcomer):
    client = coordinator()
    assert "Nobody here yet" in client.get("/newcomers").text

    make_newcomer(name="Amina Yusuf")
    make_newcomer(name="Somebody Else", town="enschede")
    page = client.get("/newcomers").text

    assert "Amina Yusuf" in page
    assert "Somebody Else" not in page
    assert "Nobody fits this filter" in client.get("/newcomers?search=nobody").text


def test_nonsense_in_the_filter_is_ignored(coordinator, make_newcomer):
    make_newcomer()

    page = coordinator().get("/newcomers?need=much&status=sad&kind=x&page=-3")

    assert page.status_code == 200
    assert "Amina Yusuf" in page.text


def test_a_newcomer_is_added_with_all_that_was_typed(app, coordinator):
    client = coordinator()

    answer = client.post_form("/newcomers", **PERSON)

    assert answer.status_code == 303
    assert client.get(answer.location).status_code == 200
    with app.app_context():
        row = only_newcomer()
        assert row.languages == [{"code": "tr", "level": "native"}, {"code": "de", "level": "B1"}]
        assert row.interests == ["football", "music", "kite making", "chess boxing"]
        assert row.availability == ["mon 09:00-12:00", "mon 17:30-20:00", "sat 09:00-13:00"]
        assert row.children_birth_years == [2012, 2015]
        assert (row.wants_association, row.wants_mentor, row.wants_neighbour) == (2, 1, 0)
        assert row.place_precision == "postcode"


def test_the_edit_form_gives_back_what_is_known_and_sending_it_changes_nothing(
    app, coordinator, make_newcomer
):
    id_ = make_newcomer(
        availability=["mon 13:30-17:00", "fri 17:30-21:30"],
        children_birth_years=[2015],
        max_minutes=20,
        dislikes=["boxing"],
    )
    client = coordinator()
    page = client.get(f"/newcomers/{id_}/edit").text
    sent = form_values(page)
    with app.app_context():
        before = {c.key: getattr(only_newcomer(), c.key) for c in Newcomer.__table__.columns}

    answer = client.post_form(f"/newcomers/{id_}/edit", **sent)

    assert answer.status_code == 303
    with app.app_context():
        after = {c.key: getattr(only_newcomer(), c.key) for c in Newcomer.__table__.columns}
    assert after == before


def form_values(page: str) -> dict[str, list[str]]:
    """What a browser would send of the form in the middle of a page."""
    from html.parser import HTMLParser

    class Reader(HTMLParser):
        def __init__(self) -> None:
            super().__init__()
            self.values: dict[str, list[str]] = {}
            self.select = self.area = ""
            self.inside = False

        def handle_starttag(self, tag, attrs):
            known = dict(attrs)
            if tag == "main":
                self.inside = True
            if not self.inside:
                return
            name = known.get("name") or ""
            if tag == "select":
                self.select = name
            elif tag == "option" and "selected" in known:
                self.values.setdefault(self.select, []).append(known["value"])
            elif tag == "textarea":
                self.area = name
                self.values[name] = [""]
            elif tag == "input" and name:
                is_box = known.get("type") in {"checkbox", "radio"}
                if not is_box or "checked" in known:
                    self.values.setdefault(name, []).append(known.get("value") or "")

        def handle_data(self, data):
            if self.area:
                self.values[self.area][0] += data

        def handle_endtag(self, tag):
            if tag == "textarea":
                self.area = ""
            if tag == "main":
                self.inside = False

    reader = Reader()
    reader.feed(page)
    reader.values.pop("csrf_token")
    return reader.values


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("name", " \x00 ", "Please fill this in."),
        ("email", "not an address", "Please give a full e-mail address."),
        ("birth_year", "1066", "Please give a year from 1900"),
        ("birth_year", "soon", "Please give a number."),
        ("children_birth_years", "two of them", "Please give years, such as 2012, 2015."),
        ("wants_association", "21", "Please give a number from 0 to 20."),
        ("wants_mentor", "-1", "Please give a number from 0 to 20."),
        ("max_minutes", "9" * 30, "Please give a number"),
        ("language_3", "klingon!", "Please choose a language of the list."),
        ("language_3", "tr", "This language stands here twice."),
        ("level_1", "Z9", "Please choose one of the list."),
        ("goals", "world peace", "Please choose one of the list."),
        ("hours_mon", "20-17", "Please write hours like 17:00-20:00"),
        ("hours_mon", "all day", "Please write hours like 17:00-20:00"),
        ("hours_mon", "17:00-25:00", "Please write hours like 17:00-20:00"),
        ("lat", "nan", "Please give a number"),
        ("waiting_since", "2999-01-01", "This day has not come yet."),
        ("waiting_since", "yesterday", "Please give a date."),
        ("phone", "0" * 61, "At most 60 characters."),
        ("contact_language", "x", "Please choose a language of the list."),
    ],
)
def test_an_impossible_value_gets_a_sentence_and_everything_typed_stays(
    app, coordinator, field, value, sentence
):
    answer = coordinator().post_form("/newcomers", **{**PERSON, field: value})

    page = html.unescape(answer.text)
    assert answer.status_code == 422
    assert sentence in page
    assert f'href="#field-{field}"' in page
    kept = form_values(answer.text)
    assert kept["hours_sat"] == ["9:00-13:00"]
    assert kept["interests"] == ["football", "music"]
    assert kept["level_2"] == ["B1"]
    with app.app_context():
        assert db.session.scalars(db.select(Newcomer)).all() == []


@pytest.mark.parametrize(
    ("half", "field", "sentence"),
    [
        ({"language_3": "nl"}, "level_3", "Please say how well."),
        ({"level_3": "B1"}, "language_3", "Please choose the language, too."),
        ({"lat": "51.9"}, "lon", "Please give both numbers, or neither."),
    ],
)
def test_half_a_pair_asks_for_the_other_half(coordinator, half, field, sentence):
    answer = coordinator().post_form("/newcomers", **{**PERSON, **half})

    assert answer.status_code == 422
    assert f'href="#field-{field}"' in answer.text
    assert sentence in answer.text


def test_signs_that_no_database_holds_are_dropped(app, coordinator):
    client = coordinator()

    answer = client.post_form("/newcomers", name="A\x00mi\u202ena 😀", notes="a\r\nb\x07")

    assert answer.status_code == 303
    with app.app_context():
        row = only_newcomer()
        assert row.name == "Amina 😀"
        assert row.notes == "a\nb"


def test_names_are_shown_as_text_never_as_markup(coordinator, make_newcomer):
    id_ = make_newcomer(name="<script>alert(1)</script>", notes="<img src=x onerror=alert(1)>")
    client = coordinator()

    for address in ("/newcomers", f"/newcomers/{id_}", f"/newcomers/{id_}/edit", f"/newcomers/{id_}/erase"):
        page = client.get(address).text
        assert "<script>alert" not in page
        assert "<img src=x" not in page


def test_a_stale_form_is_refused_and_shown_again_with_what_was_typed(app, coordinator, make_newcomer, actor):
    id_ = make_newcomer()
    client = coordinator()
    with app.app_context(), write_transaction():
        services.update_newcomer(actor(), id_, name="Changed by another")

    answer = client.post_form(f"/newcomers/{id_}/edit", name="Mine", version="1")

    assert answer.status_code == 409
    assert "Somebody else changed this newcomer" in answer.text
    assert 'value="Mine"' in answer.text
    with app.app_context():
        assert only_newcomer().name == "Changed by another"
    assert client.post_form(f"/newcomers/{id_}/edit", name="Mine", version="2").status_code == 303


def test_the_detail_page_warns_where_it_has_to(coordinator, make_newcomer):
    id_ = make_newcomer(status="new", consent=False, birth_year=2015)
    make_newcomer(name="Twin")
    page = coordinator().get(f"/newcomers/{id_}").text

    assert "waits to be checked" in page
    assert "There is no agreement to take part yet" in page
    assert "Under 18" in page
    assert "This may be the same person as" in page


def test_check_pause_resume_and_close_by_button(app, coordinator, make_newcomer):
    id_ = make_newcomer(status="new")
    client = coordinator()

    for status in ("ready", "paused", "ready", "closed"):
        answer = client.post_form(f"/newcomers/{id_}/status", status=status)
        assert answer.status_code == 303
        with app.app_context():
            assert only_newcomer().status == status
    assert client.post_form(f"/newcomers/{id_}/status", status="new").status_code == 422


def test_the_need_is_judged_with_a_reason(app, coordinator, make_newcomer):
    id_ = make_newcomer()
    client = coordinator()

    refused = client.post_form(f"/newcomers/{id_}/need", need_level="4", need_reason="")
    assert refused.status_code == 422
    assert "Please say why" in refused.text
    assert client.post_form(f"/newcomers/{id_}/need", need_level="5").status_code == 422
    assert client.post_form(f"/newcomers/{id_}/need", need_level="4", need_reason="alone").status_code == 303
    with app.app_context():
        assert (only_newcomer().need_level, only_newcomer().need_reason) == (4, "alone")


def test_erasing_says_what_goes_and_asks_once_more(app, coordinator, make_newcomer):
    id_ = make_newcomer()
    client = coordinator()

    assert "What goes" in client.get(f"/newcomers/{id_}/erase").text
    assert client.post_form(f"/newcomers/{id_}/erase").status_code == 422
    with app.app_context():
        assert db.session.get(Newcomer, id_) is not None
    assert client.post_form(f"/newcomers/{id_}/erase", sure="yes").status_code == 303
    with app.app_context():
        assert db.session.get(Newcomer, id_) is None
    assert client.get(f"/newcomers/{id_}").status_code == 404


ADDRESSES = [
    ("get", ""),
    ("get", "/edit"),
    ("get", "/erase"),
    ("post", "/edit"),
    ("post", "/status"),
    ("post", "/need"),
    ("post", "/erase"),
]


@pytest.mark.parametrize(("method", "path"), ADDRESSES)
def test_another_town_gets_the_same_404_as_for_an_unknown_id(app, coordinator, make_newcomer, method, path):
    id_ = make_newcomer()
    client = coordinator(town="enschede")
    client.get("/account")

    def ask(newcomer_id: uuid.UUID) -> tuple[int, str]:
        address = f"/newcomers/{newcomer_id}{path}"
        form = {**PERSON, "status": "closed", "need_level": "1", "sure": "yes"}
        answer = client.get(address) if method == "get" else client.post_form(address, **form)
        return answer.status_code, answer.text.replace(str(newcomer_id), "")

    foreign, unknown = ask(id_), ask(uuid.uuid4())
    assert foreign[0] == unknown[0] == 404
    assert without_tokens(foreign[1]) == without_tokens(unknown[1])
    with app.app_context():
        assert only_newcomer().name == "Amina Yusuf"


def without_tokens(page: str) -> str:
    import re

    return re.sub(r"[\w.-]{60,}", "", page)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_renders_in_every_language(coordinator, make_newcomer, language):
    id_ = make_newcomer(status="new", need_level=3, needs=["step_free"], mobility=["walk"], max_minutes=20)
    client = coordinator()

    for address in (
        "/newcomers",
        "/newcomers/new",
        f"/newcomers/{id_}",
        f"/newcomers/{id_}/edit",
        f"/newcomers/{id_}/erase",
        "/intake/muenster",
        "/intake/muenster/thanks",
    ):
        page = client.get(f"{address}?lang={language}")
        assert page.status_code == 200
        assert f'<html lang="{language}"' in page.text


def all_columns(model) -> dict[uuid.UUID, dict[str, object]]:
    names = [column.key for column in model.__table__.columns]
    return {
        row.id: {name: getattr(row, name) for name in names} for row in db.session.scalars(db.select(model))
    }


@pytest.mark.parametrize(("model", "room"), [(Newcomer, "newcomers"), (Offer, "offers")])
def test_saving_the_unchanged_form_of_people_from_files_changes_nothing(
    app, make_town, coordinator, model, room
):
    actor = system_actor(make_town())
    client = coordinator()
    with app.app_context():
        with write_transaction():
            seeded = files.read_town_folder(files.seed_folder("muenster"))
            add_people(actor, get_town("muenster"), seeded)
        before = all_columns(model)
        entries = count_rows(db.select(AuditEntry))

    for id_ in list(before)[:40]:
        page = client.get(f"/{room}/{id_}/edit").text
        answer = client.post_form(f"/{room}/{id_}/edit", **form_values(page))
        assert answer.status_code == 303, answer.text

    with app.app_context():
        assert all_columns(model) == before
        assert count_rows(db.select(AuditEntry)) == entries


def test_a_day_is_late_or_not_by_the_clock_of_the_town(app, make_town, coordinator):
    make_town()
    client = coordinator()
    for timezone in ("Pacific/Kiritimati", "Etc/GMT+12"):  # one of the two has another day than the server
        with app.app_context(), write_transaction():
            get_town("muenster").timezone = timezone
        today = datetime.now(ZoneInfo(timezone)).date()

        on_time = client.post_form("/newcomers", **{**PERSON, "waiting_since": today.isoformat()})
        early = {**PERSON, "waiting_since": (today + timedelta(days=1)).isoformat()}

        assert on_time.status_code == 303
        assert client.post_form("/newcomers", **early).status_code == 422
