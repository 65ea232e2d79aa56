"""What happens to a newcomer: rows, history, and nothing left after erasing."""

from __future__ import annotations

import uuid

import pytest

from tests.rows import add_newcomer
from webapp.audit.models import AuditEntry
from webapp.exceptions import Conflict, InvalidInput, NotFound
from webapp.newcomers import services
from webapp.newcomers.models import Newcomer
from webapp.newcomers.services import erase_newcomer, newcomer_changed, newcomer_erasing
from webapp.storage.access import Actor
from webapp.storage.database import db, write_transaction
from webapp.towns.services import get_town
from webapp.web.idempotency import StoredResponse


def history() -> list[AuditEntry]:
    return list(db.session.scalars(db.select(AuditEntry).where(AuditEntry.object_type == "newcomer")))


def test_a_newcomer_by_hand_is_ready_waits_from_today_and_has_a_number_to_say(app, make_newcomer):
    id_ = make_newcomer()

    with app.app_context():
        newcomer = db.session.get(Newcomer, id_)
        assert (newcomer.status, newcomer.source) == ("ready", "hand")
        assert newcomer.external_id.startswith("N-")
        assert newcomer.waiting_since is not None
        assert newcomer.consent_at is not None
        assert newcomer.place_precision == "postcode"
        assert [entry.action for entry in history()] == ["newcomer.created"]


def test_the_same_external_id_is_refused_in_one_town_only(app, make_newcomer):
    make_newcomer(external_id="X-1")
    make_newcomer(external_id="X-1", town="enschede")

    with pytest.raises(Exception, match=r"(?i)unique"):
        make_newcomer(external_id="X-1")


def test_a_changed_address_is_looked_up_again_and_a_given_point_stays(app, make_newcomer, actor):
    id_ = make_newcomer(postcode="48143")
    me = actor()

    with app.app_context():
        before = services.get_newcomer(me, id_)
        first = (before.lat, before.lon)
        with write_transaction():
            services.update_newcomer(me, id_, postcode="48157", address="")
        moved = services.get_newcomer(me, id_)
        assert (moved.lat, moved.lon) != first
        assert moved.place_precision == "postcode"
        with write_transaction():
            services.update_newcomer(me, id_, lat=51.9, lon=7.6, postcode="48157", address="")
        with write_transaction():
            services.update_newcomer(me, id_, lat=51.9, lon=7.6, notes="the same place")
        exact = services.get_newcomer(me, id_)
        assert (exact.lat, exact.lon, exact.place_precision) == (51.9, 7.6, "exact")
        with write_transaction():
            services.update_newcomer(me, id_, lat=51.9, lon=7.6, postcode="48143", address="")
        assert services.get_newcomer(me, id_).place_precision == "postcode"


def test_an_address_nobody_knows_leaves_no_point(app, make_newcomer, actor, monkeypatch):
    id_ = make_newcomer()
    me = actor()

    with app.app_context(), write_transaction():
        newcomer = services.update_newcomer(me, id_, postcode="", address="")
        assert newcomer.place_precision == "town" or (newcomer.lat, newcomer.lon) == (None, None)


def test_an_old_version_is_refused_and_nothing_is_stored(app, make_newcomer, actor):
    id_ = make_newcomer()
    me = actor()

    with app.app_context():
        with write_transaction():
            services.update_newcomer(me, id_, version=1, name="First")
        with pytest.raises(Conflict) as conflict, write_transaction():
            services.update_newcomer(me, id_, version=1, name="Second")
        assert conflict.value.reason == "changed"
        assert services.get_newcomer(me, id_).name == "First"


def test_the_history_names_the_changed_fields_and_none_of_their_values(app, make_newcomer, actor):
    id_ = make_newcomer()
    me = actor()

    with app.app_context():
        with write_transaction():
            services.update_newcomer(me, id_, phone="0251 999", notes="secret note")
        entry = next(entry for entry in history() if entry.action == "newcomer.updated")
        assert entry.details["fields"] == ["notes", "phone"]
        assert "secret" not in str(entry.details)


