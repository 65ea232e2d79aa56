"""Matching runs: the list, one of them under way or done, what it changed and the wishes it left open."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import format_number
from flask_babel import gettext as _

from webapp.exceptions import Conflict
from webapp.newcomers.caseload import whose_options
from webapp.placements.fit import Part, parts_of
from webapp.placements.labels import criterion_text
from webapp.profiles import labels as profile_labels
from webapp.profiles.labels import first_upper
from webapp.proposals.models import Proposal
from webapp.runs import labels, services, tasks
from webapp.runs.models import Run
from webapp.runs.schemas import ChangeQuery, WishQuery
from webapp.runs.sentences import plan_text, proof_text
from webapp.storage.database import write_transaction
from webapp.towns.services import today_of
from webapp.web.actor import current_actor
from webapp.web.forms import read_query
from webapp.web.pagination import paginate, requested_page
from webapp.web.parts import fill_slot, is_part_asked

CHANGES_SHOWN = 5

bp = Blueprint("runs", __name__)
_WORDS = {"run_labels": labels, "plan_text": plan_text, "proof_text": proof_text}
bp.record_once(lambda setup: setup.app.jinja_env.globals.update(_WORDS))


@bp.get("/runs")
def index() -> ResponseReturnValue:
    """The matching runs of the town, newest first."""
    actor = current_actor()
    return render_template(
        "runs/index.html",
        page=paginate(services.query_runs(actor), requested_page()),
        under_way=services.run_under_way(actor),
    )


@bp.post("/runs")
def start() -> ResponseReturnValue:
    """Start a matching run; whoever is second is led to the one under way."""
    actor = current_actor()
    try:
        with write_transaction():
            run_id = services.start_run(actor).id
    except Conflict as conflict:
        flash(str(conflict.message), "info")
        return redirect(url_for("runs.detail", run_id=conflict.current["run_id"]), 303)
    tasks.solve_run(str(run_id))
    return redirect(url_for("runs.detail", run_id=run_id), 303)


@bp.get("/runs/<uuid:run_id>")
def detail(run_id: uuid.UUID) -> ResponseReturnValue:
    """One run: how far it is, or what came out. Who polls for a stage already shown gets nothing new."""
    actor = current_actor()
    found = services.get_run(actor, run_id)
    if is_part_asked() and found.is_under_way and request.args.get("seen") == f"{found.state} {found.stage}":
        return "", 204
    newest = services.newest_run(actor)
    return render_template(
        "runs/detail.html",
        run=found,
        stages=list(labels.STAGE_NAMES),
        is_newest=newest is not None and newest.id == found.id,
        change_counts=_change_counts(found),
        first_changes=services.first_changes(found, CHANGES_SHOWN) if found.state == "done" else [],
        under_way=services.run_under_way(actor),
        weights_bars=_weights(found),
        was_polled=is_part_asked(),
    )


@bp.get("/runs/<uuid:run_id>/changes")
def changes(run_id: uuid.UUID) -> ResponseReturnValue:
    """What a run changed about the proposals that were open before, page by page; once it is done."""
    found = services.get_run(current_actor(), run_id)
    if found.state != "done":
        return redirect(url_for("runs.detail", run_id=run_id), 303)
    form = read_query(ChangeQuery)
    counts = _change_counts(found)
    actions = [
        (action, f"{labels.CHANGE_NAMES[action]} ({format_number(n)})") for action, n in counts.items()
    ]
    return render_template(
        "runs/changes.html",
        run=found,
        form=form,
        page=paginate(services.query_changes(found, **form.data), requested_page()),
        actions=[("", _("All")), *actions],
        is_filtered=any(form.data.values()),
    )


def _change_counts(found: Run) -> dict[str, int]:
    """How often a run did what to the proposals that were open before it: what is lost first."""
    counts = {action: found.figures.get(action, 0) for action in labels.CHANGE_NAMES}
    return {action: n for action, n in counts.items() if n}


def _weights(found: Run) -> list[tuple[str, float, float]]:
    """What the parts of the score can be, as bars: name, percent, the longest bar."""
    if not found.policy:
        return []
    limits = services.limits_of(found)
    longest = 100 * max(limits.values())
    return [(first_upper(criterion_text(name)), 100 * most, longest) for name, most in limits.items()]


@bp.get("/open-wishes")
def open_wishes() -> ResponseReturnValue:
    """The wishes that the newest run left open, the greatest need first."""
    actor = current_actor()
    form = read_query(WishQuery)
    newest = services.newest_run(actor)
    counts = newest.figures.get("open_wishes_by_reason", {}) if newest else {}
    reasons = [(reason, first_upper(labels.why_text(reason))) for reason in counts]
    return render_template(
        "runs/open_wishes.html",
        form=form,
        page=paginate(services.query_open_wishes(actor, **form.data), requested_page()),
        run=newest,
        n_new=services.count_new_since(actor, newest),
        kinds=profile_labels.options(profile_labels.KIND_PLURALS, _("All")),
        reasons=[("", _("All")), *reasons],
        whose=whose_options(actor, form.data.get("whose", "")),
        today=today_of(actor),
        is_filtered=any(form.data.values()),
    )


# On pages of others ----------------------------------------------------------------------------------


def _score_of(proposal: Proposal) -> dict[str, Sequence[Part]]:
    """The parts of a proposal's score, with the most each could be under the policy of its run."""
    run = services.get_run(current_actor(), proposal.run_id)
    return {"parts": parts_of(proposal.parts, services.limits_of(run))}


fill_slot(bp, "score", "runs/_score.html", _score_of)
