"""One offer: an association's activity, a mentor or a neighbour household, and its places."""

from __future__ import annotations

import uuid
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from webapp.storage.constraints import one_of
from webapp.storage.database import Model, utc_now

STATUSES = ("active", "paused", "closed")
SCREENED_KINDS = ("mentor", "neighbour")
STALE_AFTER = timedelta(days=183)
SCREENING_WARNING = timedelta(days=60)


class Offer(Model):
    """Something of a kind with free places.

    Columns have the names and the meaning of the offers' file; an empty text is "not said". `taken` counts
    everybody: people placed elsewhere and, within it, `placed`, the confirmed placements of ours. `excess`
    are people said to be there beyond the places there are: they take the next places that come free. Only
    the room of placements moves `placed`.
    """

    __tablename__ = "offer"
    __table_args__ = (
        UniqueConstraint("town_id", "external_id"),
        CheckConstraint("kind IN ('association', 'mentor', 'neighbour')", name="kind_known"),
        one_of("status", STATUSES),
        Index("ix_offer_open", "id", "status"),  # all that the board asks of every offer
        CheckConstraint("0 <= placed", name="placed_not_negative"),
        CheckConstraint("placed <= taken", name="placed_fits"),
        CheckConstraint("taken <= capacity", name="taken_fits"),
    )

    town_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("town.id"), index=True)
    external_id: Mapped[str] = mapped_column(String(100))
    kind: Mapped[str] = mapped_column(String(20), index=True)
    status: Mapped[str] = mapped_column(String(20), default="active", index=True)

    name: Mapped[str] = mapped_column(String(200), default="")
    contact_name: Mapped[str] = mapped_column(String(200), default="")
    contact_email: Mapped[str] = mapped_column(String(254), default="")
    contact_phone: Mapped[str] = mapped_column(String(60), default="")
    about: Mapped[str] = mapped_column(String(1000), default="")

    capacity: Mapped[int]
    taken: Mapped[int] = mapped_column(default=0)
    placed: Mapped[int] = mapped_column(default=0)
    excess: Mapped[int] = mapped_column(default=0, server_default="0")
    confirmed_at: Mapped[date | None]

    languages: Mapped[list[Any]] = mapped_column(default=list)
    min_level: Mapped[str] = mapped_column(String(10), default="")
    interests: Mapped[list[Any]] = mapped_column(default=list)
    dislikes: Mapped[list[Any]] = mapped_column(default=list)
    goals: Mapped[list[Any]] = mapped_column(default=list)
    seeks: Mapped[list[Any]] = mapped_column(default=list)

    address: Mapped[str] = mapped_column(String(300), default="")
    postcode: Mapped[str] = mapped_column(String(20), default="")
    lat: Mapped[float | None]
    lon: Mapped[float | None]
    place_precision: Mapped[str] = mapped_column(String(20), default="none")
    times: Mapped[list[Any]] = mapped_column(default=list)

    age_min: Mapped[int | None]
    age_max: Mapped[int | None]
    accepts_minors: Mapped[bool] = mapped_column(default=False)
    gender_group: Mapped[str] = mapped_column(String(20), default="mixed")
    gender: Mapped[str] = mapped_column(String(1), default="")
    birth_year: Mapped[int | None]
    prefers_gender: Mapped[str] = mapped_column(String(1), default="")
    children_birth_years: Mapped[list[Any]] = mapped_column(default=list)

    access: Mapped[list[Any]] = mapped_column(default=list)
    cost_eur_month: Mapped[float | None]
    cost_support: Mapped[bool] = mapped_column(default=False)
    language_share_max: Mapped[float | None]

    screening_valid_until: Mapped[date | None]
    screening_checked_by: Mapped[str] = mapped_column(String(200), default="")
    notes: Mapped[str] = mapped_column(Text, default="")
    created_at: Mapped[datetime] = mapped_column(default=utc_now)

    @property
    def free(self) -> int:
        """How many places are free."""
        return self.capacity - self.taken

    @property
    def there(self) -> int:
        """How many people are there, whether there is a place for them or not."""
        return self.taken + self.excess

    @property
    def elsewhere(self) -> int:
        """How many people are there without a placement of ours."""
        return self.there - self.placed

    def is_stale(self, today: date) -> bool:
        """Whether nobody has said for half a year that its places are still right."""
        return self.confirmed_at is None or self.confirmed_at < today - STALE_AFTER

    @property
    def needs_screening(self) -> bool:
        """Whether a screening is looked at before people are left alone with each other."""
        return self.kind in SCREENED_KINDS

    def screening_state(self, today: date) -> str:
        """``not_needed``, ``missing``, ``expired``, ``soon`` or ``valid``."""
        if not self.needs_screening:
            return "not_needed"
        if self.screening_valid_until is None:
            return "missing"
        if self.screening_valid_until < today:
            return "expired"
        return "soon" if self.screening_valid_until < today + SCREENING_WARNING else "valid"
