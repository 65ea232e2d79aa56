"""Signed links: each lets whoever holds it do one thing, such as tell an offer's free places."""

from __future__ import annotations

import secrets
import uuid
from datetime import datetime

from flask import current_app
from flask_babel import lazy_gettext as _l
from itsdangerous import BadSignature, URLSafeSerializer
from sqlalchemy import or_, select

from webapp.accounts.models import Link, hash_secret
from webapp.audit.services import name_actions, name_details, write_entry
from webapp.exceptions import NotFound
from webapp.storage.access import Actor
from webapp.storage.database import db, delete_in_chunks, guarded_update, utc_now

name_actions({"link.created": _l("Link made"), "link.revoked": _l("Link withdrawn")})
name_details({"purpose": _l("What for")})


def create_link(actor: Actor, *, purpose: str, subject_id: uuid.UUID, expires_at: datetime) -> str:
    """Make a signed link; returns the token that stands in the address. It is kept as a hash only.

    Raises
    ------
    NotFound
        When the actor has no town.
    """
    if actor.town_id is None:
        raise NotFound
    nonce = secrets.token_urlsafe(24)
    link = Link(
        purpose=purpose,
        subject_id=subject_id,
        town_id=actor.town_id,
        nonce_hash=hash_secret(nonce),
        expires_at=expires_at,
    )
    db.session.add(link)
    db.session.flush()
    write_entry(actor, "link.created", link, purpose=purpose, subject_id=str(subject_id))
    token: str = _signer(purpose).dumps([link.id.hex, nonce])
    return token


def resolve_link(purpose: str, token: str) -> Link:
    """The link a token belongs to. Changes nothing: mail scanners may look as often as they like.

    Raises
    ------
    NotFound
        When it is forged, expired, revoked or made for another purpose.
    """
    try:
        link_id, nonce = _signer(purpose).loads(token)
        link = db.session.get(Link, uuid.UUID(link_id))
    except (BadSignature, ValueError, TypeError):
        raise NotFound from None
    if link is None or link.purpose != purpose or not link.is_usable(utc_now()):
        raise NotFound
    if not secrets.compare_digest(link.nonce_hash, hash_secret(nonce)):
        raise NotFound
    return link


def actor_of_link(link: Link, label: str) -> Actor:
    """The actor behind a signed link: sees the link's town, so a service must also check the subject."""
    return Actor(link.id, label, "link", link.town_id)


def note_link_use(link: Link) -> None:
    """Keep when a link was last used to change something."""
    guarded_update(Link, link.id, last_used_at=utc_now())


def revoke_links(actor: Actor, *, purpose: str, subject_id: uuid.UUID) -> int:
    """Withdraw all links of this purpose to one subject; returns how many there were."""
    links = db.session.scalars(
        select(Link).where(
            Link.purpose == purpose,
            Link.subject_id == subject_id,
            Link.town_id == actor.town_id,
            Link.revoked_at.is_(None),
        )
    ).all()
    for link in links:
        revoke_link(actor, link)
    return len(links)


def revoke_link(actor: Actor, link: Link) -> None:
    """Withdraw a link."""
    link.revoked_at = utc_now()
    write_entry(actor, "link.revoked", link, purpose=link.purpose)


def forget_ended_links() -> int:
    """Delete the links that ended, or were withdrawn, a while ago; returns how many there were."""
    since = utc_now() - current_app.config["KEEP_LINKS"]
    return delete_in_chunks(Link, or_(Link.expires_at < since, Link.revoked_at < since))


def _signer(purpose: str) -> URLSafeSerializer:
    return URLSafeSerializer(current_app.config["SECRET_KEY"], salt=f"koppel-link-{purpose}")
