"""The link with which an offer tells its places: reading changes nothing, and it opens nothing else."""

from __future__ import annotations

import re
from datetime import date, timedelta

import pytest

from webapp.accounts.links import create_link
from webapp.accounts.models import Link
from webapp.audit.models import AuditEntry
from webapp.commands.link import link
from webapp.offers import services
from webapp.offers.models import Offer
from webapp.storage.access import system_actor
from webapp.storage.database import db, utc_now, write_transaction


def offer_row(app) -> tuple[int, int, date | None, int]:
    with app.app_context():
        offer = db.session.scalars(db.select(Offer)).one()
        return offer.capacity, offer.taken, offer.confirmed_at, offer.version


def last_entry(app) -> AuditEntry:
    with app.app_context():
        newest = db.select(AuditEntry).order_by(AuditEntry.at.desc()).limit(1)
        return db.session.scalars(newest).one()


def english(client, token: str) -> str:
    return client.get(f"/capacity/{token}?lang=en").text


def test_twenty_scanners_reading_it_change_nothing(app, client, make_offer, make_link):
    token = make_link(make_offer(confirmed_at=date(2020, 1, 1)))
    before = offer_row(app)
    with app.app_context():
        entries = db.session.scalar(db.select(db.func.count()).select_from(AuditEntry))

    for _scanner in range(20):
        assert client.get(f"/capacity/{token}").status_code == 200
        assert client.head(f"/capacity/{token}").status_code == 200

    assert offer_row(app) == before
    with app.app_context():
        assert db.session.scalar(db.select(db.func.count()).select_from(AuditEntry)) == entries
        assert db.session.scalars(db.select(Link)).one().last_used_at is None
    assert client.post_form(f"/capacity/{token}", still_correct="yes").status_code == 303


def test_it_shows_the_places_and_no_names_of_people(client, make_offer, make_link):
    token = make_link(make_offer(notes="Ask Ahmad."))

    page = english(client, token)

    assert "Choir on the Hill" in page
    assert "6 places are free" in page
    assert "4 of 10 taken" in page
    for word in ("Petra", "petra@choir.example", "Ahmad", "48143"):
        assert word not in page
    assert "http" not in page.replace("http-equiv", "")


def test_saying_still_correct_confirms_today(app, client, make_offer, make_link):
    token = make_link(make_offer(confirmed_at=date(2020, 1, 1)))

    answer = client.post_form(f"/capacity/{token}", still_correct="yes", capacity="99", version="1")

    assert answer.status_code == 303
    capacity, _taken, confirmed_at, _version = offer_row(app)
    assert capacity == 10
    assert confirmed_at > date(2020, 1, 1)
    entry = last_entry(app)
    assert entry.action == "offer.places_confirmed"
    assert entry.actor_label == "/capacity: Choir on the Hill"
    with app.app_context():
        link = db.session.scalars(db.select(Link)).one()
        assert entry.actor_id == link.id
        assert link.last_used_at is not None


def test_a_new_number_is_taken_and_recorded(app, client, make_offer, make_link):
    token = make_link(make_offer())

    answer = client.post_form(f"/capacity/{token}", capacity="15", version="1")

    assert answer.status_code == 303
    assert offer_row(app)[0] == 15
    entry = last_entry(app)
    assert (entry.action, entry.details["before"], entry.details["capacity"]) == (
        "offer.capacity_set",
        10,
        15,
    )
    assert "11 places are free" in english(client, token)


def test_fewer_places_than_taken_are_refused_and_the_number_typed_stays(app, client, make_offer, make_link):
    token = make_link(make_offer())
    english(client, token)

    answer = client.post_form(f"/capacity/{token}", capacity="3", version="1")

    assert answer.status_code == 409
    assert "4 places are taken already" in answer.text
    assert 'value="3"' in answer.text
    assert offer_row(app)[0] == 10


def test_an_old_page_is_refused_and_shows_how_things_stand(app, client, make_offer, make_link, actor):
    id_ = make_offer()
    token = make_link(id_)
    english(client, token)
    me = actor()
    with app.app_context(), write_transaction():
        services.set_capacity(me, id_, 12)

    answer = client.post_form(f"/capacity/{token}", capacity="8", version="1")

    assert answer.status_code == 409
    assert "4 of 12 taken" in answer.text
    assert offer_row(app)[0] == 12
    assert client.post_form(f"/capacity/{token}", capacity="8", version="2").status_code == 303


@pytest.mark.parametrize("number", ["", "-1", "many", "3.5", "9" * 40])
def test_what_is_no_number_gets_a_sentence(app, client, make_offer, make_link, number):
    token = make_link(make_offer())

    answer = client.post_form(f"/capacity/{token}", capacity=number, version="1")

    assert answer.status_code == 422
    assert 'id="error-capacity"' in answer.text
    assert offer_row(app)[0] == 10


def forged(app, make_offer, make_link) -> str:
    # The first letter: of the last one, two bits carry nothing, and "B" may well sign like "A".
    said, signature = make_link(make_offer()).rsplit(".", 1)
    return f"{said}.{'A' if signature[0] != 'A' else 'B'}{signature[1:]}"


