"""`koppel load`: newcomers and offers of files, added to a town of the database."""

from __future__ import annotations

from pathlib import Path

import click

from webapp.commands.application import TEXT, in_application
from webapp.engine import terminal
from webapp.engine.files import read_town_files
from webapp.exchange.services import add_people
from webapp.storage.access import system_actor
from webapp.storage.database import write_transaction
from webapp.towns.services import get_town, seed_towns


@click.command()
@click.argument("sources", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option(
    "--town", "town_slug", type=TEXT, required=True, help="The town they belong to, such as muenster."
)
@in_application
def load(sources: tuple[Path, ...], town_slug: str) -> None:
    """Add newcomers, offers or both to a town of the database.

    SOURCES is a folder with newcomers.csv, offers.csv or both; or one or two files (CSV, JSON, Parquet),
    whose columns tell whether they hold newcomers or offers.

    Adds everybody or, when a row cannot be read or an id is there already, nobody.
    """
    with terminal.clear_errors():
        files = read_town_files(sources)
    with write_transaction():
        seed_towns()
        town = get_town(town_slug)
        name = town.name
        add_people(system_actor(town.id, "koppel load"), town, files)
    click.echo(f"{len(files.newcomers):,} newcomers and {len(files.offers):,} offers added to {name}.")
