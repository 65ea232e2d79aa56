"""Few candidates at first: prices bring in what is missing, until the plan is as good as with all of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse

from matcher.generate import generate_town
from matcher.pairs.candidates import CandidateSearch
from matcher.pairs.encoding import FloatArray, encode
from matcher.pairs.policy import Limits, Policy
from matcher.pairs.situation import Situation
from matcher.planning.column_generation import CandidatePool, _Prices
from matcher.planning.request import Ids
from matcher.records.vocabulary import KINDS
from tests.builders import TODAY

ALL = 1_000_000


def pool_of(seed: int, most: int) -> CandidatePool:
    """A random town, in every third of which places are kept back, with so many candidates at first."""
    rng = np.random.default_rng(seed)
    n, m = int(rng.integers(50, 400)), int(rng.integers(20, 250))
    newcomers, offers = generate_town(("enschede", "muenster")[seed % 2], n, m, rng, TODAY)
    kept_back: FloatArray = np.where(rng.random(m) < 0.3, 0.6 * rng.random(m), 0.0)
    policy = Policy(limits=Limits(candidates_per_kind=most))
    ids = Ids.of(newcomers, offers)
    nothing = ids.matrix(())
    situation = Situation(encode(newcomers, offers, policy, TODAY), policy, nothing, nothing)
    return CandidatePool(CandidateSearch(situation), kept_back * (seed % 3 == 0), nothing)


@pytest.mark.parametrize("most", [1, 2, 5])
@pytest.mark.parametrize("seed", range(12))
def test_few_candidates_at_first_lead_to_the_optimum_over_all(seed: int, most: int) -> None:
    everything, few = pool_of(seed, ALL), pool_of(seed, most)
    _, best = everything.solve("auto", None)
    problem, result = few.solve("auto", None)
    assert result.objective == pytest.approx(best.objective, abs=1e-6)
    assert few.is_whole
    assert problem.scores.nnz < everything.n_allowed


def lowered(values: np.ndarray, at: int | tuple[int, int]) -> np.ndarray:
    changed = values.copy()
    changed[at] -= 0.125
    return changed


def test_whoever_pays_less_for_a_limit_of_their_own_is_looked_at_again() -> None:
    pool = pool_of(1, 3)
    result = pool.solve("auto", None)[1]
    slots = sparse.csr_array(([0.5, 0.25], ([3, 7], [0, 1])), shape=(result.row_prices.size, 2))
    cheaper = sparse.csr_array(([0.5, 0.125], ([3, 7], [0, 1])), shape=slots.shape)
    cut_at = np.zeros((result.row_prices.size, len(KINDS)))
    before = _Prices.of(replace(result, slot_prices=slots), cut_at)
    for change, rows in (
        ({"slot_prices": slots}, []),
        ({"slot_prices": cheaper}, [7]),
        ({"slot_prices": sparse.csr_array(slots.shape)}, [3, 7]),
        ({"slot_prices": slots, "row_prices": lowered(result.row_prices, 5)}, [5]),
        ({"slot_prices": slots, "kind_prices": lowered(result.kind_prices, (6, 1))}, [6]),
    ):
        now = _Prices.of(replace(result, **change), cut_at)
        assert np.flatnonzero(now.are_lower_for(before)).tolist() == rows
    before.is_cut[9] = True
    assert np.flatnonzero(before.are_lower_for(before)).tolist() == [9]


def test_places_that_cost_less_to_anybody_are_looked_at_again() -> None:
    result = pool_of(1, 3).solve("auto", None)[1]
    groups = np.full((result.column_prices.size, 3), 0.5)
    cut_at = np.zeros((result.row_prices.size, len(KINDS)))
    before = _Prices.of(replace(result, group_prices=groups), cut_at)
    for change, columns in (
        ({"group_prices": groups}, []),
        ({"group_prices": lowered(groups, (4, 2))}, [4]),
        ({"group_prices": groups, "column_prices": lowered(result.column_prices, 6)}, [6]),
    ):
        now = _Prices.of(replace(result, **change), cut_at)
        assert now.columns_below(before).tolist() == columns
