"""The top bar: which rooms there are, and which one the page belongs to."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from flask import Flask, request, url_for
from flask_babel import lazy_gettext as _l

# Endpoint, text; a room that is not built yet has no entry.
_ENTRIES = (
    ("matching.board", _l("Board")),
    ("newcomers.index", _l("Newcomers")),
    ("offers.index", _l("Offers")),
    ("matching.placements", _l("Placements")),
    ("matching.runs", _l("Runs")),
    ("audit.history", _l("History")),
)
# A detail page lights up the entry of its list.
_FAMILIES = {
    "matching.placements": ("matching.placement", "matching.end_placement", "matching.undo"),
    "matching.runs": ("matching.run", "matching.open_wishes", "matching.shortage"),
    "matching.board": ("matching.proposal", "matching.board", "matching.confirm", "matching.reject"),
    "newcomers.index": ("newcomers.", "matching.place_", "matching.person_answers", "matching.pair_answer"),
    "offers.index": ("offers.",),
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

    def static_url(filename: str) -> str:
        """The address of a file of ours, new whenever its contents are."""
        path = Path(app.static_folder or "") / filename
        changed_at = path.stat().st_mtime_ns if path.exists() else 0
        return url_for("static", filename=filename, v=f"{changed_at:x}")

    def page_url(page: int) -> str:
        """The same list, another page."""
        return address_with("page", str(page))

    for helper in (navigation, static_url, page_url):
        app.add_template_global(helper)
