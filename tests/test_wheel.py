"""The wheel: what is installed elsewhere works without the checkout, seed tables and pages included."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tomllib
from importlib.metadata import Distribution, distributions
from pathlib import Path

import pytest

pytestmark = pytest.mark.xdist_group("wheel")  # made once for all of them
ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the project as its wheel installs it."""
    source, target = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("target")
    for name in ("matcher", "webapp", "data"):
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("setup.cfg", "setup.py", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source / name)
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
    subprocess.run(
        [*pip, "wheel", "--no-deps", "--no-build-isolation", "--no-index", "-w", target, source], check=True
    )
    (wheel,) = target.glob("koppel-*.whl")
    subprocess.run(
        [*pip, "install", "--no-deps", "--no-index", "--target", target / "site", wheel], check=True
    )
    return target / "site"


@pytest.fixture(scope="module")
def distribution(installed: Path) -> Distribution:
    """What the installed project says about itself."""
    (found,) = distributions(name="koppel", path=[str(installed)])
    return found


def run(installed: Path, code: str, folder: Path) -> str:
    """Run Python outside of the checkout, on the installed project."""
    program = f"import sys; sys.path.insert(0, {str(installed)!r}); {code}"
    done = subprocess.run(
        [sys.executable, "-I", "-c", program], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_every_module_on_disk_is_installed_and_can_be_opened(installed: Path, tmp_path: Path) -> None:
    folders = [path.parent for top in ("matcher", "webapp") for path in (ROOT / top).rglob("__init__.py")]
    files = [path.relative_to(ROOT) for folder in folders for path in folder.glob("*.py")]
    assert [path for path in files if not (installed / path).exists()] == []
    modules = [".".join(path.with_suffix("").parts).removesuffix(".__init__") for path in files]
    code = f"from importlib import import_module; print(len([import_module(name) for name in {modules!r}]))"
    assert run(installed, code, tmp_path).strip().endswith(str(len(modules)))


def test_everything_that_is_no_python_is_installed_as_well(installed: Path) -> None:
    files = [path for top in ("matcher", "webapp") for path in (ROOT / top).rglob("*.*") if path.is_file()]
    files = [path.relative_to(ROOT) for path in files if path.suffix not in {".po", ".cfg", ".md"}]
    files = [path for path in files if "__pycache__" not in path.parts]
    assert [str(path) for path in files if not (installed / path).exists()] == []
    seed = [path.relative_to(ROOT / "data/seed") for path in (ROOT / "data/seed").rglob("*.csv")]
    assert [str(path) for path in seed if not (installed / "matcher/seed" / path).exists()] == []


def test_the_installed_engine_matches_the_installed_seed_people(installed: Path, tmp_path: Path) -> None:
    code = (
        "from matcher.records.vocabulary import open_seed; from matcher.cli import match; import matcher; "
        "folder = str(open_seed('muenster')); "
        "match([folder + '/newcomers.csv', folder + '/offers.csv', '--out', 'm.csv', '--json'], "
        "standalone_mode=False); print(matcher.__file__)"
    )
    assert run(installed, code, tmp_path).strip().endswith(str(installed / "matcher" / "__init__.py"))
    assert (tmp_path / "m.csv").read_text().count("\n") > 100


def test_the_installed_web_application_has_its_pages_tables_and_styles(
    installed: Path, tmp_path: Path
) -> None:
    code = (
        "import os; os.environ['KOPPEL_HOME'] = 'home'; "
        "from webapp import create_app; from webapp.storage.upgrade import upgrade_database; "
        "app = create_app(); upgrade_database(app); client = app.test_client(); "
        "print([client.get(url).status_code for url in "
        "('/login?lang=de', '/help?lang=nl', '/static/koppel.css', '/static/vendor/pico.min.css')])"
    )
    assert "[200, 200, 200, 200]" in run(installed, code, tmp_path)


def test_the_wheel_says_who_it_is_and_what_it_needs(distribution: Distribution) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert {
        key: distribution.metadata[key] for key in ("Version", "License-Expression", "Requires-Python")
    } == {
        "Version": project["version"],
        "License-Expression": "EUPL-1.2",
        "Requires-Python": ">=3.11",
    }
    needed = {line.split(";")[0].strip() for line in distribution.requires or [] if "extra ==" not in line}
    assert len(needed) == len(project["dependencies"])
    assert set(distribution.metadata.get_all("Provides-Extra") or []) == set(project["optional-dependencies"])
    assert [script.value for script in distribution.entry_points.select(name="koppel")] == ["webapp.cli:main"]


def test_the_licence_and_the_types_are_in_the_wheel(distribution: Distribution, installed: Path) -> None:
    (licence,) = [file for file in distribution.files or [] if file.name == "LICENSE"]
    assert licence.read_text() == (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert (installed / "matcher" / "py.typed").exists()
