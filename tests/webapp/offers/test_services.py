"""What happens to an offer: its places, its screening, its rows and their history."""

from __future__ import annotations

import uuid
from datetime import date, timedelta

import pytest

from tests.rows import add_newcomer, add_offer, place
from webapp.audit.models import AuditEntry
from webapp.exceptions import Conflict, InvalidInput, NotFound
from webapp.offers import services
from webapp.offers.models import Offer
from webapp.storage.access import Actor
from webapp.storage.database import db, write_transaction


def actions() -> list[str]:
    entries = db.select(AuditEntry).where(AuditEntry.object_type == "offer").order_by(AuditEntry.at)
    return [entry.action for entry in db.session.scalars(entries)]


def test_a_new_offer_is_active_confirmed_today_and_on_the_map(app, make_offer):
    id_ = make_offer()

    with app.app_context():
        offer = db.session.get(Offer, id_)
        assert (offer.status, offer.capacity, offer.taken, offer.placed, offer.free) == (
            "active",
            10,
            4,
            0,
            6,
        )
        assert offer.confirmed_at is not None
        assert offer.place_precision == "postcode"
        assert offer.external_id.startswith("O-")
        assert actions() == ["offer.created"]


def test_more_taken_than_places_is_refused(app, make_offer):
    with pytest.raises(InvalidInput):
        make_offer(capacity=3, taken_elsewhere=4)


def test_the_database_itself_keeps_taken_within_capacity(app, make_offer):
    id_ = make_offer()

    with app.app_context():
        for impossible in ({"taken": 11}, {"placed": 5}, {"placed": -1}):
            with pytest.raises(Exception, match=r"(?i)check"), write_transaction():
                db.session.execute(db.update(Offer).where(Offer.id == id_).values(**impossible))


def test_changing_people_placed_elsewhere_keeps_our_placements(app, make_offer, actor):
    id_ = make_offer()
    me = actor()
    with app.app_context():
        with write_transaction():
            db.session.execute(db.update(Offer).where(Offer.id == id_).values(placed=2, taken=6))
        with write_transaction():
            services.update_offer(me, id_, taken_elsewhere=1)
        offer = services.get_offer(me, id_)
        assert (offer.placed, offer.taken) == (2, 3)
        with pytest.raises(InvalidInput), write_transaction():
            services.update_offer(me, id_, capacity=1, taken_elsewhere=0)


def test_capacity_below_what_is_taken_is_refused_with_the_numbers(app, make_offer, actor):
    id_ = make_offer()
    me = actor()

    with app.app_context():
        with pytest.raises(Conflict) as conflict, write_transaction():
            services.set_capacity(me, id_, 3)
        assert conflict.value.reason == "below_taken"
        assert conflict.value.current == {"taken": 4, "capacity": 10, "version": 1}
        assert services.get_offer(me, id_).capacity == 10
        assert actions() == ["offer.created"]


def test_capacity_down_to_what_is_taken_is_fine_and_confirms(app, make_offer, actor):
    id_ = make_offer(confirmed_at=date(2020, 1, 1))
    me = actor()

    with app.app_context():
        with write_transaction():
            services.set_capacity(me, id_, 4, version=1)
        offer = services.get_offer(me, id_)
        assert (offer.capacity, offer.free, offer.version) == (4, 0, 2)
        assert offer.confirmed_at > date(2020, 1, 1)
        assert actions()[-1] == "offer.capacity_set"


def test_capacity_with_an_old_version_is_refused(app, make_offer, actor):
    id_ = make_offer()
    me = actor()

    with app.app_context():
        with write_transaction():
            services.set_capacity(me, id_, 12, version=1)
        with pytest.raises(Conflict) as conflict, write_transaction():
            services.set_capacity(me, id_, 8, version=1)
        assert conflict.value.reason == "changed"
        assert conflict.value.current["version"] == 2
        assert services.get_offer(me, id_).capacity == 12


@pytest.mark.parametrize("number", [-1, 100_001])
def test_a_number_of_places_that_cannot_be_is_refused(app, make_offer, actor, number):
    id_ = make_offer()
    me = actor()

    with app.app_context(), pytest.raises(InvalidInput), write_transaction():
        services.set_capacity(me, id_, number)


