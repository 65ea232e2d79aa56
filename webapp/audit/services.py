"""Writes the history and reads it. What an action is called is said by the room that records it."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from flask_babel import format_date
from flask_babel import gettext as _
from sqlalchemy import Select, false, select

from webapp.audit.models import AuditEntry
from webapp.storage.access import Actor, scoped
from webapp.storage.database import Model, db, midnight

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


def describe_days(_actor: Actor, values: set[str]) -> Mapping[str, Any]:
    """A describer for days as people say them."""
    return {value: format_date(date.fromisoformat(value)) for value in values - {"", "None"}}


_tables: dict[str, type[Model]] = {}
_tables_of_details: dict[str, str] = {}
_pages: dict[str, tuple[str, str]] = {}


def name_rows(details: Mapping[str, type[Model]]) -> None:
    """Say of which rows details hold the id: people read the name, and that a row which is gone is erased."""
    for detail, model in details.items():
        _tables[model.__tablename__] = model
        _tables_of_details[detail] = model.__tablename__


def show_rows(pages: Mapping[type[Model], tuple[str, str]]) -> None:
    """Say on which page a row is shown: the endpoint, and what its address calls the id."""
    for model, page in pages.items():
        _tables[model.__tablename__] = model
        _pages[model.__tablename__] = page


_kinds_of_actors: dict[str, Any] = {}
RoleFinder = Callable[[set[uuid.UUID]], Mapping[uuid.UUID, Any]]
_role_finders: list[RoleFinder] = []


def name_actors(kinds: Mapping[str, Any]) -> None:
    """Say how actors are called that nobody logs in as, by how their labels begin; lazily translated texts.

    What follows a beginning that ends in a colon is the name of somebody or something.
    """
    _kinds_of_actors.update(kinds)


def name_roles(finder: RoleFinder) -> None:
    """Say how the roles of people are called: given the ids of actors, texts by id."""
    _role_finders.append(finder)


def actors_of_entries(entries: Sequence[AuditEntry]) -> dict[uuid.UUID, tuple[str, str]]:
    """Who acted, and as what, by the id of the entry; either may be empty."""
    ids = {entry.actor_id for entry in entries if entry.actor_id}
    roles: dict[uuid.UUID, Any] = {}
    for find in _role_finders:
        roles.update(find(ids))
    known = {entry.id: str(roles[entry.actor_id]) for entry in entries if entry.actor_id in roles}
    return {entry.id: _actor_text(entry.actor_label, known.get(entry.id, "")) for entry in entries}


def _actor_text(label: str, role: str) -> tuple[str, str]:
    for start, kind in _kinds_of_actors.items():
        if label.startswith(start):
            return label.removeprefix(start) if start.endswith(": ") else "", str(kind)
    return label, role


@dataclass(frozen=True)
class RowShown:
    """A row of the actor's town that an entry speaks of: its name, where it has one, and its page."""

    name: str
    endpoint: str
    address: Mapping[str, Any]


def rows_of_entries(actor: Actor, entries: Iterable[AuditEntry]) -> dict[str, RowShown]:
    """The rows that entries speak of, by id, as far as they are still there; one question a table."""
    ids: dict[str, set[uuid.UUID]] = {}
    for entry in entries:
        if entry.object_id is not None and entry.object_type in _pages:
            ids.setdefault(entry.object_type, set()).add(entry.object_id)
        for detail, value in entry.details.items():
            if detail in _tables_of_details and isinstance(value, str):
                ids.setdefault(_tables_of_details[detail], set()).add(uuid.UUID(value))
    return {
        str(row.id): _row_shown(table, row)
        for table, found in ids.items()
        for row in db.session.execute(_select_rows(_tables[table], actor, found))
    }


def _select_rows(model: Any, actor: Actor, ids: set[uuid.UUID]) -> Select[Any]:
    names = [model.name, model.external_id] if hasattr(model, "external_id") else []
    return scoped(model, actor).where(model.id.in_(ids)).with_only_columns(model.id, *names)


def _row_shown(table: str, row: Any) -> RowShown:
    endpoint, argument = _pages.get(table, ("", "id"))
    name = (row.name or row.external_id) if len(row) > 1 else ""
    return RowShown(name, endpoint, {argument: row.id})


def texts_of_details(
    actor: Actor, entries: Iterable[AuditEntry], rows: Mapping[str, RowShown]
) -> dict[tuple[str, str], str]:
    """What people read for the details of some entries, by name and value; others are shown as they are."""
    values: dict[str, set[str]] = {}
    for entry in entries:
        for name, value in entry.details.items():
            values.setdefault(name, set()).update(map(str, value if isinstance(value, list) else [value]))
    return {
        (name, value): rows[value].name if value in rows else _("erased")
        for name in values.keys() & _tables_of_details.keys()
        for value in values[name]
    } | {
        (name, value): str(text)
        for name in values.keys() & _describers.keys()
        for describe in _describers[name]
        for value, text in describe(actor, values[name]).items()
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
