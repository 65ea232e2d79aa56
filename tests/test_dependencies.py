"""What is imported is declared, and what is declared is imported or has a reason."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
OURS = {"matcher", "webapp"}
FOLDERS = ("matcher", "webapp", "data/seed")
# An extra that somebody who uses Koppel may leave out; dev and docs are for those who work on it.
EXTRAS = {"flow", "parquet", "postgres", "redis", "tables"}
WORKS_UNSEEN = {
    "argon2-cffi": "Flask-Security hashes passwords with it: SECURITY_PASSWORD_HASH in webapp's config",
    "psycopg": "SQLAlchemy loads it for a postgresql:// address",
    "redis": "huey and Flask-Limiter load it for a redis:// address",
}


def plain(name: str) -> str:
    """The name of a distribution as indexes compare it, without version and extras."""
    found = re.match(r"[A-Za-z0-9._-]+", name)
    assert found is not None, name
    return re.sub(r"[-_.]+", "-", found[0]).lower()


NEEDED = {plain(line) for line in PROJECT["dependencies"]}
OPTIONAL = {plain(line) for extra in EXTRAS for line in PROJECT["optional-dependencies"][extra]}


def imports(tree: ast.AST, *, is_late: bool = False) -> Iterator[tuple[str, bool]]:
    """First names of absolute imports, and whether they are executed later than their module."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name.split(".")[0], is_late) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            assert node.module is not None
            yield node.module.split(".")[0], is_late
        else:
            is_for_types = isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")
            is_function = isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
            yield from imports(node, is_late=is_late or is_function or is_for_types)


def imported_by(files: list[Path]) -> dict[str, set[str]]:
    """What others publish, by distribution: the files that import it, with "late" where none does at once."""
    homes = packages_distributions()
    found: dict[str, set[str]] = {}
    for file in files:
        for module, is_late in imports(ast.parse(file.read_text(encoding="utf-8"))):
            if module not in OURS | sys.stdlib_module_names:
                where = f"{file.relative_to(ROOT)}{' (late)' if is_late else ''}"
                # More than one distribution may bring a module; one that is declared will do.
                names = {plain(home) for home in homes.get(module, [module])}
                found.setdefault(min(names & NEEDED or names), set()).add(where)
    return found


@pytest.fixture(scope="module")
def imported() -> dict[str, set[str]]:
    return imported_by([file for folder in FOLDERS for file in sorted((ROOT / folder).rglob("*.py"))])


def test_what_is_imported_is_declared(imported: dict[str, set[str]]) -> None:
    undeclared = {
        name: files
        for name, files in imported.items()
        if name not in NEEDED and not (name in OPTIONAL and all(file.endswith("(late)") for file in files))
    }
    assert undeclared == {}, "declare these in pyproject.toml (in an extra: import it inside a function)"


def test_what_is_declared_is_imported_or_has_a_reason(imported: dict[str, set[str]]) -> None:
    assert sorted((NEEDED | OPTIONAL) - set(imported) - set(WORKS_UNSEEN)) == []


def test_a_reason_is_given_only_where_there_is_no_import(imported: dict[str, set[str]]) -> None:
    assert sorted(set(WORKS_UNSEEN) & set(imported)) == []
    assert set(WORKS_UNSEEN) <= NEEDED | OPTIONAL


def test_nothing_is_needed_and_optional_at_once() -> None:
    assert sorted(NEEDED & OPTIONAL) == []


def test_every_requirement_is_pinned_for_those_who_work_here() -> None:
    pins = {plain(line) for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()}
    declared = {plain(line) for lines in PROJECT["optional-dependencies"].values() for line in lines}
    assert sorted((NEEDED | declared) - pins - {"koppel"}) == []


def test_an_import_is_found_wherever_it_stands() -> None:
    code = "import a.b\nif x:\n    from c import d\ndef f():\n    import e\nif TYPE_CHECKING:\n    import g\n"
    assert list(imports(ast.parse(code + "from . import h\n"))) == [
        ("a", False),
        ("c", False),
        ("e", True),
        ("g", True),
    ]
