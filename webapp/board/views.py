"""The board with the way back from it, and the search over the whole town."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from webapp.board import services
from webapp.board.schemas import SearchQuery
from webapp.exceptions import Conflict
from webapp.placements import fit
from webapp.placements.schemas import PairQuery
from webapp.placements.services import undo_placement
from webapp.placements.views import placement_page
from webapp.profiles import labels as profile_labels
from webapp.proposals.models import Proposal
from webapp.proposals.services import get_proposal
from webapp.runs.services import limits_of, runs_by_id
from webapp.storage.database import write_transaction
from webapp.towns.services import policy_of, today_of
from webapp.web.actor import current_actor
from webapp.web.forms import read_query
from webapp.web.pagination import paginate, requested_page
from webapp.web.parts import fill_slot, is_part_asked

bp = Blueprint("board", __name__)


@bp.get("/board")
def board() -> ResponseReturnValue:
    """The open proposals of the town, the most urgent first."""
    actor = current_actor()
    form = read_query(PairQuery)
    page = paginate(services.query_board(actor, **form.data), requested_page())
    return render_template(
        "board/board.html",
        form=form,
        page=page,
        rows=_rows(page.items),
        just_placed=services.newest_own_placement(actor),
        is_filtered=any(form.data.values()),
        **_top(form.data),
    )


@bp.post("/placements/<uuid:placement_id>/undo")
def undo(placement_id: uuid.UUID) -> ResponseReturnValue:
    """Take a fresh placement back; its proposal is open again, and its row on the board."""
    actor = current_actor()
    try:
        with write_transaction():
            proposal_id = undo_placement(actor, placement_id).proposal_id
    except Conflict as conflict:
        return placement_page(placement_id, conflict=conflict), 409
    back = get_proposal(actor, proposal_id) if proposal_id else None
    if is_part_asked() and back is not None and back.is_open:
        return render_template("board/_undone.html", row=_rows([back])[0], **_top({}))
    flash(_("Taken back, as if it had not been."), "success")
    if back is not None and back.is_open:
        return redirect(url_for("proposals.detail", proposal_id=back.id), 303)
    return redirect(url_for("board.board"), 303)


@bp.get("/search")
def search() -> ResponseReturnValue:
    """Newcomers and offers of the town by name or number."""
    actor = current_actor()
    text = read_query(SearchQuery).data.get("q", "")
    return render_template(
        "board/search.html",
        text=text,
        most=services.FOUND_AT_MOST,
        newcomers=services.search_newcomers(actor, text),
        offers=services.search_offers(actor, text),
    )


def _top(filters: Mapping[str, str]) -> dict[str, Any]:
    """The figures and the tabs of the board."""
    actor = current_actor()
    search = filters.get("search") or None
    counts = services.count_board(actor, search=search or "")
    links = [
        (_("All"), url_for("board.board", search=search), not filters.get("kind"), sum(counts.values())),
        *(
            (
                str(profile_labels.KIND_PLURALS[kind]),
                url_for("board.board", kind=kind, search=search),
                filters.get("kind") == kind,
                n,
            )
            for kind, n in counts.items()
        ),
    ]
    return {"links": links, "n_open": sum(counts.values()), "figures": services.board_figures(actor)}


def _rows(proposals: Iterable[Proposal]) -> list[dict[str, Any]]:
    """Proposals with what the board says about each."""
    actor = current_actor()
    proposals = list(proposals)
    found = runs_by_id(actor, (proposal.run_id for proposal in proposals))
    limits = {id_: limits_of(run) for id_, run in found.items()}
    today, policy = today_of(actor), policy_of(actor)
    return [
        {
            "proposal": proposal,
            "weeks": fit.waiting_weeks(proposal.newcomer, today),
            "reasons": fit.reasons_for(
                fit.facts_of(proposal.newcomer, proposal.offer, policy, today),
                proposal.parts,
                limits.get(proposal.run_id, {}),
            ),
        }
        for proposal in proposals
    ]


# On pages of others ----------------------------------------------------------------------------------

fill_slot(bp, "after_decision", "board/_changed.html", lambda: _top({}))
