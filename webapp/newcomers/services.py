"""Everything that happens to a newcomer but being matched: taking in, checking, changing, erasing."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from blinker import Namespace
from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, Select, case, func, or_, select

from webapp.audit.services import (
    describe_codes,
    describe_details,
    name_actions,
    name_actors,
    name_details,
    name_rows,
    show_rows,
    write_entry,
)
from webapp.engine.records import to_uuid
from webapp.exceptions import Conflict, InvalidInput, NotFound
from webapp.newcomers.labels import STATUS_NAMES
from webapp.newcomers.models import STATUSES, Newcomer
from webapp.profiles.labels import NEED_LEVEL_NAMES
from webapp.profiles.services import changed_columns, place_columns, short_id
from webapp.storage.access import Actor, get_scoped, public_actor, scoped
from webapp.storage.database import db, midnight, utc_now
from webapp.towns.models import Town
from webapp.towns.services import get_town_by_id, today_in
from webapp.web.idempotency import forget_responses

# Sent with the newcomer and `actor`, before the row is deleted and in the same transaction: whoever holds
# something that hangs on them, such as a taken place, gives it back now.
newcomer_erasing = Namespace().signal("newcomer-erasing")
# Sent with the newcomer and `actor`, after the change and in the same transaction: what was proposed for them
# may not hold any more.
newcomer_changed = Namespace().signal("newcomer-changed")

name_actions(
    {
        "newcomer.submitted": _l("Newcomer filled in the form"),
        "newcomer.created": _l("Newcomer added"),
        "newcomer.updated": _l("Newcomer changed"),
        "newcomer.checked": _l("Newcomer checked and ready"),
        "newcomer.paused": _l("Newcomer paused"),
        "newcomer.resumed": _l("Newcomer ready again"),
        "newcomer.closed": _l("Newcomer closed"),
        "newcomer.need_set": _l("Need judged"),
        "newcomer.erased": _l("Newcomer erased"),
    }
)
name_details(
    {
        "newcomer": _l("Newcomer"),
        "need_level": _l("Need"),
        "fields": _l("Fields"),
        "before": _l("Before"),
        "number": _l("Number"),
    }
)
name_rows({"newcomer": Newcomer})
show_rows({Newcomer: ("newcomers.detail", "newcomer_id")})
name_actors({"/intake/": _l("Form for newcomers")})
describe_details(
    {
        "before": describe_codes(STATUS_NAMES),
        "need_level": describe_codes({str(level): name for level, name in NEED_LEVEL_NAMES.items()}),
    }
)
_ACTION_OF_STATUS = {"ready": "newcomer.resumed", "paused": "newcomer.paused", "closed": "newcomer.closed"}


def query_newcomers(
    actor: Actor,
    *,
    search: str = "",
    status: str = "",
    need: int | None = None,
    kind: str = "",
    since: date | None = None,
    looked_after: ColumnElement[bool] | None = None,
) -> Select[Newcomer]:
    """The newcomers of the actor's town: those to check first, then by need and waiting time.

    Parameters
    ----------
    search : str
        Part of a name or of the external id.
    need : int or None
        This level of need or a higher one.
    kind : str
        Only those who want something of this kind.
    since : date or None
        Only those who came into the list on this day or later.
    looked_after : condition, optional
        Whose they are: `newcomers.caseload.is_looked_after`.
    """
    found = scoped(Newcomer, actor)
    if search:
        name_or_id = (Newcomer.name, Newcomer.external_id)
        found = found.where(or_(*(column.icontains(search, autoescape=True) for column in name_or_id)))
    if status:
        found = found.where(Newcomer.status == status)
    if need is not None:
        found = found.where(Newcomer.need_level >= need)
    if kind:
        found = found.where(getattr(Newcomer, f"wants_{kind}") > 0)
    if since is not None:
        found = found.where(Newcomer.created_at >= midnight(since, _town_of(actor).timezone))
    if looked_after is not None:
        found = found.where(looked_after)
    position = case({name: number for number, name in enumerate(STATUSES)}, value=Newcomer.status)
    return found.order_by(
        position,
        func.coalesce(Newcomer.need_level, 0).desc(),
        Newcomer.waiting_since.is_(None),
        Newcomer.waiting_since,
        Newcomer.name,
        Newcomer.id,
    )


def count_by_status(actor: Actor) -> dict[str, int]:
    """How many newcomers of the town there are of each status."""
    newcomers = scoped(Newcomer, actor).subquery()
    counts = select(newcomers.c.status, func.count()).group_by(newcomers.c.status)
    return dict.fromkeys(STATUSES, 0) | {row[0]: row[1] for row in db.session.execute(counts)}


def get_newcomer(actor: Actor, newcomer_id: uuid.UUID) -> Newcomer:
    """One newcomer of the actor's town.

    Raises
    ------
    NotFound
    """
    return get_scoped(Newcomer, actor, newcomer_id)


def newcomers_by_id(actor: Actor, ids: Iterable[str]) -> Mapping[str, Newcomer]:
    """Some newcomers of the actor's town, by the id the engine knows them by."""
    wanted = {to_uuid(id_) for id_ in ids}
    newcomers = db.session.scalars(scoped(Newcomer, actor).where(Newcomer.id.in_(wanted)))
    return {str(newcomer.id): newcomer for newcomer in newcomers}


