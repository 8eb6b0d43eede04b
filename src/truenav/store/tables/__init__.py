"""The tables, as SQLAlchemy Core sees them; the migrations make them.

Every table holds rows of tenants: ``tenant_id`` is filled in by the database from the transaction's
tenant, and row-level security shows and accepts that tenant's rows only. No statement of ours names it.
Hashes are ``bytea`` of 32 bytes; instants are UTC; exact numbers are text inside JSON.
"""

from __future__ import annotations

from truenav.store.tables.baskets import basket_fact, basket_inav, basket_list
from truenav.store.tables.parts import metadata
from truenav.store.tables.people import (
    api_token,
    app_user,
    custom_role,
    login_attempt,
    login_rules,
    login_session,
    login_standing,
    module_switch,
    one_time_ticket,
    recovery_code,
    second_factor,
    secret,
    single_sign_on,
    tenant,
    user_identity,
    user_preference,
    user_scope,
)
from truenav.store.tables.products import product_chapter, product_instruction
from truenav.store.tables.record import (
    audit_entry,
    cursor,
    data_issue,
    definition,
    evidence,
    fact,
    segment,
    series,
)
from truenav.store.tables.work import (
    allowed_host,
    change,
    idempotency_key,
    nav_run,
    nav_run_event,
    nav_summary,
    notice,
    notice_channel,
    notice_delivery,
    order_executor,
    saved_view,
    schedule_due,
    task_progress,
    trade_order,
    trade_order_event,
)

APPEND_ONLY = (
    "audit_entry",
    "basket_fact",
    "definition",
    "evidence",
    "fact",
    "nav_run_event",
    "product_chapter",
    "segment",
    "series",
    "trade_order_event",
)
"""Tables that the application may read and add to, never edit or delete from."""

__all__ = [
    "APPEND_ONLY",
    "allowed_host",
    "api_token",
    "app_user",
    "audit_entry",
    "basket_fact",
    "basket_inav",
    "basket_list",
    "change",
    "cursor",
    "custom_role",
    "data_issue",
    "definition",
    "evidence",
    "fact",
    "idempotency_key",
    "login_attempt",
    "login_rules",
    "login_session",
    "login_standing",
    "metadata",
    "module_switch",
    "nav_run",
    "nav_run_event",
    "nav_summary",
    "notice",
    "notice_channel",
    "notice_delivery",
    "one_time_ticket",
    "order_executor",
    "product_chapter",
    "product_instruction",
    "recovery_code",
    "saved_view",
    "schedule_due",
    "second_factor",
    "secret",
    "segment",
    "series",
    "single_sign_on",
    "task_progress",
    "tenant",
    "trade_order",
    "trade_order_event",
    "user_identity",
    "user_preference",
    "user_scope",
]
