"""Points, distances, and the gazetteer that turns an address into a point. No people, no travel."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cache, lru_cache

import numpy as np
from numpy.typing import NDArray

from matcher.records.vocabulary import read_seed_table

EARTH_RADIUS_KM = 6371.0088
PRECISIONS = ("exact", "postcode", "district", "town", "none")

FloatArray = NDArray[np.float64]

_POSTCODE_IN_ADDRESS = re.compile(r"\b(\d{5})\b|\b(\d{4})\s?[A-Za-z]{2}\b")


@dataclass(frozen=True)
class Place:
    """A point in WGS84 degrees and how precise it is: exact, postcode, district, town or none."""

    lat: float
    lon: float
    precision: str
    town: str = ""
    district: str = ""


NOWHERE = Place(float("nan"), float("nan"), "none")


@dataclass(frozen=True)
class GazetteerTown:
    """A town of the gazetteer: id, name, country, language (BCP 47), time zone, centre in WGS84 degrees."""

    town: str
    name: str
    country: str
    language: str
    timezone: str
    lat: float
    lon: float


@cache
def load_towns() -> dict[str, GazetteerTown]:
    """The towns of the gazetteer by id, read once."""
    rows = read_seed_table("towns.csv")
    return {
        row["town"]: GazetteerTown(**{**row, "lat": float(row["lat"]), "lon": float(row["lon"])})  # type: ignore[arg-type]
        for row in rows
    }


@dataclass(frozen=True)
class District:
    """A district of a town: id, town, name and centre in WGS84 degrees."""

    district: str
    town: str
    name: str
    lat: float
    lon: float


@cache
def load_districts() -> dict[tuple[str, str], District]:
    """The districts of the gazetteer by town and district id, read once."""
    return {
        (row["town"], row["district"]): District(
            row["district"], row["town"], row["name"], float(row["lat"]), float(row["lon"])
        )
        for row in read_seed_table("districts.csv")
    }


def district_of(place: Place) -> District | None:
    """The district of a place: the gazetteer's, or else that of its town with the nearest centre."""
    town = place.town or nearest_town(place.lat, place.lon)
    districts = _districts_of(town)
    if not districts:
        return None
    if place.district:
        return load_districts()[town, place.district]
    if place.precision not in {"exact", "postcode"}:
        return None
    centres = sphere_km(np.array([d.lat for d in districts]), np.array([d.lon for d in districts]))
    here = sphere_km(np.array([place.lat]), np.array([place.lon]))
    return districts[int(np.linalg.norm(centres - here, axis=1).argmin())]


@cache
def _districts_of(town: str) -> tuple[District, ...]:
    return tuple(district for district in load_districts().values() if district.town == town)


@cache
def _postcodes() -> dict[str, Place]:
    return {
        row["postcode"]: Place(float(row["lat"]), float(row["lon"]), "postcode", row["town"], row["district"])
        for row in read_seed_table("postcodes.csv")
    }


def find_place(address: str = "", postcode: str = "", town: str = "") -> Place:
    """Look an address up in the built-in gazetteer.

    The postcode (its own, or one inside the address) comes first, then a district named in the address,
    then the town. A postcode is a coarse place: two public sources differ by up to 2.7 km.

    Parameters
    ----------
    address, postcode, town : str
        As people write them; each may be empty.

    Returns
    -------
    Place
        `NOWHERE` (precision ``none``, NaN coordinates) when nothing is found.

    Examples
    --------
    >>> find_place(postcode="7511 AB").precision
    'postcode'
    >>> find_place(address="Marktplatz 3, Atlantis").precision
    'none'
    """
    for candidate in (_bare_postcode(postcode), *_postcodes_in(address)):
        if candidate in _postcodes():
            return _postcodes()[candidate]
    town_id = find_town(town)
    if town.strip() and not town_id:
        return NOWHERE
    phrases = _phrases(address)
    town_id = town_id or _town_in(phrases)
    for district in load_districts().values():
        if district.town == (town_id or district.town) and _names(district.name) & phrases:
            return Place(district.lat, district.lon, "district", district.town, district.district)
    if town_id:
        centre = load_towns()[town_id]
        return Place(centre.lat, centre.lon, "town", town_id)
    return NOWHERE


