"""The top bar: which rooms there are, and which one the page belongs to; and the links of the footer."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from flask import Flask, request, url_for
from flask_babel import lazy_gettext as _l

# Endpoint, text; a room that is not built yet has no entry.
_ENTRIES = (
    ("board.board", _l("Board")),
    ("newcomers.index", _l("Newcomers")),
    ("offers.index", _l("Offers")),
    ("placements.index", _l("Placements")),
    ("runs.index", _l("Runs")),
    ("audit.history", _l("History")),
)
# Setting with the town's own page, text; no link where the setting is not given.
_LEGAL = (
    ("IMPRINT_URL", _l("Imprint")),
    ("PRIVACY_URL", _l("Privacy")),
    ("ACCESSIBILITY_URL", _l("Accessibility")),
)
# A detail page lights up the entry of its list.
_FAMILIES = {
    "board.board": ("board.board", "proposals."),
    "newcomers.index": ("newcomers.", "placements.place_", "answers.person", "answers.pair"),
    "offers.index": ("offers.",),
    "placements.index": (
        "placements.index",
        "placements.detail",
        "placements.end",
        "placements.sheet",
        "board.undo",
    ),
    "runs.index": ("runs.", "answers.shortage"),
    "audit.history": ("audit.",),
}


def address_with(name: str, value: str) -> str:
    """The address of this request with another value in its query.

    Made without `url_for`, which takes some names, such as ``_external``, for its own.
    """
    query = [(key, text) for key, text in request.args.items(multi=True) if key != name]
    return f"{quote(request.root_path + request.path)}?{urlencode([*query, (name, value)])}"


def init_navigation(app: Flask) -> None:
    """Give every page its top bar."""

    def navigation() -> list[dict[str, Any]]:
        here = request.endpoint or ""
        return [
            {
                "text": text,
                "url": url_for(endpoint),
                "is_current": any(here.startswith(family) for family in _FAMILIES[endpoint]),
            }
            for endpoint, text in _ENTRIES
            if endpoint in app.view_functions
        ]

    def footer_links() -> list[dict[str, Any]]:
        """Help, and the pages of their own that the town has named."""
        named = [{"text": text, "url": app.config[name]} for name, text in _LEGAL if app.config.get(name)]
        return [{"text": _l("Help"), "url": url_for("guide.help")}, *named]

    def static_url(filename: str) -> str:
        """The address of a file of ours, new whenever its contents are."""
        path = Path(app.static_folder or "") / filename
        changed_at = path.stat().st_mtime_ns if path.exists() else 0
        return url_for("static", filename=filename, v=f"{changed_at:x}")

    def page_url(page: int) -> str:
        """The same list, another page."""
        return address_with("page", str(page))

    for helper in (navigation, footer_links, static_url, page_url):
        app.add_template_global(helper)
