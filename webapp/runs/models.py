"""Runs: their state, the wishes they leave open, what they changed."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    ForeignKey,
    String,
    Text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from webapp.newcomers.models import Newcomer
from webapp.offers.models import Offer
from webapp.storage.constraints import one_of, unique_while
from webapp.storage.database import Model, utc_now

RUN_STATES = ("queued", "running", "done", "failed")
CHANGE_ACTIONS = ("dropped", "changed", "added")
"""In the order in which people read them: what is lost first."""


class Run(Model):
    """One matching of a whole town: with which policy, what came out, how good it is proven to be."""

    __tablename__ = "run"
    __table_args__ = (
        one_of("state", RUN_STATES),
        unique_while("uq_run_under_way", "state IN ('queued', 'running')", "town_id"),
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


class OpenWish(Model):
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


class RunChange(Model):
    """What a run changed about the proposals that were open before it."""

    __tablename__ = "run_change"
    __table_args__ = (one_of("action", CHANGE_ACTIONS),)

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
