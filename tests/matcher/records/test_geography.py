"""Points and the gazetteer."""

from __future__ import annotations

import numpy as np
import pytest

from matcher.records.geography import (
    find_place,
    find_town,
    load_districts,
    load_towns,
    nearest_town,
    sphere_km,
)
from matcher.records.vocabulary import read_seed_table


@pytest.mark.parametrize(
    ("address", "postcode", "town", "precision", "found"),
    [
        ("", "48155", "", "postcode", "muenster"),
        ("", "D-48155", "", "postcode", "muenster"),
        ("", "7511 AB", "", "postcode", "enschede"),
        ("Hafenweg 7, 48155 Münster", "", "", "postcode", "muenster"),
        ("Brinkstraat 1, 7512 EB Enschede", "", "", "postcode", "enschede"),
        ("Meerwiese 1, Coerde", "", "muenster", "district", "muenster"),
        ("Glanerbrug", "", "", "district", "enschede"),
        ("Domplatz 1", "", "Münster", "town", "muenster"),
        ("Domplatz 1, Muenster", "", "", "town", "muenster"),
        ("", "99999", "MUENSTER", "town", "muenster"),
        ("Main Street 1", "", "Atlantis", "none", ""),
        ("Altstadt 2", "", "Berlin", "none", ""),
        ("", "", "", "none", ""),
    ],
)
def test_an_address_is_found_as_precisely_as_it_can_be(
    address: str, postcode: str, town: str, precision: str, found: str
) -> None:
    place = find_place(address, postcode, town)
    assert (place.precision, place.town) == (precision, found)
    assert np.isnan(place.lat) == (precision == "none")


def test_every_postcode_lies_in_its_town_and_has_a_district_of_it() -> None:
    for row in read_seed_table("postcodes.csv"):
        assert nearest_town(float(row["lat"]), float(row["lon"]), within_km=12) == row["town"]
        assert (row["town"], row["district"]) in load_districts()


def test_a_point_far_from_every_town_is_near_none() -> None:
    assert nearest_town(48.1, 11.6) == ""
    assert nearest_town(float("nan"), float("nan")) == ""


@pytest.mark.parametrize("name", ["Münster", "muenster", "MÜNSTER", " Munster "])
def test_a_town_is_known_in_every_usual_spelling(name: str) -> None:
    assert find_town(name) == "muenster"


def test_distances_agree_with_the_great_circle() -> None:
    rng = np.random.default_rng(0)
    lat, lon = 51.9 + rng.random(50) * 0.4, 6.8 + rng.random(50)
    points = sphere_km(lat, lon)
    phi, lam = np.radians(lat), np.radians(lon)
    inner = np.sin(phi[0]) * np.sin(phi) + np.cos(phi[0]) * np.cos(phi) * np.cos(lam - lam[0])
    along = 6371.0088 * np.arccos(np.clip(inner, -1, 1))
    assert np.linalg.norm(points - points[0], axis=1)[1:] == pytest.approx(along[1:], abs=1e-3)


def test_both_towns_have_a_language_and_a_time_zone() -> None:
    assert {town.town: (town.language, town.timezone) for town in load_towns().values()} == {
        "muenster": ("de", "Europe/Berlin"),
        "enschede": ("nl", "Europe/Amsterdam"),
    }
