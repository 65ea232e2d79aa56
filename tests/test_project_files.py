"""What catalogues, citations and readers are told about the project agrees with what it is."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
LANGUAGES = {"en", *(path.parent.name for path in ROOT.glob("webapp/translations/*/LC_MESSAGES"))}


def read_yaml(name: str) -> dict[str, Any]:
    content = yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))
    assert isinstance(content, dict)
    return content


@pytest.fixture(scope="module")
def publiccode() -> dict[str, Any]:
    return read_yaml("publiccode.yml")


@pytest.fixture(scope="module")
def citation() -> dict[str, Any]:
    return read_yaml("CITATION.cff")


def test_version_and_day_are_the_same_everywhere(
    publiccode: dict[str, Any], citation: dict[str, Any]
) -> None:
    top = re.search(r"^## (\S+) \((\S+)\)$", (ROOT / "CHANGES.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert top is not None
    assert {PROJECT["version"], publiccode["softwareVersion"], str(citation["version"])} == {top[1]}
    assert {publiccode["releaseDate"], str(citation["date-released"])} == {top[2]}


def test_the_licence_is_the_same_everywhere_and_its_text_is_whole(
    publiccode: dict[str, Any], citation: dict[str, Any]
) -> None:
    assert {PROJECT["license"], publiccode["legal"]["license"], citation["license"]} == {"EUPL-1.2"}
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert text.startswith("EUROPEAN UNION PUBLIC LICENCE v. 1.2\n")
    assert re.findall(r"^(\d+)\.[A-Z]", text, re.MULTILINE) == [str(number) for number in range(1, 16)]
    assert re.search(r"^ *Appendix$", text, re.MULTILINE)


def test_publiccode_has_what_the_standard_asks_for(publiccode: dict[str, Any]) -> None:
    assert publiccode["publiccodeYmlVersion"] == "0.4"
    needed = {"name", "url", "releaseDate", "platforms", "categories", "developmentStatus", "softwareType"}
    needed |= {"description", "legal", "maintenance", "localisation"}
    assert needed <= set(publiccode)
    assert publiccode["maintenance"]["contacts"]
    assert publiccode["localisation"]["localisationReady"] is True
    for picture in [publiccode["logo"], *publiccode["description"]["en"]["screenshots"]]:
        assert (ROOT / picture).exists()


def test_publiccode_describes_koppel_in_every_language_it_speaks(publiccode: dict[str, Any]) -> None:
    assert set(publiccode["localisation"]["availableLanguages"]) == LANGUAGES
    assert set(publiccode["description"]) == LANGUAGES
    n_features = {len(words["features"]) for words in publiccode["description"].values()}
    assert len(n_features) == 1
    for words in publiccode["description"].values():
        assert len(words["shortDescription"]) <= 150
        assert 500 <= len(words["longDescription"]) <= 10_000
        assert all(len(feature) <= 100 for feature in words["features"])


def test_the_citation_has_what_its_format_asks_for(citation: dict[str, Any]) -> None:
    assert citation["cff-version"] == "1.2.0"
    assert {"message", "title", "authors"} <= set(citation)


def test_fragments_are_sections_that_can_be_folded() -> None:
    for fragment in ROOT.glob("changes/*.md"):
        if fragment.name != "README.md":
            assert re.match(r"### \S", fragment.read_text(encoding="utf-8")), fragment.name
