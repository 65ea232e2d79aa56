"""indexes for the figures of a town: who is new, who waits"""

from __future__ import annotations

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_WANTS = ("wants_association", "wants_mentor", "wants_neighbour")
_PLACED = ("placed_association", "placed_mentor", "placed_neighbour")


def upgrade() -> None:
    op.create_index("ix_newcomer_town_id_created_at", "newcomer", ["town_id", "created_at"])
    op.create_index("ix_newcomer_waiting", "newcomer", ["town_id", "status", "id", *_WANTS, *_PLACED])


def downgrade() -> None:
    op.drop_index("ix_newcomer_waiting", "newcomer")
    op.drop_index("ix_newcomer_town_id_created_at", "newcomer")
