"""Backup and restore: taken while a writer goes on, refused when anything is changed, whole when restored."""

from __future__ import annotations

import io
import json
import subprocess
import tarfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import text

from truenav.app.house import House, open_house
from truenav.app.operations.backup import BackupMade, back_up, save_keys
from truenav.app.operations.manifest import BackupError, check_files, read_manifest
from truenav.app.operations.packing import unpack
from truenav.app.operations.restore import NotEmptyError, Restored, restore
from truenav.app.settings import Settings
from truenav.app.tenants.service import erase, machine_host, suspend
from truenav.core.canonical import canonical_json, sha256_hex
from truenav.core.facts import CashFlow, CashKind, Fact, Quote, QuoteKind
from truenav.core.failure import TruenavError
from truenav.core.money import Amount
from truenav.store.journal import FactQuery, Journal
from truenav.store.objects import ObjectName
from truenav.store.postgres import EmbeddedPostgres, Role
from truenav.store.postgres.binaries import find_binaries
from truenav.store.sealing import TenantKeyMissingError
from truenav.store.secrets import load_master_key

from ..conftest import ends_with_this_process
from .conftest import Life
from .reef import NOW, PASSWORD, TENANT, Reef, Standing, copy_of


@pytest.fixture
def reef(life: Life, tmp_path: Path) -> Reef:
    """An installation of the test's own, its NAV published."""
    return copy_of(life.published[0], tmp_path / "origin")


@dataclass
class Writer:
    """Appends facts, many at once every third time, and notes which were acknowledged."""

    reef: Reef
    acknowledged: list[str] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        with self.reef.house() as house:
            number = 0
            while not self.stop.is_set():
                facts = _facts(number, 1_200 if number % 3 == 0 else 5)
                payload = json.dumps([fact.external_id for fact in facts]).encode()
                evidence = house.blobs(TENANT).write(payload)
                facts = [replace(fact, evidence=evidence) for fact in facts]
                with house.database.transaction(TENANT) as session:
                    Journal(session, house.objects, TENANT).append(facts, NOW)
                self.acknowledged += [fact.external_id for fact in facts]
                number += 1


def _facts(batch: int, count: int) -> list[Fact]:
    quotes = [
        Fact(
            "drill",
            "",
            f"quote-{batch}-{n}",
            NOW,
            Quote("btc", "usd", QuoteKind.LAST, Decimal(n + 1)),
            "ab" * 32,
        )
        for n in range(count)
    ]
    fee = CashFlow("w", CashKind.FEE, Amount(Decimal(batch), "usd"))
    return [*quotes, Fact("drill", "reef-okx", f"fee-{batch}", NOW, fee, "ab" * 32)]


def drilled(house: House) -> set[str]:
    with house.database.transaction(TENANT) as session:
        found = Journal(session, house.objects, TENANT).facts(FactQuery(sources=("drill",)))
    return {one.fact.external_id for one in found}


def backed_up(reef: Reef, target: Path, now=NOW) -> BackupMade:
    with reef.house(now) as house:
        return back_up(house, reef.dsn(Role.BACKUP), target)


@contextmanager
def restored(folder: Path, source: Path, **options: Path | str) -> Iterator[tuple[House, Restored]]:
    """The backup in a new installation with a server of its own, which ends with the block."""
    settings = Settings(data_dir=folder)
    with ends_with_this_process(folder / "postgres"):
        try:
            done = restore(settings, source, **options)
            with open_house(settings, clock=Standing(NOW)) as house:
                yield house, done
        finally:
            EmbeddedPostgres(folder / "postgres").stop()


def test_a_backup_taken_while_a_writer_goes_on_restores_what_was_acknowledged_before_it(
    reef: Reef, tmp_path: Path
) -> None:
    keys, target = tmp_path / "keys", tmp_path / "backups"
    writer = Writer(reef)
    thread = threading.Thread(target=writer.run)
    thread.start()
    try:
        while len(writer.acknowledged) < 2_000:
            writer.stop.wait(0.01)
        before = set(writer.acknowledged)
        made = backed_up(reef, target)
        while set(writer.acknowledged) == before:
            writer.stop.wait(0.01)
    finally:
        writer.stop.set()
        thread.join()
    with reef.house() as house:
        save_keys(house.vault, keys, target=target)
        wanted = reef.bundle()
    with restored(tmp_path / "restored", target, keys=keys) as (house, done):
        found = drilled(house)
        assert before <= found <= set(writer.acknowledged)
        assert done.signer == made.signer
        assert done.checked.navs == 1
        assert done.checked.facts == made.manifest.tables["fact"]
        copy = replace(reef, data_dir=house.settings.data_dir)
        with house.database.transaction(TENANT) as session:
            (last,) = session.execute(text("SELECT action FROM audit_entry ORDER BY seq DESC LIMIT 1")).one()
            (run,) = session.execute(text("SELECT bundle_sha FROM nav_run")).one()
        assert last == "backup.restore"
        assert sha256_hex(house.blobs(TENANT).read(run.hex())) == run.hex()
        assert copy.damaged_files() == []
        assert (house.settings.data_dir / "master.key").stat().st_mode & 0o077 == 0
    assert reef.bundle() == wanted


