"""One installation served, its processes killed one after the other, and stopped."""

from __future__ import annotations

import functools
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress

import httpx
import psutil
import pytest

from truenav.store.postgres import EmbeddedPostgres, ServerState

_MAIN = "from truenav.cli import main; main()"


@pytest.fixture
def served(initialised_postgres, tmp_path):
    """``truenav serve`` on a data folder of its own: the process, its address and the folder."""
    shutil.copytree(initialised_postgres, tmp_path / "postgres")
    environment = {**os.environ, "TRUENAV_DATA_DIR": str(tmp_path)}
    command = [sys.executable, "-c", _MAIN, "serve", "--port", "0"]
    log = (tmp_path / "log").open("w")
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True, env=environment)
    try:
        yield process, process.stdout.readline().strip(), tmp_path
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        process.wait()
        EmbeddedPostgres(tmp_path / "postgres").stop()


def _child(process, kind):
    for child in psutil.Process(process.pid).children():
        with suppress(psutil.ZombieProcess, psutil.NoSuchProcess):
            if kind in child.cmdline():
                return child
    return None


def _replaced(process, kind, killed):
    new = _child(process, kind)
    return new is not None and new.pid != killed.pid


def _until(condition, seconds, what):
    start = time.monotonic()
    while not condition():
        assert time.monotonic() - start < seconds, f"{what}: not within {seconds} s"
        time.sleep(0.05)


def _healthy(address):
    with suppress(httpx.HTTPError):
        return httpx.get(f"{address}/healthz", timeout=5).status_code == 200
    return False


def test_whatever_is_killed_comes_back_and_all_ends_within_ten_seconds(served):
    process, address, folder = served
    assert _healthy(address)
    database = EmbeddedPostgres(folder / "postgres")

    for kind in ("api", "worker"):
        _until(functools.partial(_child, process, kind), 10, f"{kind} there")
        killed = _child(process, kind)
        killed.kill()
        _until(functools.partial(_replaced, process, kind, killed), 10, f"{kind} back")
    _until(lambda: _healthy(address), 20, "API back")

    os.kill(database.status().pid, signal.SIGKILL)
    _until(lambda: _healthy(address), 30, "database back")

    started = time.monotonic()
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) == 0
    assert time.monotonic() - started < 10
    assert database.status().state is ServerState.STOPPED


def test_a_new_installation_shows_on_its_console_how_it_is_set_up_once(served):
    _, address, folder = served
    _until(lambda: "/setup#" in (folder / "log").read_text(), 20, "the link")
    token = re.search(r"/setup#(\S+)", (folder / "log").read_text())[1]
    body = {"tenant": "alpha", "organisation": "Alpha", "id": "ada", "name": "Ada", "email": "ada@alpha.test"}
    body |= {"token": token, "password": "violet otter climbs 7 stairs"}
    assert httpx.get(f"{address}/api/v1/setup").json()["new"]
    assert httpx.post(f"{address}/api/v1/setup", json=body, timeout=20).status_code == 201
    assert httpx.post(f"{address}/api/v1/setup", json=body, timeout=20).status_code == 403
    assert token not in httpx.get(f"{address}/api/v1/setup").text


def test_the_children_of_a_killed_server_end_too(served):
    process, _, _ = served
    _until(lambda: _child(process, "worker"), 10, "worker there")
    children = psutil.Process(process.pid).children()
    process.kill()
    assert psutil.wait_procs(children, timeout=15)[1] == []


def test_a_port_that_is_taken_is_refused_with_the_way_out(tmp_path):
    from truenav.cli.serve import PortTakenError, serve_until_stopped

    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(PortTakenError, match="--port"):
            serve_until_stopped("127.0.0.1", port, 0, None)
