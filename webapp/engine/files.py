"""People of a town from files, and the seeded ones."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from matcher.exceptions import InvalidFileError
from matcher.records.files import read_newcomers, read_offers
from matcher.records.people import Newcomer, Offer
from matcher.records.vocabulary import open_seed, read_seed_table

__all__ = [
    "InvalidFileError",
    "TownFiles",
    "days_since_seed",
    "read_seed_table",
    "read_town_folder",
    "seed_folder",
]


@dataclass(frozen=True)
class TownFiles:
    """The people of one town as read from two files."""

    newcomers: list[Newcomer]
    offers: list[Offer]


def read_town_folder(folder: Path) -> TownFiles:
    """Read ``newcomers.csv`` and ``offers.csv`` of a folder.

    Raises
    ------
    InvalidFileError
        With every row of both files that cannot be read.
    """
    problems: list[Any] = []
    read: dict[str, list[Any]] = {}
    readers: dict[str, Callable[[Path], Sequence[Any]]] = {"newcomers": read_newcomers, "offers": read_offers}
    for name, reader in readers.items():
        try:
            read[name] = list(reader(folder / f"{name}.csv"))
        except InvalidFileError as error:
            problems += error.problems
    if problems:
        raise InvalidFileError(problems)
    return TownFiles(read["newcomers"], read["offers"])


def seed_folder(town_slug: str) -> Path:
    """The folder of a seeded town's people."""
    return Path(str(open_seed(town_slug)))


def days_since_seed(today: date) -> timedelta:
    """By how much seeded dates are shifted, in whole weeks, so that the demo never grows old."""
    reference = tomllib.loads(open_seed("seed.toml").read_text(encoding="utf-8"))["reference_date"]
    return timedelta(weeks=(today - reference).days // 7)
