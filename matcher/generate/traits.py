"""What everybody has, newcomer or host: a place, a name, a mail address, free hours, likes and skills."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from matcher.generate.chance import Dice
from matcher.generate.distributions import TownProfile, distributions, table
from matcher.records.vocabulary import MINUTES_A_DAY, WEEKDAYS, Hours, load_taxonomy

_LETTERS = str.maketrans(
    {"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "ı": "i", "ə": "e", "đ": "d", "ł": "l", "č": "c"}
)


@dataclass(frozen=True)
class DrawnPlace:
    """A point of a town that somebody lives or meets at."""

    address: str
    postcode: str
    district: str
    lat: float
    lon: float


def draw_place(town: TownProfile, postcode: str, dice: Dice) -> DrawnPlace:
    """A point within some 700 metres of the middle of a quarter that the postcode reaches into."""
    district = town.districts[dice.choice(town.districts_of[postcode])]
    return DrawnPlace(
        address=f"{dice.choice(town.streets)} {dice.integer(1, 96)}",
        postcode=postcode,
        district=district["name"],
        lat=round(float(district["lat"]) + dice.around(0.0065), 4),
        lon=round(float(district["lon"]) + dice.around(0.0100), 4),
    )


def draw_family_name(language: str, dice: Dice) -> str:
    """A family name, with both its forms where there are two."""
    name: str = dice.choice(distributions()["names"][language]["family"])
    return name


def draw_name(language: str, gender: str, family_name: str, dice: Dice) -> str:
    given = dice.choice(distributions()["names"][language]["m" if gender == "m" else "f"])
    forms = family_name.split("|")
    return f"{given} {forms[0] if gender == 'm' else forms[-1]}"


def slug(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text.lower().translate(_LETTERS)).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")


class Mail:
    """Addresses at domains that cannot exist, each given once."""

    def __init__(self, town: TownProfile, dice: Dice) -> None:
        self._town, self._dice = town, dice
        self._given: dict[str, int] = {}

    def for_person(self, name: str) -> str:
        user, domain = slug(name).replace("-", "."), self._dice.choice(self._town.mail_domains)
        times = self._given[user] = self._given.get(user, 0) + 1
        return f"{user}{times if times > 1 else ''}@{domain}"


def minute_of_day(clock: str) -> int:
    hour, minute = clock.split(":")
    return int(hour) * 60 + int(minute)


def draw_free_hours(life: str, dice: Dice) -> tuple[Hours, ...]:
    """Free hours of a week, at least one stretch."""
    patterns = distributions()["free_hours"][life]
    hours: list[Hours] = []
    while not hours:
        for day in range(len(WEEKDAYS)):
            for start, end, share in patterns["weekday" if day < 5 else "weekend"]:
                if dice.chance(share):
                    late = dice.choice((0, 0, 0, 30))
                    midnight = day * MINUTES_A_DAY
                    hours.append(Hours(midnight + minute_of_day(start) + late, midnight + minute_of_day(end)))
    return tuple(hours)


def draw_dislikes(interests: Iterable[str], share: float, dice: Dice) -> tuple[str, ...]:
    """One or two things, none of which is an interest or the broader or narrower one of an interest."""
    if not dice.chance(share):
        return ()
    taxonomy = load_taxonomy()
    named = {*interests, *(taxonomy.broader(term) for term in interests)}
    drawn = dice.several(table("dislikes"), dice.choice((1, 1, 2)))
    return tuple(term for term in drawn if term not in named and taxonomy.broader(term) not in named)


def draw_skills(share: float, dice: Dice) -> tuple[str, ...]:
    return dice.several(table("skills"), dice.choice((1, 1, 2, 2, 3))) if dice.chance(share) else ()


def draw_preference(gender: str, share: float, dice: Dice) -> str:
    """Somebody of the same gender, if any wish; women wish for it more often."""
    return gender if gender in ("f", "m") and dice.chance(share * (1.5 if gender == "f" else 0.5)) else ""
