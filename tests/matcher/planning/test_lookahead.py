"""Room for people who have not arrived yet: what is kept, for whom, and who gets it all the same."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest
from scipy.sparse import csr_array

from matcher import Newcomer, Offer, Policy, make_plan
from matcher.assignment import AssignmentProblem
from matcher.exceptions import InvalidProblemError, UnknownRecordError
from matcher.generate import generate_town
from matcher.pairs.policy import Bonus, Lookahead
from matcher.planning.lookahead import Ahead, forecast, held, is_blocking, plan_ahead
from tests.builders import TODAY, a_newcomer, an_offer, hours

ON = Policy(lookahead=Lookahead(is_on=True, weeks=8, samples=8, longest_wait_weeks=6))
NO_BONUS = Policy(lookahead=ON.lookahead, bonus=Bonus(base=0, need=0, waiting=0))
CHOIR, CHESS = ("choir",), ("chess",)


def came(newcomer_id: str, weeks_ago: int, **fields: Any) -> Newcomer:
    since = TODAY - timedelta(weeks=weeks_ago)
    return a_newcomer(newcomer_id, waiting_since=since, **({"wants": {"association": 1}} | fields))


def singers(n_weeks: int = 10, **fields: Any) -> list[Newcomer]:
    """Every past week somebody came who needs the choir badly and fits it well."""
    return [came(f"s{week}", week, interests=CHOIR, need_level=4, **fields) for week in range(1, n_weeks + 1)]


def ahead_of(newcomers: Any, offers: Any, past: Any, **more: Any) -> Ahead:
    return plan_ahead(newcomers, offers, more.pop("policy", ON), today=TODAY, past=past, **more)


def made(ahead: Ahead) -> set[tuple[str, str]]:
    return {(proposal.newcomer_id, proposal.offer_id) for proposal in ahead.proposals}


def kept(ahead: Ahead) -> set[tuple[str, str]]:
    return {(proposal.newcomer_id, proposal.offer_id) for proposal in ahead.held}


def a_past_town(seed: int) -> tuple[list[Newcomer], list[Newcomer], list[Offer]]:
    """People who wait now, all who arrived in the past half-year, and scarce places."""
    rng = np.random.default_rng(seed)
    past, offers = generate_town("muenster", 130, 60, rng, TODAY)
    days = rng.integers(0, 182, len(past)).tolist()
    past = [
        came(person.id, 0)
        if person.waiting_since is None
        else Newcomer(
            **{**vars(person), "waiting_since": TODAY - timedelta(days=day), "status": "ready"}  # type: ignore[arg-type]
        )
        for person, day in zip(past, days, strict=True)
    ]
    waiting = [person for person, day in zip(past, days, strict=True) if day < 70]
    return waiting, past, offers


# What is kept ----------------------------------------------------------------------------------------


def test_a_scarce_place_that_others_will_surely_need_is_kept() -> None:
    newcomer, choir = came("n", 0, interests=CHESS, need_level=1), an_offer(capacity=1, interests=CHOIR)
    assert [p.newcomer_id for p in make_plan([newcomer], [choir], ON, today=TODAY).proposals] == ["n"]
    ahead = ahead_of([newcomer], [choir], singers())
    assert ahead.proposals == ahead.held == ()
    assert ahead.place_values["o"] > 1


def test_whoever_fits_as_well_as_those_to_come_gets_the_place() -> None:
    newcomer = came("n", 0, interests=CHOIR, need_level=4)
    choir = an_offer(capacity=1, interests=CHOIR)
    assert made(ahead_of([newcomer], [choir], singers(), policy=NO_BONUS)) == {("n", "o")}


def test_nothing_is_kept_where_places_abound() -> None:
    newcomers = [came("a", 0, interests=CHESS), came("b", 1, wants={"association": 2})]
    offers = [an_offer("x", capacity=90), an_offer("y", capacity=90, times=hours("sat 10:00-11:00"))]
    ahead = ahead_of(newcomers, offers, singers())
    assert set(ahead.place_values.values()) == {0.0}
    assert ahead.proposals == make_plan(newcomers, offers, ON, today=TODAY).proposals
    assert len(ahead.proposals) == 3


def test_nothing_is_kept_for_nobody() -> None:
    newcomer, choir = came("n", 0), an_offer(capacity=1)
    for ahead in (
        ahead_of([newcomer], [choir], []),
        ahead_of([newcomer], [choir], singers(consent=False)),
        ahead_of([newcomer], [choir], singers(), weeks_left=0),
    ):
        assert dict(ahead.place_values) == {"o": 0.0}
        assert made(ahead) == {("n", "o")}


def test_the_switch_is_off_by_default_and_then_nothing_changes() -> None:
    newcomer, choir = came("n", 0, interests=CHESS), an_offer(capacity=1, interests=CHOIR)
    ahead = ahead_of([newcomer], [choir], singers(), policy=Policy())
    assert ahead.plan == make_plan([newcomer], [choir], today=TODAY)
    assert (made(ahead), ahead.held, dict(ahead.place_values)) == ({("n", "o")}, (), {})


def test_the_value_of_a_place_is_what_it_brings_times_how_often_it_is_needed() -> None:
    now = AssignmentProblem(csr_array((0, 1)), capacity=[1])
    pool = AssignmentProblem(csr_array(np.array([[0.5]])), capacity=[1])
    rng = np.random.default_rng(3)
    seen = forecast(now, pool, np.array([0, 1]), weeks=1, samples=400, rng=rng)
    assert 0 <= seen.values[0] <= 0.25  # one comes at most, every other week
    pool = AssignmentProblem(csr_array(np.array([[0.5], [0.5]])), capacity=[1])
    seen = forecast(now, pool, np.array([0, 2]), weeks=1, samples=400, rng=rng)
    assert seen.values[0] == pytest.approx(0.95 * 0.25, abs=0.05)


def test_arrivals_of_people_who_were_placed_closed_or_paused_since_count_as_well() -> None:
    newcomer, choir = came("n", 0, interests=CHESS, need_level=1), an_offer(capacity=1, interests=CHOIR)
    assert ahead_of([newcomer], [choir], singers(status="closed")).proposals == ()


def test_places_that_are_given_are_not_kept_again() -> None:
    choir, people = an_offer(capacity=2, interests=CHOIR), [came("n", 0, interests=CHESS, need_level=1)]
    placed = came("placed", 3, interests=CHOIR)
    one_left = ahead_of([*people, placed], [choir], singers(), fixed=[("placed", "o")])
    assert one_left.proposals == ()
    assert ahead_of(people, [choir], singers(), weeks_left=0).proposals != ()


def test_who_waits_now_may_be_among_the_past_people_under_the_same_id() -> None:
    past = singers()
    choir = an_offer(capacity=1, interests=CHOIR)
    assert made(ahead_of(past[:1], [choir], past, policy=NO_BONUS)) == {("s1", "o")}


# Who waits -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("weeks", "gets_it"), [(0, False), (5, False), (6, True), (30, True)])
def test_nobody_waits_past_the_limit_for_people_to_come(weeks: int, gets_it: bool) -> None:
    newcomer = came("n", weeks, interests=CHESS, need_level=1)
    ahead = ahead_of([newcomer], [an_offer(capacity=1, interests=CHOIR)], singers())
    assert bool(ahead.proposals) is gets_it


def test_a_first_placement_is_made_and_a_second_waits_for_those_to_come() -> None:
    newcomer = came("n", 0, interests=CHOIR, need_level=4, wants={"association": 2})
    offers = [an_offer("x", capacity=1, interests=CHOIR)]
    offers += [an_offer("y", capacity=1, interests=CHOIR, times=hours("sat 10:00-11:00"))]
    past = singers(lat=51.961, lon=7.631)  # next door: a little better off with either
    first = ahead_of([newcomer], offers, past, policy=NO_BONUS)
    assert (len(first.proposals), len(first.held)) == (1, 1)
    second = ahead_of([newcomer], offers, past, policy=NO_BONUS, fixed=[("n", "x")])
    assert second.proposals == ()
    assert len(ahead_of([newcomer], offers, singers(), weeks_left=0).proposals) == 2


def test_a_second_placement_is_made_where_no_future_speaks_against_it() -> None:
    newcomer = came("n", 0, interests=CHOIR, wants={"association": 2})
    offers = [an_offer("x", capacity=1, interests=CHOIR)]
    offers += [an_offer("y", capacity=1, times=hours("sat 10:00-11:00"))]
    past = singers(availability=hours("tue 17:00-21:00"))  # nobody else is free on Saturdays
    assert made(ahead_of([newcomer], offers, past, fixed=[("n", "x")])) == {("n", "y")}


def test_a_held_place_goes_to_whoever_must_not_wait_any_longer() -> None:
    # Without a bonus the second placement of `has` is worth more than the first of `waits`.
    has = came("has", 20, interests=CHOIR, wants={"association": 2})
    waits = came("waits", 6, interests=CHESS, lat=51.97)
    offers = [an_offer("x", capacity=1, times=hours("sat 10:00-11:00"))]
    offers += [an_offer("y", capacity=1, interests=CHOIR)]
    more = {"policy": NO_BONUS, "fixed": [("has", "x")]}
    past = singers(lat=51.961, lon=7.631)
    assert kept(ahead_of([has], offers, past, **more)) == {("has", "y")}
    assert made(ahead_of([has, waits], offers, past, **more)) == {("waits", "y")}


@pytest.mark.parametrize("seed", range(3))
def test_nobody_past_the_limit_goes_without_beside_a_place_they_could_take(seed: int) -> None:
    waiting, past, offers = a_past_town(seed)
    ahead = ahead_of(waiting, offers, past, seed=seed)
    problem = ahead.plan.workings.problem
    left = problem.capacity.copy()
    number = {offer.id: column for column, offer in enumerate(offers)}
    for proposal in ahead.proposals:
        left[number[proposal.offer_id]] -= 1
    served = {proposal.newcomer_id for proposal in ahead.proposals}
    assert ahead.held
    for row, person in enumerate(waiting):
        is_overdue = person.waiting_since is not None and (TODAY - person.waiting_since).days >= 42
        if is_overdue and person.id not in served:
            free = problem.columns[(problem.rows == row) & (left[problem.columns] > 0)]
            held_columns = {number[proposal.offer_id] for proposal in ahead.held}
            assert not held_columns & set(free.tolist())


# What holds always -----------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(3))
def test_every_offer_has_a_value_that_is_never_negative(seed: int) -> None:
    waiting, past, offers = a_past_town(seed)
    ahead = ahead_of(waiting, offers, past)
    assert list(ahead.place_values) == [offer.id for offer in offers]
    assert min(ahead.place_values.values()) >= 0
    assert max(ahead.place_values.values()) > 0
    assert made(ahead) | kept(ahead) == {(p.newcomer_id, p.offer_id) for p in ahead.plan.proposals}
    assert not made(ahead) & kept(ahead)


def test_the_same_seed_gives_the_same_values_and_another_one_others() -> None:
    waiting, past, offers = a_past_town(1)
    assert ahead_of(waiting, offers, past, seed=5) == ahead_of(waiting, offers, past, seed=5)
    values = [ahead_of(waiting, offers, past, seed=seed).place_values for seed in (5, 6)]
    assert values[0] != values[1]


def test_a_first_placement_is_never_held() -> None:
    pairs = np.array([[0, 0], [0, 1], [0, 2], [1, 0], [2, 1]])
    agreement = np.array([0.25, 0.5, 1.0, 0.0, 0.75])
    none, third = np.zeros(3, np.bool_), np.array([False, False, True])
    assert held(pairs, agreement, none).tolist() == [True, True, False, False, False]
    assert held(pairs, agreement, third).tolist() == [True, True, False, False, True]
    assert held(np.empty((0, 2), np.int64), np.empty(0), none).tolist() == []


def test_only_held_pairs_in_the_way_of_somebody_overdue_are_named() -> None:
    problem = AssignmentProblem(csr_array(np.full((3, 2), 0.5)), capacity=[1, 1])
    pairs, is_held = np.array([[0, 0], [1, 1]]), np.array([True, False])
    overdue = np.array([False, False, True])
    assert is_blocking(problem, pairs, is_held, overdue).tolist() == [True, False]
    assert is_blocking(problem, pairs, is_held, ~overdue).tolist() == [False, False]


@pytest.mark.parametrize(("n", "m"), [(0, 0), (0, 2), (2, 0)])
def test_empty_problems_have_a_forecast(n: int, m: int) -> None:
    problem = AssignmentProblem(csr_array((n, m)), capacity=[1] * m)
    seen = forecast(problem, problem, np.array([2]), weeks=3, samples=2, rng=np.random.default_rng(1))
    assert seen.values.tolist() == [0.0] * m
    assert seen.agreement.tolist() == []


def test_nobody_and_nothing_make_an_empty_plan() -> None:
    assert ahead_of([], [], []).proposals == ()
    assert ahead_of([], [], singers()).proposals == ()
    assert ahead_of([came("n", 0)], [], singers()).proposals == ()


# What is refused -------------------------------------------------------------------------------------


def test_past_people_without_a_day_of_arrival_or_from_the_future_are_refused_all_at_once() -> None:
    past = [came("good", 1), a_newcomer("no day"), came("later", -1)]
    with pytest.raises(InvalidProblemError) as error:
        ahead_of([], [an_offer()], past, weeks_left=-1)
    assert "no day, later" in str(error.value)
    assert "weeks_left: expected 0 or more, got -1" in str(error.value)
    assert "good" not in str(error.value)


def test_unknown_people_in_fixed_pairs_are_refused_as_in_any_plan() -> None:
    with pytest.raises(UnknownRecordError, match="nobody"):
        ahead_of([], [an_offer()], singers(), fixed=[("nobody", "o")])


def test_all_that_is_wrong_with_a_forecast_is_named() -> None:
    now = AssignmentProblem(csr_array((1, 2)), capacity=[1, 1])
    pool = AssignmentProblem(csr_array((1, 3)), capacity=[1, 1, 1], row_bonus=[0.5])
    with pytest.raises(InvalidProblemError) as error:
        forecast(now, pool, np.array([1, -1]), weeks=-1, samples=0, rng=np.random.default_rng(1))
    for word in ("2 columns", "row_bonus", "weekly", "weeks: ", "samples"):
        assert word in str(error.value)


def test_the_day_counts_not_the_clock() -> None:
    newcomer, choir = came("n", 0, interests=CHESS, need_level=1), an_offer(capacity=1, interests=CHOIR)
    later = plan_ahead(
        [newcomer], [choir], ON, today=date.fromordinal(TODAY.toordinal() + 42), past=singers()
    )
    assert [proposal.newcomer_id for proposal in later.proposals] == ["n"]


# The policy's switch ---------------------------------------------------------------------------------


def test_the_switch_of_the_policy_decides_and_whoever_waits_is_told_why() -> None:
    past = [came(f"s{week}", week, interests=CHOIR, status="closed") for week in range(1, 9)]
    newcomers = [*past, came("new", 0, interests=CHESS)]
    offers = [an_offer("choir", interests=CHOIR, capacity=1)]
    off = make_plan(newcomers, offers, Policy(bonus=NO_BONUS.bonus), today=TODAY)
    on = make_plan(newcomers, offers, NO_BONUS, today=TODAY)
    assert [proposal.newcomer_id for proposal in off.proposals] == ["new"]
    assert on.proposals == ()
    (wish,) = (wish for wish in on.unmatched if wish.newcomer_id == "new")
    assert (wish.reason, wish.wanted, wish.proposed) == ("kept_back", 1, 0)


def test_a_second_placement_that_is_held_is_an_open_wish_and_no_proposal() -> None:
    newcomers, _past, offers = a_past_town(1)
    plan = make_plan(newcomers, offers, ON, today=TODAY)
    kept_back = [wish for wish in plan.unmatched if wish.reason == "kept_back"]
    assert kept_back
    for wish in plan.unmatched:
        made_of_kind = [p for p in plan.proposals if (p.newcomer_id, p.kind) == (wish.newcomer_id, wish.kind)]
        assert len(made_of_kind) == wish.proposed < wish.wanted
    keys = [(wish.newcomer_id, wish.kind) for wish in plan.unmatched]
    assert len(set(keys)) == len(keys)
