"""Commands that need files only, no database: parse, call one function, print. No logic lives here."""

from __future__ import annotations

import gc
import json
import sys
import textwrap
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import click
import numpy as np
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from matcher.exceptions import (
    InvalidFileError,
    InvalidPolicyError,
    KoppelError,
    KoppelWarning,
    RowProblem,
)
from matcher.generate import generate_town
from matcher.pairs.policy import Policy
from matcher.planning.plan import make_plan
from matcher.planning.settled import SettledPairs, nearest, refuse_contradictions, settled_pairs
from matcher.planning.single import STAGES, Plan, summary
from matcher.planning.tables import write_proposals, write_unmatched
from matcher.planning.unmatched import REASONS
from matcher.questions.answers import Answer, about_pair, about_person, about_town, answer_lines
from matcher.questions.relaxations import at_hand
from matcher.questions.wording import change_in_words
from matcher.records.columns import columns_of
from matcher.records.files import (
    read_all,
    read_newcomers,
    read_offers,
    write_newcomers,
    write_offers,
)
from matcher.records.formats.sources import MOST_ROWS
from matcher.records.geography import load_towns
from matcher.records.people import Newcomer, Offer
from matcher.records.vocabulary import LANGUAGES

_READABLE = click.Path(exists=True, dir_okay=False, path_type=Path)
_WRITABLE = click.Path(dir_okay=False, writable=True, path_type=Path)
_MOST_PROBLEMS_SHOWN = 50
_MOST_ROWS_SHOWN = 20
EARLIEST_YEAR, LATEST_YEAR = 2000, 2100
_MOST_CHARACTERS_OF_A_NOTE = 1_000

STAGE_TEXTS = dict(
    zip(
        STAGES,
        ("Encoding people", "Finding and weighing candidates", "Assigning", "Collecting the plan"),
        strict=True,
    )
)


class BadInput(click.ClickException):
    """An error of the engine, shown as one or more plain lines on standard error; exits with 2."""

    exit_code = 2


def a_day(text: str) -> date:
    """A date in ISO form of this century, as an option's value."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise click.BadParameter(f"{text!r} is not a date such as 2026-03-31") from None
    if not EARLIEST_YEAR <= day.year <= LATEST_YEAR:
        raise click.BadParameter(f"{text!r} is not between the years {EARLIEST_YEAR} and {LATEST_YEAR}")
    return day


@contextmanager
def clear_errors() -> Iterator[None]:
    """Show the engine's errors and warnings as plain lines instead of a traceback; errors exit with 2."""
    with warnings.catch_warnings():
        warnings.simplefilter("always", KoppelWarning)
        warnings.showwarning = _show_warning
        try:
            yield
        except InvalidFileError as error:
            raise BadInput(_shortened([str(problem) for problem in error.problems])) from error
        except InvalidPolicyError as error:
            raise BadInput(_shortened([str(problem) for problem in error.problems])) from error
        except OSError as error:
            raise BadInput(
                ": ".join(str(part) for part in (error.filename, error.strerror) if part)
            ) from error
        except KoppelError as error:
            raise BadInput(str(error)) from error


def _show_warning(message: Warning | str, *_details: Any, **_more: Any) -> None:
    click.echo(
        f"Note: {textwrap.shorten(str(message), _MOST_CHARACTERS_OF_A_NOTE, placeholder=' ...')}", err=True
    )


def _shortened(lines: list[str]) -> str:
    shown = lines[:_MOST_PROBLEMS_SHOWN]
    more = len(lines) - len(shown)
    return "\n".join(shown + ([f"... and {more} more"] if more else []))


