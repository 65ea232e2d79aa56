"""The board, one pair and the decision on it, placing by hand, placements, runs, search."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import force_locale
from flask_babel import gettext as _

from webapp import engine, words
from webapp.access import current_actor
from webapp.database import write_transaction
from webapp.exceptions import Conflict
from webapp.forms import Form, empty_form, read_form, read_query
from webapp.matching import fit, labels, queries, runs, services, tasks
from webapp.matching.models import Proposal, Run
from webapp.matching.schemas import (
    BoardQuery,
    EndForm,
    NoteForm,
    PlacementQuery,
    RejectForm,
    SearchQuery,
    WishQuery,
)
from webapp.newcomers.models import Newcomer
from webapp.newcomers.services import get_newcomer
from webapp.offers.models import Offer
from webapp.offers.services import get_offer
from webapp.pagination import PAGE_SIZE, Page, paginate, requested_page
from webapp.towns.services import get_town_by_id

bp = Blueprint("matching", __name__)

ALTERNATIVES = 4
NEAR_MISSES = 3
CHANGES_SHOWN = 100
_WISH_RULES = {"wanted", "already_placed"}


# The board -------------------------------------------------------------------------------------------


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
        rows=_rows(page.items),
        just_placed=queries.newest_own_placement(actor),
        is_filtered=any(form.data.values()),
        **_board_top(form.data),
    )


def _board_top(filters: Mapping[str, str]) -> dict[str, Any]:
    actor = current_actor()
    search = filters.get("search", "")
    counts = queries.count_board(actor, search=search)
    links = [(_("All"), _board_url(search=search), not filters.get("kind"), sum(counts.values()))]
    links += [
        (str(words.KIND_PLURALS[kind]), _board_url(search=search, kind=kind), filters.get("kind") == kind, n)
        for kind, n in counts.items()
    ]
    return {"links": links, "n_open": sum(counts.values()), "figures": queries.board_figures(actor)}


def _board_url(*, kind: str = "", search: str = "") -> str:
    return url_for("matching.board", kind=kind or None, search=search or None)


def _rows(proposals: Iterable[Proposal]) -> list[dict[str, Any]]:
    """Proposals with what the board says about each."""
    actor = current_actor()
    proposals = list(proposals)
    found = queries.runs_by_id(actor, (proposal.run_id for proposal in proposals))
    limits = {id_: _limits_of(run) for id_, run in found.items()}
    today = services.today_of(actor)
    return [
        {
            "proposal": proposal,
            "weeks": fit.waiting_weeks(proposal.newcomer, today),
            "reasons": fit.reasons_for(
                proposal.newcomer, proposal.offer, proposal.parts, limits.get(proposal.run_id, {})
            ),
        }
        for proposal in proposals
    ]


def _limits_of(run: Run) -> dict[str, float]:
    return engine.part_limits(engine.policy_of(run.policy))


def _is_htmx() -> bool:
    return "HX-Request" in request.headers


# A proposal and the decision -------------------------------------------------------------------------


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
        if _is_htmx():
            found = services.get_proposal(current_actor(), proposal_id)
            return render_template("matching/_refused.html", proposal=found, conflict=conflict), 409
        return _proposal_page(proposal_id, note_form=form, conflict=conflict), 409
    if _is_htmx():
        placed = services.get_placement(current_actor(), placement_id)
        return render_template("matching/_decided.html", placement=placed, **_board_top({}))
    return redirect(_board_url(kind=request.form.get("kind", ""), search=request.form.get("search", "")), 303)


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
    limits = _limits_of(runs.get_run(actor, found.run_id))
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
        **_about_pair(found.newcomer, found.offer, fit.way_text(found.travel_minutes, found.distance_km)),
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


def _about_pair(newcomer: Newcomer, offer: Offer, way: str = "") -> dict[str, Any]:
    """What every page about a pair shows."""
    actor = current_actor()
    today = services.today_of(actor)
    return {
        "aspects": fit.compare_sides(newcomer, offer, today, way),
        "meeting": [fit.hours_name(hours) for hours in fit.common_hours(newcomer, offer)],
        "weeks": fit.waiting_weeks(newcomer, today),
        "events": queries.pair_history(actor, newcomer.id, offer.id),
        "bans": queries.bans_of_pair(actor, newcomer.id, offer.id),
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
def place(newcomer_id: uuid.UUID, offer_id: uuid.UUID) -> ResponseReturnValue:
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
        **_about_pair(newcomer, offer, fit.way_text(found.travel_minutes, found.distance_km)),
    )


@bp.post("/bans/<uuid:ban_id>/lift")
def lift_ban(ban_id: uuid.UUID) -> ResponseReturnValue:
    """Let a pair be proposed again."""
    with write_transaction():
        newcomer_id = services.lift_ban(current_actor(), ban_id).newcomer_id
    flash(_("The two may be proposed again."), "success")
    return redirect(url_for("newcomers.detail", newcomer_id=newcomer_id), 303)


# Placements ------------------------------------------------------------------------------------------


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
    if _is_htmx() and back is not None and back.is_open:
        return render_template("matching/_undone.html", row=_rows([back])[0], **_board_top({}))
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
        **_about_pair(found.newcomer, found.offer),
    )


# Runs ------------------------------------------------------------------------------------------------


@bp.get("/runs", endpoint="runs")
def list_runs() -> ResponseReturnValue:
    """The matching runs of the town, newest first."""
    actor = current_actor()
    return render_template(
        "matching/runs.html",
        page=paginate(runs.query_runs(actor), requested_page()),
        under_way=runs.run_under_way(actor),
    )


@bp.post("/runs")
def start_run() -> ResponseReturnValue:
    """Start a matching run; whoever is second is led to the one under way."""
    actor = current_actor()
    try:
        with write_transaction():
            run_id = runs.start_run(actor).id
    except Conflict as conflict:
        flash(str(conflict.message), "info")
        return redirect(url_for("matching.run", run_id=conflict.current["run_id"]), 303)
    tasks.solve_run(str(run_id))
    return redirect(url_for("matching.run", run_id=run_id), 303)


@bp.get("/runs/<uuid:run_id>")
def run(run_id: uuid.UUID) -> ResponseReturnValue:
    """One run: how far it is, or what came out. Who polls for a stage already shown gets nothing new."""
    actor = current_actor()
    found = runs.get_run(actor, run_id)
    if _is_htmx() and found.is_under_way and request.args.get("seen") == f"{found.state} {found.stage}":
        return "", 204
    newest = runs.newest_run(actor)
    return render_template(
        "matching/run.html",
        run=found,
        stages=list(labels.STAGE_NAMES),
        is_newest=newest is not None and newest.id == found.id,
        changes=_changes(found),
        under_way=runs.run_under_way(actor),
        weights_bars=_weights(found),
        was_polled=_is_htmx(),
    )


def _changes(found: Run) -> list[tuple[str, int, Sequence[Any]]]:
    """What a run changed: action, how often, and the first of them."""
    if found.state != "done":
        return []
    counts = {action: found.figures.get(action, 0) for action in labels.CHANGE_NAMES}
    return [
        (action, n, queries.first_changes(found, action, CHANGES_SHOWN)) for action, n in counts.items() if n
    ]


def _weights(found: Run) -> list[tuple[str, float, float]]:
    """What the parts of the score can be, as bars: name, percent, the longest bar."""
    if not found.policy:
        return []
    limits = _limits_of(found)
    longest = 100 * max(limits.values())
    return [
        (labels.first_upper(labels.criterion_text(name)), 100 * most, longest)
        for name, most in limits.items()
    ]


@bp.get("/open-wishes")
def open_wishes() -> ResponseReturnValue:
    """The wishes that the newest run left open, the greatest need first."""
    actor = current_actor()
    form = read_query(WishQuery)
    newest = runs.newest_run(actor)
    counts = newest.figures.get("open_wishes_by_reason", {}) if newest else {}
    reasons = [(reason, labels.first_upper(labels.why_text(reason))) for reason in counts]
    return render_template(
        "matching/open_wishes.html",
        form=form,
        page=paginate(queries.query_open_wishes(actor, **form.data), requested_page()),
        run=newest,
        n_new=queries.count_new_since(actor, newest),
        kinds=words.options(words.KIND_PLURALS, _("All")),
        reasons=[("", _("All")), *reasons],
        today=services.today_of(actor),
        is_filtered=any(form.data.values()),
    )


# Search ----------------------------------------------------------------------------------------------


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


# What other rooms' pages show of this one ------------------------------------------------------------


@bp.app_template_global()
def ties_of_newcomer(newcomer_id: uuid.UUID) -> dict[str, Any]:
    """A newcomer's open proposals, placements and bans, for the part `matching/_of_newcomer.html`."""
    return {**services.query_ties(current_actor(), newcomer_id=newcomer_id), **_names()}


@bp.app_template_global()
def placed_at_offer(offer_id: uuid.UUID) -> Sequence[Any]:
    """Who is placed at an offer now, for the part `matching/_of_offer.html`."""
    return services.query_placed_at(current_actor(), offer_id=offer_id)


@bp.context_processor
def _names() -> dict[str, Any]:
    return {"labels": labels, "fit": fit}
