"""What several pages of this room show: rows of the board, its figures, everything about one pair."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from flask import request, url_for
from flask_babel import gettext as _

from webapp import engine, words
from webapp.access import current_actor
from webapp.matching import fit, queries, services
from webapp.matching.models import Proposal, Run
from webapp.newcomers.models import Newcomer
from webapp.offers.models import Offer


def board_top(filters: Mapping[str, str]) -> dict[str, Any]:
    """The figures and the tabs of the board."""
    actor = current_actor()
    search = filters.get("search", "")
    counts = queries.count_board(actor, search=search)
    links = [(_("All"), board_url(search=search), not filters.get("kind"), sum(counts.values()))]
    links += [
        (str(words.KIND_PLURALS[kind]), board_url(search=search, kind=kind), filters.get("kind") == kind, n)
        for kind, n in counts.items()
    ]
    return {"links": links, "n_open": sum(counts.values()), "figures": queries.board_figures(actor)}


def board_url(*, kind: str = "", search: str = "") -> str:
    """The address of the board with a filter."""
    return url_for("matching.board", kind=kind or None, search=search or None)


def board_rows(proposals: Iterable[Proposal]) -> list[dict[str, Any]]:
    """Proposals with what the board says about each."""
    actor = current_actor()
    proposals = list(proposals)
    found = queries.runs_by_id(actor, (proposal.run_id for proposal in proposals))
    limits = {id_: limits_of(run) for id_, run in found.items()}
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


def limits_of(run: Run) -> dict[str, float]:
    """The most each part of a score could be in a run."""
    return engine.part_limits(engine.policy_of(run.policy))


def about_pair(newcomer: Newcomer, offer: Offer, way: str = "") -> dict[str, Any]:
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


def is_htmx() -> bool:
    """Whether a part of the page asks, not the browser itself."""
    return "HX-Request" in request.headers
