"""Saved views and notices, summaries of results, and a note of every change for who keeps what it read."""

from __future__ import annotations

from truenav.store.migrations.steps import run, wall_off

revision = "0007"
down_revision = "0006"

_APP = "truenav_app"
_TENANT = "tenant_id text NOT NULL DEFAULT current_setting('truenav.tenant')"

_GRANTS = {
    "change": "SELECT, INSERT, DELETE",
    "nav_summary": "SELECT, INSERT, DELETE",
    "saved_view": "SELECT, INSERT, UPDATE, DELETE",
    "notice_channel": "SELECT, INSERT, UPDATE, DELETE",
    "allowed_host": "SELECT, INSERT, DELETE",
    "notice": "SELECT, INSERT, DELETE",
    "notice_delivery": "SELECT, INSERT, UPDATE, DELETE",
}

_WATCHED = {
    "fact": "INSERT",
    "definition": "INSERT",
    "nav_run": "INSERT OR UPDATE",
    "data_issue": "INSERT OR UPDATE",
}

_TABLES = f"""
CREATE TABLE change (
    {_TENANT},
    what text NOT NULL,
    xid bigint NOT NULL DEFAULT pg_current_xact_id()::text::bigint,
    at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT pk_change PRIMARY KEY (tenant_id, xid, what)
);
CREATE TABLE nav_summary (
    {_TENANT},
    result_sha bytea NOT NULL,
    body text NOT NULL,
    CONSTRAINT pk_nav_summary PRIMARY KEY (tenant_id, result_sha)
);
CREATE TABLE saved_view (
    {_TENANT},
    id text NOT NULL,
    user_id text NOT NULL,
    page text NOT NULL,
    name text NOT NULL,
    body text NOT NULL,
    shared boolean NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    version integer NOT NULL,
    CONSTRAINT pk_saved_view PRIMARY KEY (tenant_id, id),
    CONSTRAINT fk_saved_view_tenant_id_user_id FOREIGN KEY (tenant_id, user_id)
        REFERENCES app_user (tenant_id, id)
);
CREATE INDEX ix_saved_view_tenant_id_user_id ON saved_view (tenant_id, user_id);
CREATE TABLE notice_channel (
    {_TENANT},
    id text NOT NULL,
    user_id text,
    kind text NOT NULL,
    target text NOT NULL,
    events text[] NOT NULL,
    enabled boolean NOT NULL,
    created_at timestamptz NOT NULL,
    CONSTRAINT pk_notice_channel PRIMARY KEY (tenant_id, id),
    CONSTRAINT fk_notice_channel_tenant_id_user_id FOREIGN KEY (tenant_id, user_id)
        REFERENCES app_user (tenant_id, id)
);
CREATE TABLE allowed_host (
    {_TENANT},
    host text NOT NULL,
    allowed_by text NOT NULL,
    allowed_at timestamptz NOT NULL,
    CONSTRAINT pk_allowed_host PRIMARY KEY (tenant_id, host)
);
CREATE TABLE notice (
    {_TENANT},
    id text NOT NULL,
    event text NOT NULL,
    subject text NOT NULL,
    body text NOT NULL,
    at timestamptz NOT NULL,
    CONSTRAINT pk_notice PRIMARY KEY (tenant_id, id)
);
CREATE TABLE notice_delivery (
    {_TENANT},
    notice_id text NOT NULL,
    channel_id text NOT NULL,
    state text NOT NULL,
    attempts integer NOT NULL,
    next_at timestamptz NOT NULL,
    sent_at timestamptz,
    error text,
    CONSTRAINT pk_notice_delivery PRIMARY KEY (tenant_id, notice_id, channel_id),
    CONSTRAINT fk_notice_delivery_tenant_id_notice_id FOREIGN KEY (tenant_id, notice_id)
        REFERENCES notice (tenant_id, id),
    CONSTRAINT fk_notice_delivery_tenant_id_channel_id FOREIGN KEY (tenant_id, channel_id)
        REFERENCES notice_channel (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX ix_notice_delivery_next_at ON notice_delivery (next_at) WHERE state = 'waiting';
"""

# One row and one piece of news a transaction and table, however many rows it wrote: who keeps a value that
# was computed from these tables can ask whether it still stands, and who looks is told when it does not.
_NOTE = """
CREATE FUNCTION note_change() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE tenant text := current_setting('truenav.tenant', true);
BEGIN
    IF tenant IS NULL OR tenant = '' THEN RETURN NULL; END IF;
    INSERT INTO public.change (what) VALUES (TG_TABLE_NAME) ON CONFLICT DO NOTHING;
    IF FOUND THEN
        PERFORM pg_notify('truenav', json_build_object('tenant', tenant, 'payload',
            json_build_object('kind', 'changed', 'what', TG_TABLE_NAME))::text);
    END IF;
    RETURN NULL;
END $$;
"""


def upgrade() -> None:
    """Make the tables, their walls, and the triggers."""
    run(_TABLES)
    wall_off(_GRANTS)
    run(_NOTE)
    for table, events in _WATCHED.items():
        run(
            f"CREATE TRIGGER note_change AFTER {events} ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION note_change()"
        )


def downgrade() -> None:
    """Drop them."""
    for table in _WATCHED:
        run(f"DROP TRIGGER note_change ON {table}")
    run("DROP FUNCTION note_change()")
    for table in reversed(_GRANTS):
        run(f"DROP TABLE {table}")
