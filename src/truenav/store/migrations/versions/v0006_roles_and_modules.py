"""Custom roles, what a person may see, modules, preferences, and tenants that can be stopped and erased."""

from __future__ import annotations

from truenav.store.migrations.steps import run, wall_off

revision = "0006"
down_revision = "0005"

_TABLES = """
CREATE TABLE custom_role (
    tenant_id text NOT NULL DEFAULT current_setting('truenav.tenant'),
    id text NOT NULL,
    name text NOT NULL,
    description text NOT NULL,
    actions text[] NOT NULL,
    masks text[] NOT NULL,
    nodes text[],
    changed_at timestamptz NOT NULL,
    changed_by text NOT NULL,
    CONSTRAINT pk_custom_role PRIMARY KEY (tenant_id, id)
);
CREATE TABLE user_scope (
    tenant_id text NOT NULL DEFAULT current_setting('truenav.tenant'),
    user_id text NOT NULL,
    nodes text[],
    investors text[] NOT NULL,
    CONSTRAINT pk_user_scope PRIMARY KEY (tenant_id, user_id),
    CONSTRAINT fk_user_scope_tenant_id_user_id FOREIGN KEY (tenant_id, user_id)
        REFERENCES app_user (tenant_id, id)
);
CREATE TABLE user_preference (
    tenant_id text NOT NULL DEFAULT current_setting('truenav.tenant'),
    user_id text NOT NULL,
    language text NOT NULL,
    theme text NOT NULL,
    numeraire text NOT NULL,
    CONSTRAINT pk_user_preference PRIMARY KEY (tenant_id, user_id),
    CONSTRAINT fk_user_preference_tenant_id_user_id FOREIGN KEY (tenant_id, user_id)
        REFERENCES app_user (tenant_id, id)
);
CREATE TABLE module_switch (
    tenant_id text NOT NULL DEFAULT current_setting('truenav.tenant'),
    module text NOT NULL,
    enabled boolean NOT NULL,
    changed_at timestamptz NOT NULL,
    changed_by text NOT NULL,
    CONSTRAINT pk_module_switch PRIMARY KEY (tenant_id, module)
);
"""

_GRANTS = {
    "custom_role": "SELECT, INSERT, UPDATE, DELETE",
    "user_scope": "SELECT, INSERT, UPDATE",
    "user_preference": "SELECT, INSERT, UPDATE",
    "module_switch": "SELECT, INSERT, UPDATE",
}

# The rows of a suspended tenant can be erased, and only its own: the function deletes under the wall of the
# transaction's tenant, children before parents whatever tables there are.
_TENANTS = """
ALTER TABLE tenant ADD COLUMN suspended_at timestamptz;
GRANT UPDATE (suspended_at) ON tenant TO truenav_app;
CREATE FUNCTION list_tenants()
    RETURNS TABLE (tenant_id text, name text, created_at timestamptz, suspended_at timestamptz)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS
    $$ SELECT t.tenant_id, t.name, t.created_at, t.suspended_at FROM tenant t ORDER BY t.tenant_id $$;
CREATE FUNCTION tenant_at_work() RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path = public, pg_temp AS $$
    SELECT EXISTS (SELECT 1 FROM procrastinate_jobs
        WHERE args ->> 'tenant' = current_setting('truenav.tenant') AND status = 'doing')
    $$;
CREATE FUNCTION erase_tenant() RETURNS TABLE (erased_table text, erased_rows bigint) LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    gone text := current_setting('truenav.tenant');
    waiting text[];
    one text;
    again text[];
    hit bigint;
BEGIN
    IF NOT EXISTS (SELECT 1 FROM tenant t WHERE t.tenant_id = gone AND t.suspended_at IS NOT NULL) THEN
        RAISE EXCEPTION 'only a suspended tenant can be erased' USING ERRCODE = 'TN001';
    END IF;
    SELECT array_agg(c.relname::text ORDER BY c.relname) INTO waiting
        FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id'
        WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace;
    WHILE cardinality(waiting) > 0 LOOP
        again := '{}';
        FOREACH one IN ARRAY waiting LOOP
            BEGIN
                EXECUTE format('DELETE FROM %I WHERE tenant_id = $1', one) USING gone;
                GET DIAGNOSTICS hit = ROW_COUNT;
                erased_table := one;
                erased_rows := hit;
                RETURN NEXT;
            EXCEPTION WHEN foreign_key_violation THEN
                again := again || one;
            END;
        END LOOP;
        IF cardinality(again) = cardinality(waiting) THEN
            RAISE EXCEPTION 'rows of % hold each other', again;
        END IF;
        waiting := again;
    END LOOP;
    DELETE FROM procrastinate_jobs WHERE args ->> 'tenant' = gone AND status <> 'doing';
    GET DIAGNOSTICS hit = ROW_COUNT;
    erased_table := 'procrastinate_jobs';
    erased_rows := hit;
    RETURN NEXT;
END $$;
REVOKE ALL ON FUNCTION list_tenants(), tenant_at_work(), erase_tenant() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION list_tenants(), tenant_at_work(), erase_tenant() TO truenav_app;
"""

_DOWN = """
DROP FUNCTION erase_tenant();
DROP FUNCTION tenant_at_work();
DROP FUNCTION list_tenants();
ALTER TABLE tenant DROP COLUMN suspended_at;
DROP TABLE module_switch;
DROP TABLE user_preference;
DROP TABLE user_scope;
DROP TABLE custom_role;
"""


def upgrade() -> None:
    """Make the tables, and the functions of tenants."""
    run(_TABLES)
    wall_off(_GRANTS)
    run(_TENANTS)


def downgrade() -> None:
    """Take them away."""
    run(_DOWN)
