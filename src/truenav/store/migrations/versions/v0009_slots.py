"""One narrow random index a fact in place of two: the slot that only one fact may hold.

The slot is the beginning of the key's hash for an original, of the corrected fact's hash for a correction.
"""

from __future__ import annotations

from truenav.store.migrations.steps import run

revision = "0009"
down_revision = "0008"

_UP = """
ALTER TABLE fact NO FORCE ROW LEVEL SECURITY;
ALTER TABLE fact ADD COLUMN slot uuid;
UPDATE fact SET slot = encode(substring(coalesce(supersedes, key_hash) FOR 16), 'hex')::uuid;
ALTER TABLE fact ALTER COLUMN slot SET NOT NULL, DROP COLUMN key_hash, FORCE ROW LEVEL SECURITY;
CREATE UNIQUE INDEX uq_fact_slot ON fact (slot, tenant_id);
DROP INDEX uq_fact_supersedes;
CREATE INDEX ix_fact_supersedes ON fact (supersedes) WHERE supersedes IS NOT NULL;
"""

# The key of a statement that lies in a segment cannot be told here: such a journal goes back by restoring.
_DOWN = """
ALTER TABLE fact NO FORCE ROW LEVEL SECURITY;
ALTER TABLE series NO FORCE ROW LEVEL SECURITY;
DO $$ BEGIN IF EXISTS (SELECT FROM fact WHERE statement IS NULL) THEN RAISE EXCEPTION
    'Facts lie in segments, which the older version cannot key. Restore a backup of that version.';
END IF; END $$;
ALTER TABLE fact ADD COLUMN key_hash bytea;
UPDATE fact SET key_hash = sha256(
    convert_to(series.source, 'UTF8') || '\\x00' || convert_to(series.account, 'UTF8') || '\\x00'
    || convert_to(series.kind, 'UTF8') || '\\x00'
    || convert_to(statement::jsonb ->> 'external_id', 'UTF8'))
    FROM series WHERE series.tenant_id = fact.tenant_id AND series.id = fact.series_id;
DROP INDEX uq_fact_slot;
DROP INDEX ix_fact_supersedes;
ALTER TABLE fact ALTER COLUMN key_hash SET NOT NULL, DROP COLUMN slot, FORCE ROW LEVEL SECURITY;
ALTER TABLE series FORCE ROW LEVEL SECURITY;
CREATE UNIQUE INDEX uq_fact_original ON fact (key_hash, tenant_id) WHERE supersedes IS NULL;
CREATE UNIQUE INDEX uq_fact_supersedes ON fact (supersedes, tenant_id) WHERE supersedes IS NOT NULL;
"""


def upgrade() -> None:
    """Change the index."""
    run(_UP)


def downgrade() -> None:
    """Change it back."""
    run(_DOWN)
