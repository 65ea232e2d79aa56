"""Makes and checks the people who log in: passwords, sessions, roles, their town."""

from __future__ import annotations

import secrets
import uuid
from typing import Any

from flask import current_app
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_security import hash_password, verify_password
from marshmallow import ValidationError, validate
from sqlalchemy import select

from webapp.accounts.labels import ROLE_NAMES
from webapp.accounts.models import User
from webapp.accounts.schemas import LEAST_PASSWORD, MOST_PASSWORD
from webapp.audit.services import (
    describe_codes,
    describe_details,
    name_actions,
    name_actors,
    name_details,
    name_roles,
    write_entry,
)
from webapp.config import LANGUAGES
from webapp.exceptions import InvalidInput, NotFound
from webapp.storage.access import ADMIN, Actor, require_admin
from webapp.storage.database import db, utc_now
from webapp.towns.models import Town

name_actions(
    {
        "user.logged_in": _l("Logged in"),
        "user.logged_out": _l("Logged out"),
        "user.created": _l("User added"),
        "user.deactivated": _l("User locked"),
        "user.activated": _l("User unlocked"),
        "user.password_changed": _l("Password changed"),
    }
)
name_details({"name": _l("Name"), "role": _l("Role")})
describe_details({"role": describe_codes(ROLE_NAMES)})
name_actors({"API: ": _l("Programme")})


def roles_of(ids: set[uuid.UUID]) -> dict[uuid.UUID, Any]:
    """What the roles of some users are called, by id."""
    roles = db.session.execute(select(User.id, User.role).where(User.id.in_(ids)))
    return {id_: ROLE_NAMES[role] for id_, role in roles}


name_roles(roles_of)


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
    write_entry(actor_of_user(user), "user.logged_in", user)


def end_sessions(user_id: uuid.UUID) -> None:
    """End every session of a user: a copied cookie is worth nothing after they log out."""
    user = db.session.get_one(User, user_id)
    user.fs_uniquifier = uuid.uuid4().hex
    write_entry(actor_of_user(user), "user.logged_out", user)


def query_users(actor: Actor) -> list[User]:
    """Everybody who logs in, for administrators: of their town, or of all towns."""
    require_admin(actor)
    users = select(User).order_by(User.name, User.id)
    own_town = bound_town(actor)
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
    require_manager(actor, town_id)
    problems: dict[str, list[str]] = {}
    if not _is_address(email):
        problems["email"] = [_("Please give a full e-mail address.")]
    elif find_user(email):
        problems["email"] = [_("There is somebody with this e-mail address already.")]
    if not least_password <= len(password) <= MOST_PASSWORD:
        problems["password"] = [_("At least %(low)s characters.", low=least_password)]
    if not is_town(town_id) if town_id else role != ADMIN:
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
    write_entry(actor, "user.created", user, name=name, role=role)
    return user


def _is_address(email: str) -> bool:
    try:
        validate.Email()(email.strip())
    except ValidationError:
        return False
    return True


def set_user_active(actor: Actor, user_id: uuid.UUID, active: bool) -> User:
    """Lock somebody out, at once and everywhere, or let them in again.

    Raises
    ------
    InvalidInput
        When it is oneself.
    NotFound
    """
    user = db.session.get(User, user_id)
    if user is None or (bound_town(actor) and user.town_id != actor.town_id):
        raise NotFound
    require_admin(actor)
    if user.id == actor.user_id:
        raise InvalidInput({"user": [_("You cannot lock yourself out.")]})
    user.active = active
    user.fs_uniquifier = uuid.uuid4().hex
    write_entry(actor, "user.activated" if active else "user.deactivated", user, name=user.name)
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
    write_entry(actor, "user.password_changed", user)
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
        raise NotFound.among("user", email)
    require_manager(actor, user.town_id)
    if not LEAST_PASSWORD <= len(password) <= MOST_PASSWORD:
        raise InvalidInput({"password": [_("At least %(low)s characters.", low=LEAST_PASSWORD)]})
    user.password = hash_password(password)
    user.fs_uniquifier = uuid.uuid4().hex
    write_entry(actor, "user.password_changed", user)
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


def is_town(town_id: uuid.UUID) -> bool:
    """Whether there is a town with this id."""
    return db.session.get(Town, town_id) is not None


def require_manager(actor: Actor, town_id: uuid.UUID | None) -> None:
    """Let the system, and administrators of this town, pass.

    Raises
    ------
    NotAllowed
    NotFound
        For another town than the administrator's own.
    """
    if actor.role == "system":
        return
    require_admin(actor)
    own_town = bound_town(actor)
    if own_town and town_id != own_town:
        raise NotFound


def bound_town(actor: Actor) -> uuid.UUID | None:
    """The town an administrator is bound to; None for an administrator of all towns."""
    if actor.user_id is None:
        return actor.town_id
    user = db.session.get(User, actor.user_id)
    return user.town_id if user else actor.town_id


def _nobodys_password() -> str:
    """A hash that no password fits, made with the settings of the real ones."""
    kept: str | None = current_app.extensions.get("koppel_nobodys_password")
    if kept is None:
        kept = hash_password(secrets.token_urlsafe(24))
        current_app.extensions["koppel_nobodys_password"] = kept
    return kept
