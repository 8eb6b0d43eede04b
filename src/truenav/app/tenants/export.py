"""Everything of a tenant in one zip: each table as JSON Lines, each stored file as it is."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from truenav.access.policy import Principal, Resource, authorize
from truenav.access.users import SYSTEM
from truenav.app.house import House
from truenav.app.tenants.service import refuse_reserved
from truenav.core.clock import instant_text
from truenav.core.ids import TenantId
from truenav.store import audit, tenants
from truenav.store.database import Session
from truenav.store.objects import KINDS

FORMAT = "truenav-tenant/1"

LEFT_OUT = frozenset(
    {
        "api_token",
        "idempotency_key",
        "login_attempt",
        "login_session",
        "login_standing",
        "one_time_ticket",
        "recovery_code",
        "second_factor",
        "secret",
    }
)
"""Tables that only open doors of this installation; they help nobody elsewhere."""

_HIDDEN_COLUMNS = frozenset({"password_hash", "tenant_id"})


def export_tenant(house: House, principal: Principal, id: str, target: Path) -> Mapping[str, int]:
    """Write the whole tenant, as of one instant, to ``target``; how many rows, by table, and files.

    Hashes are hexadecimal, instants RFC 3339 in UTC, exact numbers text. Keys, passwords and sessions are
    left out, and the manifest says so.
    """
    authorize(principal, "tenant:write", Resource(principal.tenant, "tenant", id))
    tenant = refuse_reserved(id)
    now = house.clock.now()
    counts: dict[str, int] = {}
    with (
        house.database.transaction(tenant, snapshot=True) as session,
        zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive,
    ):
        found = tenants.get_tenant(session, tenant)
        for table in tenants.tables():
            if table not in LEFT_OUT:
                counts[table] = _write_table(archive, session, table)
        counts["files"] = _write_files(archive, house, tenant)
        manifest = {
            "format": FORMAT,
            "tenant": tenant,
            "name": found.name,
            "exported_at": instant_text(now),
            "counts": counts,
            "left_out": sorted(LEFT_OUT),
        }
        archive.writestr("manifest.json", json.dumps(manifest, indent=2, sort_keys=True))
    with house.database.transaction(tenant) as session:
        audit.append(session, actor=SYSTEM, action="tenant.export", subject=tenant, at=now)
    return counts


def _write_table(archive: zipfile.ZipFile, session: Session, table: str) -> int:
    count = 0
    with archive.open(f"tables/{table}.jsonl", "w") as file:
        for line in _lines(tenants.rows(session, table)):
            file.write(line)
            count += 1
    return count


def _lines(rows: Iterable[Mapping[str, Any]]) -> Iterable[bytes]:
    for row in rows:
        shown = {name: _plain(value) for name, value in row.items() if name not in _HIDDEN_COLUMNS}
        yield json.dumps(shown, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode() + b"\n"


def _write_files(archive: zipfile.ZipFile, house: House, tenant: TenantId) -> int:
    count = 0
    for kind in KINDS:
        for name in sorted(name for name, _ in house.objects.names(kind, tenant)):
            archive.writestr(f"{kind}/{name.name}", house.objects.get(name))
            count += 1
    return count


def _plain(value: object) -> object:
    if isinstance(value, bytes | memoryview):
        return bytes(value).hex()
    if isinstance(value, datetime):
        return instant_text(value)
    return value if value is None or isinstance(value, str | bool | int | list | dict) else str(value)
