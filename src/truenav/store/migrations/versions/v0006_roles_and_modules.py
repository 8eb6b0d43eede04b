"""Custom roles, what a person may see, modules and tenants."""

from __future__ import annotations

from alembic import op

revision = "0006"
down_revision = "0005"

_UP = """
"""

_DOWN = """
"""


def upgrade() -> None:
    """Make the tables."""
    _run(_UP)


def downgrade() -> None:
    """Drop them."""
    _run(_DOWN)


def _run(sql: str) -> None:
    connection = op.get_bind().connection.driver_connection
    assert connection is not None
    connection.execute(sql)
