"""Signed links: each opens its subject and nothing else, and ends."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask

from webapp.accounts import links
from webapp.accounts.models import Link
from webapp.exceptions import NotFound
from webapp.storage.access import Actor
from webapp.storage.database import db, utc_now, write_transaction


def test_a_link_opens_its_subject_and_nothing_else(app, actor):
    coordinator, subject = actor(), uuid.uuid4()
    with app.app_context():
        with write_transaction():
            token = links.create_link(
                coordinator, purpose="capacity", subject_id=subject, expires_at=utc_now() + timedelta(days=1)
            )
        assert links.resolve_link("capacity", token).subject_id == subject
        for purpose, wrong in (("other", token), ("capacity", token[:-2] + "xx"), ("capacity", "")):
            with pytest.raises(NotFound):
                links.resolve_link(purpose, wrong)


@pytest.mark.parametrize("end", ["revoked", "expired"])
def test_a_link_ends(app, actor, end):
    coordinator, subject = actor(), uuid.uuid4()
    lifetime = timedelta(days=1) if end == "revoked" else timedelta(seconds=-1)
    with app.app_context():
        with write_transaction():
            token = links.create_link(
                coordinator, purpose="capacity", subject_id=subject, expires_at=utc_now() + lifetime
            )
        if end == "revoked":
            with write_transaction():
                assert links.revoke_links(coordinator, purpose="capacity", subject_id=subject) == 1
        with pytest.raises(NotFound):
            links.resolve_link("capacity", token)


@pytest.mark.parametrize(
    ("ended_days_ago", "revoked_days_ago", "is_kept"),
    [(-1, None, True), (29, None, True), (31, None, False), (-300, 29, True), (-300, 31, False)],
)
def test_a_link_is_deleted_a_while_after_its_end(
    app: Flask, actor: Callable[..., Actor], ended_days_ago: int, revoked_days_ago: int | None, is_kept: bool
) -> None:
    ended_at = utc_now() - timedelta(days=ended_days_ago)
    coordinator = actor()
    with app.app_context():
        with write_transaction():
            links.create_link(coordinator, purpose="capacity", subject_id=uuid.uuid4(), expires_at=ended_at)
            if revoked_days_ago is not None:
                link = db.session.scalars(db.select(Link)).one()
                link.revoked_at = utc_now() - timedelta(days=revoked_days_ago)
        assert links.forget_ended_links() == int(not is_kept)
        assert (db.session.scalar(db.select(Link.id)) is not None) == is_kept
