"""Makes the pictures of assignment.md from its example, with the solver's own numbers. Writes docs/pictures/.

Run it with `PYTHONPATH=. .venv/bin/python docs/assignment_pictures.py`; another folder may be named.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any, NamedTuple

import matplotlib as mpl

mpl.use("Agg")

import numpy as np
from matplotlib import pyplot as plt
from numpy.typing import NDArray
from scipy.sparse import csr_array

from matcher.assignment import AssignmentProblem, solve
from matcher.assignment._clock import Clock
from matcher.assignment._methods.auction import bidding
from matcher.assignment._methods.auction.balancing import balance
from matcher.assignment._methods.auction.dijkstra import new_search
from matcher.assignment._methods.auction.excess import route_excess
from matcher.assignment._methods.auction.holdings import Holdings, empty_holdings
from matcher.assignment._methods.auction.market import BuiltMarket, Market, build_market
from matcher.assignment._methods.auction.row_choices import choose_all
from matcher.assignment._methods.auction.vacancies import fill_vacancies, find_incoming_edges

PAGE = Path(__file__).with_name("assignment.md")
# The raise of the page's example, in points: large, so that much is left to mend.
RAISE = 2
GREY, BLUE, RED, GREEN = "#b8b8b8", "#1f5fa8", "#c0392b", "#1e8449"
STYLE = {
    "svg.hashsalt": "koppel",
    "svg.fonttype": "none",  # text stays text: smaller files, and a reader can search them
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "figure.facecolor": "white",
}


class Example(NamedTuple):
    """The score table of the page."""

    newcomers: list[str]
    offers: list[str]
    capacity: list[int]
    scores: NDArray[np.float64]

    def problem(self) -> AssignmentProblem:
        return AssignmentProblem(csr_array(self.scores), self.capacity)


class State(NamedTuple):
    """Prices of the offers, and the offer of each newcomer or -1."""

    prices: list[int]
    places: list[int]


def read_example() -> Example:
    """Read the first table of the page: offers with their places above, newcomers with their scores below."""
    lines = re.findall(r"^\|.*\|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    head, body = cells[0], []
    for row in cells[2:]:
        if len(row) != len(head) or not re.fullmatch(r"\d+", row[1]):
            break
        body.append(row)
    offers = [re.fullmatch(r"(.+) \((\d+) places?\)", cell) for cell in head[1:]]
    return Example(
        newcomers=[row[0] for row in body],
        offers=[offer[1] for offer in offers if offer],
        capacity=[int(offer[2]) for offer in offers if offer],
        scores=np.array([row[1:] for row in body], np.float64),
    )


def greedy(example: Example) -> list[int]:
    """The offer of each newcomer where the highest score left is taken again and again."""
    places, left = [-1] * len(example.newcomers), list(example.capacity)
    for at in np.argsort(-example.scores, axis=None, kind="stable").tolist():
        row, column = divmod(at, len(left))
        if places[row] < 0 and left[column] > 0:
            places[row] = column
            left[column] -= 1
    return places


def walk(example: Example) -> list[State]:
    """The example after bids, after every row's choice, without excess and without vacancies."""
    built = build_market(example.problem())
    market, holdings, search = built.market, empty_holdings(built.market), new_search(built.market)
    auction = bidding.begin_auction(market)
    bidding.bid_plainly(market, auction, RAISE * 2**built.scale, 0, len(market.bonus))
    holdings.price[:] = auction.price
    states = [_state(built, holdings, auction.unit_edge)]
    choose_all(market, holdings, auction.unit_edge)
    states.append(_state(built, holdings, holdings.unit_edge))
    route_excess(market, holdings, search, np.flatnonzero(holdings.load > market.capacity))
    states.append(_state(built, holdings, holdings.unit_edge))
    dear = np.flatnonzero((holdings.load < market.capacity) & (holdings.price > 0))
    fill_vacancies(market, holdings, search, find_incoming_edges(market, holdings, holdings.price > 0), dear)
    return [*states, _state(built, holdings, holdings.unit_edge)]


def _state(built: BuiltMarket, holdings: Holdings, unit_edge: NDArray[Any]) -> State:
    node = built.market.node
    prices = (holdings.price >> built.scale).tolist()
    return State(prices, [int(node[edge]) if edge >= 0 else -1 for edge in unit_edge])


