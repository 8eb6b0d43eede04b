"""Is this installation well? Each check is a small function that gives rows; nothing is changed."""

from __future__ import annotations

import platform
import re
import shutil
import sys
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from importlib import metadata
from itertools import islice
from pathlib import Path

import psycopg

from truenav.app.house import House, database_addresses
from truenav.app.settings import Settings
from truenav.app.sources.connections import check_key, stored_key
from truenav.app.sources.model import Connection
from truenav.connect.contract import CLOCK_ALARM, Credentials
from truenav.core.clock import SystemClock
from truenav.core.failure import TruenavError, UnavailableError
from truenav.core.ids import TenantId
from truenav.store import audit, definitions, migrate
from truenav.store.audit import AuditSearch
from truenav.store.database import Database, tenant_ids
from truenav.store.definitions import Kind
from truenav.store.objects import KINDS
from truenav.store.postgres import Role, latest_base
from truenav.store.sealing import is_sealed
from truenav.store.secrets import load_master_key

GIB = 1024**3
DISK_WARN, DISK_BAD = 10 * GIB, GIB
CLOCK_BAD = timedelta(seconds=5)
"""Offset from which nothing that a venue says can be placed in time."""
QUEUE_WARN = 1_000
STUCK_AFTER_SECONDS = 60
"""A job whose worker was silent for this long is stuck; the rescuer should have taken it within seconds."""

BACKUP_WARN = timedelta(days=2)
"""Age of the latest backup from which too much would be lost."""
MIRROR_WARN = timedelta(days=7)
"""Age of a mirror's copy from which its log is long: it is read from there to the end when it is restored."""
FILES_LOOKED_AT = 50
"""How many stored files of a tenant are looked at; all of them could take hours."""

_OLDEST_PYTHON = (3, 11)
_QUEUE = """
SELECT count(*) FILTER (WHERE j.status = 'todo' AND (j.scheduled_at IS NULL OR j.scheduled_at <= now())),
    count(*) FILTER (WHERE j.status = 'doing'),
    count(*) FILTER (WHERE j.status = 'doing' AND NOT EXISTS (
        SELECT FROM procrastinate_workers w
        WHERE w.id = j.worker_id AND w.last_heartbeat > now() - make_interval(secs => %(stuck)s))
        AND (SELECT max(e.at) FROM procrastinate_events e WHERE e.job_id = j.id)
            < now() - make_interval(secs => %(stuck)s)),
    count(*) FILTER (WHERE j.status = 'failed')
FROM procrastinate_jobs j
"""


class State(StrEnum):
    """How a thing is."""

    OK = "ok"
    WARN = "warn"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Row:
    """One finding; ``mend`` is empty where nothing needs mending."""

    name: str
    state: State
    detail: str
    mend: str = ""


def examine(settings: Settings, *, venues: bool = True) -> tuple[Row, ...]:
    """All checks, in the order in which their faults explain one another."""
    rows = [python_row(sys.version_info[:2]), *package_rows(), disk_row(settings.data_dir)]
    try:
        addresses = database_addresses(settings)
        rows += database_rows(addresses[Role.APP])
    except (TruenavError, psycopg.Error) as error:
        mend = "Start it ('truenav db start'), or correct TRUENAV_DATABASE_URL."
        return (*rows, Row("database", State.BAD, _text(error), mend), key_row(settings))
    rows.append(key_row(settings))
    if any(row.state is not State.OK for row in rows if row.name in ("migrations", "master key")):
        return tuple(rows)  # the rest is behind these two
    rows += queue_rows(addresses[Role.QUEUE])
    database = Database(addresses[Role.APP], pool_size=1)
    try:
        house = House.of(settings, database, SystemClock())
        rows += (found := secret_rows(house))
        rows += files_rows(house)
        rows += [backup_row(house), mirror_row(settings, house.clock.now())]
        if venues and all(row.state is State.OK for row in found):
            rows += clock_rows(house, venues_of(house))
    finally:
        database.close()
    return tuple(rows)


def python_row(version: tuple[int, ...]) -> Row:
    """The Python that runs us."""
    detail = f"{platform.python_version()} on {platform.system()}"
    if version >= _OLDEST_PYTHON:
        return Row("python", State.OK, detail)
    return Row("python", State.BAD, detail, "Use Python 3.11 or later.")


