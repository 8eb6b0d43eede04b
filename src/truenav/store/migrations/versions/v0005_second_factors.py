"""Second factors, recovery codes, single sign-on, and log-in attempts that all processes count together."""

from __future__ import annotations

from truenav.store.migrations.steps import look_up, run, wall_off

revision = "0005"
down_revision = "0004"

_TENANT = "tenant_id text NOT NULL DEFAULT current_setting('truenav.tenant')"
_USER = "FOREIGN KEY (tenant_id, user_id) REFERENCES app_user (tenant_id, id)"

# Sessions from before prove nothing of late, so a sensitive change asks for the password again.
_UP = f"""
ALTER TABLE login_session
    ADD COLUMN authenticated_at timestamptz NOT NULL DEFAULT '1970-01-01T00:00:00Z',
    ADD COLUMN address text NOT NULL DEFAULT 'unknown',
    ADD COLUMN agent text NOT NULL DEFAULT '',
    ADD COLUMN methods text[] NOT NULL DEFAULT '{{password}}',
    ADD COLUMN limited text;
CREATE INDEX ix_login_session_tenant_id_user_id ON login_session (tenant_id, user_id);
CREATE TABLE login_standing (
    {_TENANT},
    user_id text NOT NULL,
    failures integer NOT NULL,
    logged_in_at timestamptz,
    logged_in_from text,
    CONSTRAINT pk_login_standing PRIMARY KEY (tenant_id, user_id),
    CONSTRAINT fk_login_standing_tenant_id_user_id {_USER}
);
CREATE TABLE login_attempt (
    {_TENANT},
    key bytea NOT NULL,
    failures integer NOT NULL,
    blocked_until timestamptz NOT NULL,
    last_at timestamptz NOT NULL,
    CONSTRAINT pk_login_attempt PRIMARY KEY (tenant_id, key)
);
CREATE INDEX ix_login_attempt_last_at ON login_attempt (last_at);
CREATE TABLE login_rules (
    {_TENANT},
    factor_required boolean NOT NULL,
    CONSTRAINT pk_login_rules PRIMARY KEY (tenant_id)
);
CREATE TABLE second_factor (
    {_TENANT},
    id text NOT NULL,
    user_id text NOT NULL,
    kind text NOT NULL,
    name text NOT NULL,
    created_at timestamptz NOT NULL,
    confirmed_at timestamptz,
    last_used_at timestamptz,
    last_step bigint NOT NULL,
    credential_id bytea,
    public_key bytea,
    sign_count bigint NOT NULL,
    CONSTRAINT pk_second_factor PRIMARY KEY (tenant_id, id),
    CONSTRAINT uq_second_factor_credential_id UNIQUE (credential_id),
    CONSTRAINT fk_second_factor_tenant_id_user_id {_USER}
);
CREATE TABLE recovery_code (
    {_TENANT},
    code_hash bytea NOT NULL,
    user_id text NOT NULL,
    created_at timestamptz NOT NULL,
    used_at timestamptz,
    CONSTRAINT pk_recovery_code PRIMARY KEY (tenant_id, code_hash),
    CONSTRAINT fk_recovery_code_tenant_id_user_id {_USER}
);
CREATE TABLE one_time_ticket (
    {_TENANT},
    token_hash bytea NOT NULL,
    purpose text NOT NULL,
    user_id text,
    body jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at timestamptz,
    CONSTRAINT pk_one_time_ticket PRIMARY KEY (tenant_id, token_hash)
);
CREATE TABLE single_sign_on (
    {_TENANT},
    issuer text NOT NULL,
    client_id text NOT NULL,
    hosts text[] NOT NULL,
    domains text[] NOT NULL,
    roles_claim text,
    role_map jsonb NOT NULL,
    creates_users boolean NOT NULL,
    default_roles text[] NOT NULL,
    changed_at timestamptz NOT NULL,
    CONSTRAINT pk_single_sign_on PRIMARY KEY (tenant_id)
);
CREATE TABLE user_identity (
    {_TENANT},
    issuer text NOT NULL,
    subject text NOT NULL,
    user_id text NOT NULL,
    created_at timestamptz NOT NULL,
    CONSTRAINT pk_user_identity PRIMARY KEY (tenant_id, issuer, subject),
    CONSTRAINT fk_user_identity_tenant_id_user_id {_USER}
);
"""

_GRANTS = {
    "login_standing": "SELECT, INSERT, UPDATE",
    "login_attempt": "SELECT, INSERT, UPDATE, DELETE",
    "login_rules": "SELECT, INSERT, UPDATE",
    "second_factor": "SELECT, INSERT, UPDATE, DELETE",
    "recovery_code": "SELECT, INSERT, UPDATE, DELETE",
    "one_time_ticket": "SELECT, INSERT, UPDATE, DELETE",
    "single_sign_on": "SELECT, INSERT, UPDATE, DELETE",
    "user_identity": "SELECT, INSERT, DELETE",
}

_SESSION_COLUMNS = (
    "tenant_id text, user_id text, created_at timestamptz, last_seen_at timestamptz, "
    "expires_at timestamptz, revoked_at timestamptz"
)


def upgrade() -> None:
    """Make the tables and what is looked up before the tenant is known."""
    run(_UP)
    wall_off(_GRANTS)
    look_up(
        "find_session(wanted bytea)",
        f"{_SESSION_COLUMNS}, authenticated_at timestamptz, limited text",
        "SELECT s.tenant_id, s.user_id, s.created_at, s.last_seen_at, s.expires_at, s.revoked_at, "
        "s.authenticated_at, s.limited FROM login_session s WHERE s.token_hash = wanted",
    )
    run("CREATE POLICY owner_lookup ON second_factor FOR SELECT TO CURRENT_USER USING (true)")
    look_up(
        "find_passkey(wanted bytea)",
        "tenant_id text, user_id text, factor_id text",
        "SELECT f.tenant_id, f.user_id, f.id FROM second_factor f "
        "WHERE f.credential_id = wanted AND f.confirmed_at IS NOT NULL",
    )


def downgrade() -> None:
    """Drop them; the older version knows sessions and passwords only."""
    run("DROP FUNCTION find_passkey(bytea)")
    look_up(
        "find_session(wanted bytea)",
        _SESSION_COLUMNS,
        "SELECT s.tenant_id, s.user_id, s.created_at, s.last_seen_at, s.expires_at, s.revoked_at "
        "FROM login_session s WHERE s.token_hash = wanted",
    )
    for table in _GRANTS:
        run(f"DROP TABLE {table}")
    run(
        "DROP INDEX ix_login_session_tenant_id_user_id;"
        "ALTER TABLE login_session DROP COLUMN authenticated_at, DROP COLUMN address, DROP COLUMN agent, "
        "DROP COLUMN methods, DROP COLUMN limited"
    )