@contextmanager
def progress_bar() -> Iterator[Progress]:
    """A progress display on standard error; silent where that is not a terminal."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        yield progress


_in_language = click.option(
    "--language", type=click.Choice(LANGUAGES), default="en", show_default=True, help="Of the sentences."
)


def _of_two_files(command: Callable[..., None]) -> Callable[..., None]:
    """The arguments and options of every command that makes a plan for two files."""
    parts = (
        click.argument("newcomers", type=_READABLE),
        click.argument("offers", type=_READABLE),
        click.option(
            "--policy", "policy_path", type=_READABLE, help="TOML file with weights, limits and bonuses."
        ),
        click.option(
            "--fixed", type=_READABLE, help="CSV file of confirmed pairs: newcomer_id,offer_id,reason."
        ),
        click.option(
            "--banned",
            type=_READABLE,
            help="CSV file of pairs never to propose: newcomer_id,offer_id,reason.",
        ),
        click.option(
            "--today",
            type=a_day,
            metavar="DATE",
            help="Day that ages and dates are counted from. [default: today]",
        ),
    )
    for part in reversed(parts):
        command = part(command)
    return command


@click.command()
@_of_two_files
@click.option("--out", type=_WRITABLE, required=True, help="CSV file for the proposals.")
@click.option("--unmatched", type=_WRITABLE, help="CSV file for the wishes left open, with the reason.")
@click.option(
    "--relaxations",
    is_flag=True,
    help="Fill the column relaxation of --unmatched: the smallest change that brings a free place.",
)
@_in_language
@click.option("--skip-bad-rows", is_flag=True, help="Leave rows out that cannot be read, and say how many.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of a table.")
def match(
    newcomers: Path,
    offers: Path,
    out: Path,
    unmatched: Path | None,
    policy_path: Path | None,
    fixed: Path | None,
    banned: Path | None,
    today: date | None,
    relaxations: bool,
    language: str,
    skip_bad_rows: bool,
    as_json: bool,
) -> None:
    """Match the people of the file NEWCOMERS with the offers of the file OFFERS.

    Needs no database. Writes nothing when a row cannot be read, unless --skip-bad-rows is given.
    """
    with clear_errors(), no_collections():
        check_outputs([out, unmatched], [newcomers, offers, policy_path, fixed, banned])
        policy = Policy.from_file(policy_path) if policy_path else Policy()
        skipped: list[RowProblem] | None = [] if skip_bad_rows else None
        people, places = _read_both(newcomers, offers, skipped)
        settled = _read_settled(fixed, banned, people, places)
        with progress_bar() as progress:
            task = progress.add_task("Reading", total=len(STAGES))
            plan = make_plan(
                people,
                places,
                policy,
                today=today or date.today(),
                fixed=settled[0].by_id(),
                banned=settled[1].by_id(),
                progress=lambda stage: progress.update(task, description=STAGE_TEXTS[stage], advance=1),
            )
        write_proposals(out, plan)
        if unmatched:
            write_unmatched(unmatched, plan, _changes_in_words(plan, language) if relaxations else {})
    n_rows = len({(problem.path, problem.line) for problem in skipped or ()})
    if skipped:
        click.echo(f"Left out {n_rows} rows that cannot be read:", err=True)
        click.echo(_shortened([str(problem) for problem in skipped]), err=True)
    if as_json:
        n_pairs = sum(len(pairs.left_out) for pairs in settled)
        click.echo(json.dumps(summary(plan) | {"skipped_rows": n_rows, "skipped_pairs": n_pairs}))
    else:
        print_summary(plan)
        click.echo(f"Proposals written to {out}" + (f", open wishes to {unmatched}" if unmatched else ""))


@click.command()
@_of_two_files
@click.option("--newcomer", help="Id of a newcomer: what is proposed, what stays open, what it would take.")
@click.option("--offer", help="Id of an offer: why this one for that newcomer, or why not, at what price.")
@_in_language
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of sentences.")
def explain(
    newcomers: Path,
    offers: Path,
    newcomer: str | None,
    offer: str | None,
    policy_path: Path | None,
    fixed: Path | None,
    banned: Path | None,
    today: date | None,
    language: str,
    as_json: bool,
) -> None:
    """Answer questions about the plan for two files.

    With --newcomer and --offer: why, or why not, and who would have to move. With --newcomer alone: what it
    would take. With neither: what the town is short of, and who is served.
    """
    if offer and not newcomer:
        raise BadInput("--offer: expected --newcomer as well, to speak of the two.")
    with clear_errors(), no_collections():
        policy = Policy.from_file(policy_path) if policy_path else Policy()
        people, places = _read_both(newcomers, offers, None)
        _check_id("--newcomer", newcomer, newcomers, people)
        _check_id("--offer", offer, offers, places)
        settled = _read_settled(fixed, banned, people, places)
        plan = make_plan(
            people,
            places,
            policy,
            today=today or date.today(),
            fixed=settled[0].by_id(),
            banned=settled[1].by_id(),
        )
        if newcomer and offer:
            answer = about_pair(plan, newcomer, offer, language)
        elif newcomer:
            answer = about_person(plan, newcomer, language)
        else:
            answer = about_town(plan, language)
    click.echo(_in_a_sentence(plan), err=True)
    if as_json:
        click.echo(json.dumps(answer))
    else:
        print_answer(answer, language)


def _in_a_sentence(plan: Plan) -> str:
    figures = summary(plan)
    return (
        f"The plan: {figures['newcomers']:,} newcomers, {figures['newcomers_served']:,} with a proposal; "
        f"{figures['offers']:,} offers, {figures['proposals']:,} proposals; "
        f"{figures['open_wishes']:,} wishes stay open."
    )


def print_answer(answer: Answer, language: str) -> None:
    """Print an answer on standard output, line by line."""
    console = Console(file=sys.stdout, highlight=False, soft_wrap=True)
    for line in answer_lines(answer, language):
        console.print(line, markup=False)


def check_outputs(outputs: list[Path | None], inputs: list[Path | None]) -> None:
    """Refuse to overwrite what is read, to write one file twice, and folders that are not there."""
    written = [path.resolve() for path in outputs if path]
    read = {path.resolve() for path in inputs if path}
    for position, path in enumerate(written):
        if path in read or path in written[:position]:
            raise BadInput(f"{path}: expected a file of its own to write to, got one that is used already.")
        if not path.parent.is_dir():
            raise BadInput(f"{path}: there is no folder {path.parent}. Make it first, or name another.")


def _read_settled(
    fixed: Path | None, banned: Path | None, people: Sequence[Newcomer], places: Sequence[Offer]
) -> tuple[SettledPairs, SettledPairs]:
    """Fixed and banned pairs; a line with somebody who is not there is left out, said and counted."""
    of_fixed, of_banned = read_all(
        *(partial(settled_pairs, path, people, places) for path in (fixed, banned))
    )
    refuse_contradictions(of_fixed, of_banned)
    for settled in (of_fixed, of_banned):
        if settled.left_out:
            n_left_out = len(settled.left_out)
            click.echo(_shortened([f"Note: {sentence}" for sentence in settled.left_out]), err=True)
            total = f"{n_left_out:,} of {n_left_out + len(settled.pairs):,}"
            click.echo(f"Note: {total} lines of {settled.path} are left out.", err=True)
    return of_fixed, of_banned


def _check_id(
    option: str, given: str | None, path: Path, people: Sequence[Newcomer] | Sequence[Offer]
) -> None:
    known = columns_of(people)("id").each() if given is not None else []
    if given is not None and given not in known:
        raise BadInput(f"{option}: expected an id of {path}, got {given!r}{nearest(given, known)}.")


@contextmanager
def no_collections() -> Iterator[None]:
    """Keep the collector of cycles from looking through everybody again and again: none are made.

    Not when the process ends, either: that would take as long as reading a town.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def _read_both(
    newcomers: Path, offers: Path, skipped: list[RowProblem] | None
) -> tuple[Sequence[Any], Sequence[Any]]:
    """Both files, or the problems of both."""
    readings: list[Callable[[], Sequence[Any]]] = [
        partial(read_newcomers, newcomers, skipped),
        partial(read_offers, offers, skipped),
    ]
    read = read_all(*readings)
    return read[0], read[1]


