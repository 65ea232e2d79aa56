"""Makes the README's picture from a fresh demo: `make picture`. Writes docs/board.png."""

from __future__ import annotations

import tempfile
from pathlib import Path

from tests.browser_tools import log_in, open_browser, served_demo

if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as home, served_demo(Path(home)) as koppel, open_browser() as browser:
        page = browser.new_page(base_url=koppel.address, viewport={"width": 1180, "height": 820}, locale="en")
        log_in(page)
        page.screenshot(path=Path(__file__).with_name("board.png"))