def test_confirming_moves_the_day_and_no_number(app, make_offer, actor):
    id_ = make_offer(confirmed_at=date(2020, 1, 1))
    me = actor()

    with app.app_context():
        with write_transaction():
            services.confirm_places(me, id_)
        offer = services.get_offer(me, id_)
        assert offer.confirmed_at > date(2020, 1, 1)
        assert (offer.capacity, offer.taken) == (10, 4)


def test_a_screening_is_a_day_and_a_name_and_only_for_people(app, make_offer, actor):
    mentor, club = make_offer("mentor"), make_offer()
    me = actor()
    until = date(2030, 5, 1)

    with app.app_context():
        with pytest.raises(InvalidInput), write_transaction():
            services.set_screening(me, mentor, screening_valid_until=until)
        with pytest.raises(InvalidInput), write_transaction():
            services.set_screening(me, club, screening_valid_until=until, screening_checked_by="Me")
        with write_transaction():
            services.set_screening(me, mentor, screening_valid_until=until, screening_checked_by="Me")
        offer = services.get_offer(me, mentor)
        assert (offer.screening_valid_until, offer.screening_checked_by) == (until, "Me")
        with write_transaction():
            services.set_screening(me, mentor, screening_valid_until=None, screening_checked_by="Me")
        assert services.get_offer(me, mentor).screening_checked_by == ""


TODAY = date(2026, 6, 1)


@pytest.mark.parametrize(
    ("kind", "until", "state"),
    [
        ("association", None, "not_needed"),
        ("mentor", None, "missing"),
        ("neighbour", TODAY - timedelta(days=1), "expired"),
        ("mentor", TODAY, "soon"),
        ("mentor", TODAY + timedelta(days=59), "soon"),
        ("mentor", TODAY + timedelta(days=60), "valid"),
    ],
)
def test_the_state_of_a_screening_on_a_day(kind, until, state):
    assert Offer(kind=kind, capacity=1, screening_valid_until=until).screening_state(TODAY) == state


def test_filters_narrow_the_list(app, make_offer, actor):
    make_offer(name="Full", capacity=4)
    make_offer(name="Old", confirmed_at=date(2020, 1, 1))
    make_offer("mentor", name="Unscreened", external_id="F-7")
    make_offer(
        "mentor",
        name="Screened",
        screening_valid_until=date.today() + timedelta(days=300),
        capacity=4,
    )
    me = actor()

    def names(**filters: str) -> list[str]:
        return [row.name for row in db.session.scalars(services.query_offers(me, **filters))]

    with app.app_context():
        assert names() == ["Full", "Old", "Screened", "Unscreened"]
        assert names(kind="mentor") == ["Screened", "Unscreened"]
        assert names(attention="free") == ["Old", "Unscreened"]
        assert names(attention="stale") == ["Old"]
        assert names(attention="screening") == ["Unscreened"]
        assert names(search="f-7") == ["Unscreened"]
        assert names(status="paused") == []
        assert services.count_by_kind(me) == {"association": 2, "mentor": 2, "neighbour": 0}


@pytest.mark.parametrize(("after", "action"), [("paused", "offer.paused"), ("closed", "offer.closed")])
def test_every_change_of_status_is_in_the_history(app, make_offer, actor, after, action):
    id_ = make_offer()
    me = actor()

    with app.app_context():
        with write_transaction():
            services.set_status(me, id_, after)
        with write_transaction():
            services.set_status(me, id_, "active")
        assert actions() == ["offer.created", action, "offer.resumed"]
        with pytest.raises(InvalidInput), write_transaction():
            services.set_status(me, id_, "wonderful")


def test_an_old_version_of_the_form_is_refused(app, make_offer, actor):
    id_ = make_offer()
    me = actor()

    with app.app_context():
        with write_transaction():
            services.update_offer(me, id_, version=1, name="First")
        with pytest.raises(Conflict), write_transaction():
            services.update_offer(me, id_, version=1, name="Second")
        assert services.get_offer(me, id_).name == "First"