def test_withdrawn_consent_loses_its_moment(app, make_newcomer, actor):
    id_ = make_newcomer()
    me = actor()

    with app.app_context():
        with write_transaction():
            services.update_newcomer(me, id_, consent=False)
        newcomer = services.get_newcomer(me, id_)
        assert (newcomer.consent, newcomer.consent_at) == (False, None)


@pytest.mark.parametrize(
    ("before", "after", "action"),
    [
        ("new", "ready", "newcomer.checked"),
        ("ready", "paused", "newcomer.paused"),
        ("paused", "ready", "newcomer.resumed"),
        ("ready", "closed", "newcomer.closed"),
    ],
)
def test_every_change_of_status_is_in_the_history(app, make_newcomer, actor, before, after, action):
    id_ = make_newcomer(status=before)
    me = actor()

    with app.app_context():
        with write_transaction():
            services.set_status(me, id_, after)
        assert services.get_newcomer(me, id_).status == after
        assert [entry.action for entry in history()][1:] == [action]


def test_nobody_becomes_new_again(app, make_newcomer, actor):
    id_ = make_newcomer()
    me = actor()

    with app.app_context(), pytest.raises(InvalidInput), write_transaction():
        services.set_status(me, id_, "new")


def test_a_high_need_asks_for_its_reason_which_stays_out_of_the_history(app, make_newcomer, actor):
    id_ = make_newcomer()
    me = actor()

    with app.app_context():
        with pytest.raises(InvalidInput), write_transaction():
            services.set_need(me, id_, need_level=4)
        with write_transaction():
            services.set_need(me, id_, need_level=4, need_reason="alone since spring")
        entry = next(entry for entry in history() if entry.action == "newcomer.need_set")
        assert entry.details["need_level"] == 4
        assert "alone" not in str(entry.details)


def test_the_list_has_new_ones_first_then_need_then_waiting_time(app, make_newcomer, actor):
    from datetime import date

    make_newcomer(name="Long", waiting_since=date(2024, 1, 1))
    make_newcomer(name="Short", waiting_since=date(2025, 1, 1))
    make_newcomer(name="Urgent", need_level=4, waiting_since=date(2025, 6, 1))
    make_newcomer(name="New", status="new")
    make_newcomer(name="Closed", status="closed", need_level=4)
    me = actor()

    with app.app_context():
        names = [newcomer.name for newcomer in db.session.scalars(services.query_newcomers(me))]
    assert names == ["New", "Urgent", "Long", "Short", "Closed"]


def test_search_and_filters_narrow_the_list(app, make_newcomer, actor):
    make_newcomer(name="100 % Ayla", wants_mentor=1, need_level=3)
    make_newcomer(name="Bilal", status="paused", external_id="F-99")
    me = actor()

    def names(**filters: object) -> list[str]:
        return [row.name for row in db.session.scalars(services.query_newcomers(me, **filters))]

    with app.app_context():
        assert names(search="ayla") == names(search="%") == ["100 % Ayla"]
        assert names(search="f-99") == names(status="paused") == ["Bilal"]
        assert names(need=3) == names(kind="mentor") == ["100 % Ayla"]
        assert services.count_by_status(me) == {"new": 0, "ready": 1, "paused": 1, "closed": 0}


def test_another_town_sees_and_changes_nobody(app, make_newcomer, actor):
    id_ = make_newcomer()
    other = actor(town="enschede")

    with app.app_context():
        assert list(db.session.scalars(services.query_newcomers(other))) == []
        for attempt in (
            lambda: services.get_newcomer(other, id_),
            lambda: services.update_newcomer(other, id_, name="Mine"),
            lambda: services.set_status(other, id_, "closed"),
            lambda: services.set_need(other, id_, need_level=1),
            lambda: services.erase_newcomer(other, id_),
        ):
            with pytest.raises(NotFound), write_transaction():
                attempt()


