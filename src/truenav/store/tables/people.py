"""Tenants, their people, what these may do, and how they prove who they are."""

from __future__ import annotations

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Column,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Text,
    UniqueConstraint,
)
from sqlalchemy.dialects.postgresql import JSONB

from truenav.store.tables.parts import hashed, instant, table, words

tenant = table(
    "tenant",
    words("name"),
    instant("created_at"),
    instant("suspended_at", nullable=True),
    PrimaryKeyConstraint("tenant_id"),
)

app_user = table(
    "app_user",
    words("id"),
    words("name"),
    words("email"),
    words("password_hash"),
    Column("roles", ARRAY(Text), nullable=False),
    instant("disabled_at", nullable=True),
    instant("created_at"),
    PrimaryKeyConstraint("tenant_id", "id"),
    UniqueConstraint("tenant_id", "email"),
    Index("ix_app_user_email", "email"),
)

login_session = table(
    "login_session",
    hashed("token_hash"),
    words("user_id"),
    instant("created_at"),
    instant("last_seen_at"),
    instant("expires_at"),
    instant("revoked_at", nullable=True),
    instant("authenticated_at"),
    words("address"),
    words("agent"),
    Column("methods", ARRAY(Text), nullable=False),
    # What the user must mend before anything else: ``factor`` or ``password``. NULL: nothing.
    words("limited", nullable=True),
    PrimaryKeyConstraint("token_hash"),
    ForeignKeyConstraint(["tenant_id", "user_id"], ["app_user.tenant_id", "app_user.id"]),
    Index("ix_login_session_tenant_id_user_id", "tenant_id", "user_id"),
)

api_token = table(
    "api_token",
    words("id"),
    hashed("token_hash"),
    words("user_id"),
    words("name"),
    Column("scopes", ARRAY(Text), nullable=False),
    instant("created_at"),
    instant("expires_at", nullable=True),
    instant("revoked_at", nullable=True),
    PrimaryKeyConstraint("tenant_id", "id"),
    UniqueConstraint("token_hash"),
    ForeignKeyConstraint(["tenant_id", "user_id"], ["app_user.tenant_id", "app_user.id"]),
)

custom_role = table(
    "custom_role",
    words("id"),
    words("name"),
    words("description"),
    Column("actions", ARRAY(Text), nullable=False),
    Column("masks", ARRAY(Text), nullable=False),
    # NULL: every node of the tenant.
    Column("nodes", ARRAY(Text), nullable=True),
    instant("changed_at"),
    words("changed_by"),
    PrimaryKeyConstraint("tenant_id", "id"),
)

user_scope = table(
    "user_scope",
    words("user_id"),
    Column("nodes", ARRAY(Text), nullable=True),
    Column("investors", ARRAY(Text), nullable=False),
    PrimaryKeyConstraint("tenant_id", "user_id"),
    ForeignKeyConstraint(["tenant_id", "user_id"], ["app_user.tenant_id", "app_user.id"]),
)

user_preference = table(
    "user_preference",
    words("user_id"),
    words("language"),
    words("theme"),
    words("numeraire"),
    PrimaryKeyConstraint("tenant_id", "user_id"),
    ForeignKeyConstraint(["tenant_id", "user_id"], ["app_user.tenant_id", "app_user.id"]),
)

module_switch = table(
    "module_switch",
    words("module"),
    Column("enabled", Boolean, nullable=False),
    instant("changed_at"),
    words("changed_by"),
    PrimaryKeyConstraint("tenant_id", "module"),
)

login_standing = table(
    "login_standing",
    words("user_id"),
    Column("failures", Integer, nullable=False),
    instant("logged_in_at", nullable=True),
    words("logged_in_from", nullable=True),
    PrimaryKeyConstraint("tenant_id", "user_id"),
    ForeignKeyConstraint(["tenant_id", "user_id"], ["app_user.tenant_id", "app_user.id"]),
)

# Kept under the reserved tenant of the door: who tries is not known yet.
login_attempt = table(
    "login_attempt",
    hashed("key"),
    Column("failures", Integer, nullable=False),
    instant("blocked_until"),
    instant("last_at"),
    PrimaryKeyConstraint("tenant_id", "key"),
    Index("ix_login_attempt_last_at", "last_at"),
)

login_rules = table(
    "login_rules",
    Column("factor_required", Boolean, nullable=False),
    PrimaryKeyConstraint("tenant_id"),
)

second_factor = table(
    "second_factor",
    words("id"),
    words("user_id"),
    words("kind"),
    words("name"),
    instant("created_at"),
    instant("confirmed_at", nullable=True),
    instant("last_used_at", nullable=True),
    Column("last_step", BigInteger, nullable=False),
    Column("credential_id", LargeBinary, nullable=True),
    Column("public_key", LargeBinary, nullable=True),
    Column("sign_count", BigInteger, nullable=False),
    PrimaryKeyConstraint("tenant_id", "id"),
    UniqueConstraint("credential_id"),
    ForeignKeyConstraint(["tenant_id", "user_id"], ["app_user.tenant_id", "app_user.id"]),
)

recovery_code = table(
    "recovery_code",
    hashed("code_hash"),
    words("user_id"),
    instant("created_at"),
    instant("used_at", nullable=True),
    PrimaryKeyConstraint("tenant_id", "code_hash"),
    ForeignKeyConstraint(["tenant_id", "user_id"], ["app_user.tenant_id", "app_user.id"]),
)

one_time_ticket = table(
    "one_time_ticket",
    hashed("token_hash"),
    words("purpose"),
    words("user_id", nullable=True),
    Column("body", JSONB, nullable=False),
    instant("created_at"),
    instant("expires_at"),
    instant("used_at", nullable=True),
    PrimaryKeyConstraint("tenant_id", "token_hash"),
)

single_sign_on = table(
    "single_sign_on",
    words("issuer"),
    words("client_id"),
    Column("hosts", ARRAY(Text), nullable=False),
    Column("domains", ARRAY(Text), nullable=False),
    words("roles_claim", nullable=True),
    Column("role_map", JSONB, nullable=False),
    Column("creates_users", Boolean, nullable=False),
    Column("default_roles", ARRAY(Text), nullable=False),
    instant("changed_at"),
    PrimaryKeyConstraint("tenant_id"),
)

user_identity = table(
    "user_identity",
    words("issuer"),
    words("subject"),
    words("user_id"),
    instant("created_at"),
    PrimaryKeyConstraint("tenant_id", "issuer", "subject"),
    ForeignKeyConstraint(["tenant_id", "user_id"], ["app_user.tenant_id", "app_user.id"]),
)

secret = table(
    "secret",
    words("id"),
    Column("wrapped_key", LargeBinary, nullable=False),
    Column("nonce", LargeBinary, nullable=False),
    Column("ciphertext", LargeBinary, nullable=False),
    words("key_id"),
    instant("created_at"),
    PrimaryKeyConstraint("tenant_id", "id"),
)
