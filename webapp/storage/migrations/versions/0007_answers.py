"""answers that the worker works out"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "answer",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("town_id", sa.Uuid(), nullable=False),
        sa.Column("question", sa.String(length=90), nullable=False),
        sa.Column("language", sa.String(length=20), nullable=False),
        sa.Column("newcomer_id", sa.Uuid(), nullable=True),
        sa.Column("offer_id", sa.Uuid(), nullable=True),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("stage", sa.String(length=20), nullable=False),
        sa.Column("beat_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("result", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("result_of", sa.String(length=64), nullable=False),
        sa.Column("found_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_answer")),
        sa.ForeignKeyConstraint(["town_id"], ["town.id"], name=op.f("fk_answer_town_id_town")),
        sa.ForeignKeyConstraint(
            ["newcomer_id"], ["newcomer.id"], name=op.f("fk_answer_newcomer_id_newcomer"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["offer_id"], ["offer.id"], name=op.f("fk_answer_offer_id_offer"), ondelete="CASCADE"
        ),
        sa.UniqueConstraint("town_id", "question", "language", name=op.f("uq_answer_town_id_question_language")),
        sa.CheckConstraint(
            "state IN ('queued', 'running', 'done', 'failed')", name=op.f("ck_answer_state_known")
        ),
    )
    op.create_index(op.f("ix_answer_town_id"), "answer", ["town_id"])
    op.create_index(op.f("ix_answer_newcomer_id"), "answer", ["newcomer_id"])
    op.create_index(op.f("ix_answer_offer_id"), "answer", ["offer_id"])


def downgrade() -> None:
    op.drop_table("answer")
