"""A second copy of the embedded database on another disk, written before a commit is acknowledged.

A *mirror* folder holds a base copy of the cluster and every byte of its write-ahead log since::

    id              the installation that it belongs to; the data folder has the same
    base-1/         pg_basebackup; a later one replaces it and the log before it
    wal/            what pg_receivewal receives and syncs, as it is written
    passwords.json  random passwords of the roles that the cluster knows, mode 0600
    postgres.roles  version of the role layout the cluster has

The server waits at each commit until the receiver has synced it (``synchronous_standby_names``), so the loss
of the data folder loses nothing that was acknowledged. While no receiver runs nothing is acknowledged
either; whoever starts or finds the server starts the receiver, too.
"""

from __future__ import annotations

import os
import secrets
import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from truenav.store.postgres.account import Account, choose_account, run, spawn
from truenav.store.postgres.binaries import find_binaries
from truenav.store.postgres.config import ACCESS_FILE
from truenav.store.postgres.errors import PostgresError
from truenav.store.postgres.files import is_locked, lock, locked, sync_folder, write_private

NAME = "truenav_mirror"
SETTINGS: Mapping[str, str] = MappingProxyType({"synchronous_standby_names": NAME})

_REPLICATION_ACCESS = "host    replication   all   127.0.0.1/32  scram-sha-256\n"
_ATTACH_SECONDS = 15.0
_POLL_S = 0.02
_PARTIAL = ".partial"


class PostgresMirrorError(PostgresError):
    """The mirror cannot be written, or belongs to another installation."""

    code = "postgres-mirror"
    title = "The mirror does not work"


@dataclass(frozen=True, slots=True)
class Mirror:
    """The mirror in ``folder`` of the server whose folder is ``data_dir``."""

    folder: Path
    data_dir: Path

    def claim(self) -> None:
        """Refuse a folder with another installation's log; mark an empty one as ours."""
        ours, theirs = self.data_dir / "mirror-id", self.folder / "id"
        if latest_base(self.folder) is not None:
            if not (ours.exists() and theirs.exists() and ours.read_text() == theirs.read_text()):
                raise PostgresMirrorError(
                    f"{self.folder} is the mirror of another installation. Name a new, empty folder in "
                    "TRUENAV_MIRROR_DIR."
                )
            return
        try:
            self._wal.mkdir(parents=True, exist_ok=True, mode=0o700)
            identity = secrets.token_hex(16)
            write_private(theirs, identity)
            write_private(ours, identity)
        except OSError as error:
            raise PostgresMirrorError(
                f"The mirror {self.folder} cannot be written: {error.strerror}. Mend that, or unset "
                "TRUENAV_MIRROR_DIR; until then nothing is acknowledged."
            ) from error

    def attach(self, superuser_dsn: str) -> None:
        """Have a receiver run, and wait until every commit waits for it.

        Raises `PostgresMirrorError` when the folder is another installation's or takes no log.
        """
        if is_locked(self._receiver_lock):
            return
        with locked(self.data_dir / "mirror-start.lock"):
            if is_locked(self._receiver_lock):
                return
            self.claim()
            self._refuse_unmirrored(superuser_dsn)
            self._admit_receiver(superuser_dsn)
            self._spawn_receiver(superuser_dsn)
            self._await_receiver(superuser_dsn)

    def ensure_base(self, superuser_dsn: str) -> None:
        """Make the first base copy, if there is none: from then on the mirror can be restored."""
        if latest_base(self.folder) is None:
            with locked(self.data_dir / "mirror-start.lock"):
                if latest_base(self.folder) is None:
                    self._make_base(superuser_dsn, 1)

    def renew_base(self, superuser_dsn: str) -> Path:
        """Make a new base copy; the one before, and the log before it, are no longer needed and go."""
        with locked(self.data_dir / "mirror-start.lock"):
            old = latest_base(self.folder)
            new = self._make_base(superuser_dsn, 1 + (_number(old) if old else 0))
            if old is not None:
                shutil.rmtree(old)
            first = _first_log_file(new)
            for path in self._wal.iterdir():
                if path.name[:24] < first:
                    path.unlink()
            return new

    @property
    def _wal(self) -> Path:
        return self.folder / "wal"

    @property
    def _receiver_lock(self) -> Path:
        return self.data_dir / "mirror.lock"

    def _refuse_unmirrored(self, superuser_dsn: str) -> None:
        with psycopg.connect(superuser_dsn, autocommit=True) as connection:
            if connection.execute("SHOW synchronous_standby_names").fetchone() != (NAME,):
                raise PostgresMirrorError(
                    "The database was started without TRUENAV_MIRROR_DIR, so nothing is mirrored. Stop it "
                    "('truenav db stop'), and start it again with the variable set everywhere."
                )

    def _admit_receiver(self, superuser_dsn: str) -> None:
        access = self.data_dir / "cluster" / "pg_hba.conf"
        owner = access.stat()
        if _REPLICATION_ACCESS not in access.read_text():
            write_private(access, ACCESS_FILE + _REPLICATION_ACCESS)
            os.chown(access, owner.st_uid, owner.st_gid)
        with psycopg.connect(superuser_dsn, autocommit=True) as connection:
            connection.execute("SELECT pg_reload_conf()")
            connection.execute(
                "SELECT pg_create_physical_replication_slot(%s, true) WHERE NOT EXISTS"
                " (SELECT FROM pg_replication_slots WHERE slot_name = %s)",
                [NAME, NAME],
            )

    def _spawn_receiver(self, superuser_dsn: str) -> None:
        descriptor = lock(self._receiver_lock)
        try:
            command: list[str | Path] = [
                find_binaries() / "pg_receivewal",
                f"--directory={self._wal}",
                f"--dbname={self._address(superuser_dsn)} application_name={NAME}",
                f"--slot={NAME}",
                "--synchronous",
                "--no-loop",  # ends with the server, so that the next start finds the new one
                "--no-password",
            ]
            spawn(_ourselves(), command, output=self._log, keep=descriptor)
        finally:
            os.close(descriptor)

    @property
    def _log(self) -> Path:
        return self.data_dir / "mirror.log"

    def _await_receiver(self, superuser_dsn: str) -> None:
        deadline = time.monotonic() + _ATTACH_SECONDS
        query = "SELECT FROM pg_stat_replication WHERE application_name = %s AND sync_state = 'sync'"
        with psycopg.connect(superuser_dsn, autocommit=True) as connection:
            while connection.execute(query, [NAME]).fetchone() is None:
                if time.monotonic() > deadline or not is_locked(self._receiver_lock):
                    said = self._log.read_text(errors="replace").strip()
                    raise PostgresMirrorError(
                        f"The mirror {self.folder} takes no log, so nothing is acknowledged: {said[-400:]} "
                        "Mend that; or stop the database ('truenav db stop') and unset TRUENAV_MIRROR_DIR."
                    )
                time.sleep(_POLL_S)

    def _make_base(self, superuser_dsn: str, number: int) -> Path:
        draft, base = self.folder / ".base.draft", self.folder / f"base-{number}"
        shutil.rmtree(draft, ignore_errors=True)
        for name, kept in (("passwords.json", "passwords.json"), ("roles", "postgres.roles")):
            write_private(self.folder / kept, (self.data_dir / name).read_text())
        command: list[str | Path] = [find_binaries() / "pg_basebackup", f"--pgdata={draft}"]
        options = ["--wal-method=none", "--checkpoint=fast", "--no-password"]
        made = run(_ourselves(), [*command, *options, f"--dbname={self._address(superuser_dsn)}"])
        if made.returncode != 0:
            raise PostgresMirrorError(
                f"The mirror {self.folder} could not be made: {made.stderr.strip()[-400:]}"
            )
        draft.rename(base)
        sync_folder(self.folder)
        return base

    def _address(self, superuser_dsn: str) -> str:
        """Connection string without the password, which no list of processes may show."""
        parts = {name: str(value) for name, value in conninfo_to_dict(superuser_dsn).items() if value}
        password, path = parts.pop("password"), self.data_dir / "mirror.pass"
        write_private(path, f"*:*:*:*:{password}\n")
        return make_conninfo("", **parts, passfile=str(path))