@lru_cache(maxsize=4096)
def find_town(text: str) -> str:
    """The id of the town with this id or name, else an empty string."""
    wanted = _names(text)
    for town in load_towns().values():
        if wanted & (_names(town.town) | _names(town.name)):
            return town.town
    return ""


def nearest_town(lat: float, lon: float, within_km: float = 30.0) -> str:
    """The id of the gazetteer's town nearest to a point, else an empty string."""
    return nearest_towns(np.array([lat]), np.array([lon]), within_km)[0]


def nearest_towns(lat: FloatArray, lon: FloatArray, within_km: float = 30.0) -> list[str]:
    """Of each point the id of the gazetteer's town nearest to it, else an empty string.

    Parameters
    ----------
    lat, lon : ndarray of float64, shape (n,)
        WGS84 degrees; NaN where the point is not known.
    within_km : float

    Returns
    -------
    list of str
        One a point.
    """
    points = sphere_km(lat, lon)
    towns = list(load_towns().values())
    centres = sphere_km(np.array([t.lat for t in towns]), np.array([t.lon for t in towns]))
    distances = np.linalg.norm(points[:, None] - centres, axis=2)
    nearest = distances.argmin(axis=1)
    # A comparison with NaN is false.
    is_near = distances.min(axis=1) <= within_km
    return [towns[at].town if near else "" for at, near in zip(nearest.tolist(), is_near, strict=True)]


def _bare_postcode(text: str) -> str:
    return re.sub(r"\D", "", text.rsplit("-", maxsplit=1)[-1])


def _postcodes_in(address: str) -> list[str]:
    return [german or dutch for german, dutch in _POSTCODE_IN_ADDRESS.findall(address)]


def _town_in(phrases: set[str]) -> str:
    return next((t.town for t in load_towns().values() if _names(t.name) & phrases), "")


@lru_cache(maxsize=4096)
def _names(text: str) -> frozenset[str]:
    """A name folded for comparison, in both usual spellings of an umlaut: munster, muenster."""
    lower = text.casefold().strip()
    if not lower:
        return frozenset()
    spelt_out = lower.replace("ä", "ae").replace("ö", "oe").replace("ü", "ue")
    bare = "".join(c for c in unicodedata.normalize("NFKD", lower) if not unicodedata.combining(c))
    return frozenset(" ".join(re.findall(r"\w+", name)) for name in (spelt_out, bare))


def _phrases(address: str) -> set[str]:
    """Every run of one to three words of an address, folded for comparison."""
    phrases: set[str] = set()
    for folded in _names(address):
        words = folded.split()
        phrases |= {" ".join(words[i : i + n]) for n in (1, 2, 3) for i in range(len(words) - n + 1)}
    return phrases


def sphere_km(lat: FloatArray, lon: FloatArray) -> FloatArray:
    """Points on the sphere as vectors in kilometres; the distance of two is the norm of their difference.

    The chord is shorter than the way along the surface by less than a metre at 100 km, and needs no map
    projection: one frame serves every town.

    Parameters
    ----------
    lat, lon : ndarray of float64, shape (n,)
        WGS84 degrees; NaN where the point is not known.

    Returns
    -------
    ndarray of float64, shape (n, 3)
        Kilometres; NaN where the point is not known.

    Examples
    --------
    >>> a, b = sphere_km(np.array([51.96, 52.22]), np.array([7.63, 6.89]))
    >>> round(float(np.linalg.norm(a - b)), 1)
    58.2
    """
    phi, lam = np.radians(lat), np.radians(lon)
    unit = [np.cos(phi) * np.cos(lam), np.cos(phi) * np.sin(lam), np.sin(phi)]
    return EARTH_RADIUS_KM * np.column_stack(unit)