def expired(app, make_offer, make_link) -> str:
    token = make_link(make_offer())
    with app.app_context(), write_transaction():
        db.session.execute(db.update(Link).values(expires_at=utc_now() - timedelta(seconds=1)))
    return token


def revoked(app, make_offer, make_link) -> str:
    token = make_link(make_offer())
    with app.app_context(), write_transaction():
        db.session.execute(db.update(Link).values(revoked_at=utc_now()))
    return token


def replaced(app, make_offer, make_link) -> str:
    id_ = make_offer()
    token = make_link(id_)
    make_link(id_)
    return token


def of_another_purpose(app, make_offer, make_link) -> str:
    id_ = make_offer()
    with app.app_context(), write_transaction():
        town_id = db.session.get(Offer, id_).town_id
        later = utc_now() + timedelta(days=1)
        return create_link(system_actor(town_id), purpose="other", subject_id=id_, expires_at=later)


def of_a_closed_offer(app, make_offer, make_link) -> str:
    id_ = make_offer()
    token = make_link(id_)
    with app.app_context(), write_transaction():
        services.set_status(system_actor(db.session.get(Offer, id_).town_id), id_, "closed")
    return token


def of_an_offer_closed_behind_our_back(app, make_offer, make_link) -> str:
    token = make_link(make_offer())
    with app.app_context(), write_transaction():
        db.session.execute(db.update(Offer).values(status="closed"))
    return token


BROKEN = [
    *(forged, expired, revoked, replaced, of_another_purpose),
    *(of_a_closed_offer, of_an_offer_closed_behind_our_back),
]


@pytest.mark.parametrize("broken", BROKEN)
def test_a_link_that_does_not_work_gives_the_same_404_and_changes_nothing(
    app, client, make_offer, make_link, broken
):
    token = broken(app, make_offer, make_link)
    before = offer_row(app)
    client.get("/login?lang=en")

    def page(address: str) -> str:
        return re.sub(r"[\w.-]{60,}", "", client.get(address).text.replace(token, "nonsense"))

    assert client.get(f"/capacity/{token}").status_code == 404
    assert page(f"/capacity/{token}") == page("/capacity/nonsense")
    assert "This link does not work" in page("/capacity/nonsense")
    assert client.post_form(f"/capacity/{token}", capacity="20", version="1").status_code == 404
    assert client.post_form(f"/capacity/{token}", still_correct="yes").status_code == 404
    assert offer_row(app) == before


def test_a_link_opens_nothing_but_its_page(client, make_offer, make_link):
    id_ = make_offer()
    token = make_link(id_)
    client.get(f"/capacity/{token}")

    for address in (f"/offers/{id_}", "/offers", "/newcomers", f"/api/v1/offers/{id_}", "/history"):
        assert client.get(address).status_code in {303, 401}
    bearer = {"Authorization": f"Bearer {token}"}
    assert client.get("/api/v1/offers", headers=bearer).status_code == 401


def test_changing_needs_the_token_of_the_form(app, client, make_offer, make_link):
    token = make_link(make_offer())

    assert client.post(f"/capacity/{token}", data={"capacity": "20"}).status_code == 400
    assert offer_row(app)[0] == 10


def test_too_many_changes_are_stopped(client, make_offer, make_link):
    token = make_link(make_offer())

    answers = [client.post_form(f"/capacity/{token}", still_correct="yes").status_code for _time in range(12)]

    assert answers.count(303) == 10
    assert answers[-1] == 429


def test_a_coordinator_makes_a_link_sees_it_once_and_withdraws_it(app, client, coordinator, make_offer):
    id_ = make_offer()
    desk = coordinator()

    shown = desk.post_form(f"/offers/{id_}/link")
    [token] = set(re.findall(r"/capacity/([\w.-]+)", shown.text))

    assert shown.status_code == 201
    assert token not in desk.get(f"/offers/{id_}").text
    assert "A link works until" in desk.get(f"/offers/{id_}").text
    assert client.get(f"/capacity/{token}").status_code == 200
    with app.app_context():
        entries = db.session.scalars(db.select(AuditEntry)).all()
        assert token not in str([entry.details for entry in entries])
    assert desk.post_form(f"/offers/{id_}/link/revoke").status_code == 303
    assert client.get(f"/capacity/{token}").status_code == 404


def test_the_preview_cannot_be_sent(app, coordinator, make_offer):
    id_ = make_offer()
    desk = coordinator()

    page = desk.get(f"/offers/{id_}/link/preview").text

    assert "This is what the holder of the link sees" in page
    assert 'action="/capacity' not in page
    assert offer_row(app)[3] == 1


@pytest.mark.parametrize("by", ["id", "external_id"])
def test_the_command_prints_the_secret_alone(client, make_offer, command, by):
    id_ = make_offer(external_id="ma-0001")

    result = command(link, "create", "--offer", str(id_) if by == "id" else "ma-0001")

    assert result.exit_code == 0, result.output
    token = result.stdout.strip()
    assert re.fullmatch(r"[\w.-]+", token)
    assert client.get(f"/capacity/{token}").status_code == 200


def test_the_command_says_when_there_is_no_such_offer(make_town, command):
    make_town()

    result = command(link, "create", "--offer", "nothing")

    assert result.exit_code == 2
    assert result.stdout == ""
