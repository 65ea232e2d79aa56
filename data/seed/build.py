"""Writes the demo people and offers of both towns: ``python data/seed/build.py``. Nothing imports it.

Everything is drawn with a fixed seed: a second run writes the same bytes.
"""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path

import numpy as np

from matcher.generate import generate_town
from matcher.records.files import write_newcomers, write_offers

REFERENCE_DATE = date(2026, 11, 16)  # a Monday; all dates are shifted by whole weeks when loaded
SIZES = {"muenster": (340, 297), "enschede": (260, 223)}  # newcomers, offers
SEEDS = {"muenster": 20040901, "enschede": 20061208}  # any others would give other people

SEED_TOML = f"""\
# All dates of the demo are relative to this Monday; loading shifts them by whole weeks.
reference_date = {REFERENCE_DATE.isoformat()}
"""


def build(folder: Path) -> None:
    """Write ``seed.toml`` and one folder a town into `folder`."""
    for town, (n_newcomers, n_offers) in SIZES.items():
        rng = np.random.default_rng(SEEDS[town])
        newcomers, offers = generate_town(town, n_newcomers, n_offers, rng, REFERENCE_DATE)
        (folder / town).mkdir(parents=True, exist_ok=True)
        write_newcomers(folder / town / "newcomers.csv", newcomers)
        write_offers(folder / town / "offers.csv", offers)
    (folder / "seed.toml").write_text(SEED_TOML, encoding="utf-8")


if __name__ == "__main__":
    build(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
