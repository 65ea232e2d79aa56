"""Who is served and who waits: figures by hand, small groups hidden, greater need never served less."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import asdict, replace
from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from matcher import Newcomer, Plan, Policy, make_plan
from matcher.exceptions import InvalidProblemError
from matcher.generate import generate_town
from matcher.pairs.policy import Bonus
from matcher.questions.fairness import DIMENSIONS, Cell, FairnessReport, fairness
from matcher.questions.fairness.intervals import difference_interval, stratified_interval
from matcher.questions.fairness.suppression import FEWEST, suppress
from tests.builders import TODAY, a_newcomer, an_offer, hours

SCARCE = [("muenster", 1), ("enschede", 2), ("muenster", 3), ("enschede", 4)]
NOT_BY_NEED = Policy(bonus=Bonus(need=0.0))


def people(n: int, label: str = "n", **fields: Any) -> list[Newcomer]:
    return [a_newcomer(f"{label}{i}", wants={"association": 1}, **fields) for i in range(n)]


def report_of(newcomers: list[Newcomer], n_places: int, **more: Any) -> FairnessReport:
    return fairness(make_plan(newcomers, [an_offer(capacity=n_places)], today=TODAY, **more))


def cells(report: FairnessReport, dimension: str) -> dict[str, Cell]:
    return {cell.name: cell for cell in report.groups[dimension]}


def a_scarce_plan(town: str, seed: int, policy: Policy, keep: int = 3, *, turned: bool = False) -> Plan:
    """A plan for a generated town with only every third offer, maybe one that takes need the wrong way."""
    newcomers, offers = generate_town(town, 600, 250, np.random.default_rng(seed), TODAY)
    planned = [replace(n, need_level=n.need_level and 5 - n.need_level) for n in newcomers]
    plan = make_plan(planned if turned else newcomers, offers[::keep], policy, today=TODAY)
    return replace(plan, newcomers=tuple(newcomers))


# Figures ---------------------------------------------------------------------------------------------


def test_the_figures_of_a_group_are_those_counted_by_hand() -> None:
    waited = {"waiting_since": TODAY - timedelta(weeks=10)}
    newcomers = people(12, "f", gender="f", **waited) + people(18, "m", gender="m")
    report = report_of(newcomers, 20)
    women, men = (cells(report, "gender")[gender] for gender in "fm")
    assert (women.n, women.n_matched, women.share) == (12, 12, 1.0)
    assert (men.n, men.n_matched) == (18, 8)
    assert men.share == pytest.approx(8 / 18)
    assert men.difference == pytest.approx(8 / 18 - 20 / 30)
    assert (women.waiting_weeks, women.waiting_weeks_matched, men.waiting_weeks) == (10.0, 10.0, 0.0)
    assert women.waiting_weeks_unmatched is None
    assert women.mean_score == pytest.approx(report.overall.mean_score)
    assert (women.mean_candidates, report.overall.n_matched, report.overall.n) == (1.0, 20, 30)


def test_the_difference_to_everybody_is_that_to_the_rest_scaled() -> None:
    newcomers = people(20, "f", gender="f", need_level=4) + people(20, "m", gender="m")
    women = cells(report_of(newcomers, 30), "gender")["f"]
    low, high = difference_interval(20, 20, 10, 20)
    assert women.difference == pytest.approx(0.25)
    assert women.interval == pytest.approx((low / 2, high / 2))


def test_only_who_takes_part_and_has_nothing_yet_is_counted() -> None:
    newcomers = people(20) + people(6, "no", consent=False) + people(6, "later", status="paused")
    newcomers += [
        a_newcomer("nothing", wants={"association": 0}),
        a_newcomer("more", wants={"association": 2}),
    ]
    report = report_of(newcomers, 30, fixed=[("n0", "o"), ("more", "o")])
    assert (report.overall.n, report.n_placed) == (19, 2)


def test_every_dimension_has_its_groups_in_an_order_that_tells_no_size() -> None:
    newcomers = people(6, "a", need_level=4, gender="m", languages={"uk-Cyrl": "native"}, birth_year=2010)
    newcomers += people(9, "b", need_level=2, gender="f", languages={"ar": "native"}, birth_year=1950)
    newcomers += people(7, "c", need_level=None, gender="", languages={"de": "A1"}, birth_year=None)
    groups = report_of(newcomers, 5).groups
    assert tuple(groups) == DIMENSIONS
    named = {dimension: [cell.name for cell in group] for dimension, group in groups.items()}
    assert named["need_level"] == ["2", "4", "not said"]
    assert named["gender"] == ["f", "m", "not said"]
    assert named["language"] == ["ar", "uk", "not said"]
    assert named["age_band"] == ["under 18", "65 and over", "not said"]
    assert named["district"] == ["Altstadt"]


@pytest.mark.parametrize(
    ("where", "district"),
    [
        ({"lat": 51.9, "lon": 7.64}, "Hiltrup"),
        ({"lat": None, "lon": None, "postcode": "48145"}, "Erphoviertel"),
        ({"lat": None, "lon": None, "town": "muenster"}, "not said"),
        ({"lat": 40.0, "lon": 3.0, "town": ""}, "not said"),
    ],
)
def test_a_district_comes_from_the_point_else_from_the_address(where: dict[str, Any], district: str) -> None:
    report = report_of(people(8, **where), 5)
    assert [cell.name for cell in report.groups["district"]] == [district]


def test_no_figures_are_made_of_nobody() -> None:
    report = fairness(make_plan([], [], today=TODAY))
    assert (report.overall.n, report.overall.share, report.raw_gap, report.comparable_gap) == (
        0,
        None,
        None,
        None,
    )
    assert set(report.groups.values()) == {()}
    assert report_of(people(30), 0).overall.share == 0.0


def test_the_report_is_plain_data_and_the_same_every_time() -> None:
    newcomers, offers = generate_town("muenster", 150, 40, np.random.default_rng(5), TODAY)
    plan = make_plan(newcomers, offers, today=TODAY)
    assert fairness(plan) == fairness(plan)
    assert isinstance(asdict(fairness(plan).overall), dict)


def test_fewer_than_one_stratum_is_refused() -> None:
    with pytest.raises(InvalidProblemError, match="n_strata"):
        fairness(make_plan([], [], today=TODAY), n_strata=0)


# Small groups ----------------------------------------------------------------------------------------


def test_a_small_group_is_hidden_and_so_is_the_next_that_would_give_it_away() -> None:
    newcomers = people(4, "d", gender="d") + people(11, "m", gender="m") + people(30, "f", gender="f")
    groups = cells(report_of(newcomers, 0), "gender")
    assert [groups[gender].n for gender in "fmd"] == [30, None, None]
    hidden = asdict(groups["d"]) | {"name": ""}
    assert set(hidden.values()) == {"", None}


def test_how_few_are_left_without_is_hidden_though_the_group_is_not() -> None:
    newcomers = people(20, "a", gender="f", need_level=4) + people(20, "b", gender="m", need_level=1)
    newcomers += people(20, "c", gender="d", need_level=4)
    groups = cells(report_of(newcomers, 57), "gender")
    assert [(groups[g].n, groups[g].n_matched) for g in "fmd"] == [(20, None), (20, None), (20, None)]
    assert groups["m"].is_outcome_suppressed
    assert not groups["m"].is_suppressed
    assert groups["m"].difference is groups["m"].interval is groups["m"].waiting_weeks_unmatched is None
    assert groups["m"].waiting_weeks == 0.0


def test_the_gap_between_needs_does_not_give_a_level_away() -> None:
    newcomers = people(3, "four", need_level=4) + people(25, "three", need_level=3)
    newcomers += people(12, "two", need_level=2) + people(30, "one", need_level=1)
    report = report_of(newcomers, 10)
    assert report.raw_gap is not None
    groups = cells(report, "need_level")
    assert {name: cell.n for name, cell in groups.items()} == {"1": 30, "2": 12, "3": None, "4": None}


def test_there_is_no_raw_gap_where_it_would_point_at_a_few() -> None:
    newcomers = people(3, "high", need_level=4) + people(40, "low", need_level=1)
    report = report_of(newcomers, 20)
    assert report.raw_gap is None
    assert report.comparable_gap is None


def worlds(n_groups: int, n_people: int, *, by_outcome: bool) -> Iterator[np.ndarray]:
    """Every way in which so many people can fall into groups (and be matched or not)."""
    for sizes in itertools.product(range(1, n_people + 1), repeat=n_groups):
        if sum(sizes) == n_people:
            outcomes = [range(size + 1) if by_outcome else (0,) for size in sizes]
            for matched in itertools.product(*outcomes):
                yield np.array([(n, m, n - m) for n, m in zip(sizes, matched, strict=True)])


def published(counts: np.ndarray, *, by_outcome: bool) -> tuple[Any, ...]:
    """All that a reader sees: what is not hidden, and the totals."""
    one_block = np.zeros(len(counts), np.bool_)
    hidden = suppress(counts[:, :1], one_block)
    is_outcome_hidden = suppress(counts, one_block, hidden) if by_outcome else np.ones(len(counts), np.bool_)
    seen = zip(counts[:, 0].tolist(), counts[:, 1].tolist(), hidden, is_outcome_hidden, strict=True)
    shown = tuple((None if h else n, None if h or o else m) for n, m, h, o in seen)
    return *shown, *counts.sum(axis=0).tolist()


@pytest.mark.parametrize(
    ("n_groups", "n_people", "by_outcome"),
    [(2, 20, False), (3, 16, False), (3, 21, False), (4, 20, False), (2, 20, True), (3, 15, True)],
)
def test_who_knows_the_rule_and_the_totals_still_finds_no_small_number(
    n_groups: int, n_people: int, by_outcome: bool
) -> None:
    possible = defaultdict(list)
    for counts in worlds(n_groups, n_people, by_outcome=by_outcome):
        possible[published(counts, by_outcome=by_outcome)].append(counts)
    found = []
    for seen, all_counts in possible.items():
        is_small_total = any(0 < total < FEWEST for total in seen[-2:]) and by_outcome
        for column in range(3 if by_outcome and not is_small_total else 1):
            values = np.array(all_counts)[:, :, column]
            known = (values == values[0]).all(axis=0)
            found += [seen for value in values[0][known] if 0 < value < FEWEST]
    assert found == []


@pytest.mark.parametrize(("n_places", "is_scored"), [(17, True), (3, False)])
def test_no_mean_is_taken_over_a_few_people_even_of_everybody(n_places: int, is_scored: bool) -> None:
    overall = report_of(people(20), n_places).overall
    assert overall.n_matched == n_places
    assert (overall.waiting_weeks_unmatched is None, overall.waiting_weeks_matched is None) == (
        is_scored,
        not is_scored,
    )
    assert (overall.mean_score is not None) == is_scored


# Gaps ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("town", "seed"), SCARCE)
def test_where_places_are_scarce_greater_need_is_served_more_among_comparable_people(
    town: str, seed: int
) -> None:
    report = fairness(a_scarce_plan(town, seed, Policy()))
    assert report.comparable_gap is not None
    assert report.raw_gap is not None
    assert report.comparable_gap.interval[0] > 0
    assert report.comparable_gap.n < report.raw_gap.n == report.overall.n


@pytest.mark.parametrize(("town", "seed"), SCARCE)
def test_the_comparison_notices_when_need_no_longer_counts_or_counts_the_wrong_way(
    town: str, seed: int
) -> None:
    without = fairness(a_scarce_plan(town, seed, NOT_BY_NEED)).comparable_gap
    turned = fairness(a_scarce_plan(town, seed, Policy(), turned=True)).comparable_gap
    assert without is not None
    assert turned is not None
    assert without.interval[0] <= 0
    assert turned.interval[1] < 0


@pytest.mark.parametrize(("town", "seed"), SCARCE)
def test_where_there_is_enough_for_all_greater_need_is_not_served_less(town: str, seed: int) -> None:
    # Nearly everybody with a candidate is matched here: of 120 with greater need, two are 0.02.
    gap = fairness(a_scarce_plan(town, seed, Policy(), keep=1)).comparable_gap
    assert gap is not None
    assert gap.difference >= -0.02


def test_fewer_candidates_make_a_raw_gap_that_comparing_alike_takes_away() -> None:
    reached = {"lat": 51.96, "lon": 7.63}
    newcomers = people(60, "low", need_level=1, **reached) + people(20, "high", need_level=4, **reached)
    newcomers += people(20, "far", need_level=4, lat=52.5, lon=7.63)
    report = report_of(newcomers, 80)
    assert report.raw_gap is not None
    assert (report.raw_gap.share_high, report.raw_gap.share_low) == (0.5, 1.0)
    assert report.raw_gap.interval == difference_interval(20, 40, 60, 60)
    assert report.comparable_gap is not None
    assert report.comparable_gap.difference == 0.0
    assert (report.raw_gap.n, report.comparable_gap.n) == (100, 80)


def test_people_are_compared_with_those_who_have_about_as_many_candidates() -> None:
    def some(n: int, n_waiting: int, label: str, **fields: Any) -> list[Newcomer]:
        waiting = people(n_waiting, f"{label}_waits", waiting_since=TODAY - timedelta(weeks=9), **fields)
        return waiting + people(n - n_waiting, label, **fields)

    on_tuesdays, any_day = hours("tue 17:00-21:00"), hours("tue 17:00-21:00", "sat 09:00-13:00")
    newcomers = some(40, 20, "high", need_level=4, availability=on_tuesdays)
    newcomers += some(10, 5, "low", need_level=1, availability=on_tuesdays)
    newcomers += people(10, "high_free", need_level=4, availability=any_day)
    newcomers += people(40, "low_free", need_level=1, availability=any_day)
    offers = [an_offer("tue", capacity=25), an_offer("sat", times=hours("sat 10:00-12:00"), capacity=60)]
    report = fairness(make_plan(newcomers, offers, NOT_BY_NEED, today=TODAY))
    assert report.raw_gap is not None
    assert report.raw_gap.difference == pytest.approx(-0.3)
    assert report.comparable_gap is not None
    assert report.comparable_gap.difference == 0.0


def test_a_need_level_not_said_counts_as_the_policy_takes_it() -> None:
    newcomers = people(20, "silent", need_level=None) + people(20, "low", need_level=1)
    assert report_of(newcomers, 10).raw_gap is None
    high = Policy(bonus=Bonus(need_level_not_said=3))
    assert report_of(newcomers, 10, policy=high).raw_gap is not None


# Intervals -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("counts", "interval"),
    [
        ((56, 70, 48, 80), (0.0524, 0.3339)),
        ((9, 10, 3, 10), (0.1705, 0.8090)),
        ((0, 10, 0, 20), (-0.1611, 0.2775)),
    ],
)
def test_the_interval_of_a_difference_is_the_published_one(
    counts: tuple[int, int, int, int], interval: tuple[float, float]
) -> None:
    assert difference_interval(*counts) == pytest.approx(interval, abs=5e-5)


@pytest.mark.parametrize("counts", [(1, 0, 1, 2), (3, 2, 1, 2), (1, 2, -1, 2)])
def test_a_difference_of_impossible_counts_is_refused(counts: tuple[int, int, int, int]) -> None:
    with pytest.raises(InvalidProblemError, match="successes"):
        difference_interval(*counts)


def test_a_difference_over_strata_needs_people_on_both_sides() -> None:
    for tables in (np.empty((0, 4), np.int64), np.array([[1, 2, 0, 0]])):
        with pytest.raises(InvalidProblemError, match="both sides"):
            stratified_interval(tables)


def test_the_stratified_interval_holds_the_truth_about_as_often_as_it_says() -> None:
    rng = np.random.default_rng(3)
    n, n_other = np.array([40, 25, 12, 8]), np.array([60, 70, 30, 10])
    share, gap = np.array([0.85, 0.7, 0.5, 0.3]), -0.15
    n_held = 0
    for _ in range(1000):
        tables = np.column_stack([rng.binomial(n, share + gap), n, rng.binomial(n_other, share), n_other])
        low, high = stratified_interval(tables)[1]
        n_held += low <= gap <= high
    assert 930 <= n_held <= 970


def test_the_stratified_interval_ends_where_the_test_of_its_ends_turns() -> None:
    tables = [(3, 10, 40, 60), (2, 8, 30, 70)]
    difference, ends = stratified_interval(np.array(tables))
    weight = sum(n * m / (n + m) for _y, n, _x, m in tables)
    p = sum((n * n * x - m * m * y + n * m * (m - n) / 2) / (n + m) ** 2 for y, n, x, m in tables)
    q = sum((y * (m - x) + x * (n - y)) / (2 * (n + m)) for y, n, x, m in tables)
    for end in ends:
        assert ((difference - end) * weight) ** 2 == pytest.approx(1.959964**2 * (end * p + q), rel=1e-6)


def test_strata_take_away_what_only_comes_from_being_in_another_stratum() -> None:
    tables = np.array([[90, 100, 9, 10], [1, 10, 10, 100]])
    crude = difference_interval(91, 110, 19, 110)
    difference, (low, high) = stratified_interval(tables)
    assert crude[0] > 0.5
    assert difference == pytest.approx(0.0)
    assert low < 0 < high
