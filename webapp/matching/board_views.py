"""The board, and the search over the whole town."""

from __future__ import annotations

from flask import render_template
from flask.typing import ResponseReturnValue

from webapp.access import current_actor
from webapp.forms import read_query
from webapp.matching import page_parts, queries, services
from webapp.matching.blueprint import bp
from webapp.matching.schemas import BoardQuery, SearchQuery
from webapp.pagination import paginate, requested_page


@bp.get("/board")
def board() -> ResponseReturnValue:
    """The open proposals of the town, the most urgent first."""
    actor = current_actor()
    form = read_query(BoardQuery)
    page = paginate(services.query_board(actor, **form.data), requested_page())
    return render_template(
        "matching/board.html",
        form=form,
        page=page,
        rows=page_parts.board_rows(page.items),
        just_placed=queries.newest_own_placement(actor),
        is_filtered=any(form.data.values()),
        **page_parts.board_top(form.data),
    )


@bp.get("/search")
def search() -> ResponseReturnValue:
    """Newcomers and offers of the town by name or number."""
    actor = current_actor()
    text = read_query(SearchQuery).data.get("q", "")
    return render_template(
        "matching/search.html",
        text=text,
        most=queries.FOUND_AT_MOST,
        newcomers=queries.search_newcomers(actor, text),
        offers=queries.search_offers(actor, text),
    )
