"""indexes that hold all that the board asks of everybody"""

from __future__ import annotations

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

BOARD = ["town_id", "state", "urgency"]


def upgrade() -> None:
    op.create_index("ix_newcomer_open", "newcomer", ["id", "status", "consent"])
    op.create_index("ix_offer_open", "offer", ["id", "status"])
    op.drop_index("ix_proposal_board", "proposal")
    op.create_index("ix_proposal_board", "proposal", [*BOARD, "newcomer_id", "offer_id", "kind"])


def downgrade() -> None:
    op.drop_index("ix_proposal_board", "proposal")
    op.create_index("ix_proposal_board", "proposal", BOARD)
    op.drop_index("ix_offer_open", "offer")
    op.drop_index("ix_newcomer_open", "newcomer")
