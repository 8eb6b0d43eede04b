"""Basket products: creation lists, the journal of their orders, and indicative values."""

from __future__ import annotations

from truenav.store.migrations.steps import run, wall_off

revision = "0016"
down_revision = "0014"

_TENANT = "tenant_id text NOT NULL DEFAULT current_setting('truenav.tenant')"

_TABLES = f"""
CREATE TABLE basket_list (
    {_TENANT},
    product text NOT NULL,
    trade_day date NOT NULL,
    version integer NOT NULL,
    state text NOT NULL,
    document_sha bytea NOT NULL,
    body jsonb NOT NULL,
    made_by text NOT NULL,
    made_at timestamptz NOT NULL,
    approved_by text,
    approved_at timestamptz,
    published_by text,
    published_at timestamptz,
    note text,
    CONSTRAINT pk_basket_list PRIMARY KEY (tenant_id, product, trade_day, version)
);
CREATE UNIQUE INDEX uq_basket_list_standing ON basket_list (tenant_id, product, trade_day)
    WHERE state IN ('approved', 'published');

CREATE TABLE basket_fact (
    {_TENANT},
    product text NOT NULL,
    number bigint NOT NULL,
    kind text NOT NULL,
    participant text,
    client_id text,
    reference text,
    at timestamptz NOT NULL,
    actor text NOT NULL,
    body jsonb NOT NULL,
    CONSTRAINT pk_basket_fact PRIMARY KEY (tenant_id, product, number)
);
CREATE UNIQUE INDEX uq_basket_fact_received ON basket_fact (tenant_id, participant, client_id)
    WHERE kind = 'received';
CREATE UNIQUE INDEX uq_basket_fact_reference ON basket_fact (tenant_id, reference)
    WHERE reference IS NOT NULL;

CREATE TABLE basket_inav (
    {_TENANT},
    product text NOT NULL,
    at timestamptz NOT NULL,
    body jsonb NOT NULL,
    CONSTRAINT pk_basket_inav PRIMARY KEY (tenant_id, product, at)
);
"""

_DECISIONS = "state, approved_by, approved_at, published_by, published_at, note"


def upgrade() -> None:
    """Make the tables and their walls; of a list only what was decided about it may change."""
    run(_TABLES)
    wall_off(
        {
            "basket_list": f"SELECT, INSERT, UPDATE ({_DECISIONS})",
            "basket_fact": "SELECT, INSERT",
            "basket_inav": "SELECT, INSERT",
        }
    )
    run(
        "CREATE TRIGGER note_change AFTER INSERT OR UPDATE ON basket_list "
        "FOR EACH STATEMENT EXECUTE FUNCTION note_change();"
        "CREATE TRIGGER note_change AFTER INSERT ON basket_fact "
        "FOR EACH STATEMENT EXECUTE FUNCTION note_change();"
    )


def downgrade() -> None:
    """Drop them."""
    run("DROP TABLE basket_inav, basket_fact, basket_list")
