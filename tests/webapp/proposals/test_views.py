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
from webapp.placements.models import UNDO_MINUTES, Ban, Placement
from webapp.placements.services import end_placement, lift_ban
from webapp.proposals import labels as proposal_labels
from webapp.proposals.models import BAN_DAYS, PROPOSAL_STATES, REJECT_REASONS, Proposal
from webapp.storage.database import db, utc_now


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


def test_the_other_proposals_of_the_same_person_stand_on_the_page(browser: Client, office: Office) -> None:
    newcomer = office.newcomer(wants={"association": 1, "mentor": 1})
    club = office.offer("club", contact_phone="0251 111 2222", about="We sing whatever the weather.")
    eva = office.offer("eva", kind="mentor", languages={"de": "native", "uk": "B2"})
    office.run()

    page = text_of(browser, f"/proposals/{office.proposal(newcomer, club)}")

    assert "Also proposed for Newcomer n Offer eva" in page
    assert "We sing whatever the weather." in page
    assert 'href="tel:02511112222"' in browser.get(f"/proposals/{office.proposal(newcomer, club)}").text
    assert "Also proposed" in text_of(browser, f"/proposals/{office.proposal(newcomer, eva)}")
    office.place(newcomer, eva)
    assert "Coupled already Offer eva" in text_of(browser, f"/proposals/{office.proposal(newcomer, club)}")


def test_the_parts_on_the_page_are_those_of_the_score(browser: Client, office: Office, pair: Pair) -> None:
    page = browser.get(f"/proposals/{pair.proposal}").text
    proposal = office.get(Proposal, pair.proposal)

    shown = [int(number) for number in re.findall(r'chart-value">(\d+) ', page)]
    assert shown == [round(100 * proposal.parts[name]) for name in CRITERION_TEXTS]
    assert f"Fits with {round(100 * proposal.score)} of 100." in page


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
    assert "rejected." in browser.get("/board").text
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


@pytest.mark.parametrize("reason", REJECT_REASONS)
def test_without_a_day_a_rejection_holds_as_long_as_is_usual(
    browser: Client, office: Office, pair: Pair, reason: str
) -> None:
    page = browser.get(f"/proposals/{pair.proposal}").text
    length = proposal_labels.BAN_LENGTH_NAMES[BAN_DAYS[reason]]
    assert f"{proposal_labels.REJECT_REASON_NAMES[reason]} ({length})" in html.unescape(page)

    browser.post_form(f"/proposals/{pair.proposal}/reject", reason=reason, note="They met in spring.")

    ban, days = office.the(Ban), BAN_DAYS[reason]
    assert ban.ban_until == (None if days is None else ban.created_at.date() + timedelta(days=days))
    assert "They met in spring." in text_of(browser, f"/proposals/{pair.proposal}")


def test_a_row_of_the_board_is_rejected_and_taken_back_in_its_place(
    browser: Client, office: Office, pair: Pair
) -> None:
    row = {"HX-Request": "true"}
    board = browser.get("/board?kind=association").text
    (address,) = re.findall(r'hx-get="(/proposals/[^"]*/reject[^"]*)"', html.unescape(board))
    form = browser.get(address, headers=row).text
    assert "<html" not in form
    assert "Not this one:" in form
    assert f'id="note-{pair.proposal}"' in form  # several rows may be open at once
    back = re.search(r'hx-get="(/board/row/[^"]*)"', html.unescape(form))
    assert back is not None
    assert "Confirm" in browser.get(back[1], headers=row).text

    post = f"/proposals/{pair.proposal}/reject?on_board=yes&kind=association"
    token = {"csrf_token": browser.csrf_token()}
    assert "Please fill this in." in browser.post(post, data=token, headers=row).text
    decided = browser.post(post, data={**token, "reason": "time", "note": "Shifts."}, headers=row)
    assert decided.status_code == 200
    assert "not proposed again until" in decided.text
    assert 'hx-get="/board/figures?kind=association"' in decided.text
    late = browser.post(post, data={**token, "reason": "time"}, headers=row)
    assert (late.status_code, "Somebody else changed this" in late.text) == (409, True)

    undone = browser.post(f"/proposals/{pair.proposal}/undo", data=token, headers=row)
    assert "Confirm" in undone.text
    assert office.get(Proposal, pair.proposal).state == "open"
    with office.app.app_context():
        assert db.session.scalars(db.select(Ban)).all() == []


