"""The disk with the data folder is lost while facts are recorded: the mirror has what was acknowledged."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import text

from truenav.app.house import House, embedded_server, open_house
from truenav.app.operations.backup import back_up, save_keys
from truenav.app.operations.mirror import restore_mirror
from truenav.app.operations.restore import NotEmptyError, restore
from truenav.app.settings import SettingError, Settings
from truenav.core.failure import TruenavError
from truenav.store.journal import FactQuery, Journal
from truenav.store.postgres import EmbeddedPostgres, PostgresMirrorError, Role, latest_base, restore_cluster
from truenav.store.postgres.process import processes_of

from ..conftest import ends_with_this_process
from .conftest import Life
from .reef import NOW, TENANT, Standing, copy_of

WRITER = """
import json, sys
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from truenav.app.house import open_house
from truenav.app.settings import Settings
from truenav.core.clock import SystemClock
from truenav.core.facts import Fact, Quote, QuoteKind
from truenav.store.journal import Journal

settings, tenant = Settings(data_dir=Path(sys.argv[1]), mirror_dir=Path(sys.argv[2])), sys.argv[3]
now = SystemClock().now()
with open_house(settings) as house:
    for batch in range(10_000):
        names = [f"{batch}-{n}" for n in range(1_100 if batch % 5 == 0 else 3)]
        evidence = house.blobs(tenant).write(json.dumps(names).encode())
        body = Quote("btc", "usd", QuoteKind.LAST, Decimal(batch + 1))
        facts = [Fact("drill", "", name, now, body, evidence) for name in names]
        with house.database.transaction(tenant) as session:
            Journal(session, house.objects, tenant).append(facts, now)
        print(*names, flush=True)
