"""What people read about how good a plan is."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from flask_babel import force_locale

from webapp.runs.sentences import proof_text

FIGURES: dict[str, Any] = {"objective": 3.0, "bound": 4.0, "status": "feasible", "candidates_left_out": 0}


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
        ({"candidates_left_out": 1, "is_whole": False}, "en", "the proof does not speak of it."),
        ({"candidates_left_out": 2, "is_whole": False}, "en", "the proof does not speak of them."),
        ({"candidates_left_out": 2, "is_whole": False}, "de", "der Beweis spricht nicht von ihnen."),
        ({"candidates_left_out": 2, "is_whole": True}, "nl", "het bewijs geldt ook daarvoor."),
    ],
)
def test_the_proof_says_what_it_covers(
    sqlite_app: Flask, changes: dict[str, Any], language: str, sentence: str
) -> None:
    with sqlite_app.test_request_context(), force_locale(language):
        assert sentence in proof_text(FIGURES | changes)
