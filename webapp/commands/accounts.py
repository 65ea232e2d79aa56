"""`koppel user` and `koppel token`: accounts from the command line. The secret alone on standard output."""

from __future__ import annotations

import secrets

import click

from webapp.accounts import services, tokens
from webapp.accounts.schemas import MOST_PASSWORD
from webapp.commands.application import TEXT, StoredText, in_application
from webapp.storage.access import ROLES, system_actor
from webapp.storage.database import write_transaction
from webapp.towns.services import get_town, seed_towns

_PASSWORD = StoredText(MOST_PASSWORD)


@click.group()
def user() -> None:
    """People who log in."""


@user.command("create")
@click.option("--email", type=StoredText(254), required=True, help="The address to log in with.")
@click.option("--name", type=TEXT, default="", help="How the history calls this person; else the address.")
@click.option("--role", type=click.Choice(ROLES), default="coordinator", show_default=True)
@click.option(
    "--town", type=TEXT, default="", help="The town, such as muenster; an administrator may have none."
)
@click.option(
    "--password",
    type=StoredText(MOST_PASSWORD),
    default="",
    help="At least 12 characters; else one is made and printed.",
)
@in_application
def create_user(email: str, name: str, role: str, town: str, password: str) -> None:
    """Add somebody who logs in."""
    chosen = password or secrets.token_urlsafe(12)
    with write_transaction():
        seed_towns()
        town_id = get_town(town).id if town else None
        services.create_user(
            system_actor(town_id),
            name=name or email,
            email=email,
            role=role,
            town_id=town_id,
            password=chosen,
        )
    click.echo(f"{email} can log in.", err=True)
    if not password:
        click.echo(chosen)


@user.command("reset-password")
@click.option("--email", type=StoredText(254), required=True, help="The address to log in with.")
@click.option(
    "--password",
    type=StoredText(MOST_PASSWORD),
    default="",
    help="At least 12 characters; else one is made and printed.",
)
@in_application
def reset_password(email: str, password: str) -> None:
    """Give somebody who forgot their password a new one; all their sessions end."""
    chosen = password or secrets.token_urlsafe(12)
    with write_transaction():
        services.reset_password(system_actor(None), email=email, password=chosen)
    click.echo(f"{email} has a new password.", err=True)
    if not password:
        click.echo(chosen)


@click.group()
def token() -> None:
    """Tokens for programmes that use the API."""


@token.command("create")
@click.option("--role", type=click.Choice(ROLES), default="coordinator", show_default=True)
@click.option("--town", type=TEXT, required=True, help="The town, such as muenster.")
@click.option("--label", type=TEXT, default="command line", show_default=True, help="What the token is for.")
@in_application
def create_token(role: str, town: str, label: str) -> None:
    """Add an API token; its secret is printed this once."""
    with write_transaction():
        seed_towns()
        town_id = get_town(town).id
        _token, secret = tokens.create_token(system_actor(town_id), label=label, role=role, town_id=town_id)
    click.echo("Send it as 'Authorization: Bearer ...'. It is not shown again.", err=True)
    click.echo(secret)
