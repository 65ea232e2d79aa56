"""Writes the history and reads it. What an action is called is said by the room that records it."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask_babel import gettext as _
from sqlalchemy import Select, false, select

from webapp.audit.models import AuditEntry
from webapp.storage.access import Actor, scoped
from webapp.storage.database import Model, db

_action_names: dict[str, Any] = {}
_detail_names: dict[str, Any] = {}


def name_actions(names: Mapping[str, Any]) -> None:
    """Say how actions are called in the history; lazily translated texts."""
    _action_names.update(names)


def action_name(action: str) -> str:
    """What people read for an action."""
    return str(_action_names.get(action, action))


def name_details(names: Mapping[str, Any]) -> None:
    """Say how the details of entries are called in the history; lazily translated texts."""
    _detail_names.update(names)


def detail_name(detail: str) -> str:
    """What people read for a detail."""
    return str(_detail_names.get(detail, detail.replace("_", " ")))


Describer = Callable[[Actor, set[str]], Mapping[str, Any]]
_describers: dict[str, list[Describer]] = {}


def describe_details(describers: Mapping[str, Describer]) -> None:
    """Say what the values of a detail are called: given the values of a page, texts by value.

    Names of people are looked up when the history is read, never kept in it. Several rooms may speak of one
    detail, each of its own values.
    """
    for name, describer in describers.items():
        _describers.setdefault(name, []).append(describer)


def describe_codes(names: Mapping[str, Any]) -> Describer:
    """A describer for codes with fixed, lazily translated names."""
    return lambda _actor, values: {value: names[value] for value in values if value in names}


def names_by_id(model: Any) -> Describer:
    """A describer for ids of rows of the actor's town: their names; a row that is gone is called erased."""

    def describe(actor: Actor, values: set[str]) -> dict[str, Any]:
        ids = {uuid.UUID(value) for value in values}
        rows = db.session.scalars(scoped(model, actor).where(model.id.in_(ids)))
        return dict.fromkeys(values, _("erased")) | {str(row.id): row.name or row.external_id for row in rows}

    return describe


def texts_of_details(actor: Actor, entries: Iterable[AuditEntry]) -> dict[tuple[str, str], str]:
    """What people read for the details of some entries, by name and value; others are shown as they are."""
    values: dict[str, set[str]] = {}
    for entry in entries:
        for name, value in entry.details.items():
            if name in _describers and isinstance(value, str):
                values.setdefault(name, set()).add(value)
    return {
        (name, value): str(text)
        for name, found in values.items()
        for describe in _describers[name]
        for value, text in describe(actor, found).items()
    }


def write_entry(actor: Actor, action: str, object_: Model | None = None, **details: Any) -> AuditEntry:
    """Add an entry to the history, in the same transaction as what it tells of.

    Parameters
    ----------
    actor : Actor
    action : str
        ``room_object.verb_in_past``, such as ``proposal.confirmed``; named with `name_actions`.
    object_ : Model, optional
        The row it happened to.
    **details
        JSON values; no personal data beyond what the town may keep with its history.
    """
    town_id: uuid.UUID | None = getattr(object_, "town_id", None) or actor.town_id
    entry = AuditEntry(
        actor_id=actor.user_id,
        actor_label=actor.label,
        town_id=town_id,
        action=action,
        object_type=object_.__tablename__ if object_ is not None else "",
        object_id=object_.id if object_ is not None else None,
        details=details,
    )
    db.session.add(entry)
    return entry


def query_history(
    actor: Actor,
    *,
    who: str = "",
    action: str = "",
    since: date | None = None,
    until: date | None = None,
    timezone: str = "Europe/Berlin",
) -> Select[AuditEntry]:
    """The entries of the actor's town, newest first; days are those of the town's time zone."""
    entries = select(AuditEntry).order_by(AuditEntry.at.desc(), AuditEntry.id)
    entries = entries.where(AuditEntry.town_id == actor.town_id if actor.town_id else false())
    if who:
        entries = entries.where(AuditEntry.actor_label.icontains(who, autoescape=True))
    if action:
        entries = entries.where(AuditEntry.action == action)
    if since:
        entries = entries.where(AuditEntry.at >= midnight(since, timezone))
    if until:
        entries = entries.where(AuditEntry.at < midnight(until + timedelta(days=1), timezone))
    return entries


def query_actions(actor: Actor) -> list[str]:
    """The actions that occur in the history of the actor's town."""
    if actor.town_id is None:
        return []
    actions = select(AuditEntry.action).where(AuditEntry.town_id == actor.town_id).distinct()
    return sorted(db.session.scalars(actions), key=action_name)


def midnight(day: date, timezone: str) -> datetime:
    """The moment at which a day begins in a time zone."""
    return datetime.combine(day, time(), ZoneInfo(timezone))
