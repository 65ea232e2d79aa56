"""The console script `koppel`: a table of commands, each loaded when called. No Flask, no engine here."""

from __future__ import annotations

from importlib import import_module
from typing import NamedTuple

import click


class Entry(NamedTuple):
    """Where a command lives, and its line in `koppel --help`; without one it is not for people."""

    target: str
    help: str


COMMANDS = {
    "demo": Entry("webapp.commands.demo:demo", "Fresh demo database with a matching run; then serves."),
    "serve": Entry("webapp.commands.serve:serve", "The web application and its worker, one process."),
    "worker": Entry("webapp.commands.worker:worker", "The background worker alone, beside your own server."),
    "match": Entry("matcher.cli:match", "Couples the people of two files; needs no database."),
    "explain": Entry("matcher.cli:explain", "Why, why not, what it would take, what a town is short of."),
    "generate": Entry("matcher.cli:generate", "A synthetic town as files."),
    "load": Entry("webapp.commands.load:load", "Adds files of newcomers and offers to a town."),
    "rematch": Entry("webapp.commands.rematch:rematch", "A new matching run on the database."),
    "learn": Entry("webapp.commands.learn:learn", "What decisions say about a town's weights."),
    "policy": Entry("webapp.commands.policy:policy", "What a town matches by, shown and set."),
    "user": Entry("webapp.commands.accounts:user", "People who log in."),
    "token": Entry("webapp.commands.accounts:token", "Tokens for programmes that use the API."),
    "link": Entry("webapp.commands.link:link", "Links with which an offer tells its free places."),
    "task": Entry("webapp.commands.task:task", ""),
}


class LazyGroup(click.Group):
    """Loads a command's module when the command is called, and not before."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of this name."""
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name].target.partition(":")
        command: click.Command = getattr(import_module(module), name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list in `koppel --help`, without loading any command."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.help) for name, entry in COMMANDS.items() if entry.help])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="koppel", prog_name="koppel")
def main() -> None:
    """Koppel couples newcomers with associations, mentors and neighbours.

    The engine proposes, a coordinator decides. Settings are KOPPEL_* in the environment.
    """
