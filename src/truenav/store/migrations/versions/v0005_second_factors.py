"""Second factors, recovery codes and single sign-on."""

from __future__ import annotations

from alembic import op

revision = "0005"
down_revision = "0004"

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
