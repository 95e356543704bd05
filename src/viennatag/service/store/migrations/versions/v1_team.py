"""Users, marks, examinations and the audit trail."""

import sqlalchemy as sa
from alembic import op

revision = "1"
down_revision = None


def upgrade() -> None:
    """Make the tables of a team."""
    time = sa.DateTime(timezone=True)
    op.create_table(
        "users",
        sa.Column("name", sa.String(64), primary_key=True),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("token_hash", sa.String(64), unique=True),
        sa.Column("created", time, nullable=False),
    )
    op.create_table(
        "marks",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("image_hash", sa.String(64), unique=True),
        sa.Column("name", sa.String(255), nullable=False, index=True),
        sa.Column("model", sa.String(255), nullable=False),
        sa.Column("suggestions", sa.JSON, nullable=False),
        sa.Column("state", sa.String(16), nullable=False, index=True),
        sa.Column("created", time, nullable=False),
    )
    op.create_table(
        "examinations",
        sa.Column("mark_id", sa.Integer, sa.ForeignKey("marks.id"), primary_key=True),
        sa.Column("stage", sa.String(16), primary_key=True),
        sa.Column("assigned_to", sa.String(64), sa.ForeignKey("users.name"), index=True),
        sa.Column("examiner", sa.String(64), sa.ForeignKey("users.name")),
        sa.Column("decisions", sa.JSON, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("changed", time),
        sa.Column("done", time),
    )
    op.create_table(
        "events",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("at", time, nullable=False),
        sa.Column("user_name", sa.String(64), sa.ForeignKey("users.name"), index=True),
        sa.Column("action", sa.String(16), nullable=False),
        sa.Column("mark_id", sa.Integer, sa.ForeignKey("marks.id")),
        sa.Column("stage", sa.String(16)),
        sa.Column("details", sa.JSON, nullable=False),
    )
    op.create_index("ix_events_mark", "events", ["mark_id", "stage"])
