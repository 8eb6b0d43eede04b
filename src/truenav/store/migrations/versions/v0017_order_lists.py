"""Orders are listed newest first over all accounts, and those that settled lately are compared with facts."""

from __future__ import annotations

from truenav.store.migrations.steps import run

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    """Make the indices."""
    run(
        "CREATE INDEX ix_trade_order_tenant_id_created_at "
        "ON trade_order (tenant_id, created_at, account, client_id)"
    )
    run(
        "CREATE INDEX ix_trade_order_tenant_id_account_updated_at "
        "ON trade_order (tenant_id, account, updated_at)"
    )


def downgrade() -> None:
    """Drop them."""
    run("DROP INDEX ix_trade_order_tenant_id_account_updated_at")
    run("DROP INDEX ix_trade_order_tenant_id_created_at")
