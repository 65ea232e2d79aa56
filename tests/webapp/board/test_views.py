"""The board and the search: what coordinators see, and the way back from a decision."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest

from tests.builders import hours
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
    assert len(asked) <= 13, "\n".join(asked)


def test_the_board_says_what_waits_beside_the_proposals(browser: Client, office: Office, pair: Pair) -> None:
    assert "1 person new since yesterday" in text_of(browser, "/board")
    office.change(Newcomer, pair.newcomer, created_at=utc_now() - timedelta(days=3))
    page = text_of(browser, "/board")
    assert "since yesterday" not in page
    assert "to check" not in page
    office.newcomer("amina", status="new")
    office.offer("eva", kind="mentor", screening_valid_until=(utc_now() + timedelta(days=9)).date())

    page = browser.get("/board").text

    for words_, shown in (
        ("1 form to check", "Newcomer amina"),
        ("1 person new since yesterday", "Newcomer amina"),
        ("1 screening runs out or is missing", "Offer eva"),
    ):
        address = re.search(rf'href="([^"]+)">{words_}<', page)
        assert address is not None, words_
        found = text_of(browser, address[1].replace("&amp;", "&"))
        assert shown in found
        assert "Newcomer n " not in found


def test_by_name_the_next_proposal_follows_by_name(browser: Client, office: Office) -> None:
    people = {name: office.newcomer(name, need_level=need) for name, need in (("a", 1), ("b", 4), ("c", 2))}
    offer = office.offer(capacity=9)
    office.run()
    for name, following in (("a", "b"), ("b", "c")):
        decided = office.proposal(people[name], offer)
        going = browser.post_form(f"/proposals/{decided}/confirm?order=name").location
        assert str(office.proposal(people[following], offer)) in browser.get(going).location


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
    assert 'hx-get="/board/figures"' in confirmed.text
    figures = browser.get("/board/figures", headers={"HX-Request": "true"}).text
    assert 'id="figures"' in figures
    assert 'id="tabs"' in figures
    assert "<html" not in figures
    assert browser.get("/board/figures").status_code == 303
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


# By person -------------------------------------------------------------------------------------------


def test_a_person_is_one_row_with_all_that_is_open_for_them(browser: Client, office: Office) -> None:
    office.newcomer("amina", wants={"association": 1, "mentor": 1})
    office.offer("choir")
    office.offer("eva", kind="mentor", languages={"de": "native", "uk": "B2"})
    office.run()
    page = browser.get("/board").text
    assert page.count('class="person"') == 1
    assert page.count('class="tie"') == 2
    assert page.index("Offer choir") != page.index("Offer eva")


@pytest.mark.parametrize(
    ("question", "names"),
    [
        ("day=tue", {"amina", "bilal"}),
        ("day=sat", {"carla"}),
        ("language=ar", {"bilal"}),
        ("language=de", {"amina", "bilal", "carla"}),
        ("age=minor", set()),
        ("age=adult", {"amina", "bilal"}),
        ("age=older", {"carla"}),
        ("day=tue&language=ar&search=bil", {"bilal"}),
        ("day=nonsense&age=x&order=%27", {"amina", "bilal", "carla"}),
    ],
)
def test_the_board_is_narrowed(browser: Client, office: Office, question: str, names: set[str]) -> None:
    office.newcomer("amina")
    office.newcomer("bilal", languages={"ar": "native", "de": "B1"})
    office.newcomer("carla", birth_year=1940, availability=hours("sat 09:00-13:00"))
    office.offer("tuesdays", capacity=2)
    office.offer("saturdays", times=hours("sat 10:00-12:00"))
    office.run()
    assert set(re.findall(r"Newcomer (\w+) and", text_of(browser, f"/board?{question}"))) == names


def test_people_stand_by_name_if_asked(browser: Client, office: Office) -> None:
    for name, need in (("carla", 4), ("amina", 1), ("bilal", 2)):
        office.newcomer(name, need_level=need)
    office.offer(capacity=9)
    office.run()
    found = re.findall(r"Newcomer (\w+) and", text_of(browser, "/board?order=name"))
    assert found == ["amina", "bilal", "carla"]


def test_the_figures_are_the_towns_and_the_tabs_follow_the_filter(browser: Client, office: Office) -> None:
    office.newcomer("amina")
    office.newcomer("bilal")
    office.offer(capacity=9)
    office.run()
    page = text_of(browser, "/board?search=amina")
    assert "open proposals 2" in page
    assert "All 1" in page


def test_what_was_asked_is_kept_while_one_decides(browser: Client, office: Office) -> None:
    for name in ("amina", "bilal", "carla"):
        office.newcomer(name)
    offer = office.offer(capacity=9)
    office.run()
    asked = "search=newcomer&day=tue&order=name"
    page = browser.get(f"/board?{asked}").text
    links = re.findall(r'href="(/proposals/[^"?]+)\?([^"]+)"', page)
    kept_in = {kept.replace("&amp;", "&").removeprefix("on_board=yes&") for _path, kept in links}
    assert kept_in == {asked}
    (first, _), (second, _), (third, _) = dict.fromkeys(
        one for one in links if not one[0].endswith("/reject")
    )
    going = browser.post_form(f"{first}/confirm?{asked}").location
    assert f"/board/next/{first.split('/')[-1]}?{asked}" in going
    assert browser.get(going).location in (f"{second}?{asked}", f"{third}?{asked}")
    assert f"{second}/reject?{asked}" in browser.post_form(f"{second}/reject?{asked}").text.replace(
        "&amp;", "&"
    )
    going = browser.post_form(f"{second}/reject?{asked}", reason="other").location
    assert browser.get(going).location == f"{third}?{asked}"
    going = browser.post_form(f"{third}/confirm?on_board=yes&{asked}").location
    assert going == f"/board?{asked}"
    assert browser.get(f"/board/next/{third.split('/')[-1]}?{asked}").location == f"/board?{asked}"
    assert office.counters(offer)[0] == 2


def test_the_next_proposals_page_has_the_way_back(browser: Client, office: Office) -> None:
    for name in ("amina", "bilal"):
        office.newcomer(name)
    office.offer(capacity=9)
    office.run()
    (first, second) = dict.fromkeys(re.findall(r"/proposals/[0-9a-f-]{36}(?=\")", browser.get("/board").text))
    going = browser.get(browser.post_form(f"{first}/confirm").location).location
    assert going == second
    page = browser.get(second).text
    assert "coupled." in page
    assert "/undo" in page
