"""When each source last answered, found without reading everything that was ever received."""

from __future__ import annotations

from alembic import op

revision = "0008"
down_revision = "0007"

_INDEX = "ix_evidence_tenant_id_connector_account_asked_at"


def upgrade() -> None:
    """Make the index."""
    op.create_index(_INDEX, "evidence", ["tenant_id", "connector", "account", "asked_at"])


def downgrade() -> None:
    """Drop it."""
    op.drop_index(_INDEX, "evidence")
