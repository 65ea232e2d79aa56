"""The intake form for everybody; the list, a person, their form and erasing them for coordinators."""

from __future__ import annotations

import uuid
from typing import Any

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from webapp.accounts.login import public
from webapp.engine.vocabulary import KINDS
from webapp.exceptions import Conflict, InvalidInput, NotFound
from webapp.extensions import limiter
from webapp.newcomers import caseload, services
from webapp.newcomers.forms import form_choices, form_labels, intake_choices, intake_labels
from webapp.newcomers.labels import STATUS_NAMES, STATUS_TONES
from webapp.newcomers.models import STATUSES, Newcomer
from webapp.newcomers.schemas import (
    AbsenceSchema,
    HandOverAllSchema,
    HandOverSchema,
    IntakeSchema,
    NeedSchema,
    NewcomerFormSchema,
    NewcomerQuery,
)
from webapp.profiles import labels as profile_labels
from webapp.profiles.hours import duration
from webapp.profiles.schemas import LANGUAGE_ROWS, form_values
from webapp.storage.database import write_transaction
from webapp.towns.models import Town
from webapp.towns.services import get_town, get_town_by_id, today_in, today_of
from webapp.web.actor import current_actor
from webapp.web.forms import PageForm, empty_form, read_form, read_query
from webapp.web.pagination import paginate, requested_page

bp = Blueprint("newcomers", __name__)


@bp.get("/newcomers")
def index() -> ResponseReturnValue:
    """The newcomers of the town."""
    actor = current_actor()
    form = read_query(NewcomerQuery)
    narrowed = {name: value for name, value in form.data.items() if name != "whose"}
    whose = form.data.get("whose", "")
    looked_after = caseload.is_looked_after(actor, whose) if whose else None
    page = paginate(services.query_newcomers(actor, **narrowed, looked_after=looked_after), requested_page())
    counts = services.count_by_status(actor)
    links = [(_("All"), _list_url(form, ""), not form.data["status"], sum(counts.values()))]
    links += [
        (STATUS_NAMES[status], _list_url(form, status), form.data["status"] == status, counts[status])
        for status in STATUSES
    ]
    return render_template(
        "newcomers/index.html",
        form=form,
        page=page,
        links=links,
        is_filtered=any(form.data.values()),
        is_empty=not any(counts.values()),
        intake_url=_intake_url(),
        kinds=profile_labels.options(profile_labels.KIND_NAMES, _("All")),
        needs=[("", _("All")), *((str(n), _need_from(n)) for n in (2, 3, 4))],
        whose=caseload.whose_options(actor, whose),
        **_names(),
    )


def _list_url(form: PageForm, status: str) -> str:
    kept = {name: value for name, value in form.data.items() if value and name != "status"}
    return url_for("newcomers.index", **kept, status=status or None)


def _intake_url() -> str:
    town_id = current_actor().town_id
    return url_for("newcomers.intake", town_slug=get_town_by_id(town_id).slug) if town_id else ""


def _need_from(level: int) -> str:
    name = str(profile_labels.NEED_LEVEL_NAMES[level])
    return name if level == 4 else _("%(need)s, or more", need=name)


@bp.get("/newcomers/new")
def new() -> ResponseReturnValue:
    """An empty form."""
    return _form_page("newcomers/new.html", empty_form({"wants_association": 1, "hours_mon": ""}))


@bp.post("/newcomers")
def create() -> ResponseReturnValue:
    """Add a newcomer by hand."""
    form = read_form(NewcomerFormSchema)
    if not form.is_valid:
        return _form_page("newcomers/new.html", form), 422
    form.data.pop("version")
    with write_transaction():
        newcomer = services.create_newcomer(current_actor(), **form.data)
        caseload.take_on(current_actor(), newcomer)
    flash(_("%(name)s is on the list.", name=newcomer.name), "success")
    return redirect(url_for("newcomers.detail", newcomer_id=newcomer.id), 303)


@bp.get("/newcomers/<uuid:newcomer_id>")
def detail(newcomer_id: uuid.UUID) -> ResponseReturnValue:
    """Everything about one newcomer."""
    return _detail_page(newcomer_id)


@bp.get("/newcomers/<uuid:newcomer_id>/edit")
def edit(newcomer_id: uuid.UUID) -> ResponseReturnValue:
    """The form of one newcomer."""
    newcomer = services.get_newcomer(current_actor(), newcomer_id)
    form = empty_form(form_values(newcomer, NewcomerFormSchema))
    return _form_page("newcomers/edit.html", form, newcomer)


