"""The pages of a proposal: what helps a decision, what a form changes, what a refusal says."""

from __future__ import annotations

import html
import re
from datetime import timedelta

import pytest

from tests.office import Office, Pair, questions, text_of, words
from tests.web import Client
from webapp.engine.texts import CRITERION_TEXTS
from webapp.newcomers.models import Newcomer
from webapp.offers.models import Offer
from webapp.placements.models import Ban, Placement
from webapp.proposals import labels as proposal_labels
from webapp.proposals.models import PROPOSAL_STATES, REJECT_REASONS, Proposal
from webapp.storage.database import utc_now


def test_the_proposal_page_shows_what_matters_for_a_decision_and_no_notes(
    browser: Client, office: Office, pair: Pair
) -> None:
    office.change(Newcomer, pair.newcomer, phone="0251 000 4711", email="n@mail.example", notes="likes tea")

    page = text_of(browser, f"/proposals/{pair.proposal}")

    for wanted in ("Why this pair", "Next best for Newcomer n", "This pair so far", "Reject", "Languages"):
        assert wanted in page
    for wanted in ("0251 000 4711", "n@mail.example"):  # whoever decides speaks with both sides first
        assert wanted in page
    assert "likes tea" not in page


def test_the_parts_on_the_page_are_those_of_the_score(browser: Client, office: Office, pair: Pair) -> None:
    page = browser.get(f"/proposals/{pair.proposal}").text
    proposal = office.get(Proposal, pair.proposal)

    shown = [int(number) for number in re.findall(r'chart-value">(\d+) ', page)]
    assert shown == [round(100 * proposal.parts[name]) for name in CRITERION_TEXTS]
    assert f"{round(100 * proposal.score)} of 100 points" in page


def test_next_best_offers_and_near_misses_are_shown(browser: Client, office: Office) -> None:
    newcomer = office.newcomer(interests=("cooking",))
    best = office.offer("best", interests=("cooking",))
    office.offer("next", interests=("chess",))
    office.offer("full", capacity=1, taken=1)
    office.offer("men", gender_group="men_only")
    office.run()

    page = text_of(browser, f"/proposals/{office.proposal(newcomer, best)}")

    assert "Offer next" in page
    assert "Offer full No free place" in page
    assert "Offer men" not in page  # a rule that protects somebody is never put up for discussion


def test_confirming_takes_a_place_and_offers_the_way_back(
    browser: Client, office: Office, pair: Pair
) -> None:
    answer = browser.post_form(f"/proposals/{pair.proposal}/confirm", note="Tuesdays")

    assert (answer.status_code, answer.location) == (303, f"/board/next/{pair.proposal}")
    assert office.counters(pair.offer) == (1, 1, 1)
    assert (office.the(Placement).note, office.get(Proposal, pair.proposal).state) == (
        "Tuesdays",
        "confirmed",
    )
    board = browser.get("/board").text
    assert "coupled." in board
    assert f"/placements/{office.the(Placement).id}/undo" in board


def test_confirming_on_a_filtered_board_leads_back_to_it(browser: Client, office: Office, pair: Pair) -> None:
    page = browser.get("/board?kind=association&search=n").text
    (address,) = re.findall(r'<form method="post" action="(/proposals/[^"]+)"', page)
    answer = browser.post_form(html.unescape(address))

    assert answer.location == "/board?search=n&kind=association"


def test_a_full_offer_is_told_on_the_same_page_and_the_note_is_kept(
    browser: Client, office: Office, pair: Pair
) -> None:
    office.change(Offer, pair.offer, taken=3)

    answer = browser.post_form(f"/proposals/{pair.proposal}/confirm", note="Call on Monday first.")

    assert answer.status_code == 409
    assert "No place is free any more." in answer.text
    assert "places taken: 3" in words(answer.text)
    assert "Call on Monday first." in answer.text
    assert office.counters(pair.offer) == (3, 0, 0)
    assert office.get(Proposal, pair.proposal).state == "open"


def test_a_decided_proposal_keeps_the_note_of_whoever_was_slower(
    browser: Client, office: Office, pair: Pair
) -> None:
    office.reject(pair.proposal)

    answer = browser.post_form(f"/proposals/{pair.proposal}/confirm", note="We talked on the phone.")

    assert answer.status_code == 409
    assert "We talked on the phone." in answer.text
    assert "no longer open" in answer.text
    assert office.counters(pair.offer) == (0, 0, 0)


