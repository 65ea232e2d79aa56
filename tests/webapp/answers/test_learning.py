"""What decisions say about a town's weights, and the policy that a person sets."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import numpy as np
import pytest

from tests.rows import add_newcomer, add_offer, open_proposal, run_matching
from webapp.answers.services import learn_weights
from webapp.audit.services import query_history
from webapp.commands.learn import learn
from webapp.commands.policy import policy
from webapp.engine import policies, questions
from webapp.engine.policies import Policy
from webapp.engine.texts import CRITERIA
from webapp.proposals.models import BESIDE_THE_POINT, Proposal
from webapp.proposals.services import reject_proposal
from webapp.runs.models import Run
from webapp.runs.services import limits_of
from webapp.storage.access import Actor
from webapp.storage.database import db, write_transaction
from webapp.towns.services import get_town

NAMES = [criterion.name for criterion in CRITERIA]


def decide(me: Actor, n: int, counts: str, *, reason: str = "not_interested") -> None:
    """Store so many decided proposals; those accepted are strong in one criterion, which hardly weighs."""
    newcomer, offer = add_newcomer(me.town_id), add_offer(me.town_id)
    run = run_matching(me)
    shares = policies.part_limits(Policy())
    rng = np.random.default_rng(n)
    with write_transaction():
        template = db.session.get_one(Proposal, open_proposal(newcomer, offer))
        template.state = "superseded"
        for _ in range(n):
            values = dict(zip(NAMES, rng.random(len(NAMES)).tolist(), strict=True))
            is_accepted = rng.random() < 1 / (1 + np.exp(-8 * (values[counts] - 0.5)))
            db.session.add(
                Proposal(
                    town_id=me.town_id,
                    run_id=template.run_id,
                    newcomer_id=newcomer,
                    offer_id=offer,
                    kind="association",
                    score=sum(shares[name] * value for name, value in values.items()),
                    parts={name: shares[name] * value for name, value in values.items()},
                    urgency=0.0,
                    state="confirmed" if is_accepted else "rejected",
                    reason="" if is_accepted else reason,
                )
            )
    assert run.plan.proposals


def test_few_decisions_are_not_enough_to_tell(me: Actor, command: Callable[..., Any]) -> None:
    newcomer, offer = add_newcomer(me.town_id), add_offer(me.town_id)
    run_matching(me)
    with write_transaction():
        reject_proposal(me, open_proposal(newcomer, offer), reason="too_far")
    result = command(learn, "--town", "muenster")
    assert result.exit_code == 0, result.output
    assert "1 decisions, 0 of them accepted." in result.stdout
    assert "Cannot tell: there are fewer than 100 decisions." in result.stdout


def test_a_decision_is_what_the_criteria_said_when_the_pair_was_proposed(me: Actor) -> None:
    newcomer, offer = add_newcomer(me.town_id), add_offer(me.town_id)
    run_matching(me)
    proposal = db.session.get_one(Proposal, open_proposal(newcomer, offer))
    decision = questions.recall(
        proposal.parts,
        limits_of(db.session.get_one(Run, proposal.run_id)),
        accepted=True,
    )
    shares = policies.part_limits(Policy())
    assert set(decision.values) == set(NAMES)
    assert sum(shares[name] * value for name, value in decision.values.items()) == pytest.approx(
        proposal.score
    )


def test_weights_are_suggested_written_and_used_once_a_person_sets_them(
    me: Actor, command: Callable[..., Any], tmp_path: Path
) -> None:
    decide(me, 400, "reciprocity")
    out = tmp_path / "policy.toml"
    result = command(learn, "--town", "muenster", "--out", str(out), "--json")
    assert result.exit_code == 0, result.output
    lesson = json.loads(result.stdout)
    assert (lesson["verdict"], lesson["decisions"]) == ("better", 400)
    (change,) = (change for change in lesson["diff"] if change[0] == "reciprocity")
    assert change[2] > 4 * change[1]
    assert get_town("muenster").policy == "", "learning changes nothing"

    result = command(policy, "--town", "muenster", "--set", str(out))
    assert result.exit_code == 0, result.output
    shown = command(policy, "--town", "muenster").stdout
    assert policies.read_policy(shown) == policies.read_policy(out.read_text())
    db.session.rollback()
    (entry,) = (entry for entry in db.session.scalars(query_history(me)) if entry.action == "town.policy_set")
    assert entry.details == {"policy": policies.read_policy(shown).version}
    assert run_matching(me).plan.policy.version == entry.details["policy"]


def test_people_read_what_was_learnt(me: Actor, command: Callable[..., Any]) -> None:
    decide(me, 400, "goals")
    text = command(learn, "--town", "muenster").stdout
    assert "Other weights foresee the answers better than the current ones." in text
    assert all(criterion.text in text for criterion in CRITERIA)
    assert "An accepted pair scores above a rejected one (AUC), now:" in text
    assert "Foreseen chances: slope" in text


@pytest.mark.parametrize("reason", BESIDE_THE_POINT)
def test_rejections_that_say_nothing_about_fit_are_not_learnt_from(me: Actor, reason: str) -> None:
    decide(me, 150, "interests", reason=reason)
    lesson = learn_weights(me, Policy())
    assert lesson.n_decisions == lesson.n_accepted < 100


def test_a_town_learns_from_its_own_decisions_alone(me: Actor) -> None:
    decide(me, 120, "interests")
    other = Actor(None, "other", "coordinator", get_town("enschede").id)
    assert learn_weights(other, Policy()).n_decisions == 0


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("weights = 3", "weights: expected a table"),
        ("[weights]\nlooks = 1", "looks"),
        ("a = [", "not readable"),
    ],
)
def test_a_policy_that_cannot_be_read_changes_nothing(
    me: Actor, command: Callable[..., Any], tmp_path: Path, text: str, sentence: str
) -> None:
    path = tmp_path / "policy.toml"
    path.write_text(text)
    result = command(policy, "--town", "muenster", "--set", str(path))
    assert result.exit_code == 2
    assert sentence in result.stderr
    assert get_town("muenster").policy == ""
    assert uuid.UUID(str(me.town_id)) == get_town("muenster").id


@pytest.mark.parametrize("which", [learn, policy])
def test_towns_there_are_not_are_refused(command: Callable[..., Any], which: click.Command) -> None:
    assert command(which, "--town", "atlantis").exit_code == 2
