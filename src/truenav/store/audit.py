"""Who did what: a hash-chained trail of each tenant, written inside the transaction it tells of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, insert, select

from truenav.core.canonical import canonical_json, encode
from truenav.core.clock import instant_text
from truenav.store.audit_chain import GENESIS, AuditCheck, AuditHead, entry_hash, verify_lines
from truenav.store.changes import NEWS
from truenav.store.database import Session, hold, notify, tenant_of
from truenav.store.tables import audit_entry

RIGHTS = "rights"
"""The kind of the news that rights may have changed; who keeps a door open looks again.

``of`` names the persons concerned; without it everybody is.
"""

_RIGHTS_OF_ALL = frozenset(("module", "role", "tenant"))
_RIGHTS_OF_ONE = frozenset(
    ("factor", "invitation", "log-out", "password", "session", "single-sign-on", "token", "user")
)
"""Actions that begin so decide who may do what: all, or no more than the actor and the subject."""


def append(
    session: Session,
    *,
    actor: str,
    action: str,
    subject: str,
    at: datetime,
    detail: Mapping[str, object] | None = None,
) -> AuditHead:
    """Add an entry; it exists exactly when the caller's transaction commits.

    Writers of one tenant wait for each other from here to their commit, so append last. ``detail`` is
    canonical data (no floats, no secrets). An entry about rights is news, so that no writer can forget it.
    """
    tenant = tenant_of(session)
    hold(session, "audit")
    head = _head(session)
    values = {
        "seq": head.seq + 1,
        "at": at,
        "actor": actor,
        "action": action,
        "subject": subject,
        "detail": canonical_json(detail or {}).decode(),
    }
    sealed = entry_hash(bytes.fromhex(head.hash), _entry(tenant, values))
    session.execute(insert(audit_entry).values(**values, previous_hash=bytes.fromhex(head.hash), hash=sealed))
    about = action.partition(".")[0]
    if about in _RIGHTS_OF_ALL:
        notify(session, NEWS, {"kind": RIGHTS})
    elif about in _RIGHTS_OF_ONE:
        notify(session, NEWS, {"kind": RIGHTS, "of": [actor, subject]})
    return AuditHead(head.seq + 1, sealed.hex())


@dataclass(frozen=True, slots=True)
class AuditSearch:
    """Which entries: of exactly this actor, with actions that begin so, with subjects that contain this."""

    actor: str | None = None
    action: str | None = None
    subject: str | None = None


def entries(
    session: Session,
    *,
    after_seq: int = 0,
    limit: int = 100,
    newest_first: bool = False,
    search: AuditSearch = AuditSearch(),
) -> tuple[Row[Any], ...]:
    """Up to ``limit`` entries beyond ``after_seq`` in their order (0: all), as rows of the table."""
    table, seq = audit_entry.c, audit_entry.c.seq
    query = select(audit_entry).order_by(seq.desc() if newest_first else seq)
    if after_seq:
        query = query.where(seq < after_seq if newest_first else seq > after_seq)
    if search.actor is not None:
        query = query.where(table.actor == search.actor)
    if search.action is not None:
        query = query.where(table.action.startswith(search.action, autoescape=True))
    if search.subject is not None:
        query = query.where(table.subject.icontains(search.subject, autoescape=True))
    return tuple(session.execute(query.limit(limit)))


def export_lines(session: Session) -> Iterator[bytes]:
    """The whole trail as JSON Lines that `audit_chain.verify_lines` checks offline."""
    tenant = tenant_of(session)
    query = select(audit_entry).order_by(audit_entry.c.seq)
    for row in session.execute(query, execution_options={"yield_per": 1000}):
        line = {
            "entry": _entry(tenant, row._mapping),
            "hash": row.hash.hex(),
            "previous_hash": row.previous_hash.hex(),
        }
        yield canonical_json(line) + b"\n"


def verify(session: Session, known: AuditHead | None = None) -> AuditCheck:
    """Check the whole trail; ``known`` is a head noted earlier, without which a cut-off end passes."""
    return verify_lines(export_lines(session), known)


def _head(session: Session) -> AuditHead:
    query = select(audit_entry.c.seq, audit_entry.c.hash).order_by(audit_entry.c.seq.desc()).limit(1)
    row = session.execute(query).one_or_none()
    return AuditHead(0, GENESIS.hex()) if row is None else AuditHead(row.seq, row.hash.hex())


def _entry(tenant: str, values: Mapping[Any, Any]) -> dict[str, object]:
    return {
        "tenant": tenant,
        "seq": values["seq"],
        "at": instant_text(values["at"]),
        "actor": encode(values["actor"]),
        "action": encode(values["action"]),
        "subject": encode(values["subject"]),
        "detail": values["detail"],
    }
