"""Schedules run exactly once, leaders are numbered, and a queueing lock holds back waiting jobs only."""

from __future__ import annotations

from truenav.store.migrations.steps import run

revision = "0002"
down_revision = "0001"

_UP = """
CREATE TABLE schedule_due (
    tenant_id text NOT NULL DEFAULT current_setting('truenav.tenant'),
    schedule text NOT NULL,
    due_at timestamptz NOT NULL,
    claimed_at timestamptz NOT NULL,
    CONSTRAINT pk_schedule_due PRIMARY KEY (tenant_id, schedule, due_at)
);
ALTER TABLE schedule_due ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_wall ON schedule_due
    USING (tenant_id = current_setting('truenav.tenant', true))
    WITH CHECK (tenant_id = current_setting('truenav.tenant', true) AND tenant_id <> '');
GRANT SELECT, INSERT ON schedule_due TO truenav_app;

CREATE SEQUENCE leader_fence;
GRANT SELECT, USAGE ON SEQUENCE leader_fence TO truenav_queue;
GRANT SELECT ON SEQUENCE leader_fence TO truenav_app;

-- A job that is being done holds its queueing lock no longer: if it must be done again while another one
-- waits under the same lock, both can wait.
CREATE FUNCTION release_queueing_lock() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.queueing_lock := NULL;
    RETURN NEW;
END $$;
CREATE TRIGGER release_queueing_lock BEFORE UPDATE OF status ON procrastinate_jobs
    FOR EACH ROW WHEN (NEW.status = 'doing') EXECUTE FUNCTION release_queueing_lock();
"""

_DOWN = """
DROP TRIGGER release_queueing_lock ON procrastinate_jobs;
DROP FUNCTION release_queueing_lock();
DROP SEQUENCE leader_fence;
DROP TABLE schedule_due;
"""


def upgrade() -> None:
    """Make the table, the sequence and the trigger."""
    run(_UP)


def downgrade() -> None:
    """Take them away."""
    run(_DOWN)
