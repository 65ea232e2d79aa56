"""One proposal and the decision on it: confirm, or reject with a reason."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import date
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from webapp.engine.questions import Explanation
from webapp.engine.texts import PROTECTIVE_RULES
from webapp.exceptions import Conflict
from webapp.newcomers.models import Newcomer
from webapp.offers.models import Offer
from webapp.offers.services import offers_by_id
from webapp.placements import sentences
from webapp.placements.labels import rule_text
from webapp.placements.models import Placement
from webapp.placements.options import examine_newcomer
from webapp.placements.places import broken_rules
from webapp.placements.schemas import NoteFormSchema
from webapp.placements.services import (
    bans_of_newcomer,
    get_placement,
    query_placements_of,
)
from webapp.placements.views import about_pair
from webapp.proposals import labels, services
from webapp.proposals.schemas import RejectFormSchema
from webapp.storage.database import write_transaction
from webapp.towns.services import today_of
from webapp.web.actor import current_actor
from webapp.web.forms import PageForm, empty_form, read_form
from webapp.web.parts import fill_slot, is_part_asked

ALTERNATIVES = 4
NEAR_MISSES = 3
_WISH_RULES = {"wanted", "already_placed"}

bp = Blueprint("proposals", __name__)
BOARD_QUESTIONS = ("search", "kind", "day", "language", "age", "whose", "order", "page")
"""What is asked of the board, and kept on the way through the pages of its proposals."""


def asked_of_board() -> dict[str, Any]:
    """What is asked of the board by the address of this request."""
    return {name: request.args[name] for name in BOARD_QUESTIONS if request.args.get(name)}


bp.record_once(
    lambda setup: setup.app.jinja_env.globals.update(proposal_labels=labels, asked_of_board=asked_of_board)
)


@bp.get("/proposals/<uuid:proposal_id>")
def detail(proposal_id: uuid.UUID) -> ResponseReturnValue:
    """Everything that matters for a decision on one pair."""
    return _proposal_page(proposal_id)


@bp.post("/proposals/<uuid:proposal_id>/confirm")
def confirm(proposal_id: uuid.UUID) -> ResponseReturnValue:
    """Turn a proposal into a placement; a conflict is told on the same page, with what was written."""
    form = read_form(NoteFormSchema)
    if not form.is_valid:
        return _proposal_page(proposal_id, note_form=form), 422
    services.ask_ahead(current_actor(), proposal_id)
    try:
        with write_transaction():
            placement_id = services.confirm_proposal(current_actor(), proposal_id, **form.data).id
    except Conflict as conflict:
        if is_part_asked():
            found = services.get_proposal(current_actor(), proposal_id)
            return render_template("proposals/_refused.html", proposal=found, conflict=conflict), 409
        return _proposal_page(proposal_id, note_form=form, conflict=conflict), 409
    if is_part_asked():
        placed = get_placement(current_actor(), placement_id)
        return render_template("proposals/_decided.html", placement=placed)
    return _go_on(proposal_id)


@bp.get("/proposals/<uuid:proposal_id>/reject")
def ask_to_reject(proposal_id: uuid.UUID) -> ResponseReturnValue:
    """The form for a rejection in a row of the board; without JavaScript the one on the proposal's page."""
    if is_part_asked():
        return _row_to_reject(proposal_id, empty_form())
    services.get_proposal(current_actor(), proposal_id)
    kept = asked_of_board()
    if "on_board" in request.args:
        kept["on_board"] = "yes"
    return redirect(url_for("proposals.detail", proposal_id=proposal_id, _anchor="reject", **kept), 303)


@bp.post("/proposals/<uuid:proposal_id>/reject")
def reject(proposal_id: uuid.UUID) -> ResponseReturnValue:
    """Reject a proposal, with the reason and how long it holds."""
    actor = current_actor()
    form = read_form(RejectFormSchema)
    until: date | None = form.data.get("ban_until")
    if until is not None and until <= today_of(actor):
        form.errors["ban_until"] = [_("Please give a day to come.")]
    if not form.is_valid:
        if is_part_asked():
            return _row_to_reject(proposal_id, form), 422
        return _proposal_page(proposal_id, reject_form=form), 422
    for_good = form.data.pop("for_good")
    usual = None if for_good else services.usual_ban(form.data["reason"], today_of(actor))
    ban = {"ban_until": until or usual}
    try:
        with write_transaction():
            services.reject_proposal(actor, proposal_id, **(form.data | ban))
    except Conflict as conflict:
        if is_part_asked():
            found = services.get_proposal(actor, proposal_id)
            return render_template("proposals/_refused.html", proposal=found, conflict=conflict), 409
        return _proposal_page(proposal_id, reject_form=form, conflict=conflict), 409
    if is_part_asked():
        found = services.get_proposal(actor, proposal_id)
        return render_template("proposals/_rejected.html", proposal=found, **ban)
    return _go_on(proposal_id)


