"""Makes and checks users, API tokens and signed links."""

from __future__ import annotations

import hashlib
import secrets
import uuid
from datetime import datetime, timedelta

from flask import current_app
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_security import hash_password, verify_password
from itsdangerous import BadSignature, URLSafeSerializer
from sqlalchemy import delete, or_, select

from webapp.accounts.models import ApiToken, Link, User
from webapp.accounts.schemas import LEAST_PASSWORD, MOST_PASSWORD
from webapp.audit.services import name_actions, name_details, record
from webapp.config import LANGUAGES
from webapp.exceptions import InvalidInput, NotFound
from webapp.storage.access import ADMIN, Actor, require_admin
from webapp.storage.database import db, delete_rows, guarded_update, utc_now
from webapp.towns.models import Town

name_actions(
    {
        "user.logged_in": _l("Logged in"),
        "user.logged_out": _l("Logged out"),
        "user.created": _l("User added"),
        "user.deactivated": _l("User locked"),
        "user.activated": _l("User unlocked"),
        "user.password_changed": _l("Password changed"),
        "token.created": _l("API token added"),
        "token.revoked": _l("API token revoked"),
        "link.created": _l("Link made"),
        "link.revoked": _l("Link withdrawn"),
    }
)
name_details({"name": _l("Name"), "role": _l("Role"), "label": _l("What for"), "purpose": _l("What for")})
_USED_AGAIN_AFTER = timedelta(minutes=1)
LINKS_KEPT = timedelta(days=30)
"""So long a link that opens nothing any more is kept, for questions about it."""


def actor_of_user(user: User, town_id: uuid.UUID | None = None) -> Actor:
    """The actor a logged-in user is; an administrator without a town works in the one they chose."""
    return Actor(user.id, user.name, user.role, user.town_id or town_id)


def find_user(email: str) -> User | None:
    """The user with this e-mail address."""
    return db.session.scalar(select(User).where(User.email == email.strip().lower()))


def check_credentials(email: str, password: str) -> User | None:
    """The active user with this password. Takes as long when there is no such user."""
    user = find_user(email)
    is_right = verify_password(password, user.password if user else _nobodys_password())
    return user if user is not None and is_right and user.active else None


def record_login(user_id: uuid.UUID) -> None:
    """Keep when somebody logged in."""
    user = db.session.get_one(User, user_id)
    user.logged_in_at = utc_now()
    record(actor_of_user(user), "user.logged_in", user)


def end_sessions(user_id: uuid.UUID) -> None:
    """End every session of a user: a copied cookie is worth nothing after they log out."""
    user = db.session.get_one(User, user_id)
    user.fs_uniquifier = uuid.uuid4().hex
    record(actor_of_user(user), "user.logged_out", user)


def query_users(actor: Actor) -> list[User]:
    """Everybody who logs in, for administrators: of their town, or of all towns."""
    require_admin(actor)
    users = select(User).order_by(User.name, User.id)
    own_town = _own_town(actor)
    return list(db.session.scalars(users.where(User.town_id == own_town) if own_town else users))


def create_user(
    actor: Actor,
    *,
    name: str,
    email: str,
    role: str,
    town_id: uuid.UUID | None,
    password: str,
    language: str = "",
    least_password: int = LEAST_PASSWORD,
) -> User:
    """Add somebody who logs in.

    Raises
    ------
    InvalidInput
        When the address is taken, the password is too short, a coordinator has no town, or there is no such
        town.
    NotAllowed
    """
    _require_manager(actor, town_id)
    problems: dict[str, list[str]] = {}
    if find_user(email):
        problems["email"] = [_("There is somebody with this e-mail address already.")]
    if not least_password <= len(password) <= MOST_PASSWORD:
        problems["password"] = [_("At least %(low)s characters.", low=least_password)]
    if not _is_town(town_id) if town_id else role != ADMIN:
        problems["town_id"] = [_("Please choose a town.")]
    if problems:
        raise InvalidInput(problems)
    user = User(
        name=name,
        email=email.strip().lower(),
        role=role,
        town_id=town_id,
        language=language,
        password=hash_password(password),
        fs_uniquifier=uuid.uuid4().hex,
    )
    db.session.add(user)
    db.session.flush()
    record(actor, "user.created", user, name=name, role=role)
    return user


def set_user_active(actor: Actor, user_id: uuid.UUID, active: bool) -> User:
    """Lock somebody out, at once and everywhere, or let them in again.

    Raises
    ------
    InvalidInput
        When it is oneself.
    NotFound
    """
    user = db.session.get(User, user_id)
    if user is None or (_own_town(actor) and user.town_id != actor.town_id):
        raise NotFound
    require_admin(actor)
    if user.id == actor.user_id:
        raise InvalidInput({"user": [_("You cannot lock yourself out.")]})
    user.active = active
    user.fs_uniquifier = uuid.uuid4().hex
    record(actor, "user.activated" if active else "user.deactivated", user, name=user.name)
    return user