def package_rows(
    names: Iterable[str] | None = None, version: Callable[[str], str] = metadata.version
) -> list[Row]:
    """The packages that we need (by default those we declare), with their versions."""
    rows = []
    for name in list(names) if names is not None else _declared():
        try:
            rows.append(Row(f"package {name}", State.OK, version(name)))
        except metadata.PackageNotFoundError:
            mend = "Install truenav again, with its dependencies."
            rows.append(Row(f"package {name}", State.BAD, "missing", mend))
    return rows


def disk_row(folder: Path, usage: Callable[[Path], tuple[int, int, int]] = shutil.disk_usage) -> Row:
    """Free space where the data folder lies, or will lie."""
    place = next(parent for parent in (folder, *folder.parents) if parent.exists())
    free = usage(place)[2]
    detail = f"{free / GIB:.1f} GiB free at {folder}"
    if free >= DISK_WARN:
        return Row("disk", State.OK, detail)
    state = State.BAD if free < DISK_BAD else State.WARN
    return Row("disk", state, detail, "Free some space, or move TRUENAV_DATA_DIR to a larger disk.")


def database_rows(dsn: str) -> list[Row]:
    """Whether the database answers, and at which migration it is."""
    with psycopg.connect(dsn, connect_timeout=10) as connection:
        version = connection.info.parameter_status("server_version")
    rows = [Row("database", State.OK, f"PostgreSQL {version} answers")]
    return [*rows, migration_row(migrate.current(dsn), migrate.wanted())]


def migration_row(here: str | None, wanted: str) -> Row:
    """The version the database is at; an older one is brought up by whatever opens the database next."""
    if here == wanted:
        return Row("migrations", State.OK, f"at {here}")
    detail = f"at {here or 'none'}, {wanted} is wanted"
    if here is not None and here > wanted:
        return Row("migrations", State.BAD, detail, "Install the version of truenav that made this database.")
    return Row("migrations", State.WARN, detail, "Run 'truenav db migrate', after a backup.")


def key_row(settings: Settings) -> Row:
    """The master key: there, whole, and readable by its owner alone."""
    if settings.master_key is None and not (settings.data_dir / "master.key").exists():
        return Row("master key", State.OK, "not made yet; the first stored secret makes it")
    given = {"TRUENAV_MASTER_KEY": settings.master_key} if settings.master_key else {}
    try:
        key = load_master_key(settings.data_dir, given)
    except (TruenavError, OSError) as error:
        return Row("master key", State.BAD, _text(error), "Put the right key back, from your backup.")
    return Row("master key", State.OK, f"{key.id} from {'the environment' if given else 'its file'}")


def queue_rows(dsn: str) -> list[Row]:
    """How much work waits, and whether any is stuck."""
    with psycopg.connect(dsn, connect_timeout=10) as connection:
        found = connection.execute(_QUEUE, {"stuck": STUCK_AFTER_SECONDS}).fetchone()
    waiting, doing, stuck, failed = found or (0, 0, 0, 0)
    detail = f"{waiting} waiting, {doing} being done, {failed} failed"
    if stuck:
        mend = "Start a worker ('truenav worker'); it takes over what a dead one left."
        return [Row("queue", State.BAD, f"{detail}, {stuck} stuck", mend)]
    if waiting > QUEUE_WARN:
        return [Row("queue", State.WARN, detail, "Start another worker.")]
    return [Row("queue", State.OK, detail)]


def secret_rows(house: House) -> list[Row]:
    """Whether every stored secret (venue keys, signing keys) opens with our master keys."""
    opened, rows = 0, []
    for tenant in _tenants(house):
        with house.database.transaction(tenant) as session:
            vault = house.vault
            for name in vault.names(session):
                try:
                    vault.get(session, name)
                    opened += 1
                except TruenavError as error:
                    mend = "Put its master key back as a line of former-master.keys, or enter it again."
                    rows.append(Row(f"secret {tenant} {name}", State.BAD, error.message, mend))
    return [Row("secrets", State.OK, f"{opened} open"), *rows]


def files_rows(house: House) -> list[Row]:
    """Whether stored files are encrypted; the first few of each tenant are looked at."""
    stored, looked_at, plain = house.objects.stored, 0, 0
    for tenant in _tenants(house):
        for kind in KINDS:
            for name, _ in islice(stored.names(kind, tenant), FILES_LOOKED_AT):
                looked_at += 1
                plain += not is_sealed(stored.get(name))
    if not plain:
        return [Row("files", State.OK, f"{looked_at} looked at, all encrypted")]
    detail = f"{plain} of {looked_at} looked at are not encrypted"
    return [
        Row("files", State.WARN, detail, "Run 'truenav db seal'; begin new backups and mirrors after it.")
    ]