def test_a_second_backup_copies_only_what_is_new_and_both_hold(reef: Reef, tmp_path: Path) -> None:
    target = tmp_path / "backups"
    first = backed_up(reef, target)
    with reef.house() as house:
        house.blobs(TENANT).write(b"something new")
    second = backed_up(reef, target, now=NOW.replace(minute=31))
    assert (first.copied, second.copied) == (len(first.manifest.objects), 1)
    for made in (first, second):
        manifest, signer = read_manifest(made.folder, made.signer)
        assert list(check_files(target, made.folder, manifest)) == []
        assert signer == made.signer


def test_a_backup_as_one_file_is_restored_with_its_keys_and_never_without(reef: Reef, tmp_path: Path) -> None:
    made = backed_up(reef, tmp_path / "backup.tar")
    assert made.folder.stat().st_mode & 0o077 == 0
    with pytest.raises(BackupError, match="there already"):
        backed_up(reef, made.folder)
    with pytest.raises(BackupError, match="no master key"):
        restore(Settings(data_dir=tmp_path / "restored"), made.folder)
    assert not (tmp_path / "restored").exists()
    with reef.house() as house:
        save_keys(house.vault, tmp_path / "keys", target=made.folder)
    with restored(tmp_path / "restored", made.folder, keys=tmp_path / "keys") as (_, done):
        assert (done.signer, done.checked.navs, done.checked.unreadable) == (made.signer, 1, ())


def test_a_tenant_erased_since_is_unreadable_in_the_backups_of_before(reef: Reef, tmp_path: Path) -> None:
    target = tmp_path / "backups"
    first = backed_up(reef, target)
    sha256 = first.manifest.objects[0].path.rpartition("/")[2]
    with reef.house() as house:
        save_keys(house.vault, tmp_path / "keys", target=target)
        host = machine_host()
        suspend(house, host, TENANT)
        assert erase(house, host, TENANT, confirm=TENANT).record.files["keys"] == 1
    assert list((reef.data_dir / "blobs").rglob(f"*{sha256}*")) == []
    backed_up(reef, target, now=NOW.replace(minute=31))
    assert [path for path in (target / "keys").rglob("*") if path.is_file() and TENANT in path.parts] == []
    with restored(tmp_path / "restored", first.folder, keys=tmp_path / "keys") as (house, done):
        assert done.checked.unreadable == (TENANT,)
        with pytest.raises(TenantKeyMissingError):
            house.objects.get(ObjectName.of_path(first.manifest.objects[0].path))


def test_no_key_is_in_a_backup(reef: Reef, tmp_path: Path) -> None:
    made = backed_up(reef, tmp_path / "backups")
    master = (reef.data_dir / "master.key").read_bytes().strip()
    planted = [master, PASSWORD.encode(), b"reef-binance-secret", b"reef-okx-secret", b"reef-okx-phrase"]
    plain = [find_binaries() / "pg_restore", "--file=-", made.folder / "database.dump"]
    texts = [subprocess.run(plain, capture_output=True, check=True).stdout]
    texts += [path.read_bytes() for path in (tmp_path / "backups").rglob("*") if path.is_file()]
    assert b"COPY public.secret" in texts[0]
    assert [key for key in planted if any(key in text for text in texts)] == []
    assert made.manifest.tables["secret"] > 0


def test_keys_are_not_written_into_the_backup(reef: Reef, tmp_path: Path) -> None:
    with reef.house() as house, pytest.raises(BackupError, match="somewhere else"):
        save_keys(house.vault, tmp_path / "backups" / "keys", target=tmp_path / "backups")


def test_a_backup_of_an_archive_with_a_hole_is_refused_and_not_sealed(reef: Reef, tmp_path: Path) -> None:
    path = next(path for path in (reef.data_dir / "blobs").rglob("*") if path.is_file())
    path.unlink()
    with pytest.raises(BackupError, match="are missing"):
        backed_up(reef, tmp_path / "backups")
    with pytest.raises(BackupError, match="no finished backup"):
        restore(Settings(data_dir=tmp_path / "restored"), tmp_path / "backups")


