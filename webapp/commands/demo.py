"""`koppel demo`: a fresh database with two made-up towns, one matching run, log-ins; then serves."""

from __future__ import annotations

import secrets
from pathlib import Path

import click
from flask import Flask
from sqlalchemy import MetaData, inspect

from webapp.accounts import services as accounts
from webapp.commands.application import create_or_fail, fail, upgrade_or_fail
from webapp.commands.rematch import rematch_town
from webapp.commands.serve import run_server, server_options
from webapp.config import LEAST_DEMO_PASSWORD
from webapp.engine import files, terminal
from webapp.exchange.services import add_people
from webapp.storage.access import system_actor
from webapp.storage.database import db, write_transaction
from webapp.towns.services import query_towns, seed_towns, today_in

_MARK = "this-is-a-demo"


@click.command()
@click.option("--no-serve", is_flag=True, help="Stop before serving.")
@server_options
def demo(no_serve: bool, host: str, port: int) -> None:
    """A fresh database from made-up people of two towns, one matching run, a summary; then serves.

    What a demo before it left is thrown away. Refuses a database that is not a demo.
    """
    app = create_or_fail()
    with app.app_context():
        _make_room(app)
        upgrade_or_fail(app)
        password = app.config["DEMO_PASSWORD"] or secrets.token_urlsafe(9)
        logins = _fill(password)
        for town_id, name in [(town.id, town.name) for town in query_towns()]:
            result = rematch_town(town_id, name, started_by="koppel demo")
            terminal.print_summary(result.plan, name)
    click.echo("Log in with one of these; nobody in the demo is real:")
    for login in logins:
        click.echo(f"  {login}   password {password}")
    if not no_serve:
        run_server(app, host, port)


def _make_room(app: Flask) -> None:
    """Throw the last demo away; end the process when the database is not one."""
    mark: Path = app.config["KOPPEL_HOME"] / _MARK
    tables = inspect(db.engine).get_table_names()
    if tables and not mark.exists():
        where = db.engine.url.render_as_string(hide_password=True)
        fail(
            f"The database {where} is there already and is not a demo, so it is left alone.",
            "Set KOPPEL_HOME to an empty folder for the demo, or KOPPEL_DATABASE_URL to an empty database.",
        )
    mark.touch()
    last = MetaData()
    last.reflect(db.engine)
    last.drop_all(db.engine)
    db.engine.dispose()


def _fill(password: str) -> list[str]:
    with write_transaction():
        seed_towns()
        towns = query_towns()
        for town in towns:
            today = today_in(town)
            seeded = files.read_town_folder(files.seed_folder(town.slug))
            add_people(system_actor(town.id, "koppel demo"), town, seeded, shift=files.days_since_seed(today))
        people = [
            ("admin@koppel.example", "admin", None),
            *((f"coordinator@{town.slug}.example", "coordinator", town.id) for town in towns),
        ]
        for email, role, town_id in people:
            accounts.create_user(
                system_actor(town_id),
                name=email.partition("@")[0].capitalize(),
                email=email,
                role=role,
                town_id=town_id,
                password=password,
                least_password=LEAST_DEMO_PASSWORD,
            )
    return [email for email, _role, _town in reversed(people)]
