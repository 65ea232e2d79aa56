"""A name that there is not: said, with those there are."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from click.testing import Result

from tests.office import Office
from webapp.commands.accounts import user
from webapp.commands.learn import learn
from webapp.commands.link import link
from webapp.commands.policy import policy
from webapp.commands.rematch import rematch


@pytest.mark.parametrize("which", [rematch, policy, learn])
def test_an_unknown_town_is_named_with_the_nearest(
    command: Callable[..., Result], office: Office, which: object
) -> None:
    answer = command(which, "--town", "muenstr")
    assert answer.exit_code == 2
    assert "There is no town 'muenstr'. There are muenster." in answer.output


def test_an_unknown_offer_is_named(command: Callable[..., Result], office: Office) -> None:
    answer = command(link, "create", "--offer", "zz")
    assert answer.exit_code == 2
    assert "There is no offer 'zz'." in answer.output


@pytest.mark.parametrize("email", ["x", "x@", "@y.example", ""])
def test_nobody_is_made_without_an_address(
    command: Callable[..., Result], office: Office, email: str
) -> None:
    answer = command(user, "create", "--email", email, "--town", "muenster", "--password", "a long password")
    assert answer.exit_code == 2
    assert "full e-mail address" in answer.output
