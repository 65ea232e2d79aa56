"""People to arrays: each row is what a person said, however it was read; scikit-learn's protocol."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.metrics.pairwise import cosine_similarity
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import Normalizer

from matcher.exceptions import UnknownTermWarning
from matcher.generate import generate_town
from matcher.pairs.encoding import EncodedTown, encode
from matcher.pairs.policy import Policy
from matcher.records.files import read_newcomers, read_offers, write_newcomers, write_offers
from matcher.records.geography import NOWHERE, Place
from matcher.records.interests import InterestEncoder
from matcher.records.people import Newcomer, Offer
from matcher.records.vocabulary import KINDS, NEEDS, load_taxonomy
from tests.builders import TODAY, a_newcomer, an_offer, hours

INTERESTS = [("football", "chess"), ("volleyball",), ("falconry",), ()]


def test_the_interest_encoder_works_in_a_scikit_learn_pipeline() -> None:
    vectors = make_pipeline(InterestEncoder(), Normalizer()).fit_transform(INTERESTS)
    similar = cosine_similarity(vectors)
    assert similar[0, 0] == pytest.approx(1)
    assert 0 < similar[0, 1] < 1
    assert similar[0, 2] == 0
    assert not similar[3].any()


def test_the_interest_encoder_can_be_cloned_with_its_parameters() -> None:
    encoder = clone(InterestEncoder(broader_weight=0.0))
    row = encoder.fit_transform(INTERESTS)[[0]]
    assert sorted(encoder.get_feature_names_out()[row.indices]) == ["chess", "football"]


def test_interests_that_were_not_fitted_are_left_out() -> None:
    encoder = InterestEncoder().fit([("football",)])
    assert encoder.transform([("falconry",)]).nnz == 0


def test_an_unknown_parameter_is_refused() -> None:
    with pytest.raises(ValueError, match="broader_weight"):
        InterestEncoder().set_params(depth=3)


def test_matching_from_file_to_file_does_not_import_scikit_learn() -> None:
    code = (
        "import sys, matcher.cli; sys.exit(any(m in sys.modules for m in ('sklearn', 'flask', 'sqlalchemy')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_only_offers_with_overlapping_sessions_clash() -> None:
    offers = [
        an_offer("a", times=hours("tue 18:00-20:00", "sat 09:00-10:00")),
        an_offer("b", times=hours("sat 09:30-11:00")),
        an_offer("c", times=hours("tue 20:00-21:00")),
        an_offer("d", kind="mentor", times=hours("tue 18:00-20:00")),
    ]
    town = encode([a_newcomer()], offers, Policy(), TODAY)
    assert np.argwhere(town.offers.clashes.toarray()).tolist() == [[0, 1], [1, 0]]


def test_a_language_is_the_same_in_every_script_and_region() -> None:
    people = [a_newcomer(languages={"zh-Hant": "native"}), a_newcomer("m", languages={"zh-CN": "B1"})]
    town = encode(people, [an_offer()], Policy(), TODAY)
    column = town.languages.index("zh")
    assert town.newcomers.levels[:, column].tolist() == [7, 3]


def test_offers_of_one_slot_all_exclude_each_other_and_most_clashes_are_within_slots() -> None:
    people = generate_town("muenster", 60, 400, np.random.default_rng(3), TODAY)
    offers = encode(*people, Policy(), TODAY).offers
    clashes, slots = offers.clashes.toarray(), offers.slots
    same = (slots[:, None] == slots) & (slots >= 0) & ~np.eye(len(slots), dtype=bool)
    assert same.any()
    assert clashes[same].all()
    assert same.sum() > clashes.sum() / 2
    assert (offers.n_sessions[slots >= 0] > 0).all()


def test_an_offer_that_clashes_with_none_has_no_slot() -> None:
    offers = [
        an_offer("early", times=hours("mon 17:00-19:00")),
        an_offer("late", times=hours("mon 18:00-20:00")),
        an_offer("alone", times=hours("tue 18:00-20:00")),
    ]
    slots = encode([a_newcomer()], offers, Policy(), TODAY).offers.slots.tolist()
    assert slots[0] == slots[1] >= 0
    assert slots[2] == -1


def through_files(folder: Path, newcomers: Sequence[Newcomer], offers: Sequence[Offer]) -> tuple[Any, Any]:
    write_newcomers(folder / "n.csv", newcomers)
    write_offers(folder / "o.csv", offers)
    return read_newcomers(folder / "n.csv"), read_offers(folder / "o.csv")


def assert_same_town(town: EncodedTown, other: EncodedTown) -> None:
    assert (town.languages, town.terms, town.sessions) == (other.languages, other.terms, other.sessions)
    for side in ("newcomers", "offers"):
        mine, theirs = getattr(town, side), getattr(other, side)
        for field in dataclasses.fields(mine):
            a, b = getattr(mine, field.name), getattr(theirs, field.name)
            name = f"{side}.{field.name}"
            if sparse.issparse(a):
                for part in ("indptr", "indices", "data"):
                    np.testing.assert_array_equal(getattr(a, part), getattr(b, part), name, strict=True)
                assert a.shape == b.shape, name
            elif isinstance(a, np.ndarray):
                np.testing.assert_array_equal(a, b, name, strict=True)
            else:
                assert list(map(repr, a)) == list(map(repr, b)), name


def bits(words: Any, n_bits: int) -> list[list[int]]:
    """Numbers of the bits that are set, by row; none beyond the last."""
    flags = np.unpackbits(words.view(np.uint8), axis=1, bitorder="little")
    assert not flags[:, n_bits:].any()
    return [np.flatnonzero(row).tolist() for row in flags]


def test_people_of_a_file_and_their_records_are_encoded_alike(tmp_path: Path) -> None:
    people = generate_town("muenster", 150, 80, np.random.default_rng(5), TODAY)
    read = through_files(tmp_path, *people)
    assert_same_town(encode(*read, Policy(), TODAY), encode(*people, Policy(), TODAY))


def test_some_people_of_a_file_bring_no_words_of_the_others_along(tmp_path: Path) -> None:
    newcomers, offers = generate_town("muenster", 150, 80, np.random.default_rng(5), TODAY)
    newcomers[0] = dataclasses.replace(newcomers[0], languages={"tlh": "native"}, interests=("falconry",))
    with pytest.warns(UnknownTermWarning, match="falconry"):
        read, places = through_files(tmp_path, newcomers, offers)
    town = encode(read[1:140:7], places[::-3], Policy(), TODAY)
    assert_same_town(town, encode(newcomers[1:140:7], offers[::-3], Policy(), TODAY))
    assert "tlh" not in town.languages
    assert "falconry" not in town.terms


@pytest.mark.parametrize("from_files", [False, True], ids=["records", "files"])
def test_every_newcomer_has_a_row_of_what_they_said(tmp_path: Path, from_files: bool) -> None:
    newcomers = [
        a_newcomer(
            "a", interests=("football", "chess"), dislikes=("team_sport",), children_birth_years=(2015,)
        ),
        a_newcomer("b", languages={"de": "B1", "uk": "native", "ru": "native"}, availability=()),
        a_newcomer("c", languages={"ru": "native", "uk": "native", "de": "B1"}, birth_year=None),
        Newcomer(id="d", town="Enschede", languages={"ku": "C2"}, mobility=("walk", "car"), max_minutes=0),
        a_newcomer("e", needs=("childcare", "women_only"), need_level=4, waiting_since=date(2026, 2, 16)),
        a_newcomer("f", status="paused", consent=False, guardian_consent=True, gender="", max_placements=2),
    ]
    offers = [an_offer(times=hours("tue 18:00-20:00", "sat 09:00-10:00", "sat 12:30-13:30"))]
    read = through_files(tmp_path, newcomers, offers) if from_files else (newcomers, offers)
    town = encode(*read, Policy(), TODAY)
    n, travel = town.newcomers, Policy().travel
    assert [place.precision for place in n.places] == ["exact"] * 3 + ["town"] + ["exact"] * 2
    assert n.places[0] == Place(51.96, 7.63, "exact", "muenster")
    assert np.linalg.norm(n.points_km, axis=1) == pytest.approx([6371.0088] * 6)
    assert n.modes[3].tolist() == [True, False, False, True]
    assert n.modes[0].sum() == len(travel.mobility_not_said)
    assert n.max_minutes.tolist() == [
        *[travel.max_minutes_not_said] * 3,
        0,
        *[travel.max_minutes_not_said] * 2,
    ]
    np.testing.assert_array_equal(n.age, [36, 36, np.nan, np.nan, 36, 36])
    assert n.gender.tolist() == [0, 0, 0, -1, 0, -1]
    assert n.is_ready.tolist() == [True] * 5 + [False]
    assert n.has_consent.tolist() == [True, True, True, False, True, False]
    assert n.has_guardian_consent.tolist() == [False] * 5 + [True]
    assert [[NEEDS[at] for at in np.flatnonzero(row)] for row in n.needs][4] == ["women_only", "childcare"]
    assert n.wanted[3].tolist() == [1, 0, 0]
    assert n.max_placements.tolist() == [-1] * 5 + [2]
    assert {code: int(n.levels[1, town.languages.index(code)]) for code in ("de", "uk", "ru", "ku")} == {
        "de": 3,
        "uk": 7,
        "ru": 7,
        "ku": -1,
    }
    assert [town.languages[group] if group >= 0 else "" for group in n.group] == [
        "uk",
        "uk",
        "ru",
        "",
        "uk",
        "uk",
    ]
    spoken = [[town.languages[bit] for bit in row] for row in bits(n.spoken, len(town.languages))]
    assert [sorted(row) for row in spoken[:4]] == [
        ["de", "uk"],
        ["de", "ru", "uk"],
        ["de", "ru", "uk"],
        ["ku"],
    ]
    assert n.children_years == ((2015,), (), (), (), (), ())
    assert n.says_hours.tolist() == [True, False, True, False, True, True]
    assert bits(n.attendable, 3) == [[0, 1], [0, 1, 2], [0, 1], [0, 1, 2], [0, 1], [0, 1]]
    assert [len(row) for row in bits(n.free_steps, 2016)] == [96, 2016, 96, 2016, 96, 96]
    assert bits(n.free_steps, 2016)[0][0] == (24 + 17) * 12
    not_said = Policy().bonus.need_level_not_said
    assert n.need_level.tolist() == [*[not_said] * 4, 4, not_said]
    assert n.waiting_weeks.tolist() == [0, 0, 0, 0, 2, 0]
    assert {town.terms[c] for c in n.interest_terms[[0]].indices} == {"football", "chess"}
    below = {t.id for t in load_taxonomy().terms.values() if t.parent == "team_sport"}
    assert "volleyball" in below
    assert {town.terms[c] for c in n.dislikes[[0]].indices} == {"team_sport"} | below


@pytest.mark.parametrize("from_files", [False, True], ids=["records", "files"])
def test_every_offer_has_a_row_of_what_it_said(tmp_path: Path, from_files: bool) -> None:
    offers = [
        an_offer("a", capacity=3, taken=5, min_level="A2", age_min=18, gender_group="women_only"),
        an_offer("m", kind="mentor", town="", screening_valid_until=date(2026, 3, 1), birth_year=1976),
        an_offer("b", town="Atlantis", lat=None, lon=None, times=(), cost_eur_month=500.0, status="paused"),
        an_offer(
            "c", town="", lat=52.22, lon=6.89, cost_eur_month=500.0, cost_support=True, access=("childcare",)
        ),
        an_offer("d", town="", lat=0.0, lon=0.0, confirmed_at=date(2026, 2, 1), language_share_max=0.5),
        an_offer(
            "h", kind="neighbour", times=hours("mon 10:00-10:30", "mon 10:30-11:02"), accepts_minors=True
        ),
    ]
    newcomers = [a_newcomer("n"), a_newcomer("o")]
    read = through_files(tmp_path, newcomers, offers) if from_files else (newcomers, offers)
    town = encode(*read, Policy(), TODAY)
    o = town.offers
    assert o.places[2] == NOWHERE or np.isnan(o.places[2].lat)
    assert np.isnan(o.points_km).any(axis=1).tolist() == [False, False, True, False, False, False]
    assert [KINDS[kind] for kind in o.kind[[0, 1, 5]]] == ["association", "mentor", "neighbour"]
    assert (o.capacity.tolist(), o.free.tolist()) == ([3] * 6, [0, 3, 3, 3, 3, 3])
    assert o.is_active.tolist() == [True, True, False, True, True, True]
    not_said = Policy().limits.town_language_not_said
    spoken = ["de", "de", not_said, "nl", "de", "de"]
    assert [town.languages[column] for column in o.town_language] == spoken
    assert o.min_level.tolist() == [2, -1, -1, -1, -1, -1]
    assert o.gender_group.tolist() == [0, -1, -1, -1, -1, -1]
    np.testing.assert_array_equal(o.age_min, [18] + [np.nan] * 5)
    np.testing.assert_array_equal(o.age, [np.nan, 50] + [np.nan] * 4)
    assert o.accepts_minors.tolist() == [False] * 5 + [True]
    assert o.access.tolist()[3] == [False, True]
    assert o.is_low_cost.tolist() == [True, True, False, True, True, True]
    np.testing.assert_array_equal(o.screening_days, [np.nan, -1, np.nan, np.nan, np.nan, 305])
    np.testing.assert_array_equal(o.confirmed_days, [np.nan] * 4 + [29, np.nan])
    np.testing.assert_array_equal(o.language_share_max, [np.nan] * 4 + [0.5, np.nan])
    assert o.says_hours.tolist() == [True, True, False, True, True, True]
    assert bits(o.sessions, 1) == [[0], [], [], [0], [0], []]
    assert o.n_sessions.tolist() == [1, 0, 0, 1, 1, 0]
    steps = bits(o.free_steps, 2016)
    assert [len(row) for row in steps] == [2016, 24, 2016, 2016, 2016, 12]
    assert steps[5] == list(range(120, 132))


def test_newcomers_of_two_towns_lend_their_language_to_no_offer() -> None:
    places = [an_offer(town="", lat=None, lon=None)]
    for towns, language in ((["Enschede"] * 2, "nl"), (["Enschede", "Münster"], "de"), ([], "de")):
        people = [a_newcomer(f"n{at}", town=town) for at, town in enumerate(towns)]
        town = encode(people, places, Policy(), TODAY)
        assert town.languages[town.offers.town_language[0]] == language


def test_clashes_and_slots_are_those_found_offer_by_offer() -> None:
    people = generate_town("muenster", 10, 300, np.random.default_rng(8), TODAY)
    town = encode(*people, Policy(), TODAY)
    own = [offer.times if offer.kind == "association" else () for offer in people[1]]
    expected = [
        [i != j and any(a.overlaps(b) for a in mine for b in theirs) for j, theirs in enumerate(own)]
        for i, mine in enumerate(own)
    ]
    clashes = town.offers.clashes
    np.testing.assert_array_equal(clashes.toarray(), expected)
    assert (clashes.dtype, clashes.indices.dtype) == (np.bool_, np.int32)
    assert clashes.data.all()
    assert clashes.has_sorted_indices

    slots = np.full(len(own), -1)
    for slot in range(len(own)):
        left = [
            [
                at
                for at, times in enumerate(own)
                if slots[at] < 0 and any(h.start <= s.start < h.end for h in times)
            ]
            for s in town.sessions
        ]
        most = max(left, key=len)
        if len(most) < 2:
            break
        slots[most] = slot
    assert town.offers.slots.tolist() == slots.tolist()


@pytest.mark.parametrize("n_newcomers", [0, 1])
@pytest.mark.parametrize("offers", [[], [an_offer(kind="mentor")]], ids=["none", "mentor"])
def test_towns_without_people_or_sessions_have_empty_arrays(n_newcomers: int, offers: list[Offer]) -> None:
    town = encode([a_newcomer()] * n_newcomers, offers, Policy(), TODAY)
    assert town.newcomers.interests.shape == (n_newcomers, len(town.terms))
    assert town.newcomers.attendable.shape == (n_newcomers, 1)
    assert town.offers.clashes.shape == (len(offers), len(offers))
    assert town.offers.clashes.nnz == 0
    assert town.offers.slots.tolist() == [-1] * len(offers)


@pytest.mark.parametrize("weight", [0.0, 0.75, 2.0])
def test_interests_count_one_and_the_broader_ones_their_weight(weight: float) -> None:
    taxonomy = load_taxonomy()
    terms = [("football", "football", "team_sport"), ("volleyball", "chess"), ()]
    encoder = InterestEncoder(weight).fit(terms)
    rows = encoder.transform(terms).toarray()
    for named, row in zip(terms, rows, strict=True):
        broader = {taxonomy.broader(term): weight for term in named if taxonomy.broader(term)}
        expected = broader | dict.fromkeys(named, 1.0)
        assert dict(zip(encoder.terms_, row, strict=True)) == dict.fromkeys(encoder.terms_, 0.0) | expected
