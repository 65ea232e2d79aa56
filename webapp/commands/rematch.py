"""`koppel rematch`: a matching run of whole towns, and what it changes."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import click
from rich.table import Table

from webapp.commands.application import TEXT, in_application
from webapp.engine import plans, terminal, texts
from webapp.engine.files import write_table
from webapp.engine.plans import STAGES
from webapp.engine.terminal import STAGE_TEXTS
from webapp.runs.executing import execute_run
from webapp.runs.services import start_run
from webapp.runs.solving import RunResult, solve
from webapp.storage.access import system_actor
from webapp.storage.database import write_transaction
from webapp.towns.services import get_town, query_towns, today_of

_ACTIONS = ("dropped", "changed", "added")
_CHANGE_COLUMNS = ("newcomer_id", "kind", "action", "before", "after", "reason")


@click.command()
@click.option("--town", "town_slug", type=TEXT, help="One town only, such as muenster. [default: all]")
@click.option("--today", type=terminal.a_day, metavar="DATE", help="Day to count from. [default: the town's]")
@click.option("--dry-run", is_flag=True, help="Show what would change, and change nothing.")
@click.option(
    "--changes",
    "changes_path",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    help="CSV file for all changes; a terminal shows the first ones.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of tables.")
@in_application
def rematch(
    town_slug: str | None, today: date | None, dry_run: bool, changes_path: Path | None, as_json: bool
) -> None:
    """A new matching run on the database, and a diff with the last one.

    Confirmed placements are never touched.
    """
    terminal.check_outputs([changes_path], [])
    towns = [get_town(town_slug)] if town_slug else query_towns()
    results = []
    for town in towns:
        name, slug, id_ = town.name, town.slug, town.id
        result = rematch_town(id_, name, today=today, dry_run=dry_run)
        results.append(_as_data(slug, result))
        if not as_json:
            terminal.print_summary(result.plan, name)
            _print_changes(result)
    if changes_path:
        _write_changes(changes_path, results)
    if as_json:
        click.echo(json.dumps({"dry_run": dry_run, "towns": results}))


def rematch_town(
    town_id: Any,
    name: str,
    *,
    today: date | None = None,
    dry_run: bool = False,
    started_by: str = "koppel rematch",
) -> RunResult:
    """Run a town's matching with a progress bar on standard error."""
    actor = system_actor(town_id, started_by)
    with terminal.clear_errors(), terminal.progress_bar() as progress:
        bar = progress.add_task(name, total=len(STAGES) + 1)

        def advance(stage: str) -> None:
            text = STAGE_TEXTS.get(stage, "Storing")
            progress.update(bar, description=f"{name}: {text}", advance=1)

        if dry_run:
            return solve(actor, today or today_of(actor), advance)
        with write_transaction():
            run_id = start_run(actor, today=today).id
        return execute_run(run_id, advance)


def _as_data(slug: str, result: RunResult) -> dict[str, Any]:
    changes = [{name: getattr(change, name) for name in _CHANGE_COLUMNS} for change in result.changes]
    return {"town": slug, **plans.summary(result.plan), "changes": changes}


def _write_changes(path: Path, towns: Sequence[Mapping[str, Any]]) -> None:
    rows = [
        [town["town"], *("" if change[name] is None else change[name] for name in _CHANGE_COLUMNS)]
        for town in towns
        for change in town["changes"]
    ]
    with terminal.clear_errors():
        write_table(path, ["town", *_CHANGE_COLUMNS], rows)
    click.echo(f"{len(rows):,} changes written to {path}", err=True)


def _print_changes(result: RunResult) -> None:
    """How many proposals changed and how; then which, those that somebody loses first."""
    if not result.changes:
        click.echo("Nothing changed since the last run.")
        return
    counts = Counter(change.action for change in result.changes)
    said = ", ".join(f"{counts[action]:,} {action}" for action in _ACTIONS if counts[action])
    click.echo(f"Changes since the last run: {said}.")
    rows = [
        (
            change.action,
            result.names.get(change.newcomer_id, change.newcomer_id),
            result.names.get(change.before or "", "") or "-",
            result.names.get(change.after or "", "") or "-",
            texts.why(change.reason),
        )
        for change in sorted(result.changes, key=lambda change: _ACTIONS.index(change.action))
    ]
    table = Table("", "Newcomer", "Before", "Now", "Why", title=f"{len(result.changes)} changes")
    terminal.print_rows(table, rows, "koppel rematch --changes FILE writes all of them")
