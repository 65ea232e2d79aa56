"""The house of the engine: a stranger finds no crowded folder, and no file outside the import contracts."""

from __future__ import annotations

import configparser
from pathlib import Path

import pytest

import matcher

ENGINE = Path(matcher.__file__).parent
ROOT = ENGINE.parent
MOST_FILES = 12
PACKAGES = sorted({path.parent for path in ENGINE.rglob("*.py")})


def contracts() -> dict[str, dict[str, str]]:
    """The layer contracts of setup.cfg, by the package they are about."""
    parser = configparser.ConfigParser()
    parser.read(ROOT / "setup.cfg", encoding="utf-8")
    layers = [dict(parser[name]) for name in parser.sections() if name.startswith("importlinter:contract:")]
    return {
        one["containers"].strip(): one for one in layers if one["type"] == "layers" and "containers" in one
    }


@pytest.mark.parametrize("folder", PACKAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_folder_holds_more_than_a_dozen_files(folder: Path) -> None:
    assert len(list(folder.glob("*.py"))) <= MOST_FILES


@pytest.mark.parametrize(
    "package", [".".join(path.relative_to(ROOT).parts) for path in PACKAGES], ids=lambda name: name
)
def test_every_file_of_a_room_stands_in_a_layer(package: str) -> None:
    assert contracts()[package].get("exhaustive", "").lower() == "true"
