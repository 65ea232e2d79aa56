"""Who looks after whom: the coordinator of each newcomer, handing over, standing in for somebody away."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, case, false, func, or_, select, update

from webapp.accounts.models import User
from webapp.audit.services import describe_days, describe_details, name_actions, name_details, write_entry
from webapp.exceptions import InvalidInput, NotFound
from webapp.newcomers.models import Newcomer
from webapp.newcomers.services import get_newcomer
from webapp.storage.access import Actor, scoped
from webapp.storage.database import db
from webapp.towns.services import today_of

MINE, NOBODYS = "mine", "nobody"

name_actions(
    {
        "newcomer.handed_over": _l("Handed over"),
        "newcomer.all_handed_over": _l("Everybody handed over"),
        "user.away_set": _l("Absence set"),
    }
)
name_details({"to": _l("To"), "from": _l("From"), "newcomers": _l("Newcomers"), "until": _l("Until")})


def _name_colleagues(actor: Actor, values: set[str]) -> dict[str, str]:
    """What the people of the actor's town are called who stand in entries."""
    users = scoped(User, actor).where(User.id.in_([uuid.UUID(value) for value in values]))
    return dict.fromkeys(values, _("erased")) | {str(one.id): one.name for one in db.session.scalars(users)}


describe_details({"to": _name_colleagues, "from": _name_colleagues, "until": describe_days})


@dataclass(frozen=True)
class Caseload:
    """How many newcomers somebody looks after who are not closed; without a user, those nobody has yet."""

    user: User | None
    to_check: int
    ready: int
    paused: int

    @property
    def n(self) -> int:
        """All of them."""
        return self.to_check + self.ready + self.paused


# Reading ---------------------------------------------------------------------------------------------


def query_coordinators(actor: Actor) -> Sequence[User]:
    """Everybody of the actor's town who can look after newcomers, by name."""
    return db.session.scalars(scoped(User, actor).where(User.active).order_by(User.name, User.id)).all()


def is_looked_after(actor: Actor, whose: str) -> ColumnElement[bool]:
    """The condition that a newcomer is looked after by somebody.

    Parameters
    ----------
    whose : str
        ``mine``: by the actor, or by somebody away for whom the actor stands in today; ``nobody``; or the id
        of a coordinator. What is none of these fits no newcomer.
    """
    if whose == NOBODYS:
        return Newcomer.coordinator_id.is_(None)
    if whose == MINE:
        away = select(User.id).where(User.deputy_id == actor.user_id, User.away_until >= today_of(actor))
        return or_(Newcomer.coordinator_id == actor.user_id, Newcomer.coordinator_id.in_(away))
    try:
        return Newcomer.coordinator_id == uuid.UUID(whose)
    except ValueError:
        return false()


def coordinator_options(actor: Actor, newcomer: Newcomer) -> list[tuple[str, str]]:
    """Who can look after a newcomer; whoever does now is among them, also with a closed account."""
    options = [("", _("nobody")), *((str(one.id), one.name) for one in query_coordinators(actor))]
    now = newcomer.coordinator_id
    if now is not None and str(now) not in dict(options):
        user = db.session.get(User, now)
        options.append((str(now), _("%(name)s (account closed)", name=user.name if user else "")))
    return options


def whose_options(actor: Actor, whose: str = "") -> list[tuple[str, str]]:
    """What lists of people can be narrowed to; what they are narrowed to now is among it."""
    first = [("", _("Everybody's")), (MINE, _("Mine")), (NOBODYS, _("Nobody's yet"))]
    others = [one for one in query_coordinators(actor) if one.id != actor.user_id]
    options = [*first, *((str(one.id), one.name) for one in others)]
    if whose and whose not in dict(options):
        try:
            user = db.session.scalar(scoped(User, actor).where(User.id == uuid.UUID(whose)))
        except ValueError:
            user = None
        if user is not None:
            options.append((whose, _("%(name)s (account closed)", name=user.name)))
    return options


def caseloads(actor: Actor) -> list[Caseload]:
    """How many newcomers each coordinator of the actor's town looks after; nobody's first.

    Somebody whose account is closed is listed as long as newcomers are left with them.
    """
    counts = {
        row[0]: row[1:]
        for row in db.session.execute(
            scoped(Newcomer, actor)
            .with_only_columns(
                Newcomer.coordinator_id,
                *(
                    func.sum(case((Newcomer.status == status, 1), else_=0))
                    for status in ("new", "ready", "paused")
                ),
            )
            .where(Newcomer.status != "closed")
            .group_by(Newcomer.coordinator_id)
        )
    }
    of_town = (User.town_id == actor.town_id) & User.active
    wanted = select(User).where(or_(of_town, User.id.in_([id_ for id_ in counts if id_])))
    users = db.session.scalars(wanted.order_by(User.name, User.id)).all()
    none = (0, 0, 0)
    return [Caseload(None, *counts.get(None, none)), *(Caseload(u, *counts.get(u.id, none)) for u in users)]


