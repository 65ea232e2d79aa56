"""One pair: the proposal and the decision on it, placing by hand, lifting a ban."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import date
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from webapp import engine, words
from webapp.access import current_actor
from webapp.database import write_transaction
from webapp.exceptions import Conflict
from webapp.forms import Form, empty_form, read_form, read_query
from webapp.matching import fit, labels, page_parts, queries, runs, sentences, services
from webapp.matching.blueprint import bp
from webapp.matching.schemas import BoardQuery, NoteForm, RejectForm
from webapp.newcomers.models import Newcomer
from webapp.newcomers.services import get_newcomer
from webapp.offers.services import get_offer
from webapp.pagination import PAGE_SIZE, Page, requested_page
from webapp.towns.services import get_town_by_id

ALTERNATIVES = 4
NEAR_MISSES = 3
_WISH_RULES = {"wanted", "already_placed"}


@bp.get("/proposals/<uuid:proposal_id>")
def proposal(proposal_id: uuid.UUID) -> ResponseReturnValue:
    """Everything that matters for a decision on one pair."""
    return _proposal_page(proposal_id)


@bp.post("/proposals/<uuid:proposal_id>/confirm")
def confirm(proposal_id: uuid.UUID) -> ResponseReturnValue:
    """Turn a proposal into a placement; a conflict is told on the same page, with what was written."""
    form = read_form(NoteForm)
    if not form.is_valid:
        return _proposal_page(proposal_id, note_form=form), 422
    try:
        with write_transaction():
            placement_id = services.confirm_proposal(current_actor(), proposal_id, **form.data).id
    except Conflict as conflict:
        if page_parts.is_htmx():
            found = services.get_proposal(current_actor(), proposal_id)
            return render_template("matching/_refused.html", proposal=found, conflict=conflict), 409
        return _proposal_page(proposal_id, note_form=form, conflict=conflict), 409
    if page_parts.is_htmx():
        placed = services.get_placement(current_actor(), placement_id)
        return render_template("matching/_decided.html", placement=placed, **page_parts.board_top({}))
    return redirect(
        page_parts.board_url(kind=request.form.get("kind", ""), search=request.form.get("search", "")), 303
    )


@bp.post("/proposals/<uuid:proposal_id>/reject")
def reject(proposal_id: uuid.UUID) -> ResponseReturnValue:
    """Reject a proposal, with the reason and how long it holds."""
    actor = current_actor()
    form = read_form(RejectForm)
    until: date | None = form.data.get("ban_until")
    if until is not None and until <= services.today_of(actor):
        form.errors["ban_until"] = [_("Please give a day to come.")]
    if not form.is_valid:
        return _proposal_page(proposal_id, reject_form=form), 422
    try:
        with write_transaction():
            services.reject_proposal(actor, proposal_id, **form.data)
    except Conflict as conflict:
        return _proposal_page(proposal_id, reject_form=form, conflict=conflict), 409
    flash(_("Rejected. The next matching run looks for somebody else."), "success")
    return redirect(url_for("matching.board"), 303)


def _proposal_page(
    proposal_id: uuid.UUID,
    *,
    note_form: Form | None = None,
    reject_form: Form | None = None,
    conflict: Conflict | None = None,
) -> str:
    actor = current_actor()
    found = services.get_proposal(actor, proposal_id)
    limits = page_parts.limits_of(runs.get_run(actor, found.run_id))
    around = _examine(found.newcomer, found.kind) if found.is_open else []
    own = next((one for one in around if one.offer_id == str(found.offer_id)), None)
    return render_template(
        "matching/proposal.html",
        proposal=found,
        newcomer=found.newcomer,
        offer=found.offer,
        parts=fit.parts_of(found.parts, limits),
        obstacle=labels.rule_text(own.rules[0]) if own is not None and own.rules else "",
        note_form=note_form or empty_form(),
        reject_form=reject_form or empty_form(),
        reject_options=words.options(labels.REJECT_REASON_NAMES, _("Please choose")),
        conflict=conflict,
        **_alternatives([one for one in around if one is not own]),
        **page_parts.about_pair(
            found.newcomer, found.offer, sentences.way_text(found.travel_minutes, found.distance_km)
        ),
    )


def _examine(newcomer: Newcomer, kind: str = "") -> list[engine.Explanation]:
    return services.examine_newcomer(current_actor(), newcomer, kind=kind)


def _alternatives(explanations: Sequence[engine.Explanation]) -> dict[str, Any]:
    """The next best offers, and those that fit but for one rule that protects nobody."""
    possible = [one for one in explanations if one.is_possible][:ALTERNATIVES]
    excluded = engine.PROTECTIVE_RULES | _WISH_RULES
    near = [one for one in explanations if len(one.rules) == 1 and one.rules[0] not in excluded][:NEAR_MISSES]
    offers = queries.offers_by_id(current_actor(), (one.offer_id for one in (*possible, *near)))
    return {
        "alternatives": [(one, offers[one.offer_id]) for one in possible],
        "near_misses": [(one, offers[one.offer_id]) for one in near],
    }


# Placing by hand -------------------------------------------------------------------------------------


@bp.get("/newcomers/<uuid:newcomer_id>/place")
def place_newcomer(newcomer_id: uuid.UUID) -> ResponseReturnValue:
    """Every offer held against a newcomer: the possible ones first, then the others with the reason."""
    actor = current_actor()
    newcomer = get_newcomer(actor, newcomer_id)
    form = read_query(BoardQuery)
    found = _examine(newcomer, form.data["kind"])
    offers = queries.offers_by_id(actor, (one.offer_id for one in found))
    search = form.data["search"].casefold()
    rows = [
        (one, offers[one.offer_id])
        for one in found
        if search in f"{offers[one.offer_id].name} {offers[one.offer_id].external_id}".casefold()
    ]
    number = requested_page()
    shown = rows[(number - 1) * PAGE_SIZE : number * PAGE_SIZE]
    return render_template(
        "matching/place_newcomer.html",
        newcomer=newcomer,
        form=form,
        page=Page(shown, len(rows), number),
        n_possible=sum(one.is_possible for one, _offer in rows),
        kinds=words.options(words.KIND_PLURALS, _("All")),
        is_filtered=any(form.data.values()),
    )


@bp.get("/newcomers/<uuid:newcomer_id>/place/<uuid:offer_id>")
def place_pair(newcomer_id: uuid.UUID, offer_id: uuid.UUID) -> ResponseReturnValue:
    """A newcomer and an offer that a coordinator has chosen."""
    return _place_page(newcomer_id, offer_id)


@bp.post("/newcomers/<uuid:newcomer_id>/place/<uuid:offer_id>")
def place_now(newcomer_id: uuid.UUID, offer_id: uuid.UUID) -> ResponseReturnValue:
    """Couple the two, under the same guards as a proposal."""
    form = read_form(NoteForm)
    if not form.is_valid:
        return _place_page(newcomer_id, offer_id, note_form=form), 422
    try:
        with write_transaction():
            placement_id = services.place_by_hand(
                current_actor(), newcomer_id, offer_id, note=form.data["note"]
            ).id
    except Conflict as conflict:
        return _place_page(newcomer_id, offer_id, note_form=form, conflict=conflict), 409
    flash(_("Coupled."), "success")
    return redirect(url_for("matching.placement", placement_id=placement_id), 303)


def _place_page(
    newcomer_id: uuid.UUID,
    offer_id: uuid.UUID,
    *,
    note_form: Form | None = None,
    conflict: Conflict | None = None,
) -> str:
    actor = current_actor()
    newcomer, offer = get_newcomer(actor, newcomer_id), get_offer(actor, offer_id)
    found = next(one for one in _examine(newcomer, offer.kind) if one.offer_id == str(offer.id))
    policy = engine.read_policy(get_town_by_id(newcomer.town_id).policy)
    return render_template(
        "matching/place_pair.html",
        newcomer=newcomer,
        offer=offer,
        found=found,
        parts=fit.parts_of(found.parts, engine.part_limits(policy)),
        note_form=note_form or empty_form(),
        conflict=conflict,
        **page_parts.about_pair(newcomer, offer, sentences.way_text(found.travel_minutes, found.distance_km)),
    )


@bp.post("/bans/<uuid:ban_id>/lift")
def lift_ban(ban_id: uuid.UUID) -> ResponseReturnValue:
    """Let a pair be proposed again."""
    with write_transaction():
        newcomer_id = services.lift_ban(current_actor(), ban_id).newcomer_id
    flash(_("The two may be proposed again."), "success")
    return redirect(url_for("newcomers.detail", newcomer_id=newcomer_id), 303)