"""


@contextmanager
def ended(data_dir: Path) -> Iterator[None]:
    """Stop the server of an installation at the end, however the test ends."""
    with ends_with_this_process(data_dir / "postgres"):
        try:
            yield
        finally:
            EmbeddedPostgres(data_dir / "postgres").stop()


def receivers_of(mirror: Path) -> list[int]:
    wanted = f"--directory={mirror / 'wal'}".encode()
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            if wanted in path.read_bytes().split(b"\0"):
                found.append(int(path.parent.name))
    return found


def lose_everything(settings: Settings) -> None:
    """Kill the database and its receiver without warning, and delete the data folder."""
    assert settings.mirror_dir is not None
    for pid in [
        *processes_of(settings.data_dir / "postgres" / "cluster"),
        *receivers_of(settings.mirror_dir),
    ]:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    shutil.rmtree(settings.data_dir)


def recorded(house: House) -> set[str]:
    with house.database.transaction(TENANT) as session:
        found = Journal(session, house.objects, TENANT).facts(FactQuery(sources=("drill",)))
    return {one.fact.external_id for one in found}


def published_bundle(house: House) -> bytes:
    with house.database.transaction(TENANT) as session:
        sha256 = session.execute(text("SELECT bundle_sha FROM nav_run")).scalar_one()
    return house.blobs(TENANT).read(sha256.hex())


def written_until_killed(settings: Settings, facts: int) -> set[str]:
    """What a writer was told to be recorded before it was killed."""
    command = [sys.executable, "-c", WRITER, str(settings.data_dir), str(settings.mirror_dir), str(TENANT)]
    acknowledged: set[str] = set()
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        for line in child.stdout:
            acknowledged |= set(line.split())
            if len(acknowledged) >= facts:
                break
        child.kill()
        acknowledged |= {name for line in child.stdout if line.endswith("\n") for name in line.split()}
    return acknowledged


def drill(life: Life, tmp_path: Path, facts: int) -> None:
    """Restore a backup into a mirrored installation, lose it while a writer goes on, restore the mirror."""
    reef = copy_of(life.published[0], tmp_path / "origin")
    keys, mirror = tmp_path / "keys", tmp_path / "mirror"
    with reef.house() as house:
        back_up(house, reef.dsn(Role.BACKUP), tmp_path / "backups")
        save_keys(house.vault, keys, target=tmp_path / "backups")
        wanted = published_bundle(house)
    lost = Settings(data_dir=tmp_path / "lost", mirror_dir=mirror)
    with ended(lost.data_dir):
        restore(lost, tmp_path / "backups", keys=keys)
        acknowledged = written_until_killed(lost, facts)
        lose_everything(lost)
    settings = Settings(data_dir=tmp_path / "restored")
    with ended(settings.data_dir):
        checked = restore_mirror(settings, mirror, keys=keys)
        with open_house(settings, clock=Standing(NOW)) as house:
            found = recorded(house)
            assert acknowledged <= found
            assert published_bundle(house) == wanted
        assert checked.navs == 1
        with pytest.raises(NotEmptyError):
            restore_mirror(settings, mirror)


def test_nothing_acknowledged_is_lost_with_the_disk_and_the_nav_is_the_same(
    life: Life, tmp_path: Path
) -> None:
    drill(life, tmp_path, 3_000)


@pytest.mark.nightly
@pytest.mark.parametrize("seed", range(20))
def test_nothing_acknowledged_is_lost_at_many_instants(seed: int, life: Life, tmp_path: Path) -> None:
    drill(life, tmp_path, random.Random(seed).randrange(1, 30_000))


@pytest.fixture(scope="module")
def mirrored(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    folder = tmp_path_factory.mktemp("mirrored")
    settings = Settings(data_dir=folder / "data", mirror_dir=folder / "mirror")
    with ended(settings.data_dir):
        embedded_server(settings).start()
        yield settings


def test_nothing_is_acknowledged_while_no_receiver_runs_and_the_next_start_brings_one(
    mirrored: Settings,
) -> None:
    assert mirrored.mirror_dir is not None
    server = embedded_server(mirrored)
    address = server.start()
    for pid in receivers_of(mirrored.mirror_dir):
        os.kill(pid, signal.SIGKILL)

    def commit() -> None:
        with psycopg.connect(address.superuser_dsn, autocommit=True) as connection:
            connection.execute("CREATE TABLE waits (number int)")

    thread = threading.Thread(target=commit)
    thread.start()
    thread.join(1)
    assert thread.is_alive()
    server.start()
    thread.join(10)
    assert not thread.is_alive()


def test_a_new_base_copy_lets_the_log_before_it_go_and_is_restored_alike(
    mirrored: Settings, tmp_path: Path
) -> None:
    assert mirrored.mirror_dir is not None
    server = embedded_server(mirrored)
    address = server.start()
    with psycopg.connect(address.superuser_dsn, autocommit=True) as connection:
        connection.execute("CREATE TABLE before_base (number int)")
        for _ in range(2):
            connection.execute("SELECT pg_switch_wal()")
            connection.execute("INSERT INTO before_base VALUES (1)")
        old = latest_base(mirrored.mirror_dir)
        oldest = min(path.name for path in (mirrored.mirror_dir / "wal").iterdir())
        new = server.renew_mirror()
        connection.execute("INSERT INTO before_base VALUES (2)")
    assert old is not None
    assert not old.exists()
    assert min(path.name for path in (mirrored.mirror_dir / "wal").iterdir()) > oldest
    assert latest_base(mirrored.mirror_dir) == new
    restore_cluster(mirrored.mirror_dir, tmp_path / "again" / "postgres")
    with ended(tmp_path / "again"):
        found = EmbeddedPostgres(tmp_path / "again" / "postgres").start()
        with psycopg.connect(found.superuser_dsn) as connection:
            assert connection.execute("SELECT sum(number) FROM before_base").fetchone() == (4,)


def test_a_server_started_without_its_mirror_is_refused_and_loses_no_log(
    mirrored: Settings, tmp_path: Path
) -> None:
    assert mirrored.mirror_dir is not None
    server = embedded_server(mirrored)
    server.stop()
    address = embedded_server(replace(mirrored, mirror_dir=None)).start()
    with psycopg.connect(address.superuser_dsn, autocommit=True) as connection:
        connection.execute("CREATE TABLE unmirrored AS SELECT 7 AS number")
    with pytest.raises(PostgresMirrorError, match="started without"):
        server.start()
    server.stop()
    server.start()
    # The receiver asks for the log from where it ended; the slot has kept it.
    with psycopg.connect(server.start().superuser_dsn, autocommit=True) as connection:
        connection.execute("INSERT INTO unmirrored VALUES (8)")
    restore_cluster(mirrored.mirror_dir, tmp_path / "again" / "postgres")
    with ended(tmp_path / "again"):
        found = EmbeddedPostgres(tmp_path / "again" / "postgres").start()
        with psycopg.connect(found.superuser_dsn) as connection:
            assert connection.execute("SELECT sum(number) FROM unmirrored").fetchone() == (15,)


def test_the_mirror_of_another_installation_is_refused(mirrored: Settings, tmp_path: Path) -> None:
    other = replace(mirrored, data_dir=tmp_path / "other")
    with ended(other.data_dir), pytest.raises(PostgresMirrorError, match="another installation"):
        embedded_server(other).start()


def test_a_damaged_or_missing_base_copy_is_refused(mirrored: Settings, tmp_path: Path) -> None:
    assert mirrored.mirror_dir is not None
    copy = tmp_path / "mirror"
    shutil.copytree(mirrored.mirror_dir, copy)
    base = latest_base(copy)
    assert base is not None
    (base / "global" / "pg_control").write_bytes(b"\0" * 8192)
    with pytest.raises(PostgresMirrorError, match="damaged"):
        restore_mirror(Settings(data_dir=tmp_path / "restored"), copy)
    with pytest.raises(PostgresMirrorError, match="no base copy"):
        restore_mirror(Settings(data_dir=tmp_path / "restored-2"), tmp_path / "backups")


def test_settings_that_do_not_fit_a_mirror_are_refused(tmp_path: Path) -> None:
    for settings in (
        Settings(data_dir=tmp_path / "data", database_url="postgresql://db"),
        Settings(data_dir=tmp_path / "data", mirror_dir=tmp_path / "mirror"),
    ):
        with pytest.raises(SettingError):
            restore_mirror(settings, tmp_path / "mirror")
    assert not (tmp_path / "data").exists()


def test_a_mirror_that_cannot_be_written_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "mirror").write_text("not a folder")
    settings = Settings(data_dir=tmp_path / "data", mirror_dir=tmp_path / "mirror")
    with ended(settings.data_dir), pytest.raises(TruenavError, match="mirror"):
        embedded_server(settings).start()
