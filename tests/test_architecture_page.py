"""The page on how the code is laid out: it names the rooms there are, its picture is what the code draws."""

from __future__ import annotations

import re
import runpy
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.xdist_group("architecture")  # made once for all of them
DOCS = Path(__file__).parents[1] / "docs"
PICTURE = DOCS / "pictures" / "architecture.svg"


@pytest.fixture(scope="module")
def maker() -> dict[str, Any]:
    return runpy.run_path(str(DOCS / "architecture_picture.py"))


@pytest.fixture(scope="module")
def houses(maker: dict[str, Any]) -> list[Any]:
    return maker["read_floors"](maker["read_imports"]())


def words(picture: Path) -> list[str]:
    """What can be read in the picture, and its description: every arrow."""
    return re.findall(r"<(?:text|tspan|dc:description)[^>]*>([^<]*)<", picture.read_text(encoding="utf-8"))


def test_the_picture_is_what_the_code_draws_now(maker: dict[str, Any], tmp_path: Path) -> None:
    maker["write_all"](tmp_path)
    # Not all bytes: another release of matplotlib may draw the same lines in other words.
    assert words(tmp_path / PICTURE.name) == words(PICTURE), "run docs/architecture_picture.py"
    assert str(DOCS.parent) not in PICTURE.read_text(encoding="utf-8")


def test_every_arrow_goes_down(maker: dict[str, Any], houses: list[Any]) -> None:
    floor_of = {
        room: (-at_house, len(house.floors) - at_floor)
        for at_house, house in enumerate(houses)
        for at_floor, floor in enumerate(house.floors)
        for room in floor
    }
    edges = {edge for edge in maker["read_imports"]().edges if set(edge) <= set(floor_of)}
    assert len(edges) > 50
    assert [edge for edge in sorted(edges) if floor_of[edge[0]] < floor_of[edge[1]]] == []


def test_an_arrow_is_black_where_no_other_way_leads_there(maker: dict[str, Any]) -> None:
    edges = {("a", "b"), ("b", "c"), ("c", "d"), ("a", "c"), ("a", "d")}
    assert maker["needed_edges"](edges) == {("a", "b"), ("b", "c"), ("c", "d")}


def test_the_tables_name_every_room_and_no_other(houses: list[Any]) -> None:
    page = (DOCS / "architecture.md").read_text(encoding="utf-8")
    tables = [re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE) for section in page.split("\n## ")]
    for house in houses:
        rooms = sorted(room.split(".")[1] for room in house.rooms)
        assert rooms in [sorted(table) for table in tables], f"the table of {house.house}"


def test_the_guides_name_files_that_are_there() -> None:
    for page in ("architecture.md", "extending.md"):
        text = (DOCS / page).read_text(encoding="utf-8")
        named = re.findall(
            r"`((?:matcher|webapp|tests|docs|data|changes|notebooks|benchmarks)/[\w./]*)`", text
        )
        assert [name for name in named if not (DOCS.parent / name).exists()] == []
        assert named
