"""One question about a town's plan, and the newest answer to it."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from webapp.storage.beating import DEAD_AFTER, FORGOTTEN_AFTER
from webapp.storage.constraints import one_of
from webapp.storage.database import Model, utc_now

ANSWER_STATES = ("queued", "running", "done", "failed")


class Answer(Model):
    """What was asked in which language, how far it is, and what came out last.

    An answer holds for a state of the town (`result_of`): the old one is read until the new one is there.
    """

    __tablename__ = "answer"
    __table_args__ = (one_of("state", ANSWER_STATES), UniqueConstraint("town_id", "question", "language"))

    town_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("town.id"), index=True)
    question: Mapped[str] = mapped_column(String(90))
    language: Mapped[str] = mapped_column(String(20))
    newcomer_id: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("newcomer.id", ondelete="CASCADE"), index=True
    )
    offer_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("offer.id", ondelete="CASCADE"), index=True)
    state: Mapped[str] = mapped_column(String(20), default="queued")
    stage: Mapped[str] = mapped_column(String(20), default="")
    beat_at: Mapped[datetime] = mapped_column(default=utc_now)
    result: Mapped[dict[str, Any]] = mapped_column(default=dict)
    result_of: Mapped[str] = mapped_column(String(64), default="")
    found_at: Mapped[datetime | None]

    @property
    def is_under_way(self) -> bool:
        """Whether it waits or is worked out, and shows signs of life."""
        patience = {"queued": FORGOTTEN_AFTER, "running": DEAD_AFTER}.get(self.state)
        return patience is not None and utc_now() - self.beat_at < patience
