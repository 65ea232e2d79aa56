"""generate_town: any size, the same people for the same seed, valid records, a split that can be set."""

from __future__ import annotations

from collections import Counter
from datetime import date
from typing import Any

import numpy as np
import pytest

from matcher.exceptions import InvalidProblemError
from matcher.generate import generate_town
from matcher.records.people import Newcomer, Offer
from matcher.records.vocabulary import load_languages, load_taxonomy

TODAY = date(2026, 11, 16)
TOWNS = ("muenster", "enschede")


def town_of(
    n_newcomers: int, n_offers: int, *, town: str = "muenster", seed: int = 7, **options: Any
) -> tuple[list[Newcomer], list[Offer]]:
    return generate_town(town, n_newcomers, n_offers, np.random.default_rng(seed), TODAY, **options)


@pytest.mark.parametrize("town", TOWNS)
@pytest.mark.parametrize(("n_newcomers", "n_offers"), [(0, 0), (1, 0), (0, 1), (1, 1), (7, 3), (150, 90)])
def test_as_many_people_and_offers_as_asked_for(town: str, n_newcomers: int, n_offers: int) -> None:
    newcomers, offers = town_of(n_newcomers, n_offers, town=town)
    assert (len(newcomers), len(offers)) == (n_newcomers, n_offers)


@pytest.mark.parametrize("town", TOWNS)
def test_the_same_seed_gives_the_same_people(town: str) -> None:
    assert town_of(60, 60, town=town) == town_of(60, 60, town=town)


def test_another_seed_gives_other_people() -> None:
    assert town_of(60, 60, seed=1) != town_of(60, 60, seed=2)


def test_dates_and_ages_move_with_the_day() -> None:
    rng = np.random.default_rng(7)
    later = date(2027, 11, 15)
    before, after = town_of(50, 0)[0], generate_town("muenster", 50, 0, rng, later)[0]
    assert all(
        b.waiting_since and a.waiting_since and b.waiting_since - a.waiting_since == later - TODAY
        for a, b in zip(before, after, strict=True)
    )
    assert all(
        b.birth_year == (a.birth_year and a.birth_year + 1) for a, b in zip(before, after, strict=True)
    )


def test_ids_are_unique_and_tell_town_and_kind() -> None:
    newcomers, offers = town_of(200, 120, town="enschede")
    assert len({person.id for person in newcomers} | {offer.id for offer in offers}) == 320
    assert all(person.id.startswith("en-") for person in newcomers)
    prefixes = {"association": "ea-", "mentor": "em-", "neighbour": "eh-"}
    assert all(offer.id.startswith(prefixes[offer.kind]) for offer in offers)


def test_offers_split_by_default_into_46_31_and_23_percent() -> None:
    _, offers = town_of(0, 1000)
    assert Counter(offer.kind for offer in offers) == {"association": 460, "mentor": 310, "neighbour": 230}


def test_a_split_can_be_set_and_is_scaled_to_one() -> None:
    _, offers = town_of(0, 40, split={"mentor": 3, "neighbour": 1})
    assert Counter(offer.kind for offer in offers) == {"mentor": 30, "neighbour": 10}


def test_everything_wrong_with_the_arguments_is_named() -> None:
    with pytest.raises(InvalidProblemError) as caught:
        town_of(-1, -2, town="atlantis", split={"club": -1})
    assert [problem.split(":")[0] for problem in caught.value.problems] == [
        "town",
        "n_newcomers",
        "n_offers",
        "split",
        "split",
    ]
    assert "enschede, muenster" in str(caught.value)


@pytest.mark.parametrize("town", TOWNS)
def test_words_of_drawn_people_are_in_the_tables(town: str) -> None:
    newcomers, offers = town_of(800, 500, town=town)
    terms, codes = set(load_taxonomy().terms), set(load_languages())
    for person in newcomers:
        assert {*person.interests, *person.dislikes, *person.can_offer} <= terms
        assert set(person.languages) <= codes
        assert not set(person.interests) & set(person.dislikes)
    for offer in offers:
        assert {*offer.interests, *offer.dislikes, *offer.seeks} <= terms
        assert set(offer.languages) <= codes


def test_minors_want_groups_only_and_guardians_agree_for_minors_only() -> None:
    for person in town_of(1500, 0)[0]:
        if person.birth_year and TODAY.year - person.birth_year < 18:
            assert set(person.wants) == {"association"}
        elif person.birth_year:
            assert not person.guardian_consent


def test_children_live_in_all_records_of_their_parents_household() -> None:
    newcomers, _ = town_of(1500, 0)
    by_household: dict[str, set[tuple[int, ...]]] = {}
    for person in newcomers:
        if person.household_id and person.children_birth_years:
            by_household.setdefault(person.household_id, set()).add(person.children_birth_years)
    assert by_household
    assert all(len(children) == 1 for children in by_household.values())


def test_sessions_lie_when_clubs_meet() -> None:
    for offer in town_of(0, 600)[1]:
        if offer.kind == "association":
            for hours in offer.times:
                assert 60 <= hours.end - hours.start <= 150
                assert 9 * 60 <= hours.start % 1440 < hours.end % 1440 <= 21 * 60 + 30


def test_activities_of_one_association_share_its_contact_and_address() -> None:
    _, offers = town_of(100, 600)
    clubs: dict[str, set[tuple[str, ...]]] = {}
    for offer in offers:
        if offer.kind == "association":
            shared = (offer.contact_name, offer.contact_email, offer.address, offer.postcode)
            clubs.setdefault(offer.name.split(" – ")[0], set()).add(shared)
    n_activities = sum(offer.kind == "association" for offer in offers)
    assert all(len(shared) == 1 for shared in clubs.values())
    assert 1.4 <= n_activities / len(clubs) <= 1.8


def test_free_places_follow_the_wishes_at_any_size() -> None:
    for n_newcomers, n_offers in ((2000, 400), (400, 1500)):
        newcomers, offers = town_of(n_newcomers, n_offers)
        wishes = sum(person.wants.get("association", 0) for person in newcomers if person.status == "ready")
        activities = [offer for offer in offers if offer.kind == "association" and offer.status == "active"]
        free = sum(max(0, offer.capacity - offer.taken) for offer in activities)
        assert free >= 0.9 * wishes


def test_a_large_town_is_drawn_with_names_that_are_unique() -> None:
    newcomers, offers = town_of(20_000, 4_000)
    assert len(newcomers) == 20_000
    names = [offer.name for offer in offers if offer.kind == "association"]
    assert len(set(names)) == len(names) == 1840
    assert len({person.email for person in newcomers if person.email}) == sum(
        bool(person.email) for person in newcomers
    )


def test_a_label_stands_before_every_id_and_changes_nothing_else() -> None:
    plain, labelled = (
        generate_town("muenster", 30, 30, np.random.default_rng(3), date(2026, 3, 2), label=label)
        for label in ("", "x-")
    )
    for before, after in zip([*plain[0], *plain[1]], [*labelled[0], *labelled[1]], strict=True):
        assert after.id == f"x-{before.id}"
        assert after.name == before.name
