"""How long somebody has waited, and how urgent it is: said and shown one way on every page."""

from __future__ import annotations

import re
from datetime import date, timedelta
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from flask import Flask
from flask_babel import force_locale

from tests.webapp.test_translations import KEYWORDS
from webapp.answers.sentences import waited_text
from webapp.placements.sentences import waiting_text
from webapp.profiles.hours import duration, weeks_text

WEBAPP = Path(__file__).parents[3] / "webapp"
PAGES = {path.relative_to(WEBAPP): path.read_text("utf-8") for path in (WEBAPP / "templates").rglob("*.html")}
SAYS_WAITING = ("duration(", "waiting_text(", "waited_text(", "urgency(")


@pytest.mark.parametrize(
    ("weeks", "english", "german", "dutch"),
    [
        (0, "less than a week", "weniger als eine Woche", "minder dan een week"),
        (1, "1 week", "1 Woche", "1 week"),
        (12, "12 weeks", "12 Wochen", "12 weken"),
        (13, "3 months", "3 Monate", "3 maanden"),
        (80, "18 months", "18 Monate", "18 maanden"),
        (102, "23 months", "23 Monate", "23 maanden"),
        (104, "2 years", "2 Jahre", "2 jaar"),
        (154, "2 years", "2 Jahre", "2 jaar"),
        (157, "3 years", "3 Jahre", "3 jaar"),
    ],
)
def test_waiting_is_said_in_weeks_then_months_then_years_by_every_page(
    sqlite_app: Flask, weeks: int, english: str, german: str, dutch: str
) -> None:
    today = date(2026, 11, 29)
    for language, text in (("en", english), ("de", german), ("nl", dutch)):
        with sqlite_app.test_request_context(), force_locale(language):
            assert weeks_text(weeks) == waited_text(weeks) == text
            assert duration(today - timedelta(weeks=weeks), today) == text
            assert weeks == 0 or text in waiting_text(weeks)


def test_nobody_else_says_a_number_of_weeks_months_or_years() -> None:
    methods = [("**.py", "python"), ("templates/**.html", "jinja2")]
    counted = re.compile(r"^(waiting for )?%\((?!age)\w+\)s (week|month|year)s?$")
    found = {
        (path, message if isinstance(message, str) else message[0])
        for path, _line, message, *_rest in extract_from_dir(str(WEBAPP), methods, keywords=KEYWORDS)
        if any(counted.match(form) for form in ([message] if isinstance(message, str) else message) if form)
    }
    assert found == {("profiles/hours.py", f"%(num)s {unit}") for unit in ("week", "month", "year")}
    sources = [path for path in WEBAPP.rglob("*.py") if "format_timedelta" in path.read_text("utf-8")]
    assert sources == []


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_a_page_shows_waiting_by_the_one_function(page: Path) -> None:
    shown = re.findall(r"{{(.*?)}}", PAGES[page], flags=re.DOTALL)
    waiting = [text for text in shown if re.search(r"\b(waiting_since|waiting_weeks|weeks)\b", text)]
    assert [text for text in waiting if not any(said in text for said in (*SAYS_WAITING, "m.field("))] == []


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_a_page_shows_a_level_of_need_in_its_one_tone(page: Path) -> None:
    levels = re.findall(r"NEED_LEVEL_NAMES\[([\w.]+)\]", PAGES[page])
    toned = re.findall(r"m\.status\(NEED_LEVEL_NAMES\[([\w.]+)\], NEED_TONES\[\1\]\)", PAGES[page])
    assert levels == toned


def test_some_pages_show_waiting_and_need() -> None:
    text = "".join(PAGES.values())
    assert text.count("NEED_TONES[") > 2
    assert sum(text.count(said) for said in SAYS_WAITING) > 5
