"""Placements, bans, and how many of one language group an offer has."""

from __future__ import annotations

import uuid
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    ColumnElement,
    ForeignKey,
    Index,
    String,
    Text,
    UniqueConstraint,
    and_,
    or_,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from webapp.newcomers.models import Newcomer
from webapp.offers.models import Offer
from webapp.storage.constraints import index_while, one_of, unique_while
from webapp.storage.database import Model, utc_now

UNDO_MINUTES = 10

PLACEMENT_STATES = ("active", "ended", "undone")
END_REASONS = (
    *("goal_reached", "moved", "time_work", "no_contact", "no_show", "mismatch", "boundary_problem"),
    *("offer_ended", "screening_expired", "programme_end", "other"),
)
BAD_ENDS = ("no_contact", "no_show", "mismatch", "boundary_problem")
"""After these the same two are not proposed to each other again."""

OVERRIDABLE = frozenset({"travel", "hours", "language", "low_cost", "childcare", "step_free"})
"""Rules of convenience, which a coordinator may set aside for a pair by a written reason; no other rule."""


class Placement(Model):
    """A confirmed tie: it takes a place until it ends."""

    __tablename__ = "placement"
    __table_args__ = (
        one_of("state", PLACEMENT_STATES),
        unique_while("uq_placement_active_pair", "state = 'active'", "newcomer_id", "offer_id"),
        Index("ix_placement_town_day", "town_id", "state", "created_at"),
        index_while("ix_placement_proposal_id", "proposal_id IS NOT NULL", "proposal_id"),
        index_while("ix_placement_run_id", "run_id IS NOT NULL", "run_id"),
    )

    town_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("town.id"), index=True)
    newcomer_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("newcomer.id", ondelete="CASCADE"), index=True)
    offer_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("offer.id", ondelete="CASCADE"), index=True)
    proposal_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("proposal.id", ondelete="SET NULL"))
    run_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("run.id"))
    kind: Mapped[str] = mapped_column(String(20))
    language_group: Mapped[str] = mapped_column(String(20), default="")
    state: Mapped[str] = mapped_column(String(20), default="active")
    note: Mapped[str] = mapped_column(Text, default="")
    overridden: Mapped[list[Any]] = mapped_column(default=list)
    override_reason: Mapped[str] = mapped_column(Text, default="")
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    confirmed_by: Mapped[str] = mapped_column(String(200))
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[str] = mapped_column(String(200), default="")
    end_reason: Mapped[str] = mapped_column(String(200), default="")

    newcomer: Mapped[Newcomer] = relationship(lazy="raise")
    offer: Mapped[Offer] = relationship(lazy="raise")

    @property
    def is_active(self) -> bool:
        """Whether it takes a place."""
        return self.state == "active"

    @property
    def can_be_undone(self) -> bool:
        """Whether it is so fresh that it can be taken back as if it had not been."""
        return self.is_active and utc_now() - self.created_at < timedelta(minutes=UNDO_MINUTES)


class Ban(Model):
    """A pair that must not be proposed: until a day, or until somebody lifts it."""

    __tablename__ = "ban"

    town_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("town.id"), index=True)
    newcomer_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("newcomer.id", ondelete="CASCADE"), index=True)
    offer_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("offer.id", ondelete="CASCADE"), index=True)
    reason: Mapped[str] = mapped_column(String(200))
    ban_until: Mapped[date | None]
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    created_by: Mapped[str] = mapped_column(String(200))
    lifted_at: Mapped[datetime | None]

    @classmethod
    def holds_on(cls, day: date) -> ColumnElement[bool]:
        """The condition that a ban holds on a day: not lifted, and not ended before it."""
        return and_(cls.lifted_at.is_(None), or_(cls.ban_until.is_(None), cls.ban_until >= day))

    offer: Mapped[Offer] = relationship(lazy="raise")


class GroupCount(Model):
    """How many people of one first native language an offer has: the counter of the mixing limit."""

    __tablename__ = "group_count"
    __table_args__ = (
        UniqueConstraint("offer_id", "language"),
        CheckConstraint("placed >= 0", name="placed_not_negative"),
    )

    offer_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("offer.id", ondelete="CASCADE"))
    language: Mapped[str] = mapped_column(String(20))
    placed: Mapped[int] = mapped_column(default=0)