def _row_to_reject(proposal_id: uuid.UUID, form: PageForm) -> str:
    found = services.get_proposal(current_actor(), proposal_id)
    return render_template(
        "proposals/_reject_row.html",
        proposal=found,
        reject_form=form,
        reject_options=labels.reject_options(),
    )


def _go_on(proposal_id: uuid.UUID) -> ResponseReturnValue:
    """After a decision: the board where it was made there, else the proposal that follows on it."""
    kept = asked_of_board()
    if "on_board" in request.args:
        return redirect(url_for("board.board", **kept), 303)
    return redirect(url_for("board.following", proposal_id=proposal_id, **kept), 303)


def _proposal_page(
    proposal_id: uuid.UUID,
    *,
    note_form: PageForm | None = None,
    reject_form: PageForm | None = None,
    conflict: Conflict | None = None,
) -> str:
    actor = current_actor()
    found = services.get_proposal(actor, proposal_id)
    around = examine_newcomer(actor, found.newcomer, kind=found.kind, open_only=True) if found.is_open else []
    own = next((one for one in around if one.offer_id == str(found.offer_id)), None)
    broken = own.rules if own is not None else ()
    if own is None and found.is_open:  # the offer pauses, or is closed
        broken = broken_rules(actor, found.newcomer_id, found.offer_id)
    way = sentences.way_text(found.travel_minutes, found.distance_km)
    return render_template(
        "proposals/detail.html",
        proposal=found,
        newcomer=found.newcomer,
        offer=found.offer,
        others=[one for one in services.query_open_of(actor, found.newcomer_id) if one.id != found.id],
        placed=[one for one in query_placements_of(actor, found.newcomer_id) if one.is_active],
        obstacle=rule_text(broken[0]) if broken else "",
        note_form=note_form or empty_form(),
        reject_form=reject_form or empty_form(),
        reject_options=labels.reject_options(),
        conflict=conflict,
        **_alternatives([one for one in around if one is not own]),
        **about_pair(actor, found.newcomer, found.offer, way),
        **_history(found.newcomer, found.offer),
    )


def _alternatives(explanations: Sequence[Explanation]) -> dict[str, Any]:
    """The next best offers, and those that fit but for one rule that protects nobody."""
    possible = [one for one in explanations if one.is_possible][:ALTERNATIVES]
    excluded = PROTECTIVE_RULES | _WISH_RULES
    near = [one for one in explanations if len(one.rules) == 1 and one.rules[0] not in excluded][:NEAR_MISSES]
    offers = offers_by_id(current_actor(), (one.offer_id for one in (*possible, *near)))
    return {
        "alternatives": [(one, offers[one.offer_id]) for one in possible],
        "near_misses": [(one, offers[one.offer_id]) for one in near],
    }


# On pages of others ----------------------------------------------------------------------------------


def _history(newcomer: Newcomer, offer: Offer) -> dict[str, Sequence[services.PairEvent]]:
    return {"events": services.pair_history(current_actor(), newcomer.id, offer.id)}


def _of_newcomer(newcomer: Newcomer) -> dict[str, Sequence[Any]]:
    actor = current_actor()
    return {
        "proposals": services.query_open_of(actor, newcomer.id),
        "placements": query_placements_of(actor, newcomer.id),
        "bans": bans_of_newcomer(actor, newcomer.id),
    }


def _at_offer(offer: Offer) -> dict[str, Any]:
    return {"proposals": services.query_open_at(current_actor(), offer.id)}


def _before_placing(newcomer: Newcomer, offer: Offer) -> dict[str, Any]:
    displaced = services.would_withdraw(current_actor(), newcomer.id, offer.id)
    return {"displaced": [one for one in displaced if one.newcomer_id != newcomer.id]}


def _after_placing(placement: Placement) -> dict[str, Any]:
    return {"gone": services.withdrawn_by(current_actor(), placement)}


fill_slot(bp, "offer", "proposals/_of_offer.html", _at_offer)
fill_slot(bp, "before_placing", "proposals/_would_go.html", _before_placing)
fill_slot(bp, "after_placing", "proposals/_gone.html", _after_placing)
fill_slot(bp, "pair", "proposals/_history.html", _history)
fill_slot(bp, "newcomer", "proposals/_of_newcomer.html", _of_newcomer)
