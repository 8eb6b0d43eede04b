"""What people want of the products that are run here, and how many deeds each chapter holds."""

from __future__ import annotations

from truenav.store.migrations.steps import run, wall_off

revision = "0014"
down_revision = "0013"

_TENANT = "tenant_id text NOT NULL DEFAULT current_setting('truenav.tenant')"

_TABLES = f"""
ALTER TABLE product_chapter ADD COLUMN deeds integer NOT NULL DEFAULT 0;
ALTER TABLE product_chapter ALTER COLUMN deeds DROP DEFAULT;
CREATE INDEX ix_product_chapter_deeds ON product_chapter (tenant_id, listing, number) WHERE deeds > 0;
CREATE TABLE product_instruction (
    {_TENANT},
    id text NOT NULL,
    listing text NOT NULL,
    state text NOT NULL,
    made_at timestamptz NOT NULL,
    version integer NOT NULL,
    body jsonb NOT NULL,
    CONSTRAINT pk_product_instruction PRIMARY KEY (tenant_id, id)
);
CREATE INDEX ix_product_instruction_tenant_id_listing_made_at
    ON product_instruction (tenant_id, listing, made_at);
CREATE INDEX ix_product_instruction_waiting ON product_instruction (tenant_id, made_at)
    WHERE state IN ('requested', 'approved');
"""


def upgrade() -> None:
    """Make the table, its wall, and tell who looks of each change."""
    run(_TABLES)
    wall_off({"product_instruction": "SELECT, INSERT, UPDATE"})
    run(
        "CREATE TRIGGER note_change AFTER INSERT OR UPDATE ON product_instruction "
        "FOR EACH STATEMENT EXECUTE FUNCTION note_change()"
    )


def downgrade() -> None:
    """Drop them."""
    run("DROP TABLE product_instruction; ALTER TABLE product_chapter DROP COLUMN deeds")