def change_password(actor: Actor, *, password: str, new_password: str, new_password_again: str) -> User:
    """Change one's own password; every other session ends.

    Raises
    ------
    InvalidInput
    """
    user = db.session.get_one(User, actor.user_id)
    if not verify_password(password, user.password):
        raise InvalidInput({"password": [_("This is not your present password.")]})
    if new_password != new_password_again:
        raise InvalidInput({"new_password_again": [_("The two new passwords differ.")]})
    user.password = hash_password(new_password)
    user.fs_uniquifier = uuid.uuid4().hex
    record(actor, "user.password_changed", user)
    return user


def reset_password(actor: Actor, *, email: str, password: str) -> User:
    """Give somebody a new password; all their sessions end.

    Raises
    ------
    InvalidInput
        When the password is too short.
    NotAllowed
    NotFound
    """
    user = find_user(email)
    if user is None:
        raise NotFound
    _require_manager(actor, user.town_id)
    if not LEAST_PASSWORD <= len(password) <= MOST_PASSWORD:
        raise InvalidInput({"password": [_("At least %(low)s characters.", low=LEAST_PASSWORD)]})
    user.password = hash_password(password)
    user.fs_uniquifier = uuid.uuid4().hex
    record(actor, "user.password_changed", user)
    return user


def set_language(actor: Actor, language: str) -> User:
    """Choose the language of one's pages; empty: the town's.

    Raises
    ------
    InvalidInput
    """
    if language and language not in LANGUAGES:
        raise InvalidInput({"language": [_("Please choose one of the list.")]})
    user = db.session.get_one(User, actor.user_id)
    user.language = language
    return user


def create_token(actor: Actor, *, label: str, role: str, town_id: uuid.UUID) -> tuple[ApiToken, str]:
    """Add an API token; its secret is handed out this once.

    Raises
    ------
    InvalidInput
        When there is no such town.
    NotAllowed
    """
    _require_manager(actor, town_id)
    if not _is_town(town_id):
        raise InvalidInput({"town_id": [_("Please choose a town.")]})
    secret = f"koppel_{secrets.token_urlsafe(32)}"
    token = ApiToken(label=label, role=role, town_id=town_id, secret_hash=_hash(secret))
    db.session.add(token)
    db.session.flush()
    record(actor, "token.created", token, label=label, role=role)
    return token, secret


def _is_town(town_id: uuid.UUID) -> bool:
    return db.session.get(Town, town_id) is not None


def query_tokens(actor: Actor) -> list[ApiToken]:
    """The API tokens an administrator looks after, newest first."""
    require_admin(actor)
    tokens = select(ApiToken).order_by(ApiToken.created_at.desc(), ApiToken.id)
    own_town = _own_town(actor)
    return list(db.session.scalars(tokens.where(ApiToken.town_id == own_town) if own_town else tokens))


def revoke_token(actor: Actor, token_id: uuid.UUID) -> None:
    """End an API token.

    Raises
    ------
    NotFound
    """
    require_admin(actor)
    token = db.session.get(ApiToken, token_id)
    if token is None or (_own_town(actor) and token.town_id != actor.town_id):
        raise NotFound
    token.revoked_at = utc_now()
    record(actor, "token.revoked", token, label=token.label)


def resolve_token(secret: str) -> ApiToken | None:
    """The token with this secret, as long as it is not revoked."""
    return db.session.scalar(
        select(ApiToken).where(ApiToken.secret_hash == _hash(secret), ApiToken.revoked_at.is_(None))
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
        nonce_hash=_hash(nonce),
        expires_at=expires_at,
    )
    db.session.add(link)
    db.session.flush()
    record(actor, "link.created", link, purpose=purpose, subject_id=str(subject_id))
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
    if not secrets.compare_digest(link.nonce_hash, _hash(nonce)):
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
    record(actor, "link.revoked", link, purpose=link.purpose)


def forget_ended_links() -> int:
    """Delete the links that ended, or were withdrawn, a while ago; returns how many there were."""
    since = utc_now() - LINKS_KEPT
    return delete_rows(delete(Link).where(or_(Link.expires_at < since, Link.revoked_at < since)))


def _require_manager(actor: Actor, town_id: uuid.UUID | None) -> None:
    if actor.role == "system":
        return
    require_admin(actor)
    own_town = _own_town(actor)
    if own_town and town_id != own_town:
        raise NotFound


def _own_town(actor: Actor) -> uuid.UUID | None:
    """The town an administrator is bound to; None for an administrator of all towns."""
    if actor.user_id is None:
        return actor.town_id
    user = db.session.get(User, actor.user_id)
    return user.town_id if user else actor.town_id


def _signer(purpose: str) -> URLSafeSerializer:
    return URLSafeSerializer(current_app.config["SECRET_KEY"], salt=f"koppel-link-{purpose}")


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _nobodys_password() -> str:
    """A hash that no password fits, made with the settings of the real ones."""
    kept: str | None = current_app.extensions.get("koppel_nobodys_password")
    if kept is None:
        kept = hash_password(secrets.token_urlsafe(24))
        current_app.extensions["koppel_nobodys_password"] = kept
    return kept
