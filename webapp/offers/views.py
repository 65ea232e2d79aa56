"""The offers of a town for coordinators, and the page where a link holder tells how many places there are."""

from __future__ import annotations

import uuid
from typing import Any

from flask import Blueprint, current_app, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import force_locale
from flask_babel import gettext as _

from webapp.accounts.links import actor_of_link, note_link_use, resolve_link
from webapp.accounts.login import public
from webapp.engine.vocabulary import KINDS
from webapp.exceptions import Conflict, InvalidInput, NotFound
from webapp.extensions import limiter
from webapp.offers import services
from webapp.offers.forms import form_choices, form_labels
from webapp.offers.labels import (
    ATTENTION_NAMES,
    KIND_STORIES,
    NEW_TITLES,
    SCREENING_NAMES,
    SCREENING_TONES,
    STATUS_NAMES,
    STATUS_TONES,
)
from webapp.offers.models import Offer
from webapp.offers.schemas import FORM_OF_KIND, CapacityFormSchema, OfferQuery, ScreeningSchema
from webapp.profiles import labels as profile_labels
from webapp.profiles.schemas import LANGUAGE_ROWS, form_values
from webapp.storage.access import Actor
from webapp.storage.database import write_transaction
from webapp.towns.services import get_town_by_id, today_in
from webapp.web.actor import current_actor
from webapp.web.forms import PageForm, empty_form, read_form, read_query
from webapp.web.pagination import paginate, requested_page

bp = Blueprint("offers", __name__)


@bp.get("/offers")
def index() -> ResponseReturnValue:
    """The offers of the town."""
    actor = current_actor()
    form = read_query(OfferQuery)
    counts = services.count_by_kind(actor)
    links = [(_("All"), _list_url(form, ""), not form.data["kind"], sum(counts.values()))]
    links += [
        (profile_labels.KIND_PLURALS[kind], _list_url(form, kind), form.data["kind"] == kind, counts[kind])
        for kind in KINDS
    ]
    return render_template(
        "offers/index.html",
        form=form,
        page=paginate(services.query_offers(actor, **form.data), requested_page()),
        links=links,
        is_filtered=any(form.data.values()),
        is_empty=not any(counts.values()),
        statuses=profile_labels.options(STATUS_NAMES, _("All")),
        attentions=profile_labels.options(ATTENTION_NAMES, _("All")),
        **_names(actor),
    )


def _list_url(form: PageForm, kind: str) -> str:
    kept = {name: value for name, value in form.data.items() if value and name != "kind"}
    return url_for("offers.index", **kept, kind=kind or None)


@bp.get("/offers/new")
def choose_kind() -> ResponseReturnValue:
    """Which kind of offer it shall be."""
    kinds = [
        (url_for("offers.new", kind=kind), profile_labels.KIND_NAMES[kind], KIND_STORIES[kind])
        for kind in KINDS
    ]
    return render_template("offers/choose_kind.html", kinds=kinds)


@bp.get("/offers/new/<kind>")
def new(kind: str) -> ResponseReturnValue:
    """An empty form."""
    _check_kind(kind)
    today = today_in(get_town_by_id(_own_town(current_actor())))
    values = {"capacity": 10 if kind == "association" else 1, "taken_elsewhere": 0, "confirmed_at": today}
    return _form_page("offers/new.html", empty_form(values), kind)


@bp.post("/offers/new/<kind>")
def create(kind: str) -> ResponseReturnValue:
    """Add an offer."""
    _check_kind(kind)
    form = read_form(FORM_OF_KIND[kind])
    if form.is_valid:
        values = {name: value for name, value in form.data.items() if name != "version"}
        try:
            with write_transaction():
                offer = services.create_offer(current_actor(), kind=kind, **values)
            flash(_("%(name)s is on the list.", name=offer.name), "success")
            return redirect(url_for("offers.detail", offer_id=offer.id), 303)
        except InvalidInput as error:
            form.add_errors(error)
    return _form_page("offers/new.html", form, kind), 422


def _check_kind(kind: str) -> None:
    if kind not in KINDS:
        raise NotFound


@bp.get("/offers/<uuid:offer_id>")
def detail(offer_id: uuid.UUID) -> ResponseReturnValue:
    """Everything about one offer."""
    return _detail_page(offer_id)


@bp.get("/offers/<uuid:offer_id>/edit")
def edit(offer_id: uuid.UUID) -> ResponseReturnValue:
    """The form of one offer."""
    offer = services.get_offer(current_actor(), offer_id)
    share, cost = offer.language_share_max, offer.cost_eur_month
    values = form_values(offer, FORM_OF_KIND[offer.kind]) | {
        "taken_elsewhere": offer.elsewhere,
        "cost_eur_month": "" if cost is None else f"{cost:g}",
        "language_share_percent": "" if share is None else f"{100 * share:g}",
    }
    form = empty_form(values)
    return _form_page("offers/edit.html", form, offer.kind, offer)


