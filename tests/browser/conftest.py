"""What tests in the browser start from: a Koppel that serves the demo, a browser, a coordinator logged in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tests.browser_tools import Served, log_in, open_browser, served_demo


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A Koppel that serves a fresh demo."""
    with served_demo(tmp_path_factory.mktemp("served")) as running:
        yield running


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A real browser."""
    with open_browser() as opened:
        yield opened


@pytest.fixture
def open_page(browser: Browser, served: Served) -> Iterator[Callable[..., Page]]:
    """Opens a page in a session of its own: ``open_page(width=390, locale="de", java_script_enabled=False)``.

    Whatever the browser complains of fails the test: errors in the console, policy violations, requests that
    leave this machine, answers of 500.
    """
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def note(message: Any) -> None:
        if message.type == "error" and "status of 4" not in message.text:
            complaints.append(f"console: {message.text}")

    def request_made(request: Any) -> None:
        if not request.url.startswith((served.address, "data:", "blob:")):
            complaints.append(f"left this machine: {request.url}")

    def answered(response: Any) -> None:
        if response.status >= 500:
            complaints.append(f"{response.status}: {response.url}\n{''.join(served.said[-40:])}")

    def open_one(*, width: int = 1280, height: int = 900, locale: str = "en", **options: Any) -> Page:
        size = {"width": width, "height": height}
        context = browser.new_context(base_url=served.address, viewport=size, locale=locale, **options)
        contexts.append(context)
        page = context.new_page()
        page.on("console", note)
        page.on("pageerror", lambda error: complaints.append(f"error: {error}"))
        page.on("request", request_made)
        page.on("response", answered)
        return page

    yield open_one
    for context in contexts:
        context.close()
    assert not complaints, "\n".join(complaints)


@pytest.fixture(scope="session")
def sessions(browser: Browser, served: Served) -> Callable[[str], Any]:
    """The cookies of a town's coordinator, who logs in once: log-ins are counted and limited."""
    known: dict[str, Any] = {}

    def of_town(town: str) -> Any:
        if town not in known:
            context = browser.new_context(base_url=served.address)
            log_in(context.new_page(), town)
            known[town] = context.storage_state()
            context.close()
        return known[town]

    return of_town


@pytest.fixture
def logged_in(open_page: Callable[..., Page], sessions: Callable[[str], Any]) -> Callable[..., Page]:
    """Opens a page with the coordinator of a town logged in, on the board."""

    def open_board(town: str = "muenster", locale: str = "en", **options: Any) -> Page:
        page = open_page(locale=locale, storage_state=sessions(town), **options)
        page.goto(f"/board?lang={locale}")
        return page

    return open_board
