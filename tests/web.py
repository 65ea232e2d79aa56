"""A browser for tests, an application for tests, and the password everybody has there."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from itsdangerous import URLSafeTimedSerializer
from werkzeug.test import TestResponse

from webapp import create_app

PASSWORD = "a few unrelated words"


class Client(FlaskClient):
    """A browser without JavaScript, or a programme with a token."""

    token = ""

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        if self.token:
            kwargs["headers"] = {"Authorization": f"Bearer {self.token}", **(kwargs.get("headers") or {})}
        return super().open(*args, **kwargs)

    def csrf_token(self) -> str:
        """The token a form of this session carries."""
        with self.session_transaction() as session:
            raw = session.setdefault("csrf_token", uuid.uuid4().hex)
        secret = self.application.config["SECRET_KEY"]
        return str(URLSafeTimedSerializer(secret, salt="wtf-csrf-token").dumps(raw))

    def post_form(self, url: str, **fields: Any) -> TestResponse:
        """Send a form of ours."""
        return self.post(url, data={"csrf_token": self.csrf_token(), **fields})


def make_app(url: str, home: Path, **settings: Any) -> Flask:
    """An application for tests: cheap hashes, tasks at once."""
    app = create_app(
        {
            "TESTING": True,
            "KOPPEL_HOME": home,
            "SQLALCHEMY_DATABASE_URI": url,
            "SECRET_KEY": "not a secret, long enough for tests",
            "WORKER_IMMEDIATE": True,
            "SECURITY_PASSWORD_HASH_PASSLIB_OPTIONS": {
                "argon2__rounds": 1,
                "argon2__memory_cost": 8,
                "argon2__parallelism": 1,
            },
            **settings,
        }
    )
    app.test_client_class = Client
    return app
