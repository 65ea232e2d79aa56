"""Matching runs: the list, one of them under way or done, and the wishes it left open."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from webapp import words
from webapp.access import current_actor
from webapp.database import write_transaction
from webapp.exceptions import Conflict
from webapp.forms import read_query
from webapp.matching import labels, page_parts, queries, runs, services, tasks
from webapp.matching.blueprint import bp
from webapp.matching.models import Run
from webapp.matching.schemas import WishQuery
from webapp.pagination import paginate, requested_page

CHANGES_SHOWN = 100


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
    if (
        page_parts.is_htmx()
        and found.is_under_way
        and request.args.get("seen") == f"{found.state} {found.stage}"
    ):
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
        was_polled=page_parts.is_htmx(),
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
    limits = page_parts.limits_of(found)
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
