"""What the code has and the docs do not: rules, criteria, settings, commands, the README's own words."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from matcher.pairs.criteria import CRITERIA
from matcher.pairs.eligibility import RULES
from matcher.pairs.policy import Policy
from matcher.planning.unmatched import REASONS
from webapp.cli import COMMANDS, main
from webapp.config import REMEDIES

ROOT = Path(__file__).parents[1]
DOCS = sorted(ROOT.glob("docs/**/*.md"))


def text(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


def test_every_rule_and_criterion_is_explained() -> None:
    page = text("docs/matching.md")
    names = [rule.name for rule in RULES] + [criterion.name for criterion in CRITERIA]
    names += [name for name in REASONS if name not in {rule.name for rule in RULES}]
    assert [name for name in names if f"`{name}`" not in page] == []


def test_the_policy_in_the_docs_is_the_default_one() -> None:
    block = re.search(r"```toml\n(.*?)```", text("docs/matching.md"), re.DOTALL)
    assert block is not None
    assert Policy.from_toml(block[1]).to_dict() == {**Policy().to_dict(), "name": "Münster 2026"}


@pytest.mark.parametrize("criterion", [criterion.name for criterion in CRITERIA])
def test_the_weights_in_the_table_are_the_default_ones(criterion: str) -> None:
    row = re.search(rf"^\| `{criterion}` \| ([0-9.]+) \|", text("docs/matching.md"), re.MULTILINE)
    assert row is not None
    assert float(row[1]) == getattr(Policy().weights, criterion)


def test_the_code_in_the_pages_on_the_library_runs(capsys: pytest.CaptureFixture[str]) -> None:
    blocks = re.findall(r"```python\n(.*?)```", text("docs/library.md"), re.DOTALL)
    assert len(blocks) > 5
    exec("\n".join(blocks), {})  # noqa: S102 - our own page
    assert "shared interests: Football" in capsys.readouterr().out


def test_every_setting_is_explained_and_none_that_is_not_there() -> None:
    page = text("docs/operator-guide.md")
    assert set(re.findall(r"^\| `(KOPPEL_\w+)`", page, re.MULTILINE)) == set(REMEDIES)


def test_every_command_is_named_in_the_docs_and_has_help() -> None:
    pages = text("README.md") + "".join(path.read_text(encoding="utf-8") for path in DOCS)
    context = click.Context(main)
    for name in COMMANDS:
        command = main.get_command(context, name)
        assert command is not None
        assert command.help
        assert command.hidden or f"koppel {name}" in pages
        assert all(option.help for option in command.params if isinstance(option, click.Option))


def test_every_command_in_the_docs_can_be_read() -> None:
    for page in [ROOT / "README.md", *DOCS]:
        for line in re.findall(r"^koppel .*$", page.read_text(encoding="utf-8"), re.MULTILINE):
            words = line.split("#")[0].split()[1:]
            command: click.Command | None = main
            while isinstance(command, click.Group):
                command = command.get_command(click.Context(command), words.pop(0))
            assert command is not None, line
            known = {flag for option in command.params for flag in option.opts}
            assert {word.split("=")[0] for word in words if word.startswith("--")} <= known, line


def test_the_two_commands_of_the_readme_are_targets_of_the_makefile() -> None:
    readme, makefile = text("README.md"), text("Makefile")
    for target in ("demo", "test"):
        assert f"make {target}" in readme
        assert re.search(rf"^{target}:", makefile, re.MULTILINE)
    assert "make test" in text(".ci/run")


def test_every_link_between_the_docs_leads_somewhere() -> None:
    for page in [ROOT / "README.md", *DOCS]:
        for target in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text(encoding="utf-8")):
            if not target.startswith(("http:", "https:", "mailto:")):
                assert (page.parent / target).exists(), f"{page.name}: {target}"
