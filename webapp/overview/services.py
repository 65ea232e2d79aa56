"""How all towns stand, for an administrator of all of them; by the figures of their own pages."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from webapp.accounts.services import bound_town
from webapp.board.services import board_figures, count_board
from webapp.exceptions import NotAllowed
from webapp.newcomers.services import count_by_status
from webapp.runs.models import Run
from webapp.storage.access import Actor, require_admin
from webapp.towns.models import Town
from webapp.towns.services import query_towns


@dataclass(frozen=True)
class TownFigures:
    """How one town stands."""

    town: Town
    proposals: int
    waiting: int
    to_check: int
    run: Run | None


def figures_of_towns(actor: Actor) -> Iterator[TownFigures]:
    """How each town stands, by name.

    Raises
    ------
    NotAllowed
        For whoever is not an administrator of all towns.
    """
    require_admin(actor)
    if bound_town(actor) is not None:
        raise NotAllowed
    for town in query_towns():
        there = replace(actor, town_id=town.id)
        board = board_figures(there)
        yield TownFigures(
            town=town,
            proposals=sum(count_board(there).of_kinds.values()),
            waiting=board.waiting,
            to_check=count_by_status(there)["new"],
            run=board.run,
        )
