"""Every error and warning class of the engine, and nothing else."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

_MOST_SHOWN = 200
_MOST_PROBLEMS_SHOWN = 1_000


def brief(text: str) -> str:
    """A text as an error shows it: not more than fits on a few lines."""
    return text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}..."


class KoppelError(Exception):
    """Base of every error the engine raises on purpose."""


class InvalidProblemError(KoppelError, ValueError):
    """An assignment problem, or a question about one, that cannot be read.

    Lists everything that is wrong, not only the first thing found.

    Parameters
    ----------
    problems : iterable of str
        One sentence each: which argument, what was expected, what arrived.
    """

    def __init__(self, problems: Iterable[str] | str) -> None:
        self.problems = (problems,) if isinstance(problems, str) else tuple(problems)
        super().__init__("; ".join(self.problems))


class InvalidPolicyError(KoppelError, ValueError):
    """A policy with an unknown name or a value outside its range; lists all of them."""

    def __init__(self, problems: Iterable[str] | str) -> None:
        self.problems = (problems,) if isinstance(problems, str) else tuple(problems)
        super().__init__("; ".join(self.problems))


class SettingProblem(str):
    """A sentence on one setting of a policy, which knows its name.

    Parameters
    ----------
    sentence : str
    setting : str
        As in ``weights.interests``.
    """

    __slots__ = ("setting",)

    def __new__(cls, sentence: str, setting: str) -> SettingProblem:
        """The sentence, which is text like any other."""
        problem = super().__new__(cls, sentence)
        problem.setting = setting
        return problem

    setting: str


class InvalidRecordError(KoppelError, ValueError):
    """A newcomer or offer with values that cannot be; lists field, value and what was expected.

    Parameters
    ----------
    problems : iterable of FieldProblem
    """

    def __init__(self, problems: Iterable[FieldProblem]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(str(problem) for problem in self.problems))


@dataclass(frozen=True)
class FieldProblem:
    """One value that cannot be: in which field, what arrived and what was expected."""

    field: str
    value: str
    expected: str

    def __str__(self) -> str:
        return f"{self.field}: expected {self.expected}, got {brief(self.value)!r}"


@dataclass(frozen=True, slots=True)
class RowProblem:
    """One value of a table that cannot be read: where it stands and what was expected.

    Parameters
    ----------
    path : str
        Of the file, or what the table is called.
    line : int
        Of the file; or the number of the row, from 1; 0 where it is about the table as such.
    column, value, expected : str
        No column, or "-" in a file, where it is about the row, or the table, as such.
    counted : str
        What `line` counts: "line", or "row" of a table in memory.
    """

    path: str
    line: int
    column: str
    value: str
    expected: str
    counted: str = "line"

    def __str__(self) -> str:
        place = f"{self.path}, {self.counted} {self.line}" if self.line else self.path
        if self.column:
            place = f"{place}, column {self.column}"
        return f"{place}: expected {self.expected}, got {brief(self.value)!r}"


@dataclass(frozen=True, slots=True)
class FileProblem(RowProblem):
    """What is wrong with a file as such: `value` says in words what arrived."""

    def __str__(self) -> str:
        return f"{self.path}: expected {self.expected}, got {brief(self.value)}"


class InvalidTableError(KoppelError, ValueError):
    """A table with rows that cannot be read; nothing of it was used.

    Parameters
    ----------
    problems : iterable of RowProblem
        All of them, in the order of the table.
    """

    def __init__(self, problems: Iterable[RowProblem]) -> None:
        self.problems = tuple(problems)
        more = len(self.problems) - _MOST_PROBLEMS_SHOWN
        shown = [str(problem) for problem in self.problems[:_MOST_PROBLEMS_SHOWN]]
        super().__init__("\n".join([*shown, *([f"... and {more:,} more"] if more > 0 else [])]))


class InvalidFileError(InvalidTableError):
    """A file with rows that cannot be read; nothing of it was used."""


class OtherFileError(InvalidFileError):
    """A file of something else than was expected: offers for newcomers, or pairs of them."""


class UnknownRecordError(KoppelError, LookupError):
    """An id that the plan, or the files it was made from, does not contain."""


class KoppelWarning(UserWarning):
    """Base of the engine's warnings."""


class UnknownTermWarning(KoppelWarning):
    """An interest outside the taxonomy: kept as a term of its own."""


class UnknownColumnWarning(KoppelWarning):
    """A column the engine does not know: ignored."""
