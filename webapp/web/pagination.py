"""Pages of rows, the same for HTML and JSON."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from flask import request
from sqlalchemy import Select

from webapp.storage.database import count_rows, db

T = TypeVar("T")
PAGE_SIZE = 25
MOST_ON_A_PAGE = 200
LAST_PAGE = 100_000


@dataclass(frozen=True)
class Page(Generic[T]):
    """Some of the rows, and how many there are in all."""

    items: list[T]
    total: int
    page: int = 1
    page_size: int = PAGE_SIZE

    @property
    def pages(self) -> int:
        """How many pages there are; an empty list has one."""
        return max(1, -(-self.total // self.page_size))

    @property
    def first(self) -> int:
        """Number of the first row shown, from 1."""
        return min(self.total, (self.page - 1) * self.page_size + 1)

    @property
    def last(self) -> int:
        """Number of the last row shown."""
        return min(self.total, self.page * self.page_size)


def paginate(
    statement: Select[T], page: int = 1, page_size: int = PAGE_SIZE, *, total: int | None = None
) -> Page[T]:
    """One page of a select over a model; give it an order that ends in a unique column.

    How many rows there are is counted unless `total` says so.
    """
    rows = db.session.scalars(statement.limit(page_size).offset((page - 1) * page_size))
    return Page(list(rows), count_rows(statement) if total is None else total, page, page_size)


def requested_page() -> int:
    """The page number in the address of an HTML page; nonsense means the first."""
    return clamp(request.args.get("page", "1"), 1, LAST_PAGE)


def clamp(text: str, low: int, high: int) -> int:
    """A whole number within bounds; `low` where the text is none."""
    is_number = text.isascii() and text.isdigit() and len(text) < 10
    return min(high, max(low, int(text))) if is_number else low


def page_values(args: dict[str, Any]) -> tuple[int, int]:
    """Page and page size of validated query arguments."""
    return args["page"], args["page_size"]
