"""The pages about pairs: what coordinators see, what a form changes, and what a refusal says."""

from __future__ import annotations

import html
import re
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, NamedTuple

import pytest
from flask import Flask
from sqlalchemy import event

from matcher.questions.fairness import groups as fairness
from tests.rows import add_newcomer, add_offer, counters, open_proposal, run_matching
from tests.web import Client
from tests.webapp.test_access import same_page
from webapp import engine
from webapp.access import Actor
from webapp.database import db, utc_now, write_transaction
from webapp.matching import labels, models, runs, services
from webapp.matching.models import Ban, Placement, Proposal, Run
from webapp.newcomers.models import Newcomer
from webapp.offers.models import Offer


class Pair(NamedTuple):
    """An open proposal and its two sides."""

    proposal: uuid.UUID
    newcomer: uuid.UUID
    offer: uuid.UUID


class Office:
    """What is stored for Münster, seen from outside of any request."""

    def __init__(self, app: Flask, me: Actor) -> None:
        self.app = app
        self.me = me

    @contextmanager
    def writing(self) -> Iterator[Any]:
        """A write transaction."""
        with self.app.app_context(), write_transaction() as session:
            yield session

    def newcomer(self, name: str = "n", **fields: Any) -> uuid.UUID:
        with self.app.app_context():
            return add_newcomer(self.me.town_id, name, **fields)

    def offer(self, name: str = "o", **fields: Any) -> uuid.UUID:
        with self.app.app_context():
            return add_offer(self.me.town_id, name, **fields)

    def run(self) -> None:
        with self.app.app_context():
            run_matching(self.me)

    def proposal(self, newcomer_id: uuid.UUID, offer_id: uuid.UUID) -> uuid.UUID:
        with self.app.app_context():
            return open_proposal(newcomer_id, offer_id)

    def place(self, newcomer_id: uuid.UUID, offer_id: uuid.UUID) -> uuid.UUID:
        with self.writing():
            return services.place_by_hand(self.me, newcomer_id, offer_id).id

    def reject(self, proposal_id: uuid.UUID) -> None:
        with self.writing():
            services.reject_proposal(self.me, proposal_id, reason="other")

    def change(self, model: Any, id_: uuid.UUID, **values: Any) -> None:
        with self.writing() as session:
            session.execute(db.update(model).where(model.id == id_).values(**values))

    def the(self, model: Any) -> Any:
        """The only row of a table."""
        with self.app.app_context():
            return db.session.scalars(db.select(model)).one()

    def get(self, model: Any, id_: uuid.UUID) -> Any:
        with self.app.app_context():
            return db.session.get_one(model, id_)

    def counters(self, offer_id: uuid.UUID) -> tuple[int, int, int]:
        """Taken, placed and the number of active placements."""
        with self.app.app_context():
            return counters(offer_id)


@pytest.fixture
def office(app: Flask, actor: Callable[..., Actor]) -> Office:
    """What is stored for Münster."""
    return Office(app, actor())


@pytest.fixture
def browser(login: Callable[..., Client]) -> Client:
    """The coordinator's browser, in English."""
    client = login()
    client.get("/account?lang=en")
    return client


@pytest.fixture
def pair(office: Office) -> Pair:
    """A newcomer and an offer that a run proposed."""
    newcomer, offer = office.newcomer(interests=("cooking",)), office.offer(capacity=3)
    office.run()
    return Pair(office.proposal(newcomer, offer), newcomer, offer)


def text_of(client: Client, url: str) -> str:
    """What stands on a page, without tags."""
    answer = client.get(url)
    assert answer.status_code == 200, url
    return words(answer.text)


@contextmanager
def questions(app: Flask) -> Iterator[list[str]]:
    """What the database is asked meanwhile."""
    asked: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        asked.append(statement)

    with app.app_context():
        engine_of_app = db.engine
    event.listen(engine_of_app, "before_cursor_execute", note)
    try:
        yield asked
    finally:
        event.remove(engine_of_app, "before_cursor_execute", note)


def words(page: str) -> str:
    """The words of a page's main part."""
    main = page.partition("<main")[2]
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", main)).replace("\u00a0", " ").split())


# The board -------------------------------------------------------------------------------------------


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


# Deciding --------------------------------------------------------------------------------------------


def test_the_proposal_page_shows_what_matters_and_no_contact_details(
    browser: Client, office: Office, pair: Pair
) -> None:
    office.change(Newcomer, pair.newcomer, phone="0251 000 4711", email="n@mail.example", notes="likes tea")

    page = text_of(browser, f"/proposals/{pair.proposal}")

    for wanted in ("Why this pair", "Next best for Newcomer n", "This pair so far", "Reject", "Languages"):
        assert wanted in page
    for unwanted in ("0251 000 4711", "n@mail.example", "likes tea"):
        assert unwanted not in page


