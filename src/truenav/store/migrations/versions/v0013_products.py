"""What the products that are run here went through, chapter by chapter."""

from __future__ import annotations

from truenav.store.migrations.steps import run, wall_off

revision = "0013"
down_revision = "0012"

_TENANT = "tenant_id text NOT NULL DEFAULT current_setting('truenav.tenant')"

_TABLES = f"""
CREATE TABLE product_chapter (
    {_TENANT},
    listing text NOT NULL,
    number bigint NOT NULL,
    from_at timestamptz NOT NULL,
    until_at timestamptz NOT NULL,
    steps integer NOT NULL,
    body jsonb NOT NULL,
    CONSTRAINT pk_product_chapter PRIMARY KEY (tenant_id, listing, number)
);
CREATE INDEX ix_product_chapter_tenant_id_listing_until_at
    ON product_chapter (tenant_id, listing, until_at);
CREATE INDEX ix_product_chapter_steps ON product_chapter (tenant_id, listing, number) WHERE steps > 0;
"""


def upgrade() -> None:
    """Make the table, its wall, and tell who looks of each chapter."""
    run(_TABLES)
    wall_off({"product_chapter": "SELECT, INSERT"})
    run(
        "CREATE TRIGGER note_change AFTER INSERT ON product_chapter "
        "FOR EACH STATEMENT EXECUTE FUNCTION note_change()"
    )


def downgrade() -> None:
    """Drop it."""
    run("DROP TABLE product_chapter")
