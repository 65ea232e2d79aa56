"""A pair that a run suggests, and what became of it."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ForeignKey,
    Index,
    String,
    Text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from webapp.newcomers.models import Newcomer
from webapp.offers.models import Offer
from webapp.placements.models import UNDO_MINUTES
from webapp.storage.constraints import index_while, one_of, unique_while
from webapp.storage.database import Model, utc_now

PROPOSAL_STATES = ("staged", "open", "confirmed", "rejected", "superseded")
REJECT_REASONS = (
    *("too_far", "time", "language", "no_capacity", "wish", "known_conflict", "safety"),
    *("not_interested", "already_in_contact", "other"),
)
BESIDE_THE_POINT = ("known_conflict", "safety", "no_capacity", "already_in_contact", "other")
"""Rejections that say nothing about how well a pair fits."""

BAN_DAYS: Mapping[str, int | None] = {
    **{"too_far": 180, "time": 90, "language": 180, "no_capacity": 30, "wish": None, "known_conflict": None},
    **{"safety": None, "not_interested": 180, "already_in_contact": None, "other": 90},
}
"""How long a pair is not proposed again when nobody says otherwise; None: until somebody lifts it."""


class Proposal(Model):
    """A pair that a run suggests; `staged` ones are not visible yet, `superseded` ones no longer."""

    __tablename__ = "proposal"
    __table_args__ = (
        one_of("state", PROPOSAL_STATES),
        unique_while("uq_proposal_open_pair", "state = 'open'", "newcomer_id", "offer_id"),
        Index("ix_proposal_board", "town_id", "state", "urgency", "newcomer_id", "offer_id", "kind"),
        index_while("ix_proposal_open_offer", "state = 'open'", "offer_id"),
        index_while("ix_proposal_superseded_by", "superseded_by IS NOT NULL", "superseded_by"),
        index_while("ix_proposal_added_for", "added_for IS NOT NULL", "added_for"),
    )

    town_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("town.id"), index=True)
    run_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("run.id"), index=True)
    newcomer_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("newcomer.id", ondelete="CASCADE"), index=True)
    offer_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("offer.id", ondelete="CASCADE"), index=True)
    kind: Mapped[str] = mapped_column(String(20))
    score: Mapped[float]
    parts: Mapped[dict[str, Any]]
    urgency: Mapped[float]
    distance_km: Mapped[float | None]
    travel_minutes: Mapped[float | None]
    state: Mapped[str] = mapped_column(String(20), default="staged")
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[str] = mapped_column(String(200), default="")
    # the placement that made it impossible
    superseded_by: Mapped[uuid.UUID | None]
    reason: Mapped[str] = mapped_column(String(200), default="")
    note: Mapped[str] = mapped_column(Text, default="")
    # the proposal that went away, where this one was found in its place between two runs
    added_for: Mapped[uuid.UUID | None]

    newcomer: Mapped[Newcomer] = relationship(lazy="raise")
    offer: Mapped[Offer] = relationship(lazy="raise")

    @property
    def can_be_reopened(self) -> bool:
        """Whether it was rejected so freshly that it can be open again as if nothing had been."""
        fresh = self.decided_at is not None and utc_now() - self.decided_at < timedelta(minutes=UNDO_MINUTES)
        return self.state == "rejected" and fresh

    @property
    def is_open(self) -> bool:
        """Whether it waits for a decision."""
        return self.state == "open"
