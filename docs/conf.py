"""The site of `make docs`: README, the pages of docs/ as they are, the engine's docstrings. No network.

What Sphinx warns of is an error: a link that leads nowhere, or a docstring that it cannot read.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

from docutils import nodes
from latex2mathml import converter
from sphinx.application import Sphinx

ROOT = Path(__file__).parents[1]
REFERENCE = "build/reference"
# The menu. A page of docs/ that it does not name comes last below "How it works".
MENU = {
    "Guides": ["docs/user-guide", "docs/user-guide.de", "docs/user-guide.nl", "docs/operator-guide"],
    "How it works": ["docs/matching", "docs/questions", "docs/assignment"],
    "Development": [
        "CONTRIBUTING",
        "docs/architecture",
        "docs/extending",
        "docs/adr/README",
        f"{REFERENCE}/matcher",
    ],
    "Project": ["CHANGES", "SECURITY", "benchmarks/RESULTS", "benchmarks/SEASONS"],
}

project = "Koppel"
version = release = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
copyright = "the people who work on Koppel; EUPL-1.2"
language = "en"

extensions = ["myst_parser", "sphinx.ext.apidoc", "sphinx.ext.autodoc", "numpydoc"]
root_doc = "README"
include_patterns = ["*.md", "docs/**.md", "benchmarks/*.md", "changes/README.md", f"{REFERENCE}/matcher*.rst"]
exclude_patterns = [".*", "node_modules", "instance", "tests", "webapp", "matcher", "notebooks"]
myst_heading_anchors = 3
myst_fence_as_directive = {"math"}

apidoc_modules = [
    {
        "path": "../matcher",
        "destination": REFERENCE,
        "separate_modules": True,
        "module_first": True,
        "max_depth": 1,
    }
]
autodoc_default_options = {"ignore-module-all": True}  # each name once, where it is at home
autodoc_member_order = "bysource"
autodoc_typehints = "none"  # types and shapes stand in the text
numpydoc_show_class_members = False  # autodoc does

html_theme = "furo"
html_title = f"Koppel {release}"
html_logo = html_favicon = "../webapp/static/mark.svg"
html_copy_source = html_show_sphinx = False
html_math_renderer = "mathml"
toc_object_entries = False
html_additional_pages = {"index": "index.html"}
templates_path = ["site"]
html_static_path = ["site/static"]
html_css_files = ["site.css"]


def add_menu(app: Sphinx, page: str, source: list[str]) -> None:
    """Put lists of pages below the pages that need them; on their own they are read without."""
    if page == root_doc:
        named = {name for names in MENU.values() for name in names}
        others = sorted(name for name in app.env.found_docs - named if re.fullmatch(r"docs/[^/]+", name))
        for caption, names in MENU.items():
            pages = [*names, *(others if caption == "How it works" else [])]
            source[0] += _list_of_pages(f":hidden:\n:caption: {caption}", pages)
    elif page == "docs/adr/README":
        source[0] += _list_of_pages(":glob:", ["0*"])
    elif page == "CONTRIBUTING":
        source[0] += _list_of_pages(":hidden:", ["changes/README"])


def _list_of_pages(options: str, pages: list[str]) -> str:
    return f"\n\n```{{toctree}}\n{options}\n\n" + "\n".join(pages) + "\n```\n"


def write_formula(translator: Any, node: nodes.math | nodes.math_block) -> None:
    """Write a formula as MathML, which browsers show by themselves."""
    text = node.astext()
    if isinstance(node, nodes.math_block):
        if r"\\" in text and r"\begin" not in text:
            text = rf"\begin{{align*}}{text}\end{{align*}}"
        formula = converter.convert(text, display="block")
        translator.body.append(f'<div class="formula" tabindex="0">{formula}</div>')
    else:
        translator.body.append(converter.convert(text))
    raise nodes.SkipNode


def name_what_is_public(
    _app: Sphinx, what: str, _name: str, package: Any, _options: Any, lines: list[str]
) -> None:
    """List what a package hands out; each name is described where it is at home."""
    if what == "module" and hasattr(package, "__path__"):
        public = {name: getattr(package, name) for name in getattr(package, "__all__", ())}
        homes = {name: found.__module__ for name, found in public.items() if hasattr(found, "__qualname__")}
        lines += ["", *(f"- :py:obj:`{name} <{home}.{name}>`" for name, home in homes.items()), ""]


def keep_bars(*args: Any) -> None:
    """In our docstrings |x| is a size, never a name that Sphinx should replace."""
    lines: list[str] = args[-1]
    for at, line in enumerate(lines):
        if not re.search(r"\\|>>>|\.\.\. ", line):  # formulas and examples keep theirs
            lines[at] = line.replace("|", r"\|")


def skip_what_others_made(
    _app: Sphinx, _what: str, _name: str, member: object, _skip: bool, _options: Any
) -> bool | None:
    """Leave out methods that a base class of another library has put into a class of ours."""
    home = getattr(member, "__module__", None) or "matcher"
    return True if callable(member) and home.startswith("sklearn.") else None


def setup(app: Sphinx) -> None:
    """Sphinx calls this."""
    app.connect("source-read", add_menu)
    app.connect("autodoc-process-docstring", keep_bars)
    app.connect("autodoc-skip-member", skip_what_others_made)
    app.connect("autodoc-process-docstring", name_what_is_public)
    app.add_html_math_renderer("mathml", (write_formula, None), (write_formula, None))
