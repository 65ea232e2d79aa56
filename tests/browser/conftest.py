"""A real Koppel with the demo's towns, served by its own command, and a real browser beside it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

PASSWORD = "walk through the town"
KOPPEL = [sys.executable, "-c", "from webapp.cli import main; main()"]
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
QUIET = (
    *("--disable-gpu", "--disable-background-networking", "--disable-component-update"),
    *("--disable-sync", "--no-first-run"),
)


@dataclass(frozen=True)
class Served:
    """A Koppel that runs: where, and what it says on standard error."""

    address: str
    said: list[str]


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A Koppel that serves a fresh demo."""
    home = tmp_path_factory.mktemp("served")
    settings = {"KOPPEL_HOME": str(home), "KOPPEL_DEMO_PASSWORD": PASSWORD}
    environment = {name: value for name, value in os.environ.items() if not name.startswith("KOPPEL_")}
    server = subprocess.Popen(
        [*KOPPEL, "demo", "--port", "0"],
        env=environment | settings,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    said: list[str] = []
    is_up = threading.Event()

    def listen() -> None:
        with server.stderr as lines:  # type: ignore[union-attr]
            for line in lines:
                said.append(line)
                if "Koppel is at" in line:
                    is_up.set()
        is_up.set()

    listener = threading.Thread(target=listen)
    listener.start()
    is_up.wait(timeout=120)
    address = re.search(r"Koppel is at (http://\S+)", "".join(said))
    assert address is not None, f"koppel demo did not start: {''.join(said)}"
    yield Served(address[1], said)
    server.terminate()
    assert server.wait(timeout=30) == 0
    listener.join()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium or Chrome: the one that is installed, else playwright's own."""
    found = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    mac = Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome")
    executable = found or (str(mac) if mac.exists() else None)
    sandbox = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=executable, args=[*sandbox, *QUIET])
        yield opened
        opened.close()


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


@pytest.fixture
def logged_in(open_page: Callable[..., Page]) -> Callable[..., Page]:
    """Opens a page with the coordinator of a town logged in, on the board."""

    def log_in(town: str = "muenster", locale: str = "en", **options: Any) -> Page:
        page = open_page(locale=locale, **options)
        page.goto(f"/login?lang={locale}")
        page.locator("[name=email]").fill(f"coordinator@{town}.example")
        page.locator("[name=password]").fill(PASSWORD)
        page.locator("main button[type=submit]").click()
        page.wait_for_url("**/board")
        return page

    return log_in