def draw_example(example: Example) -> Any:
    """All pairs with their scores, twice: what greedy takes, and what is best."""
    best = [-1] * len(example.newcomers)
    for row, column in solve(example.problem()).pairs.tolist():
        best[row] = column
    figure, panels = plt.subplots(1, 2, figsize=(9.2, 4.2))
    for axes, title, places in zip(panels, ("greedy", "optimal"), (greedy(example), best), strict=True):
        newcomers, offers = _draw_people(axes, example, example.newcomers, _places_of(example))
        for row, (x, y) in enumerate(newcomers):
            for column, (to_x, to_y) in enumerate(offers):
                taken = places[row] == column
                axes.plot(
                    [x, to_x], [y, to_y], color=BLUE if taken else GREY, lw=2.6 if taken else 0.9,
                    zorder=2 if taken else 1,
                )  # fmt: skip
                share = 0.2  # beyond 0.22 the labels of two newcomers would meet
                axes.text(
                    x + share * (to_x - x), y + share * (to_y - y), f"{example.scores[row, column]:g}",
                    ha="center", va="center", fontsize=9, color=BLUE if taken else "#444444",
                    fontweight="bold" if taken else "normal",
                    bbox={"boxstyle": "square,pad=0.1", "fc": "white", "ec": "none"}, zorder=3,
                )  # fmt: skip
        taken_scores = [example.scores[row, column] for row, column in enumerate(places) if column >= 0]
        total = " + ".join(f"{score:g}" for score in taken_scores)
        axes.set_title(f"{title}: {total} = {sum(taken_scores):g}")
    return figure


def draw_path(example: Example, before: State, after: State, title: str) -> Any:
    """Who moves from where to where, and which prices change."""
    figure, axes = plt.subplots(figsize=(7.6, 3.7))
    names = []
    for row, name in enumerate(example.newcomers):
        old, new = before.places[row], after.places[row]
        if old == new:
            names.append(name if old >= 0 else f"{name}\n(no place)")
        else:
            worth = [_worth(example, before.prices, row, place) for place in (old, new)]
            names.append(f"{name}\ngain {worth[0]:g} → {worth[1]:g}")
    prices = [
        f"{name}\nprice {old}" + (f" → {new}" if new != old else "")
        for name, old, new in zip(_places_of(example), before.prices, after.prices, strict=True)
    ]
    newcomers, offers = _draw_people(axes, example, names, prices)
    for row, here in enumerate(newcomers):
        old, new = before.places[row], after.places[row]
        if old == new:
            if old >= 0:
                _draw_arrow(axes, here, offers[old], GREY, "-")
            continue
        if old >= 0:
            _draw_arrow(axes, here, offers[old], RED, (0, (4, 3)))
        if new >= 0:
            _draw_arrow(axes, here, offers[new], GREEN, "-")
    lines = [
        plt.Line2D([], [], color=GREY, lw=2, label="stays"),
        plt.Line2D([], [], color=RED, lw=2, ls=(0, (4, 3)), label="gives up"),
        plt.Line2D([], [], color=GREEN, lw=2, label="takes"),
    ]
    axes.legend(handles=lines, loc="lower center", bbox_to_anchor=(0.5, -0.16), ncols=3, frameon=False)
    axes.set_title(title)
    return figure


def _draw_arrow(axes: Any, start: tuple[float, float], end: tuple[float, float], color: str, ls: Any) -> None:
    moves = color != GREY
    axes.annotate(
        "", xy=end, xytext=start,
        arrowprops={"arrowstyle": "-|>" if color == GREEN else "-", "mutation_scale": 14, "color": color,
                    "lw": 2.2 if moves else 1.6, "ls": ls, "shrinkA": 0, "shrinkB": 0},
    )  # fmt: skip


def _worth(example: Example, prices: list[int], row: int, place: int) -> float:
    return float(example.scores[row, place] - prices[place]) if place >= 0 else 0.0


def _places_of(example: Example) -> list[str]:
    counts = zip(example.offers, example.capacity, strict=True)
    return [f"{name}, {count} place{'s' if count > 1 else ''}" for name, count in counts]


def _draw_people(axes: Any, example: Example, left: list[str], right: list[str]) -> tuple[Any, Any]:
    """Names on both sides; returns where lines may begin and end."""
    n, m = len(example.newcomers), len(example.offers)
    newcomers = [(0.0, float(n - 1 - row)) for row in range(n)]
    offers = [(1.0, (m - 1 - column) * (n - 1) / (m - 1)) for column in range(m)]
    for points, names, side, shift in ((newcomers, left, "right", -0.05), (offers, right, "left", 0.05)):
        for (x, y), name in zip(points, names, strict=True):
            axes.plot([x], [y], "o", color="black", ms=5, zorder=4)
            axes.text(x + shift, y, name, ha=side, va="center")
    axes.set_xlim(-0.45, 1.55)
    axes.set_ylim(-0.5, n - 0.5)
    axes.axis("off")
    return newcomers, offers


