"""The board and the search: what coordinators see, and the way back from a decision."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

from tests.office import Office, Pair, questions, text_of
from tests.web import Client
from webapp.newcomers.models import Newcomer
from webapp.offers.models import Offer
from webapp.placements.models import UNDO_MINUTES, Placement
from webapp.proposals.models import Proposal
from webapp.runs import services as runs
from webapp.storage.database import utc_now


def test_the_board_shows_both_sides_the_score_and_why(browser: Client, office: Office, pair: Pair) -> None:
    page = text_of(browser, "/board")

    assert "Newcomer n" in page
    assert "Offer o" in page
    assert "3 places free" in page
    assert re.search(r"Fit: \d+ of 100", page)
    assert "1 open proposal" in page or "open proposal 1" in page


def test_the_board_is_the_first_page(browser: Client) -> None:
    assert browser.get("/").location.endswith("/board")


def test_the_board_of_another_town_is_empty(login: Callable[..., Client], office: Office, pair: Pair) -> None:
    assert "Newcomer n" not in login(town="enschede").get("/board").text


def test_the_most_urgent_stand_first(browser: Client, office: Office) -> None:
    for name, need in (("calm", 1), ("urgent", 4), ("usual", 2)):
        office.newcomer(name, need_level=need)
    office.offer(capacity=9)
    office.run()

    found = re.findall(r"Newcomer (\w+) and", text_of(browser, "/board"))

    assert found == ["urgent", "usual", "calm"]


def test_the_board_is_filtered_by_kind_and_name(browser: Client, office: Office) -> None:
    office.newcomer("amina", wants={"association": 1})
    office.newcomer("bilal", wants={"mentor": 1})
    office.offer("choir")
    office.offer("eva", kind="mentor", languages={"de": "native", "ar": "B2"})
    office.run()

    assert "Newcomer amina" not in text_of(browser, "/board?kind=mentor")
    assert "Newcomer bilal" in text_of(browser, "/board?kind=mentor")
    assert "Newcomer bilal" not in text_of(browser, "/board?search=choir")
    assert "No open proposal fits this filter" in text_of(browser, "/board?search=nobody")
    assert "Newcomer amina" in text_of(browser, "/board?kind=nonsense&page=x")


def test_an_empty_board_says_what_to_do(browser: Client, office: Office) -> None:
    assert "No matching run yet" in text_of(browser, "/board")
    office.run()
    assert "Everything is decided" in text_of(browser, "/board")


def test_while_a_run_is_under_way_no_other_can_be_started(browser: Client, office: Office) -> None:
    with office.writing():
        runs.start_run(office.me)

    page = browser.get("/board").text

    assert re.search(r"<button[^>]*disabled[^>]*>Start matching run", page)
    assert "One is under way" in page


def test_the_board_counts_who_waits_without_a_proposal(browser: Client, office: Office) -> None:
    office.newcomer("served")
    office.newcomer("unserved", wants={"mentor": 1})
    office.newcomer("paused", wants={"mentor": 1}, status="paused")
    office.offer()
    office.run()

    assert "person waits without a proposal 1" in text_of(browser, "/board")
    wishes = text_of(browser, "/open-wishes?unserved=yes")
    assert "Newcomer unserved" in wishes
    assert "Newcomer paused" not in wishes


def test_the_board_asks_the_database_a_fixed_number_of_questions(browser: Client, office: Office) -> None:
    for number in range(30):
        office.newcomer(f"n{number}")
    office.offer(capacity=40)
    office.run()
    browser.get("/board")
    with questions(office.app) as asked:
        page = browser.get("/board").text

    assert page.count('class="tie"') == 25
    assert len(asked) <= 12, "\n".join(asked)


def test_names_cannot_break_out_of_the_page(browser: Client, office: Office, pair: Pair) -> None:
    office.change(Newcomer, pair.newcomer, name="<img src=x> عائشة")

    page = browser.get("/board").text

    assert "<img" not in page
    assert "<bdi>&lt;img src=x&gt; عائشة</bdi>" in page


def test_with_htmx_the_row_becomes_its_own_answer(browser: Client, office: Office, pair: Pair) -> None:
    token = {"X-CSRFToken": browser.csrf_token(), "HX-Request": "true"}

    confirmed = browser.post(f"/proposals/{pair.proposal}/confirm", headers=token)
    undone = browser.post(f"/placements/{office.the(Placement).id}/undo", headers=token)
    office.change(Offer, pair.offer, status="paused")
    refused = browser.post(f"/proposals/{pair.proposal}/confirm", headers=token)

    assert (confirmed.status_code, undone.status_code, refused.status_code) == (200, 200, 409)
    assert "<html" not in confirmed.text + undone.text + refused.text
    assert "coupled." in confirmed.text
    assert 'id="figures"' in confirmed.text
    assert f"tie-{pair.proposal}" in undone.text
    assert "paused or closed" in refused.text
    assert office.counters(pair.offer) == (0, 0, 0)


def test_undoing_opens_the_proposal_again(browser: Client, office: Office, pair: Pair) -> None:
    browser.post_form(f"/proposals/{pair.proposal}/confirm")

    answer = browser.post_form(f"/placements/{office.the(Placement).id}/undo")

    assert answer.location == f"/proposals/{pair.proposal}"
    assert (office.the(Placement).state, office.get(Proposal, pair.proposal).state) == ("undone", "open")
    assert office.counters(pair.offer) == (0, 0, 0)


def test_after_ten_minutes_there_is_no_undo(browser: Client, office: Office, pair: Pair) -> None:
    placement = office.place(pair.newcomer, pair.offer)
    office.change(Placement, placement, created_at=utc_now() - timedelta(minutes=UNDO_MINUTES + 1))

    assert "/undo" not in browser.get("/board").text
    assert "/undo" not in browser.get(f"/placements/{placement}").text
    answer = browser.post_form(f"/placements/{placement}/undo")

    assert answer.status_code == 409
    assert "too late to undo" in answer.text
    assert office.counters(pair.offer) == (1, 1, 1)


def test_search_finds_newcomers_and_offers_of_the_town(
    browser: Client, login: Callable[..., Client], office: Office, pair: Pair
) -> None:
    assert "Newcomer n" in text_of(browser, "/search?q=newcomer")
    assert "Offer o" in text_of(browser, "/search?q=OFFER+o")
    assert "Nothing found" in text_of(browser, "/search?q=%25")
    assert "Nothing found" not in text_of(browser, "/search")
    assert "Newcomer n" not in login(town="enschede").get("/search?q=newcomer").text
