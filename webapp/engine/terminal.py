"""What the engine's commands show on a terminal, for the application's commands."""

from __future__ import annotations

from matcher.cli import (
    STAGE_TEXTS,
    a_day,
    check_outputs,
    clear_errors,
    print_rows,
    print_summary,
    progress_bar,
)

__all__ = [
    "STAGE_TEXTS",
    "a_day",
    "check_outputs",
    "clear_errors",
    "print_rows",
    "print_summary",
    "progress_bar",
]