def test_without_javascript_a_rejection_leads_back_to_the_board_with_the_way_back(
    browser: Client, office: Office, pair: Pair
) -> None:
    asked = browser.get(f"/proposals/{pair.proposal}/reject?on_board=yes&kind=association")
    assert asked.status_code == 303
    page = browser.get(asked.location.partition("#")[0]).text
    (action,) = re.findall(r'action="(/proposals/[^"]*/reject[^"]*)"', html.unescape(page))
    assert "on_board=yes" in action
    assert "kind=association" in action

    answer = browser.post_form(action, reason="too_far")

    assert answer.location.startswith("/board?kind=association")
    board = browser.get(answer.location).text
    assert "rejected." in board
    (undo,) = re.findall(r'action="(/proposals/[^"]*/undo[^"]*)"', html.unescape(board))
    assert browser.post_form(undo).location == "/board?kind=association"
    assert office.get(Proposal, pair.proposal).is_open


def test_a_rejection_is_taken_back_for_ten_minutes_and_before_the_next_run(
    browser: Client, office: Office, pair: Pair
) -> None:
    undo = f"/proposals/{pair.proposal}/undo"
    row = {"HX-Request": "true"}
    token = {"csrf_token": browser.csrf_token()}
    assert browser.post(undo, data=token, headers=row).status_code == 409  # nothing was rejected

    browser.post_form(f"/proposals/{pair.proposal}/reject", reason="other")
    long_ago = utc_now() - timedelta(minutes=UNDO_MINUTES, seconds=1)
    office.change(Proposal, pair.proposal, decided_at=long_ago)
    assert "too late to undo" in browser.post(undo, data=token, headers=row).text
    office.change(Proposal, pair.proposal, decided_at=utc_now())
    office.newcomer("other")
    office.run()
    assert "too late to undo" in browser.post(undo, data=token, headers=row).text
    assert office.get(Proposal, pair.proposal).state == "rejected"
    assert office.the(Ban).lifted_at is None


def test_a_rejection_that_a_quiet_run_has_seen_stays(browser: Client, office: Office, pair: Pair) -> None:
    office.reject(pair.proposal)
    office.run()  # finds nothing else, and creates no proposal
    answer = browser.post_form(f"/proposals/{pair.proposal}/undo")
    assert "too late to undo" in browser.get(answer.location).text
    assert office.get(Proposal, pair.proposal).state == "rejected"


def test_taking_a_rejection_back_leaves_bans_that_came_since(
    browser: Client, office: Office, pair: Pair
) -> None:
    office.reject(pair.proposal)
    with office.writing():
        lift_ban(office.me, db.session.scalars(db.select(Ban.id)).one())
    placed = office.place(pair.newcomer, pair.offer)
    with office.writing():
        end_placement(office.me, placed, reason="boundary_problem")

    browser.post_form(f"/proposals/{pair.proposal}/undo")

    assert office.get(Proposal, pair.proposal).state == "rejected"
    with office.app.app_context():
        bans = db.session.scalars(db.select(Ban).where(Ban.lifted_at.is_(None))).all()
        assert [ban.reason for ban in bans] == ["boundary_problem"]


def test_taking_a_rejection_back_leaves_no_more_proposals_than_places(
    browser: Client, office: Office
) -> None:
    first = office.newcomer("first", need_level=4, max_minutes=60)
    near = office.offer("near", capacity=1)
    office.newcomer("second", max_minutes=60)
    far = office.offer("far", capacity=1)
    office.run()
    with office.app.app_context():
        open_now = {
            one.newcomer_id: (one.id, one.offer_id)
            for one in db.session.scalars(db.select(Proposal).where(Proposal.state == "open"))
        }
    rejected, at = open_now[first]
    office.reject(rejected)
    office.place(office.newcomer("third", max_minutes=60), far if at == near else near)

    browser.post_form(f"/proposals/{rejected}/undo")

    with office.app.app_context():
        there = db.session.scalars(
            db.select(Proposal).where(Proposal.state == "open", Proposal.offer_id == at)
        ).all()
        assert [one.id for one in there] == [rejected]


def test_the_form_can_reject_for_good(browser: Client, office: Office, pair: Pair) -> None:
    browser.post_form(f"/proposals/{pair.proposal}/reject", reason="too_far", for_good="yes")
    assert office.the(Ban).ban_until is None


def test_a_rejection_is_not_taken_back_when_the_place_is_gone(
    browser: Client, office: Office, pair: Pair
) -> None:
    browser.post_form(f"/proposals/{pair.proposal}/reject", reason="other")
    office.change(Offer, pair.offer, taken=3)
    answer = browser.post_form(f"/proposals/{pair.proposal}/undo")
    assert "No place is free any more." in browser.get(answer.location).text
    assert office.get(Proposal, pair.proposal).state == "rejected"
    assert office.the(Ban).lifted_at is None


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
