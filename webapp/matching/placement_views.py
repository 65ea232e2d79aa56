"""Placements: the list, one of them, its end, the way back, the sheet to print."""

from __future__ import annotations

import uuid

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import force_locale
from flask_babel import gettext as _

from webapp import words
from webapp.access import current_actor
from webapp.database import write_transaction
from webapp.exceptions import Conflict
from webapp.forms import Form, empty_form, read_form, read_query
from webapp.matching import fit, labels, page_parts, queries, services
from webapp.matching.blueprint import bp
from webapp.matching.schemas import EndForm, PlacementQuery
from webapp.pagination import paginate, requested_page
from webapp.towns.services import get_town_by_id


@bp.get("/placements")
def placements() -> ResponseReturnValue:
    """Who is placed where, newest first."""
    actor = current_actor()
    form = read_query(PlacementQuery)
    state = form.data["state"]
    kept = {name: form.data[name] for name in ("kind", "search")}
    counts = queries.count_placements(actor, **kept)
    given = {name: value for name, value in kept.items() if value}
    return render_template(
        "matching/placements.html",
        form=form,
        page=paginate(services.query_placements(actor, **form.data), requested_page()),
        links=[
            (heading, url_for("matching.placements", **given, state=name), name == state, counts[name])
            for name, heading in (("active", _("Active")), ("ended", _("Ended")))
        ],
        kinds=words.options(words.KIND_PLURALS, _("All")),
        state=state,
        is_filtered=bool(given),
    )


@bp.get("/placements/<uuid:placement_id>")
def placement(placement_id: uuid.UUID) -> ResponseReturnValue:
    """One placement: who, since when, its note, and how to end it."""
    return _placement_page(placement_id)


@bp.post("/placements/<uuid:placement_id>/end")
def end_placement(placement_id: uuid.UUID) -> ResponseReturnValue:
    """End a placement: its place is free again."""
    form = read_form(EndForm)
    if not form.is_valid:
        return _placement_page(placement_id, end_form=form), 422
    try:
        with write_transaction():
            services.end_placement(current_actor(), placement_id, **form.data)
    except Conflict as conflict:
        return _placement_page(placement_id, end_form=form, conflict=conflict), 409
    flash(_("Ended. The place is free again."), "success")
    return redirect(url_for("matching.placement", placement_id=placement_id), 303)


@bp.post("/placements/<uuid:placement_id>/undo")
def undo(placement_id: uuid.UUID) -> ResponseReturnValue:
    """Take a fresh placement back; its proposal is open again."""
    actor = current_actor()
    try:
        with write_transaction():
            proposal_id = services.undo_placement(actor, placement_id).proposal_id
    except Conflict as conflict:
        return _placement_page(placement_id, conflict=conflict), 409
    back = services.get_proposal(actor, proposal_id) if proposal_id else None
    if page_parts.is_htmx() and back is not None and back.is_open:
        return render_template(
            "matching/_undone.html", row=page_parts.board_rows([back])[0], **page_parts.board_top({})
        )
    flash(_("Taken back, as if it had not been."), "success")
    if back is not None and back.is_open:
        return redirect(url_for("matching.proposal", proposal_id=back.id), 303)
    return redirect(url_for("matching.board"), 303)


@bp.get("/placements/<uuid:placement_id>/sheet")
def placement_sheet(placement_id: uuid.UUID) -> ResponseReturnValue:
    """Both sides' contact details on one page to print, in the town's language unless asked otherwise."""
    actor = current_actor()
    found = services.get_placement(actor, placement_id)
    town = get_town_by_id(found.town_id)
    with force_locale(request.args.get("lang") or town.language):
        meeting = [fit.hours_name(hours) for hours in fit.common_hours(found.newcomer, found.offer)]
        return render_template("matching/placement_sheet.html", placement=found, town=town, meeting=meeting)


def _placement_page(
    placement_id: uuid.UUID, *, end_form: Form | None = None, conflict: Conflict | None = None
) -> str:
    actor = current_actor()
    found = services.get_placement(actor, placement_id)
    return render_template(
        "matching/placement.html",
        placement=found,
        newcomer=found.newcomer,
        offer=found.offer,
        end_form=end_form or empty_form(),
        end_options=words.options(labels.END_REASON_NAMES, _("Please choose")),
        conflict=conflict,
        **page_parts.about_pair(found.newcomer, found.offer),
    )
