"""A real Koppel with the demo's towns, served by its own command, and a real browser: tests and pictures."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

PASSWORD = "walk through the town"
KOPPEL = [sys.executable, "-c", "from webapp.cli import main; main()"]
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
MAC_CHROME = Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome")
QUIET = (
    *("--disable-gpu", "--disable-background-networking", "--disable-component-update"),
    *("--disable-sync", "--no-first-run"),
)


@dataclass(frozen=True)
class Served:
    """A Koppel that runs: where, and what it says on standard error."""

    address: str
    said: list[str]


@contextmanager
def served_demo(home: Path) -> Iterator[Served]:
    """A Koppel that serves a fresh demo from an instance folder; stopped at the end."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("KOPPEL_")}
    server = subprocess.Popen(
        [*KOPPEL, "demo", "--port", "0"],
        env={**environment, "KOPPEL_HOME": str(home), "KOPPEL_DEMO_PASSWORD": PASSWORD},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    said: list[str] = []
    is_up = threading.Event()

    def listen() -> None:
        assert server.stderr is not None
        with server.stderr as lines:
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


@contextmanager
def open_browser() -> Iterator[Browser]:
    """Chromium or Chrome: the one that is installed, else playwright's own."""
    found = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    executable = found or (str(MAC_CHROME) if MAC_CHROME.exists() else None)
    sandbox = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=[*sandbox, *QUIET])
        yield browser
        browser.close()


def log_in(page: Page, town: str = "muenster", language: str = "en") -> None:
    """Log the coordinator of a town in; ends on the board."""
    page.goto(f"/login?lang={language}")
    page.locator("[name=email]").fill(f"coordinator@{town}.example")
    page.locator("[name=password]").fill(PASSWORD)
    page.locator("main button[type=submit]").click()
    page.wait_for_url("**/board")
