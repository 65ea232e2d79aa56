"""`koppel learn`: what decisions say about a town's weights."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from webapp.answers.services import learn_weights
from webapp.commands.application import TEXT, in_application
from webapp.engine import policies, terminal
from webapp.engine.questions import Lesson
from webapp.engine.texts import CRITERION_TEXTS
from webapp.storage.access import system_actor
from webapp.towns.services import get_town


@click.command()
@click.option("--town", "town_slug", type=TEXT, required=True, help="The town, such as muenster.")
@click.option(
    "--out",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    help="TOML file for a policy that is suggested.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of a table.")
@in_application
def learn(town_slug: str, out: Path | None, as_json: bool) -> None:
    """What accepted and rejected proposals say about the weights of a town's policy.

    Reads what the criteria said of each pair and the answer, nothing else. Changes nothing: a policy that is
    suggested is written to --out, and used after `koppel policy --set`.
    """
    terminal.check_outputs([out], [])
    town = get_town(town_slug)
    with terminal.clear_errors():
        lesson = learn_weights(system_actor(town.id, "koppel learn"), policies.read_policy(town.policy))
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


def _lesson_as_data(lesson: Lesson) -> dict[str, Any]:
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


def _print_lesson(lesson: Lesson) -> None:
    click.echo(f"{lesson.n_decisions} decisions, {lesson.n_accepted} of them accepted.")
    click.echo(f"{lesson.reason[:1].upper()}{lesson.reason[1:]}.")
    if not lesson.can_tell:
        return
    if lesson.diff:
        changes = ", ".join(f"{one.name} {one.before:g} -> {one.after:g}" for one in lesson.diff)
        click.echo(f"Would change: {changes}.")
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
    table = Table("Criterion", "Weight now", "As learnt", "Log odds of acceptance, 95 %")
    for weight in lesson.weights:
        odds = "does not vary" if not weight.varies else _estimate(weight.coefficient)
        table.add_row(
            CRITERION_TEXTS[weight.name], f"{weight.weight_before:g}", f"{weight.weight_after:g}", odds
        )
    Console(file=sys.stdout).print(table)


def _estimate(estimate: Sequence[float]) -> str:
    value, low, high = estimate
    return f"{value:.2f} ({low:.2f} to {high:.2f})"
