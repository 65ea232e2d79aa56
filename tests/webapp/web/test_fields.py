"""Fields of schemas: whole numbers within bounds, text that is clean in every script."""

from __future__ import annotations

import pytest

from webapp.web.fields import PageQuery, StrictSchema, bounded_int, clean_text


@pytest.mark.parametrize(
    ("low", "high", "value"), [(0, 10, 11), (0, 10, -1), (0, 10, 1.9), (0, 10, "1_0"), (0, 2**31 - 1, 2**70)]
)
def test_whole_numbers_are_whole_and_bounded(low, high, value):
    schema = StrictSchema.from_dict({"n": bounded_int(low, high)})()

    assert "n" in schema.validate({"n": value})


@pytest.mark.parametrize("query", [{"page": "0"}, {"page_size": "201"}, {"page": "x"}, {"page": str(2**70)}])
def test_pages_are_bounded(query):
    assert PageQuery().validate(query)


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        (" Ana\u0000  Maria ", "Ana Maria"),
        ("a\u202eb", "ab"),
        ("\ud800x", "x"),
        ("نمی\u200cدانم", "نمی\u200cدانم"),
        ("e\u0301", "é"),
    ],
)
def test_text_is_cleaned_and_scripts_keep_their_joiners(text, clean):
    assert clean_text(text) == clean
