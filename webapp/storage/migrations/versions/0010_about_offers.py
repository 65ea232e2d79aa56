"""a telephone number, and what offers say about themselves"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("offer", sa.Column("contact_phone", sa.String(60), nullable=False, server_default=""))
    op.add_column("offer", sa.Column("about", sa.String(1000), nullable=False, server_default=""))


def downgrade() -> None:
    op.drop_column("offer", "about")
    op.drop_column("offer", "contact_phone")
