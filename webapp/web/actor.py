"""Who is asking, for views; services take the actor as an argument."""

from __future__ import annotations

from flask import g

from webapp.exceptions import LoginRequired
from webapp.storage.access import Actor


def current_actor() -> Actor:
    """Who is asking, by session or by token.

    Raises
    ------
    LoginRequired
        When nobody is.
    """
    actor: Actor | None = g.get("actor")
    if actor is None:
        raise LoginRequired
    return actor
