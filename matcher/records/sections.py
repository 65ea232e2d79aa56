"""The sections of a policy that rules and criteria read: bonus, travel, limits, look-ahead. No weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True, kw_only=True)
class Bonus:
    """What serving a person at all is worth, in units of score, paid once a person.

    ``base + need * (need_level - 1) / 3 + waiting * min(1, weeks waited / waiting_weeks_full)``:
    whoever needs more, or waits longer, comes first.
    """

    base: float = 0.4
    need: float = 0.4
    waiting: float = 0.3
    waiting_weeks_full: float = 26.0
    need_level_not_said: int = 2


@dataclass(frozen=True, kw_only=True)
class Travel:
    """How long a way takes: minutes = fixed minutes + distance x detour / speed.

    Straight-line distances are turned into ways by a detour factor of 1.3 (a usual value for towns).
    Speeds are door to door in km/h; the fixed minutes are for unlocking, waiting or parking. People who did
    not say how they get about are taken to walk or to use public transport.
    """

    detour: float = 1.3
    walk_kmh: float = 4.8
    bike_kmh: float = 15.0
    transit_kmh: float = 20.0
    car_kmh: float = 30.0
    walk_fixed_minutes: float = 0.0
    bike_fixed_minutes: float = 2.0
    transit_fixed_minutes: float = 10.0
    car_fixed_minutes: float = 5.0
    mobility_not_said: tuple[str, ...] = ("walk", "transit")
    max_minutes_not_said: int = 40


@dataclass(frozen=True, kw_only=True)
class Limits:
    """The adjustable part of the hard rules, and how many candidates a person keeps."""

    common_language_level: str = "A2"
    low_cost_eur_month: float = 10.0
    neighbours_need_screening: bool = True
    minors_one_to_one: bool = False
    common_minutes: int = 60
    freshness_days: int = 180
    town_language_not_said: str = "de"
    candidates_per_kind: int = 30


@dataclass(frozen=True, kw_only=True)
class Lookahead:
    """Whether places are kept for people who have not arrived yet, and how long others may wait for that.

    A place costs what it is expected to bring to somebody who arrives within `weeks`, the time that places
    have to last: the mean of the prices in `samples` futures drawn from past arrivals. Whoever has waited
    `longest_wait_weeks` pays nothing. A second placement is made when all `samples` futures agree to it.
    """

    is_on: bool = False
    weeks: int = 26
    samples: int = 16
    longest_wait_weeks: int = 6


class PolicyLike(Protocol):
    """A policy as rules and criteria read it: `matcher.pairs.policy.Policy`, which knows the criteria."""

    @property
    def bonus(self) -> Bonus:
        """What serving somebody is worth."""

    @property
    def travel(self) -> Travel:
        """How long a way takes."""

    @property
    def limits(self) -> Limits:
        """The adjustable part of the hard rules."""

    @property
    def lookahead(self) -> Lookahead:
        """Whether places are kept."""

    @property
    def switching_bonus(self) -> float:
        """What an open proposal adds to the score of its pair."""

    @property
    def weights(self) -> Any:
        """The weight of each criterion, by name."""
