"""What people read about how good a plan is."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from flask_babel import force_locale

from webapp.runs.sentences import plan_text, proof_text

FIGURES: dict[str, Any] = {"objective": 3.0, "bound": 4.0, "status": "feasible", "candidates_left_out": 0}


@pytest.mark.parametrize(
    ("changes", "language", "sentence"),
    [
        ({"status": "optimal"}, "en", "All in all, no other plan would serve these people better."),
        ({}, "en", "another plan could serve these people better by 33.4 % at most."),
        ({"bound": 3.0001}, "en", "better by 0.1 % at most."),
        ({"bound": 3.003}, "de", "höchstens um 0,1 % besser"),
        ({"objective": 0.0}, "en", "is not known."),
        (
            {"candidates_left_out": 1},
            "en",
            "1 pair that fits less well took no part; this does not speak of it.",
        ),
        ({"candidates_left_out": 2}, "en", "this does not speak of them."),
        ({"candidates_left_out": 2}, "de", "davon spricht dieser Satz nicht."),
    ],
)
def test_one_plain_sentence_says_how_good_a_plan_is(
    sqlite_app: Flask, changes: dict[str, Any], language: str, sentence: str
) -> None:
    with sqlite_app.test_request_context(), force_locale(language):
        assert sentence in plan_text(FIGURES | {"is_whole": False} | changes)
        assert "worth" not in plan_text(FIGURES | changes)


def test_what_the_proof_covers_needs_no_words_in_the_plain_sentence(sqlite_app: Flask) -> None:
    with sqlite_app.test_request_context(), force_locale("en"):
        assert "took no part" not in plan_text(FIGURES | {"candidates_left_out": 2, "is_whole": True})


@pytest.mark.parametrize(
    ("changes", "language", "sentence"),
    [
        ({"status": "optimal"}, "en", "Proven: no other plan is worth more."),
        ({}, "en", "so this one reaches at least 75.0 % of the best."),
        (
            {"candidates_left_out": 1, "is_whole": True},
            "en",
            "1 pair far down the list took no part; the proof covers it",
        ),
        ({"candidates_left_out": 2, "is_whole": True}, "en", "the proof covers them all the same."),
        ({"candidates_left_out": 2, "is_whole": False}, "en", "this does not speak of them."),
        ({"candidates_left_out": 2, "is_whole": True}, "nl", "het bewijs geldt ook daarvoor."),
    ],
)
def test_the_figures_say_what_is_proven(
    sqlite_app: Flask, changes: dict[str, Any], language: str, sentence: str
) -> None:
    with sqlite_app.test_request_context(), force_locale(language):
        assert sentence in proof_text(FIGURES | changes)
