"""What is drawn from: the weights and words of ``data/seed``, read once. Draws nothing."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any
from zlib import crc32

from matcher.generate.chance import Table
from matcher.records.vocabulary import load_taxonomy, open_seed, read_seed_table


@dataclass(frozen=True)
class TownProfile:
    """What is particular to one town."""

    key: str
    language: str
    phone: str
    streets: tuple[str, ...]
    mail_domains: tuple[str, ...]
    rare_languages: tuple[str, ...]
    far_out_postcode: str
    districts: Mapping[str, Mapping[str, str]]
    districts_of: Mapping[str, Sequence[str]]
    newcomers_at: Table
    hosts_at: Table
    arrivals: Table
    earlier_newcomers: Table

    def id(self, kind: str, number: int, total: int) -> str:
        """Such as ``mn-0042``: town, kind, number."""
        return f"{self.key[0]}{kind}-{number:0{max(4, len(str(total)))}d}"

    def number_of(self, who: str) -> str:
        """A telephone number that follows from a name: nothing is drawn for it."""
        return f"{self.phone} {1000 + crc32(who.encode()) % 9000}"

    def said_by(self, kind: str, who: str) -> str:
        """What somebody says about themselves, or nothing; it follows from a name, as the number does."""
        texts: Sequence[str] = distributions()["about"][kind][self.language]
        position = crc32(f"{kind} {who}".encode()) % (2 * len(texts))
        return texts[position] if position < len(texts) else ""


@cache
def distributions() -> Any:
    """Shares and weights, nested as in their file."""
    return _read_toml("distributions.toml")


@cache
def associations() -> Any:
    """Types of associations, and what they do."""
    return _read_toml("associations.toml")


def _read_toml(name: str) -> Any:
    with open_seed(name).open("rb") as stream:
        return tomllib.load(stream)


@cache
def load_town(town: str) -> TownProfile:
    """A town that the distributions know."""
    source = distributions()["towns"][town]
    language = next(row["language"] for row in read_seed_table("towns.csv") if row["town"] == town)
    return TownProfile(
        key=town,
        language=language,
        phone=source["phone"],
        streets=tuple(head + tail for head in source["street_heads"] for tail in source["street_tails"]),
        mail_domains=tuple(source["mail_domains"]),
        rare_languages=tuple(source["rare_languages"]),
        far_out_postcode=source["far_out_postcode"],
        districts={row["district"]: row for row in read_seed_table("districts.csv") if row["town"] == town},
        districts_of=source["districts_of"],
        newcomers_at=Table.of(source["newcomers_at"]),
        hosts_at=Table.of(source["hosts_at"]),
        arrivals=Table.of(source["arrivals"]),
        earlier_newcomers=Table.of(distributions()["earlier_newcomers"][town]),
    )


@cache
def table(*path: str) -> Table:
    """The weights that stand at this place of the distributions."""
    weights = distributions()
    for key in path:
        weights = weights[key]
    return Table.of(weights)


@cache
def interests_of(band: str, gender: str) -> Table:
    """What people of one band of life are interested in: the taxonomy, weighted."""
    source = distributions()
    never = {*source["bands"][band]["never"], *(source["men"]["never"] if gender == "m" else ())}
    more = source["bands"][band]["more"]
    weights = {
        term: source["popularity"].get(term, 1.0) * (2.5 if term in more else 1.0)
        for term in load_taxonomy().terms
    }
    return Table.of(weights, without=never)
