"""The tables and the demo people of data/seed: whole, believable, and what build.py would write."""

from __future__ import annotations

import csv
import re
import runpy
import tomllib
from collections import Counter
from datetime import date
from itertools import chain
from pathlib import Path
from typing import Any

import pytest

from matcher.records.files import read_newcomers, read_offers
from matcher.records.people import Newcomer, Offer
from matcher.records.vocabulary import GOALS, LANGUAGES, load_languages, load_taxonomy, read_seed_table

SEED = Path(__file__).parents[1] / "data" / "seed"
TOWNS = ("muenster", "enschede")
TODAY = date(2026, 11, 16)


@pytest.fixture(scope="module")
def newcomers() -> list[Newcomer]:
    return [person for town in TOWNS for person in read_newcomers(SEED / town / "newcomers.csv")]


@pytest.fixture(scope="module")
def offers() -> list[Offer]:
    return [offer for town in TOWNS for offer in read_offers(SEED / town / "offers.csv")]


@pytest.fixture(scope="module")
def activities(offers: list[Offer]) -> list[Offer]:
    return [offer for offer in offers if offer.kind == "association"]


def rows(name: str) -> list[dict[str, str]]:
    return read_seed_table(name)


# Tables ----------------------------------------------------------------------------------------------


def test_every_parent_is_an_interest_without_a_parent() -> None:
    terms = load_taxonomy().terms
    assert all(terms[term.parent].parent == "" for term in terms.values() if term.parent)
    assert 10 <= sum(not term.parent for term in terms.values()) <= 20


def test_every_broad_interest_has_narrower_ones() -> None:
    terms = load_taxonomy().terms.values()
    assert {term.id for term in terms if not term.parent} == {term.parent for term in terms if term.parent}


def test_interest_ids_are_unique_snake_case() -> None:
    ids = [row["id"] for row in rows("interests.csv")]
    assert len(ids) == len(set(ids)) >= 90
    assert all(re.fullmatch(r"[a-z]+(_[a-z]+)*", term_id) for term_id in ids)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("table", ["interests.csv", "languages.csv"])
def test_names_are_complete_and_unique_in_every_language(table: str, language: str) -> None:
    names = [row[language].strip().casefold() for row in rows(table)]
    assert all(names)
    assert [name for name, times in Counter(names).items() if times > 1] == []


def test_a_name_never_means_another_interest_in_another_language() -> None:
    meanings: dict[str, set[str]] = {}
    for row in rows("interests.csv"):
        for language in LANGUAGES:
            meanings.setdefault(row[language].casefold(), set()).add(row["id"])
        meanings.setdefault(row["id"], set()).add(row["id"])
    assert {name: ids for name, ids in meanings.items() if len(ids) > 1} == {}


def test_osm_values_are_well_formed_tags() -> None:
    tags = [row["osm"] for row in rows("interests.csv") if row["osm"]]
    assert len(tags) >= 40
    assert all(re.fullmatch(r"(sport|club|leisure)=[a-z]+(_[a-z]+)*", tag) for tag in tags)


def test_language_codes_are_unique_and_have_an_autonym() -> None:
    languages = rows("languages.csv")
    assert len({row["code"] for row in languages}) == len(languages) >= 45
    assert all(re.fullmatch(r"[a-z]{2,3}", row["code"]) and row["autonym"] for row in languages)


def test_every_postcode_and_district_belongs_to_a_town_and_lies_near_it() -> None:
    towns = {row["town"]: row for row in rows("towns.csv")}
    districts = {(row["town"], row["district"]) for row in rows("districts.csv")}
    for row in chain(rows("postcodes.csv"), rows("districts.csv")):
        town = towns[row["town"]]
        assert abs(float(row["lat"]) - float(town["lat"])) < 0.1
        assert abs(float(row["lon"]) - float(town["lon"])) < 0.15
        assert (row["town"], row["district"]) in districts


def test_every_postcode_of_the_towns_is_there() -> None:
    assert Counter(row["town"] for row in rows("postcodes.csv")) == {"muenster": 13, "enschede": 23}


