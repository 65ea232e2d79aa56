"""What somebody had typed when their session had ended: kept half an hour, for them alone."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

from flask import Response, current_app, request
from itsdangerous import BadData, URLSafeTimedSerializer
from sqlalchemy import delete, select

from webapp.accounts.models import KeptForm, User
from webapp.storage.access import Actor
from webapp.storage.database import db, delete_in_chunks, delete_rows, utc_now, write_transaction
from webapp.web.errors import wants_json

KEPT = timedelta(minutes=30)
MOST_KEPT = 5
MOST_CHARACTERS = 200_000
NAME = "kept_form"
"""The field by which a form that is sent again says which one it was."""
_REMEMBERED = timedelta(hours=12)
_ROOM = "accounts."  # its forms hold passwords


def remember_user(response: Response, user: User) -> None:
    """Let this browser say for some hours whose it was; that lets nobody in."""
    response.set_cookie(
        _cookie(),
        _signer().dumps(user.id.hex),
        max_age=_REMEMBERED,
        httponly=True,
        secure=current_app.config["SESSION_COOKIE_SECURE"],
        samesite="Lax",
    )


def keep_form() -> None:
    """Keep the form of this request, which needs a log-in, where it is known whose it is."""
    is_form = request.method == "POST" and bool(request.form) and not wants_json()
    if not is_form or request.endpoint is None or request.endpoint.startswith(_ROOM):
        return
    user_id = _remembered_user()
    fields = [[name, value] for name, value in request.form.items(multi=True) if name != "csrf_token"]
    if user_id is None or sum(len(name) + len(value) for name, value in fields) > MOST_CHARACTERS:
        return
    with write_transaction():
        user = db.session.get(User, user_id)
        if user is None or not user.active:
            return
        db.session.add(KeptForm(user_id=user.id, path=request.full_path.rstrip("?"), fields=fields))
        db.session.flush()
        older = select(KeptForm.id).where(KeptForm.user_id == user.id)
        older = older.order_by(KeptForm.created_at.desc()).offset(MOST_KEPT)
        db.session.execute(delete(KeptForm).where(KeptForm.id.in_(list(db.session.scalars(older)))))


def find_kept(actor: Actor) -> KeptForm | None:
    """The newest form that is kept for somebody."""
    kept = select(KeptForm).where(KeptForm.user_id == actor.user_id, KeptForm.created_at > utc_now() - KEPT)
    return db.session.scalars(kept.order_by(KeptForm.created_at.desc()).limit(1)).first()


def forget_kept(actor: Actor, id_: str) -> None:
    """Throw away what is kept: it was sent again, or is not wanted any more."""
    try:
        which = uuid.UUID(id_)
    except ValueError:
        return
    delete_rows(delete(KeptForm).where(KeptForm.id == which, KeptForm.user_id == actor.user_id))


def forget_old_forms() -> int:
    """Delete what has been kept for long enough; returns how many there were."""
    return delete_in_chunks(KeptForm, KeptForm.created_at <= utc_now() - KEPT)


def _remembered_user() -> uuid.UUID | None:
    try:
        told: Any = _signer().loads(request.cookies.get(_cookie(), ""), int(_REMEMBERED.total_seconds()))
        return uuid.UUID(told)
    except (BadData, ValueError):
        return None


def _signer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(current_app.config["SECRET_KEY"], salt="koppel-desk")


def _cookie() -> str:
    return f"{current_app.config['SESSION_COOKIE_NAME']}-desk"
