"""Kernels: compiled once, anew when their sources change, in memory where nothing can be kept."""

from __future__ import annotations

import ast
import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numba
import numpy as np
import pytest
from numba.core import caching, event, types
from numba.core.cpu import CPUTargetOptions

import matcher
from matcher import _compiled
from matcher._compiled import EVERY_USE, FIRST_USE, inlined, kernel

ENGINE = Path(matcher.__file__).parent

PLAN_A_TOWN = """
import logging
from datetime import date
import numpy as np
from numba.core import event
class Listener(event.Listener):
    def on_start(self, started):
        function = started.data["dispatcher"].py_func
        if function.__module__.startswith("matcher."):
            print(f"{function.__module__}.{function.__qualname__}")
    def on_end(self, ended):
        pass
event.register("numba:compile", Listener())
from matcher import Policy, explain, make_plan
from matcher.assignment import certify
from matcher.generate import generate_town
today = date(2025, 3, 3)
newcomers, offers = generate_town("muenster", 30, 12, np.random.default_rng(1), today)
plan = make_plan(newcomers, offers, Policy(), today=today)
explain(plan, newcomers[0].id, offers[0].id)
session = plan.workings.session
session.change(capacity={0: 0}, remove=[1], add=session.problem())
assert certify(session.problem(), session.result()).is_optimal
"""
CHOOSE_TWO = """
import numpy as np
from scipy.sparse import csr_array
from matcher.assignment import AssignmentProblem
from matcher.assignment._methods.auction.holdings import empty_holdings
from matcher.assignment._methods.auction.market import build_market
from matcher.assignment._methods.auction.row_choices import choose_all
market = build_market(AssignmentProblem(csr_array(np.array([[0.75, 0.5], [0.5, 0.125]])), [1, 1])).market
holdings = empty_holdings(market)
choose_all(market, holdings, np.full(2, -1))
print(holdings.unit_edge.tolist())
"""
NOBODY_WANTS_ANYTHING = '''

@inlined
def best_edge(market: Market, kind_room: Ints, row: int, values: Ints, floor: int) -> int:
    """There is none."""
    return -1
'''