def test_the_parts_on_the_page_are_those_of_the_score(browser: Client, office: Office, pair: Pair) -> None:
    page = browser.get(f"/proposals/{pair.proposal}").text
    proposal = office.get(Proposal, pair.proposal)

    shown = [int(number) for number in re.findall(r'chart-value">(\d+) ', page)]
    assert shown == [round(100 * proposal.parts[name]) for name in engine.CRITERION_TEXTS]
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

    assert (answer.status_code, answer.location) == (303, "/board")
    assert office.counters(pair.offer) == (1, 1, 1)
    assert (office.the(Placement).note, office.get(Proposal, pair.proposal).state) == (
        "Tuesdays",
        "confirmed",
    )
    board = browser.get("/board").text
    assert "coupled." in board
    assert f"/placements/{office.the(Placement).id}/undo" in board


def test_confirming_on_a_filtered_board_leads_back_to_it(browser: Client, office: Office, pair: Pair) -> None:
    answer = browser.post_form(f"/proposals/{pair.proposal}/confirm", kind="association", search="n")

    assert answer.location == "/board?kind=association&search=n"


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


# Placing by hand -------------------------------------------------------------------------------------


def test_every_offer_is_listed_with_the_rule_that_rules_it_out(browser: Client, office: Office) -> None:
    newcomer = office.newcomer()
    office.offer("possible")
    office.offer("full", capacity=1, taken=1)
    office.offer("mentor", kind="mentor")

    page = text_of(browser, f"/newcomers/{newcomer}/place")

    assert re.search(r"Possible 1 Offer possible", page)
    assert re.search(r"Ruled out 2 .*Offer full .*No free place", page)
    assert "Offer mentor" not in text_of(browser, f"/newcomers/{newcomer}/place?kind=association")
    assert "Offer possible" not in text_of(browser, f"/newcomers/{newcomer}/place?search=full")


def test_an_offer_chosen_by_hand_is_confirmed_with_a_note(browser: Client, office: Office) -> None:
    newcomer, offer = office.newcomer(), office.offer()

    assert "Your own choice" in text_of(browser, f"/newcomers/{newcomer}/place/{offer}")
    answer = browser.post_form(f"/newcomers/{newcomer}/place/{offer}", note="They know each other.")

    assert answer.location == f"/placements/{office.the(Placement).id}"
    assert office.counters(offer) == (1, 1, 1)
    assert (office.the(Placement).note, office.the(Placement).proposal_id) == ("They know each other.", None)


def test_the_guards_hold_by_hand_too_and_the_note_is_kept(browser: Client, office: Office) -> None:
    newcomer, offer = office.newcomer(), office.offer(capacity=1, taken=1)

    page = text_of(browser, f"/newcomers/{newcomer}/place/{offer}")
    answer = browser.post_form(f"/newcomers/{newcomer}/place/{offer}", note="They asked for it.")

    assert "Not possible now No free place" in page
    assert answer.status_code == 409
    assert "They asked for it." in answer.text
    assert office.counters(offer) == (1, 0, 0)


# Placements ------------------------------------------------------------------------------------------


def test_placements_are_listed_by_state(browser: Client, office: Office, pair: Pair) -> None:
    assert "Nobody is placed yet" in text_of(browser, "/placements")
    placement = office.place(pair.newcomer, pair.offer)
    assert "Newcomer n" in text_of(browser, "/placements")
    assert "No placement has ended" in text_of(browser, "/placements?state=ended")

    answer = browser.post_form(f"/placements/{placement}/end", reason="goal_reached")

    assert answer.location == f"/placements/{placement}"
    assert office.counters(pair.offer) == (0, 0, 0)
    assert (office.the(Placement).state, office.the(Placement).end_reason) == ("ended", "goal_reached")
    assert "The goal is reached" in text_of(browser, "/placements?state=ended")
    assert "Newcomer n" not in text_of(browser, "/placements?search=somebody")


def test_a_placement_ends_once_and_only_with_a_reason(browser: Client, office: Office, pair: Pair) -> None:
    placement = office.place(pair.newcomer, pair.offer)

    statuses = [
        browser.post_form(f"/placements/{placement}/end", **fields).status_code
        for fields in ({}, {"reason": "nonsense"}, {"reason": "moved"}, {"reason": "moved"})
    ]

    assert statuses == [422, 422, 303, 409]
    assert office.counters(pair.offer) == (0, 0, 0)