@bp.post("/newcomers/<uuid:newcomer_id>/edit")
def update(newcomer_id: uuid.UUID) -> ResponseReturnValue:
    """Change what is known of a newcomer."""
    actor = current_actor()
    newcomer = services.get_newcomer(actor, newcomer_id)
    form = read_form(NewcomerFormSchema)
    if not form.is_valid:
        return _form_page("newcomers/edit.html", form, newcomer), 422
    form.data["languages"] += newcomer.languages[LANGUAGE_ROWS:]
    try:
        with write_transaction():
            services.update_newcomer(actor, newcomer_id, **form.data)
    except Conflict as conflict:
        what_now = _("Nothing was saved. Please compare, and save again.")
        form.errors["_"] = [f"{conflict.message} {what_now}"]
        form.values = {**form.values, "version": conflict.current.get("version", "")}
        return _form_page("newcomers/edit.html", form, newcomer), 409
    flash(_("Saved."), "success")
    return redirect(url_for("newcomers.detail", newcomer_id=newcomer_id), 303)


@bp.post("/newcomers/<uuid:newcomer_id>/status")
def set_status(newcomer_id: uuid.UUID) -> ResponseReturnValue:
    """Check, pause, resume or close."""
    with write_transaction():
        newcomer = services.set_status(current_actor(), newcomer_id, request.form.get("status", ""))
    texts = {
        "ready": _("%(name)s takes part in the next matching run.", name=newcomer.name),
        "paused": _("%(name)s pauses: nothing is proposed until you resume.", name=newcomer.name),
        "closed": _("%(name)s is closed: nothing is proposed any more.", name=newcomer.name),
    }
    flash(texts[newcomer.status], "success")
    return redirect(url_for("newcomers.detail", newcomer_id=newcomer_id), 303)


@bp.post("/newcomers/<uuid:newcomer_id>/need")
def set_need(newcomer_id: uuid.UUID) -> ResponseReturnValue:
    """Judge how urgent it is."""
    form = read_form(NeedSchema)
    try:
        if form.is_valid:
            with write_transaction():
                services.set_need(current_actor(), newcomer_id, **form.data)
            flash(_("Saved."), "success")
            return redirect(url_for("newcomers.detail", newcomer_id=newcomer_id), 303)
    except InvalidInput as error:
        form.add_errors(error)
    return _detail_page(newcomer_id, form), 422


@bp.post("/newcomers/<uuid:newcomer_id>/coordinator")
def hand_over(newcomer_id: uuid.UUID) -> ResponseReturnValue:
    """Say who looks after a newcomer."""
    form = read_form(HandOverSchema)
    if not form.is_valid:
        raise NotFound
    with write_transaction():
        caseload.hand_over(current_actor(), newcomer_id, form.data["coordinator_id"])
    flash(_("Saved."), "success")
    return redirect(url_for("newcomers.detail", newcomer_id=newcomer_id), 303)


@bp.get("/newcomers/coordinators")
def coordinators() -> ResponseReturnValue:
    """Who looks after how many, handing all of them over, and who is away."""
    return _coordinators_page()


@bp.post("/newcomers/coordinators")
def hand_over_all() -> ResponseReturnValue:
    """Hand everybody over whom somebody looks after."""
    form = read_form(HandOverAllSchema)
    if not form.is_valid:
        return _coordinators_page(over_form=form), 422
    with write_transaction():
        n = caseload.hand_over_all(current_actor(), form.data["from_id"], form.data["to_id"])
    flash(ngettext("%(num)s newcomer handed over.", "%(num)s newcomers handed over.", n), "success")
    return redirect(url_for("newcomers.coordinators"), 303)


@bp.post("/newcomers/coordinators/absence")
def set_absence() -> ResponseReturnValue:
    """Say until when one is away, and who stands in."""
    form = read_form(AbsenceSchema)
    if form.is_valid:
        until, deputy_id = form.data["away_until"], form.data["deputy_id"]
        try:
            with write_transaction():
                caseload.set_absence(current_actor(), until=until, deputy_id=deputy_id)
            flash(_("Saved."), "success")
            return redirect(url_for("newcomers.coordinators"), 303)
        except InvalidInput as error:
            form.add_errors(error)
    return _coordinators_page(absence_form=form), 422


