"""Offers held against a newcomer: quick because records are kept, right because a version is one content."""

from __future__ import annotations

import uuid

from tests.rows import add_newcomer, add_offer, place
from webapp.newcomers.models import Newcomer
from webapp.offers import services as offers
from webapp.placements.options import KeptRecords, examine_newcomer
from webapp.storage.access import Actor
from webapp.storage.database import db, write_transaction

ARABIC = {"languages": {"ar": "native", "de": "b1"}}


def rules_of(actor: Actor, newcomer: uuid.UUID, offer: uuid.UUID) -> tuple[str, ...]:
    found = examine_newcomer(actor, db.session.get_one(Newcomer, newcomer))
    return next(one.rules for one in found if one.offer_id == str(offer))


def test_a_changed_offer_is_looked_at_anew(me: Actor) -> None:
    newcomer, offer = add_newcomer(me.town_id), add_offer(me.town_id)
    assert rules_of(me, newcomer, offer) == ()
    with write_transaction():
        offers.update_offer(me, offer, age_min=99)
    assert rules_of(me, newcomer, offer) == ("age",)


def test_a_change_that_was_taken_back_is_not_kept(me: Actor) -> None:
    newcomer, offer = add_newcomer(me.town_id), add_offer(me.town_id)

    class TakenBackError(Exception):
        pass

    try:
        with write_transaction():
            offers.update_offer(me, offer, age_min=99)
            assert rules_of(me, newcomer, offer) == ("age",)
            raise TakenBackError
    except TakenBackError:
        pass
    with write_transaction():
        offers.update_offer(me, offer, capacity=7)  # the same version, another content
    assert rules_of(me, newcomer, offer) == ()


def test_the_last_place_of_a_first_language_is_taken_by_others(me: Actor) -> None:
    first, second = (add_newcomer(me.town_id, name, **ARABIC) for name in ("first", "second"))
    ukrainian = add_newcomer(me.town_id, "third")
    club = add_offer(me.town_id, "club", capacity=4, language_share_max=0.25)
    assert rules_of(me, second, club) == ()
    place(me, first, club)
    assert rules_of(me, second, club) == ("mixing_limit",)
    assert rules_of(me, ukrainian, club) == ()
    assert rules_of(me, first, club)[0] == "already_placed"


def test_a_place_taken_by_a_stand_in_is_not_counted_twice(me: Actor) -> None:
    first, second = (add_newcomer(me.town_id, name, **ARABIC) for name in ("first", "second"))
    club = add_offer(me.town_id, "club", capacity=2, language_share_max=0.5)
    place(me, first, club)
    assert rules_of(me, second, club) == ("mixing_limit",)


def test_the_oldest_records_go_first(monkeypatch) -> None:
    monkeypatch.setattr("webapp.placements.options.OFFERS_KEPT", 2)
    kept = KeptRecords()
    one, two, three = ((uuid.uuid4(), 1) for _ in range(3))
    kept.keep({one: "one", two: "two"})
    kept.find([one])
    kept.keep({three: "three"})
    assert kept.find([one, two, three]) == {one: "one", three: "three"}
