"""Every command and every option of it, used wrongly: a sentence and exit code 2, never a traceback."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result
from sqlalchemy.exc import OperationalError

from webapp.cli import COMMANDS, main
from webapp.commands.application import StoredText, in_application
from webapp.commands.learn import learn
from webapp.commands.policy import policy
from webapp.commands.rematch import rematch
from webapp.commands.serve import serve
from webapp.storage.access import Actor

NO_TEXT = b"a\xff".decode("utf-8", "surrogateescape")


def commands() -> Iterator[tuple[str, click.Command]]:
    """Every command by what one types, those of groups too."""
    context = click.Context(main)
    for name in COMMANDS:
        command = main.get_command(context, name)
        assert command is not None
        yield name, command
        if isinstance(command, click.Group):
            yield from ((f"{name} {sub}", one) for sub, one in command.commands.items())


ALL = dict(commands())
ON_THE_DATABASE = [name for name in ALL if name.split()[0] not in {"match", "explain", "generate", "task"}]
FILES = [
    (name, parameter.name)
    for name, command in ALL.items()
    for parameter in command.params
    if isinstance(parameter.type, click.Path) and not parameter.type.dir_okay
]
WITH_A_DAY = [name for name, one in ALL.items() if any(own.name == "today" for own in one.params)]


@pytest.mark.parametrize("name", ALL)
def test_every_command_tells_what_it_does_and_every_option_what_it_is(name: str) -> None:
    result = CliRunner().invoke(main, [*name.split(), "--help"])
    assert result.exit_code == 0
    options = [one for one in ALL[name].params if isinstance(one, click.Option)]
    assert [one.name for one in options if not one.help and not isinstance(one.type, click.Choice)] == []


@pytest.mark.parametrize("name", ON_THE_DATABASE)
def test_texts_that_are_stored_are_looked_at(name: str) -> None:
    """A plain text of click may be bytes of no encoding, and longer than any column."""
    texts = [one for one in ALL[name].params if isinstance(one.type, type(click.STRING))]
    assert [one.name for one in texts] == []


@pytest.mark.parametrize(("said", "expected"), [(NO_TEXT, "encoded as UTF-8"), ("x" * 201, "at most 200")])
def test_a_text_that_cannot_be_stored_is_refused(said: str, expected: str) -> None:
    with pytest.raises(click.BadParameter, match=expected):
        StoredText().convert(said, None, None)


@pytest.mark.parametrize("command", [rematch, policy, learn])
def test_a_town_of_no_text_is_refused(command: click.Command) -> None:
    result = CliRunner().invoke(command, ["--town", NO_TEXT])
    assert result.exit_code == 2
    assert "expected text encoded as UTF-8" in result.stderr


@pytest.mark.parametrize(("name", "parameter"), FILES)
def test_a_folder_instead_of_a_file_is_refused(tmp_path: Path, name: str, parameter: str) -> None:
    (option,) = (one for one in ALL[name].params if one.name == parameter)
    with pytest.raises(click.BadParameter, match="is a directory"):
        option.type.convert(str(tmp_path), option, None)


@pytest.mark.parametrize("day", ["0001-01-01", "1999-12-31", "9999-12-31", "tomorrow", "2026-02-30"])
@pytest.mark.parametrize("name", WITH_A_DAY)
def test_a_day_that_is_none_of_this_century_is_refused(name: str, day: str) -> None:
    (option,) = (one for one in ALL[name].params if one.name == "today")
    with pytest.raises(click.BadParameter, match="not"):
        option.type.convert(day, option, None)


@pytest.mark.parametrize(
    ("which", "option"), [(learn, "--out"), (rematch, "--changes")], ids=["learn", "rematch"]
)
def test_a_file_in_a_folder_that_is_not_there_is_refused_before_the_work(
    me: Actor, tmp_path: Path, command: Callable[..., Result], which: click.Command, option: str
) -> None:
    result = command(which, "--town", "muenster", option, str(tmp_path / "none" / "file"))
    assert result.exit_code == 2
    assert "there is no folder" in result.stderr
    assert result.stdout == ""


def test_a_policy_is_refused_with_file_and_line(
    me: Actor, tmp_path: Path, command: Callable[..., Result]
) -> None:
    (tmp_path / "policy.toml").write_text("[weights]\n\nhobbies = 3\n")
    result = command(policy, "--town", "muenster", "--set", str(tmp_path / "policy.toml"))
    assert result.exit_code == 2
    assert "policy.toml, line 3: unknown setting weights.hobbies" in result.stderr


def test_a_database_that_is_held_by_others_is_told_in_a_sentence(
    me: Actor, command: Callable[..., Result]
) -> None:
    @click.command()
    @in_application
    def waiting() -> None:
        raise OperationalError("update town", {}, sqlite3.OperationalError("database is locked"))

    result = command(waiting)
    assert result.exit_code == 2
    assert "cannot be read or written just now: database is locked" in result.stderr


@pytest.mark.parametrize("host", ["x" * 300, NO_TEXT])
def test_a_host_that_can_be_none_is_refused(host: str) -> None:
    assert CliRunner().invoke(serve, ["--host", host]).exit_code == 2
