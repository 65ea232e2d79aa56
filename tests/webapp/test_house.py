"""The house of the web application: where a stranger finds things, folder by folder.

Files of a room, and what stands in them:

==============  ====================================================================================
models          tables, and facts about one row
labels          what codes are called in the reader's language
schemas         what comes in and goes out (marshmallow)
services        operations (verb_noun) and reads (query_*); take the actor, flush, never commit
forms           what large forms let one choose from, and what their fields are called
views, api      pages and JSON: parse, call a service, commit, answer
tasks           what the worker runs; registered names never change
==============  ====================================================================================

A room with too much for these has a few more files, each with one subject; they are listed here.
"""

from __future__ import annotations

import configparser
import re
from pathlib import Path

import pytest
from flask import Flask

from webapp import application
from webapp.audit.services import action_name

ROOT = Path(__file__).parents[2]
WEBAPP = ROOT / "webapp"
MOST_FILES = 12
FILES_OF_A_ROOM = {"__init__", "models", "labels", "schemas", "services", "forms", "views", "api", "tasks"}
MORE_FILES = {
    "accounts": {
        "login",  # who is asking, before every request
        "tokens",  # programmes that may speak for a town
        "links",  # signed addresses that let one do one thing
        "kept",  # what was typed when a session had ended
    },
    "answers": {
        "executing",  # an answer from queued to its end, with signs of life
        "sentences",  # figures in words
    },
    "newcomers": {"caseload"},  # who looks after whom
    "placements": {
        "places",  # the one way to a placement
        "options",  # which offers are possible for somebody
        "conflicts",  # why something is refused
        "fit",  # what of a pair matters to whoever decides
        "sentences",  # numbers of a pair in words
    },
    "profiles": {"hours"},  # hours of the week as people read them
    "proposals": {
        "staging",  # how what a run proposes becomes visible
        "settling",  # what can be confirmed no more, and why
    },
    "runs": {
        "replacing",  # what somebody is offered between two runs
        "executing",  # a run from queued to its end, with signs of life
        "solving",  # making a plan, which changes nothing
        "storing",  # what a run found, stored
        "sentences",  # how good a plan is, in words
    },
}
NO_ROOMS = {"commands", "engine", "storage", "web"}


def folders() -> list[Path]:
    """Every package of the web application."""
    return sorted(path.parent for path in WEBAPP.rglob("__init__.py"))


ROOMS = [path.name for path in folders() if path != WEBAPP and path.name not in NO_ROOMS]


def test_the_application_mounts_every_room() -> None:
    assert sorted(application.ROOMS) == sorted(ROOMS)


@pytest.mark.parametrize("folder", folders(), ids=lambda path: path.name)
def test_a_folder_can_be_taken_in_at_a_glance(folder: Path) -> None:
    files = sorted(path.name for path in folder.glob("*.py"))
    assert len(files) <= MOST_FILES, files


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_has_the_files_that_every_room_has(room: str) -> None:
    known = FILES_OF_A_ROOM | MORE_FILES.get(room, set())
    assert {path.stem for path in (WEBAPP / room).glob("*.py")} <= known


def test_no_file_is_listed_that_is_gone() -> None:
    listed = {WEBAPP / room / f"{name}.py" for room, names in MORE_FILES.items() for name in names}
    assert [path for path in listed if not path.exists()] == []


def test_every_init_file_is_thin() -> None:
    long = [path for path in WEBAPP.rglob("__init__.py") if len(path.read_text("utf-8").splitlines()) > 15]
    assert long == []


@pytest.mark.parametrize("folder", folders(), ids=lambda path: path.name)
def test_every_file_stands_in_a_layer(folder: Path) -> None:
    """Contracts that name every file of a folder; `lint-imports` holds the files against them."""
    settings = configparser.ConfigParser()
    settings.read(ROOT / "setup.cfg", encoding="utf-8")
    exhaustive = [
        settings[name]["containers"].split()
        for name in settings.sections()
        if name.startswith("importlinter:contract:") and settings[name].getboolean("exhaustive", False)
    ]
    assert ".".join(folder.relative_to(ROOT).parts) in {name for names in exhaustive for name in names}


def test_a_page_of_a_room_has_its_template_in_the_folder_of_the_room(sqlite_app: Flask) -> None:
    for path in (WEBAPP / "templates").glob("*/*.html"):
        room, page = path.parent.name, path.stem
        assert room in {*ROOMS, "errors"}
        if not page.startswith("_") and room != "errors":
            views = (WEBAPP / room / "views.py").read_text("utf-8")
            assert f'"{room}/{path.name}"' in views, path
            is_own_name = f"{room}.{page}" in sqlite_app.view_functions
            assert is_own_name or (room, page) in {("offers", "no_link")}, f"no view {room}.{page}"


def test_every_slot_of_a_page_is_filled_and_no_other(sqlite_app: Flask) -> None:
    pages = [path.read_text("utf-8") for path in (WEBAPP / "templates").rglob("*.html")]
    slots = {name for page in pages for name in re.findall(r'slot\("(\w+)"', page)}
    assert slots == set(sqlite_app.extensions["koppel_slots"])


def test_a_template_takes_parts_of_its_own_room_and_of_rooms_below() -> None:
    settings = configparser.ConfigParser()
    settings.read(ROOT / "setup.cfg", encoding="utf-8")
    layers = settings["importlinter:contract:rooms"]["layers"].split("\n")
    height = {
        name.strip(" ()"): len(layers) - row for row, layer in enumerate(layers) for name in layer.split("|")
    }
    for path in (WEBAPP / "templates").glob("*/*.html"):
        for room in re.findall(r'{% (?:include|import|extends) "(\w+)/', path.read_text("utf-8")):
            own = path.parent.name
            assert room == own or height[room] < height[own], f"{own}/{path.name} takes a part of {room}"


def test_every_action_and_detail_of_the_history_is_called_something(sqlite_app: Flask) -> None:
    sources = "".join(path.read_text("utf-8") for path in WEBAPP.rglob("*.py"))
    actions = set(re.findall(r'write_entry\(\s*[\w()._]+,\s*"([a-z_]+\.[a-z_]+)"', sources))
    assert len(actions) > 25
    assert [action for action in sorted(actions) if action_name(action) == action] == []
