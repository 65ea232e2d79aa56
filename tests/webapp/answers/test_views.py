"""The pages with answers: what would help somebody, what a pair would cost, what a town is short of."""

from __future__ import annotations

import html
import uuid
from collections.abc import Callable

import pytest
from flask import Flask

from matcher.questions.fairness import groups as fairness
from tests.rows import add_newcomer, add_offer
from tests.web import Client
from webapp.answers import labels, services
from webapp.answers.services import Question
from webapp.exceptions import NotFound
from webapp.storage.access import Actor

ONE_WISH = {"wants": {"association": 1}, "max_minutes": 20}


def text_of(client: Client, url: str) -> str:
    """What stands on the page once the worker has found out."""
    assert client.post_form(url).status_code == 303
    answer = client.get(url)
    assert answer.status_code == 200, (url, answer.status_code)
    return html.unescape(answer.text)


def test_an_open_wish_says_what_would_bring_something(rivals: dict[str, uuid.UUID], browser: Client) -> None:
    page = text_of(browser, f"/newcomers/{rivals['second']}/answers")
    assert "Still looked for: Association" in page
    assert "All fitting places went to others" in page
    assert "more minutes of travel to Offer far" in page
    assert f"/newcomers/{rivals['second']}/answers/{rivals['far']}" in page
    assert "Best for the plan now" not in page


def test_what_is_best_for_the_plan_now_says_why(rivals: dict[str, uuid.UUID], browser: Client) -> None:
    page = text_of(browser, f"/newcomers/{rivals['first']}/answers")
    assert "Nothing is left open" in page
    assert "Offer club" in page
    assert "Matching free hours: Tue 18:00–20:00" in page


def test_somebody_whom_nothing_small_would_help_is_not_left_without_a_word(
    app: Flask, actor: Callable[..., Actor], browser: Client
) -> None:
    with app.app_context():
        alone = add_newcomer(actor().town_id, "alone", **ONE_WISH)
        paused = add_newcomer(actor().town_id, "paused", status="paused", **ONE_WISH)
    assert "No single small change brings something" in text_of(browser, f"/newcomers/{alone}/answers")
    with app.app_context():
        add_offer(actor().town_id, "club")
    page = text_of(browser, f"/newcomers/{paused}/answers")
    assert "Newcomer not ready" in page
    assert "No single small change" not in page


def test_a_pair_says_what_it_would_cost_and_whose_proposals_would_change(
    rivals: dict[str, uuid.UUID], browser: Client
) -> None:
    page = text_of(browser, f"/newcomers/{rivals['second']}/answers/{rivals['club']}")
    assert "Possible, at a price" in page
    assert "Newcomer first would go without." in page
    assert "nothing in its place" in page
    assert page.index("would go without") < page.index("In figures") < page.index("insisting would cost")
    assert "The plan wants just this" in text_of(
        browser, f"/newcomers/{rivals['first']}/answers/{rivals['club']}"
    )
    not_possible = text_of(browser, f"/newcomers/{rivals['second']}/answers/{rivals['far']}")
    assert "Not possible now" in not_possible
    assert "min > 20 min" in not_possible
    assert "Whose proposals would change" not in not_possible


def test_placing_by_hand_leads_to_what_it_would_mean(rivals: dict[str, uuid.UUID], browser: Client) -> None:
    page = browser.get(f"/newcomers/{rivals['second']}/place/{rivals['club']}").text
    assert f"/newcomers/{rivals['second']}/answers/{rivals['club']}" in page


def test_the_town_says_what_is_missing_and_hides_small_groups(
    rivals: dict[str, uuid.UUID], browser: Client
) -> None:
    page = text_of(browser, "/shortage")
    assert "1 person more" in page
    assert "Offer club" in page
    assert "2 people take part" in page
    assert "too few to show" in page


def test_enough_people_are_reported_on_with_a_share(
    app: Flask, actor: Callable[..., Actor], browser: Client
) -> None:
    me = actor()
    with app.app_context():
        for number in range(12):
            add_newcomer(me.town_id, f"n{number}", gender="f", **ONE_WISH)
        add_offer(me.town_id, "club", capacity=6)
    page = text_of(browser, "/shortage")
    assert "Of them 50% get a proposal" in page.replace("\u00a0", "").replace("50 %", "50%")
    assert "+0 (+0 to +0)" in page


def test_an_empty_town_is_short_of_nothing(browser: Client) -> None:
    page = text_of(browser, "/shortage")
    assert "No new offer would bring anything now" in page
    assert "Nobody waits" in page


def test_whoever_looks_at_no_town_has_no_plan_to_ask(app: Flask, api: Callable[..., Client]) -> None:
    nobody = Actor(user_id=None, town_id=None, role="admin", label="admin")
    with app.app_context(), pytest.raises(NotFound):
        services.find_answer(nobody, Question(), "en")


def test_a_pair_that_costs_nobody_anything_says_so(
    app: Flask, actor: Callable[..., Actor], browser: Client
) -> None:
    me = actor()
    with app.app_context():
        newcomer = add_newcomer(me.town_id, "n", **ONE_WISH)
        clubs = [add_offer(me.town_id, name, capacity=1) for name in ("one", "two")]
    pages = [text_of(browser, f"/newcomers/{newcomer}/answers/{club}") for club in clubs]
    assert sum("The plan wants just this" in page for page in pages) == 1
    assert sum("Possible, and it costs the plan nothing" in page for page in pages) == 1


def test_consent_comes_before_the_lack_of_offers(
    app: Flask, actor: Callable[..., Actor], browser: Client
) -> None:
    with app.app_context():
        paused = add_newcomer(actor().town_id, "paused", status="paused", **ONE_WISH)
    page = text_of(browser, f"/newcomers/{paused}/answers")
    assert "Newcomer not ready" in page
    assert "No single small change" not in page


def test_every_group_of_the_report_has_its_words() -> None:
    assert set(labels.DIMENSION_NAMES) == set(fairness.DIMENSIONS)
    assert list(labels.AGE_BAND_NAMES) == [name for name, _limit in fairness.AGE_BANDS]
