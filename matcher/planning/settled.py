"""Fixed and banned pairs of files, held against the people there are: who is not there is left out."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from matcher.exceptions import InvalidFileError, RowProblem
from matcher.records.columns import columns_of
from matcher.records.files import Pair, read_pairs
from matcher.records.people import Newcomer, Offer

_MOST_COMPARED = 200_000  # ids for the hints of a file, together: a second or two


@dataclass(frozen=True)
class SettledPairs:
    """The pairs of a file whose people are there, and a sentence for each line with somebody who is not."""

    path: Path | None
    pairs: list[Pair]
    left_out: list[str]

    def by_id(self) -> list[tuple[str, str]]:
        """The pairs as `make_plan` takes them."""
        return [(pair.newcomer_id, pair.offer_id) for pair in self.pairs]


def settled_pairs(path: Path | None, newcomers: Sequence[Newcomer], offers: Sequence[Offer]) -> SettledPairs:
    """Read fixed or banned pairs; those with an id that is not there are left out.

    Parameters
    ----------
    path : Path or None
        None: there are no pairs.
    newcomers : sequence of Newcomer
    offers : sequence of Offer

    Raises
    ------
    InvalidFileError, OSError
        As `matcher.records.files.read_pairs`.
    """
    pairs = read_pairs(path) if path else []
    known = {
        "newcomer": set(columns_of(newcomers)("id").each()),
        "offer": set(columns_of(offers)("id").each()),
    }
    n_hints = _MOST_COMPARED // max(1, *map(len, known.values()))
    kept: list[Pair] = []
    left_out: list[str] = []
    for pair in pairs:
        sentences = []
        for who, own in (("newcomer", pair.newcomer_id), ("offer", pair.offer_id)):
            if own not in known[who]:
                hint = nearest(own, known[who]) if len(left_out) <= n_hints else ""
                sentences.append(f"there is no {who} {own!r}{hint}")
        if sentences:
            left_out.append(f"{path}, line {pair.line}: {' and '.join(sentences)}; the line is left out")
        else:
            kept.append(pair)
    return SettledPairs(path, kept, left_out)


def refuse_contradictions(fixed: SettledPairs, banned: SettledPairs) -> None:
    """Raise InvalidFileError, with their lines, for pairs that are fixed and banned at once."""
    lines = {pair: pair.line for pair in map(_without_reason, fixed.pairs)}
    both = [pair for pair in map(_without_reason, banned.pairs) if pair in lines]
    if both:
        raise InvalidFileError(
            RowProblem(
                str(banned.path),
                pair.line,
                "-",
                f"{pair.newcomer_id}, {pair.offer_id}",
                f"no pair that is fixed ({fixed.path}, line {lines[pair]})",
            )
            for pair in both
        )


def nearest(given: str, known: Collection[str]) -> str:
    """The id that looks most like the one that was given, in brackets to stand behind it; empty for none.

    Examples
    --------
    >>> nearest("MA-01", ["ma-1", "zz"])
    ' (the nearest is ma-1)'
    """
    folded = {own.casefold(): own for own in sorted(known)}
    found = get_close_matches(given.casefold(), folded, n=1)
    return f" (the nearest is {folded[found[0]]})" if found else ""


def _without_reason(pair: Pair) -> Pair:
    return Pair(pair.newcomer_id, pair.offer_id, line=pair.line)
