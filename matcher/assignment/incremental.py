"""A solved assignment that stays open for "what if": it changes, and says what that changes."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse import csr_array, vstack

from matcher.assignment._arrays.entries import entries_of
from matcher.assignment._arrays.prices import Prices
from matcher.assignment._arrays.scaling import LEAST_DIGITS
from matcher.assignment._clock import Clock
from matcher.assignment._methods.auction.dynamic_market import DynamicMarket, GrowingArray
from matcher.assignment._methods.auction.holdings import empty_holdings
from matcher.assignment._methods.auction.market import (
    CLOSED_FACTOR,
    MOST_PLACES,
    BuiltMarket,
    build_market,
    edge_of_entry,
)
from matcher.assignment._methods.auction.method import are_many, fill_anew, fill_holdings
from matcher.assignment._methods.auction.row_prices import price_rows, prices_of
from matcher.assignment._methods.registry import WHY, run
from matcher.assignment._methods.solution import Start
from matcher.assignment.problem import AssignmentProblem, BoolArray, FloatArray, IntArray
from matcher.assignment.result import AssignmentResult
from matcher.exceptions import InvalidProblemError

Pair = tuple[int, int]


@dataclass(frozen=True, eq=False)
class AssignmentChange:
    """What changing a session changed.

    Attributes
    ----------
    objective : float
        Value afterwards, as of `AssignmentResult`.
    gain : float
        How much it rose; negative where it fell.
    added, dropped : int array, shape (p, 2)
        Pairs that are chosen now and were not, and the other way round; in lexicographic order.
    rows : int array
        Numbers of the rows that were added.
    """

    objective: float
    gain: float
    added: IntArray
    dropped: IntArray
    rows: IntArray


class AssignmentSession:
    """An optimal choice that is kept optimal while places, rows and allowed pairs change.

    Parameters
    ----------
    problem : AssignmentProblem
        With slots of one kind at most.
    warm_start : AssignmentResult, optional
        As for `solve`.

    Raises
    ------
    InvalidProblemError
        Where several kinds have slots: such a problem is no flow.

    Notes
    -----
    Solving the problem takes as long as `solve`. A change then takes about as long as the rows it touches,
    and those that have to move, are worth: it begins with the prices there are. The objective after each
    change is the optimum of the changed problem; `result` proves it.

    Rows keep their numbers: new ones are numbered on, and one that left has no demand.

    Examples
    --------
    >>> import numpy as np
    >>> from scipy.sparse import csr_array
    >>> from matcher.assignment import AssignmentProblem, AssignmentSession
    >>> scores = csr_array(np.array([[0.75, 0.5], [0.5, 0.125]]))
    >>> session = AssignmentSession(AssignmentProblem(scores, capacity=[1, 1]))
    >>> insisting = session.what_if(force=[(0, 0)])
    >>> insisting.gain, insisting.added.tolist(), insisting.dropped.tolist()
    (-0.125, [[0, 0], [1, 1]], [[0, 1], [1, 0]])
    >>> session.change(capacity={0: 2}).gain
    0.25
    """

    def __init__(self, problem: AssignmentProblem, warm_start: AssignmentResult | None = None) -> None:
        if not problem.slots_are_laminar:
            raise InvalidProblemError("slots: expected columns of one kind with slots, got several kinds")
        start = None if warm_start is None else Start.of(problem, warm_start)
        self._forced: set[Pair] = set()
        self._banned: set[Pair] = set()
        self._left: set[int] = set()
        self._open(problem, start)

    def _open(self, problem: AssignmentProblem, start: Start | None) -> None:
        built = build_market(problem, every_limit=True)
        holdings = empty_holdings(built.market)
        fill_holdings(problem, built, holdings, start, Clock())
        weight = built.market.weight.copy()  # changes with what is banned and forced
        self._dynamic = DynamicMarket(built.market._replace(weight=weight), holdings)
        self._scale = built.scale
        self._capacity = problem.capacity.copy()
        self._blocks = [_Block(0, 0, problem, built)]
        self._scores = GrowingArray(_scores_of(problem, built))
        self._columns = GrowingArray(_columns_of(problem, built))
        self._bonus = GrowingArray(
            np.zeros(problem.n_rows) if problem.row_bonus is None else problem.row_bonus
        )
        self._restricted = np.zeros(problem.scores.nnz, np.bool_)
        self._objective = self._value()

    @property
    def objective(self) -> float:
        """Value of the choice there is now, without what insisting on pairs counts for."""
        return self._objective

    @property
    def n_rows(self) -> int:
        """Number of rows, those that left included."""
        return len(self._dynamic.market.bonus)

    @property
    def pairs(self) -> IntArray:
        """The choice there is now, shape (p, 2), in lexicographic order."""
        choice, width = self._choice(), len(self._capacity)
        return _pairs_of(choice.keys(np.arange(len(choice.unit_edge)), width), width)

    def change(
        self,
        *,
        capacity: Mapping[int, int] | None = None,
        add: AssignmentProblem | None = None,
        remove: Collection[int] = (),
        ban: Collection[Pair] = (),
        allow: Collection[Pair] = (),
        force: Collection[Pair] = (),
        release: Collection[Pair] = (),
    ) -> AssignmentChange:
        """Change the problem and make the choice optimal again.

        Parameters
        ----------
        capacity : mapping of int to int, optional
            New places by column.
        add : AssignmentProblem, optional
            Rows that come, over the same columns: their scores, demand, groups and bonus count. See `rows`.
        remove : collection of int
            Rows that leave.
        ban, allow : collection of (row, column)
            Stored pairs that must not be chosen, and banned ones that may be chosen again.
        force, release : collection of (row, column)
            Stored pairs that must be chosen, whatever that costs, and forced ones that need not be.

        Returns
        -------
        AssignmentChange

        Raises
        ------
        InvalidProblemError
            For rows, columns or pairs that there are not, places below 0, and forced pairs that the limits
            do not allow. Nothing is changed then.
        """
        self._check(capacity or {}, add, [*remove], [*ban, *allow, *force, *release])
        before, objective = self._choice(), self._objective
        earlier = self._snapshot() if self._forced or force else None
        rows = self._apply(capacity or {}, set(remove), set(ban), set(allow), set(force), set(release))
        if earlier is not None:
            self._dynamic.settle(rows)
            missing = self._missing()
            if missing:
                self._restore(earlier)
                raise InvalidProblemError(
                    f"force: expected pairs that the limits allow together, got {sorted(missing)}"
                )
            rows = rows[:0]
        # Nothing can go wrong any more: new rows drive no forced pair out.
        come = np.zeros(0, np.int64) if add is None else self._add(add)
        self._dynamic.settle(np.concatenate([rows, come]))
        return self._change_since(before, objective, come)

    def what_if(self, **changes: Any) -> AssignmentChange:
        """What `change` would change. Everything stays as it is.

        Parameters
        ----------
        **changes
            As for `change`, but for `add`.

        Returns
        -------
        AssignmentChange

        Raises
        ------
        InvalidProblemError
            As `change`, and for `add`.
        """
        if "add" in changes:
            raise InvalidProblemError("add: expected in `change`, got it in `what_if`")
        earlier = self._snapshot()
        try:
            return self.change(**changes)
        finally:
            self._restore(earlier)

    def restrict(self, banned: BoolArray) -> None:
        """Ban these stored pairs and no others, all at once; for sessions that no rows have joined.

        Parameters
        ----------
        banned : bool array, shape (nnz,)
            In the order of ``scores.data`` of the problem it was opened with.

        Raises
        ------
        InvalidProblemError
            For another shape, and where rows have joined or pairs are banned or forced one by one.
        """
        block = self._blocks[0]
        if len(self._blocks) > 1 or self._banned or self._forced:
            raise InvalidProblemError("restrict: expected a session that nothing joined, banned or forced")
        if banned.shape != block.problem.scores.data.shape:
            raise InvalidProblemError(
                f"banned: expected shape {block.problem.scores.data.shape}, got {banned.shape}"
            )
        changed = np.flatnonzero(banned != self._restricted)
        edges = block.edges[changed]
        changed, edges = changed[edges >= 0], edges[edges >= 0]
        market, original = self._dynamic.market, block.built.market.weight
        market.weight[edges] = np.where(banned[changed], -market.closed_price, original[edges])
        self._restricted = banned.copy()
        holdings = self._dynamic.holdings
        if not self._left and are_many(market, int((holdings.held[edges] > 0)[banned[changed]].sum())):
            fill_anew(market, holdings, Clock())
            self._dynamic = DynamicMarket(market, holdings)
        else:
            self._dynamic.settle(np.unique(block.problem.rows[changed]))
        self._objective = self._value()

    def prices(self, rows: IntArray | None = None) -> Prices:
        """The prices there are now, in the shapes of the problem; for sessions that no rows have joined.

        Of the limits of some rows only, if they are given: those of all others are 0.
        """
        block, holdings = self._blocks[0], self._dynamic.holdings
        holdings = holdings._replace(price=holdings.price.copy())
        return prices_of(
            block.problem, block.built, holdings, price_rows(self._dynamic.market, holdings, rows)
        )

    def rows(
        self,
        scores: csr_array[np.float64],
        demand: ArrayLike | None = None,
        kind_demand: ArrayLike | None = None,
        groups: ArrayLike | None = None,
        row_bonus: ArrayLike | None = None,
    ) -> AssignmentProblem:
        """Rows for `change`: their scores over the columns of this session, and their own limits.

        Parameters
        ----------
        scores, demand, kind_demand, groups, row_bonus
            As for `AssignmentProblem`.

        Returns
        -------
        AssignmentProblem

        Raises
        ------
        InvalidProblemError
            As `AssignmentProblem`.
        """
        first = self._blocks[0].problem
        return AssignmentProblem(
            scores, self._capacity, demand, first.kinds, kind_demand, groups, first.group_capacity, row_bonus,
            first.slots,
        )  # fmt: skip

    def problem(self) -> AssignmentProblem:
        """The problem as it is now: banned pairs are not stored, rows that left have no demand."""
        problem = self._stored()
        if not self._banned:
            return problem
        scores, keep = problem.scores, np.ones(problem.scores.nnz, np.bool_)
        keep[entries_of(problem, np.array(sorted(self._banned)))] = False
        starts = np.concatenate([[0], np.cumsum(keep)])[scores.indptr]
        return problem.with_scores(
            csr_array((scores.data[keep], scores.indices[keep], starts), shape=scores.shape)
        )

    def _stored(self) -> AssignmentProblem:
        """The same, banned pairs included."""
        first, blocks = self._blocks[0].problem, [block.problem for block in self._blocks]
        scores: Any = vstack([block.scores for block in blocks], format="csr")
        demand = np.concatenate([block.demand for block in blocks])
        demand[sorted(self._left)] = 0

        def joined(name: str) -> IntArray | FloatArray | None:
            parts = [getattr(block, name) for block in blocks]
            return None if parts[0] is None else np.concatenate(parts)

        return AssignmentProblem(
            scores, self._capacity, demand, first.kinds, joined("kind_demand"), joined("groups"),
            first.group_capacity, joined("row_bonus"), first.slots,
        )  # fmt: skip

    def result(self) -> AssignmentResult:
        """The choice there is now, with prices and proof.

        Returns
        -------
        AssignmentResult

        Raises
        ------
        InvalidProblemError
            While pairs are forced: the proof knows nothing of that.
        """
        if self._forced:
            raise InvalidProblemError("force: expected no forced pairs, got some; release them first")
        problem = self.problem()
        return run(problem, "auction", WHY[False], self._as_start(problem), Clock())

    # How it is done ----------------------------------------------------------------------------------

    def _apply(
        self, capacity: Mapping[int, int], remove: set[int],
        ban: set[Pair], allow: set[Pair], force: set[Pair], release: set[Pair],
    ) -> IntArray:  # fmt: skip
        """Change the market; returns the rows that have to choose again."""
        for column, places in capacity.items():
            self._capacity[column] = places
            self._dynamic.market.capacity[column] = min(places, MOST_PLACES)
        self._banned = (self._banned | ban) - allow
        self._forced = (self._forced | force) - release
        for pair in (*ban, *allow, *force, *release):
            self._weigh(pair)
        self._left |= remove
        self._dynamic.close(np.array(sorted(remove), np.int64))
        changed = {row for row, _column in (*ban, *allow, *force, *release)}
        return np.array(sorted(changed - self._left), np.int64)

    def _weigh(self, pair: Pair) -> None:
        block, edge = self._edge(pair)
        market = self._dynamic.market
        if edge < 0:  # of a row that left before everything was begun anew
            return
        if pair in self._banned:
            market.weight[edge] = -market.closed_price
        elif pair in self._forced:
            market.weight[edge] = market.closed_price // 2
        else:
            market.weight[edge] = block.built.market.weight[edge - block.first_edge]

    def _add(self, rows: AssignmentProblem) -> IntArray:
        n_rows = self.n_rows
        built = build_market(rows, every_limit=True, scale=self._scale)
        block = _Block(n_rows, len(self._dynamic.market.node), rows, built)
        self._blocks.append(block)
        self._scores.add(_scores_of(rows, built))
        self._columns.add(_columns_of(rows, built))
        self._bonus.add(np.zeros(rows.n_rows) if rows.row_bonus is None else rows.row_bonus)
        come, there = built.market, self._dynamic.market
        top = max(int(come.weight.max(initial=0)), int(come.bonus.max(initial=0)))
        fits = come.weight.dtype == there.weight.dtype and top <= there.closed_price // CLOSED_FACTOR
        if fits and self._scale >= LEAST_DIGITS:
            return self._dynamic.add(built.market)
        # Perhaps scores of another size than any before: begin anew, on another scale.
        self._open(self._stored(), None)
        special = self._forced | self._banned
        for pair in special:
            self._weigh(pair)
        self._dynamic.settle(np.array(sorted({row for row, _column in special} - self._left), np.int64))
        return np.arange(n_rows, n_rows + rows.n_rows)

    def _check(
        self, capacity: Mapping[int, int], add: AssignmentProblem | None, remove: list[int], pairs: list[Pair]
    ) -> None:
        wrong = []
        n_rows, n_columns = self.n_rows, len(self._capacity)
        for column, places in capacity.items():
            if not 0 <= column < n_columns or places < 0:
                wrong.append(
                    f"capacity: expected columns 0 to {n_columns - 1} with places from 0, "
                    f"got {column}: {places}"
                )
        wrong += [
            f"remove: expected rows 0 to {n_rows - 1}, got {row}" for row in remove if not 0 <= row < n_rows
        ]
        for pair in pairs:
            if not 0 <= pair[0] < n_rows or self._edge(pair)[1] < 0:
                wrong.append(f"pairs: expected allowed pairs, got {pair}")
        if add is not None:
            differences = _differences(add, self._blocks[0].problem)
            if differences:
                wrong.append(
                    "add: expected rows over the columns and limits of this session (see `rows`), "
                    f"got {', '.join(differences)}"
                )
        if wrong:
            raise InvalidProblemError(wrong)

    def _edge(self, pair: Pair) -> tuple[_Block, int]:
        block = self._blocks[bisect_right([block.first_row for block in self._blocks], pair[0]) - 1]
        return block, block.edge_of(pair)

    def _missing(self) -> set[Pair]:
        held = self._dynamic.holdings.held
        return {pair for pair in self._forced if not held[self._edge(pair)[1]]}

    def _value(self) -> float:
        holdings, market = self._dynamic.holdings, self._dynamic.market
        units = np.flatnonzero(holdings.unit_edge >= 0)
        served = np.zeros(len(market.bonus), np.bool_)
        served[market.unit_row[units]] = True
        return float(self._scores.used[holdings.unit_edge[units]].sum() + self._bonus.used[served].sum())

    def _choice(self) -> _Choice:
        dynamic = self._dynamic
        return _Choice(
            dynamic, dynamic.holdings.unit_edge.copy(), dynamic.market.unit_row, self._columns.used
        )

    def _change_since(self, before: _Choice, objective: float, rows: IntArray) -> AssignmentChange:
        after = self._choice()
        old, new = before.unit_edge, after.unit_edge
        if after.dynamic is before.dynamic:  # units and edges have the same numbers still
            n_old = len(old)
            gone = np.flatnonzero(old != new[:n_old])
            come = np.concatenate([gone, np.arange(n_old, len(new))])
            self._objective = objective + self._worth(after, come) - self._worth(before, gone)
        else:
            gone, come = np.arange(len(old)), np.arange(len(new))
            self._objective = self._value()
        width = len(self._capacity)
        dropped, added = before.keys(gone, width), after.keys(come, width)
        return AssignmentChange(
            objective=self._objective,
            gain=self._objective - objective,
            added=_pairs_of(_without(added, dropped), width),
            dropped=_pairs_of(_without(dropped, added), width),
            rows=rows,
        )

    def _worth(self, choice: _Choice, units: IntArray) -> float:
        """What units count for, with the bonuses of the rows they belong to."""
        edges = choice.unit_edge[units]
        total = float(self._scores.used[edges[edges >= 0]].sum())
        if self._blocks[0].problem.row_bonus is not None:
            for row in np.unique(choice.unit_row[units]).tolist():
                at = slice(*self._dynamic.market.unit_start[row : row + 2])
                if (choice.unit_edge[at] >= 0).any():
                    total += float(self._bonus.used[row])
        return total

    def _snapshot(self) -> tuple[Any, ...]:
        sets = set(self._forced), set(self._banned), set(self._left)
        return self._dynamic.snapshot(), self._capacity.copy(), *sets, self._objective

    def _restore(self, earlier: tuple[Any, ...]) -> None:
        dynamic, capacity, forced, banned, left, objective = earlier
        changed = (self._forced ^ forced) | (self._banned ^ banned)
        self._dynamic.restore(dynamic)
        self._capacity[:] = capacity
        self._forced, self._banned, self._left, self._objective = forced, banned, left, objective
        for pair in changed:
            self._weigh(pair)

    def _as_start(self, problem: AssignmentProblem) -> Start:
        """What there is now as something to begin with."""
        market, price, m = self._dynamic.market, self._dynamic.holdings.price, problem.n_columns
        whole = np.where(price >= market.closed_price // 2, 0, price)
        prices = np.ldexp(whole.astype(np.float64), -self._scale)
        groups: FloatArray | None = None
        if problem.group_capacity is not None:
            groups = np.zeros(problem.group_capacity.size, np.float64)
            at = self._blocks[0].built.group_position
            groups[at] = np.maximum(0.0, prices[m:] - prices[market.column[m:]])
            groups = groups.reshape(problem.group_capacity.shape)
        return Start(entries_of(problem, self.pairs), prices[:m], groups)


@dataclass(frozen=True, eq=False)
class _Choice:
    """What every unit held at one time, with the arrays that say what that means."""

    dynamic: DynamicMarket
    unit_edge: IntArray
    unit_row: IntArray
    columns: IntArray

    def keys(self, units: IntArray, width: int) -> IntArray:
        """What some units held, as row times width plus column, ascending."""
        units = units[self.unit_edge[units] >= 0]
        return np.sort(self.unit_row[units].astype(np.int64) * width + self.columns[self.unit_edge[units]])


def _pairs_of(keys: IntArray, width: int) -> IntArray:
    return np.stack(np.divmod(keys, max(1, width)), axis=1)


def _without(keys: IntArray, others: IntArray) -> IntArray:
    """Those of some keys that are not among others; both ascend."""
    at = np.searchsorted(others, keys)
    return keys[np.append(others, -1)[at] != keys]


class _Block:
    """Rows that came together: where their edges are."""

    def __init__(
        self, first_row: int, first_edge: int, problem: AssignmentProblem, built: BuiltMarket
    ) -> None:
        self.first_row, self.first_edge = first_row, first_edge
        self.problem, self.built = problem, built

    @cached_property
    def edges(self) -> IntArray:
        """The edge of each stored pair, from 0; -1 where there is none."""
        return edge_of_entry(self.problem, self.built)

    def edge_of(self, pair: Pair) -> int:
        """The edge of a pair; -1 where there is none."""
        entry = int(entries_of(self.problem, np.array([[pair[0] - self.first_row, pair[1]]]))[0])
        if entry >= 0 and self.built.entry is not None:
            entry = int(self.edges[entry])
        return entry if entry < 0 else self.first_edge + entry


def _differences(add: AssignmentProblem, there: AssignmentProblem) -> list[str]:
    """What rows have that does not go with those there are."""
    if add.n_columns != there.n_columns:
        return [f"{add.n_columns} columns instead of {there.n_columns}"]
    found = []
    for name in ("kinds", "kind_demand", "groups", "group_capacity", "row_bonus", "slots"):
        come, here = getattr(add, name), getattr(there, name)
        if (come is None) != (here is None):
            found.append(f"no {name}" if come is None else f"{name}")
        elif come is not None and name == "kind_demand" and come.shape[1] != here.shape[1]:
            found.append(f"{come.shape[1]} kinds instead of {here.shape[1]}")
        elif name in ("kinds", "group_capacity", "slots") and not np.array_equal(come, here):
            found.append(f"other {name}")
    return found


def _scores_of(problem: AssignmentProblem, built: BuiltMarket) -> FloatArray:
    data: FloatArray = problem.scores.data
    return data if built.entry is None else data[built.entry]


def _columns_of(problem: AssignmentProblem, built: BuiltMarket) -> Any:
    indices = problem.scores.indices
    return indices if built.entry is None else indices[built.entry]