def bid_and_watch(market: Market, scale: int, watched: list[int]) -> tuple[NDArray[Any], list[int]]:
    """Prices of some columns after each row's turn, phase by phase as in `find_prices`; where phases end."""
    auction = bidding.begin_auction(market)
    top, fall, n_rows = int(market.weight.max()), 0, len(market.bonus)
    prices, ends = [], []
    for share in bidding.LADDER:
        step = max(1, int(top * share))
        bidding.begin_phase(market, auction, fall)
        for row in range(n_rows):
            prices.append(auction.price[watched].copy())
            bidding.bid_plainly(market, auction, step, row, row + 1)
        prices.append(auction.price[watched].copy())
        ends.append(len(prices))
        fall = bidding.FALL * step
    return np.array(prices) / 2.0**scale, ends


def draw_prices() -> Any:
    """Prices of five offers of a made-up town while 300 newcomers bid, and in the end."""
    n, m, k = 300, 60, 12
    rng = np.random.default_rng(4)
    columns = np.sort([rng.choice(m, k, replace=False) for _ in range(n)], axis=1)
    appeal = rng.random(m)
    scores = 0.5 * rng.random((n, k)) + 0.5 * appeal[columns]
    matrix = csr_array((scores.ravel(), columns.ravel(), np.arange(0, n * k + 1, k)), shape=(n, m))
    capacity = 1 + rng.multinomial(210 - m, np.full(m, 1 / m))
    built = build_market(AssignmentProblem(matrix, capacity))
    watched = np.argsort(appeal)[[-1, -12, -25, -38, -50]].tolist()
    prices, ends = bid_and_watch(built.market, built.scale, watched)

    holdings = empty_holdings(built.market)
    preferred = bidding.find_prices(built.market, holdings, Clock())
    choose_all(built.market, holdings, preferred)
    balance(built.market, holdings, Clock())
    final = holdings.price[watched] / 2.0**built.scale

    figure, axes = plt.subplots(figsize=(8.4, 3.7))
    colors = plt.get_cmap("viridis")(np.linspace(0, 0.85, len(watched)))
    top = float(scores.max())
    for w, color in enumerate(colors):
        first = 0
        for end in ends:
            turns, steps = np.arange(first, end), prices[first:end, w]
            changes = np.flatnonzero(np.diff(steps, prepend=-1.0, append=-1.0))
            changes = np.unique(np.clip(changes, 0, len(turns) - 1))
            axes.step(turns[changes], steps[changes], where="post", color=color, lw=1.6)
            first = end
        axes.plot([ends[-1] + 25], [final[w]], "D", color=color, ms=6)
    first = 0
    for number, (share, end) in enumerate(zip(bidding.LADDER, ends, strict=True)):
        label = f"phase {number + 1}\nraise {share * top:.2g}"
        axes.text((first + end) / 2, 1.02, label, transform=axes.get_xaxis_transform(), ha="center")
        axes.axvline(end, color=GREY, lw=0.8, ls=":")
        first = end
    axes.text(ends[-1] + 25, 1.02, "after\npaths", transform=axes.get_xaxis_transform(), ha="center")
    axes.set_xlim(0, ends[-1] + 50)
    axes.set_ylim(bottom=0)
    axes.set_xticks([0, *ends], ["0", *(["300"] * len(ends))])
    axes.set_xlabel("newcomers who have had their turn in the phase")
    axes.set_ylabel("price, in units of score")
    return figure


def draw_all() -> dict[str, Any]:
    """All pictures by file name."""
    example = read_example()
    _bids, chosen, without_excess, balanced = walk(example)
    return {
        "assignment-example": draw_example(example),
        "assignment-prices": draw_prices(),
        "assignment-excess": draw_path(
            example, chosen, without_excess, "A unit leaves a place that is too full"
        ),
        "assignment-vacancies": draw_path(
            example, without_excess, balanced, "An empty place that has a price is filled"
        ),
    }


def write_all(folder: Path) -> None:
    """Write all pictures into a folder."""
    with mpl.rc_context(STYLE):
        for name, figure in draw_all().items():
            figure.savefig(folder / f"{name}.svg", bbox_inches="tight", metadata={"Date": None})
            plt.close(figure)


if __name__ == "__main__":
    write_all(Path(sys.argv[1]) if len(sys.argv) > 1 else PAGE.with_name("pictures"))
