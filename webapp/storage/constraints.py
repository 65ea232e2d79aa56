"""Constraints that several tables have: one of some codes, one row while a condition holds."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import CheckConstraint, Index, text


def one_of(column: str, codes: Iterable[str]) -> CheckConstraint:
    """A column holds one of some codes."""
    listed = ", ".join(f"'{code}'" for code in codes)
    return CheckConstraint(f"{column} IN ({listed})", name=f"{column}_known")


def index_while(name: str, condition: str, *columns: str, unique: bool = False) -> Index:
    """An index over the rows that meet a condition, on both databases."""
    where = text(condition)
    return Index(name, *columns, unique=unique, sqlite_where=where, postgresql_where=where)


def unique_while(name: str, condition: str, *columns: str) -> Index:
    """A unique index over the rows that meet a condition."""
    return index_while(name, condition, *columns, unique=True)
