"""more people than places: what an association says is kept; a reason that told of health is not"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("offer", sa.Column("excess", sa.Integer(), nullable=False, server_default="0"))
    op.execute("UPDATE placement SET end_reason = 'other' WHERE end_reason = 'illness'")


def downgrade() -> None:
    op.drop_column("offer", "excess")
