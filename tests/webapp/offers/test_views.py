"""The pages about offers for coordinators."""

from __future__ import annotations

import html
import re
import uuid
from datetime import date

import pytest

from webapp.config import LANGUAGES
from webapp.offers import services
from webapp.offers.models import Offer
from webapp.storage.database import db, write_transaction

CLUB = {
    "name": "Choir on the Hill",
    "contact_email": "petra@choir.example",
    "capacity": "12",
    "taken_elsewhere": "5",
    "interests": ["choir", "music"],
    "interests_other": "yodelling",
    "hours_thu": "18:00-19:30",
    "language_1": "de",
    "level_1": "native",
    "age_min": "16",
    "age_max": "99",
    "gender_group": "women_only",
    "cost_eur_month": "7,50",
    "cost_support": "yes",
    "language_share_percent": "40",
    "accepts_minors": "yes",
    "access": ["step_free"],
    "postcode": "48143",
}
MENTOR = {
    "name": "Karin Helfer",
    "capacity": "1",
    "gender": "f",
    "birth_year": "1960",
    "prefers_gender": "f",
    "children_birth_years": "1990 1993",
    "dislikes": ["boxing"],
    "hours_mon": "9-12",
}


def only_offer() -> Offer:
    return db.session.scalars(db.select(Offer)).one()


def test_the_list_shows_the_town_by_kind_and_an_empty_list_says_what_to_do(coordinator, make_offer):
    client = coordinator()
    assert "No offers yet" in client.get("/offers").text

    make_offer()
    make_offer("mentor", name="Karin Helfer", confirmed_at=date(2020, 1, 1))
    make_offer(name="Koor", town="enschede")
    page = client.get("/offers").text
    mentors = client.get("/offers?kind=mentor").text

    assert "Choir on the Hill" in page
    assert "Koor" not in page
    assert "4 of 10 taken" in page
    assert "Choir on the Hill" not in mentors
    assert "no screening" in mentors
    assert "No offer fits this filter" in client.get("/offers?search=nothing").text
    assert client.get("/offers?kind=elf&attention=please&page=x").status_code == 200


def test_an_association_is_added_with_all_that_was_typed(app, coordinator):
    client = coordinator()

    answer = client.post_form("/offers/new/association", **CLUB)

    assert answer.status_code == 303
    assert client.get(answer.location).status_code == 200
    with app.app_context():
        offer = only_offer()
        assert (offer.kind, offer.capacity, offer.taken) == ("association", 12, 5)
        assert offer.interests == ["choir", "music", "yodelling"]
        assert offer.times == ["thu 18:00-19:30"]
        assert (offer.cost_eur_month, offer.cost_support, offer.language_share_max) == (7.5, True, 0.4)
        assert (offer.age_min, offer.age_max, offer.gender_group) == (16, 99, "women_only")


def test_a_mentor_has_the_fields_of_a_mentor_and_no_others(app, coordinator):
    client = coordinator()
    assert 'name="cost_eur_month"' not in client.get("/offers/new/mentor").text

    answer = client.post_form("/offers/new/mentor", **MENTOR, cost_eur_month="5", gender_group="men_only")

    assert answer.status_code == 303
    with app.app_context():
        offer = only_offer()
        assert (offer.kind, offer.gender, offer.birth_year) == ("mentor", "f", 1960)
        assert offer.children_birth_years == [1990, 1993]
        assert (offer.cost_eur_month, offer.gender_group) == (None, "mixed")


def test_an_unknown_kind_has_no_form(app, coordinator):
    client = coordinator()

    assert client.get("/offers/new/elf").status_code == 404
    assert client.post_form("/offers/new/elf", **CLUB).status_code == 404


