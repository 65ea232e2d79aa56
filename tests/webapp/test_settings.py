"""Settings: what is refused says what to do; the secret is made once and kept."""

from __future__ import annotations

import stat
import subprocess
import sys

import pytest

from webapp import create_app
from webapp.commands import serve
from webapp.config import REMEDIES, load_settings
from webapp.exceptions import InvalidSettings

SECRETS = {"KOPPEL_QUEUE_URL", "KOPPEL_DATABASE_URL", "KOPPEL_SECRET_KEY", "KOPPEL_DEMO_PASSWORD"}


@pytest.fixture
def fresh_home(tmp_path, monkeypatch):
    monkeypatch.setenv("KOPPEL_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("KOPPEL_DATABASE_URL", "mysql://root:hunter2@host/db"),
        ("KOPPEL_SECRET_KEY", "hunter2"),
        ("KOPPEL_DEMO_PASSWORD", "short"),
        ("KOPPEL_BASE_URL", "koppel.example"),
        ("KOPPEL_PROXY_HOPS", "many"),
        ("KOPPEL_PROXY_HOPS", "6"),
        ("KOPPEL_SESSION_MINUTES", "4"),
        ("KOPPEL_RATE_LIMIT_STORAGE", "postgres://"),
        ("KOPPEL_QUEUE_URL", "amqp://:hunter2@host"),
        ("KOPPEL_STOP_SECONDS", "1"),
        ("KOPPEL_STOP_SECONDS", "601"),
        ("KOPPEL_KEEP_WITHDRAWN_DAYS", "0"),
        ("KOPPEL_KEEP_CHANGES_DAYS", "for ever"),
        ("KOPPEL_IMPRINT_URL", "town.example/imprint"),
        ("KOPPEL_PRIVACY_URL", "javascript:alert(1)"),
        ("KOPPEL_ACCESSIBILITY_URL", "https:///statement"),
    ],
)
def test_a_bad_setting_is_refused_with_its_remedy(fresh_home, monkeypatch, name, value):
    monkeypatch.setenv(name, value)

    with pytest.raises(InvalidSettings) as refused:
        create_app()

    [problem] = refused.value.problems
    assert problem.startswith(f"{name}: got ")
    assert REMEDIES[name] in problem
    assert (repr(value) in problem) == (name not in SECRETS)
    assert "hunter2" not in problem


@pytest.mark.parametrize("name", ["KOPPEL_QUEUE_URL", "KOPPEL_RATE_LIMIT_STORAGE"])
def test_redis_without_what_speaks_with_it_is_refused_at_the_start(fresh_home, monkeypatch, name):
    monkeypatch.setenv(name, "redis://127.0.0.1")
    monkeypatch.setattr("webapp.config.find_spec", lambda _name: None)

    with pytest.raises(InvalidSettings, match=r"not installed.*pip install 'koppel\[redis\]'"):
        load_settings()


def test_all_bad_settings_are_named_at_once(fresh_home, monkeypatch):
    monkeypatch.setenv("KOPPEL_PROXY_HOPS", "many")
    monkeypatch.setenv("KOPPEL_SESSION_MINUTES", "few")

    with pytest.raises(InvalidSettings) as refused:
        load_settings()

    assert len(refused.value.problems) == 2


def test_a_home_that_cannot_be_made_is_refused(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("KOPPEL_HOME", str(tmp_path / "file" / "home"))

    with pytest.raises(InvalidSettings, match="KOPPEL_HOME"):
        load_settings()


def test_the_secret_is_made_once_and_only_its_owner_reads_it(fresh_home):
    first, second = load_settings()["SECRET_KEY"], load_settings()["SECRET_KEY"]

    assert first == second
    assert len(first) >= 48
    assert stat.S_IMODE((fresh_home / "secret_key").stat().st_mode) == 0o600


def test_https_makes_cookies_secure(fresh_home, monkeypatch):
    monkeypatch.setenv("KOPPEL_BASE_URL", "https://koppel.example")
    app = create_app()

    assert app.config["SESSION_COOKIE_NAME"] == "__Host-koppel"
    assert app.config["SESSION_COOKIE_SECURE"]
    assert "max-age" in app.test_client().get("/healthz").headers["Strict-Transport-Security"]


def test_the_command_line_passes_without_flask():
    loaded = "import sys, webapp.cli; print(sorted({'flask', 'sqlalchemy', 'scipy'} & set(sys.modules)))"

    output = subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, check=True)

    assert output.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("host", "is_given", "linked"),
    [
        ("127.0.0.1", False, "http://127.0.0.1:{port}"),
        ("localhost", False, "http://localhost:{port}"),
        ("0.0.0.0", False, "http://127.0.0.1:{port}"),  # noqa: S104
        ("127.0.0.1", True, "https://koppel.example"),
    ],
)
def test_links_lead_to_where_koppel_is_served_unless_a_setting_says_otherwise(
    app, monkeypatch, host, is_given, linked
):
    served = {}

    class Server:
        def __init__(self, app, sockets, **_options):
            self.port = sockets[0].getsockname()[1]
            self.listener = sockets[0]

        def run(self):
            served.update(port=self.port, address=app.config["BASE_URL"])

        def close(self):
            self.listener.close()

    monkeypatch.setitem(app.config, "BASE_URL", "https://koppel.example")
    monkeypatch.setitem(app.config, "BASE_URL_IS_GIVEN", is_given)
    monkeypatch.setattr(serve.waitress, "create_server", Server)
    monkeypatch.setattr(serve, "start_worker", lambda _app: lambda: None)
    monkeypatch.setattr(serve, "told_to_stop", lambda: None)
    monkeypatch.setattr(serve, "serve_until_told", lambda server, _told: server.run())
    monkeypatch.setattr(serve, "answer_what_was_taken", lambda *_: None)

    serve.run_server(app, host, 0)

    assert served["address"] == linked.format(port=served["port"])


def test_whether_the_address_was_given_is_known(fresh_home, monkeypatch):
    assert not load_settings()["BASE_URL_IS_GIVEN"]

    monkeypatch.setenv("KOPPEL_BASE_URL", "https://koppel.example")

    assert load_settings()["BASE_URL_IS_GIVEN"]


@pytest.mark.parametrize("kept", ["", "short", "\n"])
def test_a_kept_secret_that_is_none_is_refused(fresh_home, kept):
    fresh_home.mkdir(exist_ok=True)
    (fresh_home / "secret_key").write_text(kept)
    with pytest.raises(InvalidSettings, match=r"32 characters or more.*What to do"):
        load_settings()
    assert (fresh_home / "secret_key").read_text() == kept
