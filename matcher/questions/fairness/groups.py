"""Whom a report is about, and the groups they are in. The groups are formed for reports alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from matcher.pairs.encoding import BoolArray, FloatArray, IntArray
from matcher.planning.single import Plan
from matcher.records.geography import Place, district_of
from matcher.records.people import Newcomer, first_native_language
from matcher.records.vocabulary import GENDERS, primary_language

NOT_SAID = "not said"
HIGH_NEED = 3
"""The need level from which on people count as having greater need."""
AGE_BANDS = (("under 18", 18), ("18 to 27", 28), ("28 to 39", 40), ("40 to 64", 65), ("65 and over", 200))


@dataclass(frozen=True)
class ReportedPeople:
    """The people reported on, as arrays of one length."""

    records: tuple[Newcomer, ...]
    places: tuple[Place, ...]
    age: FloatArray
    need_level: IntArray
    waiting_weeks: FloatArray
    n_candidates: IntArray
    n_proposals: IntArray
    score_sum: FloatArray

    @property
    def is_matched(self) -> BoolArray:
        """Who has a proposal."""
        return self.n_proposals > 0

    @property
    def is_high(self) -> BoolArray:
        """Who has greater need."""
        return self.need_level >= HIGH_NEED


def reported_people(plan: Plan) -> tuple[ReportedPeople, int]:
    """Who is reported on, and how many are left out because they have a confirmed placement."""
    situation, pairs = plan.workings.situation, plan.workings.pairs
    newcomers, n = situation.town.newcomers, len(plan.newcomers)
    takes_part = newcomers.is_ready & newcomers.has_consent
    is_placed = np.asarray(situation.fixed.sum(axis=1)) > 0
    rows = np.flatnonzero(takes_part & ~is_placed & (situation.open_total > 0))
    records = tuple(plan.newcomers[row] for row in rows.tolist())
    row_of = {person.id: row for row, person in enumerate(plan.newcomers)}
    served = np.array([row_of[proposal.newcomer_id] for proposal in plan.proposals], np.int64)
    scores = np.array([proposal.score for proposal in plan.proposals], np.float64)
    not_said = plan.policy.bonus.need_level_not_said
    return ReportedPeople(
        records=records,
        places=tuple(newcomers.places[row] for row in rows.tolist()),
        age=newcomers.age[rows],
        need_level=np.array([person.need_level or not_said for person in records], np.int64),
        waiting_weeks=newcomers.waiting_weeks[rows],
        n_candidates=np.bincount(pairs.rows, minlength=n)[rows],
        n_proposals=np.bincount(served, minlength=n)[rows],
        score_sum=np.asarray(np.bincount(served, weights=scores, minlength=n)[rows], np.float64),
    ), int((takes_part & is_placed).sum())


def _need_levels(people: ReportedPeople) -> list[str]:
    return [str(person.need_level or NOT_SAID) for person in people.records]


def _genders(people: ReportedPeople) -> list[str]:
    return [person.gender or NOT_SAID for person in people.records]


def _languages(people: ReportedPeople) -> list[str]:
    return [primary_language(first_native_language(person)) or NOT_SAID for person in people.records]


def _age_bands(people: ReportedPeople) -> list[str]:
    names = [name for name, _limit in AGE_BANDS] + [NOT_SAID]
    limits = np.array([limit for _name, limit in AGE_BANDS])
    # NaN is sorted behind every limit.
    return [names[band] for band in np.searchsorted(limits, people.age, side="right").tolist()]


def _districts(people: ReportedPeople) -> list[str]:
    found = [district_of(place) for place in people.places]
    return [NOT_SAID if district is None else district.name for district in found]


LABELS: Mapping[str, Callable[[ReportedPeople], list[str]]] = {
    "need_level": _need_levels,
    "gender": _genders,
    "language": _languages,
    "district": _districts,
    "age_band": _age_bands,
}
DIMENSIONS = tuple(LABELS)
"""What people are grouped by: need level, gender, first native language, district, age band."""
_ORDER = (*GENDERS, *(name for name, _limit in AGE_BANDS))


def in_order(names: set[str]) -> list[str]:
    """Known words in their order, others by alphabet: the order must not tell the size. Not said is last."""
    return sorted(names, key=lambda name: (name == NOT_SAID, name in _ORDER and _ORDER.index(name), name))
