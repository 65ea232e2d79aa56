"""Numbers of a pair and of a run in words: how far, how long, how many, how well, how sure."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from flask_babel import format_decimal, format_percent, ngettext
from flask_babel import gettext as _

from webapp.offers.models import Offer


def points(score: float) -> int:
    """A score as points of a hundred."""
    return round(100 * score)


def waiting_text(weeks: int) -> str:
    """How long somebody has waited, in words."""
    if weeks == 0:
        return _("new this week")
    return ngettext("waiting for %(num)s week", "waiting for %(num)s weeks", weeks)


def way_text(minutes: float | None, distance_km: float | None) -> str:
    """How far it is, in words."""
    if minutes is None or distance_km is None:
        return _("way not known")
    km = format_decimal(max(0.1, round(distance_km, 1)), format="0.0")
    return _("%(minutes)s min, %(km)s km", minutes=round(minutes), km=km)


def free_text(offer: Offer) -> str:
    """How many places are free, in words."""
    if offer.free <= 0:
        return _("no place free")
    return ngettext("%(num)s place free", "%(num)s places free", offer.free)


def difference_text(score: float, other: float) -> str:
    """How a score compares with another, in points of a hundred as they are shown."""
    difference = points(score) - points(other)
    if difference == 0:
        return _("as good")
    if difference > 0:
        return ngettext("%(num)s point more", "%(num)s points more", difference)
    return ngettext("%(num)s point less", "%(num)s points less", -difference)


def worth_text(worth: float) -> str:
    """What something is worth to the plan, in points of a hundred."""
    return _("%(points)s points", points=format_decimal(round(100 * worth, 1)))


def share_text(share: float | None) -> str:
    """A share of people, or that it is not shown."""
    return _("not shown") if share is None else format_percent(share, "0 %")


def gap_text(difference: float, interval: tuple[float, float]) -> str:
    """How far a share is from another in percentage points, and within which bounds chance leaves it."""
    far, low, high = (format_decimal(round(100 * gap), format="+0;−0") for gap in (difference, *interval))
    return _("%(difference)s (%(low)s to %(high)s)", difference=far, low=low, high=high)


def weeks_text(weeks: float | None) -> str:
    """A mean waiting time, or that it is not shown."""
    if weeks is None:
        return _("not shown")
    return ngettext("%(num)s week", "%(num)s weeks", round(weeks))


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
