"""How long a way takes, and how far one gets: minutes by the quickest own means of transport. No people."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from matcher.records.sections import Travel
from matcher.records.vocabulary import MODES

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]


def travel_minutes(distance_km: FloatArray, modes: BoolArray, travel: Travel) -> FloatArray:
    """Minutes door to door by the quickest of a person's own means of transport.

    minutes = min over modes of  fixed + 60 detour distance / speed, see `matcher.pairs.policy.Travel`.

    Parameters
    ----------
    distance_km : ndarray of float64, shape (p,)
        As the crow flies; NaN where a point is not known.
    modes : ndarray of bool, shape (p, 4)
        Which of `vocabulary.MODES` the person uses; at least one a row.
    travel : Travel

    Returns
    -------
    ndarray of float64, shape (p,)
        NaN where the distance is NaN.

    Examples
    --------
    >>> travel_minutes(np.array([2.0]), np.array([[True, True, False, False]]), Travel()).round(1)
    array([12.4])
    """
    minutes = np.full(distance_km.shape, np.inf)
    for column, mode in enumerate(MODES):
        fixed, per_km = pace(mode, travel)
        np.minimum(minutes, np.where(modes[:, column], fixed + per_km * distance_km, np.inf), out=minutes)
    return np.where(np.isnan(distance_km), np.nan, minutes)


def reach_km(minutes: FloatArray, modes: BoolArray, travel: Travel) -> FloatArray:
    """How far, as the crow flies, a person gets in so many minutes: the inverse of `travel_minutes`.

    Parameters
    ----------
    minutes : ndarray of float64, shape (n,)
    modes : ndarray of bool, shape (n, 4)
    travel : Travel

    Returns
    -------
    ndarray of float64, shape (n,)
        Kilometres; 0 where nothing is in reach.
    """
    reach = np.zeros(minutes.shape)
    for column, mode in enumerate(MODES):
        fixed, per_km = pace(mode, travel)
        np.maximum(reach, np.where(modes[:, column], (minutes - fixed) / per_km, 0.0), out=reach)
    return reach


def pace(mode: str, travel: Travel) -> tuple[float, float]:
    """Fixed minutes and minutes a kilometre (as the crow flies) of a mode."""
    return getattr(travel, f"{mode}_fixed_minutes"), 60 * travel.detour / getattr(travel, f"{mode}_kmh")
