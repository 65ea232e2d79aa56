"""All pages of this room, from the files named here, and what other rooms' pages show of it."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from webapp.access import current_actor
from webapp.matching import answer_views, board_views, pair_views, placement_views, run_views, services
from webapp.matching.blueprint import bp, names

__all__ = ["answer_views", "board_views", "bp", "pair_views", "placement_views", "run_views"]


@bp.app_template_global()
def ties_of_newcomer(newcomer_id: uuid.UUID) -> dict[str, Any]:
    """A newcomer's open proposals, placements and bans, for the part `matching/_of_newcomer.html`."""
    return {**services.query_ties(current_actor(), newcomer_id=newcomer_id), **names()}


@bp.app_template_global()
def placed_at_offer(offer_id: uuid.UUID) -> Sequence[Any]:
    """Who is placed at an offer now, for the part `matching/_of_offer.html`."""
    return services.query_placed_at(current_actor(), offer_id=offer_id)
