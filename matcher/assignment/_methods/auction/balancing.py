"""Balances nodes by successive shortest paths: which are too full, or empty and yet not free. Not how."""

from __future__ import annotations

import numpy as np

from matcher.assignment._clock import Clock
from matcher.assignment._methods.auction.dijkstra import Search, new_search
from matcher.assignment._methods.auction.excess import route_excess
from matcher.assignment._methods.auction.holdings import Holdings
from matcher.assignment._methods.auction.market import Market
from matcher.assignment._methods.auction.vacancies import IncomingEdges, fill_vacancies, find_incoming_edges

NODES_AT_ONCE = 256


def balance(
    market: Market,
    holdings: Holdings,
    clock: Clock,
    search: Search | None = None,
    incoming: IncomingEdges | None = None,
) -> bool:
    """Put right every node that holds too many, or has room and yet a price; whether there was time to.

    Before, every row holds what is best for it at the prices; afterwards the choice is optimal: every row
    still does, no node holds too many, and whatever has room is free.
    """
    search = search or new_search(market)
    n_columns = len(market.group_start) - 1
    # What is too much for a group never got into its column; it may get there on a path: groups first.
    for low, high in ((n_columns, len(market.capacity)), (0, n_columns)):
        too_full = low + np.flatnonzero(holdings.load[low:high] > market.capacity[low:high])
        for first in range(0, len(too_full), NODES_AT_ONCE):
            if clock.is_over:
                return False
            route_excess(market, holdings, search, too_full[first : first + NODES_AT_ONCE])
    has_room = holdings.load[:n_columns] < market.capacity[:n_columns]
    too_dear = np.flatnonzero(has_room & (holdings.price[:n_columns] > 0))
    if not len(too_dear):
        return True
    # Prices only fall now, and where one is nothing, a path ends: nobody asks who else could come there.
    incoming = incoming or find_incoming_edges(market, holdings, holdings.price > 0)
    for first in range(0, len(too_dear), NODES_AT_ONCE):
        if clock.is_over:
            return False
        fill_vacancies(market, holdings, search, incoming, too_dear[first : first + NODES_AT_ONCE])
    return True
