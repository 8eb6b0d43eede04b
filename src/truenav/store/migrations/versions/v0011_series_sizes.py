"""Know the size of many more series than a hundred.

Whoever reads a fund reads some hundred series, and the database chooses between walking down their index and
reading the whole table by what it knows of their sizes.
"""

from __future__ import annotations

from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Sample more rows."""
    op.execute("ALTER TABLE fact ALTER COLUMN series_id SET STATISTICS 1000")


def downgrade() -> None:
    """Sample as of any other column."""
    op.execute("ALTER TABLE fact ALTER COLUMN series_id SET STATISTICS -1")
