"""Starting on what is there: a sentence with the remedy for whatever cannot go on, and nothing made worse."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from webapp.commands.rematch import rematch
from webapp.storage.upgrade import newest_revision
from webapp.worker import _set_aside_if_damaged

BEGIN = "from webapp.cli import main; main()"


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of an installation that has started once."""
    monkeypatch.setenv("KOPPEL_HOME", str(tmp_path))
    assert start().exit_code == 0
    return tmp_path


def start() -> Result:
    """A command that needs the application, in this process."""
    return CliRunner().invoke(rematch, ["--dry-run"])


def truncated(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def scribbled(path: Path) -> None:
    path.write_bytes(b"not a database at all, " * 1000)


def emptied(path: Path) -> None:
    path.write_bytes(b"")


def newer(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")


def of_no_version(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("DELETE FROM alembic_version")


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (scribbled, "is damaged"),
        (truncated, "a part of it is missing"),
        (emptied, "is empty"),
        (newer, "newer Koppel"),
        (of_no_version, "does not say of which release"),
    ],
)
def test_a_database_that_cannot_go_on_is_told_and_left_as_it_is(
    installed: Path, harm: Callable[[Path], None], said: str
) -> None:
    path = installed / "koppel.sqlite"
    for beside in ("-wal", "-shm"):
        path.with_name(path.name + beside).unlink(missing_ok=True)
    harm(path)
    before = path.read_bytes()
    answer = start()
    assert answer.exit_code == 2
    assert said in answer.output
    assert "What to do:" in answer.output
    assert "Traceback" not in answer.output
    assert path.read_bytes() == before


def test_a_database_server_that_is_away_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KOPPEL_HOME", str(tmp_path))
    monkeypatch.setenv("KOPPEL_DATABASE_URL", "postgresql://koppel:secret@127.0.0.1:1/koppel")
    answer = start()
    assert answer.exit_code == 2
    assert "cannot be reached" in answer.output
    assert "secret" not in answer.output


def test_four_first_starts_at_once_make_one_installation(tmp_path: Path) -> None:
    command = [sys.executable, "-c", BEGIN, "rematch", "--dry-run"]
    environment = {"KOPPEL_HOME": str(tmp_path), "PATH": ""}
    started = [
        subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    ended = [(process.communicate(), process.returncode) for process in started]
    assert [code for _said, code in ended] == [0, 0, 0, 0], ended
    with sqlite3.connect(tmp_path / "koppel.sqlite") as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [
            (newest_revision(),)
        ]
    assert len((tmp_path / "secret_key").read_text()) >= 32
    assert [path.name for path in tmp_path.glob("secret_key.*")] == []


def test_first_starts_on_several_machines_make_one_database(tmp_path: Path, second_postgres_url: str) -> None:
    command = [sys.executable, "-c", BEGIN, "rematch", "--dry-run"]
    settings = {"PATH": "", "KOPPEL_DATABASE_URL": second_postgres_url}
    started = [
        subprocess.Popen(
            command,
            env={**settings, "KOPPEL_HOME": str(tmp_path / str(machine))},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for machine in range(3)
    ]
    ended = [(process.communicate(), process.returncode) for process in started]
    assert [code for _said, code in ended] == [0, 0, 0], ended


def test_a_queue_that_cannot_be_read_is_kept_aside(tmp_path: Path) -> None:
    path = tmp_path / "queue.sqlite"
    scribbled(path)
    _set_aside_if_damaged(path)
    assert not path.exists()
    (aside,) = tmp_path.glob("queue.damaged-*.sqlite")
    assert aside.read_bytes().startswith(b"not a database")
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE task (id INTEGER)")
    _set_aside_if_damaged(path)
    assert path.exists()


def test_a_queue_that_cannot_be_opened_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KOPPEL_HOME", str(tmp_path))
    (tmp_path / "queue.sqlite").mkdir()
    answer = start()
    assert answer.exit_code == 2
    assert "queue in KOPPEL_HOME cannot be opened" in answer.output


def test_a_home_where_nothing_can_be_written_any_more_is_told(
    installed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (installed / "start.lock").unlink(missing_ok=True)
    (installed / "start.lock").mkdir()
    answer = start()
    assert answer.exit_code == 2
    assert "Nothing can be written" in answer.output
