"""An installation of its own for one workload, and a simulator beside it."""

from __future__ import annotations

import atexit
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx

ROOT = Path(__file__).parents[1]


class Installation:
    """A data folder of its own, removed at the end with the servers that were started on it."""

    def __init__(self, name: str) -> None:
        self.data = Path(tempfile.mkdtemp(prefix=f"bench-{name}-"))
        self.environment = {
            **os.environ,
            "TRUENAV_DATA_DIR": str(self.data),
            "TRUENAV_PRIVATE_HOSTS": "127.0.0.1",  # the simulator's
        }
        self.environment.pop("PYTHONDONTWRITEBYTECODE", None)  # as a person's shell has it
        self._children: list[subprocess.Popen[bytes]] = []
        atexit.register(self.close)

    def truenav(self, *arguments: str, token: str | None = None) -> str:
        """Run a command as a user would; its standard output."""
        environment = self.environment if token is None else {**self.environment, "TRUENAV_TOKEN": token}
        done = subprocess.run(
            [sys.executable, "-m", "truenav", *arguments],
            env=environment,
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"truenav {' '.join(arguments)}: {done.stderr.strip()[-500:]}")
        return done.stdout

    def simulator(self, scenario: Path, *, latency_ms: int) -> str:
        """Start a simulator on a free port and give its address once it answers."""
        state = ("--state-dir", str(self.data / "simulator"), "--latency-ms", str(latency_ms))
        command = ("truenav", "simulator", "serve", str(scenario), *state, "--port")
        return self.server(*command, sign="/_simulator/state")

    def server(self, *command: str, sign: str) -> str:
        """Start a module of ours as a server; its last argument, added here, is a free port.

        Gives its address once it answers at ``sign``.
        """
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = str(probe.getsockname()[1])
        child = subprocess.Popen(
            [sys.executable, "-m", *command, port],
            env=self.environment,
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self._children.append(child)
        address = f"http://127.0.0.1:{port}"
        for _ in range(200):
            try:
                httpx.get(f"{address}{sign}", timeout=2).raise_for_status()
            except httpx.HTTPError:
                time.sleep(0.05)
            else:
                return address
        raise RuntimeError(f"{command[0]} does not answer")

    def close(self) -> None:
        """End the children and the database, and remove the folder."""
        for child in self._children:
            child.terminate()
            child.wait(10)
        subprocess.run(
            [sys.executable, "-m", "truenav", "db", "stop"],
            env=self.environment,
            cwd=ROOT,
            capture_output=True,
            check=False,
        )
        shutil.rmtree(self.data, ignore_errors=True)