def test_another_town_sees_and_changes_nothing(app, make_offer, actor):
    id_ = make_offer()
    other = actor(town="enschede")

    with app.app_context():
        assert list(db.session.scalars(services.query_offers(other))) == []
        for attempt in (
            lambda: services.get_offer(other, id_),
            lambda: services.update_offer(other, id_, name="Mine"),
            lambda: services.set_status(other, id_, "closed"),
            lambda: services.set_capacity(other, id_, 9),
            lambda: services.confirm_places(other, id_),
            lambda: services.set_screening(other, id_, screening_valid_until=None),
            lambda: services.create_capacity_link(other, id_),
            lambda: services.revoke_capacity_link(other, id_),
        ):
            with pytest.raises(NotFound), write_transaction():
                attempt()
        assert actions() == ["offer.created"]


def test_others_hear_of_an_offer_that_changed(app, make_offer, actor):
    id_ = make_offer()
    me = actor()
    heard = []

    def hear(offer, actor):
        heard.append((offer.id, actor, offer.capacity, offer.taken, offer.status))

    with app.app_context(), services.offer_changed.connected_to(hear):
        with write_transaction():
            services.get_offer(me, id_)
            services.set_capacity(me, id_, 8)
        with write_transaction():
            services.update_offer(me, id_, taken_elsewhere=8)
            services.update_offer(me, id_, taken_elsewhere=8)
            services.set_status(me, id_, "paused")
            services.set_status(me, id_, "closed")

    assert heard == [
        (id_, me, 8, 4, "active"),
        (id_, me, 8, 8, "active"),
        (id_, me, 8, 8, "paused"),
        (id_, me, 8, 8, "closed"),
    ]


# More people than places -----------------------------------------------------------------------------


@pytest.fixture
def crowded(me: Actor) -> uuid.UUID:
    """Two places, and seven people there, as a file said."""
    return add_offer(me.town_id, "crowded", capacity=2, taken=7)


def stands(offer_id: uuid.UUID) -> tuple[int, int, int]:
    db.session.rollback()
    offer = db.session.get_one(Offer, offer_id)
    return offer.capacity, offer.there, offer.free


def test_more_places_do_not_free_those_that_people_have(me: Actor, crowded: uuid.UUID) -> None:
    assert stands(crowded) == (2, 7, 0)
    for capacity, free in ((5, 0), (7, 0), (9, 2)):
        with write_transaction():
            services.set_capacity(me, crowded, capacity)
        assert stands(crowded) == (capacity, 7, free)


def test_fewer_places_than_there_are_people_are_refused(me: Actor, crowded: uuid.UUID) -> None:
    with pytest.raises(Conflict) as refused, write_transaction():
        services.set_capacity(me, crowded, 1)
    assert refused.value.current["taken"] == 7


def test_an_unchanged_form_of_a_crowded_offer_changes_nothing(me: Actor, crowded: uuid.UUID) -> None:
    version = db.session.get_one(Offer, crowded).version
    with write_transaction():
        services.update_offer(me, crowded, capacity=2, taken_elsewhere=5 + 2)
    assert db.session.get_one(Offer, crowded).version == version
    with write_transaction():
        services.update_offer(me, crowded, taken_elsewhere=1)
    assert stands(crowded) == (2, 1, 1)


def test_whoever_leaves_a_crowded_offer_frees_no_place_yet(me: Actor, crowded: uuid.UUID) -> None:
    for there, free in ((6, 0), (5, 0), (4, 0), (3, 0), (2, 0), (1, 1), (0, 2)):
        with write_transaction():
            services.say_somebody_left(me, crowded)
        assert stands(crowded) == (2, there, free)


def test_where_only_our_own_are_the_coordinators_are_asked_who_left(me: Actor) -> None:
    newcomer, offer = add_newcomer(me.town_id), add_offer(me.town_id, capacity=1)
    place(me, newcomer, offer)
    with write_transaction():
        services.say_somebody_left(me, offer)
    assert stands(offer) == (1, 1, 0)
    assert "offer.somebody_left" in db.session.scalars(db.select(AuditEntry.action)).all()
