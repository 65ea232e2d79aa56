"""What each target of the Makefile installs, in a folder where nothing is installed yet."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MADE_FROM = ("Makefile", "setup.cfg", "setup.py", "pyproject.toml", "constraints.txt")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in (*MADE_FROM, "package.json", "package-lock.json"):
        shutil.copy(ROOT / name, tmp_path)
    return tmp_path


def installs(folder: Path, target: str) -> list[str]:
    """What pip is told to install for the target, in order; nothing is run."""
    outside = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    words = [shutil.which("make") or "make", "-n", f"PYTHON={sys.executable}", target]
    make = subprocess.run(words, cwd=folder, env=outside, capture_output=True, text=True, check=True)
    return re.findall(r"pip install .*-e '?(\.[^' \n]*)", make.stdout)


def done(folder: Path, *stamps: str) -> None:
    stamp_folder = folder / ".venv" / ".koppel"
    stamp_folder.mkdir(parents=True, exist_ok=True)
    newest = max((folder / name).stat().st_mtime for name in MADE_FROM)
    for at, stamp in enumerate(stamps):
        (stamp_folder / stamp).touch()
        os.utime(stamp_folder / stamp, (newest + 1 + at, newest + 1 + at))


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("install", ["."]),
        ("demo", ["."]),
        ("docs", [".", ".[docs]"]),
        ("setup", [".", ".[dev]"]),
        ("test", [".", ".[dev]"]),
        ("lint", [".", ".[dev]"]),
    ],
)
def test_a_target_installs_what_it_needs_and_no_more(folder: Path, target: str, expected: list[str]) -> None:
    assert installs(folder, target) == expected


def test_what_is_there_is_not_installed_again(folder: Path) -> None:
    done(folder, "install", "dev")
    assert installs(folder, "demo") == []
    assert installs(folder, "test") == []
    assert installs(folder, "docs") == [".[docs]"]


def test_developers_packages_come_on_top_of_a_demo(folder: Path) -> None:
    done(folder, "install")
    assert installs(folder, "setup") == [".[dev]"]


def test_everything_is_installed_anew_after_a_change_of_what_is_needed(folder: Path) -> None:
    done(folder, "install", "dev", "docs")
    later = (folder / ".venv" / ".koppel" / "docs").stat().st_mtime + 1
    os.utime(folder / "pyproject.toml", (later, later))
    assert installs(folder, "setup") == [".", ".[dev]"]
    assert installs(folder, "docs") == [".", ".[docs]"]
