"""Settings: read from KOPPEL_* once, checked, made Flask's configuration. No default hides elsewhere."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from datetime import timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from babel import Locale
from environs import Env, EnvValidationError, ValidationError, validate

from webapp.exceptions import InvalidSettings

LEAST_DEMO_PASSWORD = 6
LEAST_SECRET = 32
LEAST_STOP_SECONDS = 2
"""Threads that wait for a task look up once a second: until then they might take what is put back."""
_MAKE_ANOTHER = (
    "What to do: put the file of your last backup there; or remove it, and a new one is made: everybody logs "
    "in again, and links that were sent stop working."
)
_CATALOGUES = Path(__file__).with_name("translations")
LANGUAGES = {
    code: (Locale.parse(code).get_display_name() or code).capitalize()
    for code in ("en", *sorted(folder.name for folder in _CATALOGUES.iterdir() if folder.is_dir()))
}
"""What Koppel speaks, by its own name: English, in which texts are written, and what has a catalogue."""

KEPT_DAYS = {
    "KEEP_WITHDRAWN_DAYS": 365,
    "KEEP_CHANGES_DAYS": 365,
    "KEEP_ANSWERS_DAYS": 30,
    "KEEP_LINKS_DAYS": 30,
}
"""So many days what grows by itself is kept, where the setting of that name says nothing else."""
_LONGEST_KEPT = 3650
_REDIS = ("redis://", "rediss://", "unix://")
_NEEDS_REDIS = "Redis needs the extra: pip install 'koppel[redis]'"

_REMEDY_OF_PAGE = "use the address of a page, such as https://town.example/page, or leave it out"
# What a person can do about a setting that was refused; also the list of the settings there are.
REMEDIES = {
    "KOPPEL_HOME": "name a folder this user may write to",
    "KOPPEL_DATABASE_URL": "use sqlite:////path/to/file.sqlite or postgresql://user:password@host/database",
    "KOPPEL_SECRET_KEY": "use at least 32 random characters, or leave it out: one is made and kept",
    "KOPPEL_DEMO_PASSWORD": "use at least 6 characters, or leave it out: one is made and printed",
    "KOPPEL_BASE_URL": "use the address people see, such as https://koppel.example",
    "KOPPEL_TRUSTED_HOSTS": "list the host names people use: koppel.example,www.koppel.example",
    "KOPPEL_PROXY_HOPS": "count the reverse proxies in front of the application, 0 to 5",
    "KOPPEL_SESSION_MINUTES": "use whole minutes, from 5 to 600",
    "KOPPEL_RATE_LIMIT_STORAGE": f"use memory:// or redis://host:6379; {_NEEDS_REDIS}",
    "KOPPEL_QUEUE_URL": f"use redis://host:6379/0, or leave it out: a file in KOPPEL_HOME; {_NEEDS_REDIS}",
    "KOPPEL_STOP_SECONDS": "use whole seconds, from 2 to 600",
    **{f"KOPPEL_{name}": f"use a whole number, from 1 to {_LONGEST_KEPT}" for name in KEPT_DAYS},
    "KOPPEL_IMPRINT_URL": _REMEDY_OF_PAGE,
    "KOPPEL_PRIVACY_URL": _REMEDY_OF_PAGE,
    "KOPPEL_ACCESSIBILITY_URL": _REMEDY_OF_PAGE,
}
_NEVER_SHOWN = {"KOPPEL_SECRET_KEY", "KOPPEL_DEMO_PASSWORD", "KOPPEL_DATABASE_URL", "KOPPEL_QUEUE_URL"}


def load_settings() -> dict[str, Any]:
    """Flask's configuration from the environment.

    Raises
    ------
    InvalidSettings
        With one sentence for every setting that cannot be used.
    """
    env = Env(eager=False, prefix="KOPPEL_")
    home = Path(env.str("HOME", "instance")).expanduser().resolve()
    database_url = env.str("DATABASE_URL", f"sqlite:///{home / 'koppel.sqlite'}", validate=_database_url)
    secret_key = env.str("SECRET_KEY", None, validate=validate.Length(min=LEAST_SECRET))
    demo_password = env.str("DEMO_PASSWORD", None, validate=validate.Length(min=LEAST_DEMO_PASSWORD))
    base_url = env.str("BASE_URL", None, validate=_web_address)
    trusted_hosts = env.list("TRUSTED_HOSTS", None)
    proxy_hops = env.int("PROXY_HOPS", 0, validate=validate.Range(0, 5))
    session_minutes = env.int("SESSION_MINUTES", 60, validate=validate.Range(5, 600))
    limit_storage = env.str("RATE_LIMIT_STORAGE", "memory://", validate=_limit_storage)
    queue_url = env.str("QUEUE_URL", None, validate=_queue_url)
    stop_seconds = env.int("STOP_SECONDS", 20, validate=validate.Range(LEAST_STOP_SECONDS, 600))
    is_kept_so_long = validate.Range(1, _LONGEST_KEPT)
    kept = {name: env.int(name, usual, validate=is_kept_so_long) for name, usual in KEPT_DAYS.items()}
    pages = {
        name: env.str(name, None, validate=_page_address)
        for name in ("IMPRINT_URL", "PRIVACY_URL", "ACCESSIBILITY_URL")
    }
    _refuse_problems(env)
    _make_home(home)
    return {
        "KOPPEL_HOME": home,
        "SQLALCHEMY_DATABASE_URI": with_driver(database_url),
        "SQLALCHEMY_ENGINE_OPTIONS": _engine_options(with_driver(database_url)),
        "SECRET_KEY": secret_key or _kept_secret(home),
        "DEMO_PASSWORD": demo_password,
        "BASE_URL": (base_url or "http://127.0.0.1:8000").rstrip("/"),
        "BASE_URL_IS_GIVEN": base_url is not None,  # else `run_server` knows better
        "TRUSTED_HOSTS": trusted_hosts,
        "PROXY_HOPS": proxy_hops,
        "PERMANENT_SESSION_LIFETIME": timedelta(minutes=session_minutes),
        "RATELIMIT_STORAGE_URI": limit_storage,
        "QUEUE_URL": queue_url,
        "STOP_SECONDS": stop_seconds,
        **{name.removesuffix("_DAYS"): timedelta(days=kept[name]) for name in KEPT_DAYS},
        **pages,
    }


def derived_settings(settings: dict[str, Any]) -> dict[str, Any]:
    """What follows from the settings, and what every installation shares."""
    is_https = settings["BASE_URL"].startswith("https://")
    return {
        "MAX_CONTENT_LENGTH": 5 * 1024 * 1024,
        "MAX_FORM_MEMORY_SIZE": 1024 * 1024,
        "MAX_FORM_PARTS": 2000,
        "SESSION_COOKIE_NAME": "__Host-koppel" if is_https else "koppel",
        "SESSION_COOKIE_SECURE": is_https,
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "WTF_CSRF_CHECK_DEFAULT": False,  # accounts/login.py decides: a bearer token needs none
        "WTF_CSRF_TIME_LIMIT": None,
        "WTF_CSRF_SSL_STRICT": False,  # needs a Referer, which we do not send; the Origin is checked instead
        "BABEL_DEFAULT_LOCALE": "en",
        "BABEL_DEFAULT_TIMEZONE": "Europe/Berlin",
        "RATELIMIT_HEADERS_ENABLED": False,
        "SECURITY_PASSWORD_HASH": "argon2",
        "SECURITY_PASSWORD_SINGLE_HASH": True,  # argon2 salts by itself; a new secret key keeps the passwords
        "SECURITY_PASSWORD_LENGTH_MIN": 12,
        "SECURITY_JOIN_USER_ROLES": False,
        "SECURITY_TRACKABLE": False,
        "SECURITY_CLI_USERS_NAME": None,
        "SECURITY_CLI_ROLES_NAME": None,
        "API_TITLE": "Koppel",
        "API_VERSION": "v1",
        "OPENAPI_VERSION": "3.1.0",
        "OPENAPI_URL_PREFIX": "/api/v1",
        "OPENAPI_JSON_PATH": "openapi.json",
    }


def with_driver(url: str) -> str:
    """A database address that names the driver we ship."""
    for prefix in ("postgresql://", "postgres://"):
        if url.startswith(prefix):
            return "postgresql+psycopg://" + url.removeprefix(prefix)
    return url


def _engine_options(url: str) -> dict[str, Any]:
    """A connection that has gone is noticed before it is used, and nobody waits for one for long."""
    if url.startswith("sqlite"):
        return {}
    return {"pool_pre_ping": True, "pool_timeout": 10, "connect_args": {"connect_timeout": 5}}


def _refuse_problems(env: Env) -> None:
    try:
        env.seal()
    except EnvValidationError as error:
        problems: Any = error.error_messages
        raise InvalidSettings(_sentence(name, texts) for name, texts in problems.items()) from None


def _sentence(name: str, texts: Any) -> str:
    arrived = "a value that is not shown here" if name in _NEVER_SHOWN else repr(os.environ.get(name))
    why = " ".join(str(text) for text in texts)
    return f"{name}: got {arrived}. {why} What to do: {REMEDIES[name]}."


def _database_url(value: str) -> None:
    if not with_driver(value).startswith(("sqlite:///", "postgresql+psycopg://")):
        raise ValidationError("Only SQLite files and PostgreSQL are supported.")


def _web_address(value: str) -> None:
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.netloc or parts.query or parts.fragment:
        raise ValidationError("Not a web address.")


def _page_address(value: str) -> None:
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValidationError("Not the address of a page.")


def _limit_storage(value: str) -> None:
    if not value.startswith(("memory://", "redis://", "rediss://")):
        raise ValidationError("Not a place where counters can be kept.")
    _need_redis(value)


def _queue_url(value: str) -> None:
    if not value.startswith(_REDIS):
        raise ValidationError("Not the address of a Redis.")
    _need_redis(value)


def _need_redis(value: str) -> None:
    if value.startswith(_REDIS) and find_spec("redis") is None:
        raise ValidationError("What speaks with Redis is not installed.")


def _make_home(home: Path) -> None:
    try:
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        problem = f"KOPPEL_HOME: got {str(home)!r}. {error.strerror}."
        raise InvalidSettings([f"{problem} What to do: {REMEDIES['KOPPEL_HOME']}."]) from None


def _kept_secret(home: Path) -> str:
    """The secret of this installation: made once, readable by its owner only."""
    path = home / "secret_key"
    if not path.exists():
        _make_secret(path)
    try:
        kept = path.read_text(encoding="ascii").strip()
    except (OSError, ValueError) as error:
        raise InvalidSettings([f"{path}: cannot be read ({error}). {_MAKE_ANOTHER}"]) from None
    if len(kept) < LEAST_SECRET:
        problem = f"{path}: expected a secret of {LEAST_SECRET} characters or more, got {len(kept)}."
        raise InvalidSettings([f"{problem} {_MAKE_ANOTHER}"])
    return kept


def _make_secret(path: Path) -> None:
    """Write it whole or not at all; where two start at once, the first one's is kept."""
    draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    try:
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(48))
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            os.link(draft, path)
    except OSError as error:
        home = str(path.parent)
        problem = f"KOPPEL_HOME: got {home!r}, where nothing can be written ({error.strerror})."
        raise InvalidSettings([f"{problem} What to do: {REMEDIES['KOPPEL_HOME']}."]) from None
    finally:
        draft.unlink(missing_ok=True)
