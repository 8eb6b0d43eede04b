"""A published creation list can be superseded by a corrected one of the same day, which says why."""

from __future__ import annotations

from truenav.store.migrations.steps import run

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    """A correction may be approved while the list that it takes the place of is still the published one."""
    run(
        "ALTER TABLE basket_list ADD COLUMN reason text;"
        "DROP INDEX uq_basket_list_standing;"
        "CREATE UNIQUE INDEX uq_basket_list_standing ON basket_list (tenant_id, product, trade_day, state) "
        "WHERE state IN ('approved', 'published');"
    )


def downgrade() -> None:
    """Drop both; refused where a correction waits beside a published list."""
    run(
        "DROP INDEX uq_basket_list_standing;"
        "CREATE UNIQUE INDEX uq_basket_list_standing ON basket_list (tenant_id, product, trade_day) "
        "WHERE state IN ('approved', 'published');"
        "ALTER TABLE basket_list DROP COLUMN reason;"
    )
