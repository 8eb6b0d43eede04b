"""One random index a fact instead of two: what a statement says names its key, so the key is enough.

Looking a fact up by its hash is rare (a correction names what it corrects); a bloom index finds it and
costs the bulk append next to nothing.
"""

from __future__ import annotations

from truenav.store.migrations.steps import run

revision = "0004"
down_revision = "0003"

_UP = """
ALTER TABLE fact DROP CONSTRAINT pk_fact;
CREATE INDEX ix_fact_content_hash ON fact USING brin (content_hash bytea_bloom_ops) WITH (autosummarize = on);
"""

_DOWN = """
DROP INDEX ix_fact_content_hash;
ALTER TABLE fact ADD CONSTRAINT pk_fact PRIMARY KEY (content_hash, tenant_id);
"""


def upgrade() -> None:
    """Change the index."""
    run(_UP)


def downgrade() -> None:
    """Change it back."""
    run(_DOWN)