def test_an_obstacle_is_told_before_anybody_confirms(browser: Client, office: Office, pair: Pair) -> None:
    office.change(Offer, pair.offer, taken=3)

    page = text_of(browser, f"/proposals/{pair.proposal}")

    assert "As things stand now this cannot be confirmed: no free place" in page


def test_a_note_that_is_too_long_is_refused_and_kept(browser: Client, office: Office, pair: Pair) -> None:
    answer = browser.post_form(f"/proposals/{pair.proposal}/confirm", note="x" * 2001)

    assert answer.status_code == 422
    assert "At most 2000 characters." in answer.text
    assert "x" * 2001 in answer.text


def test_rejecting_bans_the_pair_until_the_day(browser: Client, office: Office, pair: Pair) -> None:
    day = (utc_now() + timedelta(days=30)).date()

    answer = browser.post_form(
        f"/proposals/{pair.proposal}/reject", reason="too_far", ban_until=day.isoformat()
    )

    assert answer.status_code == 303
    assert office.get(Proposal, pair.proposal).state == "rejected"
    ban = office.the(Ban)
    assert (ban.reason, ban.ban_until) == ("too_far", day)
    assert "Rejected" in browser.get("/board").text
    assert "Rejected , Coordinator" in text_of(browser, f"/proposals/{pair.proposal}")


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({}, "Please fill this in."),
        ({"reason": "nonsense"}, "Please choose one of the list."),
        ({"reason": "other", "ban_until": "2001-01-01"}, "Please give a day to come."),
        ({"reason": "other", "ban_until": "soon"}, "Please give a date."),
    ],
)
def test_a_rejection_without_reason_or_with_a_past_day_is_refused(
    browser: Client, office: Office, pair: Pair, fields: dict[str, str], sentence: str
) -> None:
    answer = browser.post_form(f"/proposals/{pair.proposal}/reject", **fields)

    assert answer.status_code == 422
    assert sentence in answer.text
    assert office.get(Proposal, pair.proposal).state == "open"


def test_a_proposal_is_rejected_once(browser: Client, office: Office, pair: Pair) -> None:
    answers = [
        browser.post_form(f"/proposals/{pair.proposal}/reject", reason="time").status_code for _ in range(2)
    ]

    assert answers == [303, 409]
    assert office.the(Ban).reason == "time"


def test_a_ban_is_seen_and_lifted_on_the_page_of_the_newcomer(
    browser: Client, office: Office, pair: Pair
) -> None:
    browser.post_form(f"/proposals/{pair.proposal}/reject", reason="wish")
    ban = office.the(Ban)
    assert "not proposed until lifted" in text_of(browser, f"/newcomers/{pair.newcomer}")

    by_hand = browser.get(f"/newcomers/{pair.newcomer}/place/{pair.offer}").text
    assert f"/bans/{ban.id}/lift" in by_hand

    answer = browser.post_form(f"/bans/{ban.id}/lift")

    assert answer.location == f"/newcomers/{pair.newcomer}"
    assert office.the(Ban).lifted_at is not None
    assert "not proposed until lifted" not in text_of(browser, f"/newcomers/{pair.newcomer}")


def test_a_ban_after_a_bad_end_says_why_in_words(browser: Client, office: Office, pair: Pair) -> None:
    placement = office.place(pair.newcomer, pair.offer)
    browser.post_form(f"/placements/{placement}/end", reason="mismatch")

    page = text_of(browser, f"/newcomers/{pair.newcomer}")

    assert "not proposed until lifted The two did not fit" in page
    assert "mismatch" not in page


def test_every_code_has_its_words() -> None:
    assert set(proposal_labels.REJECT_REASON_NAMES) == set(REJECT_REASONS)
    assert set(proposal_labels.STATE_NAMES) == set(proposal_labels.TONES)
    assert set(proposal_labels.STATE_NAMES) | {"staged"} == set(PROPOSAL_STATES)


def test_a_proposals_page_asks_the_database_a_fixed_number_of_questions(
    browser: Client, office: Office
) -> None:
    newcomers = [office.newcomer(f"n{number}") for number in range(12)]
    offer = office.offer(capacity=12)
    for number in range(12):
        office.offer(f"other {number}", lat=51.97)
    office.run()
    address = f"/proposals/{office.proposal(newcomers[0], offer)}"
    browser.get(address)
    with questions(office.app) as asked:
        assert browser.get(address).status_code == 200
    assert len(asked) <= 20, "\n".join(asked)
