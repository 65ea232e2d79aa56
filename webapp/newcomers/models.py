"""One newcomer: the columns of the newcomers' file, where they live, and what was promised to them."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from webapp.storage.constraints import one_of
from webapp.storage.database import Model, utc_now

STATUSES = ("new", "ready", "paused", "closed")
PRECISIONS = ("exact", "postcode", "district", "town", "none")
SOURCES = ("intake", "hand", "file")


class Newcomer(Model):
    """A person who has newly come to live in the town.

    Columns have the names and the meaning of the newcomers' file; an empty text is "not said". `languages`
    is a list of ``{"code", "level"}`` in the order given, `availability` a list of ``mon 17:00-20:00``.
    The `placed_*` counters are confirmed placements, moved by the room of placements only.
    """

    __tablename__ = "newcomer"
    __table_args__ = (
        UniqueConstraint("town_id", "external_id"),
        one_of("status", STATUSES),
        Index("ix_newcomer_open", "id", "status", "consent"),  # all that the board asks of everybody
        Index("ix_newcomer_town_id_created_at", "town_id", "created_at"),
        # All that the figures of a town ask of everybody.
        Index(
            "ix_newcomer_waiting",
            *("town_id", "status", "id", "wants_association", "wants_mentor", "wants_neighbour"),
            *("placed_association", "placed_mentor", "placed_neighbour"),
        ),
        CheckConstraint("need_level IS NULL OR need_level BETWEEN 1 AND 4", name="need_level_known"),
        CheckConstraint("wants_association BETWEEN 0 AND 20", name="wants_association_fits"),
        CheckConstraint("wants_mentor BETWEEN 0 AND 20", name="wants_mentor_fits"),
        CheckConstraint("wants_neighbour BETWEEN 0 AND 20", name="wants_neighbour_fits"),
        CheckConstraint("placed_association >= 0", name="placed_association_fits"),
        CheckConstraint("placed_mentor >= 0", name="placed_mentor_fits"),
        CheckConstraint("placed_neighbour >= 0", name="placed_neighbour_fits"),
    )

    town_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("town.id"), index=True)
    external_id: Mapped[str] = mapped_column(String(100))
    status: Mapped[str] = mapped_column(String(20), default="ready", index=True)
    source: Mapped[str] = mapped_column(String(20), default="hand")

    name: Mapped[str] = mapped_column(String(200), default="")
    email: Mapped[str] = mapped_column(String(254), default="")
    phone: Mapped[str] = mapped_column(String(60), default="")
    contact_language: Mapped[str] = mapped_column(String(40), default="")
    birth_year: Mapped[int | None]
    gender: Mapped[str] = mapped_column(String(1), default="")
    household_id: Mapped[str] = mapped_column(String(100), default="")
    children_birth_years: Mapped[list[Any]] = mapped_column(default=list)
    guardian_consent: Mapped[bool] = mapped_column(default=False)

    languages: Mapped[list[Any]] = mapped_column(default=list)
    interests: Mapped[list[Any]] = mapped_column(default=list)
    dislikes: Mapped[list[Any]] = mapped_column(default=list)
    goals: Mapped[list[Any]] = mapped_column(default=list)
    can_offer: Mapped[list[Any]] = mapped_column(default=list)
    prefers_gender: Mapped[str] = mapped_column(String(1), default="")

    address: Mapped[str] = mapped_column(String(300), default="")
    postcode: Mapped[str] = mapped_column(String(20), default="")
    lat: Mapped[float | None]
    lon: Mapped[float | None]
    place_precision: Mapped[str] = mapped_column(String(20), default="none")
    mobility: Mapped[list[Any]] = mapped_column(default=list)
    max_minutes: Mapped[int | None]
    availability: Mapped[list[Any]] = mapped_column(default=list)
    needs: Mapped[list[Any]] = mapped_column(default=list)

    wants_association: Mapped[int] = mapped_column(default=1)
    wants_mentor: Mapped[int] = mapped_column(default=0)
    wants_neighbour: Mapped[int] = mapped_column(default=0)
    max_placements: Mapped[int | None]
    placed_association: Mapped[int] = mapped_column(default=0)
    placed_mentor: Mapped[int] = mapped_column(default=0)
    placed_neighbour: Mapped[int] = mapped_column(default=0)

    need_level: Mapped[int | None]
    need_reason: Mapped[str] = mapped_column(Text, default="")
    waiting_since: Mapped[date | None]
    coordinator_id: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("user_account.id", ondelete="SET NULL"), index=True
    )
    consent: Mapped[bool] = mapped_column(default=False)
    consent_at: Mapped[datetime | None]
    notes: Mapped[str] = mapped_column(Text, default="")
    created_at: Mapped[datetime] = mapped_column(default=utc_now)

    @property
    def wanted(self) -> int:
        """How many offers of all kinds they asked for, as far as they can take on altogether."""
        asked = self.wants_association + self.wants_mentor + self.wants_neighbour
        return asked if self.max_placements is None else min(asked, self.max_placements)

    @property
    def placed(self) -> int:
        """How many confirmed placements they have."""
        return self.placed_association + self.placed_mentor + self.placed_neighbour
