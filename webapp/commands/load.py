"""`koppel load`: newcomers and offers of files, added to a town of the database."""

from __future__ import annotations

from pathlib import Path

import click

from webapp.commands.application import in_application
from webapp.engine import terminal
from webapp.engine.files import read_town_folder
from webapp.exchange.services import add_people
from webapp.storage.access import system_actor
from webapp.storage.database import write_transaction
from webapp.towns.services import get_town, seed_towns


@click.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--town", "town_slug", required=True, help="The town they belong to, such as muenster.")
@in_application
def load(folder: Path, town_slug: str) -> None:
    """Add newcomers.csv and offers.csv of FOLDER to a town of the database.

    Adds everybody or, when a row cannot be read or an id is there already, nobody.
    """
    with terminal.clear_errors():
        files = read_town_folder(folder)
    with write_transaction():
        seed_towns()
        town = get_town(town_slug)
        name = town.name
        add_people(system_actor(town.id, "koppel load"), town, files)
    click.echo(f"{len(files.newcomers):,} newcomers and {len(files.offers):,} offers added to {name}.")
