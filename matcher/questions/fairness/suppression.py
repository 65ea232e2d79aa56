"""Which counts are not shown: small ones, and those that would give these away. Nobody is pointed at."""

from __future__ import annotations

import numpy as np

from matcher.pairs.encoding import BoolArray, IntArray

FEWEST = 5
"""A group, or a part of one, with fewer people than this is not reported on."""


def suppress(counts: IntArray, blocks: BoolArray, hidden: BoolArray | None = None) -> BoolArray:
    """Which groups must not be shown, so that no count of 1 to 4 is seen, or found by subtraction.

    Parameters
    ----------
    counts : ndarray of int64, shape (k, c)
        Of each group: how many people, and how many of each part they fall into. Column sums are public.
    blocks : ndarray of bool, shape (k,)
        Groups of two blocks, of each of which the sums are public.
    hidden : ndarray of bool, shape (k,), optional
        Groups that are hidden for another reason.

    Returns
    -------
    ndarray of bool, shape (k,)

    Notes
    -----
    Primary: a group with a count of 1 to 4. Secondary, a block at a time: as long as the hidden ones
    together have a count of 1 to 9 (one alone always has), the smallest group that is shown is hidden too,
    and with it those of the same size. Nine and not four, and all of the same size: somebody who knows
    this rule could else tell what it hides (two groups that have 8 together would be 4 and 4). O(k^2).

    Examples
    --------
    >>> counts = np.array([[40], [3], [7], [12]])
    >>> suppress(counts, np.zeros(4, bool)).tolist()
    [False, True, True, False]
    """
    size = counts[:, 0]
    is_hidden = np.asarray(is_small(counts).any(axis=1), np.bool_)
    if hidden is not None:
        is_hidden |= hidden
    for block in (blocks, ~blocks):
        while _can_be_found(counts[is_hidden & block]) and not is_hidden[block].all():
            shown = block & ~is_hidden
            is_hidden |= shown & (size == size[shown].min())
    return is_hidden


def _can_be_found(counts_hidden: IntArray) -> bool:
    together = counts_hidden.sum(axis=0)
    return bool(((together > 0) & (together < 2 * FEWEST)).any())


def is_small(counts: IntArray) -> BoolArray:
    return (counts > 0) & (counts < FEWEST)
