"""The page on the assignment method: its code runs, its tables and pictures are the solver's own."""

from __future__ import annotations

import doctest
import re
import runpy
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from matcher.assignment import solve

DOCS = Path(__file__).parents[1] / "docs"
PAGE = DOCS / "assignment.md"
TEXT = PAGE.read_text(encoding="utf-8")
PICTURES = re.findall(r"!\[[^\]]*\]\(([^)]+)\)", TEXT)
MOST_BYTES = 40_000


@pytest.fixture(scope="module")
def maker() -> dict[str, Any]:
    return runpy.run_path(str(DOCS / "assignment_pictures.py"))


@pytest.fixture(scope="module")
def example(maker: dict[str, Any]) -> Any:
    return maker["read_example"]()


@pytest.fixture(scope="module")
def page_code() -> tuple[str, dict[str, Any]]:
    """What fails in the page's code, and the names it leaves."""
    blocks = "".join(
        # Other lines become empty ones, so that the line numbers are those of the page.
        block if at % 2 else "\n" * block.count("\n")
        for at, block in enumerate(re.split(r"(?s)(?<=```python\n)(.*?)(?=```)", TEXT))
    )
    code = doctest.DocTestParser().get_doctest(blocks, {}, PAGE.name, str(PAGE), 0)
    assert len(code.examples) > 20
    failures: list[str] = []
    doctest.DocTestRunner(optionflags=doctest.REPORT_NDIFF).run(code, out=failures.append, clear_globs=False)
    return "".join(failures), code.globs


def table(first_cell: str) -> list[list[str]]:
    """The rows of the page's table that has this cell in its first column."""
    tables = re.findall(r"(?:^\|.*\|\n)+", TEXT, re.MULTILINE)
    rows = [
        [[cell.strip() for cell in line.strip("|").split("|")] for line in found.splitlines()]
        for found in tables
    ]
    (found,) = [rows for rows in rows if any(row[0] == first_cell for row in rows)]
    return [found[0], *found[2:]]


def test_the_code_on_the_page_runs_and_prints_what_the_page_says(
    page_code: tuple[str, dict[str, Any]],
) -> None:
    failures, _names = page_code
    if failures:
        pytest.fail(failures, pytrace=False)


def test_the_score_table_is_the_one_that_the_code_solves(
    example: Any, page_code: tuple[str, dict[str, Any]]
) -> None:
    names = page_code[1]
    assert names["problem"].scores.toarray().tolist() == example.scores.tolist()
    assert names["capacity"] == example.capacity


def test_the_table_of_choices_says_what_greedy_and_bids_and_the_optimum_take(
    maker: dict[str, Any], example: Any
) -> None:
    best = solve(example.problem()).pairs
    assert best[:, 0].tolist() == [*range(len(example.newcomers))]
    expected = {
        "greedy": maker["greedy"](example),
        "bids": maker["walk"](example)[0].places,
        "optimal": best[:, 1].tolist(),
    }
    head, *rows = table("greedy")
    assert head == ["", *example.newcomers, "sum"]
    assert {row[0] for row in rows} == set(expected)
    for name, *cells, total in rows:
        scores = [example.scores[row, column] for row, column in enumerate(expected[name])]
        assert cells == [
            f"{example.offers[column]} {score:g}"
            for column, score in zip(expected[name], scores, strict=True)
        ]
        assert float(total) == sum(scores)


def test_the_table_of_phases_says_who_holds_what_at_which_price(maker: dict[str, Any], example: Any) -> None:
    head, *rows = table("every row's choice")
    assert head == ["after", *example.offers]
    for (_after, *cells), state in zip(rows, maker["walk"](example), strict=True):
        holders = [
            ", ".join(
                name for name, place in zip(example.newcomers, state.places, strict=True) if place == at
            )
            for at in range(len(example.offers))
        ]
        assert cells == [
            f"{price}: {who or 'nobody'}" for price, who in zip(state.prices, holders, strict=True)
        ]


def test_the_sum_written_out_is_the_dual_at_the_last_prices(
    maker: dict[str, Any], example: Any, page_code: tuple[str, dict[str, Any]]
) -> None:
    prices = maker["walk"](example)[-1].prices
    assert page_code[1]["prices"].tolist() == prices
    gains = np.maximum(0, (example.scores - prices).max(axis=1))
    places = " + ".join(f"{count} × {price}" for count, price in zip(example.capacity, prices, strict=True))
    total = gains.sum() + np.dot(example.capacity, prices)
    assert f"({' + '.join(f'{gain:g}' for gain in gains)}) + ({places}) = " in TEXT
    assert total == solve(example.problem()).objective


def test_every_picture_is_there_and_none_that_the_page_does_not_show() -> None:
    there = {f"pictures/{path.name}" for path in DOCS.glob("pictures/assignment-*")}
    assert set(PICTURES) == there
    assert all((DOCS / picture).stat().st_size < MOST_BYTES for picture in PICTURES)


def test_pictures_say_nothing_of_the_machine_that_made_them() -> None:
    for picture in PICTURES:
        text = (DOCS / picture).read_text(encoding="utf-8")
        assert str(DOCS.parent) not in text
        assert str(Path.home()) not in text
        assert "<dc:date>" not in text


def words(picture: bytes) -> list[str]:
    return re.findall(r"<(?:text|tspan)[^>]*>([^<]*)<", picture.decode())


def test_making_the_pictures_makes_those_and_the_same_each_time(
    maker: dict[str, Any], tmp_path: Path
) -> None:
    folders = [tmp_path / "one", tmp_path / "other"]
    for folder in folders:
        folder.mkdir()
        maker["write_all"](folder)
    made = {path.name: path.read_bytes() for path in folders[0].iterdir()}
    assert {f"pictures/{name}" for name in made} == set(PICTURES)
    for name, picture in made.items():
        # Not all bytes: another release of matplotlib may draw the same lines in other words.
        there = (DOCS / "pictures" / name).read_bytes()
        assert words(picture) == words(there), f"{name} is old: run docs/assignment_pictures.py"
        assert words(picture)
    assert made == {path.name: path.read_bytes() for path in folders[1].iterdir()}