def _changes_in_words(plan: Plan, language: str) -> dict[tuple[str, str], str]:
    names = list(columns_of(plan.offers)("name").each())
    ids = list(columns_of(plan.offers)("id").each())
    return {
        wish: change_in_words(change, names[change.column] or ids[change.column], language)
        for wish, change in at_hand(plan).items()
    }


def print_rows(table: Table, rows: Sequence[Sequence[str]], whole: str) -> None:
    """Print a table on standard output; on a terminal its first rows, how many more there are, and where.

    Parameters
    ----------
    table : Table
        With its columns.
    rows : sequence of sequence of str
        What matters most first.
    whole : str
        Where all of them are: "--changes FILE writes them all".
    """
    n_shown = _MOST_ROWS_SHOWN if sys.stdout.isatty() else len(rows)
    for row in rows[:n_shown]:
        table.add_row(*row)
    Console(file=sys.stdout).print(table)
    if len(rows) > n_shown:
        click.echo(f"... and {len(rows) - n_shown:,} more: {whole}.")


def print_summary(plan: Plan, title: str = "") -> None:
    """Print a plan's figures as a table on standard output."""
    figures = summary(plan)
    table = Table(title=title or None, show_header=False)
    table.add_row("Newcomers, offers", f"{figures['newcomers']:,}, {figures['offers']:,}")
    table.add_row("Possible pairs", f"{figures['candidates']:,}")
    by_kind = ", ".join(f"{count:,} {kind}" for kind, count in figures["proposals_by_kind"].items())
    table.add_row("Proposals", f"{figures['proposals']:,} ({by_kind})")
    table.add_row("Newcomers with a proposal", f"{figures['newcomers_served']:,}")
    without = figures["newcomers"] - figures["newcomers_served"]
    table.add_row("Newcomers without one", f"{without:,}")
    table.add_row("Mean score", f"{figures['mean_score']:.3f}")
    table.add_row("Value, bound", f"{plan.objective:.4f}, {plan.bound:.4f} ({plan.status})")
    table.add_row("Open wishes", f"{figures['open_wishes']:,}")
    for reason, count in figures["open_wishes_by_reason"].items():
        table.add_row("", f"{count:,}  {REASONS[reason]}")
    table.add_row("Seconds", ", ".join(f"{stage} {s:.2f}" for stage, s in figures["seconds"].items()))
    Console(file=sys.stdout).print(table)


