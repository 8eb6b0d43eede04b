"""What is recorded for good: evidence, facts, definitions and the audit trail."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Identity,
    Index,
    Integer,
    PrimaryKeyConstraint,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from truenav.store.tables.parts import hashed, instant, table, words

audit_entry = table(
    "audit_entry",
    Column("seq", BigInteger, nullable=False, autoincrement=False),
    instant("at"),
    words("actor"),
    words("action"),
    words("subject"),
    words("detail"),
    hashed("previous_hash"),
    hashed("hash"),
    PrimaryKeyConstraint("tenant_id", "seq"),
)

definition = table(
    "definition",
    words("kind"),
    words("id"),
    Column("version", Integer, nullable=False, autoincrement=False),
    Column("body", JSONB, nullable=False),
    instant("created_at"),
    words("created_by"),
    Column("deleted", Boolean, nullable=False),
    PrimaryKeyConstraint("tenant_id", "kind", "id", "version"),
)

evidence = table(
    "evidence",
    hashed("id"),
    hashed("sha256"),
    words("connector"),
    words("endpoint"),
    words("account"),
    instant("asked_at"),
    Column("body", JSONB, nullable=False),
    PrimaryKeyConstraint("tenant_id", "id"),
    Index("ix_evidence_tenant_id_sha256", "tenant_id", "sha256"),
    Index(
        "ix_evidence_tenant_id_connector_account_asked_at", "tenant_id", "connector", "account", "asked_at"
    ),
)

segment = table(
    "segment",
    Column("id", BigInteger, Identity(), nullable=False),
    hashed("hash"),
    words("kind"),
    Column("rows", Integer, nullable=False),
    instant("registered_at"),
    PrimaryKeyConstraint("tenant_id", "id"),
)

series = table(
    "series",
    Column("id", BigInteger, Identity(), nullable=False),
    words("kind"),
    words("source"),
    words("account"),
    words("subject"),
    PrimaryKeyConstraint("tenant_id", "id"),
    UniqueConstraint("tenant_id", "kind", "source", "account", "subject"),
)

fact = table(
    "fact",
    hashed("content_hash"),
    Column("slot", Uuid, nullable=False),
    Column("series_id", BigInteger, nullable=False),
    instant("occurred_at"),
    instant("recorded_at"),
    hashed("evidence"),
    hashed("supersedes", nullable=True),
    words("statement", nullable=True),
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

data_issue = table(
    "data_issue",
    words("id"),
    words("kind"),
    words("subject"),
    words("message"),
    words("mend"),
    words("detail"),
    words("state"),
    Column("blocking", Boolean, nullable=False),
    instant("opened_at"),
    instant("closed_at", nullable=True),
    words("closed_by", nullable=True),
    words("explanation", nullable=True),
    PrimaryKeyConstraint("tenant_id", "id"),
)

cursor = table(
    "cursor",
    words("account"),
    words("endpoint"),
    Column("position", JSONB, nullable=False),
    instant("moved_at"),
    PrimaryKeyConstraint("tenant_id", "account", "endpoint"),
)
