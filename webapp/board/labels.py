"""What the board's filters and orders are called."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import lazy_gettext as _l

AGE_NAMES: Mapping[str, Any] = {
    "minor": _l("under 18"),
    "young": _l("18 to 27"),
    "adult": _l("28 to 59"),
    "older": _l("60 and older"),
}
ORDER_NAMES: Mapping[str, Any] = {"need": _l("Greatest need first"), "name": _l("By name")}
