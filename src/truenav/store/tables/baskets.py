"""Basket products: their lists, what happened to orders, and indicative values."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Date, Index, Integer, PrimaryKeyConstraint, text
from sqlalchemy.dialects.postgresql import JSONB

from truenav.store.tables.parts import hashed, instant, table, words

basket_list = table(
    "basket_list",
    words("product"),
    Column("trade_day", Date, nullable=False),
    Column("version", Integer, nullable=False, autoincrement=False),
    words("state"),
    hashed("document_sha"),
    Column("body", JSONB, nullable=False),
    words("made_by"),
    instant("made_at"),
    words("approved_by", nullable=True),
    instant("approved_at", nullable=True),
    words("published_by", nullable=True),
    instant("published_at", nullable=True),
    words("note", nullable=True),
    words("reason", nullable=True),
    PrimaryKeyConstraint("tenant_id", "product", "trade_day", "version"),
    Index(
        "uq_basket_list_standing",
        "tenant_id",
        "product",
        "trade_day",
        "state",
        unique=True,
        postgresql_where=text("state IN ('approved', 'published')"),
    ),
)

basket_fact = table(
    "basket_fact",
    words("product"),
    Column("number", BigInteger, nullable=False, autoincrement=False),
    words("kind"),
    words("participant", nullable=True),
    words("client_id", nullable=True),
    words("reference", nullable=True),
    instant("at"),
    words("actor"),
    Column("body", JSONB, nullable=False),
    PrimaryKeyConstraint("tenant_id", "product", "number"),
    Index(
        "uq_basket_fact_received",
        "tenant_id",
        "participant",
        "client_id",
        unique=True,
        postgresql_where=text("kind = 'received'"),
    ),
    Index(
        "uq_basket_fact_reference",
        "tenant_id",
        "reference",
        unique=True,
        postgresql_where=text("reference IS NOT NULL"),
    ),
)

basket_inav = table(
    "basket_inav",
    words("product"),
    instant("at"),
    Column("body", JSONB, nullable=False),
    PrimaryKeyConstraint("tenant_id", "product", "at"),
)
