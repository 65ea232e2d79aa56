"""The fast passes over all pairs say what the readable rules and criteria say, pair by pair."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse

from matcher.generate import generate_town
from matcher.pairs.candidates import CandidateSearch, Tariff, all_pairs, find_candidates
from matcher.pairs.criteria import CRITERIA
from matcher.pairs.eligibility import RULES, allowed, broken_rules
from matcher.pairs.encoding import encode
from matcher.pairs.policy import Limits, Policy
from matcher.pairs.scoring import kept_back, row_bonus, score_parts
from matcher.pairs.situation import Pairs, Situation
from matcher.planning.request import Ids
from matcher.records.people import Newcomer, Offer
from matcher.records.vocabulary import KINDS
from tests.builders import TODAY, a_newcomer, an_offer, hours

DAY = date(2026, 11, 16)
POLICIES = {
    "default": Policy(),
    "other": Policy(
        limits=Limits(
            minors_one_to_one=True,
            neighbours_need_screening=False,
            common_minutes=90,
            common_language_level="B1",
        )
    ),
}


def situation_of(
    newcomers: list[Newcomer],
    offers: list[Offer],
    policy: Policy | None = None,
    fixed: list[tuple[str, str]] | None = None,
    banned: list[tuple[str, str]] | None = None,
    today: date = TODAY,
) -> Situation:
    ids, policy = Ids.of(newcomers, offers), policy or Policy()
    return Situation(
        encode(newcomers, offers, policy, today), policy, ids.matrix(fixed or []), ids.matrix(banned or [])
    )


@pytest.fixture(scope="module", params=POLICIES)
def town(request: pytest.FixtureRequest) -> Situation:
    """Two towns in one, some people without a point, pairs that are settled: every rule meets somebody."""
    rng = np.random.default_rng(3)
    newcomers: list[Newcomer] = []
    offers: list[Offer] = []
    for name in ("muenster", "enschede"):
        people, places = generate_town(name, 150, 120, rng, DAY, label=name)
        newcomers, offers = newcomers + people, offers + places
    newcomers[::17] = [
        replace(n, lat=None, lon=None, address="", postcode="", town="") for n in newcomers[::17]
    ]
    offers[::19] = [replace(o, lat=None, lon=None, address="", postcode="") for o in offers[::19]]
    newcomers[::23] = [replace(n, prefers_gender="f", gender="") for n in newcomers[::23]]
    offers[::11] = [replace(o, language_share_max=0.1, capacity=max(1, o.capacity)) for o in offers[::11]]
    some = rng.permutation(len(newcomers) * len(offers))[:300]
    settled = [(newcomers[at // len(offers)].id, offers[at % len(offers)].id) for at in some.tolist()]
    return situation_of(newcomers, offers, POLICIES[request.param], settled[:150], settled[150:], DAY)


@pytest.fixture(scope="module")
def pairs(town: Situation) -> Pairs:
    n, m = town.fixed.shape
    return all_pairs(town, np.arange(n), np.arange(m))


@pytest.fixture(scope="module")
def judged(town: Situation, pairs: Pairs) -> tuple[np.ndarray, np.ndarray]:
    return CandidateSearch(town).judge(pairs)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_every_rule_forbids_the_same_pairs_in_the_fast_pass(rule, pairs, judged) -> None:
    broken = judged[0][:, RULES.index(rule)]
    assert 0 < broken.sum() < broken.size
    assert_array_equal(broken, ~rule.allows(pairs))


@pytest.mark.parametrize("criterion", CRITERIA, ids=lambda criterion: criterion.name)
def test_every_criterion_measures_the_same_in_the_fast_pass(criterion, pairs, judged) -> None:
    values = judged[1][:, CRITERIA.index(criterion)]
    assert np.unique(values).size > 1
    assert_allclose(values, criterion.measure(pairs), rtol=0, atol=1e-6)


def test_all_possible_pairs_are_found_with_their_scores(town: Situation, pairs: Pairs) -> None:
    expected, found = allowed(pairs), CandidateSearch(town).best()
    assert_array_equal(found.pairs.rows, expected.rows)
    assert_array_equal(found.pairs.columns, expected.columns)
    assert_allclose(found.scores, score_parts(expected).sum(axis=1), rtol=0, atol=1e-6)
    assert found.n_allowed == expected.rows.size
    assert np.isneginf(found.cut_at).all()
    assert_array_equal(find_candidates(town).columns, expected.columns)


@pytest.mark.parametrize("n_best", [1, 4, 15])
def test_the_best_of_each_newcomer_and_kind_are_kept_and_what_was_cut_is_worth_no_more(
    town: Situation, n_best: int
) -> None:
    everything, kept = CandidateSearch(town).best(), CandidateSearch(town).best(n_best)
    kind = everything.pairs.offers.kind[everything.pairs.columns]
    chosen = np.zeros(kind.size, np.bool_)
    worst_cut = np.full((town.fixed.shape[0], len(KINDS)), -np.inf)
    for row in np.unique(everything.pairs.rows):
        for k in range(len(KINDS)):
            own = np.flatnonzero((everything.pairs.rows == row) & (kind == k))
            best_first = own[np.lexsort((everything.pairs.columns[own], -everything.scores[own]))]
            chosen[best_first[:n_best]] = True
            if best_first.size > n_best:
                worst_cut[row, k] = everything.scores[best_first[n_best]]
    assert 0 < chosen.sum() < chosen.size
    assert_array_equal(kept.pairs.rows, everything.pairs.rows[chosen])
    assert_array_equal(kept.pairs.columns, everything.pairs.columns[chosen])
    assert_array_equal(kept.scores, everything.scores[chosen])
    assert kept.n_allowed == everything.n_allowed
    assert_array_equal(kept.cut_at, worst_cut)


def test_prices_costs_and_bounds_leave_only_what_is_worth_more(town: Situation) -> None:
    rng = np.random.default_rng(5)
    n, m = town.fixed.shape
    search, everything = CandidateSearch(town), CandidateSearch(town).best()
    rows, columns = everything.pairs.rows, everything.pairs.columns
    costs, prices = 2 * rng.random(m), rng.random(m) / 4
    group_prices = np.column_stack([rng.random((m, len(town.town.languages))) / 9, np.zeros(m)])
    floors = rng.random((n, len(KINDS))) / 2
    newcomers, offers = town.town.newcomers, town.town.offers
    can_wait = newcomers.waiting_weeks < town.policy.lookahead.longest_wait_weeks
    worth = everything.scores - prices[columns] - kept_back(everything.pairs, everything.scores, costs)
    worth -= group_prices[columns, newcomers.group[rows]]
    n_slots = int(offers.slots.max()) + 1
    slot_prices = rng.random((n, n_slots)) * (rng.random((n, n_slots)) < 0.5)
    has_slot = offers.slots[columns] >= 0
    worth[has_slot] -= slot_prices[rows[has_slot], offers.slots[columns[has_slot]]]
    above = worth > floors[rows, offers.kind[columns]]
    before_prices = everything.scores - kept_back(everything.pairs, everything.scores, costs)
    most = np.full((n, len(KINDS)), np.median(before_prices))
    above &= before_prices <= most[rows, offers.kind[columns]]
    asked, seen = np.arange(0, n, 2), np.flatnonzero(rng.random(m) < 0.8)
    above &= np.isin(rows, asked) & np.isin(columns, seen)

    tariff = Tariff(costs, prices, group_prices, sparse.csr_array(slot_prices), floors, most)
    found = search.best(rows=asked, columns=seen, tariff=tariff)

    assert 0 < above.sum() < above.size
    assert 0 < can_wait.sum() < can_wait.size
    assert_array_equal(found.pairs.rows, rows[above])
    assert_array_equal(found.pairs.columns, columns[above])


def test_a_place_that_is_kept_costs_no_more_than_the_score_where_the_bonus_makes_up_for_it(
    town: Situation,
) -> None:
    found = CandidateSearch(town).best()
    rows, columns = found.pairs.rows, found.pairs.columns
    values = 2 * np.random.default_rng(1).random(town.fixed.shape[1])
    cost, bonus = kept_back(found.pairs, found.scores, values), row_bonus(town)[rows]
    waited = town.town.newcomers.waiting_weeks[rows] >= town.policy.lookahead.longest_wait_weeks
    is_worth_it = found.scores + bonus > values[columns]
    assert 0 < is_worth_it.sum() < is_worth_it.size
    assert_array_equal(cost[waited], 0)
    assert_array_equal(cost[~waited & ~is_worth_it], values[columns][~waited & ~is_worth_it])
    worth_it = ~waited & is_worth_it
    assert_array_equal(cost[worth_it], np.minimum(values[columns], found.scores)[worth_it])


def test_one_thread_finds_what_two_find(town: Situation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("matcher.pairs.candidates._ROWS_AT_ONCE", 7)
    one, two = CandidateSearch(town), CandidateSearch(town)
    one._n_threads, two._n_threads = 1, 2
    assert_array_equal(one.best(5).pairs.columns, two.best(5).pairs.columns)
    assert_array_equal(one.best(5).cut_at, CandidateSearch(town).best(5).cut_at)


@pytest.mark.parametrize("only_alone", [True, False])
def test_obstacles_are_counted_as_the_rules_say(town: Situation, only_alone: bool) -> None:
    rows, columns = np.arange(0, town.fixed.shape[0], 3), np.flatnonzero(town.town.offers.kind == 1)
    broken = broken_rules(all_pairs(town, rows, columns)).reshape(rows.size, columns.size, -1)
    broken[:, :, [rule.name for rule in RULES].index("wanted")] = False
    if only_alone:
        broken &= broken.sum(axis=2, keepdims=True) == 1
    assert_array_equal(
        CandidateSearch(town).obstacles(rows, columns, only_alone=only_alone), broken.sum(axis=1)
    )


@pytest.mark.parametrize(("n", "m"), [(0, 0), (0, 2), (2, 0)])
def test_towns_without_people_or_offers_have_no_candidates(n: int, m: int) -> None:
    newcomers, offers = [a_newcomer(f"n{i}") for i in range(n)], [an_offer(f"o{j}") for j in range(m)]
    found = CandidateSearch(situation_of(newcomers, offers)).best(3)
    assert (found.pairs.rows.size, found.n_allowed, found.cut_at.shape) == (0, 0, (n, len(KINDS)))


def test_whoever_is_far_from_all_offers_finds_only_those_without_a_point() -> None:
    near, far, nowhere = an_offer("near"), an_offer("far", lat=48.1, lon=11.6), an_offer("nowhere")
    nowhere = replace(nowhere, lat=None, lon=None, town="", address="", postcode="")
    in_rome = a_newcomer(lat=41.9, lon=12.5, town="")
    at_home = a_newcomer("home")
    found = find_candidates(situation_of([in_rome, at_home], [near, far, nowhere]))
    assert np.column_stack([found.rows, found.columns]).tolist() == [[0, 2], [1, 0], [1, 2]]


def test_a_town_at_one_point_is_a_grid_too() -> None:
    found = find_candidates(
        situation_of([a_newcomer()], [an_offer(f"o{j}", lat=51.96, lon=7.63) for j in range(9)])
    )
    assert found.columns.tolist() == [*range(9)]


def test_an_hour_in_common_may_run_over_the_bounds_of_words_and_midnight() -> None:
    # 64 steps of five minutes are a word: Monday 05:20 ends the first.
    newcomers = [a_newcomer("early", availability=hours("mon 04:30-06:10"))]
    newcomers += [a_newcomer("late", availability=hours("mon 23:30-24:00", "tue 00:00-00:30"))]
    mentors = [an_offer("early", "mentor", times=hours("mon 05:00-06:00"))]
    mentors += [an_offer("late", "mentor", times=hours("mon 23:00-24:00", "tue 00:00-00:45"))]
    mentors += [an_offer("short", "mentor", times=hours("mon 05:00-05:55"))]
    found = find_candidates(situation_of(newcomers, mentors))
    assert np.column_stack([found.rows, found.columns]).tolist() == [[0, 0], [1, 1]]