@pytest.mark.parametrize("kind", ["association", "mentor", "neighbour"])
def test_sending_the_edit_form_as_it_is_changes_nothing(app, coordinator, make_offer, kind):
    values = (
        {"language_share_max": 0.333, "cost_eur_month": 7.5, "age_min": 16} if kind == "association" else {}
    )
    id_ = make_offer(kind, notes="Ring twice.", languages=[{"code": "zh-Hant", "level": "B1"}], **values)
    client = coordinator()
    page = client.get(f"/offers/{id_}/edit").text
    with app.app_context():
        before = {c.key: getattr(only_offer(), c.key) for c in Offer.__table__.columns}

    answer = client.post_form(f"/offers/{id_}/edit", **sent_by_a_browser(page))

    assert answer.status_code == 303, html.unescape(answer.text)
    with app.app_context():
        assert {c.key: getattr(only_offer(), c.key) for c in Offer.__table__.columns} == before


def sent_by_a_browser(page: str) -> dict[str, list[str]]:
    """What the form in the middle of a page would send as it is."""
    main = page.split('<main id="main"')[1].split("</main>", maxsplit=1)[0]
    values: dict[str, list[str]] = {}
    for tag in re.findall(r"<input[^>]+>", main):
        known = dict(re.findall(r'([\w-]+)="([^"]*)"', tag))
        if known.get("type") not in {"checkbox", "radio"} or " checked" in tag:
            values.setdefault(known["name"], []).append(html.unescape(known.get("value", "")))
    for name, inner in re.findall(r'<select[^>]* name="(\w+)".*?>(.*?)</select>', main, re.DOTALL):
        values[name] = re.findall(r'value="([^"]*)" selected', inner)
    for name, inner in re.findall(r'<textarea[^>]* name="(\w+)".*?>(.*?)</textarea>', main, re.DOTALL):
        values[name] = [html.unescape(inner)]
    values.pop("csrf_token")
    return values


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("name", "", "Please fill this in."),
        ("capacity", "", "Please fill this in."),
        ("capacity", "-1", "Please give a number from 0 to 100000."),
        ("capacity", "4", "5 places are taken already"),
        ("taken_elsewhere", "many", "Please give a number."),
        ("age_max", "12", "The highest age is below the lowest."),
        ("age_min", "121", "Please give a number from 0 to 120."),
        ("cost_eur_month", "-1", "Please give a number from"),
        ("cost_eur_month", "inf", "Please give a number."),
        ("language_share_percent", "101", "Please give a number from 0 to 100."),
        ("gender_group", "elves", "Please choose one of the list."),
        ("contact_email", "petra", "Please give a full e-mail address."),
        ("confirmed_at", "2999-01-01", "This day has not come yet."),
        ("hours_thu", "evening", "Please write hours like 17:00-20:00"),
    ],
)
def test_an_impossible_value_gets_a_sentence_and_everything_typed_stays(
    app, coordinator, field, value, sentence
):
    answer = coordinator().post_form("/offers/new/association", **{**CLUB, field: value})

    page = html.unescape(answer.text)
    assert answer.status_code == 422
    assert sentence in page
    assert f'id="error-{field}"' in page
    assert "yodelling" in page
    with app.app_context():
        assert db.session.scalars(db.select(Offer)).all() == []


def test_an_edit_below_what_is_taken_is_refused_on_the_form(app, coordinator, make_offer):
    id_ = make_offer()

    answer = coordinator().post_form(f"/offers/{id_}/edit", **{**CLUB, "capacity": "3", "version": "1"})

    assert answer.status_code == 422
    assert "5 places are taken already" in answer.text
    with app.app_context():
        assert only_offer().capacity == 10


def test_a_stale_form_is_refused_and_shown_again(app, coordinator, make_offer, actor):
    id_ = make_offer()
    client = coordinator()
    with app.app_context(), write_transaction():
        services.update_offer(actor(), id_, name="Changed by another")

    answer = client.post_form(f"/offers/{id_}/edit", **{**CLUB, "name": "Mine", "version": "1"})

    assert answer.status_code == 409
    assert 'value="Mine"' in answer.text
    with app.app_context():
        assert only_offer().name == "Changed by another"


