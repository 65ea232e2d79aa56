"""How much time is left. Nothing is stopped here: whoever works looks at the clock."""

from __future__ import annotations

import time


class Clock:
    """Runs from now on, for `seconds` or for ever."""

    def __init__(self, seconds: float | None = None) -> None:
        self._end = None if seconds is None else time.monotonic() + seconds

    @property
    def is_limited(self) -> bool:
        """Whether it can run out."""
        return self._end is not None

    @property
    def is_over(self) -> bool:
        """Whether it has run out."""
        return self._end is not None and time.monotonic() >= self._end
