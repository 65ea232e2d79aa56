"""Runs and what they propose, placements, bans, and how many of one language group an offer has."""

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
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from webapp.database import Record, utc_now
from webapp.newcomers.models import Newcomer
from webapp.offers.models import Offer

UNDO_MINUTES = 10

RUN_STATES = ("queued", "running", "done", "failed")
PROPOSAL_STATES = ("staged", "open", "confirmed", "rejected", "superseded")
PLACEMENT_STATES = ("active", "ended", "undone")
REJECT_REASONS = (
    *("too_far", "time", "language", "no_capacity", "wish", "known_conflict", "safety"),
    *("not_interested", "already_in_contact", "other"),
)
BESIDE_THE_POINT = ("known_conflict", "safety", "no_capacity", "already_in_contact", "other")
"""Rejections that say nothing about how well a pair fits."""
END_REASONS = (
    *("goal_reached", "moved", "time_work", "no_contact", "no_show", "mismatch", "boundary_problem"),
    *("illness", "screening_expired", "programme_end", "other"),
)
BAD_ENDS = ("no_contact", "no_show", "mismatch", "boundary_problem")
"""After these the same two are not proposed to each other again."""


def _one_of(column: str, values: tuple[str, ...]) -> CheckConstraint:
    listed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({listed})", name=f"{column}_known")


def _unique_while(name: str, condition: str, *columns: str) -> Index:
    """A unique index over the rows that meet a condition, on both databases."""
    return Index(name, *columns, unique=True, sqlite_where=text(condition), postgresql_where=text(condition))


class Run(Record):
    """One matching of a whole town: with which policy, what came out, how good it is proven to be."""

    __tablename__ = "run"
    __table_args__ = (
        _one_of("state", RUN_STATES),
        _unique_while("uq_run_under_way", "state IN ('queued', 'running')", "town_id"),
    )

    town_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("town.id"), index=True)
    state: Mapped[str] = mapped_column(String(20), default="queued")
    stage: Mapped[str] = mapped_column(String(20), default="")
    started_by: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    beat_at: Mapped[datetime] = mapped_column(default=utc_now)
    finished_at: Mapped[datetime | None]
    today: Mapped[date]
    policy_version: Mapped[str] = mapped_column(String(12), default="")
    policy: Mapped[dict[str, Any]] = mapped_column(default=dict)
    figures: Mapped[dict[str, Any]] = mapped_column(default=dict)
    error: Mapped[str] = mapped_column(Text, default="")

    @property
    def is_under_way(self) -> bool:
        """Whether it waits or runs."""
        return self.state in ("queued", "running")


class Proposal(Record):
    """A pair that a run suggests; `staged` ones are not visible yet, `superseded` ones no longer."""

    __tablename__ = "proposal"
    __table_args__ = (
        _one_of("state", PROPOSAL_STATES),
        _unique_while("uq_proposal_open_pair", "state = 'open'", "newcomer_id", "offer_id"),
        Index("ix_proposal_board", "town_id", "state", "urgency"),
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

    newcomer: Mapped[Newcomer] = relationship(lazy="raise")
    offer: Mapped[Offer] = relationship(lazy="raise")

    @property
    def is_open(self) -> bool:
        """Whether it waits for a decision."""
        return self.state == "open"


class OpenWish(Record):
    """A wish that the newest run leaves open, and why."""

    __tablename__ = "open_wish"

    town_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("town.id"), index=True)
    run_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("run.id"), index=True)
    newcomer_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("newcomer.id", ondelete="CASCADE"), index=True)
    kind: Mapped[str] = mapped_column(String(20))
    wanted: Mapped[int]
    proposed: Mapped[int]
    reason: Mapped[str] = mapped_column(String(40))

    newcomer: Mapped[Newcomer] = relationship(lazy="raise")


class RunChange(Record):
    """What a run changed about the proposals that were open before it."""

    __tablename__ = "run_change"
    __table_args__ = (_one_of("action", ("added", "dropped", "changed")),)

    run_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("run.id"), index=True)
    newcomer_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("newcomer.id", ondelete="CASCADE"), index=True)
    kind: Mapped[str] = mapped_column(String(20))
    action: Mapped[str] = mapped_column(String(20))
    before_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("offer.id", ondelete="CASCADE"))
    after_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("offer.id", ondelete="CASCADE"))
    reason: Mapped[str] = mapped_column(String(40))

    newcomer: Mapped[Newcomer] = relationship(lazy="raise")
    before: Mapped[Offer | None] = relationship(lazy="raise", foreign_keys=[before_id])
    after: Mapped[Offer | None] = relationship(lazy="raise", foreign_keys=[after_id])


class Placement(Record):
    """A confirmed tie: it takes a place until it ends."""

    __tablename__ = "placement"
    __table_args__ = (
        _one_of("state", PLACEMENT_STATES),
        _unique_while("uq_placement_active_pair", "state = 'active'", "newcomer_id", "offer_id"),
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


class Ban(Record):
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


class GroupCount(Record):
    """How many people of one first native language an offer has: the counter of the mixing limit."""

    __tablename__ = "group_count"
    __table_args__ = (
        UniqueConstraint("offer_id", "language"),
        CheckConstraint("placed >= 0", name="placed_not_negative"),
    )

    offer_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("offer.id", ondelete="CASCADE"))
    language: Mapped[str] = mapped_column(String(20))
    placed: Mapped[int] = mapped_column(default=0)