def restore_cluster(mirror: Path, data_dir: Path, *, user: str | None = None) -> None:
    """Put the mirrored cluster into an empty server folder: the base copy and the whole log since.

    The next start replays the log to its end. Raises `PostgresMirrorError` when the base copy is damaged.
    """
    base = latest_base(mirror)
    if base is None:
        raise PostgresMirrorError(f"{mirror} holds no base copy; it was never a complete mirror.")
    check = run(_ourselves(), [find_binaries() / "pg_verifybackup", "--no-parse-wal", "--quiet", base])
    if check.returncode != 0:
        raise PostgresMirrorError(f"The base copy {base} is damaged: {check.stderr.strip()[-400:]}")
    data_dir.mkdir(parents=True, mode=0o700)
    cluster, account = data_dir / ".restored", choose_account(user)
    shutil.copytree(base, cluster)
    for path in sorted((mirror / "wal").iterdir()):
        target = cluster / "pg_wal" / path.name.removesuffix(_PARTIAL)
        if not target.exists():
            shutil.copyfile(path, target)
    cluster.chmod(0o700)
    for path in (cluster, *cluster.rglob("*")):
        account.adopt(path)
    write_private(data_dir / "passwords.json", (mirror / "passwords.json").read_text())
    write_private(data_dir / "roles", (mirror / "postgres.roles").read_text())
    os.sync()
    cluster.rename(data_dir / "cluster")


def latest_base(mirror: Path) -> Path | None:
    """The newest whole base copy of a mirror; None when there is none."""
    return max(mirror.glob("base-*"), key=_number, default=None)


def _number(base: Path) -> int:
    return int(base.name.removeprefix("base-"))


def _first_log_file(base: Path) -> str:
    """The oldest log file that a base copy needs, from its ``backup_label``."""
    for line in (base / "backup_label").read_text().splitlines():
        if line.startswith("START WAL LOCATION"):
            return line.rpartition("file ")[2].rstrip(")")
    raise PostgresMirrorError(f"The base copy {base} is damaged: its label names no log file.")


def _ourselves() -> Account:
    return Account("same", os.geteuid(), os.getegid())