# Distributions ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def distributions() -> dict[str, Any]:
    return tomllib.loads((SEED / "distributions.toml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def associations() -> dict[str, Any]:
    return tomllib.loads((SEED / "associations.toml").read_text(encoding="utf-8"))


def test_every_word_of_the_distributions_is_in_the_tables(distributions: dict[str, Any]) -> None:
    terms, codes = load_taxonomy().terms, load_languages()
    used = {
        *chain.from_iterable(
            distributions[key]
            for key in ("popularity", "dislikes", "skills", "mentor_interests", "neighbour_interests")
        ),
        *chain.from_iterable(band["more"] + band["never"] for band in distributions["bands"].values()),
        *distributions["men"]["never"],
    }
    assert used - set(terms) == set()
    assert set(chain.from_iterable(distributions["goals"].values())) - set(GOALS) == set()
    towns = distributions["towns"].values()
    spoken = {*chain.from_iterable([*town["arrivals"], *town["rare_languages"]] for town in towns)}
    assert spoken - set(codes) == set()
    assert spoken - set(distributions["names"]) == set()


@pytest.mark.parametrize("town", TOWNS)
def test_every_postcode_has_quarters_and_weights(distributions: dict[str, Any], town: str) -> None:
    postcodes = {row["postcode"] for row in rows("postcodes.csv") if row["town"] == town}
    source = distributions["towns"][town]
    for table in ("newcomers_at", "hosts_at", "districts_of"):
        assert set(source[table]) == postcodes
    districts = {row["district"] for row in rows("districts.csv") if row["town"] == town}
    assert set(chain.from_iterable(source["districts_of"].values())) <= districts


def test_every_activity_is_done_by_an_association_in_known_words(
    associations: dict[str, Any],
) -> None:
    activities = associations["activities"]
    assert set(chain.from_iterable(kind["activities"] for kind in associations["types"].values())) == set(
        activities
    )
    for activity in activities.values():
        assert set(activity["interests"]) <= set(load_taxonomy().terms)
        assert set(activity["goals"]) <= set(GOALS)
    for kind in associations["types"].values():
        assert set(kind["seeks"]) <= set(load_taxonomy().terms)


@pytest.mark.parametrize("name", ["preußen", "twente", "münster", "enschede", "heracles", "sparta"])
def test_no_association_is_named_like_a_well_known_club(activities: list[Offer], name: str) -> None:
    assert not any(name in offer.name.casefold() for offer in activities)


# Demo people -----------------------------------------------------------------------------------------


def test_committed_demo_files_are_what_build_writes(tmp_path: Path) -> None:
    runpy.run_path(str(SEED / "build.py"))["build"](tmp_path)
    written = sorted(path.relative_to(tmp_path) for path in tmp_path.rglob("*") if path.is_file())
    assert len(written) == 5
    for name in written:
        assert (tmp_path / name).read_bytes() == (SEED / name).read_bytes(), name


def test_reference_date_is_a_monday() -> None:
    reference = tomllib.loads((SEED / "seed.toml").read_text(encoding="utf-8"))["reference_date"]
    assert reference == TODAY
    assert reference.weekday() == 0


def test_demo_has_the_size_it_is_said_to_have(
    newcomers: list[Newcomer], offers: list[Offer], activities: list[Offer]
) -> None:
    assert len(newcomers) == 600
    assert Counter(offer.kind for offer in offers) == {"association": 240, "mentor": 161, "neighbour": 119}
    assert 140 <= len({offer.contact_email for offer in activities}) <= 165


def test_ids_are_unique_over_both_towns(newcomers: list[Newcomer], offers: list[Offer]) -> None:
    ids = [person.id for person in newcomers] + [offer.id for offer in offers]
    assert len(ids) == len(set(ids))
    assert not {person.household_id for person in newcomers} & set(ids)


def test_every_interest_and_language_of_the_demo_is_in_the_tables(
    newcomers: list[Newcomer], offers: list[Offer]
) -> None:
    people: list[Newcomer | Offer] = [*newcomers, *offers]
    terms = {term for person in people for term in (*person.interests, *person.dislikes)}
    terms |= {term for person in newcomers for term in person.can_offer}
    terms |= {term for offer in offers for term in offer.seeks}
    assert terms <= set(load_taxonomy().terms)
    spoken = {code for person in people for code in person.languages}
    assert spoken | {person.contact_language for person in newcomers} - {""} <= set(load_languages())


def test_no_message_can_reach_anybody(newcomers: list[Newcomer], offers: list[Offer]) -> None:
    mails = [person.email for person in newcomers] + [offer.contact_email for offer in offers]
    assert all(re.fullmatch(r"[a-z0-9.-]+@([a-z0-9-]+\.)*example", mail) for mail in mails if mail)
    assert all(re.fullmatch(r"(0251|053) 000 \d{4}", person.phone) for person in newcomers if person.phone)


def test_households_share_address_and_family_name(newcomers: list[Newcomer]) -> None:
    households: dict[tuple[str, str], list[Newcomer]] = {}
    for person in newcomers:
        if person.household_id:
            households.setdefault((person.town, person.household_id), []).append(person)
    assert len(households) > 60
    for members in households.values():
        assert len(members) > 1
        assert len({person.address for person in members if person.address}) <= 1
        # Ahmedov and Ahmedova are one family.
        assert len({person.name.split()[-1][:4] for person in members}) == 1


def test_ages_fit_what_people_ask_for(newcomers: list[Newcomer]) -> None:
    for person in newcomers:
        if person.birth_year is None:
            continue
        age = TODAY.year - person.birth_year
        assert 10 <= age <= 83
        assert all(year >= person.birth_year + 16 for year in person.children_birth_years)
        if age >= 60:
            assert not {"homework_help", "youth_club", "boxing"} & set(person.interests)
        if age < 18:
            assert set(person.wants) == {"association"}
            assert not {"seniors_meeting", "job_coaching", "womens_cafe"} & set(person.interests)
        assert age < 18 or not person.guardian_consent


def test_dates_lie_where_they_can(newcomers: list[Newcomer], offers: list[Offer]) -> None:
    assert all(person.waiting_since and person.waiting_since <= TODAY for person in newcomers)
    assert all(offer.confirmed_at < TODAY for offer in offers if offer.confirmed_at)


def test_the_awkward_newcomers_are_there(newcomers: list[Newcomer]) -> None:
    ready = [person for person in newcomers if person.status == "ready"]
    assert any(not person.consent for person in ready)
    assert any(person.birth_year is None for person in ready)
    assert any("women_only" in person.needs for person in ready)
    assert any("step_free" in person.needs for person in ready)
    assert any("childcare" in person.needs for person in ready)
    assert any(person.lat is None and person.postcode for person in ready)
    assert any(not person.postcode for person in ready)
    assert any(not person.availability for person in ready)
    assert any(not person.interests for person in ready)
    assert any(len(person.languages) == 2 and dict(person.wants) == {"mentor": 1} for person in ready)
    assert any(
        TODAY.year - (person.birth_year or 0) < 17 and not person.guardian_consent for person in newcomers
    )
    assert {person.status for person in newcomers} == {"new", "ready", "paused", "closed"}


def test_the_awkward_offers_are_there(offers: list[Offer], activities: list[Offer]) -> None:
    mentors = [offer for offer in offers if offer.kind == "mentor"]
    assert any(offer.screening_valid_until and offer.screening_valid_until < TODAY for offer in mentors)
    assert any(offer.screening_valid_until is None for offer in mentors)
    assert any(offer.taken == offer.capacity for offer in activities)
    assert any(offer.taken > offer.capacity for offer in activities)
    assert {"women_only", "mixed"} <= {offer.gender_group for offer in activities}
    assert any(offer.min_level for offer in activities)
    assert any(offer.min_level for offer in mentors)
    assert any(offer.confirmed_at is None for offer in offers)
    assert any(offer.confirmed_at and (TODAY - offer.confirmed_at).days > 180 for offer in offers)
    assert any(offer.cost_eur_month is None for offer in activities)
    assert any(not offer.times for offer in offers)
    assert {offer.status for offer in offers} == {"active", "paused", "closed"}


def test_about_a_third_of_the_activities_mind_their_mix(offers: list[Offer], activities: list[Offer]) -> None:
    shares = [offer.language_share_max for offer in activities if offer.language_share_max is not None]
    assert 0.25 <= len(shares) / len(activities) <= 0.45
    assert all(offer.language_share_max is None for offer in offers if offer.kind != "association")


@pytest.mark.parametrize("town", TOWNS)
def test_places_are_scarce_but_not_hopeless(
    newcomers: list[Newcomer], offers: list[Offer], town: str
) -> None:
    ready = [person for person in newcomers if person.town == town and person.status == "ready"]
    free: Counter[str] = Counter()
    for offer in offers:
        if offer.town == town and offer.status == "active":
            screened = offer.screening_valid_until is not None and offer.screening_valid_until >= TODAY
            if offer.kind == "association" or screened:
                free[offer.kind] += max(0, offer.capacity - offer.taken)
    wishes: Counter[str] = Counter()
    for person in ready:
        wishes.update(person.wants)
    assert 0.95 <= free["association"] / wishes["association"] <= 1.3
    assert 0.4 <= free["mentor"] / wishes["mentor"] <= 0.6


def test_where_women_meet_among_themselves_a_woman_answers(activities: list[Offer]) -> None:
    distributions = tomllib.loads((SEED / "distributions.toml").read_text(encoding="utf-8"))
    women = {name for language in ("de", "nl") for name in distributions["names"][language]["f"]}
    groups = [offer for offer in activities if offer.gender_group == "women_only"]
    assert all(offer.contact_name.split()[0] in women for offer in groups)


def test_tables_have_no_stray_spaces_or_empty_lines() -> None:
    for path in SEED.glob("*.csv"):
        with path.open(encoding="utf-8", newline="") as lines:
            table = list(csv.reader(lines))
        assert all(len(row) == len(table[0]) for row in table), path.name
        assert all(cell == cell.strip() for row in table for cell in row), path.name
