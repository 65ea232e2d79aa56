"""Placements: the list, one of them, its end, the sheet to print; placing by hand; lifting a ban."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import force_locale
from flask_babel import gettext as _

from webapp.config import LANGUAGES
from webapp.engine import policies
from webapp.engine.questions import PairFacts
from webapp.exceptions import Conflict
from webapp.newcomers.caseload import whose_options
from webapp.newcomers.models import Newcomer
from webapp.newcomers.services import get_newcomer
from webapp.offers.models import Offer
from webapp.offers.services import find_offers, get_offer, offers_by_id
from webapp.placements import fit, labels, sentences, services
from webapp.placements.models import OVERRIDABLE, Placement
from webapp.placements.options import examine_newcomer
from webapp.placements.schemas import EndFormSchema, OverrideFormSchema, PairQuery, PlacementQuery
from webapp.profiles import labels as profile_labels
from webapp.storage.access import Actor
from webapp.storage.database import write_transaction
from webapp.towns.services import get_town_by_id, policy_of, today_of
from webapp.web.actor import current_actor
from webapp.web.forms import PageForm, empty_form, read_form, read_query
from webapp.web.pagination import PAGE_SIZE, Page, paginate, requested_page
from webapp.web.parts import fill_slot

bp = Blueprint("placements", __name__)
bp.record_once(
    lambda setup: setup.app.jinja_env.globals.update(
        placement_labels=labels, say=sentences, waiting_weeks=fit.waiting_weeks
    )
)


@bp.get("/placements")
def index() -> ResponseReturnValue:
    """Who is placed where, newest first."""
    actor = current_actor()
    form = read_query(PlacementQuery)
    state = form.data["state"]
    kept = {name: form.data[name] for name in ("kind", "search", "whose")}
    counts = services.count_placements(actor, **kept)
    given = {name: value for name, value in kept.items() if value}
    return render_template(
        "placements/index.html",
        form=form,
        page=paginate(services.query_placements(actor, **form.data), requested_page()),
        links=[
            (heading, url_for("placements.index", **given, state=name), name == state, counts[name])
            for name, heading in (("active", _("Active")), ("ended", _("Ended")))
        ],
        kinds=profile_labels.options(profile_labels.KIND_PLURALS, _("All")),
        whose=whose_options(actor, kept["whose"]),
        state=state,
        is_filtered=bool(given),
    )


@bp.get("/placements/<uuid:placement_id>")
def detail(placement_id: uuid.UUID) -> ResponseReturnValue:
    """One placement: who, since when, its note, and how to end it."""
    return placement_page(placement_id)


@bp.post("/placements/<uuid:placement_id>/end")
def end(placement_id: uuid.UUID) -> ResponseReturnValue:
    """End a placement: its place is free again."""
    form = read_form(EndFormSchema)
    if not form.is_valid:
        return placement_page(placement_id, end_form=form), 422
    try:
        with write_transaction():
            services.end_placement(current_actor(), placement_id, **form.data)
    except Conflict as conflict:
        return placement_page(placement_id, end_form=form, conflict=conflict), 409
    flash(_("Ended. The place is free again."), "success")
    return redirect(url_for("placements.detail", placement_id=placement_id), 303)


@bp.get("/placements/<uuid:placement_id>/sheet")
def sheet(placement_id: uuid.UUID) -> ResponseReturnValue:
    """Both sides' contact details on one page to print, in the town's language unless asked otherwise."""
    actor = current_actor()
    found = services.get_placement(actor, placement_id)
    town = get_town_by_id(found.town_id)
    asked = request.args.get("lang", "")
    with force_locale(asked if asked in LANGUAGES else town.language):
        facts = _facts(actor, found.newcomer, found.offer)
        meeting = [fit.hours_name(hours) for hours in facts.meeting]
        return render_template("placements/sheet.html", placement=found, town=town, meeting=meeting)


def placement_page(
    placement_id: uuid.UUID, *, end_form: PageForm | None = None, conflict: Conflict | None = None
) -> str:
    """The page of a placement, with what is wrong about a form, or why something was refused."""
    actor = current_actor()
    found = services.get_placement(actor, placement_id)
    return render_template(
        "placements/detail.html",
        placement=found,
        newcomer=found.newcomer,
        offer=found.offer,
        own_language=own if (own := found.newcomer.contact_language) in LANGUAGES else "",
        end_form=end_form or empty_form(),
        end_options=profile_labels.options(labels.END_REASON_NAMES, _("Please choose")),
        conflict=conflict,
        **about_pair(actor, found.newcomer, found.offer),
    )


def about_pair(actor: Actor, newcomer: Newcomer, offer: Offer, way: str = "") -> dict[str, Any]:
    """What every page about a pair shows."""
    today = today_of(actor)
    facts = _facts(actor, newcomer, offer)
    return {
        "aspects": fit.compare_sides(newcomer, offer, facts, today, way),
        "meeting": [fit.hours_name(hours) for hours in facts.meeting],
        "weeks": fit.waiting_weeks(newcomer, today),
        "today": today,
    }


def _facts(actor: Actor, newcomer: Newcomer, offer: Offer) -> PairFacts:
    return fit.facts_of(newcomer, offer, policy_of(actor), today_of(actor))


# Placing by hand -------------------------------------------------------------------------------------


@bp.get("/newcomers/<uuid:newcomer_id>/place")
def place_newcomer(newcomer_id: uuid.UUID) -> ResponseReturnValue:
    """Every offer held against a newcomer: the possible ones first, then the others with the reason."""
    actor = current_actor()
    newcomer = get_newcomer(actor, newcomer_id)
    form = read_query(PairQuery)
    found = examine_newcomer(actor, newcomer, kind=form.data["kind"])
    if form.data["search"]:
        named = find_offers(actor, form.data["search"])
        found = [one for one in found if one.offer_id in named]
    number = requested_page()
    shown = found[(number - 1) * PAGE_SIZE : number * PAGE_SIZE]
    offers = offers_by_id(actor, [one.offer_id for one in shown])
    return render_template(
        "placements/place_newcomer.html",
        newcomer=newcomer,
        form=form,
        page=Page([(one, offers[one.offer_id]) for one in shown], len(found), number),
        n_possible=sum(one.is_possible for one in found),
        kinds=profile_labels.options(profile_labels.KIND_PLURALS, _("All")),
        is_filtered=any(form.data.values()),
    )


@bp.get("/newcomers/<uuid:newcomer_id>/place/<uuid:offer_id>")
def place_pair(newcomer_id: uuid.UUID, offer_id: uuid.UUID) -> ResponseReturnValue:
    """A newcomer and an offer that a coordinator has chosen."""
    return _place_page(newcomer_id, offer_id)


@bp.post("/newcomers/<uuid:newcomer_id>/place/<uuid:offer_id>")
def place_now(newcomer_id: uuid.UUID, offer_id: uuid.UUID) -> ResponseReturnValue:
    """Couple the two, under the same guards as a proposal."""
    form = read_form(OverrideFormSchema)
    if form.is_valid and form.data["set_aside"] and not form.data["override_reason"]:
        form.errors["override_reason"] = [_("Please fill this in.")]
    if not form.is_valid:
        return _place_page(newcomer_id, offer_id, note_form=form), 422
    try:
        with write_transaction():
            placement_id = services.place_by_hand(current_actor(), newcomer_id, offer_id, **form.data).id
    except Conflict as conflict:
        return _place_page(newcomer_id, offer_id, note_form=form, conflict=conflict), 409
    flash(_("Coupled."), "success")
    return redirect(url_for("placements.detail", placement_id=placement_id), 303)


def _place_page(
    newcomer_id: uuid.UUID,
    offer_id: uuid.UUID,
    *,
    note_form: PageForm | None = None,
    conflict: Conflict | None = None,
) -> str:
    actor = current_actor()
    newcomer, offer = get_newcomer(actor, newcomer_id), get_offer(actor, offer_id)
    around = examine_newcomer(actor, newcomer, kind=offer.kind)
    found = next(one for one in around if one.offer_id == str(offer.id))
    policy = policies.read_policy(get_town_by_id(newcomer.town_id).policy)
    return render_template(
        "placements/place_pair.html",
        newcomer=newcomer,
        offer=offer,
        found=found,
        bans=services.bans_of_pair(actor, newcomer.id, offer.id),
        can_override=bool(found.rules) and OVERRIDABLE.issuperset(found.rules),
        parts=fit.parts_of(found.parts, policies.part_limits(policy)),
        note_form=note_form or empty_form(),
        conflict=conflict,
        **about_pair(actor, newcomer, offer, sentences.way_text(found.travel_minutes, found.distance_km)),
    )


@bp.post("/bans/<uuid:ban_id>/lift")
def lift_ban(ban_id: uuid.UUID) -> ResponseReturnValue:
    """Let a pair be proposed again."""
    with write_transaction():
        newcomer_id = services.lift_ban(current_actor(), ban_id).newcomer_id
    flash(_("The two may be proposed again."), "success")
    return redirect(url_for("newcomers.detail", newcomer_id=newcomer_id), 303)


# On pages of others ----------------------------------------------------------------------------------


def _at_offer(offer: Offer) -> dict[str, Sequence[Placement]]:
    return {"placed": services.query_placed_at(current_actor(), offer_id=offer.id)}


fill_slot(bp, "offer", "placements/_of_offer.html", _at_offer)
