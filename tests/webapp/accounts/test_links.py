"""Signed links: each opens its subject and nothing else, and ends."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest

from webapp.accounts import services
from webapp.exceptions import NotFound
from webapp.storage.database import utc_now, write_transaction


def test_a_link_opens_its_subject_and_nothing_else(app, actor):
    coordinator, subject = actor(), uuid.uuid4()
    with app.app_context():
        with write_transaction():
            token = services.create_link(
                coordinator, purpose="capacity", subject_id=subject, expires_at=utc_now() + timedelta(days=1)
            )
        assert services.resolve_link("capacity", token).subject_id == subject
        for purpose, wrong in (("other", token), ("capacity", token[:-2] + "xx"), ("capacity", "")):
            with pytest.raises(NotFound):
                services.resolve_link(purpose, wrong)


@pytest.mark.parametrize("end", ["revoked", "expired"])
def test_a_link_ends(app, actor, end):
    coordinator, subject = actor(), uuid.uuid4()
    lifetime = timedelta(days=1) if end == "revoked" else timedelta(seconds=-1)
    with app.app_context():
        with write_transaction():
            token = services.create_link(
                coordinator, purpose="capacity", subject_id=subject, expires_at=utc_now() + lifetime
            )
        if end == "revoked":
            with write_transaction():
                assert services.revoke_links(coordinator, purpose="capacity", subject_id=subject) == 1
        with pytest.raises(NotFound):
            services.resolve_link("capacity", token)
