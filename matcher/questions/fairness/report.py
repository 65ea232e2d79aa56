"""Whether a plan is fair: who is served and who waits, group by group. Changes no plan.

The groups are formed for this report alone: no score, no bonus and no proposal depends on them. Figures that
would point at fewer than five people are not given.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from matcher.arguments import a_whole_number
from matcher.pairs.encoding import BoolArray, FloatArray, IntArray
from matcher.planning.single import Plan, check_plan
from matcher.questions.fairness.groups import LABELS, ReportedPeople, in_order, reported_people
from matcher.questions.fairness.intervals import Interval, difference_interval, stratified_interval
from matcher.questions.fairness.suppression import FEWEST, is_small, suppress


@dataclass(frozen=True)
class Cell:
    """The figures of one group, or of everybody; None is a figure that is suppressed or has nobody in it.

    Parameters
    ----------
    name : str
        A level, a gender, a language (BCP 47), the name of a district, an age band, or `NOT_SAID`.
    n : int or None
        People of the group who take part, wish for something and have nothing confirmed yet.
    waiting_weeks : float or None
        Mean time they have waited so far.
    mean_candidates : float or None
        Mean number of pairs the plan could choose from, a person.
    n_matched : int or None
        How many of them are proposed something.
    share : float or None
        n_matched / n.
    difference : float or None
        `share` less the share of everybody.
    interval : (float, float) or None
        95 % interval of the difference.
    waiting_weeks_matched, waiting_weeks_unmatched : float or None
        Mean time waited so far by those who are proposed something, and by those who go on waiting.
    mean_score : float or None
        Of the proposals.
    """

    name: str
    n: int | None
    waiting_weeks: float | None
    mean_candidates: float | None
    n_matched: int | None
    share: float | None
    difference: float | None
    interval: Interval | None
    waiting_weeks_matched: float | None
    waiting_weeks_unmatched: float | None
    mean_score: float | None

    @property
    def is_suppressed(self) -> bool:
        """Whether no figure is given."""
        return self.n is None

    @property
    def is_outcome_suppressed(self) -> bool:
        """Whether it is not given how many were matched, and nothing that would tell."""
        return self.n_matched is None


@dataclass(frozen=True)
class NeedGap:
    """How the matched share differs between people with greater and with lesser need.

    Parameters
    ----------
    difference : float
        Share of people with need level 3 or 4 less that of the others: negative where greater need is served
        less. Among comparable people: the mean over the strata, to two decimals.
    interval : (float, float)
        95 % interval of the difference.
    n : int
        People compared.
    share_high, share_low : float or None
        The two shares; not given among comparable people.
    """

    difference: float
    interval: Interval
    n: int
    share_high: float | None = None
    share_low: float | None = None


@dataclass(frozen=True)
class FairnessReport:
    """Who is served by a plan, group by group.

    Parameters
    ----------
    overall : Cell
    n_placed : int
        People who take part and have a confirmed placement: they are in none of the figures.
    groups : mapping of str to tuple of Cell
        By dimension (`DIMENSIONS`); a group without people is left out.
    raw_gap : NeedGap or None
        Between greater and lesser need, all people; None where it would point at fewer than five.
    comparable_gap : NeedGap or None
        The same among people with about as many candidates; None where fewer than five can be compared on
        either side.
    """

    overall: Cell
    n_placed: int
    groups: Mapping[str, tuple[Cell, ...]]
    raw_gap: NeedGap | None
    comparable_gap: NeedGap | None


def fairness(plan: Plan, *, n_strata: int = 5) -> FairnessReport:
    """Report who is served by a plan and who waits, by need level, gender, language, district and age band.

    Reported on are people who take part (ready, with consent), wish for something and have nothing confirmed
    yet. Matched is who is proposed something.

    Parameters
    ----------
    plan : Plan
    n_strata : int, default 5
        Into how many strata of about equal size people are put by their number of candidates.

    Returns
    -------
    FairnessReport

    Raises
    ------
    InvalidProblemError
        For fewer than one stratum.

    Notes
    -----
    *Difference to everybody.* A group of n is part of all N, so p - p_all = (1 - n/N) (p - p_rest), and the
    interval is that of p - p_rest (Newcombe's hybrid score interval) times 1 - n/N.

    *Comparable people.* Among people with at least one candidate, stratum by stratum of the number of
    candidates, the Mantel-Haenszel difference of the shares, with Klingenberg's interval. Candidates are the
    pairs the assignment chose from: every rule allows them, and per kind they are at most
    ``policy.limits.candidates_per_kind`` or what the prices brought in besides. Who did not say a need level
    counts with the level that the policy takes for them.

    *Suppression.* Totals are public. A group of 1 to 4 is suppressed; so is, within a group, how many are
    matched, when 1 to 4 are or are not. What is left must not be found by subtraction: as long as the
    suppressed groups of a dimension together have 1 to 9 people (matched, unmatched), the next smallest one
    is suppressed too. Need levels 3 and 4 are one public block and the others
    another, since the gap between the blocks is reported. A mean is over five people or more. What is *not*
    protected against: subtracting the reports of two plans, or combining several dimensions with what
    somebody knows about a person.

    Intervals take people as independent. They are not quite (places are shared, households move together):
    read them as a measure of how much chance there is in numbers of this size.

    O(candidates + people x districts). Deterministic.

    References
    ----------
    R. G. Newcombe (1998): Interval estimation for the difference between independent proportions. Statistics
    in Medicine 17. doi:10.1002/(SICI)1097-0258(19980430)17:8<873::AID-SIM779>3.0.CO;2-I

    B. Klingenberg (2014): A new and improved confidence interval for the Mantel-Haenszel risk difference.
    Statistics in Medicine 33. doi:10.1002/sim.6122

    Examples
    --------
    >>> from datetime import date
    >>> from matcher import Newcomer, Offer, make_plan
    >>> people = [
    ...     Newcomer(id=f"n{i}", gender="fm"[i % 2], birth_year=1990, need_level=1 + i % 4, consent=True)
    ...     for i in range(40)
    ... ]
    >>> choir = Offer(id="choir", kind="association", capacity=20)
    >>> report = fairness(make_plan(people, [choir], today=date(2026, 3, 2)))
    >>> report.overall.n, report.overall.n_matched
    (40, 20)
    >>> [(cell.name, cell.n, cell.share) for cell in report.groups["need_level"]]
    [('1', 10, 0.0), ('2', 10, 0.0), ('3', 10, 1.0), ('4', 10, 1.0)]
    >>> report.comparable_gap.difference
    1.0
    """
    check_plan(plan)
    n_strata = a_whole_number("n_strata", n_strata, least=1)
    people, n_placed = reported_people(plan)
    everybody = np.ones(len(people.records), np.bool_)
    counts = [_counts(people, side) for side in (people.is_high, ~people.is_high)]
    has_blocks = min(n for n, _matched, _unmatched in counts) > 0 and not is_small(np.array(counts)).any()
    return FairnessReport(
        overall=_cell("all", people, everybody, shows=True, shows_outcome=True),
        n_placed=n_placed,
        groups=MappingProxyType(
            {
                name: _cells(people, label(people), people.is_high & (name == "need_level") & has_blocks)
                for name, label in LABELS.items()
            }
        ),
        raw_gap=_raw_gap(*counts) if has_blocks else None,
        comparable_gap=_comparable_gap(people, _strata(people.n_candidates, n_strata)),
    )


def _cells(people: ReportedPeople, labels: Sequence[str], block: BoolArray) -> tuple[Cell, ...]:
    """The cells of one dimension; groups inside `block` and outside are protected apart."""
    names = in_order(set(labels))
    members = [np.array([label == name for label in labels], np.bool_) for name in names]
    counts = np.array([_counts(people, member) for member in members], np.int64).reshape(-1, 3)
    blocks = np.array([bool(block[member].any()) for member in members], np.bool_)
    is_hidden = suppress(counts[:, :1], blocks)
    is_outcome_hidden = suppress(counts, blocks, is_hidden)
    return tuple(
        _cell(name, people, member, shows=not hidden, shows_outcome=not outcome_hidden)
        for name, member, hidden, outcome_hidden in zip(
            names, members, is_hidden.tolist(), is_outcome_hidden.tolist(), strict=True
        )
    )


def _counts(people: ReportedPeople, member: BoolArray) -> tuple[int, int, int]:
    """How many people, how many of them matched, how many not."""
    n, n_matched = int(member.sum()), int((member & people.is_matched).sum())
    return n, n_matched, n - n_matched


def _cell(name: str, people: ReportedPeople, member: BoolArray, *, shows: bool, shows_outcome: bool) -> Cell:
    n, n_matched, _n_unmatched = _counts(people, member)
    matched, unmatched = member & people.is_matched, member & ~people.is_matched
    difference, interval = _difference_to_all(people, member)
    n_proposals = max(1, int(people.n_proposals[matched].sum()))
    mean_score = float(people.score_sum[matched].sum() / n_proposals)
    return Cell(
        name=name,
        n=n if shows else None,
        waiting_weeks=_mean(people.waiting_weeks, member) if shows else None,
        mean_candidates=_mean(people.n_candidates, member) if shows else None,
        n_matched=n_matched if shows_outcome else None,
        share=n_matched / n if shows_outcome and n else None,
        difference=difference if shows_outcome and n else None,
        interval=interval if shows_outcome and n else None,
        waiting_weeks_matched=_mean(people.waiting_weeks, matched) if shows_outcome else None,
        waiting_weeks_unmatched=_mean(people.waiting_weeks, unmatched) if shows_outcome else None,
        mean_score=mean_score if shows_outcome and n_matched >= FEWEST else None,
    )


def _mean(values: FloatArray | IntArray, member: BoolArray) -> float | None:
    return float(values[member].mean()) if member.sum() >= FEWEST else None


def _difference_to_all(people: ReportedPeople, member: BoolArray) -> tuple[float, Interval]:
    n, n_matched, _unmatched = _counts(people, member)
    n_rest, n_rest_matched, _unmatched = _counts(people, ~member)
    if not n or not n_rest:
        return 0.0, (0.0, 0.0)
    low, high = difference_interval(n_matched, n, n_rest_matched, n_rest)
    part = n_rest / (n + n_rest)
    return part * (n_matched / n - n_rest_matched / n_rest), (part * low, part * high)


def _strata(n_candidates: IntArray, n_strata: int) -> IntArray:
    """The stratum of each person: about equally many people in each; -1 without any candidate."""
    some = n_candidates[n_candidates > 0]
    if not some.size:
        return np.full(n_candidates.size, -1, np.int64)
    edges = np.unique(np.quantile(some, np.arange(1, n_strata) / n_strata))
    return np.where(n_candidates > 0, np.searchsorted(edges, n_candidates, side="left"), -1)


def _raw_gap(high: tuple[int, int, int], low: tuple[int, int, int]) -> NeedGap:
    (n, n_matched, _unmatched), (n_other, n_matched_other, _unmatched) = high, low
    share_high, share_low = n_matched / n, n_matched_other / n_other
    interval = difference_interval(n_matched, n, n_matched_other, n_other)
    return NeedGap(share_high - share_low, interval, n + n_other, share_high, share_low)


def _comparable_gap(people: ReportedPeople, stratum: IntArray) -> NeedGap | None:
    tables = []
    for number in np.unique(stratum[stratum >= 0]).tolist():
        n, n_matched, _unmatched = _counts(people, (stratum == number) & people.is_high)
        n_other, n_matched_other, _unmatched = _counts(people, (stratum == number) & ~people.is_high)
        if n and n_other:
            tables.append((n_matched, n, n_matched_other, n_other))
    table = np.array(tables, np.int64).reshape(-1, 4)
    n, n_other = table[:, [1, 3]].sum(axis=0).tolist()
    if min(n, n_other) < FEWEST:
        return None
    difference, interval = stratified_interval(table)
    # Adding 0 makes a rounded -0 an ordinary 0.
    rounded, low, high = (round(number, 2) + 0.0 for number in (difference, *interval))
    return NeedGap(rounded, (low, high), n + n_other)
