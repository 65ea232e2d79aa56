"""Finds towns and makes those of the seed tables; their day, their policies."""

from __future__ import annotations

import re
import unicodedata
import uuid
from datetime import date, datetime
from zoneinfo import ZoneInfo

from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from webapp.audit.services import name_actions, name_details, write_entry
from webapp.engine.files import read_seed_table
from webapp.engine.policies import Policy, read_policy
from webapp.exceptions import NotFound
from webapp.storage.access import Actor
from webapp.storage.database import db
from webapp.towns.models import Town

HOME_TIMEZONE = "Europe/Berlin"
"""Where no town says otherwise."""

name_actions({"town.policy_set": _l("Policy set")})
name_details({"policy": _l("Policy")})


def seed_towns() -> list[Town]:
    """Every town of the seed table, made where it is not there yet."""
    return [get_or_make_town(row) for row in read_seed_table("towns.csv")]


def get_or_make_town(row: dict[str, str]) -> Town:
    """The town of one row of the seed table."""
    slug = slugify(row["town"])
    town = db.session.scalar(select(Town).where(Town.slug == slug))
    if town is None:
        town = Town(
            slug=slug,
            name=row["name"],
            country=row["country"],
            language=row["language"],
            timezone=row["timezone"],
            lat=float(row["lat"]) if row.get("lat") else None,
            lon=float(row["lon"]) if row.get("lon") else None,
        )
        db.session.add(town)
        db.session.flush()
    return town


def query_towns() -> list[Town]:
    """All towns, by name."""
    return list(db.session.scalars(select(Town).order_by(Town.name, Town.id)))


def get_town(slug: str) -> Town:
    """The town with this short name.

    Raises
    ------
    NotFound
    """
    town = db.session.scalar(select(Town).where(Town.slug == slugify(slug)))
    if town is None:
        raise NotFound.among("town", slug, db.session.scalars(select(Town.slug)))
    return town


def get_town_by_id(town_id: uuid.UUID) -> Town:
    """The town with this id.

    Raises
    ------
    NotFound
    """
    town = db.session.get(Town, town_id)
    if town is None:
        raise NotFound
    return town


def today_in(town: Town) -> date:
    """Which day it is in a town."""
    return datetime.now(ZoneInfo(town.timezone)).date()


def today_of(actor: Actor) -> date:
    """Which day it is in the actor's town."""
    if actor.town_id is None:
        return datetime.now(ZoneInfo(HOME_TIMEZONE)).date()
    return today_in(get_town_by_id(actor.town_id))


def policy_of(actor: Actor) -> Policy:
    """What the actor's town matches by; the default for somebody without a town."""
    return read_policy(get_town_by_id(actor.town_id).policy if actor.town_id else "")


def set_policy(actor: Actor, town: Town, text: str) -> str:
    """Match by this policy from now on; returns its version.

    Raises
    ------
    InvalidPolicyError
        For a text that cannot be read as one; nothing is changed then.
    """
    version = read_policy(text).version
    town.policy = text
    write_entry(actor, "town.policy_set", town, policy=version)
    db.session.flush()
    return version


def slugify(name: str) -> str:
    """A town's name as it stands in addresses: ``Münster`` is ``muenster``."""
    german = name.strip().lower().translate({ord("ä"): "ae", ord("ö"): "oe", ord("ü"): "ue", ord("ß"): "ss"})
    plain = unicodedata.normalize("NFKD", german).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")
