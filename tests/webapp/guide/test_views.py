"""The guide as a page, and the footer that leads there from every page."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask

from tests.web import Client
from webapp.config import LANGUAGES, load_settings
from webapp.guide.services import read_guide, render_guide

ROOT = Path(__file__).parents[3]
LEGAL = ("IMPRINT_URL", "PRIVACY_URL", "ACCESSIBILITY_URL")
OPEN_PAGES = ("/login", "/intake/muenster", "/capacity/no-such-link", "/help", "/nowhere")


def footer(client: Client, url: str) -> dict[str, str]:
    """The links of a page's footer."""
    part = client.get(url).text.partition("<footer")[2]
    return {text: href for href, text in re.findall(r'<a href="([^"]+)">([^<]+)</a>', part)}


@pytest.fixture
def with_legal_pages(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Flask:
    for name in LEGAL:
        monkeypatch.setitem(app.config, name, f"https://town.example/{name.lower()}?a=1&b=2")
    return app


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_guide_comes_in_the_readers_language_without_a_log_in(client: Client, language: str) -> None:
    name = "user-guide.md" if language == "en" else f"user-guide.{language}.md"
    text = (ROOT / "docs" / name).read_text("utf-8")
    headings = re.findall(r"^## (.+)$", text, flags=re.MULTILINE)

    page = client.get(f"/help?lang={language}").text

    assert [title for _anchor, title in read_guide(language).sections] == headings
    assert all(page.count(f'id="section-{number}"') == 1 for number in range(1, len(headings) + 1))
    assert all(f'href="#section-{number}"' in page for number in range(1, len(headings) + 1))
    assert page.count("<h1") == 1
    assert page.count("<table>") == text.count("\n|---")
    assert "user-guide" not in page


def test_html_in_a_guide_is_text() -> None:
    guide = render_guide("above\n\n# Title\n\n## One\n\n<script>alert(1)</script>\n")

    assert guide.title == "Title"
    assert guide.sections == [("section-1", "One")]
    assert "<script" not in guide.body
    assert "above" not in guide.body


@pytest.mark.parametrize("url", OPEN_PAGES)
def test_a_page_without_log_in_leads_to_help_and_to_what_the_town_has_named(
    with_legal_pages: Flask, client: Client, make_town: Callable[..., uuid.UUID], url: str
) -> None:
    make_town()

    links = footer(client, f"{url}?lang=en")

    assert links == {
        "Help": "/help",
        "Imprint": "https://town.example/imprint_url?a=1&amp;b=2",
        "Privacy": "https://town.example/privacy_url?a=1&amp;b=2",
        "Accessibility": "https://town.example/accessibility_url?a=1&amp;b=2",
    }


@pytest.mark.parametrize("url", ["/board", "/newcomers", "/runs", "/account"])
def test_help_is_always_there_and_what_is_not_named_is_not_linked(browser: Client, url: str) -> None:
    assert footer(browser, url) == {"Help": "/help"}


def test_the_addresses_come_from_the_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("KOPPEL_HOME", str(tmp_path))
    monkeypatch.setenv("KOPPEL_PRIVACY_URL", "https://town.example/privacy?lang=de#data")

    settings = load_settings()

    assert settings["PRIVACY_URL"] == "https://town.example/privacy?lang=de#data"
    assert settings["IMPRINT_URL"] is None
