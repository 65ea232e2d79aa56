"""`koppel policy`: what a town matches by, shown and set."""

from __future__ import annotations

from pathlib import Path

import click

from webapp.commands.application import TEXT, in_application
from webapp.engine import policies, terminal
from webapp.storage.access import system_actor
from webapp.storage.database import write_transaction
from webapp.towns.services import get_town, set_policy


@click.command()
@click.option("--town", "town_slug", type=TEXT, required=True, help="The town, such as muenster.")
@click.option(
    "--set",
    "path",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A TOML file: match by it from the next run on. What it does not name keeps its default.",
)
@in_application
def policy(town_slug: str, path: Path | None) -> None:
    """What a town matches by, as TOML with every value; or set it.

    A policy that cannot be read is refused with every value that is wrong, and changes nothing.
    """
    town = get_town(town_slug)
    with terminal.clear_errors():
        if path is None:
            click.echo(policies.read_policy(town.policy).to_toml(), nl=False)
        else:
            text = policies.policy_text(path)
            with write_transaction():
                version = set_policy(system_actor(town.id, "koppel policy"), town, text)
            click.echo(f"{town.name} matches by policy {version} from the next run on.", err=True)
