"""What roles are called."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

ROLE_NAMES = {"coordinator": _l("Coordinator"), "admin": _l("Administrator")}
