"""The engine as a library: what can be imported from it, and what an import does not bring along."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import matcher
from matcher import exceptions

ROOT = Path(matcher.__file__).parent


def run(code: str) -> str:
    """What a fresh Python prints."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def names_for_type_checkers() -> set[str]:
    tree = ast.parse((ROOT / "__init__.py").read_text(encoding="utf-8"))
    (block,) = (node for node in tree.body if isinstance(node, ast.If))
    return {alias.name for node in block.body for alias in node.names}  # type: ignore[attr-defined]


def test_every_public_name_is_there_for_people_and_for_type_checkers() -> None:
    assert len(matcher.__all__) == len(set(matcher.__all__))
    assert names_for_type_checkers() == set(matcher.__all__)
    for name in matcher.__all__:
        assert getattr(matcher, name).__name__ == name
    assert set(matcher.__all__) <= set(dir(matcher))


def test_everything_can_be_imported_with_a_star() -> None:
    assert run("from matcher import *; print(make_plan.__name__, Newcomer.__name__)") == "make_plan Newcomer"


def test_every_error_of_the_engine_can_be_imported_from_it() -> None:
    of_engine = {name for name, kind in vars(exceptions).items() if isinstance(kind, type)}
    of_engine = {name for name in of_engine if getattr(exceptions, name).__module__ == exceptions.__name__}
    assert of_engine <= set(matcher.__all__)


def test_a_name_that_is_not_there_is_refused() -> None:
    with pytest.raises(AttributeError, match="no attribute 'make_plans'"):
        matcher.make_plans  # noqa: B018


def test_every_public_name_stands_in_the_docs() -> None:
    page = (ROOT.parent / "docs" / "library.md").read_text(encoding="utf-8")
    assert [name for name in matcher.__all__ if f"`{name}`" not in page] == []


def test_the_import_alone_brings_nothing_along() -> None:
    heavy = "('numpy', 'scipy', 'numba', 'sklearn', 'pandas', 'polars', 'pyarrow', 'click', 'rich')"
    assert run(f"import sys, matcher; print([name for name in {heavy} if name in sys.modules])") == "[]"


def test_a_plan_and_its_tables_bring_no_learning_and_no_library_of_tables() -> None:
    code = (
        "import sys, datetime, matcher; "
        "newcomers = [{'id': 1, 'languages': 'uk:native', 'birth_year': 1990, 'consent': True}]; "
        "offers = [{'id': 1, 'kind': 'association', 'capacity': 1}]; "
        "plan = matcher.make_plan(newcomers, offers, today=datetime.date(2026, 3, 2)); "
        "print(matcher.plan_tables(plan).proposals['offer_id'], "
        "[name for name in ('sklearn', 'pandas', 'polars', 'pyarrow') if name in sys.modules])"
    )
    assert run(code) == "['1'] []"


def test_only_the_command_line_brings_click_and_rich() -> None:
    modules = [
        ".".join(path.relative_to(ROOT.parent).with_suffix("").parts).removesuffix(".__init__")
        for path in sorted(ROOT.rglob("*.py"))
        if path != ROOT / "cli.py"
    ]
    modules.remove("matcher.questions.learning.estimator")  # scikit-learn uses rich, if it is there
    code = (
        f"import importlib, sys; modules = {modules!r}; "
        "brought = {name: [lib for lib in ('click', 'rich', 'flask', 'sqlalchemy') if lib in sys.modules] "
        "for name in modules if importlib.import_module(name)}; "
        "print({name: libs for name, libs in brought.items() if libs})"
    )
    assert run(code) == "{}"


def test_only_learning_brings_scikit_learn() -> None:
    code = (
        "import sys, matcher.cli, matcher.questions.learning; "
        "before = 'sklearn' in sys.modules; from matcher import AcceptanceClassifier; "
        "print(before, 'sklearn' in sys.modules)"
    )
    assert run(code) == "False True"