def test_undoing_opens_the_proposal_again(browser: Client, office: Office, pair: Pair) -> None:
    browser.post_form(f"/proposals/{pair.proposal}/confirm")

    answer = browser.post_form(f"/placements/{office.the(Placement).id}/undo")

    assert answer.location == f"/proposals/{pair.proposal}"
    assert (office.the(Placement).state, office.get(Proposal, pair.proposal).state) == ("undone", "open")
    assert office.counters(pair.offer) == (0, 0, 0)


def test_after_ten_minutes_there_is_no_undo(browser: Client, office: Office, pair: Pair) -> None:
    placement = office.place(pair.newcomer, pair.offer)
    office.change(Placement, placement, created_at=utc_now() - timedelta(minutes=models.UNDO_MINUTES + 1))

    assert "/undo" not in browser.get("/board").text
    assert "/undo" not in browser.get(f"/placements/{placement}").text
    answer = browser.post_form(f"/placements/{placement}/undo")

    assert answer.status_code == 409
    assert "too late to undo" in answer.text
    assert office.counters(pair.offer) == (1, 1, 1)


def test_the_contact_sheet_has_both_sides_and_no_score_in_the_language_of_the_town(
    login: Callable[..., Client], office: Office, pair: Pair
) -> None:
    placement = office.place(pair.newcomer, pair.offer)
    office.change(
        Newcomer, pair.newcomer, phone="0251 000 4711", need_reason="sleeps badly", notes="likes tea"
    )
    office.change(Offer, pair.offer, contact_email="choir@verein.example")
    client = login()
    client.get("/account?lang=en")

    page = client.get(f"/placements/{placement}/sheet").text

    assert "0251 000 4711" in page
    assert "choir@verein.example" in page
    assert '<html lang="de"' in page
    for private in ("sleeps badly", "likes tea", "score", "of 100"):
        assert private not in page
    assert '<html lang="en"' in client.get(f"/placements/{placement}/sheet?lang=en").text


def test_the_page_of_an_offer_tells_who_is_placed_there(browser: Client, office: Office, pair: Pair) -> None:
    assert "Nobody at the moment." in text_of(browser, f"/offers/{pair.offer}")
    office.place(pair.newcomer, pair.offer)
    assert "Newcomer n" in text_of(browser, f"/offers/{pair.offer}")


# Runs ------------------------------------------------------------------------------------------------


def test_a_run_is_started_and_tells_what_came_out(browser: Client, office: Office) -> None:
    office.newcomer("a")
    office.newcomer("b", wants={"mentor": 1})
    office.offer()
    assert "No matching run yet" in text_of(browser, "/runs")

    answer = browser.post_form("/runs")
    page = text_of(browser, answer.location)

    assert answer.status_code == 303
    assert "no other plan is worth more" in page
    assert "Every proposal is new" in page
    assert "1 No offer of this kind" in page
    assert "How much each part counts" in page
    assert "Shared interests 25 %" in page
    assert "done" in text_of(browser, "/runs")


def test_a_second_run_tells_what_changed_and_why(browser: Client, office: Office) -> None:
    office.newcomer()
    office.offer("first")
    office.offer("second")
    office.run()
    office.change(Offer, office.the(Proposal).offer_id, status="closed")

    page = text_of(browser, browser.post_form("/runs").location)

    assert "Now somebody else 1" in page
    assert "Offer paused or closed" in page or "offer paused or closed" in page
    assert "Nothing changed" in text_of(browser, browser.post_form("/runs").location)


def test_a_run_under_way_shows_its_stage_and_refreshes_itself(browser: Client, office: Office) -> None:
    with office.writing():
        run = runs.start_run(office.me)
        run.state, run.stage, run_id = "running", "candidates", run.id
    url = f"/runs/{run_id}"

    page = browser.get(url).text
    seen = html.unescape(re.findall(r'hx-get="([^"]+)"', page)[0])

    assert "Checking which pairs are possible, and how well they fit" in page
    assert '<progress aria-labelledby="progress" max="6" value="2">' in page
    assert '<noscript><meta http-equiv="refresh" content="2"></noscript>' in page
    assert browser.get(seen, headers={"HX-Request": "true"}).status_code == 204
    office.change(Run, run_id, stage="assignment")
    assert "Finding the best plan" in browser.get(seen, headers={"HX-Request": "true"}).text


def test_a_failed_run_says_what_to_do(browser: Client, office: Office) -> None:
    with office.writing():
        run = runs.start_run(office.me)
        run.state, run.error, run_id = "failed", "the disk is full", run.id

    page = text_of(browser, f"/runs/{run_id}")

    assert "This run failed" in page
    assert "the disk is full" in page
    assert "Start matching run" in page


