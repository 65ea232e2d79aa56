"""How good a plan is proven to be, in words."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from flask_babel import format_decimal, format_percent, ngettext
from flask_babel import gettext as _


def proof_text(figures: Mapping[str, Any]) -> str:
    """How good a plan is proven to be, in plain sentences."""
    value, bound = figures["objective"], figures["bound"]
    worth = format_decimal(round(value, 2))
    if figures["status"] == "optimal":
        text = _("This plan is worth %(value)s. Proven: no other plan is worth more.", value=worth)
    else:
        text = _(
            "This plan is worth %(value)s. Proven: no plan is worth more than %(bound)s, "
            "so this one reaches at least %(percent)s of the best.",
            value=worth,
            bound=format_decimal(round(bound, 2)),
            percent=format_percent(_rounded_down(value / bound), "0.0 %"),
        )
    n_left_out = figures.get("candidates_left_out")
    return (
        f"{text} {_left_out_text(n_left_out, is_whole=figures.get('is_whole', False))}"
        if n_left_out
        else text
    )


def _left_out_text(n_left_out: int, *, is_whole: bool) -> str:
    if is_whole:
        return ngettext(
            "%(num)s pair far down the list took no part; the proof covers it all the same.",
            "%(num)s pairs far down the list took no part; the proof covers them all the same.",
            n_left_out,
        )
    return ngettext(
        "%(num)s pair far down the list took no part, and the proof does not speak of it.",
        "%(num)s pairs far down the list took no part, and the proof does not speak of them.",
        n_left_out,
    )


def _rounded_down(share: float) -> float:
    return math.floor(1000 * share) / 1000
