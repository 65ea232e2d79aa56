"""A solved market that changes: rows come and go, places and edges change, and little is solved again."""

from __future__ import annotations

import numpy as np

from matcher._compiled import kernel
from matcher.assignment._methods.auction.dijkstra import FAR, Search, new_search
from matcher.assignment._methods.auction.excess import route_excess
from matcher.assignment._methods.auction.holdings import Holdings, give_up
from matcher.assignment._methods.auction.market import Ints, Market
from matcher.assignment._methods.auction.row_choices import choose_best, lower_group_prices
from matcher.assignment._methods.auction.vacancies import (
    LOW_HALF,
    IncomingEdges,
    appraise_holdings,
    fill_vacancies,
    find_incoming_edges,
)

# Arrays grow by this share and number at once.
SPARE_SHARE, SPARE = 0.25, 1024


class GrowingArray:
    """An array with room behind it."""

    def __init__(self, values: Ints) -> None:
        self.used = self._whole = values
        self.add(values[:0], at_least=len(values) + 1)

    def add(self, values: Ints, at_least: int = 0) -> Ints:
        """Put values behind those there are; O(values), now and then O(all)."""
        size = len(self.used) + len(values)
        if max(size, at_least) > len(self._whole):
            self._whole = np.empty(int(size * (1 + SPARE_SHARE)) + SPARE, self.used.dtype)
            self._whole[: len(self.used)] = self.used
        self._whole[len(self.used) : size] = values
        self.used = self._whole[:size]
        return self.used


class DynamicMarket:
    """A market, its holdings and whatever searching them needs, kept from one change to the next."""

    def __init__(self, market: Market, holdings: Holdings) -> None:
        self.market, self.holdings = market, holdings
        self.search = new_search(self.market)
        n_nodes, n_edges = len(market.capacity), len(market.node)
        self.incoming = find_incoming_edges(market, holdings, np.ones(n_nodes, np.bool_))._replace(
            earlier=np.full(n_edges, -1, np.int64), later_row=np.zeros(n_edges, np.int32)
        )
        self._price = holdings.price.copy()  # at which holdings were appraised
        self._sources = np.empty(n_nodes, np.int64)
        self._growing: dict[str, GrowingArray] = {}
        self._values = np.empty(self.market.most_edges, np.int64)
        # Nobody comes, and the first who do will not have to wait for new arrays.
        self.add(_nobody(self.market))

    def settle(self, changed_rows: Ints) -> None:
        """Make the choice optimal again after places have changed, and the edges of some rows."""
        held = self.holdings.unit_edge.copy()
        self._choose_again(changed_rows, held)
        if len(self.market.group_start) <= len(self.market.capacity):
            is_cheaper = np.zeros(len(self.market.capacity), np.bool_)
            while lower_group_prices(self.market, self.holdings, is_cheaper):
                self._choose_again(self._rows_into(np.flatnonzero(is_cheaper)), held)
        # Those who chose again have been appraised, and with them all at nodes that became cheaper.
        held[:], self._price[:] = self.holdings.unit_edge, self.holdings.price
        _balance(self.market, self.holdings, self.search, self.incoming, held, self._price, self._sources)

    def _rows_into(self, nodes: Ints) -> Ints:
        into = self.incoming
        rows = [into.edge_and_row[into.start[node] : into.start[node + 1]] & LOW_HALF for node in nodes]
        for node in nodes.tolist():
            edge = int(into.later[node])
            while edge >= 0:
                rows.append(into.later_row[edge : edge + 1])
                edge = int(into.earlier[edge])
        return np.unique(np.concatenate(rows)).astype(np.int64)

    def _choose_again(self, rows: Ints, before: Ints) -> None:
        if len(rows):
            _choose_rows(self.market, self.holdings, before, self._values, rows)
            _appraise_rows(self.market, self.holdings, self.incoming.worst, rows)

    def close(self, rows: Ints) -> None:
        """Rows leave: they give up what they hold and want nothing more."""
        if len(rows):
            _close_rows(self.market, self.holdings, rows)
            self.incoming.worst[rows] = FAR  # and nobody need ask them

    def add(self, come: Market) -> Ints:
        """The rows of another market come, holding nothing yet; returns their numbers."""
        there = self.market
        n_rows, n_edges, n_units = len(there.bonus), len(there.node), len(there.unit_row)
        grown = self._grown
        n_new, n_kinds = len(come.bonus), there.n_kinds
        self.market = there._replace(
            edge_start=grown("edge_start", there.edge_start, come.edge_start[1:] + n_edges),
            node=grown("node", there.node, come.node),
            weight=grown("weight", there.weight, come.weight),
            slot=grown("slot", there.slot, come.slot),
            bonus=grown("bonus", there.bonus, come.bonus),
            unit_start=grown("unit_start", there.unit_start, come.unit_start[1:] + n_units),
            unit_row=grown("unit_row", there.unit_row, come.unit_row + n_rows),
            kind_limit=grown("kind_limit", there.kind_limit, come.kind_limit),
            most_edges=max(there.most_edges, come.most_edges),
        )
        holdings = self.holdings
        none = np.full(len(come.unit_row), -1, np.int64)
        self.holdings = holdings._replace(
            unit_edge=grown("unit_edge", holdings.unit_edge, none),
            held=grown("held", holdings.held, np.zeros(len(come.node), np.uint8)),
            kind_room=grown("kind_room", holdings.kind_room, come.kind_limit),
            after=grown("after", holdings.after, none),
            before=grown("before", holdings.before, none),
        )
        far = np.full(n_new * n_kinds, FAR, np.int64)
        self.search = self.search._replace(
            row_label=grown("row_label", self.search.row_label, far[:n_new]),
            kind_label=grown("kind_label", self.search.kind_label, far),
            rows=grown("rows", self.search.rows, far),
        )
        row_of = np.repeat(np.arange(n_rows, n_rows + n_new), np.diff(come.edge_start[::n_kinds]))
        into = self.incoming
        self.incoming = into._replace(
            earlier=grown("earlier", into.earlier, np.full(len(come.node), -1)),
            later_row=grown("later_row", into.later_row, row_of),
            worst=grown("worst", into.worst, far[:n_new]),
        )
        _link(come.node, n_edges, self.incoming.later, self.incoming.earlier)
        if len(self._values) < self.market.most_edges:
            self._values = np.empty(self.market.most_edges, np.int64)
        return np.arange(n_rows, n_rows + n_new)

    def _grown(self, name: str, there: Ints, more: Ints) -> Ints:
        if name not in self._growing:
            self._growing[name] = GrowingArray(there)
        return self._growing[name].add(more)

    def snapshot(self) -> tuple[Ints, ...]:
        """A copy of what changes, but for what follows from it."""
        return tuple(array.copy() for array in self._changing())

    def restore(self, earlier: tuple[Ints, ...]) -> None:
        """Put a copy back, of the same rows."""
        self.holdings.held[self.holdings.unit_edge[self.holdings.unit_edge >= 0]] = 0
        for here, there in zip(self._changing(), earlier, strict=True):
            here[:] = there
        self.holdings.held[self.holdings.unit_edge[self.holdings.unit_edge >= 0]] = 1

    def _changing(self) -> tuple[Ints, ...]:
        holdings = self.holdings._replace(held=self.holdings.head)
        return *holdings, self.market.capacity, self.incoming.worst, self._price


