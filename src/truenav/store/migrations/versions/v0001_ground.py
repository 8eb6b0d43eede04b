"""The ground: tenants and users, journal, runs, the tenant wall and the job queue's own tables."""

from __future__ import annotations

from pathlib import Path

from procrastinate.schema import SchemaManager

from truenav.store.migrations.steps import look_up, run, wall_off

revision = "0001"
down_revision = None

_SQL = Path(__file__).with_suffix(".sql")

_APP = "truenav_app"
_QUEUE = "truenav_queue"

# What the application may do; a table that is not edited in the product is not editable at all.
_GRANTS = {
    "tenant": "SELECT, INSERT",
    "app_user": "SELECT, INSERT, UPDATE",
    "login_session": "SELECT, INSERT, UPDATE",
    "api_token": "SELECT, INSERT, UPDATE",
    "audit_entry": "SELECT, INSERT",
    "definition": "SELECT, INSERT",
    "secret": "SELECT, INSERT, UPDATE, DELETE",
    "evidence": "SELECT, INSERT",
    "segment": "SELECT, INSERT",
    "fact": "SELECT, INSERT",
    "data_issue": "SELECT, INSERT, UPDATE",
    "cursor": "SELECT, INSERT, UPDATE",
    "nav_run": "SELECT, INSERT, UPDATE",
    "nav_run_event": "SELECT, INSERT",
    "idempotency_key": "SELECT, INSERT, UPDATE, DELETE",
    "task_progress": "SELECT, INSERT, UPDATE, DELETE",
}

# Read before the tenant is known, by functions that return no more than the tenant and what to check.
# FORCE holds the owner too, so the owner gets a policy to read by, on these tables alone.
_LOOKED_UP = ("tenant", "app_user", "login_session", "api_token")

_LOOKUPS = {
    "tenant_ids()": (
        "tenant_id text",
        "SELECT t.tenant_id FROM tenant t ORDER BY t.tenant_id",
    ),
    "find_users(wanted text)": (
        "tenant_id text, user_id text, password_hash text, disabled_at timestamptz",
        "SELECT u.tenant_id, u.id, u.password_hash, u.disabled_at FROM app_user u WHERE u.email = wanted",
    ),
    "find_session(wanted bytea)": (
        "tenant_id text, user_id text, created_at timestamptz, last_seen_at timestamptz, "
        "expires_at timestamptz, revoked_at timestamptz",
        "SELECT s.tenant_id, s.user_id, s.created_at, s.last_seen_at, s.expires_at, s.revoked_at "
        "FROM login_session s WHERE s.token_hash = wanted",
    ),
    "find_api_token(wanted bytea)": (
        "tenant_id text, token_id text, user_id text, scopes text[], expires_at timestamptz, "
        "revoked_at timestamptz",
        "SELECT k.tenant_id, k.id, k.user_id, k.scopes, k.expires_at, k.revoked_at "
        "FROM api_token k WHERE k.token_hash = wanted",
    ),
}


def upgrade() -> None:
    """Make everything."""
    run(_SQL.read_text(encoding="utf-8"))
    wall_off(_GRANTS)
    for table in _LOOKED_UP:
        run(f"CREATE POLICY owner_lookup ON {table} FOR SELECT TO CURRENT_USER USING (true)")
    for signature, (columns, query) in _LOOKUPS.items():
        look_up(signature, columns, query)
    run(f"GRANT SELECT ON alembic_version TO {_APP}; GRANT USAGE ON SEQUENCE segment_id_seq TO {_APP}")
    _make_queue()


def downgrade() -> None:
    """Take everything away."""
    for signature in _LOOKUPS:
        run(f"DROP FUNCTION {signature}")
    for table in _GRANTS:
        run(f"DROP TABLE {table} CASCADE")
    run(_DROP_QUEUE)


def _make_queue() -> None:
    """The tables of procrastinate; the application may only add jobs, in its own transactions."""
    run(SchemaManager.get_schema())
    run(
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON procrastinate_jobs, procrastinate_events, "
        f"procrastinate_periodic_defers, procrastinate_workers TO {_QUEUE};"
        f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {_QUEUE};"
        "ALTER FUNCTION procrastinate_defer_jobs_v1(procrastinate_job_to_defer_v1[]) "
        "SECURITY DEFINER SET search_path = public, pg_temp;"
        "REVOKE ALL ON FUNCTION procrastinate_defer_jobs_v1(procrastinate_job_to_defer_v1[]) FROM PUBLIC;"
        "GRANT EXECUTE ON FUNCTION procrastinate_defer_jobs_v1(procrastinate_job_to_defer_v1[]) "
        f"TO {_APP}, {_QUEUE};"
    )


_DROP_QUEUE = """
DROP TABLE procrastinate_events, procrastinate_periodic_defers, procrastinate_jobs,
    procrastinate_workers CASCADE;
DO $$
DECLARE one record;
BEGIN
    FOR one IN SELECT oid::regprocedure AS name FROM pg_proc
        WHERE proname LIKE 'procrastinate\\_%' AND pronamespace = 'public'::regnamespace
    LOOP EXECUTE 'DROP FUNCTION ' || one.name || ' CASCADE'; END LOOP;
END $$;
DROP TYPE procrastinate_job_to_defer_v1, procrastinate_job_status, procrastinate_job_event_type CASCADE;
"""
