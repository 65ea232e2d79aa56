"""Every page as people meet it: accessible, inside its width, in every language, with the network cut."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from webapp.config import LANGUAGES

LogIn = Callable[..., Page]
pytestmark = pytest.mark.xdist_group("browser")  # one demo is served for all of them

PUBLIC = ("/login", "/intake/muenster", "/help", "/help?lang=de", "/nowhere")
PAGES = (
    *("/board", "/board?kind=mentor", "/newcomers", "/newcomers/new", "/offers", "/offers?kind=mentor"),
    *("/placements", "/runs", "/open-wishes", "/shortage", "/history", "/search?q=an", "/account"),
)
LINKED = {
    "a proposal": ("/board", "main a[href*='/proposals/']"),
    "a newcomer": ("/newcomers?status=ready", "main tbody a"),
    "an offer": ("/offers?kind=association", "main tbody a"),
    "a mentor": ("/offers?kind=mentor", "main tbody a"),
    "a run": ("/runs", "main tbody a"),
    "what a run changed": ("/runs", "main tbody tr:last-child a", "main a[href$='/changes']"),
    "what would help": ("/open-wishes?reason=travel", "main a[href$='/answers']"),
}
AXE = {
    "runOnly": {
        "type": "tag",
        "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    }
}


WIDTHS = (320, 360, 768, 900, 1024, 1100, 1280)


def assert_inside_its_width(page: Page) -> None:
    spill = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert page.evaluate(spill) == 0, (page.url, page.viewport_size)


def assert_accessible(page: Page) -> None:
    found = Axe().run(page, options=AXE)
    assert found.violations_count == 0, f"{page.url}\n{found.generate_report()}"


def every_page(page: Page) -> Iterator[Page]:
    """Go to every page, one after the other."""
    for address in PAGES:
        page.goto(address)
        yield page
    for start, *links in LINKED.values():
        page.goto(start)
        for link in links:
            page.goto(str(page.locator(link).first.get_attribute("href")))
        yield page


@pytest.mark.parametrize("width", [320, 1280])
@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_page_is_accessible_and_inside_its_width(open_page: LogIn, address: str, width: int) -> None:
    page = open_page(width=width, bypass_csp=True)  # axe itself sets styles
    page.goto(address)
    assert_inside_its_width(page)
    assert_accessible(page)


@pytest.mark.parametrize(("width", "locale"), [(320, "en"), (1280, "de"), (1280, "nl")])
def test_every_page_is_accessible(logged_in: LogIn, width: int, locale: str) -> None:
    for page in every_page(logged_in(width=width, locale=locale, bypass_csp=True)):
        assert_accessible(page)


@pytest.mark.parametrize("locale", LANGUAGES)
def test_every_page_keeps_inside_every_width_and_its_own_policy(logged_in: LogIn, locale: str) -> None:
    for page in every_page(logged_in(width=320, locale=locale)):
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            assert_inside_its_width(page)
        page.set_viewport_size({"width": WIDTHS[0], "height": 900})


def test_pages_speak_the_language_that_was_chosen(logged_in: LogIn) -> None:
    page = logged_in()
    titles = {}
    for language in LANGUAGES:
        page.goto(f"/newcomers?lang={language}")
        titles[language] = page.get_by_role("heading", level=1).inner_text()
        assert page.locator("html").get_attribute("lang") == language
    assert titles.items() >= {"en": "Newcomers", "de": "Neuzugewanderte", "nl": "Nieuwkomers"}.items()
    assert len(set(titles.values())) == len(LANGUAGES)


def test_the_main_task_can_be_done_by_keyboard_alone(logged_in: LogIn) -> None:
    page = logged_in()
    page.keyboard.press("Tab")
    assert (
        "skip"
        in page.evaluate("document.activeElement.className + document.activeElement.textContent").lower()
    )
    for _ in range(60):
        page.keyboard.press("Tab")
        if "/proposals/" in (page.evaluate("document.activeElement.getAttribute('href')") or ""):
            break
    page.keyboard.press("Enter")
    page.wait_for_url("**/proposals/*")
    for _ in range(60):
        page.keyboard.press("Tab")
        if (
            page.evaluate("document.activeElement.tagName + document.activeElement.textContent.trim()")
            == "BUTTONConfirm"
        ):
            break
    page.keyboard.press("Enter")
    undo = page.get_by_role("button", name="Undo")
    undo.first.wait_for()
    assert undo.count() >= 1
