"""Is what was restored what was there? Facts, files, trails and the latest NAVs are checked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import psycopg
from sqlalchemy import select, text

from truenav.app.house import House
from truenav.app.nav.archived import read_bundle
from truenav.app.proof.signer import tenant_signer
from truenav.app.proof.verify import Verdict, verify_bundle
from truenav.core.canonical import sha256_hex
from truenav.core.failure import TruenavError
from truenav.core.ids import Sha256, TenantId
from truenav.store import audit, runs
from truenav.store.database import Session
from truenav.store.sealing import TenantKeyMissingError
from truenav.store.segments import Segments, rows_hash
from truenav.store.tables import evidence, nav_run, segment

_DAMAGED_FACTS = """
SELECT count(*) FROM fact
WHERE statement IS NOT NULL AND sha256(convert_to(statement, 'UTF8')) <> content_hash
"""


class RestoredDifferentError(TruenavError):
    """What was restored is not what was backed up."""

    code = "restored-different"
    title = "The restored installation is not whole"


@dataclass(frozen=True, slots=True)
class Checked:
    """What was found whole: tenants, facts, files read again, and NAVs computed again from their evidence.

    ``unreadable``: tenants whose key is gone, and with it their files; most likely erased since.
    """

    tenants: int
    facts: int
    files: int
    navs: int
    unreadable: tuple[TenantId, ...] = ()


def check_installation(house: House, backup_dsn: str, *, with_keys: bool) -> Checked:
    """Check everything of an installation; `RestoredDifferentError` names the first thing that is not whole.

    ``with_keys``: the master key is there, so each NAV must also be signed by its tenant's own key.
    """
    with psycopg.connect(backup_dsn) as connection:
        facts = _number(connection, "SELECT count(*) FROM fact")
        if damaged := _number(connection, _DAMAGED_FACTS):
            raise RestoredDifferentError(f"{damaged} facts do not have their hash. Use another backup.")
        tenants = [TenantId(row[0]) for row in connection.execute("SELECT tenant_id FROM tenant ORDER BY 1")]
    files = navs = 0
    unreadable: list[TenantId] = []
    for tenant in tenants:
        with house.database.transaction(tenant, snapshot=True) as session:
            check = audit.verify(session)
            if not check.ok:
                raise RestoredDifferentError(
                    f"Tenant {tenant}: entry {check.first_bad} of the audit trail: {check.reason}."
                )
            try:
                files += sum(1 for _ in _read_files(session, house, tenant))
                navs += sum(1 for _ in _computed_again(session, house, tenant, with_keys=with_keys))
            except TenantKeyMissingError:
                unreadable.append(tenant)
    return Checked(len(tenants), facts, files, navs, tuple(unreadable))


def _read_files(session: Session, house: House, tenant: TenantId) -> Iterator[Sha256]:
    """Read every payload and segment; their stores refuse what is missing or damaged."""
    blobs, segments = house.blobs(tenant), Segments(house.objects, tenant)
    for sha256 in _blob_hashes(session):
        blobs.read(sha256)
        yield sha256
    for row in session.execute(select(segment.c.kind, segment.c.hash, segment.c.rows)).all():
        name = Sha256(row.hash.hex())
        statements = segments.statements(row.kind, name)
        if statements.len() != row.rows or rows_hash(statements.to_list()) != name:
            raise RestoredDifferentError(f"Tenant {tenant}: the segment {name} of {row.kind} is damaged.")
        yield name


def _blob_hashes(session: Session) -> list[Sha256]:
    columns = (evidence.c.sha256, nav_run.c.inputs_sha, nav_run.c.result_sha, nav_run.c.bundle_sha)
    found = {one for column in columns for one in session.scalars(select(column).distinct()) if one}
    return sorted(Sha256(one.hex()) for one in found)


def _computed_again(session: Session, house: House, tenant: TenantId, *, with_keys: bool) -> Iterator[Sha256]:
    """Compute the latest published NAV of every fund from its evidence, and compare every byte."""
    latest = text(
        "SELECT DISTINCT ON (fund) id FROM nav_run WHERE state = 'published' ORDER BY fund, as_of DESC"
    )
    key = tenant_signer(session, house).public_key if with_keys else None
    wanted = Verdict.IDENTICAL if with_keys else Verdict.SIGNER_NOT_VERIFIED
    for id in session.scalars(latest).all():
        run = runs.get(session, id)
        bundle = read_bundle(house.blobs(tenant), run)
        found = verify_bundle(bundle, key=key)
        if found.verdict is not wanted or sha256_hex(bundle) != run.bundle_sha:
            raise RestoredDifferentError(f"Tenant {tenant}: NAV {id}: {found.verdict}: {found.difference}")
        yield run.bundle_sha


def _number(connection: psycopg.Connection, query: str) -> int:
    row = connection.execute(query).fetchone()
    return 0 if row is None else int(row[0])
