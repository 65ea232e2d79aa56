"""How good a plan is: in a plain sentence, and what is proven of it in figures."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from flask_babel import format_decimal, format_percent, ngettext
from flask_babel import gettext as _


def plan_text(figures: Mapping[str, Any]) -> str:
    """How good a plan is for everybody together, in one plain sentence."""
    value, bound = figures["objective"], figures["bound"]
    n_left_out, is_whole = _left_out(figures)
    if figures["status"] == "optimal":
        text = _("All in all, no other plan would serve these people better.")
    elif value > 0:
        text = _(
            "All in all, another plan could serve these people better by %(percent)s at most.",
            percent=format_percent(_rounded_up((bound - value) / value), "0.0 %"),
        )
    else:
        text = _("Whether another plan would serve these people better is not known.")
    if n_left_out and not is_whole:
        text = f"{text} {_left_out_text(n_left_out, is_whole=False)}"
    return text


def proof_text(figures: Mapping[str, Any]) -> str:
    """How good a plan is proven to be, in figures."""
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
    n_left_out, is_whole = _left_out(figures)
    return f"{text} {_left_out_text(n_left_out, is_whole=is_whole)}" if n_left_out else text


def _left_out(figures: Mapping[str, Any]) -> tuple[int, bool]:
    return figures.get("candidates_left_out", 0), figures.get("is_whole", False)


def _left_out_text(n_left_out: int, *, is_whole: bool) -> str:
    if is_whole:
        return ngettext(
            "%(num)s pair far down the list took no part; the proof covers it all the same.",
            "%(num)s pairs far down the list took no part; the proof covers them all the same.",
            n_left_out,
        )
    return ngettext(
        "%(num)s pair that fits less well took no part; this does not speak of it.",
        "%(num)s pairs that fit less well took no part; this does not speak of them.",
        n_left_out,
    )


def _rounded_up(share: float) -> float:
    return math.ceil(1000 * share - 1e-9) / 1000


def _rounded_down(share: float) -> float:
    return math.floor(1000 * share) / 1000
