"""Offers as bits, by what a newcomer may bring: a claim, an age, a language, an hour. Whole words at once."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from matcher._compiled import inlined
from matcher.pairs._kernels.hours import WORD_BITS, ones_in

Array = NDArray[Any]


class Steps(NamedTuple):
    """Offers by a limit they set: those with this value, or one before."""

    value: Array  # (V,) float64, ascending
    offers: Array  # (V, M) uint64


class Masks(NamedTuple):
    """Bit j of every mask is offer j; M words hold all of them."""

    denying: Array  # (bits, M) uint64: by bit of the claims
    age_min: Steps
    age_max: Steps  # by the negative limit
    asking: Array  # (languages, levels, M): towns of this language that ask for this level or less
    asked: Array  # (A,) int64: the languages there are any of
    speaking: Array  # (languages, M): mentors and neighbours who ask for no level but speak this language
    easy: Array  # (M,): associations that ask for no level
    at_session: Array  # (S, M): associations, by their sessions
    at_run: Array  # (HALF_HOURS, M): people who are free for a common hour from here, by half hours
    any_time: Array  # (M,): no hours are known
    mixed: Array  # (G, M): no place left for people of this first language; G is 0 where nobody has a limit


def n_words(n_bits: int) -> int:
    """How many words hold so many bits."""
    return -(-n_bits // WORD_BITS)


def as_masks(flags: Array) -> Array:
    """Rows of flags as words, shape (..., M): bit j of a row is its column j."""
    width = n_words(flags.shape[-1]) * WORD_BITS
    padded = np.zeros((*flags.shape[:-1], width), np.bool_)
    padded[..., : flags.shape[-1]] = flags
    return np.packbits(padded, axis=-1, bitorder="little").view(np.uint64)


def as_flags(words: Array) -> Array:
    """Words of bits as flags, shape (..., WORD_BITS M)."""
    return np.unpackbits(words.view(np.uint8), axis=-1, bitorder="little").astype(np.bool_)


def steps_up(limits: Array) -> Steps:
    """Offers by a lower limit."""
    values = np.unique(limits)
    return Steps(values, as_masks(limits <= values[:, None]))


@inlined
def first_bit(word: Any) -> Any:
    """The place of the lowest bit that is set."""
    return ones_in((word & (~word + np.uint64(1))) - np.uint64(1))


@inlined
def at_step(steps: Steps, value: float) -> int:
    """The row of those whose limit is no more than this; -1 for nobody."""
    at = -1
    while at + 1 < len(steps.value) and steps.value[at + 1] <= value:
        at += 1
    return at