def test_places_are_changed_and_confirmed_from_the_page(app, coordinator, make_offer):
    id_ = make_offer(confirmed_at=date(2020, 1, 1))
    client = coordinator()
    address = f"/offers/{id_}/capacity"
    assert "Nobody has confirmed the places" in client.get(f"/offers/{id_}").text

    assert client.post_form(address, still_correct="yes", version="1", capacity="10").status_code == 303
    with app.app_context():
        assert only_offer().confirmed_at > date(2020, 1, 1)
        assert only_offer().capacity == 10
    refused = client.post_form(address, capacity="3", version="2")
    assert refused.status_code == 409
    assert "4 places are taken already" in refused.text
    assert client.post_form(address, capacity="20", version="1").status_code == 409
    assert client.post_form(address, capacity="lots", version="2").status_code == 422
    assert client.post_form(address, capacity="20", version="2").status_code == 303
    with app.app_context():
        assert only_offer().capacity == 20


def test_a_screening_is_noted_with_who_looked_at_it(app, coordinator, make_offer):
    id_ = make_offer("mentor")
    client = coordinator()
    assert "Without a valid screening nobody is proposed here" in client.get(f"/offers/{id_}").text
    address = f"/offers/{id_}/screening"

    refused = client.post_form(address, screening_valid_until="2031-01-01")
    assert refused.status_code == 422
    assert "Please say who looked at it." in refused.text
    assert client.post_form(address, screening_valid_until="x").status_code == 422
    answer = client.post_form(address, screening_valid_until="2031-01-01", screening_checked_by="Ms Ahlers")
    assert answer.status_code == 303
    with app.app_context():
        assert only_offer().screening_valid_until == date(2031, 1, 1)
    assert "Ms Ahlers" in client.get(f"/offers/{id_}").text


def test_pause_resume_and_close_by_button(app, coordinator, make_offer):
    id_ = make_offer()
    client = coordinator()

    for status in ("paused", "active", "closed"):
        assert client.post_form(f"/offers/{id_}/status", status=status).status_code == 303
        with app.app_context():
            assert only_offer().status == status


def test_a_name_with_markup_is_shown_as_text(coordinator, make_offer):
    id_ = make_offer(name="<script>alert(1)</script>", notes="<b>bold</b>")
    client = coordinator()

    for address in ("/offers", f"/offers/{id_}", f"/offers/{id_}/edit", f"/offers/{id_}/link/preview"):
        page = client.get(address).text
        assert "<script>alert" not in page
        assert "<b>bold" not in page


ADDRESSES = [
    ("get", ""),
    ("get", "/edit"),
    ("get", "/link/preview"),
    ("post", "/edit"),
    ("post", "/status"),
    ("post", "/screening"),
    ("post", "/capacity"),
    ("post", "/link"),
    ("post", "/link/revoke"),
]


@pytest.mark.parametrize(("method", "path"), ADDRESSES)
def test_another_town_gets_the_same_404_as_for_an_unknown_id(app, coordinator, make_offer, method, path):
    id_ = make_offer()
    client = coordinator("enschede")

    def ask(offer_id: uuid.UUID) -> tuple[int, str]:
        address = f"/offers/{offer_id}{path}"
        form = {**CLUB, "status": "closed", "version": "1", "screening_checked_by": "x"}
        answer = client.get(address) if method == "get" else client.post_form(address, **form)
        text = answer.text.replace(str(offer_id), "")
        return answer.status_code, re.sub(r"[\w.-]{60,}", "", text)

    assert ask(id_) == ask(uuid.uuid4())
    assert ask(id_)[0] == 404
    with app.app_context():
        assert (only_offer().name, only_offer().version) == ("Choir on the Hill", 1)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_renders_in_every_language(coordinator, make_offer, make_link, language):
    ids = [make_offer(), make_offer("mentor", name="Karin"), make_offer("neighbour", name="Next door")]
    token = make_link(ids[0])
    client = coordinator()

    addresses = ["/offers", "/offers/new", f"/capacity/{token}", "/capacity/nonsense"]
    addresses += [f"/offers/new/{kind}" for kind in ("association", "mentor", "neighbour")]
    addresses += [f"/offers/{id_}{path}" for id_ in ids for path in ("", "/edit", "/link/preview")]
    for address in addresses:
        page = client.get(f"{address}?lang={language}")
        assert page.status_code == (404 if "nonsense" in address else 200), address
        assert f'<html lang="{language}"' in page.text
