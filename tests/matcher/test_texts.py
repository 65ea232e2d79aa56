"""The engine's texts: every one that people read is marked, and stands translated in each catalogue."""

from __future__ import annotations

from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

import matcher
from matcher.pairs.criteria import CRITERIA
from matcher.pairs.eligibility import RULES
from matcher.planning.unmatched import REASONS
from matcher.questions.explanation import CHANGE_REASONS
from matcher.records.vocabulary import LANGUAGES

ENGINE = Path(matcher.__file__).parent
TRANSLATED = LANGUAGES[1:]
SHOWN = {
    *(rule.text for rule in RULES),
    *(criterion.text for criterion in CRITERIA),
    *REASONS.values(),
    *CHANGE_REASONS.values(),
}


@pytest.fixture(scope="module")
def marked() -> set[str]:
    return {str(found[2]) for found in extract_from_dir(ENGINE)}


@pytest.fixture(params=TRANSLATED)
def catalogue(request: pytest.FixtureRequest) -> Catalog:
    path = ENGINE / "translations" / request.param / "LC_MESSAGES" / "matcher.po"
    with path.open("rb") as stream:
        return read_po(stream, locale=request.param)


def test_every_text_that_people_read_is_marked(marked: set[str]) -> None:
    assert SHOWN - marked == set()


def test_a_catalogue_holds_the_marked_texts_and_no_others(catalogue: Catalog, marked: set[str]) -> None:
    assert {message.id for message in catalogue if message.id} == marked
    assert not catalogue.obsolete


def test_every_text_is_translated(catalogue: Catalog) -> None:
    texts = [message for message in catalogue if message.id]
    assert [text.id for text in texts if not text.string or text.fuzzy] == []


def test_no_two_texts_look_alike(catalogue: Catalog) -> None:
    texts = [message.string for message in catalogue if message.id]
    assert len(set(texts)) == len(texts)


def test_texts_can_stand_in_a_list_or_in_brackets(catalogue: Catalog) -> None:
    for message in catalogue:
        if message.id:
            assert not {message.id[-1], message.string[-1]} & set(".:;, ")