def _coordinators_page(*, over_form: PageForm | None = None, absence_form: PageForm | None = None) -> str:
    actor = current_actor()
    rows = caseload.caseloads(actor)
    me = next((row.user for row in rows if row.user is not None and row.user.id == actor.user_id), None)
    return render_template(
        "newcomers/coordinators.html",
        rows=rows,
        me=me,
        today=today_of(actor),
        names=caseload.names_of_deputies(actor),
        colleagues=[(str(one.id), one.name) for one in caseload.query_coordinators(actor)],
        over_form=over_form or empty_form(),
        absence_form=absence_form or empty_form(me, ["away_until", "deputy_id"] if me else []),
    )


@bp.get("/newcomers/<uuid:newcomer_id>/erase")
def erase(newcomer_id: uuid.UUID) -> ResponseReturnValue:
    """What would be erased, and a button."""
    newcomer = services.get_newcomer(current_actor(), newcomer_id)
    return render_template("newcomers/erase.html", newcomer=newcomer, form=empty_form())


@bp.post("/newcomers/<uuid:newcomer_id>/erase")
def erase_for_good(newcomer_id: uuid.UUID) -> ResponseReturnValue:
    """Erase a newcomer and everything that hangs on them."""
    actor = current_actor()
    newcomer = services.get_newcomer(actor, newcomer_id)
    if request.form.get("sure") != "yes":
        form = PageForm(errors={"sure": [_("Please tick the box, so that nobody is erased by accident.")]})
        return render_template("newcomers/erase.html", newcomer=newcomer, form=form), 422
    with write_transaction():
        services.erase_newcomer(actor, newcomer_id)
    flash(_("Erased."), "success")
    return redirect(url_for("newcomers.index"), 303)


@bp.get("/intake/<town_slug>")
@public
def intake(town_slug: str) -> ResponseReturnValue:
    """The form a newcomer fills in."""
    return _intake_page(_public_town(town_slug), empty_form())


@bp.post("/intake/<town_slug>")
@public
@limiter.limit("10 per minute; 60 per hour")
def submit_intake(town_slug: str) -> ResponseReturnValue:
    """Take in what a newcomer filled in. The answer is the same for a person known already."""
    town = _public_town(town_slug)
    form = read_form(IntakeSchema(town_language=town.language))
    if not form.is_valid:
        return _intake_page(town, form), 422
    is_robot = bool(form.data.pop("website"))  # a field that people do not see
    if not is_robot:
        town_id = town.id
        with write_transaction():
            services.submit_intake(get_town_by_id(town_id), form.data)
    return redirect(url_for("newcomers.thanks", town_slug=town_slug), 303)


@bp.get("/intake/<town_slug>/thanks")
@public
def thanks(town_slug: str) -> ResponseReturnValue:
    """What happens next."""
    return render_template("newcomers/thanks.html", town=_public_town(town_slug))


def _public_town(slug: str) -> Town:
    town = get_town(slug)
    g.town_name, g.town_timezone = town.name, town.timezone
    return town


def _intake_page(town: Town, form: PageForm) -> str:
    return render_template(
        "newcomers/intake.html",
        town=town,
        form=form,
        labels=intake_labels(town.language),
        **intake_choices(town.language),
    )


def _detail_page(newcomer_id: uuid.UUID, need_form: PageForm | None = None) -> str:
    actor = current_actor()
    newcomer = services.get_newcomer(actor, newcomer_id)
    today = today_in(get_town_by_id(newcomer.town_id))
    return render_template(
        "newcomers/detail.html",
        newcomer=newcomer,
        need_form=need_form or empty_form(newcomer, ["need_level", "need_reason"]),
        duplicates=services.find_duplicates(actor, newcomer),
        age=today.year - newcomer.birth_year if newcomer.birth_year else None,
        coordinators=caseload.coordinator_options(actor, newcomer),
        need_options=profile_labels.options(profile_labels.NEED_LEVEL_NAMES, _("not judged")),
        **_names(today),
    )


def _names(today: Any = None) -> dict[str, Any]:
    actor = current_actor()
    if today is None and actor.town_id is not None:
        today = today_in(get_town_by_id(actor.town_id))
    return {
        "today": today,
        "duration": duration,
        "kinds_in_order": KINDS,
        "status_names": STATUS_NAMES,
        "status_tones": STATUS_TONES,
    }


def _form_page(template: str, form: PageForm, newcomer: Newcomer | None = None) -> str:
    return render_template(template, form=form, newcomer=newcomer, labels=form_labels(), **form_choices(form))
