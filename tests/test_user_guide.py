"""The guide for coordinators: three languages that say the same, in the words that stand on the pages."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from babel.messages.pofile import read_po

from matcher.planning.unmatched import REASONS
from matcher.records.vocabulary import LANGUAGES
from webapp.placements.conflicts import MESSAGES

ROOT = Path(__file__).parents[1]
TRANSLATED = LANGUAGES[1:]
GUIDES = {"en": ROOT / "docs/user-guide.md"} | {
    language: ROOT / f"docs/user-guide.{language}.md" for language in TRANSLATED
}
CATALOGUES = (
    "webapp/translations/{}/LC_MESSAGES/messages.po",
    "matcher/translations/{}/LC_MESSAGES/matcher.po",
)


def guide(language: str) -> str:
    return GUIDES[language].read_text(encoding="utf-8")


def names_in(text: str) -> set[str]:
    """What a guide quotes: **[a button]** or *[other words of a page]*."""
    return set(re.findall(r"\*\[([^\]]+)\]\*", text))


def sections(language: str) -> list[str]:
    """The guide, cut before each of its headings."""
    return re.split(r"^(?=#)", guide(language), flags=re.MULTILINE)[1:]


def as_quoted(text: str) -> str:
    """A text of a catalogue as a guide quotes it: "…" for what is filled in, a capital to begin with."""
    plain = re.sub(r"%\(\w+\)s\.?", "…", text)
    return plain[:1].upper() + plain[1:]


def _forms(text: Any) -> tuple[str, ...]:
    return (text,) if isinstance(text, str) else tuple(text)


@cache
def translations(language: str) -> dict[str, set[str]]:
    """Every text of the pages, and of the engine, with what it is in a language of the catalogues."""
    found: dict[str, set[str]] = {}
    for catalogue in CATALOGUES:
        with (ROOT / catalogue.format(language)).open("rb") as file:
            messages = [message for message in read_po(file) if message.id]
        for message in messages:
            for id_, text in zip(_forms(message.id), _forms(message.string), strict=True):
                found.setdefault(as_quoted(id_), set()).add(as_quoted(text))
    return found


def known_names(language: str) -> set[str]:
    if language == "en":
        return set.intersection(*(set(translations(language)) for language in TRANSLATED))
    return set().union(*translations(language).values()) - {""}


@pytest.mark.parametrize("language", GUIDES)
def test_every_quoted_name_stands_on_a_page(language: str) -> None:
    quoted = {as_quoted(name) for name in names_in(guide(language))}
    assert len(quoted) > 50
    assert sorted(quoted - known_names(language)) == []


@pytest.mark.parametrize("language", TRANSLATED)
def test_the_guides_have_the_same_headings(language: str) -> None:
    levels = [len(part) - len(part.lstrip("#")) for part in sections("en")]
    assert [len(part) - len(part.lstrip("#")) for part in sections(language)] == levels


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_section_quotes_the_same_names_in_every_language(language: str) -> None:
    for english, other in zip(sections("en"), sections(language), strict=True):
        heading, left = other.splitlines()[0], {as_quoted(name) for name in names_in(other)}
        for name in names_in(english):
            here = translations(language).get(as_quoted(name), set()) & left
            assert here, f"{heading}: {name}"
        assert len(names_in(english)) == len(left), heading
        assert english.count("\n|") == other.count("\n|"), heading


@pytest.mark.parametrize("language", GUIDES)
def test_a_guide_begins_with_the_way_to_the_others(language: str) -> None:
    first = guide(language).splitlines()[0]
    assert {path.name for code, path in GUIDES.items() if code != language} == set(
        re.findall(r"\(([^)]+)\)", first)
    )


@pytest.mark.parametrize("text", [text for name, text in REASONS.items() if name != "wanted"])
def test_every_reason_of_an_open_wish_is_explained(text: str) -> None:
    assert as_quoted(text) in {as_quoted(name) for name in names_in(guide("en"))}


@pytest.mark.parametrize("reason", MESSAGES)
def test_every_refusal_is_explained(reason: str) -> None:
    assert str(MESSAGES[reason]) in names_in(guide("en"))
