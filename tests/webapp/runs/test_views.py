"""The pages of runs: starting one, how far it is, what came out, what stays open."""

from __future__ import annotations

import html
import re
import uuid

import pytest
from flask import Flask

from tests.office import Office, questions, text_of, words
from tests.web import Client
from webapp.engine import policies
from webapp.engine.plans import STAGES
from webapp.offers.models import Offer
from webapp.proposals.models import Proposal
from webapp.runs import labels as run_labels
from webapp.runs import services as runs
from webapp.runs.models import CHANGE_ACTIONS, RUN_STATES, Run, RunChange
from webapp.runs.views import CHANGES_SHOWN


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

    assert "1 Now somebody else" in page
    assert "Offer paused or closed" in page or "offer paused or closed" in page
    assert "Nothing changed" in text_of(browser, browser.post_form("/runs").location)


def a_run_with_changes(office: Office, changes: list[tuple[str, str, str]]) -> str:
    """The address of a run that is done; a change: a newcomer, the offer before, the one after."""
    offers = {
        name: office.offer(name) for name in {name for change in changes for name in change[1:] if name}
    }
    people = [office.newcomer(name) for name, _before, _after in changes]
    with office.writing() as session:
        run = runs.start_run(office.me)
        session.flush()
        for person, (_name, before, after) in zip(people, changes, strict=True):
            action = "changed" if before and after else "dropped" if before else "added"
            session.add(
                RunChange(
                    run_id=run.id,
                    newcomer_id=person,
                    kind="association",
                    action=action,
                    before_id=offers.get(before),
                    after_id=offers.get(after),
                    reason="places_taken",
                )
            )
            run.figures = {**run.figures, action: run.figures.get(action, 0) + 1}
        run.state, run.finished_at = "done", run.created_at
        run.figures |= {"proposals": 99, "newcomers_served": 9, "open_wishes": 0, "mean_score": 0.5}
        run.figures |= {"objective": 1.0, "bound": 1.0, "status": "optimal"}
        return f"/runs/{run.id}"


CHANGES = [("anna", "", "choir"), ("bert", "chess", "choir"), ("carla", "chess", ""), ("dora", "", "judo")]


def people_of(browser: Client, url: str) -> list[str]:
    """Who stands on a page of changes, in its order; each leads to the newcomer's own page."""
    rows = re.findall(
        r'<th scope="row"><a href="/newcomers/[0-9a-f-]+"><bdi>Newcomer (\w+)', browser.get(url).text
    )
    return list(rows)


def test_changes_show_first_who_lost_something_then_who_has_another_then_what_is_new(
    browser: Client, office: Office
) -> None:
    url = a_run_with_changes(office, CHANGES)

    page = browser.get(url).text

    assert people_of(browser, f"{url}/changes") == ["carla", "bert", "anna", "dora"]
    assert "1 No longer proposed 1 Now somebody else 2 New" in words(page)
    assert f'href="{url}/changes?action=dropped"' in page
    assert "No longer proposed Association Offer chess – " in text_of(browser, f"{url}/changes")


@pytest.mark.parametrize(
    ("query", "people"),
    [
        ("search=ANNA", ["anna"]),
        ("search=choir", ["bert", "anna"]),
        ("search=Offer+chess", ["carla", "bert"]),
        ("action=added", ["anna", "dora"]),
        ("action=added&search=judo", ["dora"]),
        ("search=100%25", []),
        ("action=nonsense&search=bert", ["bert"]),
    ],
)
def test_changes_are_searched_by_name_or_number_of_either_side(
    browser: Client, office: Office, query: str, people: list[str]
) -> None:
    url = a_run_with_changes(office, CHANGES)

    assert people_of(browser, f"{url}/changes?{query}") == people
    assert ("No change fits this filter" in browser.get(f"{url}/changes?{query}").text) == (not people)


def test_a_page_of_changes_is_never_long_and_asks_as_little_for_many(
    app: Flask, browser: Client, office: Office
) -> None:
    few = a_run_with_changes(office, [("a", "x", "")])
    many = a_run_with_changes(office, [(f"n{number:02}", "y", "") for number in range(60)])

    with questions(app) as for_few:
        browser.get(f"{few}/changes")
    with questions(app) as for_many:
        pages = [people_of(browser, f"{many}/changes?page={page}") for page in (1, 2, 3)]

    assert [len(page) for page in pages] == [25, 25, 10]
    assert len({name for page in pages for name in page}) == 60
    assert len(for_many) == 3 * len(for_few)
    assert browser.get(many).text.count('<a href="/newcomers/') == CHANGES_SHOWN


def test_what_a_run_changes_is_not_shown_before_it_is_done(browser: Client, office: Office) -> None:
    url = a_run_with_changes(office, CHANGES)
    office.change(Run, uuid.UUID(url.removeprefix("/runs/")), state="running")

    answer = browser.get(f"{url}/changes")

    assert (answer.status_code, answer.location) == (303, url)


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
    assert tuple(run_labels.CHANGE_NAMES) == tuple(run_labels.CHANGE_TONES) == CHANGE_ACTIONS
    assert set(run_labels.STAGE_NAMES) == {"", *STAGES, "store"}
    policy = policies.read_policy("").to_dict()
    settings = {name for section in run_labels.SECTION_NAMES for name in policy[section]}
    assert set(run_labels.SETTING_NAMES) == settings
