"""People of a town from files, and the seeded ones."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from matcher.exceptions import InvalidFileError
from matcher.records.columns import People
from matcher.records.files import read_all, read_newcomers, read_offers, read_people, write_table
from matcher.records.formats.sources import refused_file
from matcher.records.people import Newcomer, Offer
from matcher.records.vocabulary import open_seed, read_seed_table

__all__ = [
    "InvalidFileError",
    "TownFiles",
    "days_since_seed",
    "read_seed_table",
    "read_town_files",
    "read_town_folder",
    "seed_folder",
    "write_table",
]

_READERS: dict[str, Callable[[Path], People[Any]]] = {
    "newcomers.csv": read_newcomers,
    "offers.csv": read_offers,
}


@dataclass(frozen=True)
class TownFiles:
    """The people of one town as read from two files."""

    newcomers: list[Newcomer]
    offers: list[Offer]


def read_town_folder(folder: Path) -> TownFiles:
    """Read ``newcomers.csv`` and ``offers.csv`` of a folder, or the one of them that is there.

    Raises
    ------
    InvalidFileError
        With every row of both files that cannot be read; and when neither is there.
    """
    return read_town_files([folder])


def read_town_files(sources: Sequence[Path]) -> TownFiles:
    """Read the people of folders (see `read_town_folder`) and files, whose columns tell what they hold.

    Raises
    ------
    InvalidFileError
        With every row of all files that cannot be read, and for two files of newcomers, or of offers.
    """
    files = [file for source in sources for file in (_in_folder(source) if source.is_dir() else [source])]
    readers = [_READERS.get(file.name, read_people) for file in files]
    readings: list[Callable[[], People[Any]]] = [
        partial(reader, file) for reader, file in zip(readers, files, strict=True)
    ]
    read: dict[type, Sequence[Any]] = {}
    for file, people in zip(files, read_all(*readings), strict=True):
        if people.record in read:
            raise refused_file(file, "one file of newcomers and one of offers", "a second one of a sort")
        read[people.record] = list(people)
    return TownFiles(list(read.get(Newcomer, ())), list(read.get(Offer, ())))


def _in_folder(folder: Path) -> list[Path]:
    found = [folder / name for name in _READERS if (folder / name).exists()]
    if not found:
        raise refused_file(folder, f"a folder with {' or '.join(_READERS)}", "one with neither")
    return found


def seed_folder(town_slug: str) -> Path:
    """The folder of a seeded town's people."""
    return Path(str(open_seed(town_slug)))


def days_since_seed(today: date) -> timedelta:
    """By how much seeded dates are shifted, in whole weeks, so that the demo never grows old."""
    reference = tomllib.loads(open_seed("seed.toml").read_text(encoding="utf-8"))["reference_date"]
    return timedelta(weeks=(today - reference).days // 7)