def run(script: str, engine: Path, **environment: object) -> tuple[str, str]:
    """What a new process prints with the engine in this folder, and what it says on standard error."""
    without = {name: value for name, value in os.environ.items() if not name.startswith("NUMBA_")}
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=engine, env=without | {name: str(value) for name, value in environment.items()},
        capture_output=True, text=True, timeout=600, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.strip(), done.stderr.strip()


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A folder with a copy of the engine."""
    there = tmp_path / "source"
    shutil.copytree(ENGINE, there / "matcher", ignore=shutil.ignore_patterns("__pycache__"))
    return there


# Kept -----------------------------------------------------------------------------------------------


def test_the_first_use_on_a_machine_announces_itself_once_and_the_second_compiles_nothing(
    tmp_path: Path,
) -> None:
    compiled, said = run(PLAN_A_TOWN, ENGINE.parent, NUMBA_CACHE_DIR=tmp_path)
    assert "matcher.pairs._kernels.searching.find_best" in compiled
    assert said == FIRST_USE
    assert run(PLAN_A_TOWN, ENGINE.parent, NUMBA_CACHE_DIR=tmp_path) == ("", "")


def test_what_was_kept_is_compiled_anew_when_a_file_it_is_made_of_changes(
    source: Path, tmp_path: Path
) -> None:
    kept = tmp_path / "kept"
    assert run(CHOOSE_TWO, source, NUMBA_CACHE_DIR=kept) == ("[0, 2]", FIRST_USE)
    assert run(CHOOSE_TWO, source, NUMBA_CACHE_DIR=kept) == ("[0, 2]", "")
    # row_choices.py, whose kernels are kept, stays as it is.
    with (source / "matcher/assignment/_methods/auction/holdings.py").open("a") as holdings:
        holdings.write(NOBODY_WANTS_ANYTHING)
    assert run(CHOOSE_TWO, source, NUMBA_CACHE_DIR=kept) == ("[-1, -1]", FIRST_USE)


def test_what_was_kept_for_types_that_are_gone_is_compiled_anew(source: Path, tmp_path: Path) -> None:
    """As after an update that renames what kernels are handed."""
    kept = tmp_path / "kept"
    assert run(CHOOSE_TWO, source, NUMBA_CACHE_DIR=kept) == ("[0, 2]", FIRST_USE)
    for file in (source / "matcher/assignment").rglob("*.py"):
        file.write_text(file.read_text().replace("Holdings", "Possessions"))
    assert run(CHOOSE_TWO, source, NUMBA_CACHE_DIR=kept) == ("[0, 2]", FIRST_USE)


def test_where_nothing_can_be_kept_everything_works_and_says_that_it_will_take_as_long_again(
    source: Path, tmp_path: Path
) -> None:
    """Below a file there is no folder, for root neither: not in the tree, the home or where numba is told."""
    in_the_way = tmp_path / "file"
    in_the_way.touch()
    for folder in [source, *(path for path in source.rglob("*") if path.is_dir())]:
        (folder / "__pycache__").touch()
    nowhere = dict.fromkeys(("NUMBA_CACHE_DIR", "HOME", "XDG_CACHE_HOME"), in_the_way / "below")
    for _ in range(2):
        assert run(CHOOSE_TWO, source, **nowhere) == ("[0, 2]", EVERY_USE)


def test_a_mistake_in_where_to_keep_kernels_is_not_taken_for_a_place_that_cannot_be_written(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(numba.config, "CACHE_LOCATOR_CLASSES", "NoSuchLocator")
    with pytest.raises(RuntimeError, match="NoSuchLocator"):
        kernel(lambda: None)


# What kernels are made of ---------------------------------------------------------------------------


def test_a_pattern_that_names_no_file_stops_the_import_and_is_named(tmp_path: Path) -> None:
    lonely = tmp_path / "_compiled.py"
    shutil.copy(ENGINE / "_compiled.py", lonely)
    spec: Any = importlib.util.spec_from_file_location("lonely", lonely)
    with pytest.raises(RuntimeError) as caught:
        spec.loader.exec_module(importlib.util.module_from_spec(spec))
    missing = [*_compiled._MADE_OF[1:], *_compiled._CONSTANTS]
    assert f"got {', '.join(map(repr, missing))}, which match no file" in str(caught.value)
    assert f"in {lonely}: expected patterns of files in {tmp_path}" in str(caught.value)


def test_every_file_with_kernels_is_among_what_they_are_made_of() -> None:
    made_of = {path for pattern in _compiled._MADE_OF for path in ENGINE.glob(pattern)}
    with_kernels = {path for path in ENGINE.rglob("*.py") if decorated(parsed(path), ("kernel", "inlined"))}
    assert len(with_kernels) > 10
    assert with_kernels <= made_of


def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def decorated(tree: ast.AST, by: tuple[str, ...]) -> list[ast.FunctionDef]:
    return [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef)
        and any(isinstance(name, ast.Name) and name.id in by for name in node.decorator_list)
    ]


def test_parts_of_kernels_are_called_by_kernels_alone() -> None:
    """From Python such a call would compile the part by itself, in every process."""
    trees = {path: parsed(path) for path in ENGINE.rglob("*.py")}
    parts = {path: {part.name for part in decorated(tree, ("inlined",))} for path, tree in trees.items()}
    everywhere = set.union(*parts.values())
    found = []
    for path, tree in trees.items():
        come = {
            alias.name
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("matcher.")
            for alias in node.names
        }
        here = parts[path] | (come & everywhere)
        inside = {
            id(node) for function in decorated(tree, ("kernel", "inlined")) for node in ast.walk(function)
        }
        found += [
            f"{path.relative_to(ENGINE)}:{node.lineno}: {node.func.id}"
            for node in ast.walk(tree)
            if isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id in here
            and id(node) not in inside
        ]
    assert len(everywhere) > 30
    assert found == []


# What numba has beyond its documented interface -----------------------------------------------------

LEANT_ON = "numba has changed: see matcher/_compiled.py, which leans on "


def a_kernel() -> Any:
    def twice(x: int) -> int:
        return 2 * x

    return kernel(twice)


def test_numba_lets_no_kernel_make_an_array_when_told_to_count_no_references() -> None:
    def zeros(n: int) -> int:
        return np.zeros(n)[0]

    assert numba.njit(zeros)(3) == 0
    counts_none = kernel(zeros)
    try:
        counts_none(3)
    except numba.core.errors.TypingError:
        return
    pytest.fail(f"{LEANT_ON}the option `_nrt` of `numba.njit`: a kernel has made an array")


def test_numba_looks_up_what_it_kept_by_a_version_that_takes_in_all_sources() -> None:
    kept = getattr(a_kernel()._cache, "_cache_file", None)
    assert kept is not None, f"{LEANT_ON}`_cache._cache_file` of a compiled function"
    assert kept._version.endswith(_compiled._SOURCES), f"{LEANT_ON}`_cache_file._version`"


def test_numba_tells_what_it_compiles_when_it_begins() -> None:
    class Listener(event.Listener):
        def __init__(self) -> None:
            self.begun: list[Any] = []

        def on_start(self, started: Any) -> None:
            self.begun.append(started.data)

        def on_end(self, ended: Any) -> None:
            pass

    listener, compiled = Listener(), numba.njit(lambda x: x)
    with event.install_listener("numba:compile", listener):
        assert compiled(1) == 1
    assert [data.get("dispatcher") for data in listener.begun] == [compiled], (
        f'{LEANT_ON}`event.data["dispatcher"]` of the event "numba:compile"'
    )


def test_numba_compiles_parts_into_kernels_and_not_by_themselves() -> None:
    @inlined
    def part(x: int) -> int:
        return x + 1

    @numba.njit
    def whole(x: int) -> int:
        return part(x) * 2

    assert whole(1) == 4
    assert part.signatures == [], f'{LEANT_ON}`inline="always"`: the part was compiled by itself'
    assert whole.signatures == [(types.int64,)]


def test_with_a_numba_that_counts_references_all_the_same_no_kernel_is_made(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (owner,) = [of for of in CPUTargetOptions.__mro__ if "_nrt" in vars(of)]
    monkeypatch.delattr(owner, "_nrt")
    with pytest.raises(RuntimeError, match=r"numba: expected a release with the option `_nrt`"):
        a_kernel()


def test_with_a_numba_that_has_no_version_no_kernel_is_kept_that_could_be_out_of_date(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(caching, "IndexDataCacheFile", lambda **arguments: object())
    with pytest.raises(RuntimeError, match=r"numba: expected a release with `_cache\._cache_file"):
        a_kernel()


def test_with_a_numba_that_does_not_say_what_it_compiles_nothing_is_announced(
    caplog: pytest.LogCaptureFixture,
) -> None:
    announcement = _compiled._Announcement()
    for data in ({}, {"dispatcher": None}, {"dispatcher": object()}):
        announcement.on_start(event.Event("numba:compile", event.EventStatus.START, data))
    assert not announcement.made
    assert caplog.records == []
