"""Products that are run here: what they went through, and what people want of them."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, PrimaryKeyConstraint, text
from sqlalchemy.dialects.postgresql import JSONB

from truenav.store.tables.parts import instant, table, words

product_chapter = table(
    "product_chapter",
    words("listing"),
    Column("number", BigInteger, nullable=False, autoincrement=False),
    instant("from_at"),
    instant("until_at"),
    Column("steps", Integer, nullable=False),
    Column("deeds", Integer, nullable=False),
    Column("body", JSONB, nullable=False),
    PrimaryKeyConstraint("tenant_id", "listing", "number"),
    Index("ix_product_chapter_tenant_id_listing_until_at", "tenant_id", "listing", "until_at"),
    Index("ix_product_chapter_steps", "tenant_id", "listing", "number", postgresql_where=text("steps > 0")),
    Index("ix_product_chapter_deeds", "tenant_id", "listing", "number", postgresql_where=text("deeds > 0")),
)

product_instruction = table(
    "product_instruction",
    words("id"),
    words("listing"),
    words("state"),
    instant("made_at"),
    Column("version", Integer, nullable=False),
    Column("body", JSONB, nullable=False),
    PrimaryKeyConstraint("tenant_id", "id"),
    Index("ix_product_instruction_tenant_id_listing_made_at", "tenant_id", "listing", "made_at"),
    Index(
        "ix_product_instruction_waiting",
        "tenant_id",
        "made_at",
        postgresql_where=text("state IN ('requested', 'approved')"),
    ),
)
