"""People who log in, tokens of programmes, and signed links. Secrets are kept as hashes only."""

from __future__ import annotations

import hashlib
import uuid
from datetime import date, datetime
from typing import Any

from flask_security import RoleMixin, UserMixin
from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from webapp.storage.access import ROLES
from webapp.storage.constraints import one_of
from webapp.storage.database import Model, utc_now


class Role(RoleMixin):
    """A role as Flask-Security wants to see it; we keep it as a word with the user."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.permissions = []


class User(Model, UserMixin):  # type: ignore[misc]
    """A person who logs in; belongs to a town, except an administrator of all."""

    __tablename__ = "user_account"
    __table_args__ = (
        one_of("role", ROLES),
        CheckConstraint("role = 'admin' OR town_id IS NOT NULL", name="town_given"),
    )

    email: Mapped[str] = mapped_column(String(254), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    password: Mapped[str] = mapped_column(String(255))
    active: Mapped[bool] = mapped_column(default=True)
    fs_uniquifier: Mapped[str] = mapped_column(String(64), unique=True)
    role: Mapped[str] = mapped_column(String(20))
    language: Mapped[str] = mapped_column(String(20), default="")
    town_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("town.id"), index=True)
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    logged_in_at: Mapped[datetime | None]
    away_until: Mapped[date | None]
    deputy_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("user_account.id", ondelete="SET NULL"))

    @property
    def roles(self) -> list[RoleMixin]:  # type: ignore[override]
        """The one role, as Flask-Security asks for it."""
        return [Role(self.role)]


class ApiToken(Model):
    """A programme that may speak for a town."""

    __tablename__ = "api_token"
    __table_args__ = (one_of("role", ROLES),)

    label: Mapped[str] = mapped_column(String(200))
    secret_hash: Mapped[str] = mapped_column(String(64), unique=True)
    role: Mapped[str] = mapped_column(String(20))
    town_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("town.id"), index=True)
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class Link(Model):
    """A signed address that lets one person do one thing, such as tell an offer's free places."""

    __tablename__ = "link"
    __table_args__ = (Index("ix_link_purpose_subject_id", "purpose", "subject_id"),)

    purpose: Mapped[str] = mapped_column(String(40))
    subject_id: Mapped[uuid.UUID]
    town_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("town.id"), index=True)
    nonce_hash: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]

    def is_usable(self, now: datetime) -> bool:
        """Whether it still opens anything."""
        return self.revoked_at is None and now < self.expires_at


class KeptForm(Model):
    """A form that somebody sent when their session had ended; theirs alone, for half an hour."""

    __tablename__ = "kept_form"

    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("user_account.id", ondelete="CASCADE"), index=True)
    path: Mapped[str] = mapped_column(Text)
    fields: Mapped[list[Any]] = mapped_column(default=list)
    created_at: Mapped[datetime] = mapped_column(default=utc_now, index=True)


def hash_secret(secret: str) -> str:
    """What is kept of a secret: enough to know it again, too little to use it."""
    return hashlib.sha256(secret.encode()).hexdigest()
