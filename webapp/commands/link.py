"""`koppel link`: addresses with which an offer tells its places. The secret alone on standard output."""

from __future__ import annotations

import click

from webapp.commands.application import TEXT, in_application
from webapp.offers import services
from webapp.storage.access import system_actor
from webapp.storage.database import write_transaction


@click.group()
def link() -> None:
    """Links with which an offer tells its free places."""


@link.command("create")
@click.option("--offer", type=TEXT, required=True, help="The offer's id, or its id in the file it came from.")
@in_application
def create_link(offer: str) -> None:
    """Make a link; an earlier one of this offer stops working.

    Whoever opens /capacity/SECRET can change the number of places, and nothing else.
    """
    with write_transaction():
        found = services.find_offer(offer)
        token, expires_at = services.create_capacity_link(system_actor(found.town_id), found.id)
        name = found.name
    click.echo(f"The page of {name} is /capacity/ and this secret, until {expires_at:%Y-%m-%d}:", err=True)
    click.echo(token)
