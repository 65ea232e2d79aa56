"""What the worker cleans up each night: links that ended, answers kept for programmes."""

from __future__ import annotations

from webapp.accounts.kept import forget_old_forms
from webapp.accounts.links import forget_ended_links
from webapp.web.idempotency import forget_old_responses
from webapp.worker import crontab, periodic


@periodic("webapp.accounts.tasks.clean_up_links", crontab(hour="2", minute="10"))
def clean_up_links() -> None:
    """Delete links that ended a while ago."""
    forget_ended_links()


@periodic("webapp.accounts.tasks.clean_up_forms", crontab(minute="5-55/10"))
def clean_up_forms() -> None:
    """Delete what people had typed and did not come back for."""
    forget_old_forms()


@periodic("webapp.accounts.tasks.clean_up_answers", crontab(hour="2", minute="20"))
def clean_up_responses() -> None:
    """Delete answers whose keys are used no more."""
    forget_old_responses()
