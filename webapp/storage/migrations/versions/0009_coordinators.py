"""who looks after whom, and who stands in"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("user_account") as table:
        table.add_column(sa.Column("away_until", sa.Date(), nullable=True))
        table.add_column(sa.Column("deputy_id", sa.Uuid(), nullable=True))
        table.create_foreign_key(
            op.f("fk_user_account_deputy_id_user_account"),
            "user_account",
            ["deputy_id"],
            ["id"],
            ondelete="SET NULL",
        )
    with op.batch_alter_table("newcomer") as table:
        table.add_column(sa.Column("coordinator_id", sa.Uuid(), nullable=True))
        table.create_foreign_key(
            op.f("fk_newcomer_coordinator_id_user_account"),
            "user_account",
            ["coordinator_id"],
            ["id"],
            ondelete="SET NULL",
        )
        table.create_index(op.f("ix_newcomer_coordinator_id"), ["coordinator_id"])


def downgrade() -> None:
    with op.batch_alter_table("newcomer") as table:
        table.drop_index(op.f("ix_newcomer_coordinator_id"))
        table.drop_constraint(op.f("fk_newcomer_coordinator_id_user_account"), type_="foreignkey")
        table.drop_column("coordinator_id")
    with op.batch_alter_table("user_account") as table:
        table.drop_constraint(op.f("fk_user_account_deputy_id_user_account"), type_="foreignkey")
        table.drop_column("deputy_id")
        table.drop_column("away_until")