def names_of_deputies(actor: Actor) -> dict[uuid.UUID, str]:
    """What those are called who stand in for somebody of the actor's town; a closed account is said."""
    standing_in = scoped(User, actor).where(User.deputy_id.is_not(None)).with_only_columns(User.deputy_id)
    deputies = db.session.scalars(scoped(User, actor).where(User.id.in_(standing_in)))
    return {
        one.id: one.name if one.active else _("%(name)s (account closed)", name=one.name) for one in deputies
    }


def get_colleague(actor: Actor, user_id: uuid.UUID) -> User:
    """Somebody of the actor's town who can look after newcomers.

    Raises
    ------
    NotFound
        The same for nobody, for somebody of another town, and for a closed account.
    """
    user = db.session.scalar(scoped(User, actor).where(User.id == user_id, User.active))
    if user is None:
        raise NotFound
    return user


# Changing --------------------------------------------------------------------------------------------


def hand_over(actor: Actor, newcomer_id: uuid.UUID, user_id: uuid.UUID | None) -> Newcomer:
    """Say who looks after a newcomer from now on, or that nobody does; raises NotFound."""
    newcomer = get_newcomer(actor, newcomer_id)
    to = get_colleague(actor, user_id) if user_id is not None else None
    if newcomer.coordinator_id != user_id:
        # Without a new version: who looks after somebody is in no form that others may have open.
        db.session.execute(
            update(Newcomer)
            .where(Newcomer.id == newcomer.id)
            .values(coordinator_id=user_id)
            .execution_options(synchronize_session=False)
        )
        db.session.expire(newcomer, ["coordinator_id"])
        given = {"to": str(to.id)} if to is not None else {}
        write_entry(actor, "newcomer.handed_over", newcomer, newcomer=str(newcomer.id), **given)
    return newcomer


def hand_over_all(actor: Actor, from_id: uuid.UUID | None, to_id: uuid.UUID) -> int:
    """Hand everybody over whom somebody, or nobody, looks after; returns how many. Raises NotFound."""
    to = get_colleague(actor, to_id)
    if from_id == to_id:
        return 0
    whose = Newcomer.coordinator_id.is_(None) if from_id is None else Newcomer.coordinator_id == from_id
    result: Any = db.session.execute(
        update(Newcomer)
        .where(Newcomer.town_id == actor.town_id, whose, Newcomer.status != "closed")
        .values(coordinator_id=to.id)
        .execution_options(synchronize_session=False)
    )
    n: int = result.rowcount
    if n:
        given = {"from": str(from_id)} if from_id is not None else {}
        write_entry(actor, "newcomer.all_handed_over", to, to=str(to.id), newcomers=n, **given)
    return n


def set_absence(actor: Actor, *, until: date | None, deputy_id: uuid.UUID | None) -> User:
    """Say until when the actor is away and who stands in; without a day they are back.

    Raises
    ------
    InvalidInput
        For a day in the past, or without somebody else who stands in.
    NotFound
    """
    user = db.session.get(User, actor.user_id) if actor.user_id else None
    if user is None:
        raise NotFound
    if until is None and user.away_until is None:
        return user
    if until is None:
        user.away_until, user.deputy_id = None, None
    else:
        if until < today_of(actor):
            raise InvalidInput({"away_until": [_("Please give a day to come.")]})
        if deputy_id is None or deputy_id == user.id:
            raise InvalidInput({"deputy_id": [_("Please choose somebody else who stands in.")]})
        user.away_until, user.deputy_id = until, get_colleague(actor, deputy_id).id
    db.session.flush()
    write_entry(actor, "user.away_set", user, until=until.isoformat() if until else None)
    return user


def take_on(actor: Actor, newcomer: Newcomer) -> None:
    """Let whoever adds a newcomer by hand look after them, where that is a person of the town."""
    user = db.session.get(User, actor.user_id) if actor.user_id else None
    if user is not None and user.town_id == newcomer.town_id:
        newcomer.coordinator_id = user.id
