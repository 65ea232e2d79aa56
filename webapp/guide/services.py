"""The guide for coordinators as a page, from the same Markdown as docs/; it goes with the wheel."""

from __future__ import annotations

from collections.abc import MutableMapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import pairwise
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markupsafe import Markup


@dataclass(frozen=True)
class Guide:
    """A guide: its title, the anchors and names of its sections, and what stands below the title."""

    title: str
    sections: Sequence[tuple[str, str]]
    body: Markup


@cache
def read_guide(language: str) -> Guide:
    """The guide in a language of the pages."""
    name = "user-guide.md" if language == "en" else f"user-guide.{language}.md"
    return render_guide(files("webapp.guide").joinpath(name).read_text(encoding="utf-8"))


def render_guide(text: str) -> Guide:
    """A guide from its Markdown; above its title stands the way to other languages, which the page has."""
    markdown = MarkdownIt("commonmark", {"html": False}).enable("table")
    markdown.add_render_rule("table_open", _open_table)
    markdown.add_render_rule("table_close", _close_table)
    tokens = markdown.parse(text)
    top = next(at for at, token in enumerate(tokens) if token.type == "heading_open")
    body = tokens[top + 3 :]
    sections: list[tuple[str, str]] = []
    for token, words in pairwise(body):
        if token.type == "heading_open" and token.tag == "h2":
            token.attrSet("id", f"section-{len(sections) + 1}")
            sections.append((f"section-{len(sections) + 1}", words.content))
    html = markdown.renderer.render(body, markdown.options, {})
    return Guide(tokens[top + 1].content, sections, Markup(html))  # noqa: S704 -- ours, and HTML in it is escaped


def _open_table(
    renderer: RendererHTML, tokens: Sequence[Token], at: int, _options: Any, _env: MutableMapping[str, Any]
) -> str:
    return f'<div class="table-wrap">{renderer.renderToken(tokens, at, _options, _env)}'


def _close_table(
    renderer: RendererHTML, tokens: Sequence[Token], at: int, _options: Any, _env: MutableMapping[str, Any]
) -> str:
    return f"{renderer.renderToken(tokens, at, _options, _env)}</div>"
