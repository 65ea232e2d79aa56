"""API tokens: programmes that may speak for a town."""

from __future__ import annotations

import secrets
import uuid
from datetime import datetime, timedelta

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from webapp.accounts.models import ApiToken, hash_secret
from webapp.accounts.services import bound_town, is_town, require_manager
from webapp.audit.services import name_actions, name_details, write_entry
from webapp.exceptions import InvalidInput, NotFound
from webapp.storage.access import Actor, require_admin
from webapp.storage.database import db, guarded_update, utc_now

name_actions({"token.created": _l("API token added"), "token.revoked": _l("API token revoked")})
name_details({"label": _l("What for")})
_USED_AGAIN_AFTER = timedelta(minutes=1)


def create_token(actor: Actor, *, label: str, role: str, town_id: uuid.UUID) -> tuple[ApiToken, str]:
    """Add an API token; its secret is handed out this once.

    Raises
    ------
    InvalidInput
        When there is no such town.
    NotAllowed
    """
    require_manager(actor, town_id)
    if not is_town(town_id):
        raise InvalidInput({"town_id": [_("Please choose a town.")]})
    secret = f"koppel_{secrets.token_urlsafe(32)}"
    token = ApiToken(label=label, role=role, town_id=town_id, secret_hash=hash_secret(secret))
    db.session.add(token)
    db.session.flush()
    write_entry(actor, "token.created", token, label=label, role=role)
    return token, secret


def query_tokens(actor: Actor) -> list[ApiToken]:
    """The API tokens an administrator looks after, newest first."""
    require_admin(actor)
    tokens = select(ApiToken).order_by(ApiToken.created_at.desc(), ApiToken.id)
    own_town = bound_town(actor)
    return list(db.session.scalars(tokens.where(ApiToken.town_id == own_town) if own_town else tokens))


def revoke_token(actor: Actor, token_id: uuid.UUID) -> None:
    """End an API token.

    Raises
    ------
    NotFound
    """
    require_admin(actor)
    token = db.session.get(ApiToken, token_id)
    if token is None or (bound_town(actor) and token.town_id != actor.town_id):
        raise NotFound
    token.revoked_at = utc_now()
    write_entry(actor, "token.revoked", token, label=token.label)


def resolve_token(secret: str) -> ApiToken | None:
    """The token with this secret, as long as it is not revoked."""
    return db.session.scalar(
        select(ApiToken).where(ApiToken.secret_hash == hash_secret(secret), ApiToken.revoked_at.is_(None))
    )


def actor_of_token(token: ApiToken) -> Actor:
    """The actor a programme is."""
    return Actor(token.id, f"API: {token.label}", token.role, token.town_id)


def was_used_lately(used_at: datetime | None) -> bool:
    """Whether the time of last use need not be written again yet."""
    return used_at is not None and utc_now() - used_at < _USED_AGAIN_AFTER


def note_token_use(token_id: uuid.UUID) -> None:
    """Keep when a token was last used."""
    guarded_update(ApiToken, token_id, last_used_at=utc_now())
