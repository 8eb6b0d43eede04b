"""The tables, as SQLAlchemy Core sees them; the migrations make them.

Every table holds rows of tenants: ``tenant_id`` is filled in by the database from the transaction's
tenant, and row-level security shows and accepts that tenant's rows only. No statement of ours names it.
Hashes are ``bytea`` of 32 bytes; instants are UTC; exact numbers are text inside JSON.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.schema import SchemaItem

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

APPEND_ONLY = ("audit_entry", "definition", "evidence", "fact", "nav_run_event", "segment", "series")
"""Tables that the application may read and add to, never edit or delete from."""


def _tenant() -> Column[str]:
    return Column("tenant_id", Text, nullable=False, server_default=text("current_setting('truenav.tenant')"))


def _instant(name: str, *, nullable: bool = False) -> Column[Any]:
    return Column(name, DateTime(timezone=True), nullable=nullable)


def _text(name: str, *, nullable: bool = False) -> Column[str]:
    return Column(name, Text, nullable=nullable)


def _hash(name: str, *, nullable: bool = False) -> Column[bytes]:
    return Column(name, LargeBinary, nullable=nullable)


def _table(name: str, *parts: SchemaItem) -> Table:
    return Table(name, metadata, _tenant(), *parts, implicit_returning=False)


tenant = _table(
    "tenant",
    _text("name"),
    _instant("created_at"),
    _instant("suspended_at", nullable=True),
    PrimaryKeyConstraint("tenant_id"),
)

app_user = _table(
    "app_user",
    _text("id"),
    _text("name"),
    _text("email"),
    _text("password_hash"),
    Column("roles", ARRAY(Text), nullable=False),
    _instant("disabled_at", nullable=True),
    _instant("created_at"),
    PrimaryKeyConstraint("tenant_id", "id"),
    UniqueConstraint("tenant_id", "email"),
    Index("ix_app_user_email", "email"),
)

login_session = _table(
    "login_session",
    _hash("token_hash"),
    _text("user_id"),
    _instant("created_at"),
    _instant("last_seen_at"),
    _instant("expires_at"),
    _instant("revoked_at", nullable=True),
    _instant("authenticated_at"),
    _text("address"),
    _text("agent"),
    Column("methods", ARRAY(Text), nullable=False),
    # What the user must mend before anything else: ``factor`` or ``password``. NULL: nothing.
    _text("limited", nullable=True),
    PrimaryKeyConstraint("token_hash"),
    ForeignKeyConstraint(["tenant_id", "user_id"], ["app_user.tenant_id", "app_user.id"]),
    Index("ix_login_session_tenant_id_user_id", "tenant_id", "user_id"),
)

api_token = _table(
    "api_token",
    _text("id"),
    _hash("token_hash"),
    _text("user_id"),
    _text("name"),
    Column("scopes", ARRAY(Text), nullable=False),
    _instant("created_at"),
    _instant("expires_at", nullable=True),
    _instant("revoked_at", nullable=True),
    PrimaryKeyConstraint("tenant_id", "id"),
    UniqueConstraint("token_hash"),
    ForeignKeyConstraint(["tenant_id", "user_id"], ["app_user.tenant_id", "app_user.id"]),
)

audit_entry = _table(
    "audit_entry",
    Column("seq", BigInteger, nullable=False, autoincrement=False),
    _instant("at"),
    _text("actor"),
    _text("action"),
    _text("subject"),
    _text("detail"),
    _hash("previous_hash"),
    _hash("hash"),
    PrimaryKeyConstraint("tenant_id", "seq"),
)

definition = _table(
    "definition",
    _text("kind"),
    _text("id"),
    Column("version", Integer, nullable=False, autoincrement=False),
    Column("body", JSONB, nullable=False),
    _instant("created_at"),
    _text("created_by"),
    Column("deleted", Boolean, nullable=False),
    PrimaryKeyConstraint("tenant_id", "kind", "id", "version"),
)

secret = _table(
    "secret",
    _text("id"),
    Column("wrapped_key", LargeBinary, nullable=False),
    Column("nonce", LargeBinary, nullable=False),
    Column("ciphertext", LargeBinary, nullable=False),
    _text("key_id"),
    _instant("created_at"),
    PrimaryKeyConstraint("tenant_id", "id"),
)

evidence = _table(
    "evidence",
    _hash("id"),
    _hash("sha256"),
    _text("connector"),
    _text("endpoint"),
    _text("account"),
    _instant("asked_at"),
    Column("body", JSONB, nullable=False),
    PrimaryKeyConstraint("tenant_id", "id"),
    Index("ix_evidence_tenant_id_sha256", "tenant_id", "sha256"),
    Index(
        "ix_evidence_tenant_id_connector_account_asked_at", "tenant_id", "connector", "account", "asked_at"
    ),
)

segment = _table(
    "segment",
    Column("id", BigInteger, Identity(), nullable=False),
    _hash("hash"),
    _text("kind"),
    Column("rows", Integer, nullable=False),
    _instant("registered_at"),
    PrimaryKeyConstraint("tenant_id", "id"),
)

series = _table(
    "series",
    Column("id", BigInteger, Identity(), nullable=False),
    _text("kind"),
    _text("source"),
    _text("account"),
    _text("subject"),
    PrimaryKeyConstraint("tenant_id", "id"),
    UniqueConstraint("tenant_id", "kind", "source", "account", "subject"),
)

fact = _table(
    "fact",
    _hash("content_hash"),
    Column("slot", Uuid, nullable=False),
    Column("series_id", BigInteger, nullable=False),
    _instant("occurred_at"),
    _instant("recorded_at"),
    _hash("evidence"),
    _hash("supersedes", nullable=True),
    _text("statement", nullable=True),
    Column("segment_id", BigInteger, nullable=True),
    Column("segment_row", Integer, nullable=True),
    # What only one fact may hold: being the original of its key, or the one correction of a fact, so that
    # corrections form a chain, never a fork. It is the beginning of the key's or of the corrected fact's
    # hash: one narrow index keeps both rules and makes each statement unique.
    Index("uq_fact_slot", "slot", "tenant_id", unique=True),
    Index(
        "ix_fact_content_hash",
        "content_hash",
        postgresql_using="brin",
        postgresql_ops={"content_hash": "bytea_bloom_ops"},
        # Small ranges: an empty table's first one has its filter written anew at every row.
        postgresql_with={"autosummarize": "on", "pages_per_range": "32"},
    ),
    Index(
        "ix_fact_supersedes",
        "supersedes",
        postgresql_where=text("supersedes IS NOT NULL"),
    ),
    Index("ix_fact_series_id_occurred_at", "series_id", "occurred_at"),
    Index("ix_fact_recorded_at", "recorded_at", postgresql_using="brin"),
)

data_issue = _table(
    "data_issue",
    _text("id"),
    _text("kind"),
    _text("subject"),
    _text("message"),
    _text("mend"),
    _text("detail"),
    _text("state"),
    Column("blocking", Boolean, nullable=False),
    _instant("opened_at"),
    _instant("closed_at", nullable=True),
    _text("closed_by", nullable=True),
    _text("explanation", nullable=True),
    PrimaryKeyConstraint("tenant_id", "id"),
)

cursor = _table(
    "cursor",
    _text("account"),
    _text("endpoint"),
    Column("position", JSONB, nullable=False),
    _instant("moved_at"),
    PrimaryKeyConstraint("tenant_id", "account", "endpoint"),
)

nav_run = _table(
    "nav_run",
    _text("id"),
    _text("fund"),
    _instant("as_of"),
    _instant("known_at"),
    _text("state"),
    _text("quality", nullable=True),
    _text("created_by"),
    _text("approved_by", nullable=True),
    _text("published_by", nullable=True),
    _text("restates", nullable=True),
    _hash("inputs_sha", nullable=True),
    _hash("result_sha", nullable=True),
    _hash("bundle_sha", nullable=True),
    _text("failure", nullable=True),
    _instant("created_at"),
    _instant("updated_at"),
    Column("version", Integer, nullable=False),
    PrimaryKeyConstraint("tenant_id", "id"),
    ForeignKeyConstraint(["tenant_id", "restates"], ["nav_run.tenant_id", "nav_run.id"]),
    # One published NAV a fund and instant: a restatement first turns the old one ``superseded``.
    Index(
        "uq_nav_run_published",
        "tenant_id",
        "fund",
        "as_of",
        unique=True,
        postgresql_where=text("state = 'published'"),
    ),
)

nav_run_event = _table(
    "nav_run_event",
    _text("run_id"),
    Column("version", Integer, nullable=False, autoincrement=False),
    _instant("at"),
    _text("actor"),
    _text("state"),
    _text("note"),
    PrimaryKeyConstraint("tenant_id", "run_id", "version"),
    ForeignKeyConstraint(["tenant_id", "run_id"], ["nav_run.tenant_id", "nav_run.id"]),
)

idempotency_key = _table(
    "idempotency_key",
    _text("key"),
    _hash("request_hash"),
    Column("status", Integer, nullable=True),
    _text("response", nullable=True),
    _instant("created_at"),
    PrimaryKeyConstraint("tenant_id", "key"),
)

task_progress = _table(
    "task_progress",
    _text("id"),
    _text("kind"),
    _text("subject"),
    Column("done", BigInteger, nullable=False),
    Column("total", BigInteger, nullable=True),
    _text("message"),
    _text("state"),
    _text("error", nullable=True),
    _instant("updated_at"),
    PrimaryKeyConstraint("tenant_id", "id"),
)

schedule_due = _table(
    "schedule_due",
    _text("schedule"),
    _instant("due_at"),
    _instant("claimed_at"),
    # One row a due time: whoever adds it starts the work, in the same transaction.
    PrimaryKeyConstraint("tenant_id", "schedule", "due_at"),
)

custom_role = _table(
    "custom_role",
    _text("id"),
    _text("name"),
    _text("description"),
    Column("actions", ARRAY(Text), nullable=False),
    Column("masks", ARRAY(Text), nullable=False),
    # NULL: every node of the tenant.
    Column("nodes", ARRAY(Text), nullable=True),
    _instant("changed_at"),
    _text("changed_by"),
    PrimaryKeyConstraint("tenant_id", "id"),
)

user_scope = _table(
    "user_scope",
    _text("user_id"),
    Column("nodes", ARRAY(Text), nullable=True),
    Column("investors", ARRAY(Text), nullable=False),
    PrimaryKeyConstraint("tenant_id", "user_id"),
    ForeignKeyConstraint(["tenant_id", "user_id"], ["app_user.tenant_id", "app_user.id"]),
)

user_preference = _table(
    "user_preference",
    _text("user_id"),
    _text("language"),
    _text("theme"),
    _text("numeraire"),
    PrimaryKeyConstraint("tenant_id", "user_id"),
    ForeignKeyConstraint(["tenant_id", "user_id"], ["app_user.tenant_id", "app_user.id"]),
)

module_switch = _table(
    "module_switch",
    _text("module"),
    Column("enabled", Boolean, nullable=False),
    _instant("changed_at"),
    _text("changed_by"),
    PrimaryKeyConstraint("tenant_id", "module"),
)

change = _table(
    "change",
    _text("what"),
    Column("xid", BigInteger, nullable=False, autoincrement=False),
    _instant("at"),
    PrimaryKeyConstraint("tenant_id", "xid", "what"),
)

nav_summary = _table(
    "nav_summary",
    _hash("result_sha"),
    _text("body"),
    PrimaryKeyConstraint("tenant_id", "result_sha"),
)

saved_view = _table(
    "saved_view",
    _text("id"),
    _text("user_id"),
    _text("page"),
    _text("name"),
    _text("body"),
    Column("shared", Boolean, nullable=False),
    _instant("created_at"),
    _instant("updated_at"),
    Column("version", Integer, nullable=False),
    PrimaryKeyConstraint("tenant_id", "id"),
    ForeignKeyConstraint(["tenant_id", "user_id"], ["app_user.tenant_id", "app_user.id"]),
    Index("ix_saved_view_tenant_id_user_id", "tenant_id", "user_id"),
)

notice_channel = _table(
    "notice_channel",
    _text("id"),
    # Absent: the tenant's own channel, which administrators keep.
    _text("user_id", nullable=True),
    _text("kind"),
    _text("target"),
    Column("events", ARRAY(Text), nullable=False),
    Column("enabled", Boolean, nullable=False),
    _instant("created_at"),
    PrimaryKeyConstraint("tenant_id", "id"),
    ForeignKeyConstraint(["tenant_id", "user_id"], ["app_user.tenant_id", "app_user.id"]),
)

allowed_host = _table(
    "allowed_host",
    _text("host"),
    _text("allowed_by"),
    _instant("allowed_at"),
    PrimaryKeyConstraint("tenant_id", "host"),
)

notice = _table(
    "notice",
    # What it is about, so that the same news twice is one notice.
    _text("id"),
    _text("event"),
    _text("subject"),
    _text("body"),
    _instant("at"),
    PrimaryKeyConstraint("tenant_id", "id"),
)

notice_delivery = _table(
    "notice_delivery",
    _text("notice_id"),
    _text("channel_id"),
    _text("state"),
    Column("attempts", Integer, nullable=False),
    _instant("next_at"),
    _instant("sent_at", nullable=True),
    _text("error", nullable=True),
    PrimaryKeyConstraint("tenant_id", "notice_id", "channel_id"),
    ForeignKeyConstraint(["tenant_id", "notice_id"], ["notice.tenant_id", "notice.id"]),
    ForeignKeyConstraint(
        ["tenant_id", "channel_id"], ["notice_channel.tenant_id", "notice_channel.id"], ondelete="CASCADE"
    ),
    Index("ix_notice_delivery_next_at", "next_at", postgresql_where=text("state = 'waiting'")),
)

login_standing = _table(
    "login_standing",
    _text("user_id"),
    Column("failures", Integer, nullable=False),
    _instant("logged_in_at", nullable=True),
    _text("logged_in_from", nullable=True),
    PrimaryKeyConstraint("tenant_id", "user_id"),
    ForeignKeyConstraint(["tenant_id", "user_id"], ["app_user.tenant_id", "app_user.id"]),
)

# Kept under the reserved tenant of the door: who tries is not known yet.
login_attempt = _table(
    "login_attempt",
    _hash("key"),
    Column("failures", Integer, nullable=False),
    _instant("blocked_until"),
    _instant("last_at"),
    PrimaryKeyConstraint("tenant_id", "key"),
    Index("ix_login_attempt_last_at", "last_at"),
)

login_rules = _table(
    "login_rules",
    Column("factor_required", Boolean, nullable=False),
    PrimaryKeyConstraint("tenant_id"),
)

second_factor = _table(
    "second_factor",
    _text("id"),
    _text("user_id"),
    _text("kind"),
    _text("name"),
    _instant("created_at"),
    _instant("confirmed_at", nullable=True),
    _instant("last_used_at", nullable=True),
    Column("last_step", BigInteger, nullable=False),
    Column("credential_id", LargeBinary, nullable=True),
    Column("public_key", LargeBinary, nullable=True),
    Column("sign_count", BigInteger, nullable=False),
    PrimaryKeyConstraint("tenant_id", "id"),
    UniqueConstraint("credential_id"),
    ForeignKeyConstraint(["tenant_id", "user_id"], ["app_user.tenant_id", "app_user.id"]),
)

recovery_code = _table(
    "recovery_code",
    _hash("code_hash"),
    _text("user_id"),
    _instant("created_at"),
    _instant("used_at", nullable=True),
    PrimaryKeyConstraint("tenant_id", "code_hash"),
    ForeignKeyConstraint(["tenant_id", "user_id"], ["app_user.tenant_id", "app_user.id"]),
)

one_time_ticket = _table(
    "one_time_ticket",
    _hash("token_hash"),
    _text("purpose"),
    _text("user_id", nullable=True),
    Column("body", JSONB, nullable=False),
    _instant("created_at"),
    _instant("expires_at"),
    _instant("used_at", nullable=True),
    PrimaryKeyConstraint("tenant_id", "token_hash"),
)

single_sign_on = _table(
    "single_sign_on",
    _text("issuer"),
    _text("client_id"),
    Column("hosts", ARRAY(Text), nullable=False),
    Column("domains", ARRAY(Text), nullable=False),
    _text("roles_claim", nullable=True),
    Column("role_map", JSONB, nullable=False),
    Column("creates_users", Boolean, nullable=False),
    Column("default_roles", ARRAY(Text), nullable=False),
    _instant("changed_at"),
    PrimaryKeyConstraint("tenant_id"),
)

user_identity = _table(
    "user_identity",
    _text("issuer"),
    _text("subject"),
    _text("user_id"),
    _instant("created_at"),
    PrimaryKeyConstraint("tenant_id", "issuer", "subject"),
    ForeignKeyConstraint(["tenant_id", "user_id"], ["app_user.tenant_id", "app_user.id"]),
)
