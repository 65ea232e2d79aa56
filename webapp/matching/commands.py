"""`koppel rematch`, a matching run of whole towns; `koppel policy`, what they match by; `koppel learn`."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from webapp import engine
from webapp.access import system_actor
from webapp.commands import in_application
from webapp.database import write_transaction
from webapp.matching import runs
from webapp.matching.questions import learn_weights
from webapp.matching.services import today_of
from webapp.towns.services import get_town, query_towns, set_policy


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


@click.command()
@click.option("--town", "town_slug", required=True, help="The town, such as muenster.")
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
    with engine.clear_errors():
        if path is None:
            click.echo(engine.read_policy(town.policy).to_toml(), nl=False)
        else:
            with write_transaction():
                text = path.read_text("utf-8-sig")
                version = set_policy(system_actor(town.id, "koppel policy"), town, text)
            click.echo(f"{town.name} matches by policy {version} from the next run on.", err=True)


@click.command()
@click.option("--town", "town_slug", required=True, help="The town, such as muenster.")
@click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), help="TOML file for a policy that is suggested."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of a table.")
@in_application
def learn(town_slug: str, out: Path | None, as_json: bool) -> None:
    """What accepted and rejected proposals say about the weights of a town's policy.

    Reads what the criteria said of each pair and the answer, nothing else. Changes nothing: a policy that is
    suggested is written to --out, and used after `koppel policy --set`.
    """
    town = get_town(town_slug)
    with engine.clear_errors():
        lesson = learn_weights(system_actor(town.id, "koppel learn"), engine.read_policy(town.policy))
    if out and lesson.is_better:
        out.write_text(lesson.policy.to_toml(), "utf-8")
    if as_json:
        click.echo(json.dumps(_lesson_as_data(lesson)))
    else:
        _print_lesson(lesson)
    if out and lesson.is_better:
        click.echo(f"Written to {out}. To use it: koppel policy --town {town.slug} --set {out}", err=True)
    elif out:
        click.echo(f"Nothing is suggested: {out} is not written.", err=True)


def _lesson_as_data(lesson: engine.Lesson) -> dict[str, Any]:
    calibration = lesson.calibration
    return {
        "verdict": lesson.verdict,
        "reason": lesson.reason,
        "decisions": lesson.n_decisions,
        "accepted": lesson.n_accepted,
        "weights": [
            {
                "criterion": weight.name,
                "before": weight.weight_before,
                "after": weight.weight_after,
                "coefficient": list(weight.coefficient),
                "varies": weight.varies,
            }
            for weight in lesson.weights
        ],
        "auc_before": lesson.auc_before and list(lesson.auc_before),
        "auc_after": lesson.auc_after and list(lesson.auc_after),
        "auc_gain": lesson.auc_gain and list(lesson.auc_gain),
        "calibration": calibration
        and {
            "slope": calibration.slope,
            "intercept": calibration.intercept,
            "brier": calibration.brier,
            "brier_of_share": calibration.brier_of_share,
            "bins": [[one.n, one.foreseen, *one.accepted] for one in calibration.bins],
        },
        "diff": [list(change) for change in lesson.diff],
    }


def _print_lesson(lesson: engine.Lesson) -> None:
    click.echo(f"{lesson.n_decisions} decisions, {lesson.n_accepted} of them accepted.")
    click.echo(f"{lesson.reason[:1].upper()}{lesson.reason[1:]}.")
    if not lesson.can_tell:
        return
    table = Table("Criterion", "Weight now", "As learnt", "Log odds of acceptance, 95 %")
    for weight in lesson.weights:
        odds = "does not vary" if not weight.varies else _estimate(weight.coefficient)
        table.add_row(
            engine.CRITERION_TEXTS[weight.name], f"{weight.weight_before:g}", f"{weight.weight_after:g}", odds
        )
    Console(file=sys.stdout).print(table)
    for text, auc in (
        ("An accepted pair scores above a rejected one (AUC), now", lesson.auc_before),
        ("with the weights as learnt", lesson.auc_after),
        ("difference", lesson.auc_gain),
    ):
        if auc is not None:
            click.echo(f"{text}: {_estimate(auc)}")
    if lesson.calibration is not None:
        click.echo(
            f"Foreseen chances: slope {lesson.calibration.slope:.2f} (1 is right), "
            f"intercept {lesson.calibration.intercept:.2f} (0 is right), "
            f"Brier score {lesson.calibration.brier:.3f} (share accepted alone: "
            f"{lesson.calibration.brier_of_share:.3f})"
        )


def _estimate(estimate: Sequence[float]) -> str:
    value, low, high = estimate
    return f"{value:.2f} ({low:.2f} to {high:.2f})"
