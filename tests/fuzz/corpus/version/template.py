"""Add a note

Revision ID: aaaa00000002
Revises: 981cbaae32a1
Create Date: 2026-02-12 23:20:18.123456

"""
from typing import Sequence, Union

from alembic import op
import sqlalchemy as sa


revision: str = 'aaaa00000002'
down_revision: Union[str, Sequence[str], None] = '981cbaae32a1'
branch_labels = depends_on = None


def upgrade() -> None:
    op.add_column("accounts", sa.Column("note", sa.Text))


def downgrade() -> None:
    with op.batch_alter_table("accounts") as batch:
        batch.drop_column("note")