@bp.post("/offers/<uuid:offer_id>/edit")
def update(offer_id: uuid.UUID) -> ResponseReturnValue:
    """Change what is known of an offer."""
    actor = current_actor()
    offer = services.get_offer(actor, offer_id)
    form = read_form(FORM_OF_KIND[offer.kind])
    if not form.is_valid:
        return _form_page("offers/edit.html", form, offer.kind, offer), 422
    form.data["languages"] += offer.languages[LANGUAGE_ROWS:]
    try:
        with write_transaction():
            services.update_offer(actor, offer_id, **form.data)
    except InvalidInput as error:
        form.add_errors(error)
        return _form_page("offers/edit.html", form, offer.kind, offer), 422
    except Conflict as conflict:
        what_now = _("Nothing was saved. Please compare, and save again.")
        form.errors["_"] = [f"{conflict.message} {what_now}"]
        form.values = {**form.values, "version": conflict.current.get("version", "")}
        return _form_page("offers/edit.html", form, offer.kind, offer), 409
    flash(_("Saved."), "success")
    return redirect(url_for("offers.detail", offer_id=offer_id), 303)


@bp.post("/offers/<uuid:offer_id>/status")
def set_status(offer_id: uuid.UUID) -> ResponseReturnValue:
    """Pause, resume or close."""
    with write_transaction():
        offer = services.set_status(current_actor(), offer_id, request.form.get("status", ""))
    texts = {
        "active": _("%(name)s takes part in the next matching run.", name=offer.name),
        "paused": _("%(name)s pauses: nobody is proposed until you resume.", name=offer.name),
        "closed": _("%(name)s is closed: nobody is proposed any more.", name=offer.name),
    }
    flash(texts[offer.status], "success")
    return redirect(url_for("offers.detail", offer_id=offer_id), 303)


@bp.post("/offers/<uuid:offer_id>/screening")
def set_screening(offer_id: uuid.UUID) -> ResponseReturnValue:
    """Note until when the screening is valid."""
    form = read_form(ScreeningSchema)
    try:
        if form.is_valid:
            with write_transaction():
                services.set_screening(current_actor(), offer_id, **form.data)
            flash(_("Saved."), "success")
            return redirect(url_for("offers.detail", offer_id=offer_id), 303)
    except InvalidInput as error:
        form.add_errors(error)
    return _detail_page(offer_id, screening_form=form), 422


@bp.post("/offers/<uuid:offer_id>/capacity")
def set_capacity(offer_id: uuid.UUID) -> ResponseReturnValue:
    """Change the places, or say that they are still right."""
    form, status = _change_capacity(current_actor(), offer_id)
    if status == 303:
        return redirect(url_for("offers.detail", offer_id=offer_id), 303)
    return _detail_page(offer_id, capacity_form=form), status


@bp.post("/offers/<uuid:offer_id>/link")
def create_link(offer_id: uuid.UUID) -> ResponseReturnValue:
    """Make the capacity link and show it, this once."""
    actor = current_actor()
    with write_transaction():
        token, expires_at = services.create_capacity_link(actor, offer_id)
    offer = services.get_offer(actor, offer_id)
    address = capacity_address(token)
    return render_template(
        "offers/create_link.html",
        offer=offer,
        address=address,
        expires_at=expires_at,
        letter=_letter(offer, address),
    ), 201


@bp.post("/offers/<uuid:offer_id>/link/revoke")
def revoke_link(offer_id: uuid.UUID) -> ResponseReturnValue:
    """Withdraw the capacity link."""
    with write_transaction():
        services.revoke_capacity_link(current_actor(), offer_id)
    flash(_("The link does not work any more."), "success")
    return redirect(url_for("offers.detail", offer_id=offer_id), 303)


@bp.get("/offers/<uuid:offer_id>/link/preview")
def preview(offer_id: uuid.UUID) -> ResponseReturnValue:
    """What the holder of the link sees."""
    offer = services.get_offer(current_actor(), offer_id)
    return render_template("offers/capacity.html", offer=offer, form=_capacity_form(offer), is_preview=True)


@bp.get("/capacity/<token>")
@public
def capacity(token: str) -> ResponseReturnValue:
    """How many places an offer has, for whoever holds its link. Changes nothing, however often it is read."""
    try:
        _actor, offer = _linked_offer(token)
    except NotFound:
        return _no_link()
    return render_template("offers/capacity.html", offer=offer, form=_capacity_form(offer), token=token)


