"""Orders at venues: each with its trail, and who may work those of an account."""

from __future__ import annotations

from truenav.store.migrations.steps import run, wall_off

revision = "0012"
down_revision = "0011"

_TENANT = "tenant_id text NOT NULL DEFAULT current_setting('truenav.tenant')"

_GRANTS = {
    "trade_order": "SELECT, INSERT, UPDATE",
    "trade_order_event": "SELECT, INSERT",
    "order_executor": "SELECT, INSERT, UPDATE",
}

_TABLES = f"""
CREATE TABLE trade_order (
    {_TENANT},
    account text NOT NULL,
    client_id text NOT NULL,
    instrument text NOT NULL,
    state text NOT NULL,
    settled boolean NOT NULL,
    body jsonb NOT NULL,
    fence bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    version integer NOT NULL,
    CONSTRAINT pk_trade_order PRIMARY KEY (tenant_id, account, client_id)
);
CREATE INDEX ix_trade_order_tenant_id_account_created_at ON trade_order (tenant_id, account, created_at);
CREATE INDEX ix_trade_order_unsettled ON trade_order (tenant_id, account) WHERE NOT settled;
CREATE TABLE trade_order_event (
    {_TENANT},
    account text NOT NULL,
    client_id text NOT NULL,
    version integer NOT NULL,
    at timestamptz NOT NULL,
    actor text NOT NULL,
    state text NOT NULL,
    note text NOT NULL,
    evidence bytea,
    CONSTRAINT pk_trade_order_event PRIMARY KEY (tenant_id, account, client_id, version),
    CONSTRAINT fk_trade_order_event_tenant_id_account_client_id FOREIGN KEY (tenant_id, account, client_id)
        REFERENCES trade_order (tenant_id, account, client_id)
);
CREATE TABLE order_executor (
    {_TENANT},
    account text NOT NULL,
    fence bigint NOT NULL,
    taken_at timestamptz NOT NULL,
    CONSTRAINT pk_order_executor PRIMARY KEY (tenant_id, account)
);
"""


def upgrade() -> None:
    """Make the tables and their walls."""
    run(_TABLES)
    wall_off(_GRANTS)


def downgrade() -> None:
    """Drop them."""
    for table in ("order_executor", "trade_order_event", "trade_order"):
        run(f"DROP TABLE {table}")
