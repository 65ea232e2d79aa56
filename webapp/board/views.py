"""The board with the way back from it, and the search over the whole town."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from webapp.board import labels, services
from webapp.board.schemas import BoardQuery, SearchQuery
from webapp.engine.vocabulary import language_options
from webapp.exceptions import Conflict
from webapp.newcomers.caseload import whose_options
from webapp.placements import fit
from webapp.placements.services import undo_placement
from webapp.placements.views import placement_page
from webapp.profiles import labels as profile_labels
from webapp.profiles.hours import weekday_names
from webapp.profiles.labels import reader_language
from webapp.proposals import services as decisions
from webapp.proposals.models import Proposal
from webapp.proposals.services import get_proposal
from webapp.proposals.views import asked_of_board
from webapp.runs.services import limits_of, runs_by_id
from webapp.storage.database import write_transaction
from webapp.towns.services import today_of
from webapp.web.actor import current_actor
from webapp.web.forms import read_query
from webapp.web.pagination import PAGE_SIZE, Page, requested_page
from webapp.web.parts import fill_slot, is_part_asked

REASONS_SHOWN = 2

bp = Blueprint("board", __name__)


@bp.get("/board")
def board() -> ResponseReturnValue:
    """The open proposals of the town, the most urgent first."""
    actor = current_actor()
    form = read_query(BoardQuery)
    narrowed = _narrowed(form.data)
    number, top = requested_page(), _top(narrowed)
    ids = services.people_on_page(actor, number, PAGE_SIZE, order=form.data["order"], **narrowed)
    people = services.proposals_of_people(actor, ids, **narrowed)
    rows = _rows(proposal for _one, proposals in people for proposal in proposals)
    return render_template(
        "board/board.html",
        form=form,
        page=Page(people, top["n_people"], number),
        people=[(one, [row for row in rows if row["newcomer"] is one]) for one, _proposals in people],
        is_filtered=any(narrowed.values()),
        choices=_choices(),
        today=today_of(actor),
        **_just_decided(),
        **top,
    )


@bp.get("/board/row/<uuid:proposal_id>")
def row(proposal_id: uuid.UUID) -> ResponseReturnValue:
    """One row of the board, as it was before somebody thought of rejecting it."""
    found = get_proposal(current_actor(), proposal_id)
    if not found.is_open or not is_part_asked():
        return redirect(url_for("proposals.detail", proposal_id=found.id), 303)
    return render_template("board/_row.html", row=_rows([found])[0])


@bp.get("/board/figures")
def figures() -> ResponseReturnValue:
    """The figures and tabs of the board as they are now, for a board that has changed."""
    if not is_part_asked():
        return redirect(url_for("board.board", **asked_of_board()), 303)
    return render_template("board/_changed.html", **_top(_narrowed(read_query(BoardQuery).data)))


@bp.get("/board/next/<uuid:proposal_id>")
def following(proposal_id: uuid.UUID) -> ResponseReturnValue:
    """After a decision on a proposal's page: the one that follows on the board as it is narrowed."""
    actor = current_actor()
    kept = asked_of_board()
    after = get_proposal(actor, proposal_id)
    found = services.next_on_board(actor, after, **read_query(BoardQuery).data)
    if found is None:
        return redirect(url_for("board.board", **kept), 303)
    return redirect(url_for("proposals.detail", proposal_id=found.id, **kept), 303)


@bp.post("/placements/<uuid:placement_id>/undo")
def undo(placement_id: uuid.UUID) -> ResponseReturnValue:
    """Take a fresh placement back; its proposal is open again, and its row on the board."""
    actor = current_actor()
    try:
        with write_transaction():
            proposal_id = undo_placement(actor, placement_id).proposal_id
    except Conflict as conflict:
        return placement_page(placement_id, conflict=conflict), 409
    return _taken_back(get_proposal(actor, proposal_id) if proposal_id else None)


