"""Draws the rooms of both packages and who imports whom, from contracts and code. Writes docs/pictures/.

Run it with `PYTHONPATH=. .venv/bin/python docs/architecture_picture.py`; another folder may be named.
"""

from __future__ import annotations

import configparser
import pathlib
import re
import sys
from typing import Any, NamedTuple

import grimp
import matplotlib as mpl

mpl.use("Agg")

from matplotlib import pyplot as plt
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch, PathPatch
from matplotlib.path import Path

ROOT = pathlib.Path(__file__).parents[1]
HOUSES = ("webapp", "matcher")
COLORS = {"webapp": "#1e8449", "matcher": "#1f5fa8"}
FILLS = {"webapp": "#eaf5ee", "matcher": "#e9f0f8"}
GREY, INK = "#cfcfcf", "#222222"
STYLE = {
    "svg.hashsalt": "koppel",
    "svg.fonttype": "none",  # text stays text: smaller files, and a reader can search them
    "font.size": 10,
    "figure.facecolor": "white",
}
UNIT_INCHES = 0.34  # a room is one unit high
BOX_WIDTH, BOX_HEIGHT, GAP = 3.9, 0.8, 0.25
APART = 8.0  # from the middle of one house to that of the other


class Floors(NamedTuple):
    """The rooms of a house from the top floor down; those on one floor do not know each other."""

    house: str
    floors: list[list[str]]

    @property
    def rooms(self) -> list[str]:
        return [room for floor in self.floors for room in floor]


class Imports(NamedTuple):
    """All rooms, and which imports which."""

    rooms: set[str]
    edges: set[tuple[str, str]]


def read_imports() -> Imports:
    """Every import of the code, room by room; a room is a folder or a file right below its house."""
    graph = grimp.build_graph(*HOUSES, cache_dir=None)
    edges = {
        (_room(module), _room(imported))
        for module in graph.modules
        for imported in graph.find_modules_directly_imported_by(module)
    }
    rooms = {_room(module) for module in graph.modules}
    return Imports(rooms, {(start, to) for start, to in edges if start != to})


def _room(module: str) -> str:
    return ".".join(module.split(".")[:2])


def read_floors(imports: Imports) -> list[Floors]:
    """The floors of both houses, from the import contracts of setup.cfg, without rooms that are not there."""
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg", encoding="utf-8")
    found = {}
    for section in config.sections():
        contract = config[section]
        if not section.startswith("importlinter:contract:") or contract["type"] != "layers":
            continue
        containers = contract.get("containers", "").split() or [""]
        floors = [
            [f"{containers[0]}.{room}".lstrip(".") for room in re.findall(r"[\w.]+", line)]
            for line in contract["layers"].strip().splitlines()
        ]
        house = floors[0][0].split(".")[0]
        if len(containers) == 1 and all(room == _room(room) for floor in floors for room in floor):
            kept = [[room for room in floor if room in imports.rooms] for floor in floors]
            found[house] = Floors(house, [floor for floor in kept if floor])
    return [found[house] for house in HOUSES]


def needed_edges(edges: set[tuple[str, str]]) -> set[tuple[str, str]]:
    """Those that no way over other rooms replaces."""
    below: dict[str, set[str]] = {}

    def reach(room: str) -> set[str]:
        if room not in below:
            there = {to for start, to in edges if start == room}
            below[room] = there.union(*(reach(to) for to in there))
        return below[room]

    return {
        (start, to)
        for start, to in edges
        if not any(to in reach(other) for first, other in edges if first == start and other != to)
    }


