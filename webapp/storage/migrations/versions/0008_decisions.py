"""what a decision says: notes of rejections, rules that a coordinator set aside"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("proposal", sa.Column("note", sa.Text(), nullable=False, server_default=""))
    names = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
    op.add_column("placement", sa.Column("overridden", names, nullable=False, server_default="[]"))
    op.add_column("placement", sa.Column("override_reason", sa.Text(), nullable=False, server_default=""))


def downgrade() -> None:
    op.drop_column("placement", "override_reason")
    op.drop_column("placement", "overridden")
    op.drop_column("proposal", "note")
