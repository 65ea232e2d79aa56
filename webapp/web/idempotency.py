"""Send a POST twice, get one answer: the Idempotency-Key, kept in the transaction it belongs to."""

from __future__ import annotations

import functools
import hashlib
import uuid
from collections.abc import Callable
from datetime import datetime
from typing import Any, NoReturn

from flask import Response, current_app, jsonify, make_response, request
from flask_babel import gettext as _
from sqlalchemy import String, Text, UniqueConstraint, delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, mapped_column

from webapp.exceptions import Conflict, InvalidInput
from webapp.storage.database import (
    Model,
    db,
    delete_in_chunks,
    delete_rows,
    guarded_update,
    utc_now,
    write_transaction,
)
from webapp.web.actor import current_actor
from webapp.web.errors import conflict_body

HEADER = "Idempotency-Key"
LONGEST_KEY = 200


class StoredResponse(Model):
    """The response that a key got."""

    __tablename__ = "idempotent_answer"
    __table_args__ = (UniqueConstraint("actor_id", "key"),)

    actor_id: Mapped[uuid.UUID]
    key: Mapped[str] = mapped_column(String(LONGEST_KEY))
    request_hash: Mapped[str] = mapped_column(String(64))
    status: Mapped[int] = mapped_column(default=0)
    body: Mapped[str] = mapped_column(Text, default="")
    created_at: Mapped[datetime] = mapped_column(default=utc_now)


class _AlreadyAnswered(Exception):  # noqa: N818 -- not an error, a way out of the transaction
    def __init__(self, response: Response) -> None:
        self.response = response


def idempotent(view: Callable[..., Any]) -> Callable[..., Any]:
    """Run a POST of the API in one write transaction, and give the same answer to the same key.

    Stands right under the route, above ``@bp.arguments``. The view calls its service and returns; it opens
    no transaction. Conflicts are kept as well: who retries learns what they learnt the first time.
    """

    @functools.wraps(view)
    def run(*args: Any, **kwargs: Any) -> Any:
        key = _key()
        try:
            with write_transaction():
                kept_as = _claim(key) if key else None
                response = make_response(view(*args, **kwargs))
                if kept_as is not None:
                    _keep(kept_as, response.status_code, response.get_data(as_text=True))
            return response
        except _AlreadyAnswered as found:
            return found.response
        except Conflict as conflict:
            if not key:
                raise
            return _keep_conflict(key, conflict)

    _describe(run)
    return run


def forget_responses(id_: uuid.UUID) -> None:
    """Delete the responses that speak of a row; for rows that are erased."""
    delete_rows(delete(StoredResponse).where(StoredResponse.body.contains(str(id_))))


def forget_old_responses() -> int:
    """Delete the responses whose keys are used no more; returns how many there were."""
    since = utc_now() - current_app.config["KEEP_ANSWERS"]
    return delete_in_chunks(StoredResponse, StoredResponse.created_at < since)


def _key() -> str:
    key = request.headers.get(HEADER, "")
    if len(key) > LONGEST_KEY or not key.isprintable():
        raise InvalidInput({HEADER: [_("At most %(most)s characters.", most=LONGEST_KEY)]})
    return key


def _claim(key: str) -> uuid.UUID:
    """Take the key for this request; whoever has it already is waited for, and their answer given."""
    values = {"id": uuid.uuid4(), "actor_id": _actor_id(), "key": key, "request_hash": _request_hash()}
    # One statement: a look, a savepoint and an insert would take longer than all else that is done here.
    insert = sqlite.insert if db.engine.dialect.name == "sqlite" else postgresql.insert
    claim = insert(StoredResponse).values(**values).on_conflict_do_nothing().returning(StoredResponse.id)
    kept_as: uuid.UUID | None = db.session.scalar(claim)
    return _replay(key) if kept_as is None else kept_as


def _keep(id_: uuid.UUID, status: int, body: str) -> None:
    guarded_update(StoredResponse, id_, status=status, body=body)


def _replay(key: str) -> NoReturn:
    stored = db.session.scalars(
        select(StoredResponse).where(StoredResponse.actor_id == _actor_id(), StoredResponse.key == key)
    ).one()
    if stored.request_hash != _request_hash():
        raise InvalidInput({HEADER: [_("This key was used for another request.")]})
    response = Response(stored.body, stored.status, mimetype="application/json")
    response.headers["Idempotent-Replayed"] = "true"
    raise _AlreadyAnswered(response)


def _keep_conflict(key: str, conflict: Conflict) -> Response:
    response = jsonify(conflict_body(conflict))
    response.status_code = 409
    try:
        with write_transaction():
            _keep(_claim(key), 409, response.get_data(as_text=True))
    except _AlreadyAnswered as found:
        return found.response
    return response


def _actor_id() -> uuid.UUID:
    return current_actor().user_id or uuid.UUID(int=0)


def _request_hash() -> str:
    parts = (request.method.encode(), request.full_path.encode(), request.get_data())
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def _describe(view: Any) -> None:
    """Name the header in the API's description."""
    header = {
        "in": "header",
        "name": HEADER,
        "schema": {"type": "string", "maxLength": LONGEST_KEY},
        "description": "The same key and body get the same answer; the same key with another body gets 422.",
    }
    described = dict(getattr(view, "_apidoc", {}))
    manual = dict(described.get("manual_doc", {}))
    manual["parameters"] = [*manual.get("parameters", []), header]
    view._apidoc = {**described, "manual_doc": manual}