def draw(houses: list[Floors], imports: Imports) -> Any:
    """Both houses side by side, roofs up; arrows point from who imports to what is imported."""
    at = place_rooms(houses)
    edges = {edge for edge in imports.edges if set(edge) <= set(at)}
    needed = needed_edges(edges)
    top = max(y for _x, y in at.values())
    figure = plt.figure()
    axes = figure.add_axes((0, 0, 1, 1))
    for house in houses:
        x, y = at[house.rooms[0]]
        axes.text(
            x, y + 1.0, house.house, ha="center", va="center", fontsize=13, fontweight="bold",
            color=COLORS[house.house],
        )  # fmt: skip
        for floor in house.floors:
            _draw_floor(axes, house.house, floor, at)
    curves = [curve_of(at, edge) for edge in sorted(edges - needed)]
    axes.add_patch(PathPatch(Path.make_compound_path(*curves), fc="none", ec=GREY, lw=0.7, zorder=1))
    for edge in sorted(needed):
        axes.add_patch(
            FancyArrowPatch(
                path=curve_of(at, edge),
                arrowstyle="-|>",
                mutation_scale=9,
                color=INK,
                lw=1.3,
                fc=INK,
                zorder=2,
            )
        )
    lines = [
        plt.Line2D([], [], color=INK, lw=1.3, label="imports"),
        plt.Line2D([], [], color=GREY, lw=0.9, label="imports as well, though black arrows lead there"),
    ]
    axes.legend(handles=lines, loc="lower center", ncols=2, frameon=False)
    xs = [x for edge in edges for x in curve_of(at, edge).vertices[:, 0]]
    left, right, bottom, top = min(xs), max(xs), -2.0, top + 1.6
    figure.set_size_inches((right - left) * UNIT_INCHES, (top - bottom) * UNIT_INCHES)
    axes.set(xlim=(left, right), ylim=(bottom, top))
    axes.axis("off")
    return figure


def place_rooms(houses: list[Floors]) -> dict[str, tuple[float, float]]:
    """The middle of each room's box; the lower house stands in the middle of the higher one."""
    heights = {house.house: len(house.rooms) - 1 + GAP * (len(house.floors) - 1) for house in houses}
    at = {}
    for house, x in zip(houses, (0.0, APART), strict=True):
        y = (max(heights.values()) + heights[house.house]) / 2
        for floor in house.floors:
            for room in floor:
                at[room] = (x, y)
                y -= 1
            y -= GAP
    return at


def curve_of(at: dict[str, tuple[float, float]], edge: tuple[str, str]) -> Path:
    """An arc on the outer side of a house, or a line to the other house."""
    (x, y), (to_x, to_y) = at[edge[0]], at[edge[1]]
    if x != to_x:
        return Path([(x + BOX_WIDTH / 2, y), (to_x - BOX_WIDTH / 2, to_y)])
    side = -1 if x == 0 else 1
    wall = x + side * BOX_WIDTH / 2
    reach = wall + side * (y - to_y) ** 0.6
    points = [(wall, y - 0.1), (reach, y - 0.1), (reach, to_y + 0.1), (wall, to_y + 0.1)]
    return Path(points, [Path.MOVETO, Path.CURVE4, Path.CURVE4, Path.CURVE4])


def _draw_floor(axes: Any, house: str, floor: list[str], at: dict[str, tuple[float, float]]) -> None:
    """One box a floor, with a line between rooms that stand side by side."""
    x, y = at[floor[0]]
    left, bottom = x - BOX_WIDTH / 2, at[floor[-1]][1] - BOX_HEIGHT / 2
    axes.add_patch(
        FancyBboxPatch(
            (left, bottom), BOX_WIDTH, len(floor) - 1 + BOX_HEIGHT, boxstyle="round,pad=0,rounding_size=0.12",
            fc=FILLS[house], ec=COLORS[house], lw=1.1, zorder=3,
        )
    )  # fmt: skip
    for room in floor:
        y = at[room][1]
        axes.text(x, y, room.split(".")[1], ha="center", va="center", color=INK, zorder=4)
        if room != floor[0]:
            wall = [left + 0.1, left + BOX_WIDTH - 0.1]
            axes.plot(wall, [y + 0.5, y + 0.5], color=COLORS[house], lw=0.6, ls=":", zorder=4)


def in_words(houses: list[Floors], imports: Imports) -> str:
    """The same for who cannot see the picture: every arrow."""
    rooms = [room for house in houses for room in house.rooms]
    arrows = [f"{start} imports {to}" for start in rooms for to in rooms if (start, to) in imports.edges]
    return "; ".join(arrows)


def write_all(folder: pathlib.Path) -> None:
    """Write the picture into a folder."""
    imports = read_imports()
    houses = read_floors(imports)
    with mpl.rc_context(STYLE):
        figure = draw(houses, imports)
        about = {"Date": None, "Title": "Rooms", "Description": in_words(houses, imports)}
        figure.savefig(folder / "architecture.svg", bbox_inches="tight", metadata=about)
        plt.close(figure)


if __name__ == "__main__":
    write_all(
        pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else pathlib.Path(__file__).with_name("pictures")
    )
