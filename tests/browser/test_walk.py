"""A coordinator's day in a real browser, from the intake form to the confirmed match."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

LogIn = Callable[..., Page]
pytestmark = pytest.mark.xdist_group("browser")  # one demo is served and walked through


def fill_intake(page: Page, name: str) -> None:
    """What a newcomer does: the town's form, on a phone."""
    page.goto("/intake/muenster")
    page.get_by_label("What is your name?").fill(name)
    page.get_by_label("In which year were you born?").fill("1991")
    page.get_by_role("group", name="You are").get_by_label("Woman").check()
    page.get_by_label("Which language did you grow up with?").select_option(label="Ukrainian")
    page.get_by_role("group", name=re.compile("How well do you speak German")).get_by_label(
        re.compile("Simple sentences")
    ).check()
    likes = page.locator("#field-interests")
    likes.get_by_text("Food", exact=True).click()
    likes.get_by_label("Cooking", exact=True).check()
    for box in page.locator("table input[type=checkbox]").all():
        box.check()
    page.get_by_label(re.compile("A group or club")).check()
    page.get_by_label("Your postcode").fill("48151")
    for way in ("On foot", "By bicycle", "By bus and train"):
        page.get_by_label(way).check()
    page.get_by_label("Your e-mail address").fill("walker@mail.example")
    page.get_by_label("Yes, I agree.").check()
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Thank you")


def start_run_and_wait(page: Page) -> None:
    page.goto("/runs")
    page.get_by_role("button", name="Start matching run").first.click()
    page.wait_for_url("**/runs/*")
    expect(page.locator("main")).to_contain_text("What came out", timeout=60_000)


@pytest.mark.parametrize("java_script", [True, False], ids=["with-javascript", "without"])
def test_from_the_intake_form_to_a_confirmed_match(
    open_page: LogIn, logged_in: LogIn, java_script: bool
) -> None:
    name = f"Walker {uuid.uuid4().hex[:8]}"
    fill_intake(open_page(width=390, height=844, java_script_enabled=java_script), name)

    page = logged_in(java_script_enabled=java_script)
    page.goto("/newcomers?status=new")
    page.get_by_role("link", name=name).click()
    page.get_by_role("button", name="Checked: ready").click()
    expect(page.locator("main")).to_contain_text("ready")
    newcomer = page.url
    start_run_and_wait(page)

    page.goto(newcomer)
    page.locator("main a[href*='/proposals/']").first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(name)
    expect(page.locator("svg[role=img], figure svg").first).to_be_visible()
    page.get_by_role("button", name="Confirm").click()
    expect(page.get_by_role("button", name=re.compile("Undo"))).to_be_visible()

    page.goto("/placements")
    expect(page.locator("main")).to_contain_text(name)
    page.goto("/history")
    expect(page.locator("main")).to_contain_text("Proposal confirmed")
    start_run_and_wait(page)
    page.goto(newcomer)
    assert page.locator("main a[href*='/proposals/']").count() == 0


def test_a_rejected_pair_does_not_come_back_and_undo_opens_a_proposal_again(logged_in: LogIn) -> None:
    page = logged_in("enschede")
    page.locator(".tie h3 a").nth(1).click()
    rejected = page.get_by_role("heading", level=1).inner_text()
    page.get_by_label("Why not").select_option(index=1)
    page.get_by_role("button", name="Reject").click()
    expect(page.get_by_role("heading", level=1)).not_to_have_text(rejected)
    confirmed = page.url
    page.get_by_role("button", name="Confirm").click()
    page.get_by_role("button", name=re.compile("Undo")).click()
    expect(page.locator("#flashes")).to_contain_text("Taken back")
    page.goto(confirmed)
    expect(page.get_by_role("button", name="Confirm")).to_be_visible()
    start_run_and_wait(page)
    page.goto("/board")
    pairs = [link.get_attribute("href") for link in page.locator(".tie h3 a").all()]
    assert pairs
    page.goto(str(pairs[0]))
    assert page.get_by_role("heading", level=1).inner_text() != rejected


def test_an_association_changes_its_places_by_its_link_without_logging_in(
    logged_in: LogIn, open_page: LogIn
) -> None:
    page = logged_in()
    page.goto("/offers?kind=association")
    page.locator("main tbody a").first.click()
    offer = page.url
    page.get_by_role("button", name="Make a link").click()
    token = page.locator("code.secret").inner_text().split("/capacity/")[1]
    visitor = open_page(width=390, height=844)
    visitor.goto(f"/capacity/{token}?lang=en")
    places = visitor.locator("[name=capacity]")
    more = str(int(places.input_value()) + 3)
    places.fill(more)
    visitor.get_by_role("button", name="Change").click()
    expect(places).to_have_value(more)
    page.goto(offer)
    expect(page.locator("main")).to_contain_text(more)
