"""Figures of answers in words: worth, shares, gaps, weeks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from babel.lists import format_list
from flask_babel import format_decimal, format_percent, get_locale, ngettext
from flask_babel import gettext as _

from webapp.profiles.hours import weeks_text

NAMED = 3
"""So many people are named; of more it is said how many."""


def cost_text(moved: Sequence[Mapping[str, Any]]) -> str:
    """What coupling two would mean for others, in one sentence with people in it.

    Parameters
    ----------
    moved : sequence of mapping
        Of everybody else whose proposals would change: `newcomer`, `before` and `after`, the offers or None.
    """
    losers = [move["newcomer"] for move in moved if move["after"] is None]
    n_others = sum(move["before"] is not None and move["after"] is not None for move in moved)
    n_gain = sum(move["before"] is None for move in moved)
    parts = []
    if losers:
        named = [one.name or one.external_id for one in losers[:NAMED]]
        rest = len(losers) - NAMED
        if rest > 0:
            named.append(ngettext("%(num)s more", "%(num)s more", rest))
        names = format_list(named, locale=get_locale())
        parts.append(
            ngettext("%(names)s would go without.", "%(names)s would go without.", len(losers), names=names)
        )
    if n_others:
        parts.append(
            ngettext(
                "%(num)s person would be proposed something else.",
                "%(num)s people would be proposed something else.",
                n_others,
            )
        )
    if n_gain:
        parts.append(
            ngettext(
                "%(num)s person would get a proposal who has none now.",
                "%(num)s people would get a proposal who have none now.",
                n_gain,
            )
        )
    return " ".join(parts) or _("Nobody else's proposal would change, but all in all it fits less well.")


def comparison_text(share_gap: float, interval: tuple[float, float]) -> str:
    """How people with greater need fare beside the others, in one plain sentence."""
    low, high = interval
    if low <= 0 <= high:
        return _("People with greater need get a proposal about as often as the others.")
    n = round(100 * abs(share_gap))
    if share_gap > 0:
        return ngettext(
            "People with greater need get a proposal more often than the others: %(num)s more in a hundred.",
            "People with greater need get a proposal more often than the others: %(num)s more in a hundred.",
            n,
        )
    return ngettext(
        "People with greater need get a proposal less often than the others: %(num)s fewer in a hundred.",
        "People with greater need get a proposal less often than the others: %(num)s fewer in a hundred.",
        n,
    )


def share_text(share: float | None) -> str:
    """A share of people, or that it is not shown."""
    return _("not shown") if share is None else format_percent(share, "0 %")


def gap_text(difference: float, interval: tuple[float, float]) -> str:
    """How far a share is from another in percentage points, and within which bounds chance leaves it."""
    far, low, high = (format_decimal(round(100 * gap), format="+0;−0") for gap in (difference, *interval))
    return _("%(difference)s (%(low)s to %(high)s)", difference=far, low=low, high=high)


def waited_text(weeks: float | None) -> str:
    """A mean waiting time, or that it is not shown."""
    return _("not shown") if weeks is None else weeks_text(weeks)
