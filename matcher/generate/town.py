"""A whole town in one call: newcomers, then offers with places enough for their wishes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from itertools import accumulate, pairwise

import numpy as np

from matcher.exceptions import InvalidProblemError
from matcher.generate.activities import draw_activities
from matcher.generate.chance import Dice
from matcher.generate.distributions import distributions, load_town
from matcher.generate.newcomers import draw_newcomers
from matcher.generate.volunteers import draw_mentors, draw_neighbours
from matcher.records.people import Newcomer, Offer
from matcher.records.vocabulary import KINDS


def generate_town(
    town: str,
    n_newcomers: int,
    n_offers: int,
    rng: np.random.Generator,
    today: date,
    split: Mapping[str, float] | None = None,
    label: str = "",
) -> tuple[list[Newcomer], list[Offer]]:
    """Draw a town: people who look for company, and associations, mentors and neighbours who have places.

    Parameters
    ----------
    town : {"muenster", "enschede"}
        A town of ``data/seed/towns.csv`` that ``distributions.toml`` knows.
    n_newcomers, n_offers : int
        How many of each, 0 or more. One activity of an association is one offer.
    rng : numpy.random.Generator
        The source of chance; it is used up in whole blocks.
    today : date
        The day that ages, waiting times and dates of screenings are counted from.
    split : mapping of str to float, optional
        Share of each kind in the offers; by default about 46 % activities, 31 % mentors, 23 % households.
        Shares are scaled to one; a kind left out gets none.
    label : str, optional
        Stands before every id, so that several made towns fit into one database.

    Returns
    -------
    newcomers : list of Newcomer
    offers : list of Offer
        Activities first, then mentors, then neighbour households.

    Raises
    ------
    InvalidProblemError
        With all that is wrong with the arguments.

    Notes
    -----
    O(n + m). The same generator state and arguments give the same people; another number of newcomers gives
    other offers too, since the free places of activities follow the wishes for them. What is not promised:
    the same people after a change of the distributions.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> newcomers, offers = generate_town("muenster", 40, 20, rng, date(2026, 11, 16))
    >>> len(newcomers), len(offers), newcomers[0].id, offers[0].id
    (40, 20, 'mn-0001', 'ma-0001')
    """
    shares: Mapping[str, float] = distributions()["split"] if split is None else split
    _check(town, n_newcomers, n_offers, shares)
    dice = Dice(rng)
    place = load_town(town)
    newcomers = draw_newcomers(place, n_newcomers, dice, today)
    n_activities, n_mentors, n_neighbours = _split(n_offers, shares)
    ready = [newcomer for newcomer in newcomers if newcomer.status == "ready"]
    wishes = sum(newcomer.wants.get("association", 0) for newcomer in ready)
    offers = [
        *draw_activities(place, n_activities, wishes, dice, today),
        *draw_mentors(place, n_mentors, dice, today),
        *draw_neighbours(place, n_neighbours, dice, today),
    ]
    return _labelled(newcomers, offers, label) if label else (newcomers, offers)


def _labelled(
    newcomers: list[Newcomer], offers: list[Offer], label: str
) -> tuple[list[Newcomer], list[Offer]]:
    people = [
        replace(
            person, id=label + person.id, household_id=person.household_id and label + person.household_id
        )
        for person in newcomers
    ]
    return people, [replace(offer, id=label + offer.id) for offer in offers]


def _check(town: str, n_newcomers: int, n_offers: int, split: Mapping[str, float]) -> None:
    towns = sorted(distributions()["towns"])
    problems = []
    if town not in towns:
        problems.append(f"town: expected one of {', '.join(towns)}, got {town!r}")
    problems += [
        f"{name}: expected 0 or more, got {number}"
        for name, number in (("n_newcomers", n_newcomers), ("n_offers", n_offers))
        if number < 0
    ]
    unknown = sorted(set(split) - set(KINDS))
    if unknown:
        problems.append(f"split: expected shares of {', '.join(KINDS)}, got {', '.join(unknown)}")
    if any(share < 0 for share in split.values()) or sum(split.values()) <= 0:
        problems.append(f"split: expected shares of 0 or more, not all 0, got {dict(split)}")
    if problems:
        raise InvalidProblemError(problems)


def _split(n_offers: int, split: Mapping[str, float]) -> list[int]:
    """How many offers of each kind; they add up."""
    shares = [split.get(kind, 0.0) for kind in KINDS]
    ends = [round(n_offers * end / sum(shares)) for end in accumulate(shares, initial=0.0)]
    return [end - start for start, end in pairwise(ends)]
