"""`koppel rematch`: a matching run of whole towns from the command line."""

from __future__ import annotations

import json
import sys
from datetime import date
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from webapp import engine
from webapp.access import system_actor
from webapp.commands import in_application
from webapp.database import write_transaction
from webapp.matching import runs
from webapp.matching.services import today_of
from webapp.towns.services import get_town, query_towns


@click.command()
@click.option("--town", "town_slug", help="One town only, such as muenster. [default: all]")
@click.option("--today", type=engine.a_day, metavar="DATE", help="Day to count from. [default: the town's]")
@click.option("--dry-run", is_flag=True, help="Show what would change, and change nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of tables.")
@in_application
def rematch(town_slug: str | None, today: date | None, dry_run: bool, as_json: bool) -> None:
    """A new matching run on the database, and a diff with the last one.

    Confirmed placements are never touched.
    """
    towns = [get_town(town_slug)] if town_slug else query_towns()
    results = []
    for town in towns:
        name, slug, id_ = town.name, town.slug, town.id
        outcome = rematch_town(id_, name, today=today, dry_run=dry_run)
        results.append(_as_data(slug, outcome))
        if not as_json:
            engine.print_summary(outcome.plan, name)
            _print_changes(outcome)
    if as_json:
        click.echo(json.dumps({"dry_run": dry_run, "towns": results}))


def rematch_town(
    town_id: Any,
    name: str,
    *,
    today: date | None = None,
    dry_run: bool = False,
    started_by: str = "koppel rematch",
) -> runs.Outcome:
    """Run a town's matching with a progress bar on standard error."""
    actor = system_actor(town_id, started_by)
    with engine.clear_errors(), engine.progress_bar() as progress:
        bar = progress.add_task(name, total=len(engine.STAGES) + 1)

        def advance(stage: str) -> None:
            text = engine.STAGE_TEXTS.get(stage, "Storing")
            progress.update(bar, description=f"{name}: {text}", advance=1)

        if dry_run:
            return runs.solve(actor, today or today_of(actor), advance)
        with write_transaction():
            run_id = runs.start_run(actor, today=today).id
        return runs.execute_run(run_id, advance)


def _as_data(slug: str, outcome: runs.Outcome) -> dict[str, Any]:
    changes = [
        {
            "newcomer_id": change.newcomer_id,
            "kind": change.kind,
            "action": change.action,
            "before": change.before,
            "after": change.after,
            "reason": change.reason,
        }
        for change in outcome.changes
    ]
    return {"town": slug, **engine.summary(outcome.plan), "changes": changes}


def _print_changes(outcome: runs.Outcome) -> None:
    if not outcome.changes:
        click.echo("Nothing changed since the last run.")
        return
    table = Table("", "Newcomer", "Before", "Now", "Why", title=f"{len(outcome.changes)} changes")
    for change in outcome.changes:
        table.add_row(
            change.action,
            outcome.names.get(change.newcomer_id, change.newcomer_id),
            outcome.names.get(change.before or "", "") or "-",
            outcome.names.get(change.after or "", "") or "-",
            engine.why(change.reason),
        )
    Console(file=sys.stdout).print(table)
