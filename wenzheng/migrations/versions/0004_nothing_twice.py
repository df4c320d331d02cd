"""What keeps a message from being answered twice, the windows of customer messages, a shared access token."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_WINDOWS = ("message_window", "tap_window")


def upgrade() -> None:
    with op.batch_alter_table("answers") as answers:
        answers.add_column(sa.Column("message_id", sa.String(80)))
    with op.batch_alter_table("inbox") as inbox:
        inbox.add_column(sa.Column("menu_option", sa.String(20)))
        inbox.add_column(sa.Column("replied_at", sa.Float))
    with op.batch_alter_table("outbox") as outbox:
        outbox.add_column(sa.Column("carried_by", sa.Integer))
    with op.batch_alter_table("citizens") as citizens:
        for window in _WINDOWS:
            citizens.add_column(sa.Column(f"{window}_at", sa.Float))
            citizens.add_column(sa.Column(f"{window}_sent", sa.Integer, nullable=False, server_default="0"))
    op.create_table(
        "access_tokens",
        sa.Column("appid", sa.String(64), primary_key=True),
        sa.Column("token", sa.Text, nullable=False),
        sa.Column("valid_until", sa.Float, nullable=False),
        sa.Column("fetching_until", sa.Float, nullable=False),
    )


def downgrade() -> None:
    op.drop_table("access_tokens")
    with op.batch_alter_table("citizens") as citizens:
        for window in _WINDOWS:
            citizens.drop_column(f"{window}_sent")
            citizens.drop_column(f"{window}_at")
    with op.batch_alter_table("outbox") as outbox:
        outbox.drop_column("carried_by")
    with op.batch_alter_table("inbox") as inbox:
        inbox.drop_column("replied_at")
        inbox.drop_column("menu_option")
    with op.batch_alter_table("answers") as answers:
        answers.drop_column("message_id")
