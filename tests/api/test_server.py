"""The server as its own process: it starts on an empty folder, serves, and drains at SIGTERM."""

import os
import signal
import socket
import subprocess
import sys
import time

import httpx
import pytest

from truenav.store.postgres import EmbeddedPostgres

SERVE = """
import os
from truenav.api.server import make_server
from truenav.app.settings import read_settings
make_server(read_settings(os.environ)).run()
"""


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def served(tmp_path, initialised_postgres):
    import shutil

    shutil.copytree(initialised_postgres, tmp_path / "data" / "postgres")
    port = _free_port()
    environment = {**os.environ, "TRUENAV_DATA_DIR": str(tmp_path / "data"), "TRUENAV_PORT": str(port)}
    with (tmp_path / "log").open("w") as log:
        process = subprocess.Popen([sys.executable, "-c", SERVE], env=environment, stderr=log)
    yield process, httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=20), tmp_path / "log"
    process.kill()
    process.wait()
    EmbeddedPostgres(tmp_path / "data" / "postgres").stop()


def test_it_starts_on_a_new_folder_serves_and_stops_when_told(served):
    process, client, log = served
    deadline = time.monotonic() + 60
    while True:
        try:
            health = client.get("/healthz")
            break
        except httpx.ConnectError:
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.1)
    assert health.json()["status"] == "ok"
    assert client.get("/api/v1/me").status_code == 401
    process.send_signal(signal.SIGTERM)
    assert process.wait(10) == -signal.SIGTERM
