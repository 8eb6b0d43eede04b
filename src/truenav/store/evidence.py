"""The archive of received payloads: one row for each answer, its bytes as a blob."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from truenav.core.canonical import canonical_json, decode, encode, sha256_hex
from truenav.core.evidence import Evidence
from truenav.core.failure import InvalidInputError, NotFoundError
from truenav.core.ids import AccountId, Sha256
from truenav.store import tables
from truenav.store.blobs import BlobStore
from truenav.store.database import Session

_ASKED = 10_000
"""Payloads that one query asks for."""


class EvidenceMismatchError(InvalidInputError):
    """The bytes handed in are not those that the evidence describes."""

    code = "evidence-mismatch"
    title = "Payload and description do not belong together"


class EvidenceNotFoundError(NotFoundError):
    """No such payload was received by this tenant."""

    code = "evidence-not-found"


def put_many(session: Session, blobs: BlobStore, items: Sequence[tuple[Evidence, bytes]]) -> None:
    """Archive payloads: their bytes are durable before their rows can commit. Twice is once."""
    if not items:
        return
    for meta, data in items:
        if blobs.write(data) != meta.sha256 or len(data) != meta.size:
            raise EvidenceMismatchError(
                f"The payload of {meta.connector} {meta.endpoint} ({len(data)} bytes) does not have the hash "
                f"and size that its evidence states ({meta.sha256}, {meta.size}). Hash the bytes as received."
            )
    note_many(session, [meta for meta, _ in items])


def note_many(session: Session, metas: Sequence[Evidence]) -> None:
    """Write down how payloads were received whose bytes are in the archive already. Twice is once."""
    if not metas:
        return
    rows = [
        {
            "id": bytes.fromhex(sha256_hex(canonical_json(meta))),
            "sha256": bytes.fromhex(meta.sha256),
            "connector": meta.connector,
            "endpoint": meta.endpoint,
            "account": meta.account,
            "asked_at": meta.asked_at,
            "body": encode(meta),
        }
        for meta in metas
    ]
    session.execute(insert(tables.evidence).on_conflict_do_nothing(), rows)


def meta(session: Session, sha256: Sha256) -> tuple[Evidence, ...]:
    """Every time these bytes were received, oldest first; empty when never."""
    table = tables.evidence
    query = select(table.c.body).where(table.c.sha256 == bytes.fromhex(sha256))
    rows = session.execute(query.order_by(table.c.asked_at, table.c.id))
    return tuple(decode(Evidence, row.body) for row in rows)


def meta_many(session: Session, hashes: Sequence[Sha256]) -> dict[Sha256, tuple[Evidence, ...]]:
    """`meta` for many payloads at once; one that was never received is left out."""
    table = tables.evidence
    wanted = [bytes.fromhex(one) for one in hashes]
    query = select(table.c.body).where(table.c.sha256.in_(wanted)).order_by(table.c.asked_at, table.c.id)
    found: dict[Sha256, tuple[Evidence, ...]] = {}
    for row in session.execute(query):
        one = decode(Evidence, row.body)
        found[one.sha256] = (*found.get(one.sha256, ()), one)
    return found


def received(session: Session, hashes: Collection[Sha256], *, until: datetime) -> tuple[Evidence, ...]:
    """How each of many payloads was received, up to an instant, ordered by payload."""
    found: dict[Sha256, tuple[Evidence, ...]] = {}
    ordered = sorted(hashes)
    for start in range(0, len(ordered), _ASKED):
        found |= meta_many(session, ordered[start : start + _ASKED])
    return tuple(one for sha in sorted(found) for one in found[sha] if one.answered_at <= until)


def behind_orders(session: Session, account: AccountId, client_ids: Collection[str]) -> set[Sha256]:
    """The payloads that told what became of some orders of an account."""
    table = tables.trade_order_event
    query = select(table.c.evidence).where(
        table.c.account == account, table.c.client_id.in_(client_ids), table.c.evidence.is_not(None)
    )
    return {Sha256(one.hex()) for one in session.scalars(query)}


def newest(
    session: Session, connector: str, endpoints: Collection[str], *, since: datetime, look: int = 500
) -> tuple[Evidence, ...]:
    """How payloads of these endpoints were received since then, newest first; ``look`` at the most."""
    table = tables.evidence
    query = (
        select(table.c.body)
        .where(table.c.connector == connector, table.c.endpoint.in_(endpoints), table.c.asked_at >= since)
        .order_by(table.c.asked_at.desc(), table.c.id)
        .limit(look)
    )
    return tuple(decode(Evidence, row.body) for row in session.execute(query))


def corrections_of(session: Session, hashes: Collection[Sha256], *, known_at: datetime) -> set[Sha256]:
    """Payloads of the facts that, by ``known_at``, corrected or voided a fact of one of these payloads."""
    corrected, correction = tables.fact.alias("corrected"), tables.fact.alias("correction")
    query = (
        select(correction.c.evidence)
        .distinct()
        .join(corrected, correction.c.supersedes == corrected.c.content_hash)
        .where(
            correction.c.supersedes.is_not(None),  # by the index of corrections, which are few
            corrected.c.evidence.in_([bytes.fromhex(one) for one in hashes]),
            correction.c.recorded_at <= known_at,
        )
    )
    return {Sha256(row.evidence.hex()) for row in session.execute(query)}


def read(session: Session, blobs: BlobStore, sha256: Sha256) -> bytes:
    """The bytes of a payload that this tenant received; else `EvidenceNotFoundError`."""
    if not meta(session, sha256):
        raise EvidenceNotFoundError(f"No payload {sha256} was received. Check the hash.")
    return blobs.read(sha256)
