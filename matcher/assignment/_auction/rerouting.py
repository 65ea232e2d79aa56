"""Puts right which nodes are too full, or empty and yet not free. How a path is found is in its own file."""

from __future__ import annotations

import numpy as np

from matcher.assignment._auction.books import Books
from matcher.assignment._auction.drawing_in import Entrances, draw_in, find_entrances
from matcher.assignment._auction.making_room import make_room
from matcher.assignment._auction.market import Market
from matcher.assignment._auction.search import Search, open_search
from matcher.assignment._clock import Clock

NODES_AT_ONCE = 256


def reroute(
    market: Market,
    books: Books,
    clock: Clock,
    search: Search | None = None,
    entrances: Entrances | None = None,
) -> bool:
    """Put right every node that holds too many, or has room and yet a price; whether there was time to.

    Before, every row holds what is best for it at the prices; afterwards the choice is optimal: every row
    still does, no node holds too many, and whatever has room is free.
    """
    search = search or open_search(market)
    n_columns = len(market.group_start) - 1
    # What is too much for a group never got into its column; it may get there on a path: groups first.
    for low, high in ((n_columns, len(market.capacity)), (0, n_columns)):
        too_full = low + np.flatnonzero(books.load[low:high] > market.capacity[low:high])
        for first in range(0, len(too_full), NODES_AT_ONCE):
            if clock.is_over:
                return False
            make_room(market, books, search, too_full[first : first + NODES_AT_ONCE])
    has_room = books.load[:n_columns] < market.capacity[:n_columns]
    too_dear = np.flatnonzero(has_room & (books.price[:n_columns] > 0))
    if not len(too_dear):
        return True
    # Prices only fall now, and where one is nothing, a path ends: nobody asks who else could come there.
    entrances = entrances or find_entrances(market, books, books.price > 0)
    for first in range(0, len(too_dear), NODES_AT_ONCE):
        if clock.is_over:
            return False
        draw_in(market, books, search, entrances, too_dear[first : first + NODES_AT_ONCE])
    return True
