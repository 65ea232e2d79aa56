"""Who acts, and what they may see: the actor as a plain value, and the one way to rows of a town."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import Select, false, select

from webapp.exceptions import NotAllowed, NotFound
from webapp.storage.database import Model, db

COORDINATOR = "coordinator"
ADMIN = "admin"
ROLES = (COORDINATOR, ADMIN)

R = TypeVar("R", bound=Model)


@dataclass(frozen=True)
class Actor:
    """Who acts. Services take it as their first argument.

    Parameters
    ----------
    user_id : UUID or None
        A user, an API token or a link; None: Koppel itself.
    label : str
        What the history shows.
    role : str
        ``coordinator``, ``admin``, ``link`` (a signed link), ``public`` (an intake form) or ``system``.
    town_id : UUID or None
        The town whose rows the actor sees and changes; None sees none.
    """

    user_id: uuid.UUID | None
    label: str
    role: str
    town_id: uuid.UUID | None

    @property
    def is_admin(self) -> bool:
        """Whether users, tokens and towns may be managed."""
        return self.role == ADMIN


def system_actor(town_id: uuid.UUID | None, label: str = "Koppel") -> Actor:
    """The actor of the command line and the worker."""
    return Actor(None, label, "system", town_id)


def public_actor(town_id: uuid.UUID, label: str) -> Actor:
    """The actor of a page that needs no log-in, such as the intake form."""
    return Actor(None, label, "public", town_id)


def require_admin(actor: Actor) -> None:
    """Let only administrators pass.

    Raises
    ------
    NotAllowed
    """
    if not actor.is_admin:
        raise NotAllowed


def scoped(model: type[R], actor: Actor) -> Select[R]:
    """A select over the rows of the actor's town, and no others."""
    town_id: Any = getattr(model, "town_id")  # noqa: B009 -- not every record has a town, those given here do
    if actor.town_id is None:
        return select(model).where(false())
    return select(model).where(town_id == actor.town_id)


def get_scoped(model: type[R], actor: Actor, id_: uuid.UUID, rows: Select[R] | None = None) -> R:
    """The row with this id in the actor's town; of `rows`, where more is to be read with it.

    Raises
    ------
    NotFound
        The same for an unknown id and for one of another town.
    """
    found = scoped(model, actor) if rows is None else rows
    row = db.session.scalar(found.where(model.id == id_))
    if row is None:
        raise NotFound
    return row