def find_duplicates(actor: Actor, newcomer: Newcomer) -> list[Newcomer]:
    """Who may be the same person: same e-mail address, telephone number, or name and year of birth."""
    same = []
    if newcomer.email:
        same.append(func.lower(Newcomer.email) == func.lower(newcomer.email))
    if _bare_number(newcomer.phone):
        same.append(_bare_column(Newcomer.phone) == _bare_number(newcomer.phone))
    if newcomer.name and newcomer.birth_year:
        same_name = func.lower(Newcomer.name) == func.lower(newcomer.name)
        same.append(same_name & (Newcomer.birth_year == newcomer.birth_year))
    if not same:
        return []
    others = scoped(Newcomer, actor).where(Newcomer.id != newcomer.id, or_(*same))
    return list(db.session.scalars(others.order_by(Newcomer.name, Newcomer.id).limit(5)))


_PUNCTUATION = " -/()."


def _bare_number(phone: str) -> str:
    return phone.translate({ord(sign): None for sign in _PUNCTUATION})


def _bare_column(column: Any) -> Any:
    for sign in _PUNCTUATION:
        column = func.replace(column, sign, "")
    return column


def create_newcomer(actor: Actor, **values: Any) -> Newcomer:
    """Add a newcomer by hand; ready at once, waiting since today unless said otherwise.

    Raises
    ------
    NotFound
        When the actor has no town.
    """
    town = _town_of(actor)
    newcomer = _add(town, {"status": "ready", "source": "hand", **values})
    write_entry(actor, "newcomer.created", newcomer, newcomer=str(newcomer.id))
    return newcomer


def submit_intake(town: Town, values: dict[str, Any]) -> Newcomer:
    """Take in what a newcomer filled in; a coordinator checks it before anything is proposed.

    Raises
    ------
    InvalidInput
        When they did not agree to take part.
    """
    if not values.get("consent"):
        raise InvalidInput({"consent": [_l("We need your agreement before we can look for anybody.")]})
    newcomer = _add(town, {**values, "status": "new", "source": "intake"})
    actor = public_actor(town.id, f"/intake/{town.slug}")
    write_entry(actor, "newcomer.submitted", newcomer, newcomer=str(newcomer.id))
    return newcomer


def _add(town: Town, values: dict[str, Any]) -> Newcomer:
    given = {name: value for name, value in values.items() if value is not None}
    given.setdefault("external_id", short_id(Newcomer, town.id, "N"))
    given.setdefault("waiting_since", today_in(town))
    if given.get("consent"):
        given.setdefault("consent_at", utc_now())
    newcomer = Newcomer(town_id=town.id, **{**given, **place_columns(given, town)})
    db.session.add(newcomer)
    db.session.flush()
    return newcomer


def update_newcomer(
    actor: Actor, newcomer_id: uuid.UUID, *, version: int | None = None, **values: Any
) -> Newcomer:
    """Change what is known of a newcomer. A changed address is looked up again.

    Raises
    ------
    Conflict
        ``changed``, when the row is no longer at `version`.
    NotFound
    """
    newcomer = get_newcomer(actor, newcomer_id)
    if version is not None and version != newcomer.version:
        raise Conflict(
            "changed",
            _l("Somebody else changed this newcomer while the form was open."),
            version=newcomer.version,
        )
    values |= place_columns(values, _town_of(actor), newcomer)
    if "consent" in values and values["consent"] != newcomer.consent:
        values["consent_at"] = utc_now() if values["consent"] else None
    changed = changed_columns(newcomer, values)
    for name in changed:
        setattr(newcomer, name, values[name])
    if changed:
        db.session.flush()
        write_entry(actor, "newcomer.updated", newcomer, newcomer=str(newcomer.id), fields=changed)
        newcomer_changed.send(newcomer, actor=actor)
    return newcomer


def set_status(actor: Actor, newcomer_id: uuid.UUID, status: str) -> Newcomer:
    """Say that a newcomer is checked and ready, pauses, or needs nothing any more.

    Raises
    ------
    InvalidInput
        When `status` is none of ready, paused, closed.
    NotFound
    """
    newcomer = get_newcomer(actor, newcomer_id)
    if status not in _ACTION_OF_STATUS:
        raise InvalidInput({"status": [_l("Please choose one of the list.")]})
    before = newcomer.status
    if before != status:
        newcomer.status = status
        db.session.flush()
        is_check = before == "new" and status == "ready"
        action = "newcomer.checked" if is_check else _ACTION_OF_STATUS[status]
        write_entry(actor, action, newcomer, newcomer=str(newcomer.id), before=before)
        newcomer_changed.send(newcomer, actor=actor)
    return newcomer


def set_need(
    actor: Actor, newcomer_id: uuid.UUID, *, need_level: int | None, need_reason: str = ""
) -> Newcomer:
    """Judge how urgent it is, with the reason; the history keeps the level, not the reason.

    Raises
    ------
    InvalidInput
        When a high need has no reason: others shall be able to follow it.
    NotFound
    """
    newcomer = get_newcomer(actor, newcomer_id)
    if need_level is not None and need_level >= 3 and not need_reason:
        raise InvalidInput({"need_reason": [_l("Please say why, so that others can follow it.")]})
    newcomer.need_level, newcomer.need_reason = need_level, need_reason
    db.session.flush()
    write_entry(actor, "newcomer.need_set", newcomer, newcomer=str(newcomer.id), need_level=need_level)
    return newcomer


def erase_newcomer(actor: Actor, newcomer_id: uuid.UUID) -> None:
    """Delete a newcomer and everything that hangs on them. The history keeps that it happened, and no name.

    Raises
    ------
    NotFound
    """
    newcomer = get_newcomer(actor, newcomer_id)
    newcomer_erasing.send(newcomer, actor=actor)
    forget_responses(newcomer.id)
    write_entry(actor, "newcomer.erased", newcomer, number=newcomer.external_id)
    db.session.flush()
    db.session.refresh(newcomer)
    db.session.delete(newcomer)
    db.session.flush()


def _town_of(actor: Actor) -> Town:
    if actor.town_id is None:
        raise NotFound
    return get_town_by_id(actor.town_id)
