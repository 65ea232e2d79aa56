"""The page 'help': the guide for coordinators in the reader's language."""

from __future__ import annotations

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from webapp.accounts.login import public
from webapp.guide.services import read_guide
from webapp.web.localisation import select_language

bp = Blueprint("guide", __name__)


@bp.get("/help")
@public
def help() -> ResponseReturnValue:
    """The guide for coordinators; also for who has not logged in."""
    return render_template("guide/help.html", guide=read_guide(select_language()))