@click.command()
@click.option(
    "--newcomers", "n_newcomers", type=click.IntRange(1, MOST_ROWS), required=True, help="How many."
)
@click.option("--offers", "n_offers", type=click.IntRange(1, MOST_ROWS), required=True, help="How many.")
@click.option(
    "--out", type=click.Path(file_okay=False, path_type=Path), required=True, help="Folder to write to."
)
@click.option(
    "--seed",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    help="The same seed gives the same town.",
)
@click.option(
    "--town",
    type=click.Choice(sorted(load_towns())),
    default="muenster",
    show_default=True,
    help="A town of the gazetteer.",
)
@click.option("--today", type=a_day, metavar="DATE", help="Day that dates are counted from. [default: today]")
def generate(n_newcomers: int, n_offers: int, out: Path, seed: int, town: str, today: date | None) -> None:
    """Make a synthetic town: newcomers.csv and offers.csv in a folder."""
    with clear_errors():
        rng = np.random.default_rng(seed)
        label = f"s{seed}-"
        people, places = generate_town(town, n_newcomers, n_offers, rng, today or date.today(), label=label)
        out.mkdir(parents=True, exist_ok=True)
        write_newcomers(out / "newcomers.csv", people)
        write_offers(out / "offers.csv", places)
    click.echo(f"{len(people):,} newcomers and {len(places):,} offers written to {out}")
