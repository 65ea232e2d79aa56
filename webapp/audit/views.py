"""The page 'who decided what, when'."""

from __future__ import annotations

from flask import Blueprint, g, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from webapp.audit import services
from webapp.audit.schemas import HistoryQuery
from webapp.web.actor import current_actor
from webapp.web.forms import read_query
from webapp.web.pagination import paginate, requested_page

bp = Blueprint("audit", __name__)


@bp.get("/history")
def history() -> ResponseReturnValue:
    """The history of the town, with a filter."""
    actor = current_actor()
    form = read_query(HistoryQuery)
    entries = services.query_history(actor, **form.data, timezone=g.get("town_timezone") or "Europe/Berlin")
    actions = [(action, services.action_name(action)) for action in services.query_actions(actor)]
    page = paginate(entries, requested_page())
    rows = services.rows_of_entries(actor, page.items)
    return render_template(
        "audit/history.html",
        form=form,
        page=page,
        actors=services.actors_of_entries(page.items),
        pages={id_: url_for(row.endpoint, **row.address) for id_, row in rows.items() if row.endpoint},
        texts=services.texts_of_details(actor, page.items, rows),
        actions=[("", _("All")), *actions],
        is_filtered=any(form.data.values()),
    )


bp.add_app_template_global(services.action_name)
bp.add_app_template_global(services.detail_name)
