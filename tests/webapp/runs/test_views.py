"""The pages of runs: starting one, how far it is, what came out, what stays open."""

from __future__ import annotations

import html
import re

from tests.office import Office, text_of
from tests.web import Client
from webapp.engine import policies
from webapp.engine.plans import STAGES
from webapp.offers.models import Offer
from webapp.proposals.models import Proposal
from webapp.runs import labels as run_labels
from webapp.runs import services as runs
from webapp.runs.models import RUN_STATES, Run


def test_a_run_is_started_and_tells_what_came_out(browser: Client, office: Office) -> None:
    office.newcomer("a")
    office.newcomer("b", wants={"mentor": 1})
    office.offer()
    assert "No matching run yet" in text_of(browser, "/runs")

    answer = browser.post_form("/runs")
    page = text_of(browser, answer.location)

    assert answer.status_code == 303
    assert "All in all, no other plan would serve these people better. In figures" in page
    assert "no other plan is worth more. On average a proposal fits with" in page
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


def test_every_code_has_its_words() -> None:
    assert set(run_labels.STATE_NAMES) == set(run_labels.TONES) == set(RUN_STATES)
    assert set(run_labels.STAGE_NAMES) == {"", *STAGES, "store"}
    policy = policies.read_policy("").to_dict()
    settings = {name for section in run_labels.SECTION_NAMES for name in policy[section]}
    assert set(run_labels.SETTING_NAMES) == settings