def _nobody(market: Market) -> Market:
    """The same places without any rows."""
    first = np.zeros(1, np.int64)
    arrays = ("node", "weight", "slot", "bonus", "unit_row", "kind_limit")
    empty = {name: getattr(market, name)[:0] for name in arrays}
    return market._replace(edge_start=first, unit_start=first, **empty)


@kernel
def _balance(
    market: Market, holdings: Holdings, search: Search, incoming: IncomingEdges,
    held: Ints, price: Ints, sources: Ints,
) -> None:  # fmt: skip
    """As `balance`, with what rows gain kept up to date: now it is of what units `held`, at `price`."""
    n_columns = len(market.group_start) - 1
    for low, high in ((n_columns, len(market.capacity)), (0, n_columns)):
        n_sources = 0
        for node in range(low, high):
            if holdings.load[node] > market.capacity[node]:
                sources[n_sources] = node
                n_sources += 1
        route_excess(market, holdings, search, sources[:n_sources])
    _appraise_changed(market, holdings, incoming.worst, held, price)
    n_sources = 0
    for column in range(n_columns):
        if holdings.load[column] < market.capacity[column] and holdings.price[column] > 0:
            sources[n_sources] = column
            n_sources += 1
    if n_sources > 0:
        fill_vacancies(market, holdings, search, incoming, sources[:n_sources])
        _appraise_changed(market, holdings, incoming.worst, held, price)


@kernel
def _appraise_changed(market: Market, holdings: Holdings, worst: Ints, held: Ints, price: Ints) -> None:
    """Appraise again what rows hold that hold something else, or at another price."""
    for node in range(len(market.capacity)):
        if holdings.price[node] != price[node]:
            price[node] = holdings.price[node]
            unit = holdings.head[node]
            while unit >= 0:
                appraise_holdings(market, holdings, worst, market.unit_row[unit], market.unit_row[unit] + 1)
                unit = holdings.after[unit]
    for unit in range(len(held)):
        if holdings.unit_edge[unit] != held[unit]:
            held[unit] = holdings.unit_edge[unit]
            row = market.unit_row[unit]
            if worst[row] < FAR:
                appraise_holdings(market, holdings, worst, row, row + 1)


@kernel
def _appraise_rows(market: Market, holdings: Holdings, worst: Ints, rows: Ints) -> None:
    for r in range(len(rows)):
        appraise_holdings(market, holdings, worst, rows[r], rows[r] + 1)


@kernel
def _choose_rows(market: Market, holdings: Holdings, preferred: Ints, values: Ints, rows: Ints) -> None:
    for r in range(len(rows)):
        row = rows[r]
        for unit in range(market.unit_start[row], market.unit_start[row + 1]):
            if holdings.unit_edge[unit] >= 0:
                give_up(market, holdings, unit)
    for r in range(len(rows)):
        choose_best(market, holdings, preferred, values, rows[r], rows[r] + 1)


@kernel
def _close_rows(market: Market, holdings: Holdings, rows: Ints) -> None:
    for r in range(len(rows)):
        row = rows[r]
        for unit in range(market.unit_start[row], market.unit_start[row + 1]):
            if holdings.unit_edge[unit] >= 0:
                give_up(market, holdings, unit)
        for at in range(row * market.n_kinds, (row + 1) * market.n_kinds):
            holdings.kind_room[at] = 0


@kernel
def _link(node: Ints, first: int, later: Ints, earlier: Ints) -> None:
    for e in range(len(node)):
        earlier[first + e] = later[node[e]]
        later[node[e]] = first + e