def test_an_installation_that_is_not_empty_is_left_alone(reef: Reef, tmp_path: Path) -> None:
    backed_up(reef, tmp_path / "backups")
    before = sorted(reef.data_dir.rglob("*"))
    with pytest.raises(NotEmptyError):
        restore(Settings(data_dir=reef.data_dir), tmp_path / "backups")
    assert sorted(reef.data_dir.rglob("*")) == before


def edit_manifest(folder: Path) -> None:
    path = folder / "manifest.json"
    path.write_bytes(path.read_bytes().replace(b'"fact":', b'"fact":1'))


def damage_object(folder: Path) -> None:
    path = next(path for path in (folder.parent / "objects").rglob("*") if path.is_file())
    path.write_bytes(b"?" + path.read_bytes()[1:])


def lose_object(folder: Path) -> None:
    next(path for path in (folder.parent / "objects").rglob("*") if path.is_file()).unlink()


def damage_dump(folder: Path) -> None:
    data = bytearray((folder / "database.dump").read_bytes())
    data[len(data) // 2] ^= 1
    (folder / "database.dump").write_bytes(data)


def lose_signature(folder: Path) -> None:
    (folder / "signature.json").unlink()


def deepen_signature(folder: Path) -> None:
    (folder / "signature.json").write_text("[" * 100_000)


@pytest.mark.parametrize(
    "change", [edit_manifest, damage_object, lose_object, damage_dump, lose_signature, deepen_signature]
)
def test_a_changed_backup_is_refused_before_a_byte_is_written(
    change: Callable[[Path], None], reef: Reef, tmp_path: Path
) -> None:
    made = backed_up(reef, tmp_path / "backups")
    change(made.folder)
    with pytest.raises(TruenavError):
        restore(Settings(data_dir=tmp_path / "restored"), made.folder.parent)
    assert not (tmp_path / "restored").exists()


def test_a_backup_of_somebody_else_is_refused(reef: Reef, tmp_path: Path) -> None:
    backed_up(reef, tmp_path / "backups")
    load_master_key(tmp_path / "other", {})
    with pytest.raises(BackupError, match="another installation, or forged"):
        restore(Settings(data_dir=tmp_path / "restored"), tmp_path / "backups", keys=tmp_path / "other")
    with pytest.raises(TruenavError, match="not by the key given"):
        restore(Settings(data_dir=tmp_path / "restored"), tmp_path / "backups", key="ab" * 32)


def test_a_sealed_manifest_that_leads_out_of_the_backup_is_refused(reef: Reef, tmp_path: Path) -> None:
    made = backed_up(reef, tmp_path / "backups")
    file = replace(made.manifest.objects[0], path="blobs/reef/../../../master.key")
    from truenav.app.operations.manifest import backup_signer, write_manifest

    with reef.house() as house:
        signer = backup_signer(house.vault.current)
    write_manifest(made.folder, replace(made.manifest, objects=(file,)), signer)
    with pytest.raises(TruenavError):
        restore(Settings(data_dir=tmp_path / "restored"), tmp_path / "backups")


def _member(name: str, kind: bytes = tarfile.REGTYPE, link: str = "") -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.linkname = kind, link
    return member


@pytest.mark.parametrize(
    "member",
    [
        _member("../outside"),
        _member("/etc/outside"),
        _member("a/../../outside"),
        _member("link", tarfile.SYMTYPE, "/etc/passwd"),
        _member("hard", tarfile.LNKTYPE, "../outside"),
        _member("device", tarfile.CHRTYPE),
        _member("pipe", tarfile.FIFOTYPE),
        _member("with\nline"),
        _member(".hidden"),
    ],
    ids=lambda member: member.name.strip().replace("\n", " "),
)
def test_a_hostile_member_of_a_packed_backup_is_refused(member: tarfile.TarInfo, tmp_path: Path) -> None:
    source = tmp_path / "hostile.tar"
    with tarfile.open(source, "w") as archive:
        archive.addfile(member, io.BytesIO(b""))
    with pytest.raises(BackupError):
        unpack(source, tmp_path / "place" / "backup")
    assert not list(tmp_path.rglob("outside"))


@pytest.mark.parametrize("data", [b"", b"not a tar" * 100, b"\x1f\x8b" + b"\0" * 1000])
def test_a_file_that_is_no_packed_backup_is_refused(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "x.tar").write_bytes(data)
    with pytest.raises(BackupError):
        restore(Settings(data_dir=tmp_path / "restored"), tmp_path / "x.tar")


def test_the_manifest_is_canonical(reef: Reef, tmp_path: Path) -> None:
    made = backed_up(reef, tmp_path / "backups")
    assert (made.folder / "manifest.json").read_bytes() == canonical_json(made.manifest)