def test_who_starts_a_second_run_is_led_to_the_first(browser: Client, office: Office) -> None:
    with office.writing():
        run_id = runs.start_run(office.me).id

    answer = browser.post_form("/runs")

    assert (answer.status_code, answer.location) == (303, f"/runs/{run_id}")
    assert "under way already" in browser.get(answer.location).text


def test_open_wishes_come_by_need_with_their_reason(browser: Client, office: Office) -> None:
    assert "No matching run yet" in text_of(browser, "/open-wishes")
    office.newcomer("calm", need_level=1, wants={"mentor": 1})
    office.newcomer("urgent", need_level=4, wants={"neighbour": 1})
    office.run()
    office.newcomer("later")

    page = text_of(browser, "/open-wishes")

    assert page.index("Newcomer urgent") < page.index("Newcomer calm")
    assert "No offer of this kind" in page
    assert "One person is ready since that run" in page
    assert "Newcomer urgent" not in text_of(browser, "/open-wishes?kind=mentor")
    assert "No open wish fits this filter" in text_of(browser, "/open-wishes?reason=travel")


# Search, other towns, words --------------------------------------------------------------------------


def test_search_finds_newcomers_and_offers_of_the_town(
    browser: Client, login: Callable[..., Client], office: Office, pair: Pair
) -> None:
    assert "Newcomer n" in text_of(browser, "/search?q=newcomer")
    assert "Offer o" in text_of(browser, "/search?q=OFFER+o")
    assert "Nothing found" in text_of(browser, "/search?q=%25")
    assert "Nothing found" not in text_of(browser, "/search")
    assert "Newcomer n" not in login(town="enschede").get("/search?q=newcomer").text


PAGES = (
    *("/proposals/{proposal}", "/newcomers/{newcomer}/place", "/newcomers/{newcomer}/place/{offer}"),
    *("/placements/{placement}", "/placements/{placement}/sheet", "/runs/{run}"),
    *("/newcomers/{newcomer}/answers", "/newcomers/{newcomer}/answers/{offer}"),
)
ACTIONS = (
    *("/proposals/{proposal}/confirm", "/proposals/{proposal}/reject", "/newcomers/{newcomer}/place/{offer}"),
    *("/placements/{placement}/end", "/placements/{placement}/undo", "/bans/{ban}/lift"),
)


@pytest.mark.parametrize("path", [*PAGES, *ACTIONS])
def test_another_town_gets_the_answer_of_an_unknown_id(
    login: Callable[..., Client], office: Office, path: str
) -> None:
    newcomer = office.newcomer(wants={"association": 2})
    offers = [office.offer("one"), office.offer("two", times=())]
    office.run()
    proposals = [office.proposal(newcomer, offer) for offer in offers]
    office.reject(proposals[1])
    ids = {
        "proposal": proposals[0],
        "newcomer": newcomer,
        "offer": offers[0],
        "placement": office.place(newcomer, offers[0]),
        "run": office.the(Run).id,
        "ban": office.the(Ban).id,
    }
    foreign = path.format(**ids)
    unknown = path.format(**dict.fromkeys(ids, uuid.uuid4()))
    stranger = login(town="enschede")
    ask = stranger.get if path in PAGES else lambda url: stranger.post_form(url, reason="other")

    answers = [ask(url) for url in (foreign, unknown)]

    assert [answer.status_code for answer in answers] == [404, 404]
    pages = {same_page(answer.text, url) for answer, url in zip(answers, (foreign, unknown), strict=True)}
    assert len({re.sub(r"/[0-9a-f-]{36}", "", page) for page in pages}) == 1
    assert office.counters(offers[0]) == (1, 1, 1)


def test_every_code_has_its_words() -> None:
    assert set(labels.REJECT_REASON_NAMES) == set(models.REJECT_REASONS)
    assert set(labels.END_REASON_NAMES) == set(models.END_REASONS)
    assert set(labels.RUN_STATE_NAMES) == set(models.RUN_STATES)
    assert set(labels.PROPOSAL_STATE_NAMES) | {"staged"} == set(models.PROPOSAL_STATES)
    assert set(labels.PLACEMENT_STATE_NAMES) == set(models.PLACEMENT_STATES)
    assert set(labels.STAGE_NAMES) == {"", *engine.STAGES, "store"}
    policy = engine.read_policy("").to_dict()
    settings = {name for section in labels.SECTION_NAMES for name in policy[section]}
    assert set(labels.SETTING_NAMES) == settings
    assert set(labels.DIMENSION_NAMES) == set(fairness.DIMENSIONS)
    assert list(labels.AGE_BAND_NAMES) == [name for name, _limit in fairness.AGE_BANDS]
