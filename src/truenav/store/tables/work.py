"""Runs, jobs, views, notices and orders: what is done with the record."""

from __future__ import annotations

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Column,
    ForeignKeyConstraint,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from truenav.store.tables.parts import hashed, instant, table, words

nav_run = table(
    "nav_run",
    words("id"),
    words("fund"),
    instant("as_of"),
    instant("known_at"),
    words("state"),
    words("quality", nullable=True),
    words("created_by"),
    words("approved_by", nullable=True),
    words("published_by", nullable=True),
    words("restates", nullable=True),
    hashed("inputs_sha", nullable=True),
    hashed("result_sha", nullable=True),
    hashed("bundle_sha", nullable=True),
    words("failure", nullable=True),
    instant("created_at"),
    instant("updated_at"),
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

nav_run_event = table(
    "nav_run_event",
    words("run_id"),
    Column("version", Integer, nullable=False, autoincrement=False),
    instant("at"),
    words("actor"),
    words("state"),
    words("note"),
    PrimaryKeyConstraint("tenant_id", "run_id", "version"),
    ForeignKeyConstraint(["tenant_id", "run_id"], ["nav_run.tenant_id", "nav_run.id"]),
)

nav_summary = table(
    "nav_summary",
    hashed("result_sha"),
    words("body"),
    PrimaryKeyConstraint("tenant_id", "result_sha"),
)

idempotency_key = table(
    "idempotency_key",
    words("key"),
    hashed("request_hash"),
    Column("status", Integer, nullable=True),
    words("response", nullable=True),
    instant("created_at"),
    PrimaryKeyConstraint("tenant_id", "key"),
)

task_progress = table(
    "task_progress",
    words("id"),
    words("kind"),
    words("subject"),
    Column("done", BigInteger, nullable=False),
    Column("total", BigInteger, nullable=True),
    words("message"),
    words("state"),
    words("error", nullable=True),
    instant("updated_at"),
    PrimaryKeyConstraint("tenant_id", "id"),
)

schedule_due = table(
    "schedule_due",
    words("schedule"),
    instant("due_at"),
    instant("claimed_at"),
    # One row a due time: whoever adds it starts the work, in the same transaction.
    PrimaryKeyConstraint("tenant_id", "schedule", "due_at"),
)

change = table(
    "change",
    words("what"),
    Column("xid", BigInteger, nullable=False, autoincrement=False),
    instant("at"),
    PrimaryKeyConstraint("tenant_id", "xid", "what"),
)

saved_view = table(
    "saved_view",
    words("id"),
    words("user_id"),
    words("page"),
    words("name"),
    words("body"),
    Column("shared", Boolean, nullable=False),
    instant("created_at"),
    instant("updated_at"),
    Column("version", Integer, nullable=False),
    PrimaryKeyConstraint("tenant_id", "id"),
    ForeignKeyConstraint(["tenant_id", "user_id"], ["app_user.tenant_id", "app_user.id"]),
    Index("ix_saved_view_tenant_id_user_id", "tenant_id", "user_id"),
)

notice_channel = table(
    "notice_channel",
    words("id"),
    # Absent: the tenant's own channel, which administrators keep.
    words("user_id", nullable=True),
    words("kind"),
    words("target"),
    Column("events", ARRAY(Text), nullable=False),
    Column("enabled", Boolean, nullable=False),
    instant("created_at"),
    PrimaryKeyConstraint("tenant_id", "id"),
    ForeignKeyConstraint(["tenant_id", "user_id"], ["app_user.tenant_id", "app_user.id"]),
)

allowed_host = table(
    "allowed_host",
    words("host"),
    words("allowed_by"),
    instant("allowed_at"),
    PrimaryKeyConstraint("tenant_id", "host"),
)

notice = table(
    "notice",
    # What it is about, so that the same news twice is one notice.
    words("id"),
    words("event"),
    words("subject"),
    words("body"),
    instant("at"),
    PrimaryKeyConstraint("tenant_id", "id"),
)

notice_delivery = table(
    "notice_delivery",
    words("notice_id"),
    words("channel_id"),
    words("state"),
    Column("attempts", Integer, nullable=False),
    instant("next_at"),
    instant("sent_at", nullable=True),
    words("error", nullable=True),
    PrimaryKeyConstraint("tenant_id", "notice_id", "channel_id"),
    ForeignKeyConstraint(["tenant_id", "notice_id"], ["notice.tenant_id", "notice.id"]),
    ForeignKeyConstraint(
        ["tenant_id", "channel_id"], ["notice_channel.tenant_id", "notice_channel.id"], ondelete="CASCADE"
    ),
    Index("ix_notice_delivery_next_at", "next_at", postgresql_where=text("state = 'waiting'")),
)

trade_order = table(
    "trade_order",
    words("account"),
    words("client_id"),
    words("instrument"),
    words("state"),
    # Nothing is left to be learned of it.
    Column("settled", Boolean, nullable=False),
    Column("body", JSONB, nullable=False),
    Column("fence", BigInteger, nullable=False),
    instant("created_at"),
    instant("updated_at"),
    Column("version", Integer, nullable=False),
    # One order an intention: the client id follows from what asked for it.
    PrimaryKeyConstraint("tenant_id", "account", "client_id"),
    Index("ix_trade_order_tenant_id_account_created_at", "tenant_id", "account", "created_at"),
    Index("ix_trade_order_tenant_id_created_at", "tenant_id", "created_at", "account", "client_id"),
    Index("ix_trade_order_tenant_id_account_updated_at", "tenant_id", "account", "updated_at"),
    Index("ix_trade_order_unsettled", "tenant_id", "account", postgresql_where=text("NOT settled")),
)

trade_order_event = table(
    "trade_order_event",
    words("account"),
    words("client_id"),
    Column("version", Integer, nullable=False, autoincrement=False),
    instant("at"),
    words("actor"),
    words("state"),
    words("note"),
    hashed("evidence", nullable=True),
    PrimaryKeyConstraint("tenant_id", "account", "client_id", "version"),
    ForeignKeyConstraint(
        ["tenant_id", "account", "client_id"],
        ["trade_order.tenant_id", "trade_order.account", "trade_order.client_id"],
    ),
)

order_executor = table(
    "order_executor",
    words("account"),
    # One higher at each taking of the office: whoever has a lower one may write no more.
    Column("fence", BigInteger, nullable=False),
    instant("taken_at"),
    PrimaryKeyConstraint("tenant_id", "account"),
)
