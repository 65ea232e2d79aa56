"""Texts: nothing is missing or uncertain in any language; the reader gets theirs."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from matcher.records import vocabulary
from tests.web import PASSWORD
from webapp.config import LANGUAGES

ROOT = Path(__file__).parents[2]
WEBAPP = ROOT / "webapp"
KEYWORDS = {
    "_": None,
    "_l": None,
    "gettext": None,
    "lazy_gettext": None,
    "ngettext": (1, 2),
    "pgettext": ((1, "c"), 2),
}


TRANSLATED = list(LANGUAGES)[1:]


def test_engine_and_pages_speak_the_same_languages_by_their_own_names() -> None:
    assert tuple(LANGUAGES) == vocabulary.LANGUAGES
    assert LANGUAGES.items() >= {"en": "English", "de": "Deutsch", "nl": "Nederlands"}.items()


@pytest.fixture(scope="module")
def texts() -> Catalog:
    """Every text of the web application."""
    catalog = Catalog()
    methods = [("**.py", "python"), ("templates/**.html", "jinja2")]
    for path, line, message, _comments, context in extract_from_dir(str(WEBAPP), methods, keywords=KEYWORDS):
        catalog.add(message, None, [(path, line)], context=context)
    return catalog


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_text_is_translated(texts, language):
    with (WEBAPP / "translations" / language / "LC_MESSAGES" / "messages.po").open("rb") as file:
        translated = read_po(file, locale=language)

    missing = []
    for message in texts:
        if not message.id:
            continue
        found = translated.get(message.id, message.context)
        strings = (
            found.string if found and isinstance(found.string, tuple | list) else [found and found.string]
        )
        if found is None or found.fuzzy or not all(strings):
            missing.append(message.id)
        elif list(found.check()):
            missing.append((message.id, "placeholders differ"))
    assert missing == []


# Words of the engine, and the only texts with one: they stand folded below "In figures" or "Weights and
# limits"; one names the score of a pair in the history.
ENGINE_WORDS = re.compile(r"\bpoints\b|\bworth\b|\bobjective|\bpercentage", re.IGNORECASE)
FOLDED = {
    "Percentage points from everybody",
    "Points",
    "Policy %(name)s, version %(version)s. Staying with an open proposal is worth %(bonus)s.",
    "The share of people with greater need less that of the others: %(gap)s percentage points.",
    "This plan is worth %(value)s. Proven: no other plan is worth more.",
    "This plan is worth %(value)s. Proven: no plan is worth more than %(bound)s, "
    "so this one reaches at least %(percent)s of the best.",
    "What serving somebody at all is worth",
}


def test_pages_speak_the_words_of_the_work_and_not_of_the_engine(texts: Catalog) -> None:
    forms = [
        id_ for message in texts for id_ in ([message.id] if isinstance(message.id, str) else message.id)
    ]
    assert {form for form in forms if ENGINE_WORDS.search(form)} == FOLDED


@pytest.mark.parametrize(
    ("address", "headers", "title"),
    [
        ("/login?lang=de", {}, "Anmelden"),
        ("/login?lang=nl", {}, "Inloggen"),
        ("/login?lang=xx", {}, "Log in"),
        ("/login", {"Accept-Language": "nl-BE,nl;q=0.9,en;q=0.5"}, "Inloggen"),
        ("/login", {"Accept-Language": "xx"}, "Log in"),
    ],
)
def test_the_language_of_the_log_in_page(client, address, headers, title):
    assert f"<h1>{title}</h1>" in client.get(address, headers=headers).text


def test_the_chosen_language_stays(client):
    client.get("/login?lang=nl")

    page = client.get("/login", headers={"Accept-Language": "de"})

    assert '<html lang="nl" dir="ltr">' in page.text


def test_a_logged_in_reader_gets_the_language_of_their_town_or_their_own(login):
    client = login(town="enschede")
    assert '<html lang="nl"' in client.get("/account").text

    client.post_form("/account/language", language="de")

    assert '<html lang="de"' in client.get("/account").text


@pytest.mark.parametrize("key", ["endpoint", "_method", "_external", "_scheme", "_anchor"])
def test_no_word_in_an_address_breaks_the_links_of_the_page(client, make_town, key):
    make_town()

    for path in ("/login", "/intake/muenster"):
        page = client.get(f"{path}?{key}=1&next=a&next=b")

        assert page.status_code == 200
        assert f'href="{path}?{key}=1&amp;next=a&amp;next=b&amp;lang=de"' in page.text


def test_the_length_of_a_password_is_explained_in_the_readers_language(login):
    client = login()

    for language, sentence in (("de", "Zwischen 12 und 200 Zeichen."), ("nl", "Tussen 12 en 200 tekens.")):
        client.get(f"/account?lang={language}")
        answer = client.post_form("/account/language", language=language)
        assert answer.status_code == 303
        answer = client.post_form(
            "/account/password", password=PASSWORD, new_password="short", new_password_again="short"
        )

        assert answer.status_code == 422
        assert sentence in answer.text


def test_no_text_is_hidden_in_another() -> None:
    """What stands in an f-string is not collected for translation, and then stays English on every page."""
    hidden = [
        f"{path.relative_to(ROOT)}:{call.lineno}"
        for package in ("matcher", "webapp")
        for path in (ROOT / package).rglob("*.py")
        for text in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(text, ast.JoinedStr)
        for call in ast.walk(text)
        if isinstance(call, ast.Call) and getattr(call.func, "id", "") in {"_", "_l", "ngettext"}
    ]
    assert hidden == []
