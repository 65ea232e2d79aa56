"""what goes away: proposals added in place of others, places taken beyond the capacity, indexes"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

WHILE = {
    "ix_proposal_open_offer": ("proposal", "offer_id", "state = 'open'"),
    "ix_proposal_superseded_by": ("proposal", "superseded_by", "superseded_by IS NOT NULL"),
    "ix_proposal_added_for": ("proposal", "added_for", "added_for IS NOT NULL"),
    "ix_placement_proposal_id": ("placement", "proposal_id", "proposal_id IS NOT NULL"),
    "ix_placement_run_id": ("placement", "run_id", "run_id IS NOT NULL"),
}


def upgrade() -> None:
    op.add_column("proposal", sa.Column("added_for", sa.Uuid(), nullable=True))
    for name, (table, column, condition) in WHILE.items():
        where = sa.text(condition)
        op.create_index(name, table, [column], sqlite_where=where, postgresql_where=where)
    op.create_index("ix_placement_town_day", "placement", ["town_id", "state", "created_at"])


def downgrade() -> None:
    op.drop_index("ix_placement_town_day", "placement")
    for name, (table, _column, _condition) in reversed(WHILE.items()):
        op.drop_index(name, table)
    op.drop_column("proposal", "added_for")
