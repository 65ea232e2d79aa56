"""Every error class of the web application; what they mean in HTTP stands in web/errors.py."""

# ruff: noqa: N818 -- a domain error is named after what happened, as in `raise NotFound`

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any

_MOST_NAMED = 10


class WebappError(Exception):
    """Base of every error the web application raises on purpose."""


class CannotStart(WebappError):
    """The application cannot start as things stand.

    Parameters
    ----------
    *sentences : str
        What is wrong, and what to do.
    """

    def __init__(self, *sentences: str) -> None:
        self.sentences = sentences
        super().__init__(" ".join(sentences))


class NotFound(WebappError):
    """What was asked for is not there, or not yours: the two are told apart nowhere.

    Parameters
    ----------
    sentence : str
        What there is not, for the command line alone; pages never say more than that there is nothing.
    """

    def __init__(self, sentence: str = "") -> None:
        self.sentence = sentence
        super().__init__(sentence)

    @classmethod
    def among(cls, what: str, given: str, known: Iterable[str] = ()) -> NotFound:
        """Say that there is no such thing, and the nearest ones of those there are."""
        known = sorted(known)
        near = get_close_matches(given.casefold(), known, n=3) or known[:_MOST_NAMED]
        hint = f" There are {', '.join(near)}." if near else ""
        return cls(f"There is no {what} {given!r}.{hint}")


class NotAllowed(WebappError):
    """The actor is known, and this role may not do it."""


class LoginRequired(WebappError):
    """Nobody is logged in, or the token is not valid (any more)."""


class Conflict(WebappError):
    """The request was fine, the state of things was not.

    Parameters
    ----------
    reason : str
        One word for machines: ``full``, ``changed``, ``already_placed``, a hard rule's name.
    message : str
        One sentence for people, translated; may be lazy.
    **current
        Plain values that tell how things stand now; part of the JSON answer.
    """

    def __init__(self, reason: str, message: Any = "", **current: Any) -> None:
        self.reason = reason
        self.message = message
        self.current = current
        super().__init__(reason)


class InvalidInput(WebappError):
    """Values that cannot be: every field with its sentences.

    Parameters
    ----------
    fields : mapping of str to iterable of str
        Field name to sentences, translated.
    """

    def __init__(self, fields: Mapping[str, Iterable[Any]]) -> None:
        self.fields = {name: [str(text) for text in texts] for name, texts in fields.items()}
        super().__init__("; ".join(f"{name}: {', '.join(texts)}" for name, texts in self.fields.items()))


class InvalidSettings(WebappError):
    """Settings that cannot be used; the application refuses to start.

    Parameters
    ----------
    problems : iterable of str
        One sentence each: which setting, what arrived, what to do.
    """

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


class WriteOutsideTransaction(WebappError):
    """A programming error: rows were changed without `write_transaction()`."""


class NaiveDateTime(WebappError, ValueError):
    """A programming error: a point in time without a time zone was to be stored."""


class AuditEntryIsFinal(WebappError):
    """A programming error: an entry of the history was to be changed or deleted."""
