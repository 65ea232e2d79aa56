"""Figures of answers in words: worth, shares, gaps, weeks."""

from __future__ import annotations

from flask_babel import format_decimal, format_percent, ngettext
from flask_babel import gettext as _


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