@bp.post("/proposals/<uuid:proposal_id>/undo")
def undo_rejection(proposal_id: uuid.UUID) -> ResponseReturnValue:
    """Take a fresh rejection back; the proposal is open again, and its row on the board."""
    actor = current_actor()
    try:
        with write_transaction():
            decisions.undo_rejection(actor, proposal_id)
    except Conflict as conflict:
        if is_part_asked():
            found = get_proposal(actor, proposal_id)
            return render_template("proposals/_refused.html", proposal=found, conflict=conflict), 409
        flash(str(conflict.message), "danger")
        return redirect(url_for("proposals.detail", proposal_id=proposal_id), 303)
    return _taken_back(get_proposal(actor, proposal_id))


def _taken_back(back: Proposal | None) -> ResponseReturnValue:
    """After a decision was taken back: its row, the board it was made on, or the proposal open again."""
    is_open = back is not None and back.is_open
    if is_part_asked() and back is not None and is_open:
        return render_template("board/_undone.html", row=_rows([back])[0])
    flash(_("Taken back, as if it had not been."), "success")
    kept = asked_of_board()
    if "on_board" in request.args or back is None or not is_open:
        return redirect(url_for("board.board", **kept), 303)
    return redirect(url_for("proposals.detail", proposal_id=back.id, **kept), 303)


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


def _narrowed(asked: Mapping[str, str]) -> dict[str, str]:
    """What the board is narrowed to, without its order."""
    return {name: value for name, value in asked.items() if name != "order"}


def _choices() -> dict[str, list[tuple[str, str]]]:
    """What the board can be narrowed to."""
    return {
        "day": [("", _("Any day")), *weekday_names()],
        "language": [("", _("Any language")), *language_options(reader_language())],
        "age": [("", _("Any age")), *((band, str(text)) for band, text in labels.AGE_NAMES.items())],
        "whose": whose_options(current_actor(), request.args.get("whose", "")),
        "order": [(order, str(text)) for order, text in labels.ORDER_NAMES.items()],
    }


def _top(narrowed: Mapping[str, str]) -> dict[str, Any]:
    """The figures of the town, which no filter changes, and the tabs, which the other filters narrow."""
    actor = current_actor()
    kind = narrowed.get("kind", "")
    others: dict[str, Any] = {name: value for name, value in narrowed.items() if name != "kind" and value}
    counted = services.count_board(actor, kind=kind, **others)
    counts = counted.of_kinds
    order: dict[str, Any] = {"order": request.args["order"]} if request.args.get("order") else {}
    links = [
        (_("All"), url_for("board.board", **others, **order), not kind, sum(counts.values())),
        *(
            (
                str(profile_labels.KIND_PLURALS[one]),
                url_for("board.board", kind=one, **others, **order),
                kind == one,
                n,
            )
            for one, n in counts.items()
        ),
    ]
    n_open = sum((services.count_board(actor).of_kinds if others else counts).values())
    return {
        "links": links,
        "n_open": n_open,
        "n_people": counted.people,
        "figures": services.board_figures(actor),
    }


def _rows(proposals: Iterable[Proposal]) -> list[dict[str, Any]]:
    """Proposals with what the board says about each."""
    actor = current_actor()
    proposals = list(proposals)
    found = runs_by_id(actor, (proposal.run_id for proposal in proposals))
    limits = {id_: limits_of(run) for id_, run in found.items()}
    today = today_of(actor)
    return [
        {
            "proposal": proposal,
            "newcomer": proposal.newcomer,
            "weeks": fit.waiting_weeks(proposal.newcomer, today),
            "reasons": fit.reasons_for(
                proposal.newcomer,
                proposal.offer,
                proposal.parts,
                limits.get(proposal.run_id, {}),
                most=REASONS_SHOWN,
            ),
        }
        for proposal in proposals
    ]


# On pages of others ----------------------------------------------------------------------------------


def _just_decided() -> dict[str, Any]:
    """The newest decision of whoever looks, as long as there is a way back."""
    newest = services.newest_own_decision(current_actor())
    is_rejected = isinstance(newest, Proposal)
    return {
        "just_placed": None if is_rejected else newest,
        "just_rejected": newest if is_rejected else None,
    }


fill_slot(bp, "after_decision", "board/_news.html", dict)
fill_slot(bp, "top_of_proposal", "board/_just_placed.html", _just_decided)
