"""Numbers of a pair in words: how far, how long, how many, how well."""

from __future__ import annotations

from flask_babel import format_decimal, ngettext
from flask_babel import gettext as _

from webapp.offers.models import Offer
from webapp.profiles.hours import weeks_text


def points(score: float) -> int:
    """A score as points of a hundred."""
    return round(100 * score)


def waiting_text(weeks: int) -> str:
    """How long somebody has waited, in words."""
    if weeks == 0:
        return _("new this week")
    return _("waiting for %(time)s", time=weeks_text(weeks))


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
    """How a score compares with another, in the numbers of a hundred that are shown."""
    difference = points(score) - points(other)
    if difference == 0:
        return _("as good")
    if difference > 0:
        return _("fits better by %(num)s of 100", num=difference)
    return _("fits less well by %(num)s of 100", num=-difference)