def backup_row(house: House) -> Row:
    """How old the latest backup is that the audit trails tell of."""
    found, tenants = [], _tenants(house)
    for tenant in tenants:
        with house.database.transaction(tenant) as session:
            search = AuditSearch(action="backup.make")
            found += [row.at for row in audit.entries(session, newest_first=True, limit=1, search=search)]
    if not tenants:
        return Row("backup", State.OK, "nothing to keep yet")
    latest = max(found, default=None)
    return aged_row("backup", latest, house.clock.now(), BACKUP_WARN, "Run 'truenav backup'.")


def mirror_row(settings: Settings, now: datetime) -> Row:
    """How old the copy is that the mirror's log follows; that it does, the database's start has shown."""
    if settings.database_url is not None:
        return Row("mirror", State.OK, "by your own server's replication, if it has any")
    if settings.mirror_dir is None:
        return Row("mirror", State.OK, "none: a lost disk loses what came after the last backup")
    base = latest_base(settings.mirror_dir)
    copied_at = None if base is None else datetime.fromtimestamp(base.stat().st_mtime, UTC)
    return aged_row("mirror", copied_at, now, MIRROR_WARN, "Run 'truenav db mirror'; every night is well.")


def aged_row(name: str, at: datetime | None, now: datetime, warn: timedelta, mend: str) -> Row:
    """What the age of a copy means; None: there is no copy."""
    if at is None:
        return Row(name, State.WARN, "none yet", mend)
    age = now - at
    detail = f"{age / timedelta(hours=1):.1f} hours old; up to {warn / timedelta(hours=1):.0f} are well"
    return Row(name, State.OK, detail) if age <= warn else Row(name, State.WARN, detail, mend)


def venues_of(house: House) -> dict[Connection, Credentials]:
    """One connection with its key for each venue and address: it is the venue's clock that matters."""
    found: dict[tuple[str, str], tuple[Connection, Credentials]] = {}
    for tenant in _tenants(house):
        with house.database.transaction(tenant) as session:
            for connection in definitions.bodies(session, Kind.CONNECTION, Connection):
                if not connection.enabled or connection.account is None:
                    continue
                key = stored_key(session, house, connection)
                if key is not None:
                    found.setdefault((connection.connector, connection.base_url or ""), (connection, key))
    return dict(found.values())


def clock_rows(house: House, connections: Mapping[Connection, Credentials]) -> list[Row]:
    """How far each venue's clock stands from ours, all venues asked side by side."""
    with ThreadPoolExecutor(max_workers=8) as pool:
        return list(pool.map(lambda pair: _clock_row(house, *pair), connections.items()))


def offset_row(name: str, offset: timedelta) -> Row:
    """What a clock's offset (venue minus ours) means."""
    detail = f"{offset.total_seconds():+.3f} s"
    if abs(offset) <= CLOCK_ALARM:
        return Row(name, State.OK, detail)
    state = State.BAD if abs(offset) > CLOCK_BAD else State.WARN
    return Row(name, state, detail, "Set this machine's clock by NTP; if it is right, tell the venue.")


def _clock_row(house: House, connection: Connection, key: Credentials) -> Row:
    name = f"clock {connection.connector}"
    try:
        check, _ = check_key(house, connection, key)
    except UnavailableError as error:
        return Row(name, State.WARN, error.message, "Try again later; check the network.")
    except TruenavError as error:
        return Row(name, State.BAD, error.message, f"Enter the key of {connection.id!r} again.")
    return offset_row(name, check.clock_offset)


def _tenants(house: House) -> tuple[TenantId, ...]:
    with house.database.lookup() as session:
        return tenant_ids(session)


def _declared() -> list[str]:
    """Names of our run-time requirements, without versions, extras and markers."""
    found = metadata.requires("truenav") or []
    return [re.split(r"[^A-Za-z0-9_.-]", line, maxsplit=1)[0] for line in found if "extra ==" not in line]


def _text(error: Exception) -> str:
    if isinstance(error, TruenavError):
        return error.message
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