@bp.post("/capacity/<token>")
@public
@limiter.limit("10 per minute; 60 per hour")
def tell_capacity(token: str) -> ResponseReturnValue:
    """Take a new number of places, or that it is still right."""
    try:
        actor, offer = _linked_offer(token)
        form, status = _change_capacity(actor, offer.id, token)
    except NotFound:
        return _no_link()
    if status == 303:
        return redirect(url_for("offers.capacity", token=token), 303)
    _actor, offer = _linked_offer(token)
    return render_template("offers/capacity.html", offer=offer, form=form, token=token), status


def _no_link() -> ResponseReturnValue:
    """The same answer for every link that does not work, whatever the reason."""
    return render_template("offers/no_link.html"), 404


def _linked_offer(token: str) -> tuple[Actor, Offer]:
    """Who holds the link, and the one offer they may change."""
    link = resolve_link(services.CAPACITY, token)
    offer = services.get_offer(actor_of_link(link, ""), link.subject_id)
    if offer.status == "closed":
        raise NotFound
    town = get_town_by_id(offer.town_id)
    g.town_name, g.town_timezone, g.town_language = town.name, town.timezone, town.language
    return actor_of_link(link, f"/capacity: {offer.name}"[:200]), offer


def _change_capacity(actor: Actor, offer_id: uuid.UUID, token: str = "") -> tuple[PageForm, int]:
    """Do what a form about places says; 303 when it is done, else the form with its errors and a status."""
    said = {"still_correct": services.confirm_places, "somebody_left": services.say_somebody_left}
    answer = next((act for name, act in said.items() if name in request.form), None)
    form = PageForm() if answer else read_form(CapacityFormSchema)
    if not form.is_valid:
        return form, 422
    try:
        with write_transaction():
            if answer:
                answer(actor, offer_id)
            else:
                services.set_capacity(actor, offer_id, **form.data)
            if token:
                note_link_use(resolve_link(services.CAPACITY, token))
    except Conflict as conflict:
        form.errors["capacity"] = [str(conflict.message)]
        form.values = {**form.values, "version": conflict.current.get("version", "")}
        return form, 409
    flash(_("Thank you! The places are up to date."), "success")
    return form, 303


def _capacity_form(offer: Offer) -> PageForm:
    return empty_form(offer, ["capacity", "version"])


def capacity_address(token: str) -> str:
    """The address of the page behind a capacity link."""
    return f"{current_app.config['BASE_URL']}{url_for('offers.capacity', token=token)}"


def _letter(offer: Offer, address: str) -> str:
    """A text to send to the contact person, in the town's language."""
    with force_locale(get_town_by_id(offer.town_id).language):
        greeting = _("Hello %(name)s,", name=offer.contact_name) if offer.contact_name else _("Hello,")
        return "\n\n".join(
            [
                greeting,
                _(
                    "how many places does “%(offer)s” have at present? With this address you can tell us at"
                    " any time, without logging in:",
                    offer=offer.name,
                ),
                address,
                _(
                    "The address is meant for you alone. It shows no names and can change nothing but the"
                    " number of places."
                ),
                _("Thank you!"),
            ]
        )


def _detail_page(
    offer_id: uuid.UUID, *, capacity_form: PageForm | None = None, screening_form: PageForm | None = None
) -> str:
    actor = current_actor()
    offer = services.get_offer(actor, offer_id)
    screening = empty_form(offer, ["screening_valid_until", "screening_checked_by"])
    return render_template(
        "offers/detail.html",
        offer=offer,
        link=services.find_capacity_link(actor, offer_id),
        capacity_form=capacity_form or _capacity_form(offer),
        screening_form=screening_form or screening,
        labels=form_labels(offer.kind),
        **_names(actor),
    )


def _names(actor: Actor) -> dict[str, Any]:
    return {
        "today": today_in(get_town_by_id(_own_town(actor))),
        "status_names": STATUS_NAMES,
        "status_tones": STATUS_TONES,
        "screening_names": SCREENING_NAMES,
        "screening_tones": SCREENING_TONES,
    }


def _own_town(actor: Actor) -> uuid.UUID:
    if actor.town_id is None:
        raise NotFound
    return actor.town_id


def _form_page(template: str, form: PageForm, kind: str, offer: Offer | None = None) -> str:
    return render_template(
        template,
        form=form,
        kind=kind,
        offer=offer,
        title=NEW_TITLES[kind],
        labels=form_labels(kind),
        **form_choices(form),
    )