def test_duplicates_are_found_by_address_number_or_name_and_year_in_the_town_only(app, make_newcomer, actor):
    id_ = make_newcomer()
    same_mail = make_newcomer(name="A", phone="", email="AMINA@mail.example")
    same_phone = make_newcomer(name="B", phone="(0251) 000-4711", email="")
    same_person = make_newcomer(phone="", email="")
    make_newcomer(name="C", phone="", email="", birth_year=1990)
    make_newcomer(town="enschede")
    me = actor()

    with app.app_context():
        found = services.find_duplicates(me, services.get_newcomer(me, id_))
        assert {row.id for row in found} == {same_mail, same_phone, same_person}


def test_erasing_leaves_no_row_and_no_personal_word(app, make_newcomer, actor):
    id_ = make_newcomer()
    me = actor()
    heard = []

    def hear(newcomer, actor):
        heard.append((newcomer.id, actor, db.session.get(Newcomer, newcomer.id) is not None))

    with app.app_context(), newcomer_erasing.connected_to(hear):
        with write_transaction():
            services.erase_newcomer(me, id_)
        assert heard == [(id_, me, True)]
        assert db.session.get(Newcomer, id_) is None
        assert history()[-1].action == "newcomer.erased"
        everything = " ".join(f"{entry.actor_label} {entry.details}" for entry in history())
    for word in ("Amina", "amina@mail.example", "4711", "48143", "tea", "kite"):
        assert word not in everything


def test_an_objection_while_erasing_keeps_everything(app, make_newcomer, actor):
    id_ = make_newcomer()
    me = actor()

    def object_to(_newcomer, actor):
        raise Conflict("busy")

    with app.app_context(), newcomer_erasing.connected_to(object_to):
        with pytest.raises(Conflict), write_transaction():
            services.erase_newcomer(me, id_)
        assert db.session.get(Newcomer, id_) is not None


def test_an_intake_without_agreement_is_refused(app, make_town):
    make_town()

    with app.app_context(), pytest.raises(InvalidInput), write_transaction():
        services.submit_intake(get_town("muenster"), {"name": "Nobody", "consent": False})


def test_an_unknown_id_is_not_found(app, actor):
    me = actor()

    with app.app_context(), pytest.raises(NotFound):
        services.get_newcomer(me, uuid.uuid4())


def test_others_hear_of_a_newcomer_who_changed(app, make_newcomer, actor):
    id_ = make_newcomer(wants_mentor=1)
    me = actor()
    heard = []

    def hear(newcomer, actor):
        heard.append((newcomer.id, actor, newcomer.status, newcomer.wants_mentor, newcomer.consent))

    with app.app_context(), newcomer_changed.connected_to(hear):
        with write_transaction():
            services.update_newcomer(me, id_, wants_mentor=0)
            services.update_newcomer(me, id_, wants_mentor=0)
            services.update_newcomer(me, id_, consent=False)
        with write_transaction():
            services.set_status(me, id_, "paused")
            services.set_status(me, id_, "paused")

    assert heard == [
        (id_, me, "ready", 0, True),
        (id_, me, "ready", 0, False),
        (id_, me, "paused", 0, False),
    ]


def test_answers_kept_for_a_key_go_with_the_newcomer(me: Actor) -> None:
    newcomer = add_newcomer(me.town_id)
    with write_transaction():
        for body in (f'{{"newcomer_id": "{newcomer}", "note": "private"}}', '{"newcomer_id": "other"}'):
            db.session.add(StoredResponse(actor_id=uuid.uuid4(), key="k", request_hash="x", body=body))
    with write_transaction():
        erase_newcomer(me, newcomer)
    assert db.session.scalars(db.select(StoredResponse.body)).all() == ['{"newcomer_id": "other"}']
