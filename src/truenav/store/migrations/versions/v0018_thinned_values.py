"""Indicative values that are old are thinned, so the application may delete them; it may still edit none."""

from __future__ import annotations

from truenav.store.migrations.steps import run

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    """Grant the right."""
    run("GRANT DELETE ON basket_inav TO truenav_app")


def downgrade() -> None:
    """Take it back."""
    run("REVOKE DELETE ON basket_inav FROM truenav_app")
